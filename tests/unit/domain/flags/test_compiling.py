"""What flags are worth, for which reason, and that nothing makes an evaluation raise."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from sluiceway.domain.flags.model import (
    RANDOM,
    Constraint,
    Dependency,
    ErrorCode,
    Flag,
    HeldOffBy,
    Hold,
    Operator,
    Reason,
    Rule,
    Serve,
    Share,
    ValueType,
    Variant,
    Window,
)
from tests.unit.domain.flags.worlds import NOW_S, evaluator, for_pro, one_of

NOW = datetime.fromtimestamp(NOW_S, UTC)
HOUR = timedelta(hours=1)
ON = Flag("new-checkout", is_enabled=True)
PRO = {"targetingKey": "ann", "plan": "pro"}
FREE = {"targetingKey": "ann", "plan": "free"}
COLOURS = (Variant("red", "#f00"), Variant("green", "#0f0"), Variant("blue", "#00f"))
COLOUR = Flag(
    "colour",
    value_type=ValueType.STRING,
    is_enabled=True,
    variants=COLOURS,
    serve=Serve(split=(Share("red", 1), Share("green", 1), Share("blue", 0))),
    otherwise=Serve("blue"),
    off_variant="blue",
)


class Hostile(Mapping[str, object]):
    """A context that can't be read."""

    def __getitem__(self, key: str) -> object:
        raise OSError(key)

    def __iter__(self) -> Iterator[str]:
        raise OSError

    def __len__(self) -> int:
        return 1


def test_an_enabled_flag_without_rules_is_on_for_everyone() -> None:
    found = evaluator(ON).evaluate("new-checkout", {})

    assert (found.value, found.variant, found.reason, found.is_on) == (True, "on", Reason.STATIC, True)


def test_a_flag_that_is_not_enabled_is_off() -> None:
    found = evaluator(replace(ON, is_enabled=False, rules=(for_pro(),))).evaluate("new-checkout", PRO)

    assert (found.value, found.variant, found.reason, found.is_on) == (False, "off", Reason.DISABLED, False)


def test_a_rule_that_fits_decides() -> None:
    found = evaluator(replace(ON, rules=(for_pro(),))).evaluate("new-checkout", PRO)

    assert (found.value, found.reason, found.rule) == (True, Reason.TARGETING_MATCH, "pro")


def test_those_whom_no_rule_reaches_get_otherwise() -> None:
    found = evaluator(replace(ON, rules=(for_pro(),))).evaluate("new-checkout", FREE)

    assert (found.value, found.reason, found.is_on, found.rule) == (False, Reason.DEFAULT, False, "")


def test_a_percentage_that_reaches_is_a_split() -> None:
    asked = evaluator(replace(ON, rules=(for_pro(reach=50_000),)))
    found = [asked.evaluate("new-checkout", {"targetingKey": f"u{at}", "plan": "pro"}) for at in range(50)]

    assert {(one.value, one.reason) for one in found} == {(True, Reason.SPLIT), (False, Reason.DEFAULT)}


def test_a_rule_that_fits_but_does_not_reach_hands_on_to_the_next() -> None:
    rules = (for_pro(reach=0), Rule("rest", serve=Serve("off")))
    found = evaluator(replace(ON, rules=rules)).evaluate("new-checkout", PRO)

    assert (found.value, found.rule, found.reason) == (False, "rest", Reason.TARGETING_MATCH)
    assert found.is_on


def test_the_first_rule_that_fits_decides() -> None:
    rules = (Rule("first", serve=Serve("off")), Rule("second", serve=Serve("on")))

    assert evaluator(replace(ON, rules=rules)).evaluate("new-checkout", PRO).rule == "first"


def test_a_percentage_without_a_key_is_not_reached_and_says_so() -> None:
    found = evaluator(replace(ON, rules=(for_pro(reach=99_999),))).evaluate("new-checkout", {"plan": "pro"})

    assert (found.value, found.reason, found.error) == (False, Reason.DEFAULT, None)
    assert "a targeting key is missing" in found.detail


