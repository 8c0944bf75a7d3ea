"""The keys of snippets that process files may hold as other documents write them. Read by `snippets`."""

from __future__ import annotations

from sluiceway.config.sections import Key, Schema, Section
from sluiceway.config.shapes import DURATION, SCALAR, TEXT, TRUTH, list_of, ref

EVALUATION_CRITERION = Section(
    "A criterion of a decision matrix",
    (
        Key("weight", SCALAR, "its share; the weights sum to 100 percent"),
        Key("score_range", TEXT, "the lowest and the highest score, such as 1-10"),
        Key("higher_is_better", TRUTH, "false: a high score speaks against the change"),
        Key("description", TEXT, "what it asks"),
    ),
)
SCHEDULED_RELEASE = Section(
    "A planned release",
    (
        Key("version", SCALAR, "the version"),
        Key("date", TEXT, "the day it is planned for"),
        Key("theme", TEXT, "what it is about"),
    ),
)
CAPACITY_PER_SPRINT = Section(
    "What a team gets done in a sprint",
    (
        Key("story_points", SCALAR, "points of a sprint"),
        Key("days_available", SCALAR, "working days of a sprint"),
        Key("velocity", SCALAR, "points of a day, such as 6_points_per_day"),
    ),
)
ALERT_THRESHOLD = Section(
    "When a figure is worth an alert",
    (
        Key("threshold", SCALAR, "the figure it may not pass", is_required=True),
        Key("window", DURATION, "how long it must hold"),
        Key("severity", TEXT, "critical, warning or info"),
    ),
)
ROLLBACK_ALERTS = Section(
    "What goes back by itself, and what asks first",
    (
        Key("automatic_triggers", list_of(TEXT), "conditions of an automatic rollback: critical alerts"),
        Key("manual_approval_required", list_of(TEXT), "rollbacks that need somebody's yes"),
    ),
)

SECTIONS: dict[str, Section] = {
    "evaluation_criterion": EVALUATION_CRITERION,
    "scheduled_release": SCHEDULED_RELEASE,
    "capacity_per_sprint": CAPACITY_PER_SPRINT,
    "alert_threshold": ALERT_THRESHOLD,
    "rollback_alerts": ROLLBACK_ALERTS,
}
EVALUATION_CRITERIA = Key(
    "evaluation_criteria",
    {"type": "object", "additionalProperties": ref("evaluation_criterion")},
    "a decision matrix by criterion, instead of `changes.matrix`",
)
ALERTS_BY_GROUP: Schema = {
    "type": "object",
    "properties": {"rollback": ref("rollback_alerts")},
    "additionalProperties": {"type": "object", "additionalProperties": ref("alert_threshold")},
}
_PLANNED: Schema = {"anyOf": [ref("scheduled_release"), list_of(ref("scheduled_release"))]}
PATTERNS: Schema = {
    "^release_schedule_": {
        "type": "object",
        "description": "planned releases by quarter and type, instead of `release_calendar`",
        "additionalProperties": {
            "type": "object",
            "patternProperties": {"_releases?$": _PLANNED},
            "additionalProperties": False,
        },
    },
    "^team_capacity_": {
        "type": "object",
        "description": "who there is and what a sprint holds, instead of `planning`",
        "properties": {"capacity_per_sprint": ref("capacity_per_sprint")},
        "additionalProperties": {"type": "object", "additionalProperties": {"type": "number"}},
    },
}
