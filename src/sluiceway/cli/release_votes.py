"""What people say about a release: votes, go or no-go, gates that hold, gates waived, conditions met.

Each is kept with who said it, in which role and about what; a vote counts for what the voter was shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from sluiceway.cli.client import Client
from sluiceway.cli.options import AsJson, Reason, Server, Yes, connect
from sluiceway.cli.output import harmless, say
from sluiceway.cli.release_dates import in_zone, instant
from sluiceway.cli.release_options import Needed, Note, ReleaseArg, Role, release_path, send
from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.releases.model import DecisionKind
from sluiceway.errors import InvalidInputError, NotFoundError, RuleError
from sluiceway.services.release_views import ApprovalView, ReleaseView

PolicyArg = Annotated[
    str | None,
    typer.Argument(
        metavar="[APPROVAL]",
        help="The approval's id; may be left out while you may vote on exactly one.",
        show_default=False,
    ),
]
Comment = Annotated[str, typer.Option("--comment", "-m", help="What you say with it.")]
Behalf = Annotated[
    str, typer.Option("--for", metavar="PERSON", help="Who is away and whose alternate you are.")
]
GateArg = Annotated[str, typer.Argument(metavar="GATE", help="The gate's id.")]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        help="Until when it holds: '2026-12-01 10:00' (in the process's zone), '2 days'; else for good.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add people's words to the `release` family."""
    for command in (approve, reject, abstain, comment, decide, attest, waive, override, meet):
        app.command(command.__name__)(command)
    app.command("withdraw-vote")(withdraw_vote)


