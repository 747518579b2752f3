"""For all integration tests: the system behind the provider's node."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.doubles.scripted_service import ScriptedService


@pytest.fixture(scope="module")
def system() -> Iterator[ScriptedService]:
    with ScriptedService() as found:
        yield found
