"""The team's part of a process file: every section into its types, what is filled in, what is noted."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, time

import pytest

from sluiceway.config import load_process, parse_process, team_parts
from sluiceway.domain.process.environments import Entry, Environment
from sluiceway.domain.process.later import (
    PlannedRelease,
)
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Stage, Strategy
from sluiceway.domain.process.schedule import Calendar, Freeze, Milestone, Span, SpanUnit, Window
from sluiceway.domain.process.team import (
    TeamProcess,
)
from sluiceway.errors import ProcessFileError
from tests.unit.config.teams import GOOD, team_of


def test_a_team_is_called_and_known_as_its_process_is(team: TeamProcess) -> None:
    process = load_process(GOOD)

    assert (team.name, team.content_hash) == (process.name, process.content_hash)


def test_a_file_that_only_describes_a_rollout_has_no_team() -> None:
    assert parse_process("rollout: {strategy: blue-green}").team is None
    assert parse_process("rollouts: {slow: {strategy: blue-green}}").team is None


@pytest.mark.parametrize(
    "section", ["roles: []", "kpis: [{id: speed}]", "changes: {}", "calendar: {zone: UTC}", "risks: []"]
)
def test_any_section_about_releases_alone_makes_a_team(section: str) -> None:
    assert team_of(section).phases == ()


def test_milestones_keep_the_units_they_are_written_in(team: TeamProcess) -> None:
    (timeline,) = team.timelines

    assert (timeline.id, timeline.title) == ("major", "Twelve weeks")
    assert timeline.milestones == (
        Milestone(
            "planning",
            "Planning",
            owner="release-manager",
            before=Span(12, SpanUnit.WEEKS),
            lasts=Span(2, SpanUnit.WEEKS),
            criteria=("Scope is agreed",),
            section="Planning",
            phase="planned",
        ),
        Milestone("code-freeze", "Code freeze", before=Span(5, SpanUnit.WORKING_DAYS), after=("planning",)),
        Milestone("release", "In production", after=("code-freeze",)),
    )


def test_the_calendar_is_read(team: TeamProcess) -> None:
    assert team.calendar == Calendar(
        zone="Europe/Berlin",
        weekdays=(0, 1, 2, 3, 4),
        holidays="US-CA",
        days_off=((date(2026, 12, 24), "Christmas Eve"),),
        freezes=(Freeze("year-end", "Year end", date(2026, 12, 20), date(2027, 1, 3), yearly=True),),
        windows=(Window((0, 1, 2, 3), time(9), time(16)),),
    )


def test_environments_say_where_versions_come_from(team: TeamProcess) -> None:
    assert team.environments == (
        Environment("testing", "Testing", Entry.ON_MERGE, purpose="Tests of every merge"),
        Environment(
            "staging",
            "Staging",
            Entry.APPROVAL,
            after="testing",
            audience="The team",
            data="Anonymised",
            integrations="Sandboxes",
        ),
    )


def test_rollouts_go_by_name_and_by_every_strategy() -> None:
    rollouts = dict(load_process(GOOD).rollouts)

    assert {name: plan.strategy for name, plan in rollouts.items()} == {
        "canary": Strategy.CANARY,
        "batches": Strategy.ROLLING,
        "flag": Strategy.FEATURE_FLAG,
        "window": Strategy.MAINTENANCE,
    }
    assert [stage.weight_bp for stage in rollouts["batches"].stages] == [2_500, 5_000, FULL_WEIGHT_BP]
    assert rollouts["window"].stages == (Stage("everything", FULL_WEIGHT_BP, 0.0),)


def test_two_rollouts_may_have_the_same_triggers() -> None:
    text = """\
rollouts:
  fast: &fast {strategy: blue-green, triggers: [Error rate > 5% for 5 minutes]}
  same: *fast
"""
    fast, same = (plan for _, plan in parse_process(text).rollouts)

    assert fast == same


def test_a_note_on_what_stands_in_two_rollouts_is_told_once() -> None:
    text = """\
rollout: &slow
  stages: [{weight: 5%, duration: 1h, criteria: [Everybody is happy]}, {weight: 100%}]
  triggers: [Error rate > 5% for 5 minutes]
rollouts: {slow: *slow}
"""
    notes = [str(note) for note in parse_process(text, "p.yaml").notes if "attest" in note.message]

    assert len(notes) == 1
    assert notes[0].startswith("p.yaml:2:50: rollout.stages[0].criteria[0]:")


def test_a_type_that_can_not_reach_its_users_is_noted() -> None:
    text = """\
phases: [{id: draft}, {id: out, kind: rollout, on_promoted: closed}, {id: closed, kind: end}]
types: [{id: major, version: X.0.0, path: [draft, out, closed]}]
"""
    (note,) = parse_process(text, "p.yaml").notes

    assert str(note) == (
        "p.yaml:2:9: types[0]: has no rollout, and neither has the file: such a release can't reach its users"
    )
    with_rollout = parse_process(f"{text}rollout: {{strategy: blue-green}}")
    assert all("can't reach" not in note.message for note in with_rollout.notes)


def test_an_item_with_a_problem_is_not_called_unknown_as_well() -> None:
    text = "roles: [{id: cto, may: [fly]}]\nrunbooks: [{id: go, owner: cto, steps: [Go]}]"
    with pytest.raises(ProcessFileError) as caught:
        parse_process(text, "p.yaml")

    assert [problem.split(": ")[1] for problem in caught.value.problems] == [
        "roles[0].may[0]",
        "runbooks[0].steps[0]",
    ]


def test_a_calendar_of_releases_may_stand_without_the_types_it_names() -> None:
    text = "release_calendar: [{version: 2.0.0, date: 2026-03-15, type: major}]"

    assert team_of(text).later.calendar == (PlannedRelease("2.0.0", "2026-03-15", "major"),)


def test_hundreds_of_milestones_in_a_row_are_no_cycle() -> None:
    rows = "".join(f"    - {{id: m{n}, after: [m{n - 1}]}}\n" for n in range(1, 1_500))
    text = f"timelines:\n- id: long\n  milestones:\n    - {{id: m0}}\n{rows}"

    assert len(team_of(text).timelines[0].milestones) == 1_500


def test_the_good_file_has_every_key_of_every_section() -> None:
    """So that a reader that forgets a key is found by the tests of this file."""
    text = GOOD.read_text(encoding="utf-8")
    keys = {key.name for section in team_parts.SECTIONS.values() for key in section.keys}

    assert {key for key in keys if f"{key}:" not in text.replace('"', "")} == set()


def test_every_field_of_a_team_is_filled_by_the_good_file(team: TeamProcess) -> None:
    empty = TeamProcess("", "")

    assert [one.name for one in fields(team) if getattr(team, one.name) == getattr(empty, one.name)] == []
