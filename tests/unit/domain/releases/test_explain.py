"""Why a release waits, on whom and since when; and what waits for one person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.team import Phase, PhaseKind
from sluiceway.domain.releases.explain import explain, waiting_for
from sluiceway.domain.releases.model import Release, Stay
from sluiceway.domain.releases.world import World
from sluiceway.domain.rollouts.model import Phase as RolloutPhase
from tests.unit.domain.releases.ready import live, ready
from tests.unit.domain.releases.roads import (
    HOUR,
    NOW,
    PROCESS,
    WORLD,
    a_process,
    a_release,
    a_rollout,
    a_world,
)


def sentence(release: Release, world: World = WORLD) -> str:
    return explain(release, PROCESS, NOW, world).sentence


def test_a_release_that_nothing_holds_says_so() -> None:
    found = explain(a_release("planned"), PROCESS, NOW, WORLD)

    assert found.sentence == (
        "1.5.0: Planned since 2026-03-02 10:00 UTC; nothing is missing to move on to In development."
    )
    assert (found.next, found.missing, found.on_whom) == ("build", (), ())
    assert found.since == NOW + HOUR


def test_what_is_missing_is_counted_and_the_first_is_named() -> None:
    one = explain(a_release("build"), PROCESS, NOW, WORLD)
    many = explain(a_release("decide"), PROCESS, NOW, WORLD)

    assert one.sentence == (
        "1.5.0: In development since 2026-03-02 11:00 UTC; one thing is missing to move on to Code freeze: "
        'The decision "code-freeze" is not recorded.'
    )
    assert one.on_whom == ("mia",)
    assert many.sentence == (
        "1.5.0: Go or no-go since 2026-03-02 13:00 UTC; 5 things are missing to move on to Rolling out: "
        "Sign-off waits for 1 of QA lead (quinn) and 1 of CTO (carl), and 4 more."
    )
    assert many.on_whom == ("quinn", "carl", "mia", "eli", "ben")


def test_roles_are_awaited_where_nobody_plays_them() -> None:
    assert explain(a_release("build"), PROCESS, NOW, a_world(directory=Directory())).on_whom == ("manager",)


def test_a_rollout_phase_first_waits_for_its_rollout_to_start() -> None:
    assert sentence(ready("live")).endswith("; nothing is missing for its rollout to start.")
    assert sentence(ready("live"), a_world(closed="the freeze Year end")).endswith(
        "; one thing is missing for its rollout to start: Nothing may be deployed now: the freeze Year end."
    )


def test_a_rollout_under_way_is_waited_for_and_no_person() -> None:
    found = explain(live("r-1"), PROCESS, NOW, a_world(rollouts=[a_rollout(RolloutPhase.PROGRESSING)]))

    assert found.sentence.endswith(
        "; one thing is missing to move on to Monitoring: "
        "Rollout r-1 is progressing, and not everyone is on 1.5.0."
    )
    assert found.on_whom == ()


def test_the_reason_of_the_last_move_is_given() -> None:
    release = a_release("frozen")
    back = replace(release, stays=(*release.stays, Stay("build", NOW, "mia", "the tests are red")))

    assert sentence(back).startswith(
        "1.5.0: In development since 2026-03-02 09:00 UTC (mia: the tests are red);"
    )


@pytest.mark.parametrize("phase", ["closed", "cancelled"])
def test_at_an_end_nothing_is_left_to_do(phase: str) -> None:
    assert sentence(a_release(phase)).endswith("; nothing is left to do.")


def test_a_release_that_was_rolled_back_waits_for_somebody_to_take_it_up() -> None:
    stranded = a_process(
        phases=tuple(replace(one, back_to=()) if one.id == "rolled-back" else one for one in PROCESS.phases)
    )

    assert sentence(a_release("rolled-back")).endswith(
        "; it waits for somebody to take it to In development or Rolling out."
    )
    assert explain(a_release("rolled-back"), stranded, NOW, WORLD).sentence.endswith("; it can be cancelled.")


@pytest.mark.parametrize(
    ("person", "refs"),
    [
        ("quinn", ["sign-off"]),
        ("mia", ["go-no-go"]),
        ("eli", ["before/backup", "before/smoke", "before/schema"]),
        ("stranger", []),
    ],
)
def test_my_work_is_what_i_could_supply(person: str, refs: list[str]) -> None:
    found = waiting_for(person, a_release("decide"), PROCESS, NOW, WORLD)

    assert [one.ref for one in found] == refs


def test_in_the_open_everything_waits_for_whoever_asks() -> None:
    found = waiting_for(
        "anybody", a_release("decide"), PROCESS, NOW, a_world(directory=Directory(is_open=True))
    )

    assert [one.ref for one in found] == [
        "sign-off",
        "go-no-go",
        "before/backup",
        "before/smoke",
        "before/schema",
    ]


def test_an_end_of_the_teams_own_is_an_end() -> None:
    ended = a_process(phases=(*PROCESS.phases, Phase("archived", "Archived", kind=PhaseKind.END)))
    release = replace(a_release("watch"), stays=(Stay("archived", NOW, "mia", "done"),))

    assert explain(release, ended, NOW, WORLD).sentence == (
        "1.5.0: Archived since 2026-03-02 09:00 UTC; nothing is left to do."
    )
