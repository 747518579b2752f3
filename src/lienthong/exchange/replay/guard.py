"""Which messages a provider node has taken: nothing is executed twice. Pure, bounded, restored from the ledger.

Two rules. A request id (made by the consumer's node for each exchange) is taken once. A message id of one client for
one service is taken once for operations that must not be repeated, so that a client that tries again after a lost
answer learns that its request was taken, and does not cause it a second time. Messages older than the acceptance
window are refused by their signing time, so request ids need to be remembered only a little longer than that.
"""

from __future__ import annotations

from lienthong.domain.errors import Refused
from lienthong.exchange.replay.seen import MessageKey, SeenOnce, request_key


class ReplayGuard:
    """Both rules together."""

    __slots__ = ("_message_ids", "_request_ids")

    def __init__(self, *, request_period_ms: int, message_period_ms: int, most: int) -> None:
        self._request_ids = SeenOnce(period_ms=request_period_ms, most=most)
        self._message_ids = SeenOnce(period_ms=message_period_ms, most=most)

    def take(self, request_id: str, once_key: MessageKey | None, now_ms: int) -> None:
        """Take a message; raises Refused DuplicateMessage if it was taken before, Unavailable Overloaded.

        `once_key` is the key of a message that must not be executed twice, None where repeating is harmless.
        """
        taken = request_key(request_id)
        if self._request_ids.seen(taken) is not None:
            raise Refused("DuplicateMessage", f"the message with request id {request_id} was received before")
        if once_key is not None and self._message_ids.seen(once_key) is not None:
            raise Refused(
                "DuplicateMessage",
                "a message with this X-Road-Id was taken before and is not executed again; "
                "ask for its outcome, or send a new request under a new X-Road-Id",
            )
        # The message id last: where there is no room for the request id, the message may come again under its id.
        self._request_ids.add(taken, now_ms)
        if once_key is not None:
            self._message_ids.add(once_key, now_ms)

    def release(self, request_id: str, once_key: MessageKey | None) -> None:
        """A message that was taken could not be recorded and was not executed: it may come again."""
        self._request_ids.forget(request_key(request_id))
        if once_key is not None:
            self._message_ids.forget(once_key)

    def restore(self, request_id: str, once_key: MessageKey | None, at_ms: int) -> None:
        """Remember a message found in the ledger at start, in order of time."""
        taken = request_key(request_id)
        if self._request_ids.seen(taken) is None:
            self._request_ids.add(taken, at_ms)
        if once_key is not None and self._message_ids.seen(once_key) is None:
            self._message_ids.add(once_key, at_ms)