def approve(
    release: ReleaseArg,
    approval: PolicyArg = None,
    *,
    conditions: Annotated[
        list[str] | None,
        typer.Option(
            "--if",
            metavar="CONDITION",
            help="Agree on this condition, which must then be met. May be repeated.",
            show_default=False,
        ),
    ] = None,
    comment: Comment = "",
    role: Role = "",
    behalf: Behalf = "",
    yes: Yes = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Agree to what an approval asks. Shows what is agreed to and asks first, unless --yes is given."""
    client = connect(server)
    found = _asked(client, release, approval)
    if not yes:
        for name, text in found.subject:
            say(f"{name}: {text or '(nothing)'}")
        typer.confirm(harmless(f"{found.title}: approve this of {release}?"), abort=True, err=True)
    kind = VoteKind.APPROVE_IF if conditions else VoteKind.APPROVE
    said = {**_said(comment, role, behalf), "conditions": conditions or ()}
    _vote(client, release, found, kind, said, as_json=as_json)


def reject(
    release: ReleaseArg,
    approval: PolicyArg = None,
    *,
    comment: Annotated[str, typer.Option("--comment", "-m", help="Why; the others read it.")],
    role: Role = "",
    behalf: Behalf = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Refuse what an approval asks."""
    client = connect(server)
    found = _asked(client, release, approval)
    _vote(client, release, found, VoteKind.REJECT, _said(comment, role, behalf), as_json=as_json)


def abstain(
    release: ReleaseArg,
    approval: PolicyArg = None,
    *,
    comment: Comment = "",
    role: Role = "",
    behalf: Behalf = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Say that you neither agree nor refuse."""
    client = connect(server)
    found = _asked(client, release, approval)
    _vote(client, release, found, VoteKind.ABSTAIN, _said(comment, role, behalf), as_json=as_json)


def withdraw_vote(
    release: ReleaseArg,
    approval: PolicyArg = None,
    *,
    comment: Comment = "",
    role: Role = "",
    behalf: Behalf = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Take your earlier vote back."""
    client = connect(server)
    found = _asked(client, release, approval)
    _vote(client, release, found, VoteKind.WITHDRAW, _said(comment, role, behalf), as_json=as_json)


def comment(
    release: ReleaseArg,
    text: Annotated[str, typer.Argument(help="What you say.")],
    *,
    approval: Annotated[
        str | None,
        typer.Option(
            "--on", metavar="APPROVAL", help="The approval; else the only one there is.", show_default=False
        ),
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Say something about an approval without voting."""
    client = connect(server)
    found = _named(client, release, approval, lambda one: one.is_asked, "there are")
    _vote(client, release, found, VoteKind.COMMENT, _said(text), as_json=as_json)


def decide(
    release: ReleaseArg,
    decision: Annotated[str, typer.Argument(help="The decision, such as go-no-go.")],
    kind: Annotated[DecisionKind, typer.Argument(metavar="go|no-go", help="go or no-go.")],
    *,
    reason: Reason = "",
    role: Role = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Record a go or no-go on what the release holds now."""
    body = {"decision": decision, "kind": kind.value, "reason": reason, "role": role}
    send(connect(server), release, "decide", body, words=f"{decision}: {kind.value}", as_json=as_json)


def attest(
    release: ReleaseArg,
    gate: GateArg,
    *,
    statement: Annotated[str, typer.Option("--statement", "-m", help="What you state, and on what grounds.")],
    fails: Annotated[bool, typer.Option("--fails", help="State that the gate does not hold.")] = False,
    role: Role = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """State that a gate holds for the release's version, or that it does not; the server signs it."""
    body = {"gate": gate, "holds": not fails, "statement": statement, "role": role}
    words = f"{gate} {'does not hold' if fails else 'holds'}"
    send(connect(server), release, "attest", body, words=words, as_json=as_json)


def waive(
    release: ReleaseArg,
    gate: GateArg,
    *,
    reason: Needed,
    until: Until = None,
    role: Role = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Let a release pass a gate without it, until a time or for good; the server signs it."""
    client = connect(server)
    end, words = _until(client, release, until)
    body = {"gate": gate, "reason": reason, "until": end, "role": role}
    send(client, release, "waive", body, words=f"{gate} is waived{words}", as_json=as_json)


def override(
    release: ReleaseArg,
    *,
    reason: Needed,
    until: Until = None,
    role: Role = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Let a release act while the calendar is closed: in a freeze, outside a deployment window."""
    client = connect(server)
    end, words = _until(client, release, until)
    body = {"reason": reason, "until": end, "role": role}
    send(client, release, "override", body, words=f"the calendar does not hold it{words}", as_json=as_json)


def meet(
    release: ReleaseArg,
    condition: Annotated[str, typer.Argument(help="The condition's id; `show` lists them.")],
    *,
    note: Note = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """State that a condition is met under which somebody agreed."""
    body = {"condition": condition, "note": note}
    send(connect(server), release, "meet", body, words=f"{condition} is met", as_json=as_json)


def _asked(client: Client, release: str, given: str | None) -> ApprovalView:
    """Return the approval meant, the only one that the caller may vote on when none is named."""
    return _named(client, release, given, lambda one: bool(one.my_roles), "you may vote on")


def _named(
    client: Client, release: str, given: str | None, fits: Callable[[ApprovalView], bool], what: str
) -> ApprovalView:
    view = client.get(release_path(release), ReleaseView)
    if given is not None:
        return _by_id(view, given)
    found = [one for one in view.approvals if fits(one)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(one.policy for one in found)
        raise InvalidInputError(f"{what} {len(found)} approvals of {view.summary.id}; name one of: {names}")
    reasons = "; ".join(f"{one.policy}: {one.my_refusal}" for one in view.approvals if one.my_refusal)
    if reasons:
        raise RuleError(f"{what} no approval of {view.summary.id}: {reasons}")
    raise NotFoundError(f"{what} no approval of {view.summary.id}")


def _by_id(view: ReleaseView, given: str) -> ApprovalView:
    """Return an approval by its id; one that nothing asks for is the server's to know."""
    found = next((one for one in view.approvals if one.policy == given), None)
    return found or ApprovalView(policy=given, title=given, standing="", sentence="")


def _vote(
    client: Client,
    release: str,
    approval: ApprovalView,
    kind: VoteKind,
    said: Mapping[str, object],
    *,
    as_json: bool,
) -> None:
    body = {"policy": approval.policy, "kind": kind.value, "seen": approval.subject_hash, **said}
    send(
        client,
        release,
        "vote",
        body,
        words=lambda view: _by_id(view, approval.policy).sentence,
        as_json=as_json,
    )


def _said(comment: str, role: str = "", behalf: str = "") -> dict[str, object]:
    return {"comment": comment, "role": role, "on_behalf_of": behalf}


def _until(client: Client, release: str, until: str | None) -> tuple[str | None, str]:
    """Return an end as the server takes it, and in words."""
    if until is None:
        return None, ""
    zone = client.get(release_path(release), ReleaseView).zone
    end = instant(until, zone, "--until", datetime.now(UTC))
    return end.isoformat(), f" until {in_zone(end, zone)}"
