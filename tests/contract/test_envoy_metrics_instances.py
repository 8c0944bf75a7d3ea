"""Envoy tells the instances of a version apart: by the attempts that reached each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.errors import TemporaryProviderError
from sluiceway.testing.metrics_contract import ERRORS, NEW, STABLE, target
from tests.contract.metrics_shop import SLOW, Shop, load
from tests.support.users import ask

pytestmark = pytest.mark.envoy


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


def test_each_instance_has_the_attempts_that_reached_it(shop: Shop) -> None:
    shop.split(3_000)
    shop.a.behaviour.fail_every = 20
    shop.new.behaviour.fail_every = 3

    got = load(shop.ingress)

    counted = {**shop.by_instance(STABLE), **shop.by_instance(NEW)}
    assert counted == {
        backend.name: (
            len(backend.received),
            sum(each.status == 500 for each in got if each.instance == backend.name),
        )
        for backend in (shop.a, shop.b, shop.new)
    }
    assert min(count for count, _ in counted.values()) > 50


def test_a_repeated_request_is_one_of_the_users_and_an_attempt_at_each_instance(shop: Shop) -> None:
    shop.a.behaviour.drop = True
    for _ in range(20):
        assert ask(shop.ingress).status == 200
    shop.look()

    assert shop.totals(ERRORS, STABLE) == (20, 0)
    counted = shop.by_instance()
    tried = len(shop.a.received)
    assert tried > 0
    assert counted == {"1.0/a": (tried, tried), "1.0/b": (20, 0)}


def test_instances_go_on_where_they_were_when_envoy_is_started_anew(shop: Shop) -> None:
    for _ in range(10):
        ask(shop.ingress)
    before = shop.by_instance()
    shop.envoy.kill_proxy(shop.ingress)
    assert shop.envoy.traffic.keep_alive(shop.ingress)
    shop.a.behaviour.status = shop.b.behaviour.status = 500
    for _ in range(6):
        ask(shop.ingress)

    after = shop.by_instance()

    assert sum(count for count, _ in before.values()) == 10
    assert sum(count for count, _ in after.values()) == 16
    assert sum(bad for _, bad in after.values()) == 6
    assert {name: len(one.received) for name, one in (("1.0/a", shop.a), ("1.0/b", shop.b))} == {
        name: count for name, (count, _) in after.items()
    }


def test_instances_are_looked_at_once_in_ten_seconds(shop: Shop) -> None:
    def at_s() -> set[float]:
        return {each.at_s for each in shop.metrics.instance_totals(ERRORS, target(shop, STABLE)).values()}

    first_s = at_s()
    shop.clock.advance(9.5)
    assert at_s() == first_s

    shop.clock.advance(0.5)

    assert at_s() == {shop.clock.monotonic_s()} != first_s


def test_slow_answers_are_not_told_apart_by_instance(shop: Shop) -> None:
    assert shop.metrics.instance_totals(SLOW, target(shop, STABLE)) == {}


def test_instances_of_a_proxy_that_does_not_answer_are_trouble_that_may_pass(shop: Shop) -> None:
    shop.envoy.traffic.stop(shop.ingress)

    with pytest.raises(TemporaryProviderError):
        shop.metrics.instance_totals(ERRORS, target(shop, STABLE))
