"""Properties that hold for every flag and key: a percentage only adds users, and nobody changes sides."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.flags.compiling import compile_set
from sluiceway.domain.flags.hashing import bucket, picks, reaches
from sluiceway.domain.flags.model import (
    BUCKETS,
    Constraint,
    Dependency,
    Flag,
    FlagSet,
    HashVersion,
    Operator,
    Rule,
    Serve,
    Share,
)
from tests.unit.domain.flags.worlds import evaluator

VERSIONS = st.sampled_from(HashVersion)
KEYS = st.text()
REACHES = st.integers(0, BUCKETS)
NAMES = st.text(max_size=6)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(NAMES, SCALARS, max_size=3)
SERVES = st.builds(
    Serve,
    variant=st.sampled_from(["", "on", "off", "nowhere"]),
    split=st.lists(st.builds(Share, st.sampled_from(["on", "off"]), st.integers(0, 100)), max_size=3).map(
        tuple
    ),
)
CONSTRAINTS = st.builds(
    Constraint,
    attribute=st.text(min_size=1, max_size=6),
    operator=st.sampled_from(Operator),
    values=st.lists(st.text(max_size=10), max_size=3).map(tuple),
    is_inverted=st.booleans(),
    ignores_case=st.booleans(),
)
RULES = st.builds(
    Rule,
    id=NAMES,
    constraints=st.lists(CONSTRAINTS, max_size=2).map(tuple),
    segments=st.lists(NAMES, max_size=1).map(tuple),
    reach=REACHES,
    by=st.lists(NAMES, max_size=2).map(tuple),
    serve=SERVES,
)
FLAGS = st.builds(
    Flag,
    id=st.sampled_from(["a", "b", "c"]),
    is_enabled=st.booleans(),
    rules=st.lists(RULES, max_size=3).map(tuple),
    serve=SERVES,
    otherwise=SERVES,
    off_variant=st.sampled_from(["", "on", "off", "nowhere"]),
    dependencies=st.lists(
        st.builds(Dependency, st.sampled_from(["a", "b", "c", "d"]), st.booleans()), max_size=2
    ).map(tuple),
    hash_version=VERSIONS,
)


@given(key=KEYS, salt=st.text(max_size=20), low=REACHES, more=REACHES, version=VERSIONS)
def test_raising_a_percentage_never_drops_a_user(
    key: str, salt: str, low: int, more: int, version: HashVersion
) -> None:
    high = min(low + more, BUCKETS)

    assert reaches(salt, high, version)(key) or not reaches(salt, low, version)(key)


@given(key=KEYS, salt=st.text(max_size=20), version=VERSIONS)
def test_everyone_has_a_bucket_and_all_reach_everyone(key: str, salt: str, version: HashVersion) -> None:
    assert 0 <= bucket(key, salt, version) < BUCKETS
    assert reaches(salt, BUCKETS, version)(key)
    assert not reaches(salt, 0, version)(key)


@given(key=KEYS, salt=st.text(max_size=20), reach=REACHES)
def test_a_flag_reaches_those_whose_bucket_is_below(key: str, salt: str, reach: int) -> None:
    assert reaches(salt, reach, HashVersion.SLUICE_1)(key) is (bucket(key, salt) < reach)


@given(
    key=KEYS,
    weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any),
    version=VERSIONS,
)
def test_a_split_picks_one_that_has_a_weight(key: str, weights: list[int], version: HashVersion) -> None:
    assert weights[picks("salt", weights, version)(key)] > 0


@given(key=KEYS, low=st.integers(1, BUCKETS), more=REACHES)
def test_whoever_has_a_variant_keeps_it_while_the_percentage_grows(key: str, low: int, more: int) -> None:
    split = Serve(split=(Share("on", 1), Share("off", 1)))
    flag = Flag("f", is_enabled=True, rules=(Rule("r", reach=low, serve=split),), otherwise=Serve())
    wider = replace(flag, rules=(Rule("r", reach=min(low + more, BUCKETS), serve=split),))
    before = evaluator(flag).evaluate("f", {"targetingKey": key})

    if before.is_on:
        assert evaluator(wider).evaluate("f", {"targetingKey": key}).variant == before.variant


@given(flags=st.lists(FLAGS, max_size=4), context=st.dictionaries(NAMES | st.just("targetingKey"), VALUES))
def test_no_set_and_no_context_make_an_evaluation_raise(flags: list[Flag], context: dict[str, Any]) -> None:
    asked = evaluator(*flags)
    found = asked.evaluate_all(context)

    assert [one.flag for one in found] == list(asked.keys)
    for one in found:
        again = asked.evaluate(one.flag, context)
        assert (again.variant, again.reason, again.culprit) == (one.variant, one.reason, one.culprit)
        assert asked.explain(one.flag, context).evaluation.variant == one.variant
        if asked.is_constant(one.flag):
            assert asked.evaluate(one.flag, {}) is again


@given(before=st.lists(FLAGS, max_size=4), after=st.lists(FLAGS, max_size=4), kept=st.integers(0, 4))
def test_what_a_changed_set_takes_over_decides_as_if_made_anew(
    before: list[Flag], after: list[Flag], kept: int
) -> None:
    old = evaluator(*before)
    flags = FlagSet("shop", "production", 2, (*before[:kept], *after))
    changed = compile_set(flags, now=old.now, chance=old.chance, previous=old)
    anew = compile_set(flags, now=old.now, chance=old.chance)

    for context in ({}, {"targetingKey": "ann"}, {"targetingKey": "bob", "a": 1}):
        assert changed.evaluate_all(context) == anew.evaluate_all(context)


def test_another_process_gives_the_same_buckets() -> None:
    keys = [f"user-{number}" for number in range(50)]
    code = (
        "from sluiceway.domain.flags.hashing import bucket, picks\n"
        "from sluiceway.domain.flags.model import HashVersion\n"
        "pick = picks('checkout', (1, 2, 3), HashVersion.SLUICE_1)\n"
        f"print([(bucket(key, 'checkout'), pick(key)) for key in {keys!r}])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pick = picks("checkout", (1, 2, 3), HashVersion.SLUICE_1)

    assert run.stdout.strip() == str([(bucket(key, "checkout"), pick(key)) for key in keys])
