"""An office for each test: service, store and clock, with a reconciler that acts when told to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.services.board_room import BoardRoom, Furnished, furnish, open_room
from tests.unit.services.desk import Office, open_office
from tests.unit.services.road import Team, a_team


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with open_office(tmp_path) as made:
        yield made


@pytest.fixture
def team(office: Office) -> Team:
    """A service under a process of its own, with accounts for everybody who takes part."""
    return a_team(office)


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    return furnish(tmp_path_factory.mktemp("board-room"))


@pytest.fixture
def room(furnished: Furnished, tmp_path: Path) -> Iterator[BoardRoom]:
    """A shop whose changes a board decides on; nothing has been asked for yet."""
    with open_room(furnished, tmp_path / "room") as made:
        yield made
