"""What a vote was given on: one hash for one content, and what differs in words."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.approvals.subjects import subject_hash, what_changed

subjects = st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4).map(
    lambda parts: tuple(parts.items())
)


def test_the_hash_is_the_sha256_of_canonical_json() -> None:
    # printf '{"scope":"caf\\u00e9","version":"1.0.0"}' | sha256sum
    assert subject_hash((("version", "1.0.0"), ("scope", "café"))) == (
        "66b18b57eb0d0dc8e0174b8881b6f497a94f4e63cd5a289e6c42eb7743f11637"
    )


def test_a_lone_surrogate_has_a_hash() -> None:
    assert len(subject_hash((("title", "\ud800"),))) == 64


@given(subjects, subjects)
def test_two_subjects_share_a_hash_only_when_nothing_differs(
    one: tuple[tuple[str, str], ...], other: tuple[tuple[str, str], ...]
) -> None:
    assert (subject_hash(one) == subject_hash(other)) == (dict(one) == dict(other))
    if dict(one) == dict(other):
        assert what_changed(one, other) == ()


def test_a_part_of_one_line_is_shown_before_and_after() -> None:
    old = (("version", "1.0.0"), ("target", ""))
    new = (("version", "1.1.0"), ("target", "2026-05-01"))

    assert what_changed(old, new) == ('version was "1.0.0", is "1.1.0"', 'target was empty, is "2026-05-01"')


def test_of_a_longer_part_the_lines_that_came_and_went_are_shown() -> None:
    old = (("scope", "feature: search\nfix: login"),)
    new = (("scope", "feature: search\nfeature: chat\nfeature: mail\nfeature: map\nfeature: pay"),)

    assert what_changed(old, new) == (
        'scope gained "feature: chat", "feature: mail", "feature: map" and 1 more and lost "fix: login"',
    )


def test_another_order_is_a_change_too() -> None:
    assert what_changed((("scope", "a\nb"),), (("scope", "b\na"),)) == ("scope is in another order",)


def test_long_texts_are_cut_and_parts_that_are_gone_are_named() -> None:
    assert what_changed((("note", "x" * 80),), (("title", "new"),)) == (
        'title was empty, is "new"',
        f'note was "{"x" * 57}...", is empty',
    )
