"""A flag whose reach a rollout sets: which of its rules say who meets the new way, and what they say now.

One rule holds the share, and before it stands one rule for each audience. Every other rule is a person's and
stays as it is. What reach is wanted when is the business of `domain.rollouts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sluiceway.domain.flags.model import BUCKETS, Constraint, Flag, Operator, Rule
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Audience

PER_BP: Final = BUCKETS // FULL_WEIGHT_BP  # buckets in a basis point


@dataclass(frozen=True, slots=True)
class Driven:
    """Who the driven rules reach. A share between two basis points counts as the greater one."""

    weight_bp: int
    audience: tuple[Audience, ...] = ()

    @property
    def reaches_somebody(self) -> bool:
        return self.weight_bp > 0 or bool(self.audience)


def seen(flag: Flag, rule_id: str) -> Driven:
    """Return whom the driven rules reach, whether or not the flag is on. Without the rule that is nobody."""
    found = _rule(flag, rule_id)
    return Driven(-(-found.reach // PER_BP) if found else 0, tuple(_audiences(flag, rule_id)))


def driven(flag: Flag, rule_id: str, weight_bp: int, audience: tuple[Audience, ...]) -> Flag:
    """Return the flag with its driven rules reaching exactly this share and audience.

    The share's rule is made, as the last one, when there is none; whether the flag is on stays as it is.
    """
    kept = [rule for rule in flag.rules if not _is_audience(rule, rule_id)]
    share = _rule(flag, rule_id) or Rule(rule_id)
    if share not in kept:
        kept.append(share)
    at = kept.index(share)
    share = replace(share, reach=weight_bp * PER_BP)
    before = [_audience_rule(share, number, one) for number, one in enumerate(audience, 1)]
    is_full = weight_bp == FULL_WEIGHT_BP
    return replace(
        flag,
        rules=(*kept[:at], *before, share, *kept[at + 1 :]),
        full_since=flag.full_since if is_full else None,
    )


def finished(flag: Flag, rule_id: str, at: datetime) -> Flag:
    """Return the flag as it is when its rollout has ended well: reaching everyone, and since when."""
    full = driven(flag, rule_id, FULL_WEIGHT_BP, ())
    return replace(full, full_since=full.full_since or at)


def reaches_everyone(flag: Flag, rule_id: str) -> bool:
    """Return whether everyone for whom the driven rule is meant has the flag: nothing is left to do."""
    if not flag.is_enabled:
        return False
    found = _rule(flag, rule_id)
    return not flag.rules or (found is not None and found.reach == BUCKETS)


def interferes(before: Flag, after: Flag, rule_id: str) -> bool:
    """Return whether an edit touches what a rollout drives: its rules, their order, how users are bucketed.

    Switching the flag off or killing it does not.
    """
    return _driven_parts(before, rule_id) != _driven_parts(after, rule_id)


def _driven_parts(flag: Flag, rule_id: str) -> tuple[object, ...]:
    own = tuple(rule for rule in flag.rules if rule.id == rule_id or _is_audience(rule, rule_id))
    return own, flag.salt or flag.id, flag.hash_version, flag.value_type, flag.serve


def _rule(flag: Flag, rule_id: str) -> Rule | None:
    return next((rule for rule in flag.rules if rule.id == rule_id), None)


def _is_audience(rule: Rule, rule_id: str) -> bool:
    front, _, number = rule.id.rpartition("-")
    return front == f"{rule_id}-audience" and number.isdecimal()


def _audience_rule(share: Rule, number: int, audience: Audience) -> Rule:
    base = Rule(f"{share.id}-audience-{number}", title="always", serve=share.serve)
    if audience.kind == "segment":
        return replace(base, segments=audience.values)
    return replace(base, constraints=(Constraint(audience.name, Operator.IN, audience.values),))


def _audiences(flag: Flag, rule_id: str) -> Iterator[Audience]:
    for rule in flag.rules:
        if not _is_audience(rule, rule_id):
            continue
        if rule.segments:
            yield Audience("segment", "", rule.segments)
        for one in rule.constraints:
            yield Audience("attribute", one.attribute, one.values)
