"""Client secrets at rest: scrypt (RFC 7914), ``scrypt$n$r$p$salt$hash`` in base64. Pure: the salt is passed in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from lienthong.domain.errors import Refused

_N, _R, _P = 2**14, 8, 1
_LARGEST_N = 2**17


def hash_secret(secret: str, salt: bytes) -> str:
    """The text to keep for `secret`; `salt` are at least 16 random bytes."""
    digest = hashlib.scrypt(secret.encode(), salt=salt, n=_N, r=_R, p=_P, maxmem=2**26, dklen=32)
    return f"scrypt${_N}${_R}${_P}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def matches_secret(secret: str, kept: str) -> str:
    """The secret, if it is the one that `kept` was made from; raises Refused ClientUnauthenticated."""
    try:
        scheme, n, r, p, salt, digest = kept.split("$")
        cost, block, parallel = int(n), int(r), int(p)
        if scheme != "scrypt" or not (0 < cost <= _LARGEST_N and 0 < block <= 32 and 0 < parallel <= 16):
            raise ValueError
        wanted = base64.b64decode(digest, validate=True)
        found = hashlib.scrypt(
            secret.encode(),
            salt=base64.b64decode(salt),
            n=cost,
            r=block,
            p=parallel,
            maxmem=2**28,
            dklen=len(wanted),
        )
    except (ValueError, binascii.Error):
        raise Refused("ClientUnauthenticated", "the kept secret of the system cannot be read") from None
    if not hmac.compare_digest(found, wanted):
        raise Refused("ClientUnauthenticated", "the client secret is not right")
    return secret
