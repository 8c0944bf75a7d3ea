"""`sluice change submit|take-back|withdraw|answer|schedule|start|finish|link|unlink`: take one along."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from sluiceway.cli.change_facts import pairs
from sluiceway.cli.change_options import ChangeArg, change_path, send
from sluiceway.cli.options import AsJson, Reason, Server, connect
from sluiceway.cli.release_dates import in_zone, instant
from sluiceway.cli.release_options import Needed, ReleaseArg
from sluiceway.services.change_views import ChangeView


def register(app: typer.Typer) -> None:
    """Add these acts to the `change` family."""
    for command in (submit, withdraw, answer, schedule, start, finish, link, unlink):
        app.command(command.__name__)(command)
    app.command("take-back")(take_back)


def submit(change: ChangeArg, *, server: Server = None, as_json: AsJson = False) -> None:
    """Hand a draft in for decisions; a standard change is approved at once."""
    send(connect(server), change, "submit", {}, as_json=as_json)


def take_back(change: ChangeArg, *, reason: Needed, server: Server = None, as_json: AsJson = False) -> None:
    """Make a request a draft again, to work on it; what was decided counts no more."""
    send(connect(server), change, "take-back", {"reason": reason}, as_json=as_json)


def withdraw(change: ChangeArg, *, reason: Needed, server: Server = None, as_json: AsJson = False) -> None:
    """Give a request up for good."""
    send(connect(server), change, "withdraw", {"reason": reason}, as_json=as_json)


def answer(
    change: ChangeArg,
    answers: Annotated[
        list[str], typer.Argument(metavar="QUESTION=ANSWER...", help="By id; `show` lists them.")
    ],
    *,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Answer the questions that its risk is told by."""
    body = {"answers": pairs(answers, "QUESTION=ANSWER")}
    send(connect(server), change, "answer", body, words=lambda view: view.risk.sentence, as_json=as_json)


def schedule(
    change: ChangeArg,
    *,
    starts: Annotated[
        str, typer.Option("--starts", help="When: '2026-12-01 10:00' (in the process's zone), '2 days'.")
    ],
    ends: Annotated[str, typer.Option("--ends", help="Until when, as --starts.")],
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Give an approved request its time; what is in the way then is told."""
    client = connect(server)
    zone = client.get(change_path(change), ChangeView).zone
    now = datetime.now(UTC)
    first, last = instant(starts, zone, "--starts", now), instant(ends, zone, "--ends", now)

    def words(view: ChangeView) -> str:
        in_the_way = [f"! {one.sentence}" for one in view.conflicts]
        return "\n".join((f"from {in_zone(first, zone)} to {in_zone(last, zone)}", *in_the_way))

    body = {"starts_at": first.isoformat(), "ends_at": last.isoformat()}
    send(client, change, "schedule", body, words=words, as_json=as_json)


def start(change: ChangeArg, *, server: Server = None, as_json: AsJson = False) -> None:
    """Begin to carry a request out. While the calendar is closed only an emergency begins."""
    send(connect(server), change, "start", {}, as_json=as_json)


def finish(
    change: ChangeArg,
    *,
    failed: Annotated[bool, typer.Option("--failed", help="It was taken back; say why.")] = False,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Say how it ended: done, or failed and taken back."""
    send(connect(server), change, "finish", {"ended_well": not failed, "reason": reason}, as_json=as_json)


def link(change: ChangeArg, release: ReleaseArg, *, server: Server = None, as_json: AsJson = False) -> None:
    """Make a request part of a release, which has its conditions to meet from then on."""
    send(connect(server), change, "link", {"release": release}, as_json=as_json)


def unlink(change: ChangeArg, release: ReleaseArg, *, server: Server = None, as_json: AsJson = False) -> None:
    """Take a request out of a release; its conditions that are open there go with it."""
    send(connect(server), change, "unlink", {"release": release}, as_json=as_json)
