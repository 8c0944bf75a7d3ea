"""`sluice rollout watch`: a live view that follows the server's events until the rollout ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import datetime

import typer
from rich.live import Live

from sluiceway.cli.client import Client
from sluiceway.cli.options import AsJson, LookedAt, Server, connect, pick_rollout
from sluiceway.cli.output import out, print_json_line, say
from sluiceway.cli.panels import decision_line, rollout_panel
from sluiceway.errors import NotServedError, SluicewayError
from sluiceway.services.views import RolloutView

EXIT_BY_PHASE = {"promoted": 0, "rolled-back": 10, "aborted": 11}
_GIVE_UP_S = 60.0  # without a server
_RETRY_S = 1.0


def watch(rollout: LookedAt = None, server: Server = None, as_json: AsJson = False) -> None:
    """Follow a rollout until it ends: exit 0 promoted, 10 rolled back, 11 aborted.

    With --json each change is one line. Leaving (Ctrl-C) changes nothing about the rollout.
    """
    client = connect(server)
    raise typer.Exit(watch_rollout(client, pick_rollout(client, rollout, or_newest=True), as_json=as_json))


def watch_rollout(client: Client, rollout_id: str, *, as_json: bool) -> int:
    """Show the rollout until it is finished and return the exit code that stands for its end."""
    try:
        if as_json:
            return _as_json_lines(client, rollout_id)
        return _on_screen(client, rollout_id) if sys.stdout.isatty() else _as_lines(client, rollout_id)
    except KeyboardInterrupt:
        say("no longer watching; the rollout goes on")
        return 130


def _on_screen(client: Client, rollout_id: str) -> int:
    view = client.get(f"/api/rollouts/{rollout_id}", RolloutView)
    with Live(rollout_panel(view), console=out(), auto_refresh=False) as live:
        for update in _views(client, rollout_id):
            view = update if isinstance(update, RolloutView) else view
            notice = "" if isinstance(update, RolloutView) else update
            live.update(rollout_panel(view, notice=notice), refresh=True)
    return EXIT_BY_PHASE[view.summary.phase]


def _as_lines(client: Client, rollout_id: str) -> int:
    """One line per decision, for logs and pipes."""
    told: set[tuple[datetime, str, str]] = set()
    phase = ""
    for update in _views(client, rollout_id):
        if not isinstance(update, RolloutView):
            say(update)
            continue
        for decision in reversed(update.decisions):
            key = (decision.at, decision.kind, decision.why)
            if key not in told:
                told.add(key)
                typer.echo(decision_line(decision))
        phase = update.summary.phase
    return EXIT_BY_PHASE[phase]


def _as_json_lines(client: Client, rollout_id: str) -> int:
    phase = ""
    for update in _views(client, rollout_id):
        if isinstance(update, RolloutView):
            print_json_line(update, RolloutView)
            phase = update.summary.phase
        else:
            say(update)
    return EXIT_BY_PHASE[phase]


def _views(client: Client, rollout_id: str) -> Iterator[RolloutView | str]:
    """Yield views until the finished one; text tells that the server is away for now.

    Raises NotServedError when it stays away for a minute.
    """
    reached_at = time.monotonic()
    while True:
        try:
            for view in client.rollout_views(rollout_id):
                reached_at = time.monotonic()
                yield view
                if view.summary.is_finished:
                    return
            trouble: SluicewayError = NotServedError("the server ended the stream")
        except NotServedError as error:
            trouble = error
        if time.monotonic() - reached_at > _GIVE_UP_S:
            raise trouble
        yield f"{trouble}; trying again"
        time.sleep(_RETRY_S)
