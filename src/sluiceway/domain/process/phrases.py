"""The phrase grammar: how sentences such as "Error rate < 0.1%" become expressions.

    sentence  := condition { "and" condition }
    condition := METRIC COMPARE LIMIT [window]   |   COMPARE LIMIT METRIC [window]
               | METRIC "within" PERCENT "of" BASELINE [window]
               | METRIC CHANGE ["by"] [COMPARE] PERCENT or NUMBER ["from" BASELINE] [window]
    LIMIT     := NUMBER [UNIT] | NUMBER ("x" | "times") BASELINE | BASELINE
    COMPARE   := < <= > >= = or words: below, under, at most, above, over, exceeds, at least ...
    CHANGE    := drops | falls | decreases | rises | increases | grows
    BASELINE  := baseline | normal | stable [levels]: stable at the same time
               | usual [levels | METRIC] | own history: stable in the last 24 hours
    window    := "for" DURATION

Case and plural don't matter. What the grammar can't read is None here; whether that is a manual criterion or
a problem is the business of `conditions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from sluiceway.domain.process import metrics
from sluiceway.domain.process.durations import DURATION_PATTERN, parse_duration
from sluiceway.domain.process.syntax import BASELINE, HISTORY
from sluiceway.errors import InvalidInputError

MIN_ERRORS = 3  # a handful of failures before "10x normal" counts where normal is almost none


@dataclass(frozen=True, slots=True)
class Phrase:
    """A sentence that was read. `window_s` is None when it names none."""

    expression: str
    window_s: float | None = None


@dataclass(frozen=True, slots=True)
class KnownMetric:
    """What the grammar must know of a metric a sentence may name."""

    name: str
    unit: str
    higher_is_worse: bool
    is_derived: bool = False


_WORDS_FOR = {
    "<": (
        "is below",
        "below",
        "under",
        "less than",
        "lower than",
        "drops below",
        "falls below",
        "stays below",
    ),
    ">": (
        *("is above", "above", "over", "more than", "greater than", "higher than", "exceeds", "exceeding"),
        *("rises above", "goes above", "reaches more than"),
    ),
    "<=": ("at most", "no more than", "not more than", "up to", "does not exceed"),
    ">=": ("at least", "no less than", "not less than", "reaches"),
}
_OPERATOR_OF = {
    **{word: operator for operator, words in _WORDS_FOR.items() for word in words},
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "=<": "<=",
    "=>": ">=",
    "≤": "<=",
    "≥": ">=",
    "==": "==",
}
_NOW = r"(?:the\s+)?(?:baseline|normal|stable)(?:\s+(?:levels?|values?|version))?"
_USUAL = r"(?:(?:the|its)\s+)?(?:usual(?:\s+(?:levels?|values?))?|own\s+history)"
_BASELINE = f"(?:{_NOW}|{_USUAL})"
_COMPARE = "|".join(
    rf"\b{word.replace(' ', chr(92) + 's+')}\b" if word[0].isalpha() else re.escape(word)
    for word in sorted(_OPERATOR_OF, key=len, reverse=True)
)
_NUMBER = r"\d+(?:\.\d+)?"
_LIMIT = (
    rf"(?:(?P<times>{_NUMBER})\s*(?:x|×|times)\s+(?:of\s+)?(?:the\s+)?"
    rf"(?:{_NOW}|{_USUAL}(?:\s+(?P<again>[a-z][a-z0-9 _\-]*?))??)"
    rf"|(?P<number>{_NUMBER})(?:\s*/\s*{_NUMBER})?\s*(?P<unit>%|percent|ms|milliseconds?|s|seconds?|sec)?"
    rf"|(?P<same>{_BASELINE}))"
)
_RISES = ("rises", "rise", "increases", "increase", "grows", "grow", "climbs", "up")
_DROPS = ("drops", "drop", "falls", "fall", "decreases", "decrease", "declines", "decline", "down")
_CHANGE = "|".join((*_RISES, *_DROPS))
_METRIC = r"(?P<metric>[a-z][a-z0-9 _\-]*?)"
_ASIDE = r"(?:\s*\((?P<aside>[^()]{1,40})\))?"
_WINDOW = rf"(?:\s+for\s+(?:at\s+least\s+)?(?P<window>{DURATION_PATTERN}))?\s*\.?"

_COMPARISON = re.compile(
    rf"{_METRIC}{_ASIDE}\s*(?:(?:{_CHANGE})\s+(?:by\s+)?)?(?P<compare>{_COMPARE})\s*{_LIMIT}"
    rf"(?:\s+(?P<from>from|of|over)\s+{_BASELINE})?(?:\s*\((?P<trailing>[^()]{{1,40}})\))?{_WINDOW}",
    re.IGNORECASE,
)
_REVERSED = re.compile(rf"(?P<compare>{_COMPARE})\s*{_LIMIT}\s+{_METRIC}{_WINDOW}", re.IGNORECASE)
_WITHIN = re.compile(
    rf"{_METRIC}{_ASIDE}\s+(?:stays\s+|is\s+)?within\s+(?P<number>{_NUMBER})\s*(?:%|percent)\s+of\s+{_BASELINE}{_WINDOW}",
    re.IGNORECASE,
)
_CHANGED = re.compile(
    rf"{_METRIC}{_ASIDE}\s+(?P<change>{_CHANGE})\s+(?:by\s+)?(?P<compare>{_COMPARE})?\s*"
    rf"(?P<number>{_NUMBER})\s*(?P<unit>%|percent)?(?:\s+(?:from|of)\s+{_BASELINE})?{_WINDOW}",
    re.IGNORECASE,
)

_MS_PER = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 1.0),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1_000.0),
}


class Vocabulary:
    """The metrics a sentence may name: the catalogue's and a process's own."""

    def __init__(self, own: Iterable[KnownMetric] = ()) -> None:
        self._by_words: dict[str, KnownMetric] = {}
        for known in (*_builtin_metrics(), *own):
            self._by_words[known.name.replace("_", " ")] = known
            self._by_words[known.name.replace("_", "")] = known
        for name, others in _builtin_phrases():
            for phrase in others:
                self._by_words.setdefault(phrase, self._by_words[name.replace("_", " ")])

    @property
    def words(self) -> tuple[str, ...]:
        """Return every way to name a metric."""
        return tuple(self._by_words)

    def find(self, words: str) -> KnownMetric | None:
        """Return the metric that these words name, whatever their case, joints and plural."""
        plain = _plain(words)
        for candidate in (plain, plain.removeprefix("the "), plain.removesuffix("s"), f"{plain} rate"):
            if candidate in self._by_words:
                return self._by_words[candidate]
        name = metrics.canonical(words.strip()).replace("_", " ")
        return self._by_words.get(name)

    def find_share(self, words: str) -> KnownMetric | None:
        """Return the rate behind a count ("errors" is error_rate), which is what percent and "x" speak of."""
        found = self.find(words)
        if found is None or found.unit != metrics.COUNT:
            return found
        for entry in metrics.CATALOGUE:
            if _plain(words) in entry.phrases and entry.unit == metrics.SHARE:
                return self._by_words[entry.name.replace("_", " ")]
        return found


def _plain(words: str) -> str:
    return " ".join(re.sub(r"[_\-]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", words)).lower().split())


@lru_cache(maxsize=1)
def _builtin_metrics() -> tuple[KnownMetric, ...]:
    plain = (KnownMetric(m.name, m.unit, m.higher_is_worse) for m in metrics.CATALOGUE)
    derived = (KnownMetric(m.name, m.unit, higher_is_worse=True, is_derived=True) for m in metrics.DERIVED)
    return (*plain, *derived)


def _builtin_phrases() -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from ((metric.name, metric.phrases) for metric in metrics.CATALOGUE)
    yield from ((metric.name, metric.phrases) for metric in metrics.DERIVED)


def metric_words(text: str) -> str:
    """Return the words before the comparison of a sentence, "" when there is none to be seen."""
    match = re.match(rf"\s*{_METRIC}{_ASIDE}\s*(?:{_COMPARE})", text, re.IGNORECASE)
    return match["metric"].strip() if match else ""


def read(text: str, vocabulary: Vocabulary) -> Phrase | None:
    """Return the expression that a sentence stands for, None when the grammar can't read it.

    Raises InvalidInputError for a sentence that is read but makes no sense, such as "p95 < 5 %".
    """
    sentence = " ".join(text.split())
    if len(sentence) > 300:
        return None
    parts = [_read_one(part, vocabulary) for part in re.split(r"\s+and\s+|\s*&&\s*", sentence)]
    read_parts = [part for part in parts if part is not None]
    if len(read_parts) < len(parts):
        return None
    windows = {part.window_s for part in read_parts if part.window_s is not None}
    if len(windows) > 1:
        raise InvalidInputError("joins conditions with different times; write them apart")
    return Phrase(" && ".join(part.expression for part in read_parts), windows.pop() if windows else None)


def _read_one(sentence: str, vocabulary: Vocabulary) -> Phrase | None:
    for pattern, build in _FORMS:
        match = pattern.fullmatch(sentence)
        expression = build(match, vocabulary) if match is not None else ""
        if match is not None and expression:
            return Phrase(expression, parse_duration(match["window"]) if match["window"] else None)
    return None


def _metric(match: re.Match[str], vocabulary: Vocabulary, *, as_share: bool) -> KnownMetric | None:
    groups = match.groupdict()
    aside = groups.get("aside") or groups.get("trailing") or ""
    words = match["metric"]
    if _is_percentile(aside) or _is_percentile(words):
        number = re.search(r"\d{2}", aside if _is_percentile(aside) else words)
        rest = vocabulary.find(re.sub(r"(?i)\bp?\d{2}(th)?( percentile)?\b", "", words))
        if number is not None and rest is not None and rest.unit == metrics.MS:
            return vocabulary.find(f"p{number[0]} ms")
    return vocabulary.find_share(words) if as_share else vocabulary.find(words)


def _is_percentile(words: str) -> bool:
    return re.search(r"(?i)\bp\d{2}\b|\b\d{2}th percentile", words) is not None


def _within(match: re.Match[str], vocabulary: Vocabulary) -> str:
    metric = _metric(match, vocabulary, as_share=True)
    if metric is None or metric.is_derived:
        return ""
    percent = float(match["number"]) / 100
    if metric.higher_is_worse:
        return f"{metric.name} <= {_figure(1 + percent)} * {_side(match)}.{metric.name}"
    return f"{metric.name} >= {_figure(1 - percent)} * {_side(match)}.{metric.name}"


def _changed(match: re.Match[str], vocabulary: Vocabulary) -> str:
    operator = _OPERATOR_OF[_words(match["compare"])] if match["compare"] else ">"
    metric = _metric(match, vocabulary, as_share=True)
    if metric is None or metric.is_derived or operator not in {">", ">="}:
        return ""
    theirs = f"{_side(match)}.{metric.name}"
    is_drop = match["change"].lower() in _DROPS
    amount = float(match["number"])
    strict = "=" if operator == ">=" else ""
    if match["unit"]:
        factor = 1 - amount / 100 if is_drop else 1 + amount / 100
        if factor < 0:
            raise InvalidInputError(f"{metric.name} can't drop by more than 100 %")
        return f"{metric.name} {'<' if is_drop else '>'}{strict} {_figure(factor)} * {theirs}"
    sides = (theirs, metric.name) if is_drop else (metric.name, theirs)
    return f"{sides[0]} - {sides[1]} {operator} {_figure(amount)}"


def _comparison(match: re.Match[str], vocabulary: Vocabulary) -> str:
    groups = match.groupdict()
    operator = _OPERATOR_OF[_words(match["compare"])]
    unit = (match["unit"] or "").lower()
    is_relative = bool(match["times"] or match["same"])
    metric = _metric(match, vocabulary, as_share=is_relative or unit in {"%", "percent"})
    if metric is None:
        return ""
    if is_relative:
        again = groups.get("again")
        if metric.is_derived or (again and vocabulary.find_share(again) != metric):
            return ""
        factor = f"{_figure(float(match['times']))} * " if match["times"] else ""
        relation = f"{metric.name} {operator} {factor}{_side(match)}.{metric.name}"
        return f"errors >= {MIN_ERRORS} && {relation}" if _needs_some_errors(metric, operator) else relation
    if groups.get("from") and not metric.is_derived:
        return ""
    return f"{metric.name} {operator} {_figure(_amount(metric, float(match['number']), unit))}"


def _side(match: re.Match[str]) -> str:
    """Return which of stable's figures are meant: the usual ones where the words say so, else those now."""
    before, after = match.string[: match.start("metric")], match.string[match.end("metric") :]
    return HISTORY if re.search(r"(?i)\b(?:usual|own\s+history)\b", f"{before} {after}") else BASELINE


