"""Flags and sets of flags as JSON: what clients fetch, what the store keeps, what flag files hold.

Keys that say nothing are left out, so that a document is as short as its flag is simple. Reading it back is
the business of `wire_reading`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sluiceway.domain.flags.model import (
    BUCKETS,
    Constraint,
    Flag,
    FlagSet,
    Json,
    Rule,
    Segment,
    Serve,
    Threshold,
    Window,
)

FORMAT: Final = 1
PER_PERCENT: Final = BUCKETS // 100


def set_to_json(flags: FlagSet) -> dict[str, Json]:
    """Return a set as its JSON object."""
    return {
        "format": FORMAT,
        "service": flags.service,
        "environment": flags.environment,
        "version": flags.version,
        "flags": [flag_to_json(one) for one in flags.flags],
        "segments": [segment_to_json(one) for one in flags.segments],
    }


def flag_to_json(flag: Flag) -> dict[str, Json]:
    """Return a flag as its JSON object, which `flag_from_json` reads back as the same flag."""
    empty = EMPTY
    return {
        "id": flag.id,
        "enabled": flag.is_enabled,
        "value_type": flag.value_type.value,
        "variants": [
            _short({"name": one.name, "value": one.value}, extra=dict(one.extra)) for one in flag.variants
        ],
        **_short(
            rules=[_rule(one) for one in flag.rules],
            dependencies=[
                _short({"flag": one.flag, "on": one.is_on}, variants=list(one.variants))
                for one in flag.dependencies
            ],
            window=_window(flag.window),
            hold=None
            if flag.hold is None
            else _short({"by": flag.hold.by.value}, why=flag.hold.why, metric=flag.hold.metric),
            salt=flag.salt,
            name=flag.name,
            description=flag.description,
            owner=flag.owner,
            tags=list(flag.tags),
            release=flag.release,
            expires_at=_instant(flag.expires_at),
            full_since=_instant(flag.full_since),
            thresholds=[_threshold(one) for one in flag.thresholds],
            experiment=None
            if flag.experiment is None
            else _short(
                {"id": flag.experiment.id},
                metrics=list(flag.experiment.metrics),
                guards=list(flag.experiment.guards),
                control=flag.experiment.control,
            ),
            metadata=dict(flag.metadata),
            extra=dict(flag.extra),
        ),
        # An empty one says something, too: the caller's own default.
        **({} if flag.serve == empty.serve else {"serve": _serve(flag.serve)}),
        **({} if flag.otherwise == empty.otherwise else {"otherwise": _serve(flag.otherwise)}),
        **({} if flag.fallback is None else {"fallback": flag.fallback}),
        "off_variant": flag.off_variant,
        "hash_version": flag.hash_version.value,
        "type": flag.type.value,
        "kill_switch": flag.has_kill_switch,
    }


def segment_to_json(segment: Segment) -> dict[str, Json]:
    """Return a segment as its JSON object."""
    return _short(
        {"id": segment.id},
        title=segment.title,
        constraints=[_constraint(one) for one in segment.constraints],
        included=list(segment.included),
        excluded=list(segment.excluded),
    )


def _short(always: Mapping[str, Json] | None = None, /, **parts: Any) -> dict[str, Json]:
    said = {name: value for name, value in parts.items() if value is not None and value not in ("", [], {})}
    return {**(always or {}), **said}


def _rule(rule: Rule) -> dict[str, Json]:
    return _short(
        {"id": rule.id},
        title=rule.title,
        constraints=[_constraint(one) for one in rule.constraints],
        segments=list(rule.segments),
        reach=_percent(rule.reach) if rule.reach != BUCKETS else None,
        by=list(rule.by),
        salt=rule.salt,
        serve=_serve(rule.serve),
    )


def _percent(reach: int) -> int | float:
    whole, rest = divmod(reach, PER_PERCENT)
    return reach / PER_PERCENT if rest else whole


def _serve(serve: Serve) -> dict[str, Json]:
    return _short(
        variant=serve.variant,
        split=[{"variant": one.variant, "weight": one.weight} for one in serve.split],
        by=list(serve.by),
        salt=serve.salt,
    )


def _constraint(one: Constraint) -> dict[str, Json]:
    return _short(
        {"attribute": one.attribute, "operator": one.operator.value},
        values=list(one.values),
        inverted=one.is_inverted or None,
        ignore_case=one.ignores_case or None,
    )


def _threshold(one: Threshold) -> dict[str, Json]:
    return _short(
        {"id": one.id, "when": one.when, "on_no_data": one.on_no_data.value, "action": one.action.value},
        for_s=one.for_s or None,
        clear_s=one.clear_s or None,
        no_data_after_s=one.no_data_after_s,
        metric=one.metric,
    )


def _window(window: Window | None) -> dict[str, Json] | None:
    if window is None:
        return None
    return _short(on_at=_instant(window.on_at), off_at=_instant(window.off_at), zone=window.zone)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_text(value: object) -> str:
    """Return a scalar as the text that constraints compare: truths and whole numbers as JSON writes them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


EMPTY: Final = Flag("")  # what a document that says nothing means
