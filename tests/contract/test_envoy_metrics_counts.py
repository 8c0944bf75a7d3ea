"""What Envoy's counters say for the comparison is what users really got, counted on both ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from sluiceway.adapters.metrics.envoy import EnvoyMetrics
from sluiceway.domain.process.plan import AnalysedMetric, Comparison, Ingress, Service
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.metrics import Target
from sluiceway.testing.metrics_contract import ERRORS, NEW, STABLE, UNSEEN, target
from tests.contract.metrics_shop import MEMBER, SLOW, Shop, load
from tests.support.envoy_rig import poll
from tests.support.users import ask

pytestmark = pytest.mark.envoy


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(tmp_path)
    yield shop
    shop.close()


def test_errors_are_those_that_users_got(shop: Shop) -> None:
    shop.split(3_000)
    shop.a.behaviour.fail_every = 20
    shop.new.behaviour.fail_every = 3

    got = load(shop.ingress)
    shop.look()

    assert len(got) == 600
    for version, names in ((STABLE, {"1.0/a", "1.0/b"}), (NEW, {"2.0"})):
        answers = [each for each in got if each.instance in names]
        failed = [each for each in answers if each.status == 500]
        assert failed
        assert shop.totals(ERRORS, version) == (len(answers), len(failed))


def test_slow_answers_are_those_of_slow_instances(shop: Shop) -> None:
    shop.split(1_000)
    shop.b.behaviour.latency_s = 0.4

    got = load(shop.ingress, requests_each=25)
    shop.look()

    for version, names in ((STABLE, {"1.0/a", "1.0/b"}), (NEW, {"2.0"})):
        answers = [each for each in got if each.instance in names]
        surely = sum(each.instance == "1.0/b" for each in answers)
        at_most = sum(each.lasted_ms > 250 for each in answers)  # a busy machine makes others slow, too
        count, slow = shop.totals(SLOW, version)
        assert count == len(answers)
        assert surely <= slow <= at_most
    assert shop.totals(SLOW, STABLE)[1] > 5
    told = shop.metrics.totals(SLOW, target(shop, STABLE))
    assert told is not None
    assert told.slower_than_ms == 270.0  # by which Envoy counts, not the 250 that were asked for


def test_a_version_that_dies_under_load_has_an_error_for_each_user_that_stable_saved(shop: Shop) -> None:
    shop.split(3_000)
    shop.new.kill()
    shop.a.behaviour.fail_every = 4  # some of the saved get an error of stable's all the same

    got = load(shop.ingress)
    shop.look()

    assert {each.instance for each in got} == {"1.0/a", "1.0/b"}
    count, errors = shop.totals(ERRORS, NEW)
    stables = shop.totals(ERRORS, STABLE)[0]
    assert count + stables == len(got)
    assert errors == count > 100


def test_an_interval_under_load_never_has_more_errors_than_requests(shop: Shop) -> None:
    """Looks fall anywhere between the beginning and the end of requests that stable serves instead."""
    shop.split(3_000)
    shop.new.behaviour.drop = True
    shop.a.behaviour.latency_s = shop.b.behaviour.latency_s = 0.01
    shop.b.behaviour.fail_every = 2
    looks = [shop.totals(ERRORS, NEW)]
    over = threading.Event()

    def keep_looking() -> None:
        while not over.is_set():
            shop.look()
            looks.append(shop.totals(ERRORS, NEW))

    watcher = threading.Thread(target=keep_looking)
    watcher.start()
    got = load(shop.ingress)
    over.set()
    watcher.join(30)
    shop.look()
    looks.append(shop.totals(ERRORS, NEW))

    steps = [(n1 - n0, x1 - x0) for (n0, x0), (n1, x1) in pairwise(looks)]
    assert all(0 <= errors <= requests for requests, errors in steps)
    assert len([step for step in steps if step != (0, 0)]) > 10
    assert looks[-1][0] == len(got) - shop.totals(ERRORS, STABLE)[0]
    assert looks[-1][1] > 0.95 * looks[-1][0]


def test_an_error_whose_request_is_still_served_by_stable_waits_for_it(shop: Shop) -> None:
    shop.new.kill()
    shop.a.behaviour.hold.clear()
    shop.b.behaviour.hold.clear()
    user = threading.Thread(target=ask, args=(shop.ingress, MEMBER))
    user.start()
    poll(lambda: len(shop.a.received) + len(shop.b.received) == 1)
    shop.look()
    assert shop.totals(ERRORS, NEW) == (0, 0)

    shop.a.behaviour.hold.set()
    shop.b.behaviour.hold.set()
    user.join(30)
    shop.look()

    assert shop.totals(ERRORS, NEW) == (1, 1)


def test_an_answer_that_never_came_is_an_error_and_not_slow(shop: Shop) -> None:
    impatient = replace(shop.ingress, request_timeout_s=0.3)
    shop.split(0, impatient)
    shop.look()
    shop.new.behaviour.hold.clear()

    statuses = [ask(shop.ingress, MEMBER).status for _ in range(3)]
    shop.new.behaviour.hold.set()
    shop.look()

    assert statuses == [504] * 3
    assert shop.totals(ERRORS, NEW) == (3, 3)
    assert shop.totals(SLOW, NEW) == (0, 0)
    assert shop.by_instance(NEW) == {"2.0": (3, 3)}


def test_a_connection_that_breaks_under_a_write_is_an_error(shop: Shop) -> None:
    shop.new.behaviour.drop = True

    statuses = [ask(shop.ingress, MEMBER, method="POST", body=b"order").status for _ in range(3)]
    shop.look()

    assert statuses == [503] * 3
    assert shop.totals(ERRORS, NEW) == (3, 3)
    assert shop.totals(ERRORS, STABLE) == (0, 0)


def test_a_user_who_gives_up_is_not_counted(shop: Shop) -> None:
    shop.new.behaviour.hold.clear()
    with pytest.raises(TimeoutError):
        ask(shop.ingress, MEMBER, timeout_s=0.2)
    shop.new.behaviour.hold.set()
    ask(shop.ingress, MEMBER)
    shop.look()

    assert shop.totals(ERRORS, NEW) == (1, 0)
    assert shop.by_instance(NEW) == {"2.0": (1, 0)}


def test_a_version_that_the_proxy_knows_has_none_of_anything_before_its_first_user(shop: Shop) -> None:
    assert shop.totals(ERRORS, NEW) == shop.totals(SLOW, NEW) == (0, 0)
    assert shop.metrics.totals(ERRORS, target(shop, UNSEEN)) is None


def test_before_the_first_look_nothing_is_known(tmp_path: Path) -> None:
    metrics = EnvoyMetrics(tmp_path)
    stable = Target(Service("shop", ("serve",), "/srv"), Ingress("shop"), STABLE)

    assert metrics.totals(ERRORS, stable) is None
    assert metrics.usual_bound_ms(stable) is None


@pytest.mark.parametrize(
    "metric",
    [
        replace(ERRORS, comparison=Comparison.MEANS),
        replace(ERRORS, name="error_rate"),
        replace(SLOW, slower_than_ms=0.0),
        replace(SLOW, slower_than_ms=90_000.0),
    ],
)
def test_what_envoy_can_not_count_is_refused(shop: Shop, metric: AnalysedMetric) -> None:
    with pytest.raises(PermanentProviderError, match=metric.name):
        shop.metrics.totals(metric, target(shop, STABLE))
