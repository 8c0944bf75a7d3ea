"""What our engine says to people of every kind, to be compared with what the tool a flag came from says."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

from sluiceway.domain.flags.compiling import compile_set
from sluiceway.domain.flags.model import Evaluation, FlagSet

CHOICES: dict[str, list[Any]] = {
    "email": ["ada@x.com", "bob@y.org", "ADA@X.COM", "", "eve@x.com.evil"],
    "tier": ["pro", "free", "team"],
    "age": [0, 17, 18, 64.5, 65, -3],
    "version": ["1.2.3", "1.3.0-rc.1", "2.0.0", "0.9.0", "1.2.9+7", "none"],
    "beta": [True, False],
    "roles": [["admin", "dev"], ["guest"], []],
}


def contexts(count: int) -> Iterator[dict[str, Any]]:
    """Yield so many contexts, always the same ones; any attribute may be missing."""
    dice = random.Random(7)
    for number in itertools.count():
        if number == count:
            return
        attributes = {key: dice.choice(some) for key, some in CHOICES.items() if dice.random() < 0.8}
        yield {"targetingKey": dice.choice(("ada", "bob", f"user-{number}")), **attributes}


def evaluations(flags: FlagSet, flag: str, count: int) -> Iterator[tuple[dict[str, Any], Evaluation]]:
    evaluator = compile_set(flags, now=lambda: 1_800_000_000.0, chance=lambda: 0.5)
    for context in contexts(count):
        yield context, evaluator.evaluate(flag, context)
