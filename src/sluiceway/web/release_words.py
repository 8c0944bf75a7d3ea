"""States of releases, approvals, gates and changes in words, each with the tone that colours it."""

from __future__ import annotations

from datetime import UTC, datetime

from sluiceway.services.change_views import ChangeSummary
from sluiceway.services.release_views import ItemView, MissingView, ReleaseSummary, WaitingView
from sluiceway.web.forms import in_words
from sluiceway.web.pages import Label
from sluiceway.web.wording import ended, sentence

_APPROVALS = {
    "waiting": Label("waiting", "hold"),
    "approved": Label("approved", "good"),
    "rejected": Label("rejected", "back"),
}
_GATES = {
    "passed": Label("passed", "good"),
    "waived": Label("waived", "idle"),
    "failed": Label("failed", "back"),
    "missing": Label("nobody has said", "hold"),
    "stale": Label("said of another version", "hold"),
}
_VOTES = {
    "approve": Label("approves", "good"),
    "approve-if": Label("approves if", "hold"),
    "reject": Label("rejects", "back"),
    "abstain": Label("abstains", "idle"),
    "withdraw": Label("withdrew", "idle"),
    "comment": Label("comments", "idle"),
}
_ITEMS = {
    "open": Label("to do", "idle"),
    "done": Label("done", "good"),
    "failed": Label("failed", "back"),
    "set-aside": Label("set aside", "idle"),
}
_CHANGES = {
    "draft": Label("Draft", "idle"),
    "submitted": Label("Submitted", "hold"),
    "approved": Label("Approved", "good"),
    "rejected": Label("Rejected", "back"),
    "scheduled": Label("Scheduled", "good"),
    "in-progress": Label("In progress", "go"),
    "done": Label("Done", "good"),
    "failed": Label("Failed", "back"),
    "withdrawn": Label("Withdrawn", "idle"),
    "missing": Label("Does not exist", "back"),
}
_RUNS = {
    "running": Label("Running", "go"),
    "waiting": Label("Waits for a person", "hold"),
    "undoing": Label("Taking back", "back"),
    "done": Label("Done", "good"),
    "failed": Label("Failed", "back"),
    "stuck": Label("Stuck", "back"),
    "stopped": Label("Stopped", "idle"),
}
_STEPS = {
    "open": Label("to come", "idle"),
    "running": Label("running", "go"),
    "waiting": Label("waits for a person", "hold"),
    "done": Label("done", "good"),
    "failed": Label("failed", "back"),
    "unknown": Label("cut off", "hold"),
    "set-aside": Label("set aside", "idle"),
    "undoing": Label("taking back", "back"),
    "taken-back": Label("taken back", "idle"),
}
_TURNED_BACK = frozenset({"cancelled", "rolled-back"})
_SEVERE = ("critical", "very-high", "high", "severe", "major")
_MILD = ("low", "minor", "minimal", "none")
_PLACES = {
    "approval": "approval-{ref}",
    "gate": "gate-{ref}",
    "checklist": "checklist-{head}",
    "decision": "decisions",
    "condition": "conditions",
    "changes": "changes",
    "calendar": "calendar",
    "rollout": "rollouts",
    "runbook": "runs",
    "field": "about",
}


def release_label(summary: ReleaseSummary) -> Label:
    """Return where a release is, coloured by whether it goes on, is turned back or has ended well."""
    if summary.phase in _TURNED_BACK:
        return Label(summary.phase_title, "back")
    return Label(summary.phase_title, "go" if summary.is_open else "good")


def approval_label(standing: str) -> Label:
    return _APPROVALS.get(standing, Label(in_words(standing), "idle"))


def gate_label(standing: str) -> Label:
    return _GATES.get(standing, Label(in_words(standing), "idle"))


def vote_label(kind: str) -> Label:
    return _VOTES.get(kind, Label(in_words(kind), "idle"))


def item_label(item: ItemView) -> Label:
    if item.state == "open" and item.is_overdue:
        return Label("late", "back")
    return _ITEMS.get(item.state, Label(in_words(item.state), "idle"))


def change_label(state: str) -> Label:
    return _CHANGES.get(state, Label(in_words(state), "idle"))


def run_label(phase: str) -> Label:
    return _RUNS.get(phase, Label(in_words(phase), "idle"))


def step_label(state: str) -> Label:
    return _STEPS.get(state, Label(in_words(state), "idle"))


def risk_label(level: str) -> Label:
    """Return a risk level with a tone that a process's own names get as well as they can."""
    name = level.lower().replace(" ", "-")
    tone = "back" if name in _SEVERE else "good" if name in _MILD else "hold" if name else "idle"
    return Label(f"{in_words(level)} risk" if level else "Risk not known", tone)


def place_of(missing: MissingView) -> str:
    """Return the id on the release's page where what is missing can be supplied, "" for nowhere."""
    head = missing.ref.partition("/")[0]
    return _PLACES.get(missing.kind, "").format(ref=missing.ref, head=head)


def waiting_url(one: WaitingView) -> str:
    """Return the address where somebody can do what waits."""
    if one.subject.startswith("CR-"):
        return f"/changes/{one.subject}"
    place = _PLACES.get(one.kind, "").format(ref=one.ref, head=one.ref.partition("/")[0])
    return f"/releases/{one.subject}{f'#{place}' if place else ''}"


def minute(at: datetime) -> str:
    """Return an instant to the minute, for people whose zone is not known yet: `21 Nov 2025, 14:03 UTC`."""
    utc = at.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def waits(one: ChangeSummary) -> str:
    """Return what a change request waits for as a sentence, "" when for nothing."""
    return sentence(f"waits for {one.waits_for}") if one.waits_for else ""


def people(names: tuple[str, ...]) -> str:
    """Return names as a list in a sentence: `ada, bob or cat`; many are cut short."""
    shown = list(names[:6])
    if len(names) > len(shown):
        shown.append(f"{len(names) - len(shown)} more")
    return f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else "".join(shown)


FILTERS: dict[str, object] = {
    "release_label": release_label,
    "approval_label": approval_label,
    "gate_label": gate_label,
    "vote_label": vote_label,
    "item_label": item_label,
    "change_label": change_label,
    "risk_label": risk_label,
    "run_label": run_label,
    "step_label": step_label,
    "place": place_of,
    "waiting_url": waiting_url,
    "waits": waits,
    "minute": minute,
    "people": people,
    "role": in_words,
    "ended": ended,
}
