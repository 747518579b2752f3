"""Exchanges with large bodies: their runs, the pumps that move the bodies, and where bodies go."""
