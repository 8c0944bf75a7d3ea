"""Whether users were spread over an experiment's variants as its split says.

A sequential multinomial test: its alarm may be asked for after every user without becoming less true. When
the split is not as planned, something assigns, loses or counts users by who they are, and no other figure of
the experiment can be believed. What the experiment then says is the business of `experiment_results`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sluiceway.domain.flags.model import Share

ALPHA = 0.01  # chance of an alarm, ever, while users are spread as planned
FEWEST = 50  # users: before, a single odd batch of a client says nothing
# How closely around the planned shares a wrong split is looked for: as after so many users that were spread
# as planned, so 1.6 percentage points either side of a half. Larger and smaller differences are found, too.
_CONCENTRATION = 1_000.0


@dataclass(frozen=True, slots=True)
class RatioCheck:
    """How the users were spread. `evidence` is an e-value: 1 is none, 1 / ALPHA is an alarm.

    `counts` and `shares` (0 to 1, as planned) are by variant, in the split's order.
    """

    counts: Mapping[str, int]
    shares: Mapping[str, float]
    evidence: float
    sentence: str

    @property
    def is_off(self) -> bool:
        return self.evidence >= 1.0 / ALPHA


def check_ratio(counts: Mapping[str, int], split: Sequence[Share]) -> RatioCheck:
    """Return whether these users were spread over the variants of a split as their weights say.

    Users of variants that are not in the split don't count. Under a split that works the evidence is a
    non-negative martingale that starts at 1, user by user, so that it *ever* reaches 1 / ALPHA with a chance
    of at most ALPHA (Ville). Source: Lindon and Malek, "Anytime-valid inference for multinomial count data",
    NeurIPS 2022; the alternative is a Dirichlet distribution around the planned shares.
    """
    weight = sum(share.weight for share in split)
    shares = {share.variant: share.weight / weight for share in split if share.weight > 0}
    seen = {variant: counts.get(variant, 0) for variant in shares}
    number = sum(seen.values())
    evidence = 1.0
    if number >= FEWEST:
        evidence = math.exp(min(log_evidence(list(seen.values()), list(shares.values())), 600.0))
    return RatioCheck(seen, shares, evidence, _words(seen, shares, evidence))


def log_evidence(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Return the log of how much better "other shares than these" foretold the counts than `shares` did."""
    number = sum(counts)
    found = math.lgamma(_CONCENTRATION) - math.lgamma(_CONCENTRATION + number)
    for count, share in zip(counts, shares, strict=True):
        prior = _CONCENTRATION * share
        found += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(share)
    return found


def _words(counts: Mapping[str, int], shares: Mapping[str, float], evidence: float) -> str:
    number = sum(counts.values())
    if number < FEWEST:
        return f"too few users to check the split yet: {number:,} of {FEWEST}"
    parts = ", ".join(
        f"{variant} {count / number * 100:.1f} percent (planned {shares[variant] * 100:.3g})"
        for variant, count in counts.items()
    )
    if evidence < 1.0 / ALPHA:
        return f"{number:,} users are spread as planned: {parts}"
    return (
        f"{number:,} users are not spread as planned: {parts}; at most 1 in {1 / ALPHA:.0f} experiments whose"
        " split works ever looks like this. Believe no result before the cause is found: a variant that fails"
        " before its exposure is sent, a redirect, a bot, or a rule that serves a variant to some by itself"
    )
