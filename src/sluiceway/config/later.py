"""The sections of a process file that are read, checked and shown today and acted on by later capabilities.

Communications, reviews, indicators, incidents, alerts, notes, pipelines, branches, planning, risks, controls.
"""

from __future__ import annotations

from sluiceway.config.plain import (
    DAY,
    DURATION,
    ID,
    ITS_ID,
    ITS_TITLE,
    OFFSET,
    PERCENT,
    RANGE,
    TEXT,
    TEXTS,
    TRUTH,
    number,
    one_word,
    several,
    whole,
)
from sluiceway.config.records import OneOf, Part, Reader, Record, Scope, listed, named, part
from sluiceway.config.sections import Fields
from sluiceway.config.snippet_vocabulary import ALERTS_BY_GROUP
from sluiceway.config.tree import Value
from sluiceway.domain.process.later import (
    Alert,
    BranchRule,
    Control,
    IncidentScale,
    Indicator,
    Message,
    NotesTemplate,
    PipelineStage,
    PlannedRelease,
    Planning,
    Priority,
    Review,
    Risk,
    RollbackPolicy,
    Severity,
    Topic,
)


def _agenda_item(minutes: int, topic: str) -> tuple[int, str]:
    return minutes, topic


def _scenario(title: str, method: str = "", steps: tuple[str, ...] = ()) -> tuple[str, str, tuple[str, ...]]:
    return title, method, steps


def _story_points(points: int, meaning: str = "") -> tuple[int, str]:
    return points, meaning


def _team_members(role: str, count: float) -> tuple[str, float]:
    return role, count


MESSAGE = Record(
    "message",
    "An announcement",
    Message,
    (
        ITS_ID,
        part("text", TEXT, "what is said", is_required=True),
        part("at", OFFSET, "when, from the target T", to="offset_s"),
        part("on", ID, "what sets it off instead: rollback, incident, downtime"),
        part("every", DURATION, "repeated while its cause lasts", to="every_s"),
        part("audience", TEXT, "who hears it"),
        part("channel", TEXT, "by which way"),
        part("owner", named("role"), "the role that says it"),
        part("external", TRUTH, "true: customers hear it", to="is_external"),
        part("template", TEXT, "the text it is made of"),
    ),
    one_of=OneOf(("at", "on"), is_required=True),
)
AGENDA_ITEM = Record(
    "agenda_item",
    "A part of a meeting",
    _agenda_item,
    (
        part("minutes", whole(1, 1_440), "how long it takes", is_required=True),
        part("topic", TEXT, "what it is about", is_required=True),
    ),
)


def _check_review(fields: Fields, review: Review, _scope: Scope) -> None:
    if review.until_s and review.until_s < review.from_s:
        fields.at("until").problem("ends before it begins, expected a time after `from`")


