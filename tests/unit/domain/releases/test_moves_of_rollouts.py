"""What a release's rollouts hold, and where their ends move it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.process.team import Need, NeedKind, PhaseKind
from sluiceway.domain.releases.moves import can_roll_out, follow_rollout, missing_line, move
from sluiceway.domain.rollouts.model import Phase as RolloutPhase
from tests.unit.domain.releases.ready import kinds, lacks, live, ready
from tests.unit.domain.releases.roads import (
    HOUR,
    NOW,
    PROCESS,
    WORLD,
    a_process,
    a_rollout,
    a_world,
    at,
)


def test_a_rollout_needs_its_phase_and_everything_that_phase_asked_for() -> None:
    early = can_roll_out(ready(), PROCESS, NOW, WORLD)
    frozen = can_roll_out(at(ready(), "live"), PROCESS, NOW, a_world(closed="the freeze Year end"))

    assert [one.text for one in early] == ["REL-2026-0001 is in decide; it rolls out in live"]
    assert can_roll_out(at(ready(), "live"), PROCESS, NOW, WORLD) == ()
    assert kinds(frozen) == [("calendar", "")]


def test_one_rollout_of_a_release_runs_at_a_time() -> None:
    running = a_world(rollouts=[a_rollout(RolloutPhase.PROGRESSING)])
    aborted = a_world(rollouts=[a_rollout(RolloutPhase.ABORTED)])

    assert [missing_line(one) for one in can_roll_out(live("r-1"), PROCESS, NOW, running)] == [
        "rollout r-1 is progressing; abort it, roll it back or let it end first (can be supplied by mia)"
    ]
    assert can_roll_out(live("r-1"), PROCESS, NOW, aborted) == ()


@pytest.mark.parametrize(
    ("phase", "text", "who"),
    [
        (RolloutPhase.PROGRESSING, "rollout r-1 is progressing, and not everyone is on 1.5.0", ()),
        (RolloutPhase.ABORTED, "rollout r-1 is aborted, and not everyone is on 1.5.0", ("mia",)),
    ],
)
def test_nobody_moves_on_before_everyone_has_the_new_version(
    phase: RolloutPhase, text: str, who: tuple[str, ...]
) -> None:
    found = lacks(live("r-1"), "watch", a_world(rollouts=[a_rollout(phase)]))

    assert [(one.text, one.people) for one in found] == [(text, who)]
    assert [one.text for one in lacks(live(), "watch")] == ["no rollout to 1.5.0 has begun"]


@pytest.mark.parametrize("phase", [RolloutPhase.KEEPING, RolloutPhase.FINISHING, RolloutPhase.PROMOTED])
def test_a_person_may_move_on_once_everyone_has_it(phase: RolloutPhase) -> None:
    assert lacks(live("r-1"), "watch", a_world(rollouts=[a_rollout(phase)])) == ()


def test_a_rollout_of_an_earlier_try_or_to_another_version_moves_nothing_on() -> None:
    done = a_world(rollouts=[a_rollout(RolloutPhase.PROMOTED)])
    before = at(replace(ready(), rollouts=("r-1",)), "live")
    back = a_world(rollouts=[a_rollout(RolloutPhase.PROMOTED, version="1.4.2")])

    assert [one.text for one in lacks(before, "watch", done)] == ["no rollout to 1.5.0 has begun"]
    assert [one.text for one in lacks(live("r-1"), "watch", back)] == ["no rollout to 1.5.0 has begun"]


@pytest.mark.parametrize("to", ["cancelled", "build"])
def test_a_rollout_under_way_is_not_left_behind(to: str) -> None:
    world = a_world(rollouts=[a_rollout(RolloutPhase.PAUSED)])

    assert [one.text for one in lacks(live("r-1"), to, world)] == [
        "rollout r-1 is paused; abort it, roll it back or let it end first"
    ]
    assert lacks(live("r-1"), "rolled-back", world) == ()


def test_nothing_is_closed_while_the_old_version_is_kept() -> None:
    watched = replace(at(ready(), "watch"), rollouts=("r-1",))

    assert lacks(watched, "closed", a_world(rollouts=[a_rollout(RolloutPhase.KEEPING)])) != ()
    assert lacks(watched, "closed", a_world(rollouts=[a_rollout(RolloutPhase.PROMOTED)])) == ()


def test_the_end_of_a_rollout_moves_the_release_on() -> None:
    moved = follow_rollout(live("r-1"), PROCESS, NOW, a_world(rollouts=[a_rollout(RolloutPhase.PROMOTED)]))

    assert moved is not None
    assert (moved.phase, moved.stays[-1].by) == ("watch", "rollout")
    assert moved.stays[-1].why == "rollout r-1 took everyone to 1.5.0"


@pytest.mark.parametrize("phase", ["live", "watch"])
@pytest.mark.parametrize("end", [RolloutPhase.ROLLED_BACK, RolloutPhase.ABORTED])
def test_a_rollout_that_is_taken_back_takes_the_release_back(phase: str, end: RolloutPhase) -> None:
    release = replace(live("r-1"), stays=at(ready(), phase).stays)

    moved = follow_rollout(release, PROCESS, NOW, a_world(rollouts=[a_rollout(end)]))

    assert moved is not None
    assert moved.phase == "rolled-back"
    assert moved.stays[-1].why == f"rollout r-1 to 1.5.0 was {end.replace('-', ' ')}"


@pytest.mark.parametrize("phase", [one for one in RolloutPhase if not one.is_terminal])
def test_a_rollout_that_runs_moves_nothing(phase: RolloutPhase) -> None:
    assert follow_rollout(live("r-1"), PROCESS, NOW, a_world(rollouts=[a_rollout(phase)])) is None


@pytest.mark.parametrize("phase", ["rolled-back", "cancelled", "closed", "build"])
def test_a_release_that_a_person_took_elsewhere_stays_there(phase: str) -> None:
    release = replace(live("r-1"), stays=at(ready(), phase).stays)

    assert follow_rollout(release, PROCESS, NOW, a_world(rollouts=[a_rollout(RolloutPhase.PROMOTED)])) is None


def test_a_promotion_waits_where_the_next_phase_asks_for_more() -> None:
    sponsor = Need(NeedKind.FIELD, "sponsor")
    asking = tuple(
        replace(one, needs=(*one.needs, sponsor)) if one.kind is PhaseKind.WATCH else one
        for one in PROCESS.phases
    )
    process, world = a_process(phases=asking), a_world(rollouts=[a_rollout(RolloutPhase.PROMOTED)])
    release = live("r-1")

    assert follow_rollout(release, process, NOW, world) is None
    with_sponsor = replace(release, facts=replace(release.facts, sponsor="sue"))
    assert follow_rollout(with_sponsor, process, NOW, world) is not None


def test_the_second_try_after_a_rollback_counts_only_its_own_rollout() -> None:
    world = a_world(rollouts=[a_rollout(RolloutPhase.ROLLED_BACK)])
    back = follow_rollout(live("r-1"), PROCESS, NOW, world)
    assert back is not None
    reopened = move(back, PROCESS, "build", NOW, world, by="mia", why="fixed")
    second = replace(reopened, stays=(*reopened.stays, *at(ready(), "live").stays[3:]))
    second = replace(second, stays=(*second.stays[:-1], replace(second.stays[-1], rollouts=1)))

    assert follow_rollout(second, PROCESS, NOW, world) is None
    assert can_roll_out(second, PROCESS, NOW + 99 * HOUR, world) == ()
