"""What one flag is worth for a context, as a function made once when its set is compiled.

Every outcome a flag can have is made beforehand; a call only chooses one. Dependencies between flags and the
set as a whole are the business of `compiling`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from sluiceway.domain.flags.hashing import picks, reaches
from sluiceway.domain.flags.model import (
    BUCKETS,
    RANDOM,
    TARGETING_KEY,
    ErrorCode,
    Evaluation,
    Flag,
    HeldOffBy,
    Reason,
    Rule,
    Serve,
)
from sluiceway.domain.flags.targeting import (
    Context,
    Test,
    all_of,
    constraint_test,
    key_of,
    never,
    read,
    text_of,
)

Decide: TypeAlias = Callable[[Context], Evaluation]
Decision: TypeAlias = "Evaluation | Decide"  # an Evaluation where it is the same for every context
Key: TypeAlias = Callable[[Context], "str | None"]
_Rule: TypeAlias = Callable[[Context], "Evaluation | None"]  # None: it doesn't fit, or doesn't reach

# What a rule answers that fits, but has no key to bucket by.
_NO_KEY: Final = Evaluation("", None, "", Reason.ERROR, error=ErrorCode.TARGETING_KEY_MISSING)


class Outcomes:
    """The evaluations of one flag."""

    def __init__(self, flag: Flag) -> None:
        self._flag = flag
        self._values = {one.name: one.value for one in flag.variants}

    def off(self, reason: Reason, *, culprit: str = "", detail: str = "") -> Evaluation:
        """Return the flag off: its off variant, or the caller's own default where it has none."""
        return self.served(
            self._flag.off_variant, reason, is_on=False, culprit=culprit, detail=detail, rule=""
        )

    def served(
        self,
        variant: str,
        reason: Reason,
        *,
        rule: str,
        is_on: bool = True,
        culprit: str = "",
        detail: str = "",
    ) -> Evaluation:
        """Return a variant; "" is the caller's own default, an unknown one an error."""
        if variant and variant not in self._values:
            return self.failed(
                ErrorCode.PARSE_ERROR, f'the flag has no variant "{variant}"', is_on=is_on, rule=rule
            )
        return Evaluation(
            self._flag.id,
            self._values.get(variant),
            variant,
            reason,
            is_on=is_on,
            has_value=bool(variant),
            culprit=culprit,
            rule=rule,
            detail=detail,
        )

    def failed(self, error: ErrorCode, detail: str, *, is_on: bool = False, rule: str = "") -> Evaluation:
        """Return an error: the caller's own default applies."""
        return failure(self._flag.id, error, detail, is_on=is_on, rule=rule)


def failure(flag: str, error: ErrorCode, detail: str, *, is_on: bool = False, rule: str = "") -> Evaluation:
    """Return the evaluation of a flag that can't be decided: the caller's own default applies."""
    return Evaluation(
        flag, None, "", Reason.ERROR, is_on=is_on, has_value=False, rule=rule, error=error, detail=detail
    )


def off_for_everyone(flag: Flag) -> Evaluation | None:
    """Return what a flag is worth that nobody has at any time now, None if it isn't one."""
    outcomes = Outcomes(flag)
    if not flag.is_enabled:
        return outcomes.off(Reason.DISABLED, detail="the flag is off")
    if flag.hold is None:
        return None
    why = f": {flag.hold.why}" if flag.hold.why else ""
    if flag.hold.by is HeldOffBy.KILL:
        return outcomes.off(Reason.KILLED, detail=f"the flag was killed{why}")
    metric = flag.hold.metric
    return outcomes.off(
        Reason.THRESHOLD, culprit=metric, detail=f"a threshold on {metric or 'its metrics'} holds it off{why}"
    )


def in_its_window(flag: Flag, inner: Decision, now: Callable[[], float]) -> Decision:
    """Return `inner` within the flag's window, off before and after. `now` gives unix seconds."""
    window = flag.window
    if window is None or (window.on_at is None and window.off_at is None):
        return inner
    outcomes = Outcomes(flag)
    on_at = window.on_at.timestamp() if window.on_at else float("-inf")
    off_at = window.off_at.timestamp() if window.off_at else float("inf")
    early = outcomes.off(Reason.SCHEDULED, detail=f"the flag turns on at {window.on_at}")
    late = outcomes.off(Reason.SCHEDULED, detail=f"the flag turned off at {window.off_at}")
    decide = as_function(inner)

    def decide_in_window(context: Context) -> Evaluation:
        at = now()
        if at < on_at:
            return early
        return decide(context) if at < off_at else late

    return decide_in_window


def when_on(
    flag: Flag, segments: Mapping[str, Test], now: Callable[[], float], chance: Callable[[], float]
) -> Decision:
    """Return what the flag is worth while nothing holds it off: by its rules, or the same for everyone.

    A rule whose percentage doesn't reach a context that fits hands on, also where the context has no key to
    bucket by; then the reason is DEFAULT as for anybody none reached, and `detail` says what was missing.
    """
    return _Compiler(flag, segments, now, chance).decision()


def as_function(decision: Decision) -> Decide:
    """Return a decision as the function it is, or as one that gives the same for every context."""
    if isinstance(decision, Evaluation):
        same = decision
        return lambda _: same
    return decision


def key_reader(by: Sequence[str], chance: Callable[[], float]) -> Key:
    """Return the text that a context is bucketed by, as a function: the first attribute of `by` it has."""
    if not by or tuple(by) == (TARGETING_KEY,):
        return _targeting_key
    if len(by) == 1 and by[0] == RANDOM:
        return lambda _: str(chance())
    attributes = tuple(by)

    def first_present(context: Context) -> str | None:
        for attribute in attributes:
            key = str(chance()) if attribute == RANDOM else text_of(read(context, attribute))
            if key:
                return key
        return None

    return first_present


