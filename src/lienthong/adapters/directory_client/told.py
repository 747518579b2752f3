"""What a failure of the TUF client means for the node: one coded error for each way to fail."""

from __future__ import annotations

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)

from lienthong.domain.errors import LienthongError, Unavailable, Unproven


def told(error: RepositoryError | DownloadError | OSError) -> LienthongError:
    """The error to raise from `error`.

    ======================  ===========  ==============================================================
    DirectoryUnreachable    Unavailable  the registry does not answer, not in time, or with an error
    OutdatedGlobalConf      Unavailable  what it serves has expired (also: it is frozen by somebody)
    DirectoryCache          Unavailable  this node cannot read or write its own cache
    DirectoryRollback       Unproven     a version goes back
    DirectorySignature      Unproven     too few good signatures
    DirectoryMismatch       Unproven     a file is not the one that was signed (digest, length, version)
    MalformedGlobalConf     Unproven     a file cannot be read
    ======================  ===========  ==============================================================
    """
    for kind, family, code, words in _MEANINGS:
        if isinstance(error, kind):
            return family(code, f"{words}: {error}")
    return Unproven("MalformedGlobalConf", f"the registry serves a file that cannot be read: {error}")


_MEANINGS: tuple[tuple[type[Exception], type[LienthongError], str, str], ...] = (
    (DownloadLengthMismatchError, Unproven, "DirectoryMismatch", "the registry serves a file that is too long"),
    (DownloadError, Unavailable, "DirectoryUnreachable", "the registry does not give the directory"),
    (ExpiredMetadataError, Unavailable, "OutdatedGlobalConf", "the registry serves a directory that has expired"),
    (BadVersionNumberError, Unproven, "DirectoryRollback", "the registry serves versions that do not follow"),
    (UnsignedMetadataError, Unproven, "DirectorySignature", "the directory is not signed as it must be"),
    (LengthOrHashMismatchError, Unproven, "DirectoryMismatch", "the registry serves a file that was not signed"),
    (OSError, Unavailable, "DirectoryCache", "the cache of the directory cannot be used"),
)
