"""The sample shop's answers, without a network."""

from __future__ import annotations

import json
import random
from statistics import median

import pytest

from sluiceway.demo.faults import Fault, FaultSwitch
from sluiceway.demo.shop import BadRequestError, Request, Shop, parse_head, route


def ask(method: str, path: str, body: bytes = b"") -> Request:
    return Request(method, path, body, keep_alive=True)


def shop(fault: Fault = Fault.NONE) -> Shop:
    return Shop("2.0", FaultSwitch(fault), random.Random(11))


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/healthz", b"", 200),
        ("GET", "/", b"", 200),
        ("GET", "/?from=mail", b"", 200),
        ("GET", "/products", b"", 200),
        ("GET", "/products/3", b"", 200),
        ("GET", "/products/0", b"", 404),
        ("GET", "/products/99", b"", 404),
        ("GET", "/products/watering-can", b"", 404),
        ("POST", "/cart", b'{"product": 2}', 201),
        ("POST", "/cart", b'{"product": 99}', 422),
        ("POST", "/cart", b'{"product": "2"}', 422),
        ("POST", "/cart", b"[2]", 422),
        ("POST", "/cart", b"two", 422),
        ("POST", "/checkout", b"{}", 200),
        ("DELETE", "/cart", b"", 405),
        ("POST", "/", b"", 405),
        ("GET", "/admin", b"", 404),
    ],
)
def test_each_page_answers_with_its_status(method: str, path: str, body: bytes, status: int) -> None:
    assert route(ask(method, path, body), "1.0").status == status


def test_a_product_is_described() -> None:
    found = json.loads(route(ask("GET", "/products/1"), "1.0").body)
    assert found == {"id": 1, "name": "Watering can", "price_cents": 1890}


def test_the_home_page_says_which_version_it_is() -> None:
    assert b"Version 1.4" in route(ask("GET", "/"), "1.4").body


def test_health_answers_at_once_and_soundly_whatever_is_wrong_with_the_rest() -> None:
    faulty = shop(Fault.ERRORS)
    answers = [faulty.answer(ask("GET", "/healthz")) for _ in range(200)]
    assert {(answer.status, delay_s) for answer, delay_s in answers} == {(200, 0.0)}


def test_latencies_spread_around_their_median() -> None:
    delays = [shop_delay for _, shop_delay in (SOUND.answer(ask("GET", "/")) for _ in range(2_000))]
    assert median(delays) == pytest.approx(0.008, rel=0.05)
    assert sorted(delays)[1_900] == pytest.approx(0.0168, rel=0.1)


SOUND = shop()


def test_a_sound_shop_fails_about_two_answers_in_a_thousand() -> None:
    sound = shop()
    failed = sum(sound.answer(ask("GET", "/"))[0].status == 500 for _ in range(10_000))
    assert 5 <= failed <= 45


def test_errors_fail_about_a_fifth() -> None:
    faulty = shop(Fault.ERRORS)
    failed = sum(faulty.answer(ask("GET", "/"))[0].status == 500 for _ in range(5_000))
    assert failed / 5_000 == pytest.approx(0.2, abs=0.03)


def test_latency_is_tripled() -> None:
    slow = shop(Fault.LATENCY)
    delays = [slow.answer(ask("GET", "/"))[1] for _ in range(2_000)]
    assert median(delays) == pytest.approx(0.024, rel=0.05)


def test_a_request_head_is_read() -> None:
    head = b"POST /cart HTTP/1.1\r\nHost: shop\r\nContent-Length: 12"
    assert parse_head(head) == ("POST", "/cart", True, 12)


@pytest.mark.parametrize(
    ("head", "stays"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close", False),
        (b"GET / HTTP/1.1\r\nconnection: Keep-Alive", True),
        (b"GET / HTTP/1.0", False),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive", True),
    ],
)
def test_the_connection_stays_as_the_client_wishes(head: bytes, stays: bool) -> None:
    assert parse_head(head)[2] is stays


@pytest.mark.parametrize(
    "head",
    [
        b"hello",
        b"GET /",
        b"GET / SPDY/3",
        b"GET / HTTP/1.1\r\nnonsense",
        b"POST / HTTP/1.1\r\ncontent-length: many",
        b"POST / HTTP/1.1\r\ncontent-length: 99999999",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked",
    ],
)
def test_what_is_no_request_is_refused(head: bytes) -> None:
    with pytest.raises(BadRequestError):
        parse_head(head)
