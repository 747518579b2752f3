"""Which messages a provider node has taken: nothing is executed twice. Pure, bounded, restored from the ledger.

Two rules. A request id (made by the consumer's node for each exchange) is taken once. A message id of one client for
one service is taken once for operations that must not be repeated, so that a client that tries again after a lost
answer learns that its request was taken, and does not cause it a second time. Messages older than the acceptance
window are refused by their signing time, so request ids need to be remembered only a little longer than that.
"""

from __future__ import annotations

from hashlib import blake2b

from lienthong.domain.errors import Refused, Unavailable
from lienthong.domain.identifiers import ClientId, ServiceId

_KEY_SIZE = 16
MessageKey = bytes
"""16 bytes that stand for a message that must not be executed twice."""


def once_key(client: ClientId, service: ServiceId, message_id: str) -> MessageKey:
    """The key of such a message; identifiers as the directory resolves them. Only the last part may hold anything."""
    text = "\n".join((*client, "", *service, message_id))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_SIZE).digest()


def request_key(request_id: str) -> bytes:
    """16 bytes that stand for a request id."""
    return blake2b(request_id.encode("utf-8", "surrogatepass"), digest_size=_KEY_SIZE).digest()


_SHARDS = 1 << 14


class KeySet:
    """Keys of 16 bytes that are evenly spread (digests): a set of objects takes five times the memory."""

    __slots__ = ("_count", "_shards")

    def __init__(self) -> None:
        self._count = 0
        self._shards: list[bytearray | None] = [None] * _SHARDS

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: bytes) -> bool:
        return self._place(key) >= 0

    def add(self, key: bytes) -> None:
        """Take up a key that is not there yet."""
        shard = self._shards[_shard_of(key)]
        if shard is None:
            self._shards[_shard_of(key)] = bytearray(key)
        else:
            shard += key
        self._count += 1

    def discard(self, key: bytes) -> None:
        """Take it out, if it is there."""
        place = self._place(key)
        shard = self._shards[_shard_of(key)]
        if place >= 0 and shard is not None:
            del shard[place : place + _KEY_SIZE]
            self._count -= 1

    def _place(self, key: bytes) -> int:
        """Where in its shard it stands, -1 where it does not; not across two others."""
        shard = self._shards[_shard_of(key)]
        if shard is None:
            return -1
        place = shard.find(key)
        while place > 0 and place % _KEY_SIZE:
            place = shard.find(key, place + 1)
        return place


def _shard_of(key: bytes) -> int:
    return (key[0] << 8 | key[1]) % _SHARDS


class SeenOnce:
    """Keys seen within at least `period_ms`, in two generations; at most `most` keys a generation."""

    __slots__ = ("_current", "_most", "_period_ms", "_previous", "_turned_ms")

    def __init__(self, *, period_ms: int, most: int) -> None:
        self._period_ms = period_ms
        self._most = most
        self._current = KeySet()
        self._previous = KeySet()
        self._turned_ms = 0

    def __len__(self) -> int:
        return len(self._current) + len(self._previous)

    def seen(self, key: bytes) -> bytes | None:
        """The key if it was taken before, else None."""
        return key if key in self._current or key in self._previous else None

    def add(self, key: bytes, now_ms: int) -> None:
        """Remember what was not `seen`; raises Unavailable Overloaded at the bound (it never forgets early)."""
        if now_ms - self._turned_ms >= self._period_ms:
            self._previous = self._current if now_ms - self._turned_ms < 2 * self._period_ms else KeySet()
            self._current = KeySet()
            self._turned_ms = now_ms
        if len(self._current) >= self._most:
            raise Unavailable("Overloaded", "too many messages within the window in which repeats are detected")
        self._current.add(key)

    def forget(self, key: bytes) -> None:
        """As if it had not been seen."""
        self._current.discard(key)
        self._previous.discard(key)


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
