"""Views of a release, made by hand: what the console is given, without a store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sluiceway.domain.process.team import Permission
from sluiceway.domain.releases.model import Facts
from sluiceway.services.release_views import (
    ApprovalView,
    GateView,
    MissingView,
    MoveView,
    PhaseView,
    ReleaseSummary,
    ReleaseView,
    WaitingView,
)
from sluiceway.services.views import RolloutSummary

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
EVERYTHING = tuple(one.value for one in Permission)
MISSING = MissingView("gate", "testing", "Testing is not attested", ("qa-lead",), ("quinn",))


def a_summary(**changed: Any) -> ReleaseSummary:
    summary = ReleaseSummary(
        id="REL-2027-0001",
        service="checkout",
        version="2.4.0",
        type="minor",
        type_title="Minor release",
        title="Saved cards",
        code_name="",
        phase="staging",
        phase_title="Staging",
        is_open=True,
        manager="rita",
        target_at=NOW,
        since=NOW,
    )
    return replace(summary, **changed)


def an_approval(**changed: Any) -> ApprovalView:
    approval = ApprovalView(
        policy="readiness",
        title="Readiness review",
        standing="waiting",
        sentence="Readiness review waits for 1 of QA Lead",
        subject=(("version", "2.4.0"),),
        subject_hash="abc",
        my_roles=("qa-lead",),
    )
    return replace(approval, **changed)


def a_gate(**changed: Any) -> GateView:
    gate = GateView(
        id="testing",
        title="Testing",
        standing="missing",
        sentence="Testing is not attested",
        attested_by=("qa-lead",),
        may_attest=True,
        may_waive=True,
    )
    return replace(gate, **changed)


def a_rollout(*, is_finished: bool = False) -> RolloutSummary:
    return RolloutSummary(
        id="01900000-0000-7000-8000-000000000000",
        service="checkout",
        new="2.4.0",
        stable="2.3.1",
        strategy="canary",
        phase="promoted" if is_finished else "progressing",
        stage="few",
        weight_percent=5.0,
        headline="5 % of users meet 2.4.0",
        created_at=NOW,
        created_by="dev",
        finished_at=None,
        is_finished=is_finished,
        outcome="promoted" if is_finished else "",
    )


def a_view(**changed: Any) -> ReleaseView:
    """Return a release in staging that may go forward, back, be rolled back and be cancelled."""
    view = ReleaseView(
        summary=a_summary(),
        version=7,
        facts=Facts("2.4.0", "minor", target_at=NOW),
        author="pia",
        created_at=NOW,
        process_name="checkout",
        process_hash="0" * 64,
        is_newest_process=True,
        scope_is_frozen=False,
        phases=(
            PhaseView("staging", "Staging", "Stands in pre-production", "current", kind="work"),
            PhaseView("rolling-out", "Rolling out", "Users meet it", "coming", kind="rollout"),
        ),
        moves=(
            MoveView("rolling-out", "Rolling out", is_back=False),
            MoveView("in-development", "In development", is_back=True),
            MoveView("rolled-back", "Rolled back", is_back=True),
            MoveView("cancelled", "Cancelled", is_back=True),
        ),
        approvals=(),
        gates=(),
        checklists=(),
        conditions=(),
        decisions=(),
        wanted_decisions=(),
        changes=(),
        rollouts=(),
        rollout_names=("canary",),
        runs=(),
        may=EVERYTHING,
    )
    return replace(view, **changed)


def a_waiting(ref: str, text: str, **changed: Any) -> WaitingView:
    waiting = WaitingView("checklist", text, "REL-2027-0001", "2.4.0 Saved cards", "checkout", ref=ref)
    return replace(waiting, **changed)
