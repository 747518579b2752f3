"""X-Road and node-to-node messages: bytes to nouns and back. Pure."""
