from __future__ import annotations

import json
from typing import Any

import pytest

from sluiceway.adapters.metrics.envoy_hosts import KEEP_S, LOOK_S, Attempts, HostTotals, read_hosts
from sluiceway.adapters.processes import ProcessRef
from sluiceway.domain.process.plan import Version
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.metrics import Totals

V1, V2 = Version("1.0"), Version("2.0")


def a_host(port: int, *, success: int, error: int, address: str = "127.0.0.1") -> dict[str, Any]:
    """As Envoy 1.40 answers to /clusters?format=json: a value of zero is left out."""
    stats: list[dict[str, str]] = [{"name": "cx_connect_fail"}, {"value": "1", "name": "cx_total"}]
    stats.append({"value": str(error), "name": "rq_error"} if error else {"name": "rq_error"})
    stats.append({"value": str(success), "name": "rq_success"} if success else {"name": "rq_success"})
    stats += [{"name": "rq_timeout"}, {"value": "99", "name": "rq_total"}]
    return {
        "address": {"socket_address": {"address": address, "port_value": port}},
        "stats": [*stats, {"type": "GAUGE", "name": "rq_active"}],
        "health_status": {"eds_health_status": "HEALTHY"},
        "weight": 1,
        "locality": {},
    }


def clusters(**hosts: list[dict[str, Any]]) -> str:
    statuses: list[dict[str, Any]] = [{"name": "new/2.0", "added_via_api": True}]
    statuses += [{"name": name, "host_statuses": found} for name, found in hosts.items()]
    return json.dumps({"cluster_statuses": statuses})


def test_attempts_are_read_by_version_and_address() -> None:
    text = clusters(
        **{
            "version/1.0": [a_host(8001, success=7, error=0), a_host(8002, success=0, error=3)],
            "version/2.0": [a_host(8003, success=2, error=10, address="::1")],
            "fallback/2.0": [a_host(8001, success=5, error=1)],
            "elsewhere": [a_host(8004, success=5, error=1)],
        }
    )

    assert read_hosts(text) == {
        (V1, "127.0.0.1:8001"): Attempts(7, 0),
        (V1, "127.0.0.1:8002"): Attempts(3, 3),
        (V2, "[::1]:8003"): Attempts(12, 10),
    }


@pytest.mark.parametrize(
    "text", ['{"cluster_statuses": []}', "{}", '{"cluster_statuses": [{"name": "version/1.0"}]}']
)
def test_without_instances_there_are_none(text: str) -> None:
    assert read_hosts(text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "<html>",
        '{"cluster_statuses": [{}]}',
        '{"cluster_statuses": [{"name": "version/1", "host_statuses": [{}]}]}',
        clusters(**{"version/1.0": [{**a_host(1, success=1, error=1), "stats": [{"name": "rq_error"}]}]}),
    ],
)
def test_an_answer_that_is_not_envoys_is_for_a_person_to_mend(text: str) -> None:
    with pytest.raises(PermanentProviderError, match=r"Envoy's /clusters is not as Sluiceway knows it"):
        read_hosts(text)


FIRST, SECOND = ProcessRef(100, 1.0), ProcessRef(200, 2.0)


def test_totals_follow_what_envoy_says() -> None:
    totals = HostTotals()
    totals.add({(V1, "a"): Attempts(10, 1), (V2, "b"): Attempts(5, 5)}, FIRST, 100)
    totals.add({(V1, "a"): Attempts(30, 4), (V2, "b"): Attempts(6, 5)}, FIRST, 110)

    assert totals.of(V1) == {"a": Totals(110, 30, 4)}
    assert totals.of(V2) == {"b": Totals(110, 6, 5)}


def test_totals_go_on_when_envoy_was_started_anew() -> None:
    totals = HostTotals()
    totals.add({(V1, "a"): Attempts(10, 1)}, FIRST, 100)
    totals.add({(V1, "a"): Attempts(40, 3)}, SECOND, 110)

    assert totals.of(V1) == {"a": Totals(110, 50, 4)}


def test_totals_go_on_when_an_instance_was_put_in_anew() -> None:
    totals = HostTotals()
    totals.add({(V1, "a"): Attempts(10, 1)}, FIRST, 100)
    totals.add({}, FIRST, 110)
    assert totals.of(V1) == {}

    totals.add({(V1, "a"): Attempts(4, 0)}, FIRST, 120)

    assert totals.of(V1) == {"a": Totals(120, 14, 1)}


def test_an_instance_that_is_gone_for_long_is_forgotten() -> None:
    totals = HostTotals()
    totals.add({(V1, "a"): Attempts(10, 1)}, FIRST, 100)
    totals.add({}, FIRST, 101 + KEEP_S)
    totals.add({(V1, "a"): Attempts(4, 0)}, FIRST, 102 + KEEP_S)

    assert totals.of(V1) == {"a": Totals(102 + KEEP_S, 4, 0)}


def test_a_look_serves_for_a_while() -> None:
    totals = HostTotals()
    assert totals.is_due(0)

    totals.add({}, FIRST, 100)

    assert not totals.is_due(100 + LOOK_S - 0.1)
    assert totals.is_due(100 + LOOK_S)
