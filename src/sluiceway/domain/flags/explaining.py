"""Why a flag is worth what it is for one context: each step, whether it held, and what was found.

It asks the same functions as `evaluating`, one by one, so that what people read is what happened. Only a
bucket by chance is another every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sluiceway.domain.flags.evaluating import key_reader
from sluiceway.domain.flags.hashing import bucket
from sluiceway.domain.flags.model import (
    BUCKETS,
    RANDOM,
    Constraint,
    Dependency,
    Evaluation,
    Flag,
    HeldOffBy,
    Operator,
    Reason,
    Rule,
    Segment,
)
from sluiceway.domain.flags.targeting import Context, constraint_test, key_of, read, segment_test, text_of

if TYPE_CHECKING:
    from sluiceway.domain.flags.compiling import Evaluator

_SHOWN: Final = 80  # characters of a value
_SHOWN_VALUES: Final = 10


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that was asked, what was found, and whether it held."""

    sentence: str  # "country is one of de, fr"
    found: str  # "us", "nothing"
    held: bool


@dataclass(frozen=True, slots=True)
class SegmentSeen:
    id: str
    title: str
    held: bool
    sentence: str
    claims: tuple[Claim, ...] = ()


class Outcome(StrEnum):
    """What became of a rule."""

    DECIDED = "decided"
    NO_FIT = "no-fit"
    NOT_REACHED = "not-reached"  # it fits, and its percentage doesn't reach so far
    NO_KEY = "no-key"  # it fits, and the context holds nothing to bucket by
    NOT_ASKED = "not-asked"  # something before it decided


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """One rule. `bucket` and `reach` count in buckets of 100 000; reached are those below `reach`."""

    id: str
    title: str
    outcome: Outcome
    sentence: str
    claims: tuple[Claim, ...] = ()
    segments: tuple[SegmentSeen, ...] = ()
    reach: int = BUCKETS
    bucket: int | None = None  # None: everyone is reached, by chance, or no key
    key: str = ""  # what was hashed


@dataclass(frozen=True, slots=True)
class Explanation:
    """An evaluation with the steps that led to it, first what can hold the flag off, then its rules."""

    evaluation: Evaluation
    summary: str
    gates: tuple[Claim, ...] = ()
    rules: tuple[RuleSeen, ...] = ()


def explain(evaluator: Evaluator, flag_id: str, context: Context) -> Explanation:
    """Return why a flag is worth what it is for a context. Never raises, as evaluating doesn't."""
    evaluation = evaluator.evaluate(flag_id, context)
    flag = next((one for one in evaluator.flag_set.flags if one.id == flag_id), None)
    if flag is None:
        return Explanation(evaluation, evaluation.detail)
    try:
        gates = _gates(evaluator, flag, context)
        is_open = all(one.held for one in gates)
        rules = _Rules(evaluator, flag, context, evaluation).seen(is_open=is_open)
    except Exception:  # a context that can't be read, as the evaluation's own detail says
        return Explanation(evaluation, evaluation.detail)
    return Explanation(evaluation, _summary(flag, evaluation), gates, rules)


def constraint_sentence(constraint: Constraint) -> str:
    """Return a constraint as people say it, such as `country is one of de, fr`."""
    words = _WORDS[constraint.operator]
    verb = words[1] if constraint.is_inverted else words[0]
    values = ", ".join(_cut(one) for one in constraint.values[:_SHOWN_VALUES])
    more = len(constraint.values) - _SHOWN_VALUES
    ending = f" and {more} more" if more > 0 else ""
    case = ", upper or lower case" if constraint.ignores_case else ""
    return f"{_cut(constraint.attribute)} {verb} {values}{ending}{case}".rstrip()


def percent(buckets: int) -> str:
    """Return buckets of 100 000 as a percentage, such as `0.1 percent`."""
    return f"{buckets * 100 / BUCKETS:g} percent"


