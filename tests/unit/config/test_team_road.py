"""A team's roles, types, phases, gates and approvals, as process files say them."""

from __future__ import annotations

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
from tests.unit.config.teams import DAY_S, WEEK_S, team_of


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