def _targeting_key(context: Context) -> str | None:
    return key_of(context)


class _Compiler:
    def __init__(
        self,
        flag: Flag,
        segments: Mapping[str, Test],
        now: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._flag = flag
        self._segments = segments
        self._now = now
        self._chance = chance
        self._outcomes = Outcomes(flag)
        self._salt = flag.salt or flag.id

    def decision(self) -> Decision:
        flag = self._flag
        if not flag.rules:
            return self._served(flag.serve, Reason.STATIC)
        otherwise = self._served(flag.otherwise, Reason.DEFAULT, is_on=False)
        detail = (
            f"{_needed(one for rule in flag.rules for one in rule.by)} is missing, which a percentage needs"
        )
        keyless = self._served(flag.otherwise, Reason.DEFAULT, is_on=False, detail=detail)
        rules: list[_Rule] = []
        for rule in flag.rules:
            if rule.reach <= 0:
                continue
            fits, served = self._tests(rule), self._served_by(rule)
            if rule.reach >= BUCKETS and not fits:  # everyone: what follows is never asked
                return _by_rules(rules, served, served) if rules else served
            rules.append(self._rule(rule, all_of(fits), served))
        return _by_rules(rules, otherwise, keyless) if rules else otherwise

    def _tests(self, rule: Rule) -> list[Test]:
        constraints = [constraint_test(one, self._now) for one in rule.constraints]
        return constraints + [self._segments.get(one, never) for one in rule.segments]

    def _served_by(self, rule: Rule) -> Decision:
        serve = rule.serve if rule.serve.variant or rule.serve.split else self._flag.serve
        reason = Reason.TARGETING_MATCH if rule.reach >= BUCKETS else Reason.SPLIT
        return self._served(serve, reason, rule=rule.id)

    def _rule(self, rule: Rule, fits: Test, served: Decision) -> _Rule:
        if rule.reach >= BUCKETS:
            return _whole(fits, served)
        is_reached = reaches(rule.salt or self._salt, rule.reach, self._flag.hash_version)
        key_in = key_reader(rule.by, self._chance)
        if isinstance(served, Evaluation):
            same = served

            def share_of_those_who_fit(context: Context) -> Evaluation | None:
                if not fits(context):
                    return None
                key = key_in(context)
                if key is None:
                    return _NO_KEY
                return same if is_reached(key) else None

            return share_of_those_who_fit
        decide = served

        def split_share(context: Context) -> Evaluation | None:
            if not fits(context):
                return None
            key = key_in(context)
            if key is None:
                return _NO_KEY
            return decide(context) if is_reached(key) else None

        return split_share

    def _served(
        self, serve: Serve, reason: Reason, *, rule: str = "", is_on: bool = True, detail: str = ""
    ) -> Decision:
        """Return the variant, or the split of several as a function of the context's key."""
        if not serve.split:
            return self._outcomes.served(serve.variant, reason, rule=rule, is_on=is_on, detail=detail)
        shares = [one for one in serve.split if one.weight > 0]
        if not shares:
            return self._outcomes.failed(
                ErrorCode.PARSE_ERROR, "the weights of the split are all 0", is_on=is_on, rule=rule
            )
        if len(shares) == 1:
            return self._outcomes.served(shares[0].variant, reason, rule=rule, is_on=is_on, detail=detail)
        split = reason if reason is Reason.DEFAULT else Reason.SPLIT
        each = tuple(
            self._outcomes.served(one.variant, split, rule=rule, is_on=is_on, detail=detail) for one in shares
        )
        missing = self._outcomes.failed(
            ErrorCode.TARGETING_KEY_MISSING,
            f"{_needed(serve.by)} is missing, which the split needs",
            is_on=is_on,
            rule=rule,
        )
        pick = picks(serve.salt or self._salt, [one.weight for one in shares], self._flag.hash_version)
        key_in = key_reader(serve.by, self._chance)

        def by_key(context: Context) -> Evaluation:
            key = key_in(context)
            return missing if key is None else each[pick(key)]

        return by_key


def _needed(by: Iterable[str]) -> str:
    return " or ".join(dict.fromkeys(by)) or "a targeting key"


def _whole(fits: Test, served: Decision) -> _Rule:
    """A rule that reaches everyone who fits."""
    if isinstance(served, Evaluation):
        same = served
        return lambda context: same if fits(context) else None
    decide = served
    return lambda context: decide(context) if fits(context) else None


def _by_rules(rules: Sequence[_Rule], otherwise: Decision, keyless: Decision) -> Decide:
    """The first rule that decides; one is the usual case, and written out."""
    if len(rules) == 1 and isinstance(otherwise, Evaluation) and isinstance(keyless, Evaluation):
        return _by_one_rule(rules[0], otherwise, keyless)
    each, rest, rest_keyless = tuple(rules), as_function(otherwise), as_function(keyless)

    def decide(context: Context) -> Evaluation:
        is_keyless = False
        for rule in each:
            found = rule(context)
            if found is not None:
                if found is not _NO_KEY:
                    return found
                is_keyless = True
        return rest_keyless(context) if is_keyless else rest(context)

    return decide


def _by_one_rule(rule: _Rule, otherwise: Evaluation, keyless: Evaluation) -> Decide:
    def decide(context: Context) -> Evaluation:
        found = rule(context)
        if found is None:
            return otherwise
        return found if found is not _NO_KEY else keyless

    return decide
