"""The land database as a provider application: the ministry's tier over all rows, a province's over its own."""
