"""Bring the database to the newest schema (Alembic; batch mode, so that SQLite can follow)."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from lienthong.registry.store.unit import Books


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings: our scripts, the given connection."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def upgrade(books: Books) -> None:
    """Run every migration that has not run yet, in one transaction."""
    books.run(lambda connection: command.upgrade(alembic_config(connection), "head"))
