"""Server-sent events, put together from lines."""

from __future__ import annotations

import pytest

from sluiceway.flags_sdk.server_events import EventReader, EventTooLongError, ServerEvent


def read(text: bytes, max_bytes: int = 1_000) -> list[ServerEvent]:
    reader = EventReader(max_bytes)
    return [event for line in text.split(b"\n") if (event := reader.feed(line)) is not None]


def test_an_event_ends_with_an_empty_line() -> None:
    assert read(b"event: flag-set\nid: 5\ndata: {}\n") == [ServerEvent("flag-set", "{}")]


def test_an_event_that_is_cut_off_is_none() -> None:
    assert read(b"event: flag-set\ndata: {}") == []


def test_lines_of_data_are_joined() -> None:
    assert read(b"data: a\ndata:b\ndata:\n") == [ServerEvent("message", "a\nb\n")]


def test_comments_retry_and_fields_without_a_meaning_say_nothing() -> None:
    assert read(b": still here\n\nretry: 10\n\nnonsense\n\nevent: flag-set\n") == []


def test_an_event_without_data_leaves_no_name_to_the_next() -> None:
    assert read(b"event: flag-set\n\ndata: x\n") == [ServerEvent("message", "x")]


def test_bytes_that_are_no_text_do_no_harm() -> None:
    assert read(b"data: \xff\xfe\n") == [ServerEvent("message", "\ufffd\ufffd")]


def test_an_event_beyond_the_bound_is_an_error() -> None:
    with pytest.raises(EventTooLongError, match="more than 20 bytes"):
        read(b"data: 0123456789\ndata: 0123456789\n", max_bytes=20)


def test_the_bound_is_for_each_event() -> None:
    assert len(read(b"data: 0123456789\n\n" * 50, max_bytes=20)) == 50
