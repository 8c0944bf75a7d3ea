"""A change request as a terminal shows it. Pure: turns views into something Rich can draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sluiceway.cli.release_dates import in_zone, minute
from sluiceway.cli.release_shown import approval_lines, plain_table
from sluiceway.services.change_views import ChangeSummary, ChangeView, MatrixView, QuestionView


def change_table(summaries: Sequence[ChangeSummary]) -> RenderableType:
    """Return a line per request."""
    table = plain_table("id", "service", "title", "kind", "state", "risk", "waits for")
    for item in summaries:
        texts = (item.service, item.title, item.kind, item.state, item.risk, item.waits_for)
        table.add_row(item.id, *(Text(text) for text in texts))
    return table


def change_line(view: ChangeView) -> str:
    """Return in one line where a request is and what it waits for."""
    summary = view.summary
    waits = f"; it waits for {summary.waits_for}" if summary.waits_for else ""
    return f"{summary.id} {summary.title}: {summary.state}{waits}"


def change_panel(view: ChangeView) -> RenderableType:
    """Return everything about a request at one moment."""
    parts: list[RenderableType] = [_about(view)]
    for title, part in _sections(view):
        parts += [Text(""), Text(title, style="bold cyan"), part]
    if view.calendar_closed and "start" in view.may:
        parts += [Text(""), Text(f"! {view.calendar_closed}", style="yellow")]
    return Panel(Group(*parts), title=Text(view.summary.title), subtitle=view.summary.id, border_style="cyan")


def _about(view: ChangeView) -> RenderableType:
    summary, facts = view.summary, view.facts
    head = Text(summary.state, style="bold")
    if view.history:
        since, by, _, why = view.history[-1]
        reason = f": {why}" if why else ""
        head.append(f"  since {minute(since)}, by {by}{reason}", style="not bold")
    times = " to ".join(in_zone(at, view.zone) for at in (facts.starts_at, facts.ends_at) if at)
    rows = (
        ("waits for", summary.waits_for),
        ("service", " of ".join(filter(None, (facts.service, facts.parent_service)))),
        ("kind", view.kind_title),
        ("asked by", facts.requestor),
        ("made", f"{minute(summary.created_at)} by {summary.author}"),
        ("carried out", ", ".join(filter(None, (facts.implementer, times)))),
        ("follows", facts.template),
        ("what", facts.description),
        ("why", facts.business_justification),
        ("scope", ", ".join(filter(None, (facts.impact.scope, facts.impact.effort_estimate)))),
        ("takes", _lines(facts.impact.resource_requirements)),
        ("systems", _lines(facts.impact.technical)),
        ("business", _lines(facts.impact.business)),
        ("risks", _lines(_risk_lines(view))),
        ("done when", _lines(facts.acceptance_criteria)),
        ("needs", _lines(facts.dependencies)),
        ("timeline", _lines(f"{phase}: {long}" for phase, long in facts.timeline)),
        ("worth it when", _lines(facts.success_metrics)),
        ("way back", facts.rollback_plan),
        ("besides", _lines(f"{name}: {text}" for name, text in facts.fields)),
        ("part of", ", ".join(view.releases)),
        ("meeting", view.meeting),
        ("review by", in_zone(view.review_due_at, view.zone)),
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in rows:
        if value:
            table.add_row(name, Text(value))
    return Group(head, table)


def _sections(view: ChangeView) -> Iterator[tuple[str, RenderableType]]:
    yield "Risk", _text((view.risk.sentence, *(f"  {line}" for line in view.risk.lines)))
    if view.questions:
        yield "Questions", _questions(view.questions)
    if view.matrix is not None:
        yield "Decision matrix", _matrix(view.matrix)
    if view.approvals:
        table = plain_table("who", "votes")
        for one in view.approvals:
            table.add_row(Text(one.policy), approval_lines(one))
        yield "Who decides", table
    if view.decisions:
        yield (
            "Decisions",
            _text(
                f"{minute(one.at)} {'review' if one.is_review else one.kind}: {one.sentence}"
                f"{'' if one.is_current else ' (of what it said before)'}"
                for one in view.decisions
            ),
        )
    if view.conditions:
        yield (
            "Conditions",
            _text(
                f"{one.text} (asked by {one.set_by}){_where(one.open_in, one.met_in)}"
                for one in view.conditions
            ),
        )
    if view.conflicts:
        yield "In the way", _text(one.sentence for one in view.conflicts)


def _questions(questions: Sequence[QuestionView]) -> Table:
    table = plain_table("id", "question", "answer", "possible")
    for one in questions:
        possible = ", ".join(f"{answer} ({text})" for answer, text in one.answers)
        table.add_row(Text(one.id), Text(one.text), Text(one.answered or "not answered"), Text(possible))
    return table


def _matrix(matrix: MatrixView) -> RenderableType:
    table = plain_table("criterion", "weight", "points", "mean", "spread", "scores")
    for one in matrix.criteria:
        direction = "more speaks for it" if one.higher_is_better else "less speaks for it"
        scores = ", ".join(f"{by} {points}" for by, _, points, _ in one.scores)
        table.add_row(
            Text(one.id),
            f"{one.weight_percent} %",
            f"{one.low} to {one.high}, {direction}",
            "" if one.mean is None else f"{one.mean:.1f}",
            "" if one.spread is None else f"{one.spread:g}",
            Text(scores),
        )
    totals = ", ".join(f"{member} {total:.2f}" for member, total in matrix.totals)
    return Group(table, Text(matrix.sentence), Text(totals, style="dim"))


def _risk_lines(view: ChangeView) -> Iterator[str]:
    for one in view.facts.impact.risks:
        parts = (("probability", one.probability), ("impact", one.impact))
        rated = ", ".join(f"{name} {text}" for name, text in parts if text)
        against = f"; against it: {one.mitigation}" if one.mitigation else ""
        yield f"{one.risk}{f' ({rated})' if rated else ''}{against}"


def _where(open_in: Sequence[str], met_in: Sequence[str]) -> str:
    if not open_in and not met_in:
        return ": to be met once it is part of a release"
    parts = [f"open in {', '.join(open_in)}"] if open_in else []
    parts += [f"met in {', '.join(met_in)}"] if met_in else []
    return f": {'; '.join(parts)}"


def _text(lines: Iterable[str]) -> Text:
    return Text("\n".join(lines))


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)
