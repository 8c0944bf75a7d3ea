"""The Envoy clusters of a split: where each version's instances are and when one counts as down.

Which requests go to which cluster is the business of `envoy_routes`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence

from sluiceway.adapters.traffic.envoy_bootstrap import Config
from sluiceway.adapters.traffic.envoy_names import Part, cluster_name, stat_name
from sluiceway.domain.process.plan import Version
from sluiceway.domain.rollouts.model import SetTraffic, SplitSeen
from sluiceway.ports.traffic import Endpoint

MIRRORED_HEADER = "x-sluiceway-mirrored"

_TYPE = "type.googleapis.com/envoy"
_NO_LIMIT = 1_000_000
# Longer than the second after which a lost SYN is sent again: a version whose queue of new connections is
# full for a moment must not cost its users an answer. A refused connection is known at once.
_CONNECT_TIMEOUT = "3s"

# A connection is tried every 250 ms: a crash is noticed within half a second. The service's own health page
# is asked by the deploy provider, not here.
_HEALTH_CHECK: Config = {
    "timeout": "1s",
    "interval": "0.25s",
    "no_traffic_interval": "0.25s",
    "unhealthy_threshold": 2,
    "healthy_threshold": 1,
    "tcp_health_check": {},
}

# Envoy allows 3 retries and 1,024 requests at a time by default; a crash at high load would lose the rest.
_CIRCUIT_BREAKERS: Config = {
    "thresholds": [
        {
            "max_connections": _NO_LIMIT,
            "max_pending_requests": _NO_LIMIT,
            "max_requests": _NO_LIMIT,
            "max_retries": _NO_LIMIT,
        }
    ]
}


def clusters_for(split: SetTraffic, backends: Mapping[Version, Sequence[Endpoint]]) -> list[Config]:
    """Return the clusters that the routes of this split name, in a fixed order."""
    stable_endpoints = backends.get(split.stable, ())
    clusters = [version_cluster(split.stable, stable_endpoints)]
    new = split.new
    if new is None:
        return clusters
    clusters.append(version_cluster(new, backends.get(new, ())))
    clusters.append(_endpoints_cluster(Part.FALLBACK, new, stable_endpoints))
    clusters.append(_new_cluster(new))
    if split.mirror_bp:
        clusters.append(_mirror_cluster(new, backends.get(new, ())))
    return clusters


def cluster_names(split: SplitSeen) -> set[str]:
    """Return the names of the clusters that `clusters_for` makes for this split."""
    names = {cluster_name(Part.VERSION, split.stable)}
    if split.new is not None:
        parts = [Part.VERSION, Part.FALLBACK, Part.NEW, *([Part.MIRROR] if split.mirror_bp else [])]
        names |= {cluster_name(part, split.new) for part in parts}
    return names


def version_cluster(version: Version, endpoints: Sequence[Endpoint]) -> Config:
    """Return the version's own cluster, whose counters are the version's."""
    return {
        **_endpoints_cluster(Part.VERSION, version, endpoints),
        "health_checks": [_HEALTH_CHECK],
    }


def _endpoints_cluster(part: Part, version: Version, endpoints: Sequence[Endpoint]) -> Config:
    name = cluster_name(part, version)
    return {
        "@type": f"{_TYPE}.config.cluster.v3.Cluster",
        "name": name,
        "alt_stat_name": stat_name(part, version),
        "type": "STATIC" if all(_is_address(endpoint.host) for endpoint in endpoints) else "STRICT_DNS",
        "connect_timeout": _CONNECT_TIMEOUT,
        "lb_policy": "LEAST_REQUEST",
        "circuit_breakers": _CIRCUIT_BREAKERS,
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [_lb_endpoint(endpoint) for endpoint in endpoints]}],
        },
        "typed_extension_protocol_options": _protocol_options(mirrored=part is Part.MIRROR),
    }


def _new_cluster(version: Version) -> Config:
    return {
        "@type": f"{_TYPE}.config.cluster.v3.Cluster",
        "name": cluster_name(Part.NEW, version),
        "alt_stat_name": stat_name(Part.NEW, version),
        "connect_timeout": _CONNECT_TIMEOUT,
        "lb_policy": "CLUSTER_PROVIDED",
        "circuit_breakers": _CIRCUIT_BREAKERS,
        "cluster_type": {
            "name": "envoy.clusters.aggregate",
            "typed_config": {
                "@type": f"{_TYPE}.extensions.clusters.aggregate.v3.ClusterConfig",
                "clusters": [cluster_name(Part.VERSION, version), cluster_name(Part.FALLBACK, version)],
            },
        },
    }


def _mirror_cluster(version: Version, endpoints: Sequence[Endpoint]) -> Config:
    return _endpoints_cluster(Part.MIRROR, version, endpoints)


def _protocol_options(*, mirrored: bool) -> Config:
    options: dict[str, object] = {
        "@type": f"{_TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions",
        # Many servers close idle connections after 2 to 5 s; a request sent at that moment would be lost.
        "common_http_protocol_options": {"idle_timeout": "1s"},
        "explicit_http_config": {"http_protocol_options": {}},
    }
    if mirrored:
        options["http_filters"] = [
            {
                "name": "envoy.filters.http.header_mutation",
                "typed_config": {
                    "@type": f"{_TYPE}.extensions.filters.http.header_mutation.v3.HeaderMutation",
                    "mutations": {
                        "request_mutations": [
                            {
                                "append": {
                                    "header": {"key": MIRRORED_HEADER, "value": "true"},
                                    "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                                }
                            }
                        ]
                    },
                },
            },
            {
                "name": "envoy.filters.http.upstream_codec",
                "typed_config": {"@type": f"{_TYPE}.extensions.filters.http.upstream_codec.v3.UpstreamCodec"},
            },
        ]
    return {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}


def _lb_endpoint(endpoint: Endpoint) -> Config:
    address = {"address": endpoint.host, "port_value": endpoint.port}
    return {"endpoint": {"address": {"socket_address": address}}}


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
