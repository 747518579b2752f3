"""The only hands: one outside party per file."""
