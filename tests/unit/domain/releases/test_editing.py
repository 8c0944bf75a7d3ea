"""Making and editing releases: versions fit, what is frozen stays, processes change by an act."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from sluiceway.domain.process.team import Phase, PhaseKind
from sluiceway.domain.releases.editing import begin, edit, follow_process, link_change, unlink_change
from sluiceway.domain.releases.model import (
    Channel,
    ChannelState,
    Facts,
    Release,
    ReleaseId,
    ScopeItem,
    ScopeKind,
    Stay,
)
from sluiceway.domain.releases.road import scope_is_frozen
from sluiceway.errors import InvalidInputError, RuleError
from tests.unit.domain.releases.roads import FACTS, NOW, PROCESS, a_process, a_release

MORE_SCOPE = (ScopeItem("s2", ScopeKind.FIX, "Login"),)


def made(facts: Facts, previous: str = "1.4.2") -> Release:
    return begin(
        ReleaseId("REL-2026-0002"), "checkout", facts, PROCESS, by="ada", now=NOW, previous_version=previous
    )


def test_a_release_begins_in_the_first_phase_of_its_type() -> None:
    release = made(FACTS)

    assert release.stays == (Stay("draft", NOW, "ada", "made"),)
    assert (release.author, release.process_hash, release.previous_version) == ("ada", "hash-1", "1.4.2")


def test_a_version_that_does_not_fit_its_type_is_refused_at_once() -> None:
    with pytest.raises(RuleError, match=r"Minor release: .*found 2\.0\.0, expected 1\.5\.0 or later"):
        made(replace(FACTS, version="2.0.0"))


def test_a_type_that_the_process_lacks_is_named_with_those_it_has() -> None:
    with pytest.raises(RuleError, match=r'found "huge", expected one of .*: minor, major, patch'):
        made(replace(FACTS, type="huge"))


def test_the_first_release_of_a_service_only_needs_the_form() -> None:
    assert made(replace(FACTS, version="0.1.0"), previous="").facts.version == "0.1.0"


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (
            replace(FACTS, scope=FACTS.scope * 2),
            'scope: found the id "s1" twice, expected each once',
        ),
        (
            replace(FACTS, channels=(Channel("web", "Web"), Channel("web", "Site"))),
            'channels: found the id "web" twice, expected each once',
        ),
        (
            replace(FACTS, target_at=datetime(2026, 5, 1)),  # noqa: DTZ001  the case under test
            "target_at: found 2026-05-01 00:00:00 without a time zone, expected one",
        ),
    ],
)
def test_facts_that_contradict_themselves_are_refused(facts: Facts, problem: str) -> None:
    with pytest.raises(InvalidInputError) as found:
        made(facts)
    assert str(found.value) == problem
    with pytest.raises(InvalidInputError):
        edit(a_release(), PROCESS, facts)


@pytest.mark.parametrize("phase", ["draft", "planned", "build"])
def test_everything_can_be_edited_before_the_freeze(phase: str) -> None:
    facts = replace(FACTS, title="Spring", scope=MORE_SCOPE, version="1.6.0")

    assert edit(a_release(phase), PROCESS, facts).facts == facts


@pytest.mark.parametrize("phase", ["frozen", "decide", "live", "watch", "rolled-back"])
def test_what_a_frozen_release_holds_can_not_change(phase: str) -> None:
    release = a_release(phase)

    with pytest.raises(RuleError) as found:
        edit(release, PROCESS, replace(release.facts, scope=MORE_SCOPE, code_name="Heron"))

    assert str(found.value).startswith(
        f"code name and scope can't change: the scope of REL-2026-0001 is frozen in {phase}; "
        "move it back first ("
    )


def test_a_refusal_of_a_frozen_edit_names_the_way_back() -> None:
    with pytest.raises(RuleError, match=r"move it back first \(build or frozen\)"):
        edit(a_release("decide"), PROCESS, replace(FACTS, title="Spring"))
    with pytest.raises(RuleError, match=r"move it back first \(no way back from here\)"):
        edit(a_release("watch"), PROCESS, replace(FACTS, title="Spring"))


def test_target_manager_and_channels_stay_editable_when_frozen() -> None:
    facts = replace(
        FACTS,
        target_at=NOW + timedelta(days=40),
        manager="mia",
        channels=(Channel("web", "Web", ChannelState.LIVE),),
    )

    assert edit(a_release("decide"), PROCESS, facts).facts == facts


def test_moving_back_before_the_freeze_thaws_the_scope() -> None:
    release = a_release("decide")
    back = replace(release, stays=(*release.stays, Stay("build", NOW, "mia", "red tests")))

    assert scope_is_frozen(release, PROCESS)
    assert not scope_is_frozen(back, PROCESS)


@pytest.mark.parametrize("phase", ["closed", "cancelled"])
def test_a_release_that_has_ended_is_not_changed(phase: str) -> None:
    release = a_release(phase)

    with pytest.raises(RuleError, match=f"is {phase} and can't be changed any more; make a new release"):
        edit(release, PROCESS, replace(FACTS, manager="mia"))
    with pytest.raises(RuleError, match="can't be changed any more"):
        link_change(release, PROCESS, "CR-2026-001")


def test_another_type_must_come_by_where_the_release_is() -> None:
    patch = replace(FACTS, type="patch", version="1.4.3")

    assert edit(a_release("build"), PROCESS, patch).facts.type == "patch"
    with pytest.raises(RuleError) as found:
        edit(a_release("planned"), PROCESS, patch)
    assert str(found.value) == (
        "REL-2026-0001 is in planned, where no release of type patch comes by; "
        "its path: draft, build, live, watch, closed"
    )


def test_changes_are_linked_once_and_unlinked() -> None:
    linked = link_change(link_change(a_release("decide"), PROCESS, "CR-2026-001"), PROCESS, "CR-2026-001")

    assert linked.facts.changes == ("CR-2026-001",)
    assert unlink_change(linked, PROCESS, "CR-2026-001").facts.changes == ()
    with pytest.raises(RuleError, match="CR-2026-009 is not linked to REL-2026-0001; linked: CR-2026-001"):
        unlink_change(linked, PROCESS, "CR-2026-009")


def test_a_release_follows_a_newer_process_where_it_is() -> None:
    newer = a_process(content_hash="hash-2")

    assert follow_process(a_release("build"), PROCESS, newer).process_hash == "hash-2"
    assert follow_process(a_release("rolled-back"), PROCESS, newer).process_hash == "hash-2"


def test_a_process_that_has_no_place_for_the_release_is_refused() -> None:
    without_phase = a_process(phases=tuple(one for one in PROCESS.phases if one.id != "build"))
    without_type = a_process(types=PROCESS.types[1:])
    elsewhere = a_process(types=tuple(replace(one, path=("draft", "closed")) for one in PROCESS.types))
    stricter = a_process(types=tuple(replace(one, version=PROCESS.types[1].version) for one in PROCESS.types))

    with pytest.raises(RuleError, match='is in build, which the process "tests" does not have'):
        follow_process(a_release("build"), PROCESS, without_phase)
    with pytest.raises(RuleError, match='type: found "minor", expected one of'):
        follow_process(a_release("build"), PROCESS, without_type)
    with pytest.raises(RuleError, match="is in planned, where no release of type minor comes by"):
        follow_process(a_release("planned"), PROCESS, elsewhere)
    with pytest.raises(
        RuleError, match=r"follow the new process: Minor release: found 1\.5\.0, expected X\.0\.0"
    ):
        follow_process(a_release("build"), PROCESS, stricter)


def test_a_process_may_say_that_a_release_has_ended_elsewhere() -> None:
    reopened = (Phase("closed", "Closed", kind=PhaseKind.WORK),)

    with pytest.raises(RuleError, match="is closed and can't be changed any more"):
        follow_process(a_release("closed"), PROCESS, a_process(phases=reopened))
