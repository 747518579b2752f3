"""Puts a node process together and runs it."""
