"""`sluice release plan`: a release's dates, drawn, and what another target date moves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sluiceway.cli.client import Client
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import out, print_json, say, tell
from sluiceway.cli.release_dates import in_zone, instant, zone_info
from sluiceway.cli.release_options import LookedAtRelease, pick_release, release_path
from sluiceway.cli.release_shown import plain_table
from sluiceway.errors import InvalidInputError
from sluiceway.services.release_views import MilestoneView, ReleaseView, ReplanView, TimelineView


def register(app: typer.Typer) -> None:
    """Add `plan` to the `release` family."""
    app.command("plan")(plan)


def plan(
    release: LookedAtRelease = None,
    *,
    svg: Annotated[
        Path | None,
        typer.Option("--svg", help="Write the Gantt chart to this file.", show_default=False),
    ] = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Print the chart as Mermaid text.")] = False,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            help="Move the target date: 2026-12-01, '2026-12-01 10:00' (in the process's zone), '6 weeks'.",
            show_default=False,
        ),
    ] = None,
    only_show: Annotated[
        bool, typer.Option("--show-only", help="With --target: show what it would move, move nothing.")
    ] = False,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show a release's milestones, backwards from its target date; or move the date."""
    if only_show and target is None:
        raise InvalidInputError("--show-only says what another date would move; name it with --target")
    if target is not None and (svg is not None or mermaid):
        raise InvalidInputError("move the date first, then draw the plan: leave --svg and --mermaid out")
    if sum((svg is not None, mermaid, as_json)) > 1:
        raise InvalidInputError("--svg, --mermaid and --json are three ways to give the plan; choose one")
    client = connect(server)
    release_id = pick_release(client, release)
    if target is not None:
        _replan(client, release_id, target, only_show=only_show, as_json=as_json)
        return
    found = client.get(release_path(release_id, "timeline"), TimelineView)
    if svg is not None:
        _write(svg, found.svg)
        say(f"wrote {svg}: {found.sentence}")
    elif mermaid:
        tell(found.mermaid.rstrip("\n"))
    elif as_json:
        print_json(found, TimelineView)
    else:
        out().print(timeline(found))


def timeline(found: TimelineView) -> RenderableType:
    """Return the milestones in a table; days are those of the process's zone."""
    table = plain_table("", "milestone", "first day", "last day", "owner", "slack")
    for column in table.columns[2:4]:
        column.no_wrap = True
    for one in found.milestones:
        first, last = _days(one, found.zone)
        title = Text(one.title, style="dim" if one.is_done else "bold" if one.is_critical else "")
        title.append("".join(f"\n- {criterion}" for criterion in one.criteria), style="not bold dim")
        table.add_row(
            _mark(one),
            title,
            first,
            last if last != first else "",
            Text(one.owner),
            "" if one.is_done else "critical" if one.is_critical else one.slack,
        )
    parts: list[RenderableType] = [Text(found.sentence, style="bold"), Text(""), table]
    if found.problems:
        parts.append(Text(""))
    parts += [Text(f"! {problem}", style="yellow") for problem in found.problems]
    parts.append(Text(f"\ndays are those of {found.zone}", style="dim"))
    return Group(*parts)


def _replan(client: Client, release_id: str, target: str, *, only_show: bool, as_json: bool) -> None:
    before = client.get(release_path(release_id), ReleaseView)
    at = instant(target, before.zone, "--target", datetime.now(UTC))
    body = {"target_at": at.isoformat(), "only_show": only_show}
    moved = client.post(release_path(release_id, "plan"), ReplanView, body)
    if as_json:
        print_json(moved, ReplanView)
        return
    tell(moved.sentence)
    if moved.moved:
        out().print(_moved(moved))
    old = in_zone(before.facts.target_at, before.zone) or "no date"
    verb = "would move" if only_show else "moved"
    say(f"target {verb} from {old} to {in_zone(at, before.zone)}")


def _moved(found: ReplanView) -> Table:
    table = plain_table("milestone", "ended", "ends")
    for title, old, new in found.moved:
        table.add_row(Text(title), _day(old), _day(new))
    return table


def _days(milestone: MilestoneView, zone: str) -> tuple[str, str]:
    """Return the first and the last day; the end of a milestone is the instant after it."""
    starts, ends = milestone.starts_at, milestone.ends_at
    if starts is None or ends is None:
        return "", ""
    there = zone_info(zone)
    last = max(starts, ends - timedelta(microseconds=1))
    return _day(starts.astimezone(there).date()), _day(last.astimezone(there).date())


def _day(day: date | None) -> str:
    return day.strftime("%a %Y-%m-%d") if day is not None else ""


def _mark(milestone: MilestoneView) -> Text:
    if milestone.is_done:
        return Text("✔", style="green")
    return Text("!", style="red") if milestone.is_late else Text("·", style="dim")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as failure:
        raise InvalidInputError(f"{path} can't be written ({failure.strerror})") from failure