REVIEW = Record(
    "review",
    "A look back",
    Review,
    (
        ITS_ID,
        ITS_TITLE,
        part("from", DURATION, "how long after the release it begins", to="from_s"),
        part("until", DURATION, "how long after the release it is over", to="until_s"),
        part("items", TEXTS, "what is looked at"),
        part("agenda", listed(AGENDA_ITEM, what="part of the agenda"), "what is spoken about, in order"),
        part("attendees", several("role"), "roles that take part"),
        part("facilitator", named("role"), "the role that leads it"),
    ),
    check=_check_review,
)
INDICATOR = Record(
    "indicator",
    "A figure the team steers by",
    Indicator,
    (
        ITS_ID,
        ITS_TITLE,
        part("group", TEXT, "what it belongs to"),
        part("calculation", TEXT, "how it is computed, in words"),
        part("target", TEXT, "what it should be, in words"),
    ),
)
SEVERITY = Record(
    "severity",
    "A step of an incident scale",
    Severity,
    (
        ITS_ID,
        ITS_TITLE,
        part("examples", TEXTS, "what it looks like"),
        part("response", TEXT, "what is done"),
        part("respond", DURATION, "how soon; with the next release when absent", to="respond_s"),
    ),
)
INCIDENTS = Record(
    "incidents",
    "How incidents are handled",
    IncidentScale,
    (
        part("severities", listed(SEVERITY), "the scale, worst first"),
        part("update_every", RANGE, "time between two updates", to="update_every_s"),
        part("postmortem_within", DURATION, "when the look back is due", to="postmortem_within_s"),
        part("quick_fix_within", DURATION, "a fix that takes longer is a rollback", to="quick_fix_within_s"),
        part("steps", TEXTS, "what is done, in order"),
    ),
)
ALERT = Record(
    "alert",
    "A condition to be told of",
    Alert,
    (
        ITS_ID,
        part("condition", TEXT, "the condition, in the team's words", is_required=True),
        part("severity", one_word("critical", "warning", "info"), "how bad it is"),
        part("window", DURATION, "how long it must hold", to="window_s"),
        part("respond", DURATION, "how soon somebody acts", to="respond_s"),
        part("route", TEXT, "who is told, and how"),
    ),
)
SCENARIO = Record(
    "scenario",
    "A way back for one kind of failure",
    _scenario,
    (
        part("title", TEXT, "what has gone wrong", is_required=True),
        part("method", TEXT, "how to go back"),
        part("steps", TEXTS, "what is done, in order"),
    ),
)
ROLLBACK_POLICY = Record(
    "rollback_policy",
    "When people look at going back, and how",
    RollbackPolicy,
    (
        part("consider", TEXTS, "when people consider a rollback"),
        part("approval_for", TEXTS, "rollbacks that need somebody's yes"),
        part("steps", TEXTS, "what is done, in order"),
        part("scenarios", listed(SCENARIO), "ways back for kinds of failure"),
    ),
)
NOTES_TEMPLATE = Record(
    "notes_template",
    "A template of release notes",
    NotesTemplate,
    (ITS_ID, ITS_TITLE, part("sections", TEXTS, "its sections, in order")),
)
PIPELINE = Record(
    "pipeline",
    "A stage of testing: evidence that is expected",
    PipelineStage,
    (
        ITS_ID,
        ITS_TITLE,
        part("trigger", TEXT, "what starts it"),
        part("duration", DURATION, "how long it takes", to="duration_s"),
        part("tools", TEXTS, "what it uses"),
        part("threshold", TEXT, "what must come out"),
        part("environment", TEXT, "where it runs"),
    ),
)
BRANCH = Record(
    "branch",
    "What the Git host should ask of a branch",
    BranchRule,
    (
        part("branch", TEXT, "its name, which may hold `*`", is_required=True),
        part("purpose", TEXT, "what it is for"),
        part("reviews", whole(0, 100), "reviews before a merge"),
        part("dismiss_stale", TRUTH, "true: a new commit asks for reviews again"),
        part("code_owners", TRUTH, "true: code owners must review"),
        part("status_checks", TEXTS, "checks that must pass"),
    ),
)
PRIORITY = Record(
    "priority",
    "How much something is wanted",
    Priority,
    (ITS_ID, ITS_TITLE, part("meaning", TEXT, "what it stands for")),
)
STORY_POINTS = Record(
    "story_points",
    "What a number of story points stands for",
    _story_points,
    (
        part("points", whole(0, 1_000), "the number", is_required=True),
        part("meaning", TEXT, "what it stands for"),
    ),
)
TEAM_MEMBERS = Record(
    "team_members",
    "People of one trade",
    _team_members,
    (
        part("role", TEXT, "their trade, in words", is_required=True),
        part("count", number(least=0, most=10_000), "how many there are", is_required=True),
    ),
)
PLANNING = Record(
    "planning",
    "How scope is planned",
    Planning,
    (
        part("priorities", listed(PRIORITY), "how much things are wanted"),
        part("points", listed(STORY_POINTS), "what story points stand for"),
        part("sprint", DURATION, "how long a sprint lasts", to="sprint_s"),
        part("sprint_points", number(least=0, most=100_000), "points of a sprint"),
        part("sprint_days", number(least=0, most=365), "working days of a sprint"),
        part("points_per_day", number(least=0, most=10_000), "points of a day"),
        part("debt", PERCENT, "share that is kept for technical debt", to="debt_percent"),
        part("team", listed(TEAM_MEMBERS), "who there is"),
        part("meetings", TEXTS, "meetings in which it is planned"),
    ),
)
RISK = Record(
    "risk",
    "An entry a release's risk register begins with",
    Risk,
    (
        ITS_ID,
        ITS_TITLE,
        part("category", TEXT, "what kind of risk"),
        part("mitigation", TEXT, "what is done against it"),
        part("monitoring", TEXT, "how it is watched"),
        part("trigger", TEXT, "what shows that it has come true"),
    ),
)
CONTROL = Record(
    "control",
    "What auditors ask for",
    Control,
    (
        ITS_ID,
        part("standard", TEXT, "the standard, such as SOC 2", is_required=True),
        part("text", TEXT, "what it asks for", is_required=True),
    ),
)


