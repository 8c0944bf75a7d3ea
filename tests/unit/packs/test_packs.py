"""Every pack is complete: each type of release finds a road, dates that can hold, a rollout and notes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

import sluiceway
from sluiceway.config import parse_process
from sluiceway.domain.calendars.timeline import lay_out
from sluiceway.domain.process.plan import Process, Strategy
from sluiceway.domain.process.team import PhaseKind, ReleaseType, TeamProcess
from sluiceway.packs import pack_names, pack_text

STARTABLE = {Strategy.CANARY, Strategy.BLUE_GREEN}
MONDAY = datetime(2027, 3, 1, 10, tzinfo=UTC)


@cache
def process(pack: str) -> Process:
    return parse_process(pack_text(pack), f"{pack}.yaml")


def team_of(pack: str) -> TeamProcess:
    team = process(pack).team
    assert team is not None
    return team


TYPES = [(pack, kind) for pack in pack_names() for kind in team_of(pack).types]
TIMELINES = [(pack, each.id) for pack in pack_names() for each in team_of(pack).timelines]
each_type = pytest.mark.parametrize(
    ("pack", "kind"), TYPES, ids=[f"{pack}-{kind.id}" for pack, kind in TYPES]
)


def test_there_are_five_packs() -> None:
    assert pack_names() == ("akashic", "athena", "blueprint", "enterprise", "octoacme")


@each_type
def test_a_type_goes_from_work_through_a_rollout_and_a_watch_to_an_end(pack: str, kind: ReleaseType) -> None:
    kinds = {phase.id: phase.kind for phase in team_of(pack).phases}
    road = [kinds[phase] for phase in kind.path]

    assert [each for at, each in enumerate(road) if at == 0 or each is not road[at - 1]] == [
        PhaseKind.WORK,
        PhaseKind.ROLLOUT,
        PhaseKind.WATCH,
        PhaseKind.END,
    ]


@each_type
def test_a_type_has_approvals_tests_notes_and_a_rollout_that_can_be_started(
    pack: str, kind: ReleaseType
) -> None:
    plan = dict(process(pack).rollouts)[kind.rollout]

    assert plan.strategy in STARTABLE
    assert plan.stages[-1].weight_bp == 10_000
    assert plan.triggers
    assert kind.approvals
    assert kind.testing
    assert kind.notes


@each_type
def test_every_approval_and_gate_of_a_type_is_asked_for_on_its_road(pack: str, kind: ReleaseType) -> None:
    team = team_of(pack)
    needs = [
        need
        for phase in team.phases
        if phase.id in kind.path
        for need in phase.needs
        if not need.types or kind.id in need.types
    ]
    asked = {(need.kind.value, need.ref) for need in needs}

    assert (
        "type" in {ref for what, ref in asked if what == "approval"}
        or {("approval", each) for each in kind.approvals} <= asked
    )
    assert (
        "type" in {ref for what, ref in asked if what == "gate"}
        or {("gate", each) for each in kind.gates} <= asked
    )


@pytest.mark.parametrize("pack", pack_names())
def test_whoever_rolled_back_can_begin_again(pack: str) -> None:
    rolled_back = next(phase for phase in team_of(pack).phases if phase.id == "rolled-back")

    for kind in team_of(pack).types:
        assert set(rolled_back.back_to) & set(kind.path), kind.id


@pytest.mark.parametrize(("pack", "timeline"), TIMELINES)
@pytest.mark.parametrize("day", range(5), ids=["Mon", "Tue", "Wed", "Thu", "Fri"])
def test_the_dates_of_a_timeline_can_hold_whatever_weekday_the_target_is(
    pack: str, timeline: str, day: int
) -> None:
    team = team_of(pack)
    target_at = MONDAY + timedelta(days=day)
    planned_at = target_at - timedelta(weeks=30)
    laid = next(each for each in team.timelines if each.id == timeline)

    plan = lay_out(laid, team.calendar, {}, target_at, planned_at, done={}, planned_at=planned_at)

    assert plan.holds, [problem.text for problem in plan.problems]


@pytest.mark.parametrize("pack", pack_names())
def test_no_trigger_acts_on_what_swings_by_chance(pack: str) -> None:
    assert [str(note) for note in process(pack).notes if "by chance" in note.message] == []


# Two documents also gave their names to the form in which they write flags; these read and name the forms.
FORMS_OF_FLAGS = {"config/flag_formats/detect.py", "config/flag_formats/seeds.py", "cli/flag_files.py"}


@pytest.mark.parametrize("pack", pack_names())
def test_no_code_knows_a_pack(pack: str) -> None:
    source = Path(sluiceway.__file__).parent
    word = re.compile(rf"\b{pack}\b", re.IGNORECASE)
    knowing = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if word.search(path.read_text(encoding="utf-8"))
    }

    assert knowing - FORMS_OF_FLAGS == set()
