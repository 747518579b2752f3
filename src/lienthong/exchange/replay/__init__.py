"""Which messages a provider node has taken: nothing is executed twice. Pure."""

from lienthong.exchange.replay.guard import ReplayGuard

__all__ = ["ReplayGuard"]
