"""Moves of a release: what each lacks, who can supply it, and what a rollout's end does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.changes.model import ChangeState
from sluiceway.domain.checklists.model import RunPhase
from sluiceway.domain.people.model import Absence, Directory
from sluiceway.domain.releases.agreeing import attest, decide, override_calendar, vote
from sluiceway.domain.releases.model import (
    DecisionKind,
    Goal,
    ItemEntry,
    ItemState,
    Override,
    Release,
    ScopeItem,
    ScopeKind,
)
from sluiceway.domain.releases.moves import can_move, missing_line
from sluiceway.domain.releases.road import next_phases
from sluiceway.domain.releases.world import LinkedChange, Missing, MissingKind
from sluiceway.errors import IllegalMoveError, InvalidInputError, NotFoundError, NotReadyError
from tests.unit.domain.releases.ready import kinds, lacks, ready
from tests.unit.domain.releases.roads import (
    DIRECTORY,
    HOUR,
    NOW,
    PROCESS,
    WORLD,
    a_process,
    a_release,
    a_run,
    a_vote,
    a_world,
    at,
    go,
)


def test_a_release_goes_forward_one_phase_at_a_time() -> None:
    assert next_phases(a_release("build"), PROCESS) == (
        "frozen",
        "planned",
        "draft",
        "rolled-back",
        "cancelled",
    )
    assert go(a_release("draft"), "planned").phase == "planned"
    assert kinds(lacks(a_release("draft"), "build")) == [("road", "build")]


def test_a_move_that_the_road_does_not_have_names_the_ones_it_has() -> None:
    with pytest.raises(IllegalMoveError) as found:
        go(a_release("draft"), "live")

    assert str(found.value) == (
        "live: REL-2026-0001 is in draft, which leads to: "
        "planned (forward), rolled-back (roll-back), cancelled (cancel)"
    )


def test_a_phase_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(NotFoundError, match='"tests" has no phase "lunch"; it has: draft, planned'):
        lacks(a_release("draft"), "lunch")


def test_types_take_different_paths() -> None:
    patch = a_release("draft", type="patch", version="1.4.3")

    assert next_phases(patch, PROCESS)[0] == "build"


def test_an_empty_field_is_named_with_those_who_plan() -> None:
    major = a_release(type="major", version="2.0.0", target_at=None)

    roles, people = ("manager", "engineer"), ("mia", "eli", "ben")
    assert lacks(major, "planned") == (
        Missing(MissingKind.FIELD, "target_at", "target date must be filled in", roles, people),
        Missing(MissingKind.FIELD, "goals", "goals must be filled in", roles, people),
    )
    assert lacks(a_release(), "planned") == ()
    filled = replace(major, facts=replace(major.facts, target_at=NOW, goals=(Goal("speed"),)))
    assert lacks(filled, "planned") == ()


def test_a_gate_holds_until_it_is_attested_for_this_version() -> None:
    release = a_release("frozen")
    attested = attest(
        release, PROCESS, "quality", holds=True, by="quinn", statement="ok", now=NOW, directory=DIRECTORY
    )

    assert lacks(release, "decide") == (
        Missing(
            MissingKind.GATE, "quality", "Code quality is not attested", ("qa", "cto"), ("quinn", "carl")
        ),
    )
    assert lacks(attested, "decide") == ()
    assert lacks(replace(attested, facts=replace(attested.facts, version="1.6.0")), "decide")[0].text == (
        "Code quality was looked at for 1.5.0, not for 1.6.0"
    )


def test_all_that_going_live_lacks_is_said_at_once_with_who_can_supply_it() -> None:
    missing = lacks(a_release("decide"), "live", a_world(closed="the freeze Year end"))

    assert kinds(missing) == [
        ("approval", "sign-off"),
        ("decision", "go-no-go"),
        ("checklist", "before/backup"),
        ("checklist", "before/smoke"),
        ("checklist", "before/schema"),
        ("calendar", ""),
    ]
    assert [missing_line(one) for one in missing] == [
        "Sign-off waits for 1 of QA lead (quinn) and 1 of CTO (carl)",
        'the decision "go-no-go" is not recorded (can be supplied by mia)',
        'Before deployment: "Data is backed up" is not done (can be supplied by eli, ben)',
        'Before deployment: "Smoke tests" is not done (can be supplied by eli, ben)',
        'Before deployment: "Schema is migrated" is not done (can be supplied by eli, ben)',
        "nothing may be deployed now: the freeze Year end (can be supplied by carl)",
    ]
    assert missing[2].due_at == NOW + 29 * 24 * HOUR
    assert not missing[2].is_overdue


def test_a_refused_move_lists_everything_in_its_message() -> None:
    with pytest.raises(NotReadyError) as found:
        go(a_release("decide"), "live")

    assert str(found.value).splitlines()[0] == "REL-2026-0001 can't move from decide to live yet:"
    assert len(found.value.missing) == 5


def test_a_release_that_has_everything_goes_live() -> None:
    moved = go(ready(), "live")

    assert moved.phase == "live"
    assert (moved.stays[-1].by, moved.stays[-1].why, moved.since) == ("mia", "because", NOW)


def test_an_approval_that_was_refused_waits_for_those_who_refused() -> None:
    release = ready()
    refused = vote(release, PROCESS, "sign-off", a_vote(release, "carl", "cto", VoteKind.REJECT), WORLD)

    assert lacks(refused, "live") == (
        Missing(
            MissingKind.APPROVAL,
            "sign-off",
            'Sign-off is refused by carl (CTO): "not like this"',
            ("cto",),
            ("carl",),
        ),
    )


def test_a_changed_scope_asks_for_approval_and_decision_again() -> None:
    release = ready()
    scope = (*release.facts.scope, ScopeItem("s2", ScopeKind.FIX, "Login"))
    changed = replace(release, facts=replace(release.facts, scope=scope))

    missing = lacks(changed, "live")

    assert kinds(missing) == [("approval", "sign-off"), ("decision", "go-no-go")]
    assert 'scope gained "s2 | fix | Login"' in missing[0].text
    assert missing[1].text == '"go-no-go" was decided before version or scope changed'


def test_a_no_go_holds_and_is_quoted() -> None:
    no_go = DecisionKind.NO_GO
    release = decide(
        ready(), PROCESS, "go-no-go", no_go, by="mia", reason="too slow", now=NOW, directory=DIRECTORY
    )

    assert [one.text for one in lacks(release, "live")] == ['"go-no-go" was decided no-go by mia: "too slow"']


def test_a_failed_item_holds_and_shows_its_note() -> None:
    failed = ItemEntry("before", "smoke", ItemState.FAILED, "engine", NOW + HOUR, "exit code 1")
    release = ready()

    assert [one.text for one in lacks(replace(release, items=(*release.items, failed)), "live")] == [
        'Before deployment: "Smoke tests" failed: "exit code 1"'
    ]


@pytest.mark.parametrize("state", [ChangeState.APPROVED, ChangeState.SCHEDULED, ChangeState.IN_PROGRESS])
def test_decided_changes_hold_nothing(state: ChangeState) -> None:
    release = ready(changes=("CR-2026-001",))
    world = replace(WORLD, changes={"CR-2026-001": LinkedChange("CR-2026-001", "Move the index", state)})

    assert lacks(release, "live", world) == ()


@pytest.mark.parametrize(
    "state", [ChangeState.DRAFT, ChangeState.SUBMITTED, ChangeState.REJECTED, ChangeState.WITHDRAWN]
)
def test_an_undecided_change_holds_the_release(state: ChangeState) -> None:
    release = ready(changes=("CR-2026-001", "CR-2026-002"))
    world = replace(WORLD, changes={"CR-2026-001": LinkedChange("CR-2026-001", "Move the index", state)})

    assert [missing_line(one) for one in lacks(release, "live", world)] == [
        f"CR-2026-001 (Move the index) is {state}, not approved (can be supplied by carl)",
        "CR-2026-002 is linked and does not exist; take the link away (can be supplied by mia, eli, ben)",
    ]


def test_a_type_that_needs_a_change_holds_without_one() -> None:
    release = ready(type="major", version="2.0.0")

    assert ("changes", "") in kinds(lacks(release, "live"))
    assert "no change request is linked, and Major release needs a decided one" in [
        one.text for one in lacks(release, "live")
    ]


def test_a_runbook_must_have_been_run_to_its_end_since_the_last_rollback() -> None:
    release = replace(ready(type="major", version="2.0.0", changes=()), runs=("run-1",))

    def texts(release: Release, phase: RunPhase) -> list[str]:
        return [
            one.text
            for one in lacks(release, "live", a_world(runs=[a_run(phase)]))
            if one.kind is MissingKind.RUNBOOK
        ]

    assert texts(release, RunPhase.DONE) == []
    assert texts(release, RunPhase.RUNNING) == ['the runbook "Deployment" is running (run run-1)']
    back = replace(at(release, "rolled-back"), runs=("run-1",))
    again = replace(release, stays=(*back.stays, *release.stays))
    assert texts(again, RunPhase.DONE) == ['the runbook "Deployment" has not been run']


def test_a_closed_calendar_gives_way_to_an_override_until_that_ends() -> None:
    world = a_world(closed="the freeze Year end")
    release = override_calendar(
        ready(), PROCESS, by="carl", reason="a leak", until=NOW + HOUR, now=NOW, directory=DIRECTORY
    )

    assert can_move(release, PROCESS, "live", NOW, world) == ()
    assert kinds(can_move(release, PROCESS, "live", NOW + HOUR, world)) == [("calendar", "")]
    forever = replace(release, overrides=(Override("calendar", "carl", "cto", NOW, "a leak"),))
    assert can_move(forever, PROCESS, "live", NOW + 999 * HOUR, world) == ()


def test_conditions_of_those_who_agreed_hold_the_rollout() -> None:
    release = ready()
    given = a_vote(release, "carl", "cto", VoteKind.APPROVE_IF, "tell support")
    release = vote(release, PROCESS, "sign-off", given, WORLD)

    assert [missing_line(one) for one in lacks(release, "live")] == [
        'carl agreed on the condition: "tell support" (can be supplied by eli, ben)'
    ]


def test_an_alternate_is_named_while_somebody_is_away() -> None:
    gone = Absence("mia", NOW - HOUR, NOW + HOUR, "carl")
    world = a_world(directory=Directory(DIRECTORY.members, (gone,)))

    assert [one.people for one in lacks(a_release("build"), "frozen", world)] == [("carl",)]


def test_going_back_asks_for_nothing_but_a_reason() -> None:
    release = a_release("frozen", target_at=None)

    assert lacks(release, "build") == ()
    assert go(release, "build", why="the tests are red").phase == "build"
    with pytest.raises(InvalidInputError, match=r"REL-2026-0001 to build \(back\): say why"):
        go(release, "build", why=" ")


def test_going_back_into_a_rollout_phase_asks_for_everything_again() -> None:
    assert kinds(lacks(a_release("rolled-back"), "live")) != []
    assert lacks(at(ready(), "rolled-back"), "build") == ()
    assert kinds(lacks(at(ready(), "rolled-back"), "live")) == [("decision", "go-no-go")]


def test_a_back_road_that_leads_on_is_no_way_round_what_is_asked_for() -> None:
    phases = tuple(replace(one, back_to=("decide",)) if one.id == "draft" else one for one in PROCESS.phases)
    shortcut = a_process(phases=phases)

    assert kinds(can_move(a_release("draft"), shortcut, "decide", NOW, WORLD)) == [("gate", "quality")]


@pytest.mark.parametrize("phase", ["draft", "planned", "build", "frozen", "decide", "live", "watch"])
@pytest.mark.parametrize("to", ["cancelled", "rolled-back"])
def test_any_phase_can_be_cancelled_and_rolled_back_with_a_reason(phase: str, to: str) -> None:
    assert go(a_release(phase), to, why="wrong market").phase == to
    with pytest.raises(InvalidInputError, match="say why"):
        go(a_release(phase), to, why="")


def test_a_release_that_was_rolled_back_is_reopened_or_cancelled() -> None:
    assert next_phases(a_release("rolled-back"), PROCESS) == ("build", "live", "cancelled")


@pytest.mark.parametrize("phase", ["closed", "cancelled"])
def test_from_an_end_no_road_leads_on(phase: str) -> None:
    assert next_phases(a_release(phase), PROCESS) == ()
    assert kinds(lacks(a_release(phase), "rolled-back")) == [("road", "rolled-back")]