def test_a_rule_after_one_that_lacks_its_key_still_decides() -> None:
    rules = (for_pro(reach=50_000), Rule("rest"))

    assert evaluator(replace(ON, rules=rules)).evaluate("new-checkout", {"plan": "pro"}).rule == "rest"


def test_a_split_without_a_key_is_an_error_and_the_callers_default() -> None:
    found = evaluator(COLOUR).evaluate("colour", {})

    assert (found.error, found.reason, found.has_value) == (
        ErrorCode.TARGETING_KEY_MISSING,
        Reason.ERROR,
        False,
    )
    assert found.is_on


def test_a_split_gives_every_key_the_same_variant_again() -> None:
    asked = evaluator(COLOUR)
    given = {key: asked.evaluate("colour", {"targetingKey": key}).variant for key in map(str, range(100))}

    assert set(given.values()) == {"red", "green"}
    assert all(asked.evaluate("colour", {"targetingKey": key}).variant == one for key, one in given.items())


def test_another_attribute_can_be_what_a_percentage_goes_by() -> None:
    rule = replace(for_pro(reach=50_000), by=("company", "targetingKey"))
    asked = evaluator(replace(ON, rules=(rule,)))
    answers = {
        asked.evaluate("new-checkout", {"targetingKey": str(at), "plan": "pro", "company": 7}).value
        for at in range(50)
    }

    assert len(answers) == 1


def test_chance_reaches_its_share_of_evaluations() -> None:
    rolls = iter(at / 1_000 for at in range(1_000))
    by_chance = replace(ON, rules=(replace(for_pro(50_000), by=(RANDOM,)),))
    asked = evaluator(by_chance, chance=lambda: next(rolls))
    reached = sum(bool(asked.evaluate("new-checkout", PRO).value) for _ in range(1_000))

    assert 400 < reached < 600


@pytest.mark.parametrize(
    ("by", "metric", "reason"),
    [(HeldOffBy.KILL, "", Reason.KILLED), (HeldOffBy.THRESHOLD, "p95_ms", Reason.THRESHOLD)],
)
def test_a_flag_that_is_held_is_off_and_says_by_what(by: HeldOffBy, metric: str, reason: Reason) -> None:
    held = replace(ON, rules=(for_pro(),), hold=Hold(by, "orders fail", metric))
    found = evaluator(held).evaluate("new-checkout", PRO)

    assert (found.value, found.reason, found.culprit) == (False, reason, metric)
    assert "orders fail" in found.detail


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (-HOUR, Reason.SCHEDULED),
        (timedelta(), Reason.STATIC),
        (HOUR, Reason.STATIC),
        (2 * HOUR, Reason.SCHEDULED),
    ],
)
def test_a_window_holds_from_its_first_instant_until_before_its_last(at: timedelta, reason: Reason) -> None:
    clock = [NOW_S]
    asked = evaluator(replace(ON, window=Window(NOW, NOW + 2 * HOUR)), now=lambda: clock[0])
    clock[0] += at.total_seconds()

    assert asked.evaluate("new-checkout", {}).reason is reason


def test_a_dependency_that_is_off_holds_off_all_above_and_is_named() -> None:
    flags = [Flag("accounts"), *(replace(ON, id=key, dependencies=(Dependency(on),)) for key, on in CHAIN)]
    found = evaluator(*flags).evaluate("checkout", PRO)

    assert (found.value, found.reason, found.culprit) == (False, Reason.DEPENDENCY, "accounts")


CHAIN = (("payments", "accounts"), ("basket", "payments"), ("checkout", "basket"))


