"""What must hold on every road: random releases, random moves, random worlds."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain import releases
from sluiceway.domain.process.team import CANCELLED, ROLLED_BACK, NeedKind, Phase, PhaseKind, TeamProcess
from sluiceway.domain.releases.model import Release
from sluiceway.domain.releases.moves import can_move, can_roll_out, follow_rollout, move
from sluiceway.domain.releases.needs import Case, lacking
from sluiceway.domain.releases.road import Way, has_ended, next_steps, phase_of
from sluiceway.domain.releases.world import World
from sluiceway.domain.rollouts.model import Phase as RolloutPhase
from sluiceway.errors import IllegalMoveError, NotReadyError
from tests.unit.domain.releases.ready import ready
from tests.unit.domain.releases.roads import (
    FULL_PATH,
    NOW,
    PROCESS,
    a_process,
    a_release,
    a_rollout,
    a_world,
    at,
)

PHASES = (*FULL_PATH, CANCELLED, ROLLED_BACK)
phases = st.sampled_from(PHASES)
worlds = st.builds(
    lambda rollouts, closed: a_world(
        rollouts=[a_rollout(phase, f"r-{index}") for index, phase in enumerate(rollouts)], closed=closed
    ),
    st.lists(st.sampled_from(RolloutPhase), max_size=2),
    st.sampled_from(["", "", "the freeze Year end"]),
)


@st.composite
def processes(draw: st.DrawFn) -> TeamProcess:
    """Draw the test process with some needs taken away, so that moves of every kind succeed too."""
    kinds = draw(st.sets(st.sampled_from(NeedKind)))
    kept = tuple(
        replace(phase, needs=tuple(need for need in phase.needs if need.kind not in kinds))
        for phase in PROCESS.phases
    )
    return a_process(phases=kept)


@st.composite
def standing_releases(draw: st.DrawFn) -> tuple[Release, World]:
    """Draw a release somewhere on its road, with everything it is asked for or nothing, and its rollouts."""
    world = draw(worlds)
    release = draw(st.sampled_from([a_release(), ready("draft")]))
    walked = at(release, draw(phases))
    began_here = draw(st.integers(0, len(world.rollouts)))
    stays = (*walked.stays[:-1], replace(walked.stays[-1], rollouts=began_here))
    return replace(walked, stays=stays, rollouts=tuple(world.rollouts)), world


@given(processes(), standing_releases(), phases)
def test_a_move_succeeds_exactly_when_nothing_is_missing_for_it(
    process: TeamProcess, case: tuple[Release, World], to: str
) -> None:
    release, world = case
    missing = can_move(release, process, to, NOW, world)

    try:
        moved = move(release, process, to, NOW, world, by="mia", why="because")
    except (NotReadyError, IllegalMoveError):
        assert missing != ()
    else:
        assert missing == ()
        assert moved == replace(release, stays=moved.stays)
        assert moved.stays[:-1] == release.stays
        assert moved.phase == to


@given(processes(), standing_releases())
def test_steps_lead_only_where_the_process_says(process: TeamProcess, case: tuple[Release, World]) -> None:
    release, _ = case
    here = phase_of(release, process)

    for step in next_steps(release, process):
        match step.way:
            case Way.FORWARD:
                assert FULL_PATH[FULL_PATH.index(here.id) + 1] == step.to.id
            case Way.BACK:
                assert step.to.id in here.back_to
            case Way.ROLL_BACK:
                assert step.to.id == ROLLED_BACK
            case Way.CANCEL:
                assert step.to.id == CANCELLED
    assert has_ended(release, process) == (next_steps(release, process) == ())


@given(processes(), standing_releases(), st.lists(phases, max_size=12))
def test_no_walk_enters_a_rollout_phase_that_asks_for_something(
    process: TeamProcess, case: tuple[Release, World], walk: list[str]
) -> None:
    release, world = case
    for to in walk:
        if can_move(release, process, to, NOW, world):
            continue
        release = move(release, process, to, NOW, world, by="mia", why="because")
        phase = phase_of(release, process)
        if phase.kind is PhaseKind.ROLLOUT:
            assert lacking(Case(release, process, world, NOW), phase) == ()


@given(processes(), standing_releases())
def test_a_rollout_starts_only_in_its_phase_and_alone(
    process: TeamProcess, case: tuple[Release, World]
) -> None:
    release, world = case

    if not can_roll_out(release, process, NOW, world):
        assert phase_of(release, process).kind is PhaseKind.ROLLOUT
        assert all(one.phase.is_terminal for one in world.rollouts.values())


@given(processes(), standing_releases())
def test_following_a_rollout_moves_once_and_never_out_of_an_end(
    process: TeamProcess, case: tuple[Release, World]
) -> None:
    release, world = case
    moved = follow_rollout(release, process, NOW, world)

    if moved is not None:
        assert not has_ended(release, process)
        assert moved.phase in {ROLLED_BACK, "watch"}
        again = follow_rollout(moved, process, NOW, world)
        assert again is None or again.phase == ROLLED_BACK


def renamed(process: TeamProcess, release: Release, names: dict[str, str]) -> tuple[TeamProcess, Release]:
    """Return both with every phase but the two that all roads have under another name."""

    def new(name: str) -> str:
        return names.get(name, name)

    def phase(one: Phase) -> Phase:
        return replace(
            one,
            id=new(one.id),
            back_to=tuple(map(new, one.back_to)),
            on_promoted=new(one.on_promoted),
            on_rolled_back=new(one.on_rolled_back),
        )

    types = tuple(replace(one, path=tuple(map(new, one.path))) for one in process.types)
    stays = tuple(replace(stay, phase=new(stay.phase)) for stay in release.stays)
    return (
        replace(process, phases=tuple(map(phase, process.phases)), types=types),
        replace(release, stays=stays),
    )


@given(standing_releases(), phases)
def test_what_phases_are_called_makes_no_difference(case: tuple[Release, World], to: str) -> None:
    release, world = case
    names = {name: f"phase-{index}" for index, name in enumerate(FULL_PATH)}
    other_process, other_release = renamed(PROCESS, release, names)

    found = can_move(release, PROCESS, to, NOW, world)
    other = can_move(other_release, other_process, names.get(to, to), NOW, world)

    assert [one.kind for one in found] == [one.kind for one in other]
    assert [one.people for one in found] == [one.people for one in other]


def literals(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


@pytest.mark.parametrize("path", sorted(Path(releases.__path__[0]).glob("*.py")), ids=lambda path: path.stem)
def test_no_module_names_a_phase_of_its_own(path: Path) -> None:
    named = {
        "draft",
        "in-development",
        "code-freeze",
        "uat",
        "staging",
        "go-no-go",
        "monitoring",
        "closed",
    }

    assert literals(path) & named == set()
