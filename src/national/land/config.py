"""What the land application is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """`synthetic` is the seed of the invented country that fills an empty store; None = the store must be there.

    `province` (statistics code of 2021) makes this the tier of one province: an empty store is filled with its
    parcels only. None = the national tier. `people` and `parcels` are the size of the invented country.
    """

    data_dir: Path
    synthetic: int | None
    province: str | None
    people: int
    parcels: int

    @property
    def database(self) -> Path:
        """The file of the store."""
        return self.data_dir / "land.sqlite"
