"""What a person can do to a rollout, said so that they know what will happen before they confirm.

Turns the acts a rollout allows (`RolloutView.actions`) into buttons and the words of their dialogs. Whether
an act is allowed is the domain's business; carrying it out is the API's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from sluiceway.domain.process.plan import Action
from sluiceway.domain.rollouts.model import CommandKind, Phase
from sluiceway.services.views import CriterionView, RolloutView, StageView
from sluiceway.web import wording


class Tone(StrEnum):
    """Where an act takes the users: further to the new version, nowhere, or back to stable."""

    GO = "go"
    HOLD = "hold"
    BACK = "back"


@dataclass(frozen=True, slots=True)
class Choice:
    """One way of doing an act; `value` is sent as the request's `action`."""

    value: str
    label: str
    consequence: str


@dataclass(frozen=True, slots=True)
class Act:
    """One button and its dialog. `key` is unique on the page; `confirm` is the dialog's button."""

    key: str
    kind: str
    subject: str
    label: str
    title: str
    consequences: tuple[str, ...]
    confirm: str
    tone: Tone
    needs_reason: bool = False
    choices: tuple[Choice, ...] = ()


def possible_acts(view: RolloutView) -> tuple[Act, ...]:
    """Return the buttons of the page's head, those that go forward first, the ways back last."""
    return tuple(
        _WORDS[kind](view) for kind in _ORDER if kind.value in view.actions and _is_useful(kind, view)
    )


def _is_useful(kind: CommandKind, view: RolloutView) -> bool:
    """Leave out what is allowed but would do nothing, or the same as the button beside it."""
    phase = view.summary.phase
    match kind:
        case CommandKind.APPROVE:  # a manual criterion has its own button beside it
            return phase == Phase.AWAITING_APPROVAL
        case CommandKind.RETRY:
            is_starting_up = re.fullmatch(r"\d+ of \d+|unknown", view.new_ready) is not None
            return view.summary.is_finished or bool(view.problems) or not is_starting_up
        case CommandKind.SKIP:
            return phase != Phase.KEEPING
        case CommandKind.PROMOTE:
            return phase == Phase.KEEPING or current_stage(view) is not None
        case _:
            return True


def attestation(view: RolloutView, criterion: CriterionView, position: int) -> Act | None:
    """Return the button that attests a manual criterion, or None when it is not waiting for a person."""
    if CommandKind.APPROVE.value not in view.actions or criterion.verdict != "waits-for-person":
        return None
    return Act(
        key=f"attest-{position}",
        kind=CommandKind.APPROVE.value,
        subject=criterion.text,
        label="Attest",
        title="Attest that this holds?",
        consequences=(
            f"You state, in your name: “{criterion.text}”.",
            "The criterion counts as met for this stage, and the audit trail keeps that you said so.",
        ),
        confirm="Attest",
        tone=Tone.GO,
    )


def current_stage(view: RolloutView) -> StageView | None:
    """Return the stage that runs now; None before the first and after the last."""
    return next((stage for stage in view.stages if stage.status == "current"), None)


def _next_stage(view: RolloutView) -> StageView | None:
    return next((stage for stage in view.stages if stage.status == "waiting"), None)


def _split(view: RolloutView) -> str:
    new = view.weight_asked_percent
    return (
        f"{wording.percent(new)} on {view.summary.new}, {wording.percent(100 - new)} on {view.summary.stable}"
    )


def _stage_in_words(stage: StageView, view: RolloutView) -> str:
    if stage.weight_percent >= 100:
        return f"“{stage.id}”: everyone meets {view.summary.new}"
    return f"“{stage.id}”: {wording.percent(stage.weight_percent)} of users meet {view.summary.new}"


def _approve(view: RolloutView) -> Act:
    stage = _next_stage(view)
    return Act(
        key="approve",
        kind=CommandKind.APPROVE.value,
        subject="" if stage is None else stage.id,
        label="Approve",
        title="Approve the next stage?" if stage is None else f"Approve stage “{stage.id}”?",
        consequences=(
            "Once it has every approval it needs, the next stage begins."
            if stage is None
            else f"Once it has every approval it needs: stage {_stage_in_words(stage, view)}.",
            "The audit trail keeps that you agreed.",
        ),
        confirm="Approve",
        tone=Tone.GO,
    )


def _pause(view: RolloutView) -> Act:
    return Act(
        key="pause",
        kind=CommandKind.PAUSE.value,
        subject="",
        label="Pause",
        title="Pause this rollout?",
        consequences=(
            f"Traffic stays as it is: {_split(view)}.",
            "Nothing moves forward until someone resumes it.",
            "Rollback triggers keep watching and can still send everyone back.",
        ),
        confirm="Pause",
        tone=Tone.HOLD,
    )


def _resume(view: RolloutView) -> Act:
    stage = current_stage(view)
    where = "where it stopped" if stage is None else f"stage {_stage_in_words(stage, view)}"
    return Act(
        key="resume",
        kind=CommandKind.RESUME.value,
        subject="",
        label="Resume",
        title="Resume this rollout?",
        consequences=(
            f"It goes on from {where}.",
            "The time it stood still does not count towards the stage's duration.",
        ),
        confirm="Resume",
        tone=Tone.GO,
    )


