"""The team's part of a process file: every section into its types, what is filled in, what is noted."""

from __future__ import annotations

from dataclasses import fields
from datetime import date, time
from pathlib import Path

import pytest

from sluiceway.config import load_process, parse_process, team_parts
from sluiceway.domain.process.control import (
    Answer,
    Board,
    ChangeKind,
    MatrixCriterion,
    Meeting,
    Question,
    RiskLevel,
    RiskRule,
)
from sluiceway.domain.process.environments import Entry, Environment
from sluiceway.domain.process.later import (
    Alert,
    BranchRule,
    Indicator,
    Message,
    PipelineStage,
    PlannedRelease,
    Review,
    RollbackPolicy,
    Severity,
)
from sluiceway.domain.process.lists import Anchor, Item, ItemKind, Step, StepKind
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Stage, Strategy
from sluiceway.domain.process.schedule import Calendar, Freeze, Milestone, Span, SpanUnit, Window
from sluiceway.domain.process.team import (
    AllOf,
    AnyOf,
    ApprovalPolicy,
    ByBoard,
    ByPeople,
    ByRole,
    ByWeight,
    Check,
    Gate,
    Need,
    NeedKind,
    Permission,
    Phase,
    PhaseKind,
    ReleaseType,
    Role,
    TeamProcess,
    VersionForm,
)
from sluiceway.errors import ProcessFileError

GOOD = Path(__file__).with_name("good") / "team.yaml"
DAY_S = 86_400.0
WEEK_S = 7 * DAY_S


def team_of(text: str) -> TeamProcess:
    team = parse_process(text).team
    assert team is not None
    return team


@pytest.fixture(scope="module")
def team() -> TeamProcess:
    found = load_process(GOOD).team
    assert found is not None
    return found


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


def test_roles_hold_duties_and_permissions(team: TeamProcess) -> None:
    lead = next(role for role in team.roles if role.id == "qa-lead")

    assert lead.may == (Permission.READ, Permission.APPROVE, Permission.ATTEST)
    assert team.roles[0].duties == ("Coordinates planning and execution", "Keeps the calendar")
    assert team.roles[-1] == Role("devops", "Devops", (), (Permission.READ,))


def test_a_type_is_read_with_all_its_figures(team: TeamProcess) -> None:
    assert team.types[0] == ReleaseType(
        id="major",
        title="Major release",
        version=(VersionForm.MAJOR,),
        path=("draft", "planned", "rolling-out", "monitoring", "closed"),
        purpose="Breaking changes",
        cadence="quarterly",
        length_s=(8 * WEEK_S, 12 * WEEK_S),
        approvals=("change-control-board",),
        gates=("code-quality",),
        testing=("Full test suite", "Load test"),
        rollout="canary",
        timeline="major",
        notes="standard",
        needs_change=True,
    )


def test_a_type_may_have_two_forms_of_version(team: TeamProcess) -> None:
    hotfix = team.types[1]

    assert hotfix.version == (VersionForm.HOTFIX, VersionForm.PATCH)
    assert (hotfix.title, hotfix.length_s) == ("Hotfix", (0.0, DAY_S))


def test_phases_say_what_they_need(team: TeamProcess) -> None:
    planned = next(phase for phase in team.phases if phase.id == "planned")
    rolling = next(phase for phase in team.phases if phase.id == "rolling-out")

    assert planned.needs == (
        Need(NeedKind.FIELD, "target_at"),
        Need(NeedKind.APPROVAL, "type"),
        Need(NeedKind.GATE, "code-quality"),
        Need(NeedKind.GATE, "type", ("major",)),
        Need(NeedKind.CHECKLIST, "before-deployment"),
        Need(NeedKind.DECISION, "go-no-go"),
    )
    assert (planned.back_to, planned.freezes_scope, planned.kind) == (("draft",), True, PhaseKind.WORK)
    assert rolling.needs == (
        Need(NeedKind.CHANGES),
        Need(NeedKind.CALENDAR),
        Need(NeedKind.RUNBOOK, "deployment"),
    )
    assert (rolling.kind, rolling.on_promoted, rolling.on_rolled_back) == (
        PhaseKind.ROLLOUT,
        "monitoring",
        "rolled-back",
    )


def test_cancelled_and_rolled_back_are_there_without_being_listed() -> None:
    phases = team_of("phases: [{id: draft}]").phases

    assert [(phase.id, phase.title, phase.kind) for phase in phases] == [
        ("draft", "Draft", PhaseKind.WORK),
        ("cancelled", "Cancelled", PhaseKind.END),
        ("rolled-back", "Rolled back", PhaseKind.WORK),
    ]


def test_listing_a_built_in_phase_says_more_about_it(team: TeamProcess) -> None:
    back = [phase for phase in team.phases if phase.id == "rolled-back"]

    assert back == [
        Phase(
            "rolled-back",
            "Taken back",
            PhaseKind.WORK,
            "Users are back on the version before it.",
            back_to=("draft",),
        )
    ]


def test_a_listed_cancelled_phase_ends_the_road() -> None:
    cancelled = team_of("phases: [{id: cancelled, title: Called off}]").phases[0]

    assert (cancelled.title, cancelled.kind) == ("Called off", PhaseKind.END)


def test_gates_hold_checks_and_a_plain_text_is_one(team: TeamProcess) -> None:
    assert team.gates == (
        Gate(
            "code-quality",
            "Code quality",
            (
                Check("coverage", "Unit test coverage", ">= 90%", "coverage"),
                Check("review", "Code review", "from 2 senior engineers", is_manual=True),
                Check("no-critical-findings", "No critical findings"),
            ),
            attested_by=("qa-lead",),
            waived_by=("release-manager",),
        ),
    )


