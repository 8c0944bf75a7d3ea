"""Branches of other tools' logic as a flag's rules: the first that fits decides, the last is for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sluiceway.config.flag_formats.logic import Expression, alternatives
from sluiceway.config.flag_formats.reading import refuse
from sluiceway.domain.flags.model import Rule, Serve
from sluiceway.errors import InvalidInputError

SPLIT_NOTE = "splits by another hash here: how many get which variant stays, who does changes"
VERSION_NOTE = "versions of two parts, or with a v in front, fit no rule here"


def rules_of(
    branches: Iterable[tuple[str, str, Expression, Serve]], where: str
) -> tuple[tuple[Rule, ...], Serve | None]:
    """Return rules for branches of (id, title, when, serve), and what those get who fit none.

    The latter is that of the first branch that always fits; what comes after it can't be reached. Raises
    NotConvertible when a condition takes too many rules.
    """
    found: list[Rule] = []
    for id_, title, when, serve in branches:
        try:
            fits = alternatives(when)
        except InvalidInputError as error:
            refuse(where, str(error))
        if any(not one.constraints and not one.segments for one in fits):
            return tuple(found), serve
        for at, one in enumerate(fits, start=1):
            own = id_ if len(fits) == 1 else f"{id_}.{at}"
            found.append(Rule(own, title, one.constraints, one.segments, serve=serve))
    return tuple(found), None


def check_variants(serves: Iterable[Serve], variants: Sequence[str], where: str) -> None:
    """Raise NotConvertible when something is served that the flag doesn't have."""
    for serve in serves:
        for name in (serve.variant, *(share.variant for share in serve.split)):
            if name and name not in variants:
                refuse(where, f'serves "{name}", expected one of {", ".join(variants)}')
