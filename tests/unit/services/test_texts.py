"""What may stand in a text that people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.errors import InvalidInputError
from sluiceway.services.texts import MAX_LINE_CHARS, line, prose


def test_markup_and_other_scripts_are_kept_as_they_are() -> None:
    text = "<script>alert('x')</script> {{ 7*7 }} 日本 👩‍💻 ' OR 1=1; --"

    assert line(text, "the title") == text


def test_blanks_around_a_text_are_taken_off() -> None:
    assert (line("  Autumn \t", "t"), prose("\n two\nlines \n", "t")) == ("Autumn", "two\nlines")


def test_a_line_has_no_breaks_and_prose_may_have_them() -> None:
    assert prose("one\n\ttwo", "the note") == "one\n\ttwo"
    with pytest.raises(InvalidInputError, match=r"the title holds a character that can't be seen, the 4\."):
        line("one\ntwo", "the title")


@pytest.mark.parametrize("hidden", ["\x1b[2J", "\x00", "\u202e", "\u2066", "\ud800", "\x7f"])
def test_what_would_move_a_cursor_or_turn_a_line_around_is_refused(hidden: str) -> None:
    with pytest.raises(InvalidInputError, match="can't be seen"):
        prose(f"ok {hidden}", "the comment")


def test_a_text_that_is_too_long_is_refused_with_both_lengths() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        line("x" * (MAX_LINE_CHARS + 1), "the title")

    assert str(refusal.value) == "the title has 201 characters; use at most 200 and link to the rest"


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=MAX_LINE_CHARS))
def test_whatever_can_be_typed_on_a_keyboard_is_taken(text: str) -> None:
    assert line(text, "the title") == text.strip()
