"""What a person can do about a release, as dialogs that say what will happen before they confirm.

Whether an act is allowed is the domain's business and stands in the view; carrying it out is the API's.
"""

from __future__ import annotations

from sluiceway.domain.process.team import CANCELLED, ROLLED_BACK, Permission, PhaseKind
from sluiceway.services.release_views import ApprovalView, GateView, MoveView, ReleaseView
from sluiceway.web.acts import Tone
from sluiceway.web.forms import (
    Field,
    FieldKind,
    Form,
    Option,
    comment_form,
    in_words,
    reason,
    vote_form,
)
from sluiceway.web.run_acts import start_form

_ASIDE = frozenset({CANCELLED, ROLLED_BACK})


def head_forms(view: ReleaseView) -> tuple[Form, ...]:
    """Return what the buttons at the top of the page open: forward first, the ways back last."""
    found: list[Form] = []
    if Permission.MOVE in view.may:
        found += [_forward(view, move) for move in view.moves if not move.is_back and move.is_ready]
    if can_start_rollout(view):
        found.append(_start_rollout(view))
    if Permission.PLAN in view.may and view.facts.target_at is not None:
        found.append(_replan(view))
    reachable = {move.to for move in view.moves}
    backs = tuple(move for move in view.moves if move.is_back and move.to not in _ASIDE)
    if backs and Permission.MOVE in view.may:
        found.append(_send_back(view, backs))
    if ROLLED_BACK in reachable and view.rollouts and Permission.ROLL_BACK in view.may:
        found.append(_roll_back(view))
    if CANCELLED in reachable and Permission.MOVE in view.may:
        found.append(_cancel(view))
    return tuple(found)


def other_forms(view: ReleaseView) -> tuple[Form, ...]:
    """Return the dialogs of the buttons beside approvals, gates, checklist items and the rest."""
    found = [vote_form(one, _url(view, "vote")) for one in view.approvals if may_vote(view, one)]
    found += [comment_form(one, _url(view, "vote")) for one in view.approvals]
    for gate in view.gates:
        if may_attest(view, gate):
            found.append(_attest(view, gate))
        if may_waive(view, gate):
            found.append(_waive(view, gate))
    if Permission.CHECK in view.may:
        found += _item_forms(view)
        found += [start_form(view, runbook) for runbook in view.runbooks]
    if Permission.MOVE in view.may:
        found += [_decide(view, decision) for decision in decisions_of(view)]
    if Permission.PLAN in view.may:
        found += [_link_change(view), _unlink_change(view)]
        if not view.is_newest_process:
            found.append(_upgrade(view))
    if Permission.OVERRIDE in view.may and view.calendar_closed:
        found.append(_override(view))
    return tuple(found)


def may_vote(view: ReleaseView, approval: ApprovalView) -> bool:
    return Permission.APPROVE in view.may and bool(approval.my_roles)


def may_attest(view: ReleaseView, gate: GateView) -> bool:
    return Permission.ATTEST in view.may and gate.may_attest


def may_waive(view: ReleaseView, gate: GateView) -> bool:
    return Permission.OVERRIDE in view.may and gate.may_waive and gate.standing not in {"passed", "waived"}


def can_start_rollout(view: ReleaseView) -> bool:
    """Return whether a rollout can be started: in a phase for it, and none is under way."""
    is_there = any(one.status == "current" and one.kind == PhaseKind.ROLLOUT for one in view.phases)
    return (
        is_there and Permission.ROLLOUT in view.may and all(rollout.is_finished for rollout in view.rollouts)
    )


def decisions_of(view: ReleaseView) -> tuple[str, ...]:
    """Return the decisions that are asked for or were taken, once each."""
    return tuple(dict.fromkeys((*view.wanted_decisions, *(one.id for one in view.decisions))))


def _url(view: ReleaseView, act: str) -> str:
    return f"/releases/{view.summary.id}/{act}"


def _forward(view: ReleaseView, move: MoveView) -> Form:
    meaning = next((phase.meaning for phase in view.phases if phase.id == move.to), "")
    return Form(
        key=f"move-{move.to}",
        url=_url(view, "move"),
        label=f"Move to {move.title}",
        title=f"Move {view.summary.version} to {move.title}?",
        consequences=(
            *((f"{move.title}: {meaning}.",) if meaning else ()),
            "Nothing is missing for it. The audit trail keeps that you moved it.",
        ),
        confirm=f"Move to {move.title}",
        fields=(reason("Note", is_needed=False),),
        fixed=(("to", move.to),),
        is_for_version=True,
    )


