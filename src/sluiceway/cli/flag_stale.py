"""`sluice flags stale`: flags that have done their work, why, and where code still names them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from sluiceway.adapters.code_references import Scan, scan
from sluiceway.cli.files import read_text
from sluiceway.cli.flag_options import Service, named, service_of
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import out, print_json, say
from sluiceway.config.flag_file import FlagFile, parse_flag_file
from sluiceway.domain.flags.model import FlagType
from sluiceway.domain.flags.references import Reference
from sluiceway.domain.flags.staleness import FlagState, Stale, StaleReason, everyones_variant, stale
from sluiceway.services.flag_views import StaleFlagView

_MOST_SHOWN = 20  # mentions of one flag; --json has them all


def register(app: typer.Typer) -> None:
    """Add this command to the `flags` family."""
    app.command("stale")(stale_flags)


def stale_flags(
    *,
    repo: Annotated[
        Path | None,
        typer.Option("--repo", help="A folder of source code to look for mentions in.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Judge a file of flags, without a server.", show_default=False),
    ] = None,
    service: Service = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """List flags that have done their work, each with why, and with --repo where code names them.

    Of a file only expiry and what it says for everyone is known, not since when nor who asks.
    """
    found = _of_file(file) if file is not None else _of_server(server, service)
    searched = None if repo is None else scan(repo, [one.flag for one in found])
    if repo is not None and searched is not None:
        found = _with_references(found, searched, besides=_place_in(repo, file))
        _tell_scan(searched, repo)
    if as_json:
        print_json(found, list[StaleFlagView])
        return
    console = out()
    for one in found:
        console.print(stale_text(one, is_searched=searched is not None), soft_wrap=True)
    if not found:
        say("no flag is stale")


def stale_text(one: StaleFlagView, *, is_searched: bool) -> Text:
    """Return a stale flag with its reasons and mentions, a likely one as a `maybe`."""
    text = Text(one.flag, style="bold")
    if one.owner:
        text.append(f"  ({one.owner})", style="not bold dim")
    for reason in one.reasons:
        text.append(f"\n  {reason.words}", style="not bold")
    for mention in one.references[:_MOST_SHOWN]:
        doubt = "" if mention.is_certain else "  maybe"
        text.append(f"\n    {mention.path}:{mention.line}{doubt}", style="not bold cyan")
        text.append(f"  {mention.text}", style="not bold dim")
    more = len(one.references) - _MOST_SHOWN
    if more > 0:
        text.append(f"\n    and {more} more; --json has them all", style="not bold dim")
    if is_searched and not one.references:
        text.append("\n    no code names it: archive it", style="not bold green")
    return text


def _of_server(server: str | None, service: str | None) -> list[StaleFlagView]:
    client = connect(server)
    return client.get(
        f"/api/stale-flags/{named(service_of(client, service), 'service')}", list[StaleFlagView]
    )


def _of_file(file: Path) -> list[StaleFlagView]:
    flags = parse_flag_file(read_text(file, what="file of flags"), str(file))
    now = datetime.now(UTC)
    states: defaultdict[str, list[FlagState]] = defaultdict(list)
    for environment, held in flags.environments.items():
        for flag in held:
            states[flag.id].append(FlagState(environment, flag, now))
    views = [_judged(flags, states[name], now) for name in sorted(states)]
    return [one for one in views if one.reasons]


def _judged(file: FlagFile, states: Sequence[FlagState], now: datetime) -> StaleFlagView:
    """Return what a file says about one flag; since when it is so no file tells."""
    flag = states[0].flag
    reasons = list(stale(states, {}, now))
    variants = {everyones_variant(one.flag) for one in states}
    if flag.type is not FlagType.OPERATIONAL and len(variants) == 1 and None not in variants:
        (variant,) = variants
        reasons.append(
            Stale(StaleReason.EVERYONE, f'everyone has "{variant}"; the file does not say since when')
        )
    return StaleFlagView(file.service, flag.id, flag.owner, tuple(reasons))


def _place_in(repo: Path, file: Path | None) -> str:
    """Return the path of the judged file below the folder, "" where it lies elsewhere."""
    if file is None or not file.resolve().is_relative_to(repo.resolve()):
        return ""
    return file.resolve().relative_to(repo.resolve()).as_posix()


def _with_references(found: Sequence[StaleFlagView], searched: Scan, *, besides: str) -> list[StaleFlagView]:
    """Return the flags with the places that name them, `besides` the file that makes them."""
    by_flag: defaultdict[str, list[Reference]] = defaultdict(list)
    for one in searched.references:
        if one.path != besides:
            by_flag[one.flag].append(one)
    return [
        replace(one, references=tuple(sorted(by_flag[one.flag], key=lambda mention: not mention.is_certain)))
        for one in found
    ]


def _tell_scan(searched: Scan, repo: Path) -> None:
    if searched.is_cut:
        say(f"{repo} holds more than is looked at; only its first {searched.files} files were searched")
