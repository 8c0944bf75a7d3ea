"""Criteria and triggers of a process file: texts and small mappings into the plan's types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sluiceway.config import shapes, values, vocabulary
from sluiceway.config.sections import Fields
from sluiceway.config.tree import Value, nearest
from sluiceway.domain.process import metrics
from sluiceway.domain.process.conditions import (
    NAMED_CRITERIA,
    Compared,
    Conditions,
    Expressed,
    Manual,
    Unreadable,
)
from sluiceway.domain.process.durations import show_duration
from sluiceway.domain.process.plan import Action, Criterion, CriterionKind, MetricSource, MetricSpec, Trigger

_OPERATOR = re.compile(r"[<>=!]")
_DEFAULT_TRIGGER = Trigger("", "", "", Action.IMMEDIATE)
_STEADY_WINDOW_S = 60.0  # over a minute or more a percentile hardly swings


@dataclass(frozen=True, slots=True)
class _TriggerCondition:
    text: str
    expression: str
    metrics: tuple[str, ...]
    window_s: float | None


@dataclass(frozen=True, slots=True)
class _TriggerOptions:
    """What a trigger says besides its condition. `window_s` is None when only the condition may name one."""

    id: str = ""
    action: Action = Action.IMMEDIATE
    window_s: float | None = None
    min_requests: int = _DEFAULT_TRIGGER.min_requests
    min_samples: int = _DEFAULT_TRIGGER.min_samples


class Judge:
    """Reads conditions against the metrics that one process knows."""

    def __init__(self, own: tuple[MetricSpec, ...]) -> None:
        self._conditions = Conditions(own)
        self._own = {spec.name: spec for spec in own}
        self._trigger_lines: dict[str, int] = {}

    @property
    def own(self) -> Mapping[str, MetricSpec]:
        """Return the process's own metrics by name."""
        return self._own

    def criteria(self, value: Value) -> tuple[Criterion, ...]:
        """Return the criteria without problems: a list, or one sentence."""
        items = (value,) if value.is_scalar else value.items()
        found = [self._criterion(item) for item in items]
        seen: set[str] = set()
        for item, criterion in zip(items, found, strict=True):
            if criterion is not None and criterion.text in seen:
                item.problem(f'"{criterion.text}" stands here a second time, expected it once')
            seen.add(criterion.text if criterion else "")
        return tuple(criterion for criterion in found if criterion is not None)

    def _criterion(self, value: Value) -> Criterion | None:
        if value.is_mapping:
            return self._criterion_by_name(value)
        text = values.text(value, what='a criterion such as "error_rate < 0.01"')
        if text is None:
            return None
        text = " ".join(text.split())
        condition = self._conditions.read(text)
        match condition:
            case Unreadable(problems=problems):
                for problem in problems:
                    value.problem(problem.message, at=problem.at if _is_as_written(value, text) else None)
                return None
            case Compared(name=name):
                return Criterion(name, CriterionKind.ANALYSIS)
            case Manual():
                self._note_manual(value, text)
                return Criterion(text, CriterionKind.MANUAL)
            case Expressed(expression=expression, metrics=names, window_s=window_s):
                if window_s is not None:
                    value.note("names a time, which criteria don't need: they look at the whole stage")
                self._note_pushed(value, names)
                return Criterion(text, CriterionKind.EXPRESSION, expression, names)

    def _criterion_by_name(self, value: Value) -> Criterion | None:
        entries = value.entries()
        if len(entries) != 1:
            value.problem(f"found {len(entries)} keys, expected one criterion in each item of the list")
            return None
        key, entry = entries[0]
        if key.raw == "manual":
            text = values.text(entry, what="a sentence that a person attests")
            return Criterion(" ".join(text.split()), CriterionKind.MANUAL) if text is not None else None
        if key.raw not in NAMED_CRITERIA:
            known = ("manual", *NAMED_CRITERIA)
            key.problem(
                f'unknown criterion "{key.raw}", expected one of {", ".join(known)}{nearest(key.raw, known)}'
            )
            return None
        if values.truth(entry) is not True:
            if entry.kind == "bool":
                entry.problem("found false, expected true, or no such criterion at all")
            return None
        return Criterion(key.raw, CriterionKind.ANALYSIS)

    def condition(self, value: Value) -> str | None:
        """Return the CEL of a condition that figures answer, None after a problem."""
        found = self._condition(value)
        return None if found is None else found.expression

    def triggers(self, value: Value) -> tuple[Trigger, ...]:
        """Return the triggers of a list, those without problems. Ids are unique over all lists read."""
        found = (self._trigger(item) for item in value.items())
        return tuple(trigger for trigger in found if trigger is not None)

    def _trigger(self, value: Value) -> Trigger | None:
        if value.is_scalar:
            condition = self._condition(value)
            return self._built(value, condition, _TriggerOptions()) if condition else None
        fields = vocabulary.TRIGGER.read(value)
        when = fields.get("when")
        options = _trigger_options(fields)
        condition = self._condition(when) if when else None
        if condition is None or options is None:
            return None
        said_s, window = condition.window_s, fields.get("for")
        if window and said_s is not None and options.window_s != said_s:
            window.problem(
                f"found {window.raw}, expected {show_duration(said_s)} as the condition says, or one of them"
            )
        return self._built(value, condition, options)

    def _condition(self, when: Value) -> _TriggerCondition | None:
        text = values.text(when, what='a condition such as "error_rate > 0.05"')
        if text is None:
            return None
        text = " ".join(text.split())
        condition = self._conditions.read(text)
        match condition:
            case Unreadable(problems=problems):
                for problem in problems:
                    when.problem(problem.message, at=problem.at if _is_as_written(when, text) else None)
                return None
            case Compared(name=name):
                when.problem(
                    f'"{name}" is a criterion, expected it under criteria; '
                    "what a regression does is said by on_regression under analysis"
                )
                return None
            case Manual():
                when.problem(
                    f'no figures can answer "{text}", expected a condition such as error_rate > 0.05 '
                    'or "Error rate > 5% for 5 minutes"'
                )
                return None
            case Expressed():
                self._note_pushed(when, condition.metrics)
                return _TriggerCondition(text, condition.expression, condition.metrics, condition.window_s)

    def _built(self, value: Value, condition: _TriggerCondition, options: _TriggerOptions) -> Trigger:
        trigger_id = options.id or _slug(condition.text)
        first = self._trigger_lines.get(trigger_id)
        if first is not None:
            value.problem(
                f'a second trigger is called "{trigger_id}", first on line {first}; expected different names'
            )
        self._trigger_lines[trigger_id] = value.line
        window_s = options.window_s if options.window_s is not None else condition.window_s
        trigger = Trigger(
            id=trigger_id,
            text=condition.text,
            expression=condition.expression,
            action=options.action,
            window_s=window_s or 0.0,
            metrics=condition.metrics,
            min_samples=options.min_samples,
            min_requests=options.min_requests,
        )
        self._note_hasty(value, trigger)
        return trigger

    def _note_manual(self, value: Value, text: str) -> None:
        hint = "" if not _OPERATOR.search(text) else "; for figures, name a metric of this process"
        value.note(f'"{text}" is not about known figures, so a person must attest it{hint}', is_once=True)

    def _note_hasty(self, value: Value, trigger: Trigger) -> None:
        """Say that a time to answer is too restless a figure to act on at once.

        A percentile of ten seconds of a quiet service rests on a few requests, and is asked twice a second.
        """
        if trigger.window_s > 0 or trigger.min_samples > _DEFAULT_TRIGGER.min_samples:
            return
        if any(self._swings(name) for name in trigger.metrics):
            value.note(
                f'"{trigger.text}" has no time to hold, so a second of it is enough, '
                "and times to answer swing that far by chance; write how long it must hold, such as for: 1m"
            )

    def _swings(self, name: str) -> bool:
        """Return whether a metric is a time to answer over seconds, not minutes."""
        bare = name.partition(".")[2] or name
        made_of = metrics.derived(bare)
        source_name = made_of.of if made_of else bare
        own = self._own.get(source_name)
        unit = own.unit if own and own.unit else metrics.unit_of(source_name)
        return unit == metrics.MS and (own is None or own.window_s < _STEADY_WINDOW_S)

    def _note_pushed(self, value: Value, names: tuple[str, ...]) -> None:
        for name in dict.fromkeys(name.partition(".")[2] or name for name in names):
            made_of = metrics.derived(name)
            source_name = made_of.of if made_of else name
            known = metrics.builtin(source_name)
            own = self._own.get(source_name)
            source = own.source if own else known.source if known else None
            if source is MetricSource.PUSH:
                value.note(
                    f"{source_name} has no source in this process, so until it is pushed it has no data and "
                    "never passes or fires; or give it a source under metrics",
                    is_once=True,
                )


def _is_as_written(value: Value, text: str) -> bool:
    return value.raw == text and any(mark in text for mark in "<>=&|")


def _slug(text: str) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "-", text.replace(">", " over ").replace("<", " under ")).strip("-")
    return words.lower()[:60].rstrip("-") or "trigger"


def _trigger_options(fields: Fields) -> _TriggerOptions | None:
    default = _TriggerOptions()
    name_value, action_value, window_value = fields.get("name"), fields.get("action"), fields.get("for")
    requests_value, samples_value = fields.get("min_requests"), fields.get("min_samples")
    name = values.name(name_value) if name_value else default.id
    action = values.choice(action_value, shapes.ACTIONS) if action_value else default.action
    window_s = values.duration(window_value) if window_value else None
    requests = (
        values.whole(requests_value, least=0, most=1_000_000_000) if requests_value else default.min_requests
    )
    samples = values.whole(samples_value, least=1, most=1_000) if samples_value else default.min_samples
    if name is None or action is None or requests is None or samples is None:
        return None
    return (
        None
        if window_value and window_s is None
        else _TriggerOptions(name, action, window_s, requests, samples)
    )