def _needs_some_errors(metric: KnownMetric, operator: str) -> bool:
    return metric.name == "error_rate" and operator in {">", ">="}


def _amount(metric: KnownMetric, number: float, unit: str) -> float:
    if unit in {"%", "percent"}:
        if metric.unit == metrics.SHARE:
            return number / 100
        if metric.unit == "%":
            return number
        raise InvalidInputError(f"{metric.name} is {_kind(metric)}, so {number:g} % does not fit it")
    if unit:
        if metric.unit == metrics.MS:
            return number * _MS_PER[unit]
        if metric.unit == "s":
            return number * _MS_PER[unit] / 1_000
        raise InvalidInputError(f"{metric.name} is {_kind(metric)}, so {number:g} {unit} does not fit it")
    return number


def _kind(metric: KnownMetric) -> str:
    words = {metrics.SHARE: "a share", metrics.MS: "in milliseconds", metrics.COUNT: "a count"}
    return words.get(
        metric.unit, f"in {metric.unit}" if metric.unit not in {"", metrics.SCORE} else "a score"
    )


def _words(text: str) -> str:
    return " ".join(text.lower().split())


def _figure(value: float) -> str:
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return text or "0"


_FORMS = ((_WITHIN, _within), (_CHANGED, _changed), (_COMPARISON, _comparison), (_REVERSED, _comparison))
