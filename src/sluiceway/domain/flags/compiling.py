"""A set of flags compiled to functions, once when it changes, so that an evaluation only chooses.

`compile_set` gives an `Evaluator`; putting another in its place is one assignment. It never raises and waits
for nothing, whatever the set and the context hold: problems of a set are found by `checking` before it is
used. In words: `explaining`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sluiceway.domain.flags.dependencies import order
from sluiceway.domain.flags.evaluating import (
    Decide,
    Outcomes,
    as_function,
    failure,
    in_its_window,
    off_for_everyone,
    when_on,
)
from sluiceway.domain.flags.model import Dependency, ErrorCode, Evaluation, Flag, FlagSet, Reason
from sluiceway.domain.flags.targeting import Context, Test, segment_test

if TYPE_CHECKING:
    from sluiceway.domain.flags.explaining import Explanation


def compile_set(
    flags: FlagSet,
    *,
    now: Callable[[], float],
    chance: Callable[[], float],
    previous: Evaluator | None = None,
) -> Evaluator:
    """Return what evaluates the flags of a set. `now` gives unix seconds, `chance` numbers from 0 up to 1.

    With what evaluated the set before, only what has changed is compiled: a flag counts as unchanged when it
    is the same object, and so are those it depends on and all segments.
    Never raises: a flag that can't be compiled is worth the caller's own default, with an error.
    """
    return Evaluator(flags, now, chance, previous)


class Evaluator:
    """The flags of one set, ready to be asked. Safe to share between threads; never changes.

    Evaluations are shared by all calls that have the same outcome: don't change the objects in their values.
    """

    def __init__(
        self,
        flags: FlagSet,
        now: Callable[[], float],
        chance: Callable[[], float],
        previous: Evaluator | None = None,
    ) -> None:
        self.flag_set = flags
        self.now = now
        self.chance = chance
        self.keys: tuple[str, ...] = tuple(dict.fromkeys(one.id for one in flags.flags))
        self._plans = _plans(flags, now, chance, {} if previous is None else previous.reusable(self))
        self._decide = {key: self._plans[key].decide for key in self.keys}

    def reusable(self, by: Evaluator) -> dict[str, _Plan]:
        """Return the plans that another evaluator may take over, as far as the flags themselves go."""
        if self.now != by.now or self.chance != by.chance or self.flag_set.segments != by.flag_set.segments:
            return {}
        mine = {one.id: one for one in self.flag_set.flags}
        theirs = {one.id: one for one in by.flag_set.flags}
        return {key: self._plans[key] for key, one in theirs.items() if mine.get(key) is one}

    def evaluate(self, flag: str, context: Context) -> Evaluation:
        """Return what a flag is worth for a context, which holds who is asking as `targetingKey`."""
        try:
            return self._decide[flag](context)
        except Exception as error:
            return self._failed(flag, context, error)

    def evaluate_all(self, context: Context) -> list[Evaluation]:
        """Return what every flag is worth for a context, in the set's order; each is decided once."""
        results: dict[str, Evaluation] = {}
        for key, plan in self._plans.items():
            try:
                results[key] = plan.given(context, results)
            except Exception as error:
                results[key] = self._failed(key, context, error)
        return [results[key] for key in self.keys]

    def is_constant(self, flag: str) -> bool:
        """Return whether a flag is worth the same for every context until the set changes."""
        plan = self._plans.get(flag)
        return plan is not None and plan.constant is not None

    def explain(self, flag: str, context: Context) -> Explanation:
        """Return the evaluation with every step that led to it, in words."""
        from sluiceway.domain.flags.explaining import explain

        return explain(self, flag, context)

    def _failed(self, flag: object, context: object, error: Exception) -> Evaluation:
        if not isinstance(flag, str):
            return failure("", ErrorCode.FLAG_NOT_FOUND, f"a flag's id is a text, not {type(flag).__name__}")
        if flag not in self._decide:
            return failure(flag, ErrorCode.FLAG_NOT_FOUND, f'there is no flag "{flag[:200]}"')
        if not isinstance(context, Mapping):
            kind = type(context).__name__
            return failure(flag, ErrorCode.INVALID_CONTEXT, f"a context is a mapping, not {kind}")
        return failure(flag, ErrorCode.GENERAL, f"deciding failed with {type(error).__name__}")


