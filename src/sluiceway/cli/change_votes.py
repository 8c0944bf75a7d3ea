"""`sluice change score|vote|decide|review`: what members of a board say about a request."""

from __future__ import annotations

from typing import Annotated

import typer

from sluiceway.cli.change_facts import points
from sluiceway.cli.change_options import ChangeArg, Conditions, change_path, send
from sluiceway.cli.options import AsJson, Server, Yes, connect
from sluiceway.cli.output import harmless, say
from sluiceway.cli.release_options import Role
from sluiceway.cli.release_votes import Behalf, Comment
from sluiceway.domain.approvals.model import VoteKind
from sluiceway.errors import InvalidInputError, NotFoundError, RuleError
from sluiceway.services.change_views import ChangeView, MatrixView
from sluiceway.services.release_views import ApprovalView

_AGREEING = {VoteKind.APPROVE, VoteKind.APPROVE_IF}


def register(app: typer.Typer) -> None:
    """Add members' words to the `change` family."""
    for command in (score, vote, decide, review):
        app.command(command.__name__)(command)


def score(
    change: ChangeArg,
    scores: Annotated[
        list[str],
        typer.Argument(metavar="CRITERION=POINTS...", help="Such as business-value=8; `show` lists them."),
    ],
    *,
    role: Role = "",
    comment: Comment = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Score criteria of the decision matrix; a later score replaces your earlier one."""
    body = {"points": points(scores), "role": role, "comment": comment}

    def words(view: ChangeView) -> str:
        matrix: MatrixView | None = view.matrix
        return matrix.sentence if matrix is not None else ""

    send(connect(server), change, "score", body, words=words, as_json=as_json)


def vote(
    change: ChangeArg,
    kind: Annotated[VoteKind, typer.Argument(help="What you say.", show_default=False)],
    *,
    policy: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="BOARD|APPROVAL",
            help="Where, by id; may be left out while you may vote in one place.",
            show_default=False,
        ),
    ] = None,
    conditions: Conditions = None,
    comment: Comment = "",
    role: Role = "",
    behalf: Behalf = "",
    yes: Yes = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Vote on its board, or under an approval it asks for.

    To agree shows what is agreed to and asks first, unless --yes is given. Conditions take `approve-if`.
    """
    client = connect(server)
    view = client.get(change_path(change), ChangeView)
    found = _meant(view, policy, is_comment=kind is VoteKind.COMMENT)
    if kind in _AGREEING and not yes:
        say(f"{found.title}: you agree to")
        for name, text in found.subject:
            if text:
                say(f"  {name}: {text}")
        typer.confirm(harmless(f"{kind} {view.summary.id}?"), abort=True, err=True)
    body = {
        "policy": found.policy,
        "kind": kind.value,
        "role": role,
        "comment": comment,
        "conditions": conditions or [],
        "on_behalf_of": behalf,
        "seen": found.subject_hash,
    }
    send(client, change, "vote", body, words=lambda now: _of(now, found.policy).sentence, as_json=as_json)


def decide(
    change: ChangeArg,
    *,
    conditions: Conditions = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Close the vote of its board: what the votes add up to is the decision."""

    def words(view: ChangeView) -> str:
        return view.decisions[-1].sentence if view.decisions else ""

    body = {"conditions": conditions or []}
    send(connect(server), change, "decide", body, words=words, as_json=as_json)


def review(
    change: ChangeArg,
    *,
    remarks: Annotated[str, typer.Option("--remarks", "-m", help="What the board found.")],
    disagrees: Annotated[
        bool, typer.Option("--disagrees", help="The board does not agree with what was done.")
    ] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Record the board's review of an emergency change."""
    body = {"agrees": not disagrees, "remarks": remarks}
    send(connect(server), change, "review", body, as_json=as_json)


def _meant(view: ChangeView, given: str | None, *, is_comment: bool) -> ApprovalView:
    """Return the board or approval meant, the only one that the caller may vote on when none is named."""
    if given is not None:
        return _of(view, given)
    if not view.approvals:
        raise NotFoundError(
            f"{view.summary.id} is {view.kind_title}; nobody is asked for a vote on that kind of change"
        )
    found = [one for one in view.approvals if one.my_roles or is_comment]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(one.policy for one in found)
        raise InvalidInputError(f"you may vote in {len(found)} places on {view.summary.id}; --on: {names}")
    reasons = "; ".join(f"{one.title}: {one.my_refusal or 'asks others'}" for one in view.approvals)
    raise RuleError(f"you may vote nowhere on {view.summary.id}: {reasons}")


def _of(view: ChangeView, given: str) -> ApprovalView:
    found = next((one for one in view.approvals if one.policy == given), None)
    if found is not None:
        return found
    names = ", ".join(one.policy for one in view.approvals) or "nobody"
    raise NotFoundError(f"{view.summary.id} does not ask {given!r} for a decision; it asks: {names}")
