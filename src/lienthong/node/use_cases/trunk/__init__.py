"""Exchanges over trunks: many messages of one peer under one signature, on one connection."""