@dataclass(slots=True)
class _Plan:
    """How one flag is decided. `needs` are empty where `inner` decides by itself."""

    flag: str
    inner: Decide
    constant: Evaluation | None = None
    needs: tuple[tuple[_Plan, Dependency], ...] = ()
    blocked: _Blocked | None = None
    decide: Decide = field(init=False)

    def __post_init__(self) -> None:
        is_deep = any(parent.needs for parent, _ in self.needs)
        self.decide = self.inner if not self.needs else self._decide_deep if is_deep else self._decide_flat

    def given(self, context: Context, results: Mapping[str, Evaluation]) -> Evaluation:
        """Decide, with the results of every flag that this one depends on."""
        for parent, need in self.needs:
            found = results[parent.flag]
            if not _is_met(need, found):
                return self._off(found, need)
        return self.inner(context)

    def _decide_flat(self, context: Context) -> Evaluation:
        for parent, need in self.needs:
            found = parent.inner(context)
            if not _is_met(need, found):
                return self._off(found, need)
        return self.inner(context)

    def _decide_deep(self, context: Context) -> Evaluation:
        """Decide every flag this one depends on once, however deep and however many ways lead to it."""
        results: dict[str, Evaluation] = {}
        stack = [self]
        while stack:
            plan = stack[-1]
            waiting = [parent for parent, _ in plan.needs if parent.flag not in results]
            if waiting:
                stack += waiting
            else:
                stack.pop()
                if plan.flag not in results:
                    results[plan.flag] = plan.given(context, results)
        return results[self.flag]

    def _off(self, found: Evaluation, need: Dependency) -> Evaluation:
        assert self.blocked is not None
        return self.blocked.by(found, need)


class _Blocked:
    """The evaluations of a flag that a dependency holds off, one for each flag it can be at the root of."""

    def __init__(self, flag: Flag) -> None:
        self._outcomes = Outcomes(flag)
        self._known: dict[str, Evaluation] = {}

    def by(self, found: Evaluation, need: Dependency) -> Evaluation:
        is_deeper = need.is_on and found.reason is Reason.DEPENDENCY
        return self.at_root(found.culprit if is_deeper else need.flag)

    def at_root(self, culprit: str, detail: str = "") -> Evaluation:
        found = self._known.get(culprit)
        if found is None:
            found = self._outcomes.off(
                Reason.DEPENDENCY,
                culprit=culprit,
                detail=detail or f'it depends on "{culprit}", which is not as it asks',
            )
            self._known[culprit] = found
        return found


def _is_met(need: Dependency, found: Evaluation) -> bool:
    if found.is_on is not need.is_on:
        return False
    return not need.variants or found.variant in need.variants


def _plans(
    flags: FlagSet,
    now: Callable[[], float],
    chance: Callable[[], float],
    before: Mapping[str, _Plan],
) -> dict[str, _Plan]:
    """Return a plan for every flag, each after those it depends on; `before` are those of unchanged flags."""
    by_id = {one.id: one for one in flags.flags}
    ordered = order(by_id)
    circles = ordered.in_circles
    segments = {one.id: segment_test(one, now) for one in flags.segments}
    plans: dict[str, _Plan] = {}
    for key in ordered.flags:
        known = before.get(key)
        needs = by_id[key].dependencies
        if known is not None and (not needs or (key not in circles and _are_kept(needs, plans, before))):
            plans[key] = known
            continue
        if key in circles:
            path = " -> ".join(circles[key])
            failed = failure(key, ErrorCode.GENERAL, f"the flag depends on itself: {path}")
            plans[key] = _same(key, failed)
            continue
        try:
            plans[key] = _plan(by_id[key], plans, segments, now, chance)
        except Exception as error:
            failed = failure(key, ErrorCode.GENERAL, f"the flag can't be compiled: {type(error).__name__}")
            plans[key] = _same(key, failed)
    return plans


def _are_kept(needs: Sequence[Dependency], plans: Mapping[str, _Plan], before: Mapping[str, _Plan]) -> bool:
    return all(one.flag in before and plans.get(one.flag) is before[one.flag] for one in needs)


def _plan(
    flag: Flag,
    plans: Mapping[str, _Plan],
    segments: Mapping[str, Test],
    now: Callable[[], float],
    chance: Callable[[], float],
) -> _Plan:
    off = off_for_everyone(flag)
    if off is not None:
        return _same(flag.id, off)
    blocked = _Blocked(flag)
    needs: list[tuple[_Plan, Dependency]] = []
    for need in flag.dependencies:
        parent = plans.get(need.flag)
        if parent is None:
            detail = f'it depends on "{need.flag}", and there is no such flag'
            return _same(flag.id, blocked.at_root(need.flag, detail))
        if parent.constant is None:
            needs.append((parent, need))
        elif not _is_met(need, parent.constant):
            return _same(flag.id, blocked.by(parent.constant, need))
    decision = in_its_window(flag, when_on(flag, segments, now, chance), now)
    if isinstance(decision, Evaluation) and not needs:
        return _same(flag.id, decision)
    return _Plan(flag.id, as_function(decision), needs=tuple(needs), blocked=blocked)


def _same(flag: str, evaluation: Evaluation) -> _Plan:
    return _Plan(flag, as_function(evaluation), constant=evaluation)
