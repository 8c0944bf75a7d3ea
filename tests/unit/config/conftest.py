"""What tests of process files share."""

from __future__ import annotations

import pytest

from sluiceway.config import load_process
from sluiceway.domain.process.team import TeamProcess
from tests.unit.config.teams import GOOD


@pytest.fixture(scope="session")
def team() -> TeamProcess:
    """The team of the file that holds every key."""
    found = load_process(GOOD).team
    assert found is not None
    return found
