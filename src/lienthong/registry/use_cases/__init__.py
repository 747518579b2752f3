"""The acts of the registry. Each takes an `Act` (who, when, in which transaction) and writes its audit row."""
