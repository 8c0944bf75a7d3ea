"""Flags as a terminal shows them. Pure: turns views into something Rich can draw."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sluiceway.cli.release_dates import minute
from sluiceway.cli.release_shown import plain_table
from sluiceway.domain.flags.model import Flag
from sluiceway.domain.flags.wire_reading import flag_from_json
from sluiceway.domain.flags.wording import (
    dependency_words,
    json_words,
    rule_words,
    serve_words,
    threshold_words,
    window_words,
)
from sluiceway.services.flag_views import (
    FlagDefinition,
    FlagStateView,
    FlagSummary,
    FlagVersionView,
    FlagView,
    ProposalView,
)

_STYLES = {"on": "green", "off": "dim", "killed": "bold red", "held": "yellow", "scheduled": "cyan"}
_MISSING = "-"


def flag_table(
    found: Sequence[FlagSummary], environments: Sequence[str], waiting: Mapping[tuple[str, str], int]
) -> RenderableType:
    """Return a line per flag with a column per environment.

    `waiting` counts the changes that wait, by service and flag.
    """
    has_services = len({one.service for one in found}) > 1
    services = ("service",) if has_services else ()
    waits = ("waiting",) if waiting else ()
    table = plain_table("flag", *services, "type", *environments, "owner", *waits)
    for one in found:
        states = {state.environment: state for state in one.states}
        count = waiting.get((one.service, one.id), 0)
        table.add_row(
            Text(one.id),
            *([Text(one.service)] if has_services else []),
            one.type,
            *(state_text(states.get(name)) for name in environments),
            Text(one.owner),
            *([Text(_changes(count), style="yellow")] if waiting else []),
        )
    return table


def _changes(count: int) -> str:
    return "" if not count else "1 change" if count == 1 else f"{count} changes"


def state_text(state: FlagStateView | None) -> Text:
    """Return what a flag is in one environment: what is in force, and whom it reaches."""
    if state is None:
        return Text(_MISSING, style="dim")
    return Text(_state_words(state), style=_STYLES.get(state.standing, ""))


def _state_words(state: FlagStateView) -> str:
    return f"scheduled: {state.words}" if state.standing == "scheduled" else state.words


def flag_panel(view: FlagView) -> RenderableType:
    """Return everything about a flag: what it is, then what it does in each environment."""
    parts: list[RenderableType] = [_about(view)]
    states = {one.environment: one for one in view.summary.states}
    for definition in view.definitions:
        state = states[definition.environment]
        heading = Text.assemble((definition.environment, "bold cyan"), "  ", state_text(state))
        heading.append(
            f"  version {state.version}, {minute(state.changed_at)} by {state.changed_by}", style="dim"
        )
        parts += [Text(""), heading, _pairs(_rows(definition, state))]
    if view.waiting:
        parts += [Text(""), Text("Waiting", style="bold cyan")]
        parts += [proposal_text(one) for one in view.waiting]
    title = Text(view.summary.name or view.summary.id)
    return Panel(Group(*parts), title=title, subtitle=Text(f"{view.summary.service}/{view.summary.id}"))


def _about(view: FlagView) -> Table:
    summary = view.summary
    flag = _flag(view.definitions[0])
    variants = ", ".join(f"{one.name} is {json_words(one.value)}" for one in flag.variants)
    return _pairs(
        (
            ("what", view.description),
            ("type", f"{summary.type}, {summary.value_type}"),
            ("variants", variants),
            ("owner", summary.owner),
            ("tags", ", ".join(summary.tags)),
            ("release", summary.release),
            ("expires", minute(summary.expires_at)),
        )
    )


def _rows(definition: FlagDefinition, state: FlagStateView) -> Iterator[tuple[str, str]]:
    flag = _flag(definition)
    if state.held_off_by:
        yield "held off", f"by {state.held_off_by}{f': {state.held_off_why}' if state.held_off_why else ''}"
    yield "enabled", "yes" if flag.is_enabled else "no"
    if flag.window is not None:
        yield "on", window_words(flag.window)
    yield from (("needs", dependency_words(one)) for one in flag.dependencies)
    for at, rule in enumerate(flag.rules, start=1):
        title = f" ({rule.title})" if rule.title else ""
        yield f"rule {at}", f"{rule.id}{title}: {rule_words(rule)}"
    yield "serves", serve_words(flag.serve)
    if flag.rules:
        yield "otherwise", serve_words(flag.otherwise)
    yield "while off", flag.off_variant or "the caller's own default"
    yield from (("threshold", f"{one.id}: {threshold_words(one)}") for one in flag.thresholds)
    if flag.experiment is not None:
        yield "experiment", flag.experiment.id


def _flag(definition: FlagDefinition) -> Flag:
    return flag_from_json(definition.document, is_strict=False)


def _pairs(rows: Sequence[tuple[str, str]] | Iterator[tuple[str, str]]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(name, Text(value))
    return table


def history_text(one: FlagVersionView) -> Text:
    """Return one change of a flag: when, where, what by whom and why, then what it changed."""
    why = f": {one.why}" if one.why else ""
    undoes = f" (takes back {one.undoes})" if one.undoes is not None else ""
    text = Text.assemble((f"{one.id:>5}", "bold"), f"  {minute(one.at)}  {one.environment}  ")
    text.append(f"{one.act}{undoes} by {one.by}{why}")
    for line in one.lines:
        text.append(f"\n         {line}", style="dim")
    return text


def proposal_text(one: ProposalView) -> Text:
    """Return a change that waits, or did: what it would do, for whom it waits."""
    why = f": {one.why}" if one.why else ""
    text = Text.assemble((one.id, "bold"), f"  {one.service}, {one.environment}  ")
    text.append(f"{one.act} by {one.by}, {minute(one.at)}{why}")
    for line in one.lines:
        text.append(f"\n  {line}")
    for line in one.outdated:
        text.append(f"\n  ! {line}", style="yellow")
    return text.append(f"\n  {one.sentence}", style="italic")