def _read_day_text(value: Value, scope: Scope) -> str | None:
    day = DAY.read(value, scope)
    return None if day is None else day.isoformat()


def _read_type(value: Value, scope: Scope) -> str | None:
    """Return the id of a type; any id in a file that is only a calendar and declares none."""
    return (named("type") if scope.known.get("type") else ID).read(value, scope)


PLANNED_RELEASE = Record(
    "planned_release",
    "A line of a release calendar",
    PlannedRelease,
    (
        part("version", TEXT, "the version", is_required=True),
        part("date", Reader(DAY.schema, _read_day_text), "the day it is planned for", is_required=True),
        part("type", Reader(named("type").schema, _read_type), "the type of release"),
        part("theme", TEXT, "what it is about"),
    ),
)
TOPIC = Record(
    "topic",
    "Facts that people read",
    Topic,
    (ITS_ID, ITS_TITLE, part("lines", TEXTS, "the facts")),
)

_LISTED_ALERTS = listed(ALERT)
_ALERTS = Reader({"anyOf": [_LISTED_ALERTS.schema, ALERTS_BY_GROUP]}, _LISTED_ALERTS.read)

PARTS: tuple[Part, ...] = (
    part("communications", listed(MESSAGE), "what is said to whom, and when"),
    part("reviews", listed(REVIEW), "looks back after a release"),
    part("kpis", listed(INDICATOR), "figures the team steers by", to="indicators"),
    part("incidents", INCIDENTS.reader, "how incidents are handled"),
    part("alerts", _ALERTS, "conditions to be told of"),
    part("rollback_policy", ROLLBACK_POLICY.reader, "when people look at going back", to="rollback"),
    part("release_notes", listed(NOTES_TEMPLATE), "templates of release notes", to="notes"),
    part("pipelines", listed(PIPELINE), "stages of testing"),
    part("branches", listed(BRANCH), "what the Git host should ask of branches"),
    part("planning", PLANNING.reader, "how scope is planned"),
    part("risks", listed(RISK), "what a release's risk register begins with"),
    part("controls", listed(CONTROL), "what auditors ask for"),
    part("release_calendar", listed(PLANNED_RELEASE), "releases that are planned", to="calendar"),
    part("topics", listed(TOPIC), "facts that people read"),
)
RECORDS = (
    *(MESSAGE, AGENDA_ITEM, REVIEW, INDICATOR, SEVERITY, INCIDENTS, ALERT, SCENARIO, ROLLBACK_POLICY),
    *(NOTES_TEMPLATE, PIPELINE, BRANCH, PRIORITY, STORY_POINTS, TEAM_MEMBERS, PLANNING, RISK, CONTROL),
    *(PLANNED_RELEASE, TOPIC),
)
