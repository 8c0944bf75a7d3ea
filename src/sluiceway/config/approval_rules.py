"""Who must agree: the `approvals` section and the rules in it, which may hold rules themselves."""

from __future__ import annotations

from typing import Any

from sluiceway.config.plain import (
    DURATION,
    ITS_ID,
    ITS_TITLE,
    TEXT,
    TRUTH,
    one_word,
    some,
    whole,
)
from sluiceway.config.records import OneOf, Part, Reader, Record, Scope, listed, named, part
from sluiceway.config.sections import Fields, Schema
from sluiceway.config.shapes import list_of, ref
from sluiceway.config.tree import Value
from sluiceway.domain.process.team import (
    AllOf,
    AnyOf,
    ApprovalPolicy,
    ByBoard,
    ByPeople,
    ByRole,
    ByWeight,
    Rule,
)
from sluiceway.domain.releases.subjects import BINDABLE

MOST_PEOPLE = 100
SEPARATE = ("author", "manager", "requestor", "implementer")
_MOST_WEIGHT = 10_000
_GOES_WITH = {"count": ("role", "people", "any_of"), "at_least": ("weights",), "in_order": ("all_of",)}


def _read_rule(value: Value, scope: Scope) -> Rule | None:
    return RULE.read(value, scope)


def _read_rules(value: Value, scope: Scope) -> tuple[Rule, ...] | None:
    items = value.items()
    if value.is_list and not items:
        value.problem("found no rule, expected at least one")
    found = [RULE.read(item, scope) for item in items]
    return None if not found or None in found else tuple(rule for rule in found if rule is not None)


def _read_weights(value: Value, scope: Scope) -> tuple[tuple[str, int], ...] | None:
    entries = value.entries()
    if value.is_mapping and not entries:
        value.problem("found no weight, expected at least one role with its weight, such as cto: 2")
    role, weight = named("role"), whole(1, MOST_PEOPLE)
    found = [(role.read(key, scope), weight.read(entry, scope)) for key, entry in entries]
    pairs = tuple((name, amount) for name, amount in found if name is not None and amount is not None)
    return pairs if pairs and len(pairs) == len(found) else None


def _build(**given: Any) -> Rule:
    if "role" in given:
        return ByRole(given["role"], given.get("count", 1))
    if "people" in given:
        return ByPeople(given["people"], given.get("count", 1))
    if "board" in given:
        return ByBoard(given["board"])
    if "weights" in given:
        weights: tuple[tuple[str, int], ...] = given["weights"]
        return ByWeight(weights, given.get("at_least", sum(weight for _, weight in weights)))
    if "all_of" in given:
        return AllOf(given["all_of"], given.get("in_order", False))
    return AnyOf(given["any_of"], given.get("count", 1))


def _check(fields: Fields, rule: Rule, _scope: Scope) -> None:
    for key, owners in _GOES_WITH.items():
        if fields.has(key) and not any(fields.has(owner) for owner in owners):
            fields.at(key).problem(f'"{key}" goes with {" or ".join(owners)}, found none of them')
    match rule:
        case ByPeople(people=people, count=count) if count > len(people):
            fields.at("count").problem(
                f"{count} is more than the people named, expected at most {len(people)}"
            )
        case AnyOf(rules=rules, count=count) if count > len(rules):
            fields.at("count").problem(
                f"{count} is more than the rules there are, expected at most {len(rules)}"
            )
        case ByWeight(weights=weights, at_least=at_least):
            total = sum(weight for _, weight in weights)
            if at_least > total:
                fields.at("at_least").problem(
                    f"{at_least} is more than all weights add up to, expected at most {total}"
                )
        case _:
            pass


_RULES: Schema = {**list_of(ref("rule")), "minItems": 1}
_WEIGHTS: Schema = {
    "type": "object",
    "additionalProperties": {"type": "integer", "minimum": 1},
    "minProperties": 1,
}
RULE: Record[Rule] = Record(
    "rule",
    "Who must agree, as a rule",
    _build,
    (
        part("role", named("role"), "people who hold this role"),
        part("people", some(TEXT, "a person's account", least=1), "these people, by account"),
        part("board", named("board"), "a board, under its own rules"),
        part(
            "weights",
            Reader(_WEIGHTS, _read_weights),
            "roles and how much the voice of each weighs",
        ),
        part("all_of", Reader(_RULES, _read_rules), "rules that must all be met"),
        part("any_of", Reader(_RULES, _read_rules), "rules of which some must be met"),
        part("count", whole(1, MOST_PEOPLE), "how many people, or how many of the rules"),
        part(
            "at_least", whole(1, MOST_PEOPLE * MOST_PEOPLE), "what the weights of those who agree add up to"
        ),
        part("in_order", TRUTH, "true: each rule is asked once those before it are met"),
    ),
    one_of=OneOf(("role", "people", "board", "weights", "all_of", "any_of"), is_required=True),
    check=_check,
)
APPROVAL_POLICY = Record(
    "approval_policy",
    "Something that must be agreed to",
    ApprovalPolicy,
    (
        ITS_ID,
        ITS_TITLE,
        part("rule", Reader(ref("rule"), _read_rule), "who must agree", is_required=True),
        part(
            "binds",
            some(one_word(*BINDABLE), "a part of the release"),
            "the parts of a release whose change asks again",
        ),
        part("separate", some(one_word(*SEPARATE), "who may not vote"), "who may not vote"),
        part("expires", DURATION, "how long it holds after it was given", to="expires_s"),
        part("rejections", whole(1, MOST_PEOPLE), "so many rejections refuse it"),
    ),
)

PARTS: tuple[Part, ...] = (
    part("approvals", listed(APPROVAL_POLICY, what="approval"), "what must be agreed to, and by whom"),
)
RECORDS = (RULE, APPROVAL_POLICY)
