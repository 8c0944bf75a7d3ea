"""A process as a terminal shows it: a table for each part that it has. Pure: turns a process into tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sluiceway.cli.process_words import later_words, length_words, need_words, range_words, when_words
from sluiceway.domain.approvals.rules import rule_words
from sluiceway.domain.approvals.voters import Voters
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.durations import show_duration, show_weight
from sluiceway.domain.process.plan import Process, RolloutPlan
from sluiceway.domain.process.team import TeamProcess

Section = tuple[str, Sequence[str], Sequence[Sequence[str]]]  # title, columns, rows


def overview(process: Process, files: Sequence[str]) -> RenderableType:
    """Return the process in tables; `files` are its own and those of all that it extends."""
    heading = Text(process.name, style="bold")
    heading.append(f"  {process.content_hash[:12]}", style="not bold dim")
    parts: list[RenderableType] = [heading, Text(f"from {', extending '.join(files)}")]
    for title, columns, rows in _sections(process):
        if rows:
            table = Table(*columns, title=title, title_justify="left", title_style="bold cyan", box=None)
            table.pad_edge = False
            for row in rows:
                table.add_row(*(Text(cell) for cell in row))
            parts += [Text(""), table]
    if process.team:
        later = later_words(process.team.later)
        parts += [Text(""), Text("Also", style="bold cyan"), *(Text(line) for line in later)] if later else []
    return Group(*parts)


def _sections(process: Process) -> Iterator[Section]:
    if process.team:
        yield from _road(process.team)
    yield from _rollouts(process)
    if process.team:
        yield from _work(process.team)
        yield from _control(process.team)


def _road(team: TeamProcess) -> Iterator[Section]:
    types = [
        (
            kind.id,
            ", ".join(kind.version),
            kind.cadence,
            range_words(*kind.length_s),
            _joined(kind.approvals),
            _joined(kind.gates),
            kind.rollout,
            " → ".join(kind.path),
        )
        for kind in team.types
    ]
    columns = ("type", "version", "how often", "takes", "approvals", "gates", "rollout", "path")
    yield "Types of releases", columns, types
    phases = [
        (phase.id, phase.kind, _joined([need_words(need) for need in phase.needs]), _joined(phase.back_to))
        for phase in team.phases
    ]
    yield "Phases", ("phase", "kind", "needs", "back to"), phases
    gates = [
        (gate.id, gate.title, str(len(gate.checks)), _joined(gate.attested_by), _joined(gate.waived_by))
        for gate in team.gates
    ]
    yield "Gates", ("gate", "what it is", "checks", "attested by", "waived by"), gates
    titles = {role.id: role.title for role in team.roles}
    boards = {board.id: board for board in team.changes.boards}
    voters = Voters(Directory(), datetime.min.replace(tzinfo=UTC), boards=boards, titles=titles)
    approvals = [
        (
            policy.id,
            rule_words(policy.rule, voters),
            _joined(policy.binds),
            show_duration(policy.expires_s) if policy.expires_s else "",
        )
        for policy in team.approvals
    ]
    yield "Approvals", ("approval", "who must agree", "asked again when these change", "expires"), approvals
    roles = [(role.id, role.title, _joined(role.may)) for role in team.roles]
    yield "Roles", ("role", "who it is", "may"), roles


def _rollouts(process: Process) -> Iterator[Section]:
    named = [*([("", process.rollout)] if process.rollout else []), *process.rollouts]
    rows = [
        (name or "(the default)", plan.strategy, _stages(plan), str(len(plan.triggers)))
        for name, plan in named
    ]
    yield "Rollouts", ("rollout", "strategy", "stages", "triggers"), rows


def _stages(plan: RolloutPlan) -> str:
    return " → ".join(
        show_weight(stage.weight_bp) + (f" {show_duration(stage.duration_s)}" if stage.duration_s else "")
        for stage in plan.stages
    )


def _work(team: TeamProcess) -> Iterator[Section]:
    timelines = [
        (timeline.id, stone.id, length_words(stone.before), length_words(stone.lasts), stone.owner)
        for timeline in team.timelines
        for stone in timeline.milestones
    ]
    yield "Timelines", ("timeline", "milestone", "before the target", "lasts", "owner"), timelines
    checklists = [
        (one.id, when_words(one), str(len(one.items)), one.owner, _joined(one.types))
        for one in team.checklists
    ]
    yield "Checklists", ("checklist", "when", "items", "owner", "types"), checklists
    runbooks = [(book.id, book.title, str(len(book.steps)), book.owner) for book in team.runbooks]
    yield "Runbooks", ("runbook", "what it is", "steps", "owner"), runbooks
    environments = [(one.id, one.after, one.entry, one.purpose) for one in team.environments]
    yield "Environments", ("environment", "after", "a version gets in", "purpose"), environments
    calendar = team.calendar
    freezes = [
        (freeze.title, f"{freeze.first} to {freeze.last}", "every year" if freeze.yearly else "")
        for freeze in calendar.freezes
    ]
    days = [*freezes, *((title, str(day), "") for day, title in calendar.days_off)]
    where = f"{calendar.zone}, holidays {calendar.holidays or 'none'}"
    yield f"Calendar ({where})", ("freeze or day off", "days", ""), days


def _control(team: TeamProcess) -> Iterator[Section]:
    changes = team.changes
    kinds = [(kind.id, kind.title, kind.board, _joined(kind.approvals)) for kind in changes.kinds]
    yield "Kinds of changes", ("kind", "what it is", "board", "approvals"), kinds
    boards = [
        (board.id, _joined(board.voting), _joined(board.advisory), board.chair, str(board.quorum))
        for board in changes.boards
    ]
    yield "Boards", ("board", "voting", "advisory", "chair", "quorum"), boards
    matrix = [
        (one.title, f"{one.weight_percent} %", f"{one.low} to {one.high}", _better(one.higher_is_better))
        for one in changes.matrix
    ]
    yield "Decision matrix", ("criterion", "weight", "scores", "better"), matrix


def _joined(words: Sequence[str]) -> str:
    return ", ".join(words)


def _better(is_higher: bool) -> str:
    return "high" if is_higher else "low"
