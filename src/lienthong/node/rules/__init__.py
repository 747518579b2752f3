"""Rules of the node that need no outside: pure."""
