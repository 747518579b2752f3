"""HTTP/1.1 for the message plane: connections with callbacks over asyncio and httptools."""
