"""What was seen within a while: keys of 16 bytes that stand for ids, in little memory. Pure, bounded."""

from __future__ import annotations

from lienthong.domain.errors import Unavailable
from lienthong.domain.identifiers import ClientId, ServiceId, encode_parts
from lienthong.evidence.digest.of_each import sha256_of_each
from lienthong.exchange.replay.key_set import KEY_SIZE, new_key_set

MessageKey = bytes
"""16 bytes that stand for a message that must not be executed twice."""


def once_key(client: ClientId, service: ServiceId, message_id: str) -> MessageKey:
    """The key of such a message; identifiers as the directory resolves them. Only the last part may hold anything."""
    return message_key(f"{encode_parts(client)}\n{encode_parts(service)}\n", message_id)


def message_key(begin: str, message_id: str) -> MessageKey:
    """The key of a message of the client and the service that `begin` names (`Relation.key_text`)."""
    return _key(begin + message_id)


def request_key(request_id: str) -> bytes:
    """16 bytes that stand for a request id."""
    return _key(request_id)


def _key(text: str) -> bytes:
    return sha256_of_each([text.encode("utf-8", "surrogatepass")])[0][:KEY_SIZE]


class SeenOnce:
    """Keys seen within at least `period_ms`, in two generations; at most `most` keys a generation."""

    __slots__ = ("_current", "_most", "_period_ms", "_previous", "_turned_ms")

    def __init__(self, *, period_ms: int, most: int) -> None:
        self._period_ms = period_ms
        self._most = most
        self._current = new_key_set()
        self._previous = new_key_set()
        self._turned_ms = 0

    def __len__(self) -> int:
        return len(self._current) + len(self._previous)

    def seen(self, key: bytes) -> bytes | None:
        """The key if it was taken before, else None."""
        return key if key in self._current or key in self._previous else None

    def add(self, key: bytes, now_ms: int) -> None:
        """Remember what was not `seen`; raises Unavailable Overloaded at the bound (it never forgets early)."""
        if now_ms - self._turned_ms >= self._period_ms:
            self._previous = self._current if now_ms - self._turned_ms < 2 * self._period_ms else new_key_set()
            self._current = new_key_set()
            self._turned_ms = now_ms
        if len(self._current) >= self._most:
            raise Unavailable("Overloaded", "too many messages within the window in which repeats are detected")
        self._current.add(key)

    def forget(self, key: bytes) -> None:
        """As if it had not been seen."""
        self._current.discard(key)
        self._previous.discard(key)
