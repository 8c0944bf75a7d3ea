"""A release as a terminal shows it. Pure: turns views into something Rich can draw.

Times are in the person's zone; the target date is in that of the process's calendar as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sluiceway.cli.release_dates import in_zone, minute
from sluiceway.domain.process.team import CANCELLED, ROLLED_BACK
from sluiceway.services.release_views import (
    ApprovalView,
    ChecklistView,
    ExplainedReleaseView,
    GateView,
    MissingView,
    MoveView,
    PhaseView,
    ReleaseSummary,
    ReleaseView,
    VoteView,
)

_MOST_MISSING = 8  # lines in the panel; `explain` has them all
_PHASE_MARKS = {"done": ("✔", "green"), "current": ("▶", "bold cyan"), "coming": ("·", "dim")}
_STANDING_MARKS = {
    "approved": ("✔", "green"),
    "passed": ("✔", "green"),
    "waived": ("–", "yellow"),
    "rejected": ("✘", "red"),
    "failed": ("✘", "red"),
    "stale": ("!", "yellow"),
}
_OPEN_MARK = ("·", "dim")


def release_table(summaries: Sequence[ReleaseSummary]) -> RenderableType:
    """Return a line per release."""
    table = plain_table("id", "service", "version", "type", "phase", "target", "waits for")
    for item in summaries:
        target = Text(minute(item.target_at), style="red" if item.is_late else "")
        more = f" (and {item.missing_count - 1} more)" if item.missing_count > 1 else ""
        table.add_row(
            item.id,
            Text(item.service),
            Text(item.version),
            Text(item.type),
            Text(item.phase, style="" if item.is_open else "dim"),
            target,
            Text(f"{item.waits_for}{more}" if item.waits_for else ""),
        )
    return table


def release_panel(view: ReleaseView) -> RenderableType:
    """Return everything about a release at one moment."""
    summary = view.summary
    parts: list[RenderableType] = [_about(view), Text(""), _Road(view.phases)]
    ahead = move_ahead(view)
    if ahead is not None:
        parts += [Text(""), _to_move_on(ahead)]
    for title, part in _sections(view):
        parts += [Text(""), Text(title, style="bold cyan"), part]
    notices = [view.calendar_closed] if view.calendar_closed else []
    if summary.is_open and not view.is_newest_process:
        notices.append(
            f"its service has another process in force by now; `sluice release upgrade {summary.id}` takes it"
        )
    if notices:
        parts.append(Text(""))
    parts += [Text(f"! {notice}", style="yellow") for notice in notices]
    heading = Text(f"{summary.service} {summary.version}")
    return Panel(Group(*parts), title=heading, subtitle=summary.id, border_style="cyan")


def explanation(found: ExplainedReleaseView) -> RenderableType:
    """Return why a release waits: a sentence, then what is missing and who can supply it."""
    sentence = Text(found.sentence, style="bold")
    return Group(sentence, Text(""), missing_table(found.missing)) if found.missing else sentence


def missing_table(missing: Sequence[MissingView]) -> Table:
    """Return what is missing, with the id that commands take and on whom it waits."""
    table = plain_table("what", "id", "missing", "on")
    for one in missing:
        table.add_row(one.kind, Text(one.ref), Text(one.text), Text(on_whom(one.who, one.roles)))
    return table


def on_whom(who: Sequence[str], roles: Sequence[str]) -> str:
    """Return the people who can supply something, the roles where no person is known."""
    return ", ".join(who) or " or ".join(roles)


def state_line(view: ReleaseView) -> str:
    """Return in one line where a release is and what it takes to go on."""
    summary, ahead = view.summary, move_ahead(view)
    line = f"{summary.service} {summary.version}: {summary.phase_title}"
    if ahead is None:
        ways = [one.title for one in view.moves if one.to not in {CANCELLED, ROLLED_BACK}]
        return f"{line}; it can go to {' or '.join(ways)}" if ways else line
    if ahead.is_ready:
        return f"{line}; nothing is missing to move on to {ahead.title}"
    count = "one thing is" if len(ahead.missing) == 1 else f"{len(ahead.missing)} things are"
    return f"{line}; {count} missing to move on to {ahead.title}"


def move_ahead(view: ReleaseView) -> MoveView | None:
    """Return the move onward, None where the road ends."""
    return next((one for one in view.moves if not one.is_back), None)


def approval_lines(approval: ApprovalView) -> Text:
    """Return what an approval stands at and every vote on it, a line each."""
    text = Text(approval.sentence)
    for vote in approval.votes:
        text.append(f"\n{_vote_words(vote)}", style="dim" if vote.void_reason else "")
        if vote.comment and vote.comment not in approval.sentence:
            text.append(f"\n  {vote.comment}", style="italic")
    return text


def plain_table(*columns: str) -> Table:
    """Return a table without lines whose cells fold."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _about(view: ReleaseView) -> RenderableType:
    summary, facts = view.summary, view.facts
    head = Text(summary.phase_title, style="bold")
    head.append(f"  since {minute(summary.since)}", style="not bold")
    names = [name for name in (summary.title, f'"{summary.code_name}"' if summary.code_name else "") if name]
    late = " (late)" if summary.is_late else ""
    rows = (
        ("what", ", ".join((summary.type_title, *names))),
        ("target", f"{in_zone(summary.target_at, view.zone)}{late}"),
        ("manager", summary.manager),
        ("sponsor", facts.sponsor),
        ("made", f"{minute(view.created_at)} by {view.author}"),
        ("process", f"{view.process_name} {view.process_hash[:12]}"),
        ("users", facts.user_impact),
        ("revenue", facts.revenue_impact),
        ("environment", facts.environment),
        ("goals", _lines("; ".join(filter(None, (g.text, g.metric, g.target))) for g in facts.goals)),
        ("scope", _lines(f"{item.kind}: {item.text}" for item in facts.scope)),
        ("with", _lines(f"{one.role}: {one.person}" for one in facts.stakeholders)),
        ("channels", _lines(f"{one.title}: {one.state}" for one in facts.channels)),
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(name, Text(value))
    return Group(head, table)


def _lines(texts: Iterator[str]) -> str:
    return "\n".join(texts)


@dataclass(frozen=True, slots=True)
class _Road:
    """Phases in their order, as many on a line as there is room for."""

    phases: Sequence[PhaseView]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        line = Text()
        for phase in self.phases:
            mark, style = _PHASE_MARKS[phase.status]
            step = Text(f"{mark} {phase.title}", style=style)
            gap = "   " if line else ""
            if line and line.cell_len + len(gap) + step.cell_len > options.max_width:
                yield line
                line, gap = Text(), ""
            line = Text.assemble(line, gap, step)
        yield line


def _to_move_on(ahead: MoveView) -> RenderableType:
    if ahead.is_ready:
        return Text(f"Nothing is missing to move on to {ahead.title}", style="green")
    shown, rest = ahead.missing[:_MOST_MISSING], len(ahead.missing) - _MOST_MISSING
    parts: list[RenderableType] = [
        Text(f"Missing to move on to {ahead.title}", style="bold cyan"),
        missing_table(shown),
    ]
    if rest > 0:
        parts.append(Text(f"and {rest} more; `sluice release explain` has them all", style="dim"))
    return Group(*parts)


def _sections(view: ReleaseView) -> Iterator[tuple[str, RenderableType]]:
    if view.approvals:
        yield "Approvals", _approvals(view.approvals)
    if view.gates:
        yield "Gates", _gates(view.gates)
    if view.wanted_decisions or view.decisions:
        yield "Decisions", _decisions(view)
    if view.conditions:
        yield "Conditions", _conditions(view)
    if view.checklists:
        yield "Checklists", _checklists(view.checklists)
    if view.changes:
        yield "Change requests", _rows((one.id, one.state, one.title) for one in view.changes)
    if view.rollouts:
        yield (
            "Rollouts",
            _rows((one.id, one.phase, f"{one.weight_percent:g} %", one.headline) for one in view.rollouts),
        )
    if view.run_list:
        yield (
            "Runbooks",
            _rows((one.id, one.title, one.phase, one.sentence) for one in view.run_list),
        )


def _approvals(approvals: Sequence[ApprovalView]) -> Table:
    table = _marked_table()
    for one in approvals:
        table.add_row(_mark(one.standing), one.policy, approval_lines(one))
    return table


def _gates(gates: Sequence[GateView]) -> Table:
    table = _marked_table()
    for one in gates:
        words = Text(one.sentence)
        if one.by:
            words.append(f"  {minute(one.at)}", style="dim")
        if one.by and not one.is_signed:
            words.append("\nits signature does not hold", style="bold red")
        table.add_row(_mark(one.standing), one.id, words)
    return table


def _decisions(view: ReleaseView) -> Table:
    table = _marked_table()
    for name in view.wanted_decisions:
        table.add_row(_mark("waiting"), Text(name), "not decided yet")
    for one in view.decisions:
        standing = "stale" if one.is_stale else "passed" if one.kind == "go" else "failed"
        role = f" as {one.role}" if one.role else ""
        words = Text(f"{one.kind}, {minute(one.at)} {one.by}{role}{f': {one.reason}' if one.reason else ''}")
        if one.is_stale:
            words.append("\nwhat was decided on has changed since", style="yellow")
        table.add_row(_mark(standing), Text(one.id), words)
    return table


def _conditions(view: ReleaseView) -> Table:
    table = _marked_table()
    for one in view.conditions:
        words = Text(f"{one.text} (asked by {one.by})")
        if one.is_done:
            words.append(f"\nmet: {one.done_by}{f', {one.note}' if one.note else ''}", style="dim")
        table.add_row(_mark("passed" if one.is_done else "waiting"), Text(one.id), words)
    return table


def _checklists(checklists: Sequence[ChecklistView]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for one in checklists:
        late = sum(item.is_overdue for item in one.items)
        is_done = one.done_count == len(one.items)
        table.add_row(
            _mark("passed" if is_done else "waiting"),
            Text(one.id),
            f"{one.done_count} of {len(one.items)}",
            Text(f"{late} late" if late else "", style="red"),
            minute(one.due_at),
            Text(one.title, style="dim"),
        )
    return table


def _rows(rows: Iterator[tuple[str, ...]]) -> Table:
    """Return rows without a heading; their ids, which come first, are never cut."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    return table


def _marked_table() -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    return table


def _mark(standing: str) -> Text:
    mark, style = _STANDING_MARKS.get(standing, _OPEN_MARK)
    return Text(mark, style=style)


def _vote_words(vote: VoteView) -> str:
    role = f" as {vote.role}" if vote.role else ""
    behalf = f" for {vote.on_behalf_of}" if vote.on_behalf_of else ""
    conditions = f", if {'; '.join(vote.conditions)}" if vote.conditions else ""
    void = f" (does not count: {vote.void_reason})" if vote.void_reason else ""
    return f"{minute(vote.at)} {vote.by}{behalf}{role}: {vote.kind}{conditions}{void}"
