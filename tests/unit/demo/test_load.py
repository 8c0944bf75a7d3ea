"""Who the load generator sends, and where."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from sluiceway.demo.load import RequestMaker, split_url
from sluiceway.errors import InvalidInputError


def drawn(count: int, users: int = 1000) -> list[tuple[int, bytes]]:
    maker = RequestMaker("127.0.0.1:8080", users, random.Random(4))
    return [maker.draw() for _ in range(count)]


def test_every_request_names_its_user() -> None:
    assert all(f"\r\nx-user-id: user-{user:04d}\r\n".encode() in request for user, request in drawn(200))


def test_all_users_take_part() -> None:
    assert {user for user, _ in drawn(2_000, users=50)} == set(range(50))


def test_every_endpoint_of_the_shop_is_used() -> None:
    starts = Counter(request.split(b" HTTP")[0].rstrip(b"0123456789") for _, request in drawn(1_000))
    assert set(starts) == {b"GET /", b"GET /products", b"GET /products/", b"POST /cart", b"POST /checkout"}


def test_a_body_is_as_long_as_announced() -> None:
    posts = [request for _, request in drawn(300) if request.startswith(b"POST")]
    for request in posts:
        head, _, body = request.partition(b"\r\n\r\n")
        assert f"content-length: {len(body)}".encode() in head
    assert len(posts) > 30


def test_an_address_is_split_into_host_and_port() -> None:
    assert split_url("http://127.0.0.1:8080") == ("127.0.0.1", 8080)
    assert split_url("http://shop.test") == ("shop.test", 80)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://shop.test", "can't send load to 'https://shop.test'; use http://host:port"),
        ("127.0.0.1:8080", "can't send load to '127.0.0.1:8080'; use http://host:port"),
        ("http://shop:many", "the port in 'http://shop:many' is not a number from 1 to 65535"),
    ],
)
def test_an_address_that_can_not_be_used_is_refused(url: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as problem:
        split_url(url)
    assert str(problem.value) == message