def _gates(evaluator: Evaluator, flag: Flag, context: Context) -> tuple[Claim, ...]:
    claims = [Claim("the flag is enabled", "enabled" if flag.is_enabled else "off", flag.is_enabled)]
    if flag.hold is not None:
        by = "a kill switch" if flag.hold.by is HeldOffBy.KILL else f"a threshold on {flag.hold.metric}"
        claims.append(
            Claim("nothing holds it off", f"{by}: {flag.hold.why}" if flag.hold.why else by, held=False)
        )
    claims += [_dependency(evaluator, one, context) for one in flag.dependencies]
    window, at = flag.window, evaluator.now()
    if window is not None and window.on_at is not None:
        is_past = at >= window.on_at.timestamp()
        claims.append(Claim(f"it turned on at {window.on_at}", _past(is_past), is_past))
    if window is not None and window.off_at is not None:
        is_past = at >= window.off_at.timestamp()
        claims.append(Claim(f"it is not yet {window.off_at}", _past(is_past), not is_past))
    return tuple(claims)


def _past(is_past: bool) -> str:
    return "that is past" if is_past else "that is to come"


def _dependency(evaluator: Evaluator, need: Dependency, context: Context) -> Claim:
    found = evaluator.evaluate(need.flag, context)
    wanted = "on" if need.is_on else "off"
    variants = f" and {' or '.join(need.variants)}" if need.variants else ""
    held = found.is_on is need.is_on and (not need.variants or found.variant in need.variants)
    state = "on" if found.is_on else "off"
    root = f", because of {found.culprit}" if found.reason is Reason.DEPENDENCY else ""
    return Claim(
        f"{need.flag} is {wanted}{variants}", f"{state}, {found.variant or 'no variant'}{root}", held
    )


class _Rules:
    def __init__(self, evaluator: Evaluator, flag: Flag, context: Context, evaluation: Evaluation) -> None:
        self._flag = flag
        self._context = context
        self._evaluation = evaluation
        self._now: Callable[[], float] = evaluator.now
        self._segments = {one.id: one for one in evaluator.flag_set.segments}

    def seen(self, *, is_open: bool) -> tuple[RuleSeen, ...]:
        seen: list[RuleSeen] = []
        is_decided = not is_open
        for rule in self._flag.rules:
            if is_decided:
                seen.append(RuleSeen(rule.id, rule.title, Outcome.NOT_ASKED, "not asked", reach=rule.reach))
                continue
            seen.append(self._rule(rule))
            is_decided = seen[-1].outcome is Outcome.DECIDED
        return tuple(seen)

    def _rule(self, rule: Rule) -> RuleSeen:
        claims = tuple(self._claim(one) for one in rule.constraints)
        segments = tuple(self._segment(one) for one in rule.segments)
        fits = all(one.held for one in claims) and all(one.held for one in segments)
        outcome, sentence, place, key = (
            self._reach(rule) if fits else (Outcome.NO_FIT, "it doesn't fit", None, "")
        )
        return RuleSeen(
            rule.id, rule.title, outcome, sentence, claims, segments, rule.reach, place, _cut(key)
        )

    def _reach(self, rule: Rule) -> tuple[Outcome, str, int | None, str]:
        """Return what the percentage of a rule that fits makes of the context."""
        if rule.reach >= BUCKETS:
            return Outcome.DECIDED, "it fits, and reaches everyone who fits", None, ""
        by = next((one for one in rule.by if one == RANDOM or text_of(read(self._context, one))), "")
        if by == RANDOM:
            is_reached = self._evaluation.rule == rule.id
            outcome = Outcome.DECIDED if is_reached else Outcome.NOT_REACHED
            return outcome, f"it fits, and reaches {percent(rule.reach)} by chance", None, ""
        key = key_reader(rule.by, lambda: 0.0)(self._context)
        if key is None:
            wanted = " or ".join(rule.by) or "a targeting key"
            return Outcome.NO_KEY, f"it fits, but its percentage needs {wanted}", None, ""
        place = bucket(key, rule.salt or self._flag.salt or self._flag.id, self._flag.hash_version)
        where = f"bucket {percent(place)} of a reach of {percent(rule.reach)}"
        if place < rule.reach:
            return Outcome.DECIDED, f"it fits, and reaches: {where}", place, key
        return Outcome.NOT_REACHED, f"it fits, and doesn't reach: {where}", place, key

    def _claim(self, constraint: Constraint) -> Claim:
        held = constraint_test(constraint, self._now)(self._context)
        return Claim(constraint_sentence(constraint), _found(read(self._context, constraint.attribute)), held)

    def _segment(self, segment_id: str) -> SegmentSeen:
        segment = self._segments.get(segment_id)
        if segment is None:
            return SegmentSeen(segment_id, "", held=False, sentence="there is no such segment")
        held = segment_test(segment, self._now)(self._context)
        claims = tuple(self._claim(one) for one in segment.constraints)
        return SegmentSeen(segment.id, segment.title, held, self._membership(segment, held=held), claims)

    def _membership(self, segment: Segment, *, held: bool) -> str:
        key = key_of(self._context)
        if key is not None and key in segment.excluded:
            return "left out by name"
        if key is not None and key in segment.included:
            return "included by name"
        return "fits" if held else "doesn't fit"


