"""What a person can do about a flag, as dialogs that say what will happen.

Whether an act is allowed stands in the view (`rights`); carrying it out is the API's.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from sluiceway.domain.process.team import Permission
from sluiceway.services.flag_views import FlagStateView, FlagVersionView, FlagView, ProposalView
from sluiceway.web.acts import Tone
from sluiceway.web.forms import Form, reason

_ASKED = "Where the process asks for an approval, the change waits for it."
_NOT_ASKED = "Nobody is asked for an approval; every connected application hears of it at once."


def api_address(service: str, flag: str) -> str:
    """Return where the API has a flag, below `/api`."""
    return f"/flags/{quote(service, safe='')}/{quote(flag, safe='')}"


def page_address(service: str, flag: str) -> str:
    """Return where the console shows a flag."""
    return f"/flags/{quote(service, safe='')}/{quote(flag, safe='')}"


def head_forms(view: FlagView) -> tuple[Form, ...]:
    """Return what concerns a flag in every environment: kill it, bring it back, take it away."""
    forms: list[Form] = []
    held = [one for one in view.summary.states if one.held_off_by]
    if _may(view, Permission.KILL) and any(one.held_off_by != "kill" for one in view.summary.states):
        forms.append(_kill_all(view))
    if _may(view, Permission.FLAG) and len(held) > 1:
        forms.append(_restore_all(view, held))
    if _may(view, Permission.FLAG):
        forms.append(_archive(view))
    return tuple(forms)


def environment_forms(view: FlagView, state: FlagStateView) -> tuple[Form, ...]:
    """Return what can be done in one environment, keyed `ACT-ENVIRONMENT`."""
    forms: list[Form] = []
    if _may(view, Permission.FLAG):
        if state.held_off_by:
            forms.append(_restore(view, state))
        elif state.is_enabled:
            forms.append(_toggle(view, state, on=False))
        if not state.is_enabled and not state.held_off_by:
            forms.append(_toggle(view, state, on=True))
    if _may(view, Permission.KILL) and state.held_off_by != "kill":
        forms.append(_kill(view, state))
    return tuple(forms)


def proposal_forms(view: FlagView) -> tuple[Form, ...]:
    """Return the dialogs of the changes that wait, keyed `ACT-ID`."""
    forms: list[Form] = []
    for one in view.waiting:
        if _may(view, Permission.APPROVE) or _may(view, Permission.FLAG):
            forms += [_approve(one), _reject(one)]
        if _may(view, Permission.FLAG):
            forms.append(_withdraw(one))
    return tuple(forms)


def undo_forms(view: FlagView, history: Sequence[FlagVersionView]) -> tuple[Form, ...]:
    """Return the dialogs that take a change back, keyed `undo-ID`, for those that can be."""
    if not _may(view, Permission.FLAG):
        return ()
    return tuple(_undo(view, one) for one in history if one.is_undoable)


def _may(view: FlagView, right: Permission) -> bool:
    return right.value in view.rights


def _url(view: FlagView, act: str) -> str:
    return f"{api_address(view.summary.service, view.summary.id)}/{act}"


def _kill_all(view: FlagView) -> Form:
    where = ", ".join(one.environment for one in view.summary.states if one.held_off_by != "kill")
    return Form(
        key="kill",
        url=_url(view, "kill"),
        label="Kill everywhere",
        title=f"Kill {view.summary.id} everywhere?",
        consequences=(
            f"It is off for everyone in {where} until somebody restores it, whatever is edited meanwhile.",
            _NOT_ASKED,
        ),
        confirm="Kill everywhere",
        tone=Tone.BACK,
        fields=(reason(is_needed=False),),
        fixed=(("environment", ""),),
    )


def _kill(view: FlagView, state: FlagStateView) -> Form:
    return Form(
        key=f"kill-{state.environment}",
        url=_url(view, "kill"),
        label="Kill",
        title=f"Kill {view.summary.id} in {state.environment}?",
        consequences=(
            f"It is off for everyone in {state.environment} until somebody restores it, whatever is edited.",
            _NOT_ASKED,
        ),
        confirm=f"Kill in {state.environment}",
        tone=Tone.BACK,
        fields=(reason(is_needed=False),),
        fixed=(("environment", state.environment),),
    )


def _restore_all(view: FlagView, held: Sequence[FlagStateView]) -> Form:
    where = ", ".join(one.environment for one in held)
    return Form(
        key="restore",
        url=_url(view, "restore"),
        label="Restore everywhere",
        title=f"Restore {view.summary.id} everywhere?",
        consequences=(f"It is again what it says in {where}.", _ASKED),
        confirm="Restore everywhere",
        fields=(reason(is_needed=False),),
        fixed=(("environment", ""),),
    )


def _restore(view: FlagView, state: FlagStateView) -> Form:
    after = "and it is turned on" if state.is_enabled else "and it is turned off, so it stays off"
    return Form(
        key=f"restore-{state.environment}",
        url=_url(view, "restore"),
        label="Restore",
        title=f"Restore {view.summary.id} in {state.environment}?",
        consequences=(f"Nothing holds it off any more, {after}.", _ASKED),
        confirm=f"Restore in {state.environment}",
        fields=(reason(is_needed=False),),
        fixed=(("environment", state.environment),),
    )


def _toggle(view: FlagView, state: FlagStateView, *, on: bool) -> Form:
    where, word = state.environment, "on" if on else "off"
    then = (
        f"Its rules decide in {where} from then on."
        if on
        else f"Everybody gets what it is worth while off in {where}; its rules stay as they are."
    )
    return Form(
        key=f"{word}-{where}",
        url=_url(view, "toggle"),
        label=f"Turn {word}",
        title=f"Turn {view.summary.id} {word} in {where}?",
        consequences=(then, _ASKED),
        confirm=f"Turn {word}",
        tone=Tone.GO if on else Tone.HOLD,
        fields=(reason(is_needed=False),),
        fixed=(("environment", where), ("on", on)),
    )


def _archive(view: FlagView) -> Form:
    return Form(
        key="archive",
        url=_url(view, "archive"),
        label="Archive",
        title=f"Archive {view.summary.id}?",
        consequences=(
            "It is taken away in every environment; applications that still ask get their own default.",
            "Its history stays, and undoing this brings it back.",
        ),
        confirm="Archive",
        tone=Tone.HOLD,
        fields=(reason(is_needed=False),),
    )


def _approve(one: ProposalView) -> Form:
    return Form(
        key=f"approve-{one.id}",
        url=f"/flag-proposals/{one.id}/approve",
        label="Approve",
        title=f"Approve this change in {one.environment}?",
        consequences=("Your vote counts for exactly this. The last vote that is needed applies it at once.",),
        confirm="Approve",
        fields=(reason("Comment", is_needed=False),),
        fixed=(("seen", one.subject),),
        subject=_subject(one),
    )


def _reject(one: ProposalView) -> Form:
    return Form(
        key=f"reject-{one.id}",
        url=f"/flag-proposals/{one.id}/reject",
        label="Reject",
        title=f"Reject this change in {one.environment}?",
        consequences=("It is not applied. Whoever wants it proposes it anew.",),
        confirm="Reject",
        tone=Tone.BACK,
        fields=(reason(),),
        fixed=(("seen", one.subject),),
        subject=_subject(one),
    )


def _withdraw(one: ProposalView) -> Form:
    return Form(
        key=f"withdraw-{one.id}",
        url=f"/flag-proposals/{one.id}/withdraw",
        label="Withdraw",
        title="Withdraw this change?",
        consequences=("Nobody is asked about it any more, and it is not applied.",),
        confirm="Withdraw",
        tone=Tone.HOLD,
        fields=(reason(is_needed=False),),
    )


def _subject(one: ProposalView) -> tuple[tuple[str, str], ...]:
    return (("by", one.by), ("change", "\n".join(one.lines)), ("why", one.why))


def _undo(view: FlagView, one: FlagVersionView) -> Form:
    return Form(
        key=f"undo-{one.id}",
        url=f"/flag-changes/{quote(view.summary.service, safe='')}/{one.id}/undo",
        label="Undo",
        title=f"Undo this change in {one.environment}?",
        consequences=("The flag is again as it was before it:", *one.lines[:20], _ASKED),
        confirm="Undo",
        tone=Tone.HOLD,
        fields=(reason(is_needed=False),),
    )
