"""A team's change control, and what later capabilities act on, as process files say them."""

from __future__ import annotations

from datetime import time

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
from sluiceway.domain.process.team import (
    TeamProcess,
)
from tests.unit.config.teams import DAY_S, WEEK_S


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