def _promote(view: RolloutView) -> Act:
    left = [stage.id for stage in view.stages if stage.status in {"current", "waiting"}]
    skipped = ", ".join(f"“{name}”" for name in left)
    new, stable = view.summary.new, view.summary.stable
    if view.summary.phase == Phase.KEEPING:
        title, first = (
            f"Retire {stable} now?",
            f"{stable} is stopped now. Going back then needs a new rollout.",
        )
        then = f"Everyone stays on {new} and the rollout ends."
    else:
        title, first = f"Give {new} to everyone?", f"All traffic moves to {new} now; {stable} gets none."
        then = f"What is left is not waited for, neither time nor criteria nor approvals: {skipped}."
    return Act(
        key="promote",
        kind=CommandKind.PROMOTE.value,
        subject="",
        label="Retire old version" if view.summary.phase == Phase.KEEPING else "Promote",
        title=title,
        consequences=(first, then),
        confirm=f"Retire {stable}" if view.summary.phase == Phase.KEEPING else f"Promote {new}",
        tone=Tone.GO,
        needs_reason=True,
    )


def _skip(view: RolloutView) -> Act:
    stage, following = current_stage(view), _next_stage(view)
    name = "this stage" if stage is None else f"stage “{stage.id}”"
    if following is None:
        then = f"Everyone is on {view.summary.new} then; no stage is left."
    elif following.approval:
        then = f"Next is stage “{following.id}”, which still needs its approval: {following.approval}."
    else:
        then = f"Next is stage {_stage_in_words(following, view)}."
    return Act(
        key="skip",
        kind=CommandKind.SKIP.value,
        subject="",
        label="Skip stage",
        title=f"Skip the rest of {name}?",
        consequences=("Its remaining time and its criteria are not waited for.", then),
        confirm="Skip stage",
        tone=Tone.GO,
        needs_reason=True,
    )


def _retry(view: RolloutView) -> Act:
    summary = view.summary
    if summary.is_finished:
        title = f"Roll {summary.new} out again?"
        consequences: tuple[str, ...] = (
            f"A new rollout of {summary.service} from {summary.stable} to {summary.new} starts.",
            "It begins at the first stage, with the process file as it was.",
        )
    else:
        title = "Try again what was refused?"
        refused = tuple(f"Refused so far: {problem}" for problem in view.problems[:3])
        consequences = ("What could not be done is tried again now; what is wanted stays the same.", *refused)
    return Act(
        key="retry",
        kind=CommandKind.RETRY.value,
        subject="",
        label="Start again" if summary.is_finished else "Try again",
        title=title,
        consequences=consequences,
        confirm="Start again" if summary.is_finished else "Try again",
        tone=Tone.GO,
    )


def _rollback(view: RolloutView) -> Act:
    new, stable = view.summary.new, view.summary.stable
    is_under_way = view.summary.phase == Phase.ROLLING_BACK
    ways = (
        Choice(
            Action.IMMEDIATE.value,
            "Immediate",
            f"All traffic goes to {stable} at once. {new} finishes the requests it has, then stops.",
        ),
        Choice(
            Action.GRADUAL.value,
            "Gradual",
            f"Traffic goes back to {stable} step by step. For when {stable} needs time to take the load.",
        ),
        Choice(
            Action.EMERGENCY.value,
            "Emergency",
            f"All traffic goes to {stable} at once and {new} is killed: requests it is working on fail.",
        ),
    )
    ends = "It ends as it was decided" if is_under_way else "The rollout ends as rolled back"
    return Act(
        key="rollback",
        kind=CommandKind.ROLLBACK.value,
        subject="",
        label="Hasten rollback" if is_under_way else "Roll back",
        title=f"Take everyone back to {stable} faster?"
        if is_under_way
        else f"Send everyone back to {stable}?",
        consequences=(f"Users now: {_split(view)}.", f"{ends}; {new} is stopped."),
        confirm="Hasten rollback" if is_under_way else f"Roll back to {stable}",
        tone=Tone.BACK,
        choices=tuple(way for way in ways if not is_under_way or way.value != Action.GRADUAL),
    )


def _abort(view: RolloutView) -> Act:
    new, stable = view.summary.new, view.summary.stable
    return Act(
        key="abort",
        kind=CommandKind.ABORT.value,
        subject="",
        label="Abort",
        title="Abort this rollout for good?",
        consequences=(
            f"All traffic goes back to {stable} at once, then {new} is stopped.",
            "It ends as aborted and can't be taken up again; a new rollout must be started.",
        ),
        confirm="Abort rollout",
        tone=Tone.BACK,
        needs_reason=True,
    )


_WORDS = {
    CommandKind.APPROVE: _approve,
    CommandKind.RESUME: _resume,
    CommandKind.RETRY: _retry,
    CommandKind.PAUSE: _pause,
    CommandKind.SKIP: _skip,
    CommandKind.PROMOTE: _promote,
    CommandKind.ROLLBACK: _rollback,
    CommandKind.ABORT: _abort,
}
_ORDER = tuple(_WORDS)