@pytest.mark.parametrize(("plan", "expected"), [("pro", Reason.STATIC), ("free", Reason.DEPENDENCY)])
def test_dependencies_are_decided_for_the_same_context(plan: str, expected: Reason) -> None:
    base = replace(ON, id="accounts", rules=(for_pro(),))
    flags = [base, *(replace(ON, id=key, dependencies=(Dependency(on),)) for key, on in CHAIN)]
    found = evaluator(*flags).evaluate("checkout", {"targetingKey": "ann", "plan": plan})

    assert found.reason is expected
    assert found.culprit == ("" if plan == "pro" else "accounts")


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        (Dependency("colour", variants=("red", "green")), Reason.STATIC),
        (Dependency("colour", variants=("blue",)), Reason.DEPENDENCY),
        (Dependency("colour", is_on=False), Reason.DEPENDENCY),
        (Dependency("nowhere"), Reason.DEPENDENCY),
        (Dependency("nowhere", is_on=False), Reason.DEPENDENCY),
    ],
)
def test_a_dependency_asks_for_on_or_off_or_a_variant(need: Dependency, reason: Reason) -> None:
    found = evaluator(COLOUR, replace(ON, dependencies=(need,))).evaluate("new-checkout", PRO)

    assert found.reason is reason
    assert found.culprit == ("" if reason is Reason.STATIC else need.flag)


def test_flags_in_a_circle_are_errors_and_those_behind_it_are_off() -> None:
    flags = [replace(ON, id=key, dependencies=(Dependency(on),)) for key, on in ("ab", "ba", "ca")]
    one, _, behind = evaluator(*flags).evaluate_all({})

    assert (one.reason, one.error, one.is_on) == (Reason.ERROR, ErrorCode.GENERAL, False)
    assert "a -> b -> a" in one.detail or "b -> a -> b" in one.detail
    assert (behind.reason, behind.culprit, behind.value) == (Reason.DEPENDENCY, "a", False)


def test_ways_that_meet_again_and_again_are_walked_once() -> None:
    layers = 60  # 2 to the power of 60 ways from the last to the first
    flags = [replace(ON, id="0", rules=(for_pro(),))]
    for at in range(1, layers):
        needs = (Dependency(f"{at - 1}"), Dependency(f"{at - 1}b")) if at > 1 else (Dependency("0"),)
        flags += [replace(ON, id=f"{at}", dependencies=needs), replace(ON, id=f"{at}b", dependencies=needs)]
    asked = evaluator(*flags)

    assert asked.evaluate(str(layers - 1), PRO).is_on
    assert asked.evaluate(str(layers - 1), FREE).culprit == "0"


def test_dependencies_deeper_than_the_stack_are_decided() -> None:
    depth = 5 * sys.getrecursionlimit()
    flags = [replace(ON, id="0", rules=(for_pro(),))]
    flags += [replace(ON, id=str(at), dependencies=(Dependency(str(at - 1)),)) for at in range(1, depth)]
    asked = evaluator(*flags)

    assert asked.evaluate(str(depth - 1), PRO).is_on
    assert asked.evaluate_all(FREE)[-1].culprit == "0"


def test_all_at_once_is_each_by_itself_in_the_sets_order() -> None:
    flags = (replace(ON, id="b", dependencies=(Dependency("a"),)), replace(ON, id="a"), COLOUR)
    asked = evaluator(*flags)

    assert asked.evaluate_all(PRO) == [asked.evaluate(key, PRO) for key in ("b", "a", "colour")]
    assert asked.keys == ("b", "a", "colour")


def test_outcomes_are_made_once() -> None:
    asked = evaluator(replace(ON, rules=(for_pro(reach=50_000),)))

    assert asked.evaluate("new-checkout", PRO) is asked.evaluate("new-checkout", dict(PRO))


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        (ON, True),
        (replace(ON, is_enabled=False, rules=(for_pro(),)), True),
        (replace(ON, rules=(for_pro(reach=0),)), True),
        (replace(ON, rules=(Rule("all", serve=Serve("off")), for_pro())), True),
        (replace(ON, rules=(for_pro(),)), False),
        (replace(ON, window=Window(NOW)), False),
        (replace(ON, dependencies=(Dependency("nowhere"),)), True),
        (replace(COLOUR, id="new-checkout"), False),
    ],
)
def test_a_flag_is_constant_if_no_context_and_no_time_changes_it(flag: Flag, expected: bool) -> None:
    assert evaluator(flag).is_constant("new-checkout") is expected


