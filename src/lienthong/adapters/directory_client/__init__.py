"""The node's hand towards the registry's TUF repository: fetch, verify, keep the last good directory."""

from lienthong.adapters.directory_client.client import DirectoryClient
from lienthong.adapters.directory_client.fetch import FetchLimits

__all__ = ["DirectoryClient", "FetchLimits"]
