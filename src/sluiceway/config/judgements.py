"""Criteria and triggers of a process file: texts and small mappings into the plan's types."""

from __future__ import annotations

import re

from sluiceway.config import values, vocabulary
from sluiceway.config.sections import Fields
from sluiceway.config.tree import Value, nearest
from sluiceway.domain.process import metrics
from sluiceway.domain.process.conditions import NAMED_CRITERIA, Conditions, Expressed, Manual, Unreadable
from sluiceway.domain.process.durations import show_duration
from sluiceway.domain.process.plan import Action, Criterion, CriterionKind, MetricSource, MetricSpec, Trigger

_OPERATOR = re.compile(r"[<>=!]")
_DEFAULT_TRIGGER = Trigger("", "", "", Action.IMMEDIATE)


class Judge:
    """Reads conditions against the metrics that one process knows."""

    def __init__(self, own: tuple[MetricSpec, ...]) -> None:
        self._conditions = Conditions(own)
        self._own = {spec.name: spec for spec in own}
        self._noted: set[str] = set()
        self._trigger_lines: dict[str, int] = {}

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
        condition = self._conditions.read(key.raw)
        if not isinstance(condition, Expressed):  # pragma: no cover - named criteria are sound
            return None
        return Criterion(key.raw, CriterionKind.EXPRESSION, condition.expression, condition.metrics)

    def triggers(self, value: Value) -> tuple[Trigger, ...]:
        """Return the triggers of a list, those without problems. Ids are unique over all lists read."""
        found = (self._trigger(item) for item in value.items())
        return tuple(trigger for trigger in found if trigger is not None)

    def _trigger(self, value: Value) -> Trigger | None:
        if value.is_scalar:
            return self._built(value, value, None)
        fields = vocabulary.TRIGGER.read(value)
        when = fields.get("when")
        return self._built(value, when, fields) if when else None

    def _built(self, value: Value, when: Value, fields: Fields | None) -> Trigger | None:
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
            case Manual():
                when.problem(
                    f'no figures can answer "{text}", expected a condition such as error_rate > 0.05 '
                    'or "Error rate > 5% for 5 minutes"'
                )
                return None
            case Expressed():
                self._note_pushed(when, condition.metrics)
                return self._with_options(value, condition, text, fields)

    def _with_options(
        self, value: Value, condition: Expressed, text: str, fields: Fields | None
    ) -> Trigger | None:
        trigger_id, action, window_s = _slug(text), Action.IMMEDIATE, condition.window_s
        requests, samples = _DEFAULT_TRIGGER.min_requests, _DEFAULT_TRIGGER.min_samples
        if fields is not None:
            action_value, window_value, name_value = (
                fields.get("action"),
                fields.get("for"),
                fields.get("name"),
            )
            requests_value, samples_value = fields.get("min_requests"), fields.get("min_samples")
            named = values.name(name_value) if name_value else trigger_id
            chosen = values.choice(action_value, vocabulary.ACTIONS) if action_value else action
            window = values.duration(window_value) if window_value else window_s or 0.0
            least = values.whole(requests_value, least=0, most=1_000_000_000) if requests_value else requests
            in_a_row = values.whole(samples_value, least=1, most=1_000) if samples_value else samples
            if window_value and window is not None and window_s is not None and window != window_s:
                window_value.problem(
                    f"found {window_value.raw}, expected {show_duration(window_s)} as the condition says, "
                    "or one of them"
                )
            if named is None or chosen is None or window is None or least is None or in_a_row is None:
                return None
            trigger_id, action, window_s, requests, samples = named, chosen, window, least, in_a_row
        first = self._trigger_lines.get(trigger_id)
        if first is not None:
            value.problem(
                f'a second trigger is called "{trigger_id}", first on line {first}; expected different names'
            )
        self._trigger_lines[trigger_id] = value.line
        return Trigger(
            id=trigger_id,
            text=text,
            expression=condition.expression,
            action=action,
            window_s=window_s or 0.0,
            metrics=condition.metrics,
            min_samples=samples,
            min_requests=requests,
        )

    def _note_manual(self, value: Value, text: str) -> None:
        if text in self._noted:
            return
        self._noted.add(text)
        hint = "" if not _OPERATOR.search(text) else "; for figures, name a metric of this process"
        value.note(f'"{text}" is not about known figures, so a person must attest it{hint}')

    def _note_pushed(self, value: Value, names: tuple[str, ...]) -> None:
        for name in dict.fromkeys(name.partition(".")[2] or name for name in names):
            made_of = metrics.derived(name)
            source_name = made_of.of if made_of else name
            known = metrics.builtin(source_name)
            own = self._own.get(source_name)
            source = own.source if own else known.source if known else None
            if source is MetricSource.PUSH and source_name not in self._noted:
                self._noted.add(source_name)
                value.note(
                    f"{source_name} has no source in this process, so it has no data and never passes "
                    "or fires; give it one under metrics"
                )


def _is_as_written(value: Value, text: str) -> bool:
    return value.raw == text and any(mark in text for mark in "<>=&|")


def _slug(text: str) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "-", text.replace(">", " over ").replace("<", " under ")).strip("-")
    return words.lower()[:60].rstrip("-") or "trigger"
