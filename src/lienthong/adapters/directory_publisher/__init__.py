"""The registry's hand that writes the directory: a TUF repository as plain files for any web server."""

from lienthong.adapters.directory_publisher.keys import OnlineKeys, RootKeys, load_signer, write_new_key
from lienthong.adapters.directory_publisher.publisher import DirectoryPublisher, Lifetimes, Publication

__all__ = [
    "DirectoryPublisher",
    "Lifetimes",
    "OnlineKeys",
    "Publication",
    "RootKeys",
    "load_signer",
    "write_new_key",
]
