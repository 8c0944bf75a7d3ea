"""A token's whole set: fetched once, then asked about with its ETag."""

from __future__ import annotations

import gzip

import pytest

from sluiceway.domain.flags.wire_reading import set_from_json
from tests.unit.api.conftest import Desk
from tests.unit.api.flag_rig import FLAGS, HERE, SHOP, a_token, bearer, put_flags
from tests.unit.services.desk import ADA

SET = "/api/flag-set"


@pytest.fixture
def shop(api: Desk) -> Desk:
    put_flags(api.office)
    api.client.headers.clear()
    api.client.headers.update(bearer(a_token(api.office)))
    return api


def test_the_set_is_read_back_as_the_flags_that_were_made(shop: Desk) -> None:
    found = set_from_json(shop.client.get(SET).json())

    assert (found.service, found.environment, found.version) == (SHOP, HERE, len(FLAGS))
    assert {flag.id: flag for flag in found.flags} == {flag.id: flag for flag in FLAGS}


def test_a_known_set_is_a_304_until_a_flag_changes(shop: Desk) -> None:
    etag = shop.client.get(SET).headers["etag"]

    same = shop.client.get(SET, headers={"If-None-Match": etag})
    shop.office.services.flags.kill(SHOP, HERE, "banner", ADA)
    changed = shop.client.get(SET, headers={"If-None-Match": etag})

    assert (same.status_code, same.content, same.headers["etag"].removeprefix("W/")) == (
        304,
        b"",
        etag.removeprefix("W/"),
    )
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


@pytest.mark.parametrize(
    ("accepted", "is_packed"),
    [("gzip", True), ("br, gzip;q=0.5", True), ("identity", False), ("gzip;q=0", False), ("", False)],
)
def test_it_is_packed_for_those_who_ask(shop: Desk, accepted: str, is_packed: bool) -> None:
    with shop.client.stream("GET", SET, headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())

    assert (answer.headers.get("content-encoding") == "gzip") is is_packed
    assert answer.headers["vary"].lower() == "accept-encoding"
    document = gzip.decompress(raw) if is_packed else raw
    assert document == shop.office.services.flag_sets.current(SHOP, HERE).document


def test_a_stranger_gets_no_flags(shop: Desk) -> None:
    answer = shop.client.get(SET, headers={"Authorization": ""})

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert "sluice token create" in answer.json()["detail"]
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_another_environment_has_another_set(shop: Desk) -> None:
    token = a_token(shop.office, "live", "production")

    found = set_from_json(shop.client.get(SET, headers=bearer(token)).json())

    assert found.environment == "production"
    assert not any(flag.is_enabled for flag in found.flags)
