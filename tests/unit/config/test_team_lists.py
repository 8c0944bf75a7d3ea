"""A team's checklists and runbooks, as process files say them."""

from __future__ import annotations

from sluiceway.domain.process.lists import Anchor, Item, ItemKind, Step, StepKind
from sluiceway.domain.process.team import (
    TeamProcess,
)
from tests.unit.config.teams import DAY_S, team_of


def test_items_are_done_by_people_commands_requests_and_figures(team: TeamProcess) -> None:
    checklist = team.checklists[0]

    assert (checklist.anchor, checklist.offset_s, checklist.until_s) == (Anchor.TARGET, -DAY_S, None)
    assert (checklist.owner, checklist.types) == ("release-manager", ("major",))
    assert checklist.items == (
        Item("rollback-procedure-is-ready", "Rollback procedure is ready"),
        Item("backup", "Production data is backed up", required=False, when="if the data is at risk"),
        Item(
            "smoke",
            "Smoke tests",
            ItemKind.COMMAND,
            command=("./smoke.sh", "staging"),
            timeout_s=300,
            parent="backup",
        ),
        Item(
            "health",
            "Health endpoint",
            ItemKind.HTTP,
            owner="devops",
            offset_s=-3_600,
            url="http://127.0.0.1:8080/healthz",
            status=204,
            contains="ok",
        ),
        Item("errors", "Error rate within range", ItemKind.METRIC, expression="error_rate < 0.01"),
        Item("flags", "No flag is stale", ItemKind.FLAGS),
    )


def test_a_checklist_is_due_from_the_target_or_from_the_beginning_of_a_phase(team: TeamProcess) -> None:
    _, day, after = team.checklists

    assert (day.anchor, day.offset_s, day.until_s) == (Anchor.TARGET, 0.0, 7_200.0)
    assert (after.anchor, after.phase, after.offset_s, after.until_s) == (
        Anchor.PHASE,
        "rolled-back",
        300.0,
        1_800.0,
    )


def test_a_checklist_without_a_time_is_due_at_the_target() -> None:
    checklist = team_of("checklists: [{id: day, items: [Look]}]").checklists[0]

    assert (checklist.anchor, checklist.offset_s, checklist.title) == (Anchor.TARGET, 0.0, "Day")


def test_an_item_may_ask_that_no_flag_is_stale() -> None:
    text = "checklists: [{id: day, items: [{id: flags, text: Flags are tidy, no_stale_flags: true}]}]"

    assert team_of(text).checklists[0].items == (Item("flags", "Flags are tidy", ItemKind.FLAGS),)


def test_an_item_about_figures_may_be_a_sentence() -> None:
    text = "checklists: [{id: day, items: [{id: errors, text: Errors, metric: Error rate < 0.1%}]}]"

    assert team_of(text).checklists[0].items[0].expression == "error_rate < 0.001"


def test_an_item_may_name_a_metric_of_the_process_itself() -> None:
    text = """\
metrics: {refunds: {source: push}}
checklists: [{id: day, items: [{id: refunds, text: Refunds, metric: refunds < 5}]}]
"""
    assert team_of(text).checklists[0].items[0].expression == "refunds < 5"


def test_steps_run_commands_and_requests_and_wait_for_people(team: TeamProcess) -> None:
    (runbook,) = team.runbooks

    assert (runbook.owner, runbook.purpose) == ("devops", "Brings a version to production")
    assert runbook.steps == (
        Step(
            "pre-checks",
            "Pre checks",
            StepKind.COMMAND,
            command=("./pre-check.sh", "--all"),
            timeout_s=600,
            attempts=2,
            wait_s=10,
        ),
        Step(
            "migrate",
            "Migrate",
            StepKind.COMMAND,
            command=("./migrate.sh",),
            undo=("./migrate.sh", "--back"),
            when="if the schema changes",
        ),
        Step("health", "Health", StepKind.HTTP, url="https://shop.example/healthz"),
        Step("announce", "Announce", StepKind.MANUAL, owner="release-manager"),
    )
