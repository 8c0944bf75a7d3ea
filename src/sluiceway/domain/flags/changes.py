"""What sets two flags, segments or sets apart, in lines people read: `reach of rule "beta" 10% -> 25%`.

For the audit trail, a flag's history and plans. What to do with a flag that was edited in two places is the
business of `planning`. No line for what is equal; the environment is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from sluiceway.domain.flags.model import (
    Constraint,
    Experiment,
    Flag,
    FlagSet,
    HeldOffBy,
    Hold,
    Rule,
    Segment,
    Threshold,
    Variant,
)
from sluiceway.domain.flags.wording import (
    audience_words,
    constraint_words,
    dependency_words,
    instant_words,
    json_words,
    listed,
    percent,
    rule_words,
    segment_words,
    serve_words,
    threshold_words,
    window_words,
)

_T = TypeVar("_T")


def set_changes(old: FlagSet, new: FlagSet) -> tuple[str, ...]:
    """Return what differs between two sets, each line below the flag or segment that it is about."""
    flags = _paired(old.flags, new.flags, lambda one: one.id)
    segments = _paired(old.segments, new.segments, lambda one: one.id)
    return (
        *(f"{id_}: {line}" for id_, before, after in flags for line in flag_changes(before, after)),
        *(
            f"segment {id_}: {line}"
            for id_, before, after in segments
            for line in segment_changes(before, after)
        ),
    )


def flag_changes(old: Flag | None, new: Flag | None) -> tuple[str, ...]:
    """Return what differs between a flag before and after; None where it is not there."""
    if old is None and new is None:
        return ()
    if old is None:
        return ("added the flag",)
    if new is None:
        return ("removed the flag",)
    lines = tuple(_between(old, new))
    return lines or (("details changed",) if old != new else ())


def segment_changes(old: Segment | None, new: Segment | None) -> tuple[str, ...]:
    """Return what differs between a segment before and after."""
    if new is None:
        return () if old is None else (f"removed: {segment_words(old)}",)
    if old is None:
        return (f"added: {segment_words(new)}",)
    lines = (
        *_said("title", old.title, new.title),
        *(f"no longer {words}" for words in _words_gone(old, new)),
        *(f"now {words}" for words in _words_gone(new, old)),
        *_members("included", old.included, new.included),
        *_members("excluded", old.excluded, new.excluded),
    )
    return lines or (("details changed",) if old != new else ())


def _between(old: Flag, new: Flag) -> Iterator[str]:
    if old.is_enabled != new.is_enabled:
        yield "turned on" if new.is_enabled else "turned off"
    yield from _hold(old.hold, new.hold)
    yield from _variants(old, new)
    yield from _rules(old.rules, new.rules)
    yield from _said("serves", serve_words(old.serve), serve_words(new.serve))
    yield from _said("serves those not reached", serve_words(old.otherwise), serve_words(new.otherwise))
    yield from _said("variant when off", old.off_variant or "the caller's", new.off_variant or "the caller's")
    gone = [one for one in old.dependencies if one not in new.dependencies]
    yield from (f"no longer asks that {dependency_words(one)}" for one in gone)
    added = [one for one in new.dependencies if one not in old.dependencies]
    yield from (f"now asks that {dependency_words(one)}" for one in added)
    yield from _said("on", window_words(old.window), window_words(new.window))
    yield from _thresholds(old.thresholds, new.thresholds)
    yield from _experiment(old.experiment, new.experiment)
    yield from _about(old, new)


def _about(old: Flag, new: Flag) -> Iterator[str]:
    """Yield what differs in what is not read to decide, and in how users become buckets."""
    yield from _said("type of value", old.value_type, new.value_type)
    yield from _said("salt (who is reached changes)", old.salt or old.id, new.salt or new.id)
    yield from _said("hash version (who is reached changes)", old.hash_version, new.hash_version)
    yield from _said("name", old.name, new.name)
    yield from _said("description", old.description, new.description)
    yield from _said("type", old.type, new.type)
    yield from _said("owner", old.owner, new.owner)
    yield from _members("tags", old.tags, new.tags)
    yield from _said("release", old.release, new.release)
    yield from _said("expires", instant_words(old.expires_at), instant_words(new.expires_at))
    yield from _said("reaches everyone since", instant_words(old.full_since), instant_words(new.full_since))
    yield from _said("fallback", json_words(old.fallback), json_words(new.fallback))
    if old.has_kill_switch != new.has_kill_switch:
        yield "kill switch shown" if new.has_kill_switch else "kill switch no longer shown"
    yield from _said("metadata", json_words(old.metadata), json_words(new.metadata))
    if old.extra != new.extra:
        yield "what is kept for another tool changed"


def _hold(old: Hold | None, new: Hold | None) -> Iterator[str]:
    if old == new:
        return
    if new is None:
        yield "kill taken back" if old and old.by is HeldOffBy.KILL else "no longer held off by a threshold"
    elif new.by is HeldOffBy.KILL:
        yield f"killed: {new.why}" if new.why else "killed"
    else:
        yield f"turned off by the threshold on {new.metric or 'a metric'}{f': {new.why}' if new.why else ''}"


def _variants(old: Flag, new: Flag) -> Iterator[str]:
    for name, before, after in _paired(old.variants, new.variants, lambda one: one.name):
        if before is None and after is not None:
            yield f'added variant "{name}": {json_words(after.value)}'
        elif after is None:
            yield f'removed variant "{name}"'
        elif before is not None and not _is_same_value(before, after):
            yield f'value of variant "{name}" {json_words(before.value)} -> {json_words(after.value)}'
    yield from _order("variants", [one.name for one in old.variants], [one.name for one in new.variants])


def _is_same_value(one: Variant, other: Variant) -> bool:
    """Return whether two variants are worth the same; `true` and `1` are not."""
    return json_words(one.value) == json_words(other.value) and one.value == other.value


def _rules(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[str]:
    for id_, before, after in _paired(old, new, lambda one: one.id):
        if before is None and after is not None:
            yield f'added rule "{id_}": {rule_words(after)}'
        elif before is not None and after is None:
            yield f'removed rule "{id_}": {rule_words(before)}'
        elif before is not None and after is not None:
            yield from _rule(f'rule "{id_}"', before, after)
    yield from _order("rules", [one.id for one in old], [one.id for one in new])


def _rule(which: str, old: Rule, new: Rule) -> Iterator[str]:
    yield from _said(f"reach of {which}", percent(old.reach), percent(new.reach))
    yield from _audience(which, old, new)
    yield from _said(f"{which} serves", serve_words(old.serve), serve_words(new.serve))
    yield from _said(f"title of {which}", old.title, new.title)
    yield from _said(f"{which} goes by", _by(old), _by(new))
    yield from _said(f"salt of {which} (who is reached changes)", old.salt, new.salt)


def _audience(which: str, old: Rule, new: Rule) -> Iterator[str]:
    """Yield how an audience changed: by its values where nothing else did, as they may be many."""
    if old.segments == new.segments and _claims(old) == _claims(new):
        for before, after in zip(old.constraints, new.constraints, strict=True):
            claim = constraint_words(replace(after, values=())).removesuffix(" nothing")
            yield from _members(f"{which}, {claim}", before.values, after.values)
        return
    words = audience_words(old.constraints, old.segments)
    yield from _said(f"audience of {which}", words, audience_words(new.constraints, new.segments))


def _claims(rule: Rule) -> list[Constraint]:
    return [replace(one, values=()) for one in rule.constraints]


def _by(rule: Rule) -> str:
    return " or ".join(rule.by) or "the targeting key"


def _thresholds(old: Sequence[Threshold], new: Sequence[Threshold]) -> Iterator[str]:
    for id_, before, after in _paired(old, new, lambda one: one.id):
        if before is None and after is not None:
            yield f'added threshold "{id_}": {threshold_words(after)}'
        elif before is not None and after is None:
            yield f'removed threshold "{id_}": {threshold_words(before)}'
        elif before is not None and after is not None and before != after:
            yield from _threshold(f'threshold "{id_}"', before, after)


def _threshold(which: str, old: Threshold, new: Threshold) -> Iterator[str]:
    yield from _said(which, threshold_words(old), threshold_words(new))
    yield from _said(f"{which} is clear after", f"{old.clear_s:.15g} s", f"{new.clear_s:.15g} s")
    without = f"{which} counts as without data after"
    yield from _said(without, f"{old.no_data_after_s:.15g} s", f"{new.no_data_after_s:.15g} s")
    yield from _said(f"metric of {which}", old.metric, new.metric)


def _experiment(old: Experiment | None, new: Experiment | None) -> Iterator[str]:
    yield from _said("experiment", _experiment_words(old), _experiment_words(new))


def _experiment_words(one: Experiment | None) -> str:
    if one is None:
        return "none"
    guards = f", guarded by {listed(one.guards)}" if one.guards else ""
    control = f", against {one.control}" if one.control else ""
    return f"{one.id} on {listed(one.metrics)}{guards}{control}"


def _words_gone(old: Segment, new: Segment) -> list[str]:
    return [constraint_words(one) for one in old.constraints if one not in new.constraints]


def _members(what: str, old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    gone = tuple(one for one in old if one not in set(new))
    added = tuple(one for one in new if one not in set(old))
    if added:
        yield f"{what}: added {listed(added)}"
    if gone:
        yield f"{what}: removed {listed(gone)}"


def _order(what: str, old: list[str], new: list[str]) -> Iterator[str]:
    before = [one for one in old if one in new]
    after = [one for one in new if one in old]
    if before != after:
        yield f"order of {what} {', '.join(before)} -> {', '.join(after)}"


def _said(what: str, old: str, new: str) -> Iterator[str]:
    if old != new:
        yield f"{what} {_shown(old)} -> {_shown(new)}"


def _shown(text: str) -> str:
    return text or '""'


def _paired(
    old: Sequence[_T], new: Sequence[_T], key: Callable[[_T], str]
) -> Iterator[tuple[str, _T | None, _T | None]]:
    """Yield each id with what it was and what it is: the new ones' order, what is gone last."""
    before = {key(one): one for one in old}
    after = {key(one): one for one in new}
    yield from ((id_, before.get(id_), one) for id_, one in after.items())
    yield from ((id_, one, None) for id_, one in before.items() if id_ not in after)
