"""What is done around a release: the `checklists` and `runbooks` sections."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sluiceway.config.plain import (
    COMMAND,
    DURATION,
    ITS_ID,
    ITS_ID_OR_TEXT,
    ITS_TITLE,
    OFFSET,
    TEXT,
    TRUTH,
    WEB_ADDRESS,
    several,
    whole,
)
from sluiceway.config.records import OneOf, Part, Reader, Record, Scope, cycle_in, listed, named, part
from sluiceway.config.sections import Fields
from sluiceway.config.shapes import TEXT as TEXT_SCHEMA
from sluiceway.config.tree import Value
from sluiceway.domain.process.lists import Anchor, Checklist, Item, ItemKind, Runbook, Step, StepKind


@dataclass(frozen=True, slots=True)
class _Request:
    """An HTTP request and the answer that counts as good."""

    url: str
    status: int = 200
    contains: str = ""


@dataclass(frozen=True, slots=True)
class _After:
    """A stretch of time after a release entered a phase."""

    phase: str
    from_s: float = 0.0
    until_s: float | None = None


def _read_condition(value: Value, scope: Scope) -> str | None:
    return scope.condition(value)


def _check_one_day(fields: Fields, after: _After, _scope: Scope) -> None:
    if after.until_s is not None and after.until_s < after.from_s:
        fields.at("until").problem("ends before it begins, expected a time after `from`")


REQUEST = Record(
    "http",
    "An HTTP request that must be answered well",
    _Request,
    (
        part("url", WEB_ADDRESS, "the address that is requested", is_required=True),
        part("status", whole(100, 599), "the status that must come back"),
        part("contains", TEXT, "text that must be in the answer"),
    ),
)
AFTER = Record(
    "after",
    "When a checklist is due that follows a phase",
    _After,
    (
        part("phase", named("phase"), "the phase whose beginning counts", is_required=True),
        part("from", DURATION, "how long after it the items come due", to="from_s"),
        part("until", DURATION, "how long after it they should be done", to="until_s"),
    ),
    check=_check_one_day,
)


def _item(
    run: tuple[str, ...] = (),
    http: _Request | None = None,
    metric: str = "",
    no_stale_flags: bool = False,
    **given: Any,
) -> Item:
    item = Item(**given)
    if no_stale_flags:
        return replace(item, kind=ItemKind.FLAGS)
    if run:
        return replace(item, kind=ItemKind.COMMAND, command=run)
    if http is not None:
        return replace(item, kind=ItemKind.HTTP, url=http.url, status=http.status, contains=http.contains)
    return replace(item, kind=ItemKind.METRIC, expression=metric) if metric else item


def _check_item(fields: Fields, item: Item, _scope: Scope) -> None:
    asked = fields.get("no_stale_flags")
    if asked is not None and item.kind is not ItemKind.FLAGS:
        asked.problem("found false, expected true, or no such line where nobody asks for it")


ITEM = Record(
    "item",
    "One thing to do",
    _item,
    (
        ITS_ID_OR_TEXT,
        part("text", TEXT, "what is to be done", is_required=True),
        part("owner", named("role"), "the role that does it, instead of the list's"),
        part("at", OFFSET, "when it is due, instead of the list's time", to="offset_s"),
        part("run", COMMAND, "a command that does it; run without a shell"),
        part("http", REQUEST.reader, "a request whose answer decides"),
        part("metric", Reader(TEXT_SCHEMA, _read_condition), "a condition on the release's figures"),
        part("no_stale_flags", TRUTH, "true: done while no feature flag of the service is stale"),
        part("timeout", DURATION, "how long a command or request may take", to="timeout_s"),
        part("required", TRUTH, "false: it never holds a release"),
        part("when", TEXT, "when it applies, in words; it may be set aside with a reason"),
        part("parent", named("item"), "the item of this list that it is a part of"),
    ),
    one_of=OneOf(("run", "http", "metric", "no_stale_flags")),
    plain="text",
    check=_check_item,
)


def _checklist(
    at: float = 0.0, until: float | None = None, after: _After | None = None, **given: Any
) -> Checklist:
    if after is not None:
        return Checklist(
            anchor=Anchor.PHASE, phase=after.phase, offset_s=after.from_s, until_s=after.until_s, **given
        )
    return Checklist(offset_s=at, until_s=until, **given)


def _check_checklist(fields: Fields, checklist: Checklist, _scope: Scope) -> None:
    if fields.has("until") and fields.has("after"):
        fields.at("until").problem('"until" goes with "at", expected it within "after"')
    elif fields.has("until") and (checklist.until_s or 0.0) < checklist.offset_s:
        fields.at("until").problem("ends before it begins, expected a time after `at`")
    parents = {item.id: (item.parent,) for item in checklist.items if item.parent}
    cycle = cycle_in(parents)
    if cycle:
        fields.at("items").problem(f"items are parts of each other: {' -> '.join(cycle)}")


CHECKLIST = Record(
    "checklist",
    "Items that come due together",
    _checklist,
    (
        ITS_ID,
        ITS_TITLE,
        part("owner", named("role"), "the role that does its items"),
        part("at", OFFSET, "when it is due, from the target T"),
        part("until", OFFSET, "when it should be done, from the target T"),
        part("after", AFTER.reader, "when it is due, from the beginning of a phase"),
        part("types", several("type"), "types of release it belongs to"),
        part("items", listed(ITEM, least=1), "what is to be done", is_required=True),
    ),
    one_of=OneOf(("at", "after")),
    declares=(("item", "items"),),
    check=_check_checklist,
)


def _step(run: tuple[str, ...] = (), http: _Request | None = None, **given: Any) -> Step:
    given.pop("manual", None)  # says what is so anyway
    if run:
        return Step(kind=StepKind.COMMAND, command=run, **given)
    if http is not None:
        return Step(kind=StepKind.HTTP, url=http.url, status=http.status, contains=http.contains, **given)
    return Step(**given)


def _check_step(fields: Fields, _step: Step, _scope: Scope) -> None:
    manual = fields.get("manual")
    if manual is not None and manual.raw.lower() in {"false", "no", "off"}:
        manual.problem("found false, expected run or http to say what the step does by itself")


STEP = Record(
    "step",
    "One step of a runbook",
    _step,
    (
        ITS_ID,
        ITS_TITLE,
        part("run", COMMAND, "the command it runs, without a shell"),
        part("http", REQUEST.reader, "a request whose answer decides"),
        part("manual", TRUTH, "true: a person does it, as when neither run nor http is there"),
        part("undo", COMMAND, "the command that takes it back when a later step fails for good"),
        part("timeout", DURATION, "how long it may take", to="timeout_s"),
        part("attempts", whole(1, 100), "how often it is tried"),
        part("wait", DURATION, "time between two attempts", to="wait_s"),
        part("owner", named("role"), "the role that does it or looks after it"),
        part("when", TEXT, "when it applies, in words"),
    ),
    one_of=OneOf(("run", "http", "manual")),
    check=_check_step,
)
RUNBOOK = Record(
    "runbook",
    "Steps that are carried out in order",
    Runbook,
    (
        ITS_ID,
        ITS_TITLE,
        part("steps", listed(STEP, least=1), "what is done, in order", is_required=True),
        part("owner", named("role"), "the role that looks after it"),
        part("purpose", TEXT, "what it is for"),
    ),
)

PARTS: tuple[Part, ...] = (
    part("checklists", listed(CHECKLIST), "what people and machines do, and when"),
    part("runbooks", listed(RUNBOOK), "what is carried out step by step"),
)
RECORDS = (REQUEST, AFTER, ITEM, CHECKLIST, STEP, RUNBOOK)
