"""A folder of day keys: header parts and bodies of one day are sealed with one of them, and end with its file.

``day-keys/<day>.key`` has four lines: what it is, the key id, key and key id wrapped with the key-encryption key
(base64), and SHA-256 of the lines before. Days turn at 00:00 in Vietnam (UTC+7). All workers of a node share the key
of a day: who comes first makes it. Law: no nonce is used twice with a key. The cipher is XAES-256-GCM
(c2sp.org/XAES-256-GCM); the first half of its nonce is random, once for each run of a process and day, the second
half counts. So nothing has to be remembered over a crash, and workers need not agree on anything.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Thread
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

from lienthong.adapters.durable import write_once
from lienthong.adapters.key_encryption import KeyEncryptionKey, load_key_encryption_key, make_key_encryption_key
from lienthong.domain.errors import Unavailable, Unproven
from lienthong.domain.memo import Memo
from lienthong.evidence.frame_record import KEY_ID_PATTERN, NONCE_SIZE

_TITLE: Final = "lienthong day key 1"
_FILE_BYTES_MAX: Final = 4096
_KEY_BYTES: Final = 32
_ID_BYTES: Final = 4
_HALF: Final = NONCE_SIZE // 2
_DAY_MS: Final = 86_400_000
_VIETNAM_MS: Final = 7 * 3_600_000
_FIRST_DAY: Final = date(1970, 1, 1)
_AGAIN_MS: Final = 1000
"""A day key that could not be made is tried again after that."""
_RUNS_MAX: Final = 64
Random = Callable[[int], bytes]


class _Key(NamedTuple):
    """A day key, unwrapped."""

    key_id: str
    key: bytes


class DayKey:
    """The key of a day in one run of a process."""

    __slots__ = ("_cipher", "_count", "_run", "key_id")

    def __init__(self, key_id: str, key: bytes, run: bytes) -> None:
        self.key_id: Final = key_id
        self._cipher = _cipher(key, run)
        self._run = run
        self._count = 0

    def nonce(self) -> bytes:
        """The next one: 12 bytes of this run, 12 that count."""
        self._count += 1
        return self._run + self._count.to_bytes(_HALF, "big")

    def seal(self, nonce: bytes, content: bytes, associated: bytes | bytearray) -> bytes:
        """Encrypted, with the tag; `nonce` is one of this run."""
        return self._cipher.encrypt(nonce[_HALF:], content, associated)


class DayKeyFiles:
    """The files, as long as the key-encryption key is there. Does not remember what it read."""

    def __init__(self, folder: Path, wrapping: KeyEncryptionKey) -> None:
        self._folder = folder
        self._wrapping = wrapping

    def of_day(self, day: date, random: Random) -> _Key:
        """The key of a day, made if there is none. Raises OSError, Unavailable DayKeyDamaged."""
        key, short = random(_KEY_BYTES), random(_ID_BYTES).hex()
        key_id = f"{day.isoformat()}-{short}"
        lines = f"{_TITLE}\n{key_id}\n{b64encode(self._wrapping.wrap(key + key_id.encode())).decode()}\n"
        path = self._path(day.isoformat())
        return self._read(path, write_once(path, f"{lines}{sha256(lines.encode()).hexdigest()}\n".encode()))

    def find(self, key_id: str) -> bytes:
        """The key of a record. Raises Unavailable DayKeyNotFound, DayKeyDamaged."""
        assert re.match(KEY_ID_PATTERN, key_id), "as records have it"
        path = self._path(key_id[:10])
        try:
            with path.open("rb") as file:
                found = self._read(path, file.read(_FILE_BYTES_MAX))
        except FileNotFoundError:
            raise _not_found(key_id) from None
        except OSError as error:
            raise Unavailable("DayKeyDamaged", f"The day key {path} cannot be read ({error.strerror})") from None
        if found.key_id != key_id:
            raise _not_found(key_id)
        return found.key

    def _read(self, path: Path, content: bytes) -> _Key:
        lines, _, end = content[:-1].rpartition(b"\n")
        lines += b"\n"
        if content[-1:] != b"\n" or sha256(lines).hexdigest().encode() != end:
            raise Unavailable("DayKeyDamaged", f"The day key {path} is damaged: bring it back from its copy")
        try:
            title, key_id, wrapped = lines.decode().splitlines()
            if title != _TITLE or key_id[:10] != path.stem:
                raise ValueError
            unwrapped = self._wrapping.unwrap(b64decode(wrapped, validate=True))
        except ValueError:
            raise Unavailable(
                "DayKeyDamaged",
                f"The day key {path} was wrapped with another key-encryption key: bring that one back",
            ) from None
        if unwrapped[_KEY_BYTES:] != key_id.encode():
            raise Unavailable("DayKeyDamaged", f"The day key {path} is that of another day")
        return _Key(key_id, unwrapped[:_KEY_BYTES])

    def _path(self, day: str) -> Path:
        return self._folder / f"{day}.key"


class DayKeys:
    """The day key of now, for the one event loop of a process. That of tomorrow is made ahead, away from the loop."""

    def __init__(self, files: DayKeyFiles, *, clock_ms: Callable[[], int], random: Random) -> None:
        self._files = files
        self._clock_ms = clock_ms
        self._random = random
        self._from_ms = self._until_ms = 0
        self._key: DayKey | None = None
        self._failed: Unavailable | None = None
        self._failed_at_ms = 0

    def current(self) -> DayKey:
        """The key to seal with. Raises Unavailable LoggingFailed, DayKeyDamaged: nothing is recorded then."""
        now_ms = self._clock_ms()
        key = self._key
        if key is not None and self._from_ms <= now_ms < self._until_ms:
            return key
        return self._turn(now_ms)

    @property
    def failure(self) -> Unavailable | None:
        """Why there is no key now, after a try; None while all is well."""
        try:
            self.current()
        except Unavailable as error:
            return error
        return None

    def _turn(self, now_ms: int) -> DayKey:
        failed = self._failed
        if failed is not None and self._failed_at_ms <= now_ms < self._failed_at_ms + _AGAIN_MS:
            raise Unavailable(failed.code, failed.message)
        number = (now_ms + _VIETNAM_MS) // _DAY_MS
        day = _FIRST_DAY + timedelta(days=number)
        try:
            found = self._files.of_day(day, self._random)
        except (OSError, Unavailable) as error:
            self._key, self._failed, self._failed_at_ms = None, _failed(error), now_ms
            raise self._failed from None
        self._failed = None
        self._from_ms = number * _DAY_MS - _VIETNAM_MS
        self._until_ms = self._from_ms + _DAY_MS
        key = self._key = DayKey(found.key_id, found.key, self._random(_HALF))
        Thread(target=self._make_ahead, args=(day + timedelta(days=1),), name="day-key", daemon=True).start()
        return key

    def _make_ahead(self, day: date) -> None:
        try:
            self._files.of_day(day, self._random)
        except (OSError, Unavailable):
            return  # said when the day has come and it is tried again


class KeptDayKeys:
    """All day keys of a folder, for those who read the ledger. The key-encryption key is read when one is needed."""

    def __init__(self, folder: Path, key_encryption_uri: str) -> None:
        self._folder = folder
        self._uri = key_encryption_uri
        self._files: DayKeyFiles | None = None
        self._ciphers: Memo[tuple[str, bytes], AESGCM] = Memo(_RUNS_MAX)

    def open(self, key_id: str, nonce: bytes, sealed: bytes, associated: bytes | memoryview) -> bytes:
        """What was sealed. Raises as `evidence.frame_record.OpeningKeys` says."""
        run = (key_id, nonce[:_HALF])
        cipher = self._ciphers.known.get(run)
        if cipher is None:
            if self._files is None:
                self._files = DayKeyFiles(self._folder, load_key_encryption_key(self._uri))
            cipher = self._ciphers.keep(run, _cipher(self._files.find(key_id), run[1]))
        try:
            return cipher.decrypt(nonce[_HALF:], sealed, associated)
        except InvalidTag:
            raise Unproven("InvalidReference", "The record is not the one that was sealed with its day key") from None


def open_day_keys(folder: Path, key_encryption_uri: str, *, clock_ms: Callable[[], int], random: Random) -> DayKeys:
    """The keys of a node, and that of today. Raises Unavailable KeyNotFound, LoggingFailed, DayKeyDamaged.

    The key-encryption key is made where nothing was wrapped yet; one that is missing while day keys are there was
    lost, and another would open none of them.
    """
    if not any(folder.glob("*.key")):
        make_key_encryption_key(key_encryption_uri, random(_KEY_BYTES))
    keys = DayKeys(DayKeyFiles(folder, load_key_encryption_key(key_encryption_uri)), clock_ms=clock_ms, random=random)
    keys.current()
    return keys


def _cipher(key: bytes, run: bytes) -> AESGCM:
    """XAES-256-GCM of the nonces that begin with the 12 bytes `run`: AES-256-GCM with a key derived from them."""
    derived = KBKDFCMAC(
        algorithm=algorithms.AES,
        mode=Mode.CounterMode,
        length=_KEY_BYTES,
        rlen=2,
        llen=None,
        location=CounterLocation.BeforeFixed,
        label=None,
        context=None,
        fixed=b"X\x00" + run,
    ).derive(key)
    return AESGCM(derived)


def _failed(error: OSError | Unavailable) -> Unavailable:
    """As for a ledger that cannot be written, unless the key is there and does not open."""
    if isinstance(error, Unavailable):
        return error
    return Unavailable("LoggingFailed", f"The day key cannot be written ({error.strerror})")


def _not_found(key_id: str) -> Unavailable:
    return Unavailable(
        "DayKeyNotFound", f"The day key {key_id} is not here: it was destroyed, or was not brought along"
    )
