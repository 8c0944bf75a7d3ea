"""What the routes say is what is read back from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.adapters.traffic.envoy_clusters import cluster_names, clusters_for
from sluiceway.adapters.traffic.envoy_routes import listener_for, routes_for
from sluiceway.adapters.traffic.envoy_split import read_split
from sluiceway.domain.process.plan import Audience, Ingress, Sticky, Version
from sluiceway.domain.rollouts.model import SetTraffic, SplitSeen
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.traffic import Endpoint

versions = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).map(Version)
audiences = st.builds(
    Audience,
    st.sampled_from(["header", "cookie"]),
    st.text("abc-", min_size=1, max_size=5),
    st.lists(st.text(max_size=5), min_size=1, max_size=3).map(tuple),
)
splits = st.builds(
    SetTraffic,
    versions,
    versions,
    st.integers(0, 10_000),
    st.lists(audiences, max_size=3, unique=True).map(tuple),
    st.integers(0, 10_000),
)
NO_HEADER = Sticky()
stickies = st.sampled_from([NO_HEADER, Sticky(header="x-user")])
V1, V2 = Version("1.0"), Version("2.0")
BACKENDS = {V1: [Endpoint("127.0.0.1", 1), Endpoint("::1", 2)], V2: [Endpoint("shop.test", 3)]}


def routes(split: SetTraffic, sticky: Sticky = NO_HEADER) -> dict[str, Any]:
    """Return the route configuration as it goes through a file."""
    made = routes_for(Ingress("shop", sticky=sticky), split)
    return cast("dict[str, Any]", json.loads(json.dumps(made)))


def clusters(split: SetTraffic) -> dict[str, dict[str, Any]]:
    made = cast("list[dict[str, Any]]", clusters_for(split, BACKENDS))
    return {str(cluster["name"]): cluster for cluster in made}


@given(splits, stickies)
def test_a_split_is_read_back_as_it_was_set(split: SetTraffic, sticky: Sticky) -> None:
    seen = read_split(routes(split, sticky))

    assert seen == SplitSeen(split.stable, split.new, split.new_weight_bp, split.audience, split.mirror_bp)


@given(versions, stickies)
def test_one_version_alone_is_read_back(version: Version, sticky: Sticky) -> None:
    assert read_split(routes(SetTraffic(version, None, 0), sticky)) == SplitSeen(version, None, 0)


@given(splits, stickies)
def test_routes_name_only_clusters_that_are_made(split: SetTraffic, sticky: Sticky) -> None:
    made = {str(cluster["name"]) for cluster in clusters_for(split, {})}
    named = {name for route in _routes(routes(split, sticky)) for name in _named(route["route"])}

    assert named <= made
    assert made == cluster_names(read_split(routes(split, sticky)))


@given(splits)
def test_weights_add_up_to_the_whole_in_a_fixed_order(split: SetTraffic) -> None:
    shares = _routes(routes(split))[-1]["route"]["weighted_clusters"]["clusters"]

    assert [share["name"].partition("/")[0] for share in shares] == ["new", "version"]
    assert sum(share["weight"] for share in shares) == 10_000


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"virtual_hosts": []},
        {"virtual_hosts": [{"routes": []}]},
        {"virtual_hosts": [{"routes": [{"route": {"cluster": "version/1"}}]}]},
    ],
)
def test_foreign_routes_are_refused(broken: Mapping[str, object]) -> None:
    with pytest.raises(PermanentProviderError, match="did not make"):
        read_split(broken)


def test_routes_to_a_foreign_cluster_are_refused() -> None:
    foreign = json.loads(json.dumps(routes(SetTraffic(V1, None, 0))).replace("version/1.0", "elsewhere"))

    with pytest.raises(PermanentProviderError, match="'elsewhere' where version/"):
        read_split(foreign)


def test_requests_that_are_not_safe_to_repeat_are_not_repeated_once_sent() -> None:
    safe, others = _routes(routes(SetTraffic(V1, None, 0)))

    assert safe["match"]["headers"][0]["string_match"]["safe_regex"]["regex"] == "GET|HEAD|OPTIONS|TRACE"
    assert "reset" in safe["route"]["retry_policy"]["retry_on"].split(",")
    assert "reset" not in others["route"]["retry_policy"]["retry_on"].split(",")


@pytest.mark.parametrize(("weight_bp", "given_out"), [(0, False), (1, True), (9_999, True), (10_000, False)])
def test_cookies_are_given_out_only_while_users_are_divided(weight_bp: int, given_out: bool) -> None:
    made = _routes(routes(SetTraffic(V1, V2, weight_bp)))

    assert any("response_headers_to_add" in route for route in made) is given_out


def test_the_time_out_of_a_request_is_the_ingresses() -> None:
    made = cast("Any", routes_for(Ingress("shop", request_timeout_s=2.5), SetTraffic(V1, V2, 100)))

    assert {route["route"]["timeout"] for route in _routes(made)} == {"2.500s"}


def test_without_a_new_version_there_is_one_cluster() -> None:
    assert list(clusters(SetTraffic(V1, None, 0))) == ["version/1.0"]


def test_the_new_version_falls_back_on_the_stable_ones_instances() -> None:
    made = clusters(SetTraffic(V1, V2, 100))

    assert made["new/2.0"]["cluster_type"]["typed_config"]["clusters"] == ["version/2.0", "fallback/2.0"]
    assert _ports(made["fallback/2.0"]) == _ports(made["version/1.0"]) == [1, 2]
    assert _ports(made["version/2.0"]) == [3]
    assert "mirror/2.0" not in made


def test_mirrored_requests_have_a_cluster_of_their_own() -> None:
    made = clusters(SetTraffic(V1, V2, 0, mirror_bp=1))

    assert _ports(made["mirror/2.0"]) == [3]
    assert made["mirror/2.0"]["alt_stat_name"] == "mirror/2_2E0"


def test_host_names_are_looked_up_and_addresses_are_not() -> None:
    made = clusters(SetTraffic(V1, V2, 100))

    assert made["version/1.0"]["type"] == "STATIC"
    assert made["version/2.0"]["type"] == "STRICT_DNS"


def test_a_second_proxy_can_not_take_the_same_port_unnoticed() -> None:
    listener = listener_for(Ingress("shop", host="127.0.0.1", port=8080), Path("/data/routes.json"))

    assert listener["name"] == "127.0.0.1:8080"
    assert listener["enable_reuse_port"] is False


def _routes(made: dict[str, Any]) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", made["virtual_hosts"][0]["routes"])


def _named(action: dict[str, Any]) -> list[str]:
    if "cluster" in action:
        return [action["cluster"]]
    return [share["name"] for share in action["weighted_clusters"]["clusters"]]


def _ports(cluster: dict[str, Any]) -> list[int]:
    endpoints = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    return [one["endpoint"]["address"]["socket_address"]["port_value"] for one in endpoints]
