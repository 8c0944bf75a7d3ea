"""Fixtures of the scenario tests: the whole app, real parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario.harness import Rig, rig


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Rig]:
    """A rig that is not serving yet."""
    with rig(tmp_path / "home") as made:
        yield made