def _send_back(view: ReleaseView, moves: tuple[MoveView, ...]) -> Form:
    options = tuple(
        Option(move.to, move.title, next((one.meaning for one in view.phases if one.id == move.to), ""))
        for move in moves
    )
    return Form(
        key="send-back",
        url=_url(view, "move"),
        label="Send back",
        title=f"Send {view.summary.version} back?",
        consequences=(
            "Votes and attestations stay; those whose subject changes are asked for again.",
            "It takes the road from there once more.",
        ),
        confirm="Send back",
        tone=Tone.HOLD,
        fields=(
            Field("to", "To which phase", FieldKind.RADIO, options=options, value=options[0].value),
            reason(),
        ),
    )


def _roll_back(view: ReleaseView) -> Form:
    live = [rollout for rollout in view.rollouts if not rollout.is_finished]
    sentences = (
        tuple(f"The rollout to {one.new} is rolled back: everyone meets {one.stable} again." for one in live)
        if live
        else ("No rollout of it is under way; what users meet does not change by this.",)
    )
    return Form(
        key="roll-back",
        url=_url(view, "rollback"),
        label="Roll back",
        title=f"Roll {view.summary.service} {view.summary.version} back?",
        consequences=(*sentences, "The release moves to “Rolled back” and can be taken up again from there."),
        confirm="Roll back",
        tone=Tone.BACK,
        fields=(reason(),),
    )


def _cancel(view: ReleaseView) -> Form:
    return Form(
        key="cancel",
        url=_url(view, "cancel"),
        label="Cancel release",
        title=f"Give {view.summary.service} {view.summary.version} up?",
        consequences=(
            "The release ends as cancelled and asks nobody for anything any more.",
            "Its history stays; its version can be used by a new release.",
        ),
        confirm="Cancel release",
        tone=Tone.BACK,
        fields=(reason(),),
    )


def _start_rollout(view: ReleaseView) -> Form:
    options = tuple(Option(name, in_words(name)) for name in view.rollout_names)
    by_which = (
        (Field("name", "By which rollout", FieldKind.SELECT, options=options, value=options[0].value),)
        if options
        else ()
    )
    return Form(
        key="start-rollout",
        url=_url(view, "rollout"),
        label="Start rollout",
        title=f"Start the rollout of {view.summary.version}?",
        consequences=(
            f"{view.summary.version} starts beside the version that serves now and meets users by stages.",
            "Its end moves this release on; a rollback moves it to “Rolled back”.",
        ),
        confirm="Start rollout",
        fields=by_which,
    )


def _replan(view: ReleaseView) -> Form:
    target = view.facts.target_at
    return Form(
        key="replan",
        url=_url(view, "plan"),
        label="Move the date",
        title="Move the target date?",
        consequences=(
            "Every milestone and every checklist's due date is laid out backwards from the new date.",
        ),
        confirm="Move the date",
        tone=Tone.HOLD,
        fields=(
            Field(
                "target_at",
                "New target",
                FieldKind.MOMENT,
                value="" if target is None else target.isoformat(),
                is_needed=True,
            ),
        ),
    )


def _attest(view: ReleaseView, gate: GateView) -> Form:
    kinds = (
        Option("true", "It holds", f"The gate counts as passed for {view.summary.version}."),
        Option("false", "It does not hold", "The gate counts as failed and holds what it guards."),
    )
    return Form(
        key=f"attest-{gate.id}",
        url=_url(view, "attest"),
        label="Attest",
        title=f"{gate.title}: does it hold?",
        consequences=(
            f"You state it in your name, for version {view.summary.version} only; it is signed and kept.",
        ),
        confirm="Sign statement",
        fields=(
            Field("holds", "What you found", FieldKind.EITHER, options=kinds, value="true"),
            Field(
                "statement",
                "What you looked at",
                FieldKind.AREA,
                is_needed=True,
                help="Figures, links to reports: what lets others follow you.",
            ),
        ),
        fixed=(("gate", gate.id),),
        subject=tuple((check.text, check.expects) for check in gate.checks),
    )


def _waive(view: ReleaseView, gate: GateView) -> Form:
    return Form(
        key=f"waive-{gate.id}",
        url=_url(view, "waive"),
        label="Waive",
        title=f"Let {view.summary.version} pass without {gate.title}?",
        consequences=(
            "The gate holds this release no more, though nobody says that it is met.",
            "The waiver, your name and the reason are signed and kept.",
        ),
        confirm="Waive gate",
        tone=Tone.BACK,
        fields=(
            reason(),
            Field("until", "Until", FieldKind.MOMENT, help="Empty: for good.", is_left_out=True),
        ),
        fixed=(("gate", gate.id),),
    )


