"""A flag's document with what options of the command line change about it. Pure: reads and sends nothing.

The rule that a percentage and an audience are about is the named one, else the only one; a flag without rules
gets one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from sluiceway.cli.flag_words import constraint_of
from sluiceway.errors import InvalidInputError

ROLLOUT = "rollout"  # a rule of its own for a share of everyone, which rollouts by flag go on with
AUDIENCE = "audience"


@dataclass(frozen=True, slots=True)
class Edits:
    """What to change; None and () leave it as it is. In `only` and `segments` one "" takes them all away."""

    on: bool | None = None
    reach: str | None = None
    rule: str | None = None
    only: Sequence[str] = ()
    segments: Sequence[str] = ()
    serve: str | None = None
    removed_rules: Sequence[str] = ()
    about: Mapping[str, Any] | None = None  # keys of the document: name, owner, ...

    @property
    def is_empty(self) -> bool:
        return (
            self.on is None
            and self.serve is None
            and not (self.about_a_rule or self.removed_rules or self.about)
        )

    @property
    def about_a_rule(self) -> bool:
        return self.reach is not None or bool(self.only or self.segments or self.rule)


def edited(document: Mapping[str, Any], edits: Edits) -> dict[str, Any]:
    """Return a flag's document after the edits.

    Raises InvalidInputError for a rule that is not there, and when several rules could be meant.
    """
    found: dict[str, Any] = {**deepcopy(dict(document)), **(edits.about or {})}
    if edits.on is not None:
        found["enabled"] = edits.on
    rules: list[dict[str, Any]] = found.setdefault("rules", [])
    for name in edits.removed_rules:
        rules.remove(_rule(rules, name))
    if edits.about_a_rule:
        _edit_rule(_meant(rules, edits), edits)
    elif edits.serve is not None:
        found["serve"] = {"variant": edits.serve}
    return found


def _edit_rule(rule: dict[str, Any], edits: Edits) -> None:
    if edits.reach is not None:
        rule["reach"] = edits.reach
    if edits.only:
        rule["constraints"] = [constraint_of(one) for one in edits.only if one]
    if edits.segments:
        rule["segments"] = [one for one in edits.segments if one]
    if edits.serve is not None:
        rule["serve"] = {"variant": edits.serve}


def _meant(rules: list[dict[str, Any]], edits: Edits) -> dict[str, Any]:
    if edits.rule:
        return next((one for one in rules if one["id"] == edits.rule), None) or _added(rules, edits.rule)
    if len(rules) > 1:
        raise InvalidInputError(
            f"the flag has {len(rules)} rules, name the one meant with --rule: {_ids(rules)}"
        )
    if rules:
        return rules[0]
    return _added(rules, AUDIENCE if edits.only or edits.segments else ROLLOUT)


def _added(rules: list[dict[str, Any]], name: str) -> dict[str, Any]:
    rules.append({"id": name})
    return rules[-1]


def _rule(rules: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    found = next((one for one in rules if one["id"] == name), None)
    if found is None:
        raise InvalidInputError(f"the flag has no rule {name!r}; it has: {_ids(rules)}")
    return found


def _ids(rules: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(str(one["id"]) for one in rules) or "none"
