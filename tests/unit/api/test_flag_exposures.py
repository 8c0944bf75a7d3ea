"""What applications report of flags: taken once, within bounds, with a token."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.api.conftest import Desk
from tests.unit.api.flag_rig import HERE, ON_FOR_ALL, SHOP, a_token, bearer, put_flags
from tests.unit.services.desk import ADA

PATH = "/api/flag-exposures"


@pytest.fixture
def shop(api: Desk) -> Desk:
    put_flags(api.office, ON_FOR_ALL)
    api.client.headers.clear()
    api.client.headers.update(bearer(a_token(api.office)))
    return api


def a_batch(shop: Desk, batch: str = "b-1", **more: Any) -> dict[str, Any]:
    at = shop.office.clock.wall().isoformat()
    seen = {"flag": "banner", "variant": "on", "count": 7, "first_at": at, "last_at": at}
    return {"batch": batch, "exposures": [seen], **more}


def counted(shop: Desk) -> int:
    return sum(one.count for one in shop.office.services.flags.usage(SHOP, HERE, "banner", ADA))


def test_a_batch_counts_once_however_often_it_is_sent(shop: Desk) -> None:
    first, again = (shop.client.post(PATH, json=a_batch(shop)) for _ in range(2))
    other = shop.client.post(PATH, json=a_batch(shop, "b-2"))

    assert [one.status_code for one in (first, again, other)] == [202, 202, 202]
    assert [one.json() for one in (first, again, other)] == [
        {"is_new": True},
        {"is_new": False},
        {"is_new": True},
    ]
    assert counted(shop) == 14


def test_what_users_did_is_taken_along(shop: Desk) -> None:
    did = {"metric": "paid", "targetingKey": "ab" * 32, "value": 12.5, "at": "2026-11-21T08:00:00Z"}

    assert shop.client.post(PATH, json=a_batch(shop, metrics=[did])).status_code == 202


@pytest.mark.parametrize(
    ("more", "part"),
    [
        ({"exposures": [{"flag": "banner"}]}, "first_at"),
        ({"exposures": 7}, "exposures"),
        ({"batch": "☃"}, "batch"),
        ({"batch": "x" * 65}, "batch"),
        ({"environment": "production"}, "the token of development"),
        ({"nonsense": 1}, "nonsense"),
        ({"metrics": [{"metric": "m", "targetingKey": "k", "at": "today"}]}, "at"),
    ],
)
def test_a_batch_that_cannot_be_read_is_a_400_that_says_where(
    shop: Desk, more: dict[str, Any], part: str
) -> None:
    answer = shop.client.post(PATH, json=a_batch(shop) | more)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
    assert part in answer.json()["detail"]
    assert counted(shop) == 0


def test_too_many_reports_at_once_are_refused(shop: Desk) -> None:
    batch = a_batch(shop)
    many = shop.client.post(PATH, json=batch | {"exposures": batch["exposures"] * 5_001})
    large = shop.client.post(PATH, json=batch | {"environment": "x" * 1_100_000})

    assert (many.status_code, large.status_code) == (400, 413)


def test_a_stranger_reports_nothing(shop: Desk) -> None:
    answer = shop.client.post(PATH, json=a_batch(shop), headers={"Authorization": "Bearer nonsense"})

    assert (answer.status_code, counted(shop)) == (401, 0)