def test_a_flag_without_an_off_variant_leaves_it_to_the_caller() -> None:
    found = evaluator(replace(ON, is_enabled=False, off_variant="")).evaluate("new-checkout", {})

    assert (found.value, found.has_value, found.reason) == (None, False, Reason.DISABLED)


def test_a_flag_that_is_not_there_is_not_found() -> None:
    found = evaluator(ON).evaluate("old-checkout", {})

    assert (found.error, found.has_value, found.flag) == (ErrorCode.FLAG_NOT_FOUND, False, "old-checkout")


@pytest.mark.parametrize("context", [None, 7, "ann", ["ann"]])
def test_what_is_no_context_is_said_to_be_none(context: Any) -> None:
    asked = evaluator(replace(ON, rules=(for_pro(),)))

    assert asked.evaluate("new-checkout", context).error is ErrorCode.INVALID_CONTEXT
    assert asked.evaluate_all(context)[0].error is ErrorCode.INVALID_CONTEXT


def test_a_context_that_can_not_be_read_is_an_error_and_not_an_exception() -> None:
    asked = evaluator(replace(ON, rules=(for_pro(),)))

    assert asked.evaluate("new-checkout", Hostile()).error is ErrorCode.GENERAL
    assert asked.explain("new-checkout", Hostile()).evaluation.error is ErrorCode.GENERAL


@pytest.mark.parametrize("key", [[], {}, None, 7, "\ud800"])
def test_a_flag_s_name_of_any_kind_is_not_found(key: Any) -> None:
    assert evaluator(ON).evaluate(key, {}).error is ErrorCode.FLAG_NOT_FOUND


@pytest.mark.parametrize(
    "flag",
    [
        replace(ON, serve=Serve("nowhere")),
        replace(ON, serve=Serve(split=(Share("on", 0),))),
        replace(ON, rules=(Rule("r", constraints=cast("Any", (None,))),)),
        replace(ON, window=cast("Any", Window(cast("Any", "tomorrow")))),
    ],
)
def test_a_flag_that_is_broken_is_an_error_and_harms_no_other(flag: Flag) -> None:
    asked = evaluator(flag, replace(ON, id="sound"))

    assert asked.evaluate("new-checkout", PRO).error is not None
    assert asked.evaluate("new-checkout", PRO).has_value is False
    assert asked.evaluate("sound", PRO).value is True


def test_a_megabyte_of_context_is_decided() -> None:
    context = {**PRO, **{f"attribute-{at}": "x" * 100 for at in range(10_000)}}
    patterns = Constraint("attribute-7", Operator.MATCHES, ("^x+$",))
    rule = Rule("r", constraints=(one_of("plan", "pro"), patterns))

    assert evaluator(replace(ON, rules=(rule,))).evaluate("new-checkout", context).rule == "r"


def test_ten_thousand_flags_are_compiled_and_decided() -> None:
    flags = [replace(ON, id=str(at), rules=(for_pro(reach=50_000),)) for at in range(10_000)]
    found = evaluator(*flags).evaluate_all(PRO)

    assert 4_000 < sum(one.is_on for one in found) < 6_000


def test_threads_get_the_same_answers() -> None:
    asked = evaluator(ON, COLOUR, replace(ON, id="b", dependencies=(Dependency("colour"),)))
    expected = [asked.evaluate_all({"targetingKey": str(at)}) for at in range(200)]
    found: list[bool] = []

    def ask() -> None:
        answers = [asked.evaluate_all({"targetingKey": str(at)}) for at in range(200)]
        found.append(answers == expected)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert found == [True] * 4
