"""The registry's law: pure, no store, no clock."""
