"""What the population application is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """`synthetic` is the seed of invented people that fill an empty store; None = the store must be there."""

    data_dir: Path
    synthetic: int | None
    people: int

    @property
    def database(self) -> Path:
        """The file of the store."""
        return self.data_dir / "population.sqlite"
