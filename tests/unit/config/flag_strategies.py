"""Flags of every shape, for properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Experiment,
    Flag,
    FlagType,
    HashVersion,
    NoData,
    Operator,
    Rule,
    Segment,
    Serve,
    Share,
    Threshold,
    ThresholdAction,
    ValueType,
    Variant,
    Window,
)

WORDS = st.sampled_from(
    ("a", "on", "off", "1.10", "null", "true", "über uns", "x: y", "#f00", "2026-12-01", "~")
)
TEXTS = st.one_of(st.just(""), WORDS)
LISTS = st.lists(WORDS, max_size=3).map(tuple)
IDS = st.sampled_from(("beta", "all", "team"))
INSTANTS = st.integers(0, 2_000_000).map(lambda m: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=m))
MAYBE_INSTANTS = st.none() | INSTANTS
SECONDS = st.sampled_from((0.0, 0.25, 1.0, 90.0, 300.0, 86_400.0))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | WORDS | st.sampled_from((0.5, -1.25)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=2)
CONSTRAINTS = st.builds(
    Constraint, WORDS, st.sampled_from(tuple(Operator)), LISTS, st.booleans(), st.booleans()
)
SHARES = st.builds(Share, WORDS, st.integers(0, 100_000))
SERVES = st.builds(Serve, TEXTS, st.lists(SHARES, max_size=2).map(tuple), LISTS, TEXTS)
RULES = st.builds(
    Rule,
    IDS,
    TEXTS,
    st.lists(CONSTRAINTS, max_size=2).map(tuple),
    LISTS,
    st.integers(0, 100_000),
    LISTS,
    TEXTS,
    SERVES,
)
THRESHOLDS = st.builds(
    Threshold,
    IDS,
    WORDS,
    st.sampled_from(tuple(NoData)),
    st.sampled_from(tuple(ThresholdAction)),
    SECONDS,
    SECONDS,
    SECONDS,
    TEXTS,
)
WINDOWS = st.builds(
    Window, MAYBE_INSTANTS, MAYBE_INSTANTS, st.sampled_from(("UTC", "Europe/Berlin", "America/New_York"))
)
VARIANTS = st.lists(st.builds(Variant, WORDS, JSON, OBJECTS), min_size=1, max_size=3).map(tuple)
METADATA = st.dictionaries(WORDS, st.booleans() | st.integers(-9, 9) | WORDS, max_size=2)
FLAGS = st.builds(
    Flag,
    id=st.just("checkout"),
    value_type=st.sampled_from(tuple(ValueType)),
    is_enabled=st.booleans(),
    variants=VARIANTS,
    rules=st.lists(RULES, max_size=3, unique_by=lambda one: one.id).map(tuple),
    serve=SERVES,
    otherwise=SERVES,
    off_variant=TEXTS,
    dependencies=st.lists(st.builds(Dependency, WORDS, st.booleans(), LISTS), max_size=2).map(tuple),
    window=st.none() | WINDOWS,
    salt=TEXTS,
    hash_version=st.sampled_from(tuple(HashVersion)),
    name=TEXTS,
    description=TEXTS,
    type=st.sampled_from(tuple(FlagType)),
    owner=TEXTS,
    tags=LISTS,
    release=TEXTS,
    expires_at=MAYBE_INSTANTS,
    fallback=JSON,
    thresholds=st.lists(THRESHOLDS, max_size=2, unique_by=lambda one: one.id).map(tuple),
    experiment=st.none() | st.builds(Experiment, WORDS, LISTS, LISTS, TEXTS),
    has_kill_switch=st.booleans(),
    metadata=METADATA,
    extra=OBJECTS,
)
SEGMENTS = st.builds(Segment, IDS, TEXTS, st.lists(CONSTRAINTS, max_size=2).map(tuple), LISTS, LISTS)