def test_rules_of_approvals_may_hold_rules(team: TeamProcess) -> None:
    board, everybody = team.approvals

    assert board == ApprovalPolicy(
        "change-control-board",
        "Change control board",
        ByBoard("change-control-board"),
        expires_s=30 * DAY_S,
    )
    assert everybody.rule == AllOf(
        (
            ByRole("cto"),
            ByRole("devops", 2),
            ByPeople(("ada", "bob"), 1),
            ByWeight((("cto", 2), ("qa-lead", 1)), 3),
            AnyOf((ByRole("cto"), ByRole("qa-lead")), 2),
        ),
        in_order=True,
    )
    assert (everybody.binds, everybody.separate, everybody.rejections) == (
        ("version", "scope", "target"),
        ("author", "manager"),
        2,
    )


def test_weights_without_a_threshold_ask_for_all_of_them() -> None:
    rule = "roles: [{id: cto}, {id: qa}]\napprovals: [{id: plan, rule: {weights: {cto: 2, qa: 1}}}]"

    assert team_of(rule).approvals[0].rule == ByWeight((("cto", 2), ("qa", 1)), 3)


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


def test_change_control_is_read(team: TeamProcess) -> None:
    changes = team.changes

    assert changes.kinds == (
        ChangeKind("standard", "Standard", is_preapproved=True),
        ChangeKind(
            "emergency",
            "Emergency",
            board="change-control-board",
            approvals=("everybody",),
            is_emergency=True,
            review_after_s=2 * DAY_S,
        ),
    )
    assert changes.matrix == (
        MatrixCriterion("business-value", "Business value", 30, 0, 5, description="What it is worth"),
        MatrixCriterion("risk", "Risk", 70, higher_is_better=False),
    )
    assert changes.boards == (
        Board(
            "change-control-board",
            "Change control board",
            chair="cto",
            voting=("cto", "qa-lead"),
            advisory=("devops",),
            quorum=2,
            emergency_quorum=1,
            casting_vote=False,
            meets=Meeting(1, time(10), 2, 45),
            criteria=("Is it worth it?",),
        ),
    )


def test_risk_is_a_matter_of_rules_and_questions(team: TeamProcess) -> None:
    risk = team.changes.risk

    assert risk is not None
    assert risk.levels == (RiskLevel("low", "Low", 0), RiskLevel("high", "High", 70))
    assert risk.rules == (
        RiskRule("schema", "scope == 'major' && answers.users == 'all'", "high", "All users meet it."),
    )
    assert risk.questions == (
        Question("users", "How many users notice?", 2, (Answer("none", "None", 0), Answer("all", "All", 10))),
    )


def test_what_later_capabilities_act_on_is_read(team: TeamProcess) -> None:
    later = team.later

    assert later.communications == (
        Message(
            "two-weeks",
            "It is coming",
            offset_s=-14 * DAY_S,
            audience="Customers",
            channel="e-mail",
            owner="release-manager",
            is_external=True,
            template="announcement",
        ),
        Message("going-back", "We are going back", on="rollback", every_s=900),
    )
    assert later.reviews == (
        Review(
            "retrospective",
            "Retrospective",
            DAY_S,
            WEEK_S,
            ("What went well",),
            ((5, "Welcome"),),
            ("cto", "devops"),
            "qa-lead",
        ),
    )
    assert later.indicators == (
        Indicator("rollback-rate", "Rollback rate", "Efficiency", "rollbacks / releases", "< 2%"),
    )
    assert later.alerts == (Alert("errors", "error rate > 1%", "critical", 300, 0, "pager"),)
    assert later.rollback == RollbackPolicy(
        ("Payments fail",),
        ("major version rollbacks",),
        ("Traffic first",),
        (("Data is damaged", "Restore", ("Stop writes",)),),
    )
    assert later.pipelines == (PipelineStage("unit", "Unit", "every commit", 300, ("pytest",), "90%", "CI"),)
    assert later.branches == (BranchRule("release/*", "Stabilising", 2, True, True, ("ci",)),)
    assert later.calendar == (PlannedRelease("2.0.0", "2026-03-15", "major", "Payments"),)
    assert [(one.id, one.sections) for one in later.notes] == [("standard", ("Highlights", "Fixes"))]
    assert [(one.title, one.trigger) for one in later.risks] == [("Technical debt", "Builds slow down")]
    assert [(one.standard, one.text) for one in later.controls] == [("SOC 2", "Access is reviewed")]
    assert [(one.title, one.lines) for one in later.topics] == [("Logging", ("JSON with a trace id",))]


def test_incidents_have_a_scale_and_times(team: TeamProcess) -> None:
    incidents = team.later.incidents

    assert incidents is not None
    assert list(incidents.severities) == [
        Severity("sev-1", "SEV 1", ("Nobody can pay",), "Everybody", 0),
        Severity("sev-4", "Sev 4"),
    ]
    assert incidents.update_every_s == (900.0, 1_800.0)
    assert (incidents.postmortem_within_s, incidents.quick_fix_within_s) == (172_800, 900)


def test_planning_has_points_capacity_and_a_share_for_debt(team: TeamProcess) -> None:
    planning = team.later.planning

    assert planning is not None
    assert (planning.sprint_s, planning.sprint_points, planning.sprint_days) == (2 * WEEK_S, 60, 10)
    assert (planning.points_per_day, planning.debt_percent) == (6, 20)
    assert (planning.points, planning.team) == (((8, "A week"),), (("front-end developers", 4),))
    assert [(one.id, one.meaning) for one in planning.priorities] == [("must", "Not without it")]


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