def _item_forms(view: ReleaseView) -> list[Form]:
    """Return the dialogs that all checklist items and conditions share; the button says which one."""
    note = Field("note", "Note", FieldKind.AREA, is_left_out=True)
    return [
        Form(
            key="item-done",
            url=_url(view, "check"),
            label="Done",
            title="Is this done?",
            consequences=("“{words}”", "It counts as done, in your name."),
            confirm="Done",
            fields=(
                note,
                Field("link", "Link to evidence", is_left_out=True, help="A report, a ticket, a dashboard."),
            ),
            fixed=(("state", "done"),),
        ),
        Form(
            key="item-set-aside",
            url=_url(view, "check"),
            label="Set aside",
            title="Does this not apply here?",
            consequences=("“{words}”", "It holds the release no more; the reason is kept."),
            confirm="Set aside",
            tone=Tone.HOLD,
            fields=(reason("Why it does not apply", name="note"),),
            fixed=(("state", "set-aside"),),
        ),
        Form(
            key="item-reopen",
            url=_url(view, "check"),
            label="Reopen",
            title="Is this still to do?",
            consequences=("“{words}”", "It is open again and holds what it guards."),
            confirm="Reopen",
            tone=Tone.HOLD,
            fields=(note,),
            fixed=(("state", "open"),),
        ),
        Form(
            key="item-run",
            url=_url(view, "run-item"),
            label="Run",
            title="Run this check now?",
            consequences=("“{words}”", "What it answers and the end of its output are kept."),
            confirm="Run",
        ),
        Form(
            key="condition-met",
            url=_url(view, "meet"),
            label="Met",
            title="Is this condition met?",
            consequences=(
                "“{words}”",
                "Somebody agreed on this condition; it counts as met, in your name.",
            ),
            confirm="It is met",
            fields=(note,),
        ),
    ]


def _decide(view: ReleaseView, decision: str) -> Form:
    kinds = (
        Option("go", "Go", "What waits for this decision may go on."),
        Option("no-go", "No go", "What waits for it is held until a go is recorded."),
    )
    return Form(
        key=f"decide-{decision}",
        url=_url(view, "decide"),
        label="Decide",
        title=f"{in_words(decision)}: go or no go?",
        consequences=("The decision is on what the release holds now; a change to that makes it stale.",),
        confirm="Record decision",
        fields=(Field("kind", "Decision", FieldKind.RADIO, options=kinds, value="go"), reason()),
        fixed=(("decision", decision),),
    )


def _link_change(view: ReleaseView) -> Form:
    return Form(
        key="link-change",
        url=_url(view, "link"),
        label="Link a change request",
        title="Link a change request",
        consequences=("The release carries this change out; where the process says so, it waits for it.",),
        confirm="Link",
        fields=(Field("change", "Its number", is_needed=True, help="For example CR-2026-001."),),
    )


def _unlink_change(view: ReleaseView) -> Form:
    return Form(
        key="unlink-change",
        url=_url(view, "unlink"),
        label="Take link away",
        title="Take the link to this change request away?",
        consequences=(
            "{words}",
            "The release waits for it no more. The change request itself stays.",
        ),
        confirm="Take link away",
        tone=Tone.BACK,
    )


def _upgrade(view: ReleaseView) -> Form:
    return Form(
        key="upgrade",
        url=_url(view, "upgrade"),
        label="Move to the process in force",
        title="Move this release to the process in force?",
        consequences=(
            f"It began under an earlier version of “{view.process_name}” and has kept it.",
            "Phases, approvals, gates and checklists are then those of the process in force.",
        ),
        confirm="Move to it",
        tone=Tone.HOLD,
    )


def _override(view: ReleaseView) -> Form:
    return Form(
        key="override-calendar",
        url=_url(view, "override"),
        label="Permit it all the same",
        title="Permit this release to act while the calendar is closed?",
        consequences=(
            f"Closed now: {view.calendar_closed}.",
            "This release alone may act all the same; your name and the reason are kept.",
        ),
        confirm="Permit",
        tone=Tone.BACK,
        fields=(
            reason(),
            Field("until", "Until", FieldKind.MOMENT, help="Empty: for good.", is_left_out=True),
        ),
    )
