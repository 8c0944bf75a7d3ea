"""From Envoy's counters to the intervals by which two versions are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sluiceway.domain.analysis.counts import Interval, Problem, find_problem
from sluiceway.domain.process.plan import Analysis, MetricSource
from sluiceway.engine.counting import Counting
from sluiceway.testing.builders import a_plan, a_row, a_setup, a_state
from sluiceway.testing.metrics_contract import ERRORS
from tests.contract.metrics_shop import MEMBER, Shop
from tests.support.users import ask

pytestmark = pytest.mark.envoy


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


class Compared:
    """The counting of a rollout from 1.0 to 2.0 over the shop's Envoy, an interval of 5 s."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        plan = replace(a_plan(), analysis=Analysis((ERRORS,), interval_s=5.0))
        row = a_row(
            setup=replace(a_setup(), ingress=shop.ingress), state=a_state(plan=plan, stable="1.0", new="2.0")
        )
        self.counting = Counting(row, shop.clock)
        self.counting.take(MetricSource.ENVOY, shop.metrics)

    def go_on(self, *, collect: bool = True) -> Interval:
        """Let an interval pass and return it."""
        if collect:
            self.shop.look(5)
        else:
            self.shop.clock.advance(5)
        self.counting.take(MetricSource.ENVOY, self.shop.metrics)
        interval = self.counting.recent()[-1].interval
        assert isinstance(interval, Interval)
        return interval


def serve(shop: Shop, new: int, stable: int) -> None:
    for _ in range(new):
        ask(shop.ingress, MEMBER)
    for _ in range(stable):
        ask(shop.ingress)


def test_an_interval_holds_what_both_versions_answered_in_it(shop: Shop) -> None:
    compared = Compared(shop)
    shop.new.behaviour.status = 500
    serve(shop, 4, 9)
    assert compared.go_on() == Interval(n0=9, x0=0, n1=4, x1=4, seconds=5.0)

    shop.new.behaviour.status = 200
    serve(shop, 3, 6)

    assert compared.go_on() == Interval(n0=6, x0=0, n1=3, x1=0, seconds=5.0)


def test_a_proxy_that_was_started_anew_makes_no_negative_count(shop: Shop) -> None:
    compared = Compared(shop)
    serve(shop, 4, 9)
    compared.go_on()
    serve(shop, 1, 2)
    compared.go_on()

    shop.envoy.kill_proxy(shop.ingress)
    assert shop.envoy.traffic.keep_alive(shop.ingress)
    serve(shop, 2, 3)

    assert compared.go_on() == Interval(n0=3, x0=0, n1=2, x1=0, seconds=5.0)


def test_a_proxy_that_nobody_looks_at_is_missing_and_not_silent_traffic(shop: Shop) -> None:
    compared = Compared(shop)
    serve(shop, 2, 3)
    assert find_problem(compared.go_on()) is None
    serve(shop, 2, 3)

    assert find_problem(compared.go_on(collect=False)) is Problem.MISSING
    assert compared.go_on() == Interval(n0=3, x0=0, n1=2, x1=0, seconds=5.0)


def test_a_version_without_users_has_no_requests(shop: Shop) -> None:
    compared = Compared(shop)
    serve(shop, 0, 5)

    assert find_problem(compared.go_on()) is Problem.NO_REQUESTS_ON_NEW