def _summary(flag: Flag, evaluation: Evaluation) -> str:
    worth = f'"{evaluation.variant}"' if evaluation.has_value else "the caller's own default"
    match evaluation.reason:
        case Reason.STATIC:
            why = "the flag is on for everyone"
        case Reason.TARGETING_MATCH:
            why = f'rule "{_name(flag, evaluation.rule)}" fits'
        case Reason.SPLIT if evaluation.rule:
            why = f'rule "{_name(flag, evaluation.rule)}" fits and reaches'
        case Reason.SPLIT:
            why = "the flag is on for everyone, by a split"
        case Reason.DEFAULT:
            why = (
                f"the flag is on, and no rule reached{f': {evaluation.detail}' if evaluation.detail else ''}"
            )
        case _:
            why = evaluation.detail
    return f"{worth}, because {why}" if why else worth


def _name(flag: Flag, rule_id: str) -> str:
    return next((one.title for one in flag.rules if one.id == rule_id and one.title), rule_id)


def _found(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple | set | frozenset):
        return "a list"
    text = text_of(value)
    return f"a {type(value).__name__}" if text is None else _cut(text) or "an empty text"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


_WORDS: Final[Mapping[Operator, tuple[str, str]]] = {
    Operator.IN: ("is one of", "is none of"),
    Operator.CONTAINS: ("contains", "doesn't contain"),
    Operator.STARTS_WITH: ("starts with", "doesn't start with"),
    Operator.ENDS_WITH: ("ends with", "doesn't end with"),
    Operator.MATCHES: ("matches", "doesn't match"),
    Operator.EQUALS: ("is the number", "is not the number"),
    Operator.LESS: ("is less than", "is not less than"),
    Operator.AT_MOST: ("is at most", "is not at most"),
    Operator.GREATER: ("is greater than", "is not greater than"),
    Operator.AT_LEAST: ("is at least", "is not at least"),
    Operator.BEFORE: ("is before", "is not before"),
    Operator.AFTER: ("is after", "is not after"),
    Operator.SEMVER_EQUALS: ("is version", "is not version"),
    Operator.SEMVER_LESS: ("is a version below", "is not a version below"),
    Operator.SEMVER_AT_MOST: ("is at most version", "is not at most version"),
    Operator.SEMVER_GREATER: ("is a version above", "is not a version above"),
    Operator.SEMVER_AT_LEAST: ("is at least version", "is not at least version"),
    Operator.IN_NETWORK: ("is in", "is not in"),
    Operator.IS_PRESENT: ("is there", "is missing"),
}
