"""The parts of a release that approvals bind and needs ask for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.releases.model import (
    Channel,
    ChannelState,
    Facts,
    Goal,
    Release,
    ScopeItem,
    ScopeKind,
    Stakeholder,
)
from sluiceway.domain.releases.subjects import BINDABLE, FIELDS, decided_on, is_filled, part_of, subject_of
from sluiceway.errors import RuleError
from tests.unit.domain.releases.roads import NOW, PROCESS, SIGN_OFF, a_release

FULL: dict[str, Any] = {
    "title": "Spring",
    "manager": "mia",
    "user_impact": "faster",
    "revenue_impact": "+2 %",
    "goals": (Goal("Speed", "p95_ms", "< 200"), Goal("Peace")),
    "scope": (ScopeItem("s1", ScopeKind.FEATURE, "Search", "https://example.org/1"),),
    "stakeholders": (Stakeholder("Sponsor", "sue", "pays", backup="sam"),),
    "channels": (Channel("web", "Web"), Channel("ios", "iOS", ChannelState.SUBMITTED)),
    "changes": ("CR-2026-001", "CR-2026-002"),
    "environment": "production",
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("version", "1.5.0"),
        ("type", "minor"),
        ("title", "Spring"),
        ("target", "2026-04-01T09:00:00+00:00"),
        ("goals", "Speed | p95_ms | < 200\nPeace"),
        ("scope", "s1 | feature | Search | https://example.org/1"),
        ("impact", "faster | +2 %"),
        ("stakeholders", "Sponsor | sue | sam | pays"),
        ("channels", "web | Web\nios | iOS"),
        ("changes", "CR-2026-001\nCR-2026-002"),
        ("environment", "production"),
        ("rollout", "canary of process hash-1"),
    ],
)
def test_each_part_reads_as_text(name: str, text: str) -> None:
    assert part_of(a_release(**FULL), PROCESS, name) == text


def test_a_part_that_does_not_exist_is_named() -> None:
    with pytest.raises(RuleError, match='an approval binds "mood", expected one of version, type, title'):
        part_of(a_release(), PROCESS, "mood")


def test_a_subject_holds_what_the_policy_binds_in_its_order() -> None:
    policy = replace(SIGN_OFF, binds=("scope", "version"))

    assert subject_of(a_release(), PROCESS, policy) == (
        ("scope", "s1 | feature | Search"),
        ("version", "1.5.0"),
    )


OTHERS: dict[str, Any] = {"version": "1.6.0", "type": "patch", "target_at": NOW}


def hash_of(release: Release) -> str:
    return subject_hash(subject_of(release, PROCESS, replace(SIGN_OFF, binds=BINDABLE)))


@pytest.mark.parametrize(
    "field", [name for name in FIELDS if name not in {"code_name", "manager", "sponsor"}]
)
def test_a_change_of_a_bound_field_changes_the_hash(field: str) -> None:
    full = a_release(**FULL)
    other = OTHERS.get(field, "" if isinstance(getattr(full.facts, field), str) else ())

    assert hash_of(full) != hash_of(replace(full, facts=replace(full.facts, **{field: other})))


texts = st.text(st.sampled_from("a |\\\n"), max_size=4)
scopes = st.lists(
    st.builds(ScopeItem, texts.map("i".__add__), st.sampled_from(ScopeKind), texts, texts), max_size=2
)
goals = st.lists(st.builds(Goal, texts.map("g".__add__), texts, texts), max_size=2)
wordings = st.builds(
    lambda scope, aims, users, revenue: replace(
        Facts("1.5.0", "minor"),
        scope=tuple(scope),
        goals=tuple(aims),
        user_impact=users,
        revenue_impact=revenue,
    ),
    scopes,
    goals,
    texts,
    texts,
)


@given(wordings, wordings)
def test_no_wording_passes_for_another(one: Facts, other: Facts) -> None:
    release = a_release()

    same = hash_of(replace(release, facts=one)) == hash_of(replace(release, facts=other))

    assert same == (one == other)


def test_a_channel_that_goes_live_changes_nothing_that_was_agreed() -> None:
    full = a_release(**FULL)
    channels = tuple(replace(one, state=ChannelState.LIVE) for one in full.facts.channels)

    assert hash_of(full) == hash_of(replace(full, facts=replace(full.facts, channels=channels)))


def test_another_process_version_changes_what_the_rollout_is() -> None:
    full = a_release(**FULL)

    assert hash_of(full) != hash_of(replace(full, process_hash="hash-2"))
    assert decided_on(full.facts) == (
        ("version", "1.5.0"),
        ("scope", "s1 | feature | Search | https://example.org/1"),
    )


def test_a_field_is_filled_when_it_says_something() -> None:
    blank, full = Facts("1.5.0", "minor", title="  "), a_release(**FULL).facts

    assert [name for name in FIELDS if is_filled(blank, name)] == ["version", "type"]
    assert [name for name in FIELDS if not is_filled(full, name)] == ["code_name", "sponsor"]
    with pytest.raises(RuleError, match='a phase needs the field "mood", expected one of version, type'):
        is_filled(blank, "mood")
