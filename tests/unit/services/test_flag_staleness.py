"""A release that is held by flags which have done their work, until they are gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sluiceway.domain.flags.model import Flag
from sluiceway.domain.people.model import Principal
from sluiceway.services.flag_staleness import stale_lines
from sluiceway.services.release_views import ItemView
from tests.unit.services.desk import open_office
from tests.unit.services.road import ROAD, Team, a_ready_release, a_team

SERVICE = "checkout"
TIDY = "      - {id: tidy, text: No flag has outlived its work, no_stale_flags: true}\n"
ASKING = ROAD.replace("    items:\n      - {id: backup", f"    items:\n{TIDY}      - {{id: backup")


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with open_office(tmp_path) as office:
        yield a_team(office, ASKING)


def rosa(team: Team) -> Principal:
    """Return the administrator, who may change flags."""
    return team.office.log_in("rosa")


def an_expired_flag(team: Team) -> None:
    yesterday = team.office.clock.wall() - timedelta(days=1)
    team.office.services.flags.create(SERVICE, Flag("old-cart", expires_at=yesterday), rosa(team))


def asked(team: Team, release: str) -> ItemView:
    view = team.releases.run_item(release, "before", "tidy", team.ann)
    return next(one for one in view.checklists[0].items if one.id == "tidy")


def held_by(team: Team, release: str) -> list[str]:
    """Return what stands between the release and its rollout."""
    (move,) = [one for one in team.releases.get(release, team.ann).moves if one.to == "rolling-out"]
    return [one.text for one in move.missing]


def test_a_stale_flag_holds_a_release_until_it_is_gone(team: Team) -> None:
    an_expired_flag(team)
    release = a_ready_release(team)

    failed = asked(team, release)
    assert (failed.state, failed.by) == ("failed", "sluiceway")
    assert held_by(team, release) == [
        (
            'Before: "No flag has outlived its work" failed: '
            '"1 flag is stale: old-cart (expired on 2026-01-04, 1 day ago)"'
        )
    ]

    team.office.services.flags.archive(SERVICE, "old-cart", rosa(team))
    done = asked(team, release)

    assert (done.state, done.note) == ("done", "no flag of checkout is stale")
    assert held_by(team, release) == []


def test_a_service_without_flags_has_no_stale_ones(team: Team) -> None:
    assert asked(team, a_ready_release(team)).state == "done"


def test_flags_of_another_service_hold_nothing(team: Team) -> None:
    an_expired_flag(team)

    with team.office.store.read() as tx:
        assert stale_lines(tx, "search", team.office.clock.wall()) == []
