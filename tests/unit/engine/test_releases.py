"""Releases that follow their rollouts: once, whatever was killed in between, as far as nothing is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from structlog.testing import LogCapture

from sluiceway.domain.process.team import TeamProcess
from sluiceway.domain.releases.model import ItemState
from sluiceway.domain.releases.world import World
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.engine import releases
from sluiceway.engine.releases import AGAIN_S, Following
from sluiceway.errors import ConflictError, ProcessFileError
from sluiceway.ports.releases import ReleaseRow
from sluiceway.ports.store import Transaction
from sluiceway.services.release_scene import Scenes
from tests.unit.services.desk import Office, no_holidays, open_office
from tests.unit.services.road import Team, a_rolling_release, a_team


@dataclass
class Street:
    """A release whose rollout is under way, and the engine's look at it."""

    team: Team
    release: str
    rollout: str
    is_unreadable: bool = False
    looks: int = 0

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget everything that is not in the store, as a killed process does."""
        self.following = Following(self.office.store, self.office.clock, self.world_of)

    @property
    def office(self) -> Office:
        return self.team.office

    def world_of(self, tx: Transaction, row: ReleaseRow) -> tuple[TeamProcess, World]:
        self.looks += 1
        if self.is_unreadable:
            raise ProcessFileError(("process.yaml: gone",))
        scene = Scenes(tx, self.office.clock.now(), no_holidays).in_a_list(row)
        return scene.team, scene.world

    def promote(self) -> None:
        self.office.desk.run(self.rollout, until="promoted", seconds=150)

    def roll_back(self) -> None:
        self.office.desk.run(self.rollout, until="progressing")
        self.office.service.act(self.rollout, CommandKind.ROLLBACK, self.team.ann, reason="it hurts")
        self.office.desk.run(self.rollout, until="rolled-back")

    def look(self) -> str:
        """Look, and return the phase the release is in then."""
        self.following.look()
        return self.phase

    @property
    def phase(self) -> str:
        return self.team.releases.get(self.release, self.team.ann).summary.phase

    def moves(self) -> list[tuple[str, str]]:
        """Return who moved it, and in which words, oldest first."""
        entries = self.team.releases.history(self.release, self.team.ann)
        return [(one.actor, one.why) for one in reversed(entries) if one.kind == "release-moved"]

    def look_around(self) -> None:
        """Say that somebody looked at it after the deployment, as monitoring asks."""
        self.team.releases.check(self.release, "after", "looked", ItemState.DONE, self.team.quinn)


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with open_office(tmp_path) as office:
        team = a_team(office)
        yield Street(team, *a_rolling_release(team))


def test_a_release_stays_while_its_rollout_is_under_way(street: Street) -> None:
    street.office.desk.run(street.rollout, until="progressing")

    assert street.look() == "rolling-out"
    assert street.looks == 0  # nothing has ended, so no release was even read


def test_a_promotion_moves_the_release_on_once_and_is_audited(street: Street) -> None:
    street.look_around()
    street.promote()

    assert [street.look(), street.look(), street.look()] == ["monitoring"] * 3
    assert street.moves()[-1] == (
        "rollout",
        f"from rolling-out to monitoring: rollout {street.rollout} took everyone to 1.1.0",
    )
    assert [by for by, _ in street.moves()].count("rollout") == 1


def test_a_rollback_takes_the_release_back_whatever_is_missing(street: Street) -> None:
    street.roll_back()

    assert street.look() == "rolled-back"
    assert street.moves()[-1] == (
        "rollout",
        f"from rolling-out to rolled-back: rollout {street.rollout} to 1.1.0 was rolled back",
    )


def test_a_rollback_that_came_while_nobody_ran_is_followed_after_the_restart(street: Street) -> None:
    street.following.look()
    street.roll_back()
    street.restart()

    assert street.look() == "rolled-back"


def test_a_restart_right_after_the_move_does_not_move_it_again(street: Street) -> None:
    street.roll_back()
    street.look()
    street.restart()

    street.look()

    assert [by for by, _ in street.moves()].count("rollout") == 1


def test_what_was_still_missing_after_the_promotion_is_awaited(street: Street) -> None:
    street.promote()
    assert street.look() == "rolling-out"

    street.look_around()

    assert street.look() == "monitoring"


def test_what_changes_beside_the_release_is_noticed_a_while_later(street: Street) -> None:
    street.promote()
    street.is_unreadable = True
    street.look_around()
    street.look()
    street.is_unreadable = False

    assert street.look() == "rolling-out"
    street.office.clock.advance(AGAIN_S)
    assert street.look() == "monitoring"


def test_a_release_that_was_looked_at_is_left_alone_until_something_happens(street: Street) -> None:
    street.promote()
    street.look()
    before = street.looks

    for _ in range(5):
        street.look()

    assert street.looks == before


def test_a_release_that_can_not_be_read_is_named_once_in_the_log(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    street.roll_back()
    street.is_unreadable = True
    logs = LogCapture()  # in the module itself: a logger may keep what an earlier test set up
    monkeypatch.setattr(releases, "log", structlog.wrap_logger(None, processors=[logs]))

    assert [street.look(), street.look()] == ["rolling-out"] * 2

    assert [entry["event"] for entry in logs.entries] == ["a release can't follow its rollout"]


def test_somebody_who_saves_it_at_the_same_moment_wins_and_it_is_looked_at_again(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    street.roll_back()
    real = street.following._move  # the moment between reading and saving

    def beaten(release_id: object) -> None:
        raise ConflictError(f"release {release_id} was changed by somebody else")

    monkeypatch.setattr(street.following, "_move", beaten)
    assert street.look() == "rolling-out"
    monkeypatch.setattr(street.following, "_move", real)

    assert street.look() == "rolled-back"


def test_a_person_who_took_it_back_first_is_not_overruled(street: Street) -> None:
    street.office.desk.run(street.rollout, until="progressing")
    street.team.releases.roll_back(street.release, street.team.ann, reason="customers call")
    street.office.desk.run(street.rollout, until="rolled-back")

    assert street.look() == "rolled-back"
    assert [by for by, _ in street.moves()].count("rollout") == 0
