"""The load generator's reading of HTTP answers."""

from __future__ import annotations

import pytest

from sluiceway.demo.http_client import Response, ResponseReader


def reader() -> ResponseReader:
    return ResponseReader("X-Shop-Version")


WHOLE = b"HTTP/1.1 200 OK\r\nx-shop-version: 2.0\r\ncontent-length: 5\r\n\r\nhello"


def test_status_and_version_are_read() -> None:
    assert reader().feed(WHOLE) == Response(200, "2.0")


@pytest.mark.parametrize("cut", range(1, len(WHOLE)))
def test_an_answer_is_whole_only_at_its_last_byte(cut: int) -> None:
    reading = reader()
    assert reading.feed(WHOLE[:cut]) is None
    assert reading.feed(WHOLE[cut:]) == Response(200, "2.0")


def test_an_answer_without_the_header_names_no_version() -> None:
    assert reader().feed(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n") == Response(
        503, ""
    )


CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Shop-Version: 1.0\r\n\r\n"
    b"4\r\nab\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n"
)


@pytest.mark.parametrize("cut", range(1, len(CHUNKED)))
def test_a_chunked_answer_is_whole_after_its_last_chunk(cut: int) -> None:
    reading = reader()
    assert reading.feed(CHUNKED[:cut]) is None
    assert reading.feed(CHUNKED[cut:]) == Response(200, "1.0")


def test_one_reader_reads_one_answer_after_another() -> None:
    reading = reader()
    reading.feed(WHOLE)
    assert reading.feed(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n") == Response(500, "")


def test_the_connection_ends_when_the_server_says_so() -> None:
    reading = reader()
    reading.feed(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: Close\r\n\r\n")
    assert not reading.keep_alive


def test_the_connection_stays_unless_the_server_ends_it() -> None:
    reading = reader()
    reading.feed(WHOLE)
    assert reading.keep_alive


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9\r\n\r\n", b"HTTP/1.1 okay\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n"],
)
def test_what_is_no_answer_is_refused(answer: bytes) -> None:
    with pytest.raises(ValueError, match=r"not an HTTP/1\.1 status line|neither content-length nor chunks"):
        reader().feed(answer)
