"""The Envoy routes and listener of a split: which request goes to which version.

Routes are matched in order: the audience of the new version first, then users who bring no key yet, then
everybody else by the hash of their key. The hash picks a number below 10 000 and the new version has the
numbers from 0 on, so raising its weight only ever adds users. Source: Envoy docs, "HTTP route components",
`WeightedCluster.use_hash_policy`.
"""

from __future__ import annotations

import re
from pathlib import Path

from sluiceway.adapters.traffic.envoy_bootstrap import Config, config_source
from sluiceway.adapters.traffic.envoy_clusters import MIRRORED_HEADER
from sluiceway.adapters.traffic.envoy_names import Part, cluster_name
from sluiceway.domain.process.plan import FULL_WEIGHT_BP, Audience, Ingress, Sticky
from sluiceway.domain.rollouts.model import SetTraffic

ROUTES_NAME = "ingress"
METADATA = "sluiceway"
USER_HEADER = "x-sluiceway-user"
MIRROR_HEADER = "x-sluiceway-mirror"

_TYPE = "type.googleapis.com/envoy"
# Headers that steer the proxy; from outside they are dropped.
NOT_FOR_USERS = (
    MIRROR_HEADER,
    MIRRORED_HEADER,
    "x-envoy-retry-on",
    "x-envoy-max-retries",
    "x-envoy-upstream-rq-timeout-ms",
    "x-envoy-upstream-rq-per-try-timeout-ms",
    "x-envoy-hedge-on-per-try-timeout",
    "x-envoy-upstream-alt-stat-name",
)
_COOKIE_LIFE_S = 365 * 24 * 3600
_IDLE_TIMEOUT_S = 3600

# Envoy may repeat a request when nothing of it reached the version; with one that promises to change
# nothing (RFC 9110, 9.2.1) also when the version died in the middle. An answer, even a 5xx, is an answer.
_SAFE_METHODS = "GET|HEAD|OPTIONS|TRACE"
_RETRY_ALWAYS = "connect-failure,refused-stream,reset-before-request"
_RETRY_SAFE = f"{_RETRY_ALWAYS},reset"


def routes_for(ingress: Ingress, split: SetTraffic) -> Config:
    """Return the route configuration of this split."""
    routes: list[Config] = []
    if split.new is not None:
        for audience in split.audience:
            routes += _both_methods(ingress, _audience_matchers(audience), _to_new(split), audience)
        if 0 < split.new_weight_bp < FULL_WEIGHT_BP:
            routes += _newcomers(ingress, split)
    routes += _both_methods(ingress, [], _split(ingress.sticky, split))
    return {
        "@type": f"{_TYPE}.config.route.v3.RouteConfiguration",
        "name": ROUTES_NAME,
        "validate_clusters": True,
        "virtual_hosts": [{"name": "ingress", "domains": ["*"], "routes": routes}],
    }


def listener_for(ingress: Ingress, routes_file: Path) -> Config:
    """Return the listener that users reach."""
    manager: dict[str, object] = {
        "@type": f"{_TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "ingress",
        "rds": {"route_config_name": ROUTES_NAME, "config_source": config_source(routes_file)},
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": f"{_TYPE}.extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            }
        ],
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        # The address of the user (or of the proxy in front) is appended to x-forwarded-for, and one proxy in
        # front may say by x-forwarded-proto that its users speak TLS.
        "use_remote_address": True,
        "xff_num_trusted_hops": 1,
        "preserve_external_request_id": True,
        "server_header_transformation": "PASS_THROUGH",
        "common_http_protocol_options": {"idle_timeout": f"{_IDLE_TIMEOUT_S}s"},
        "stream_idle_timeout": "0s",  # the route's own time-out counts
        "request_headers_timeout": "30s",
        "max_request_headers_kb": 96,
        "early_header_mutation_extensions": [_user_key_for_everybody()],
    }
    return {
        "@type": f"{_TYPE}.config.listener.v3.Listener",
        "name": f"{ingress.host}:{ingress.port}",
        "address": {"socket_address": {"address": ingress.host, "port_value": ingress.port}},
        # With SO_REUSEPORT a second proxy on the same port would start without complaint.
        "enable_reuse_port": False,
        "per_connection_buffer_limit_bytes": 1_048_576,
        "filter_chains": [
            {
                "filters": [
                    {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager},
                ]
            }
        ],
    }


def _newcomers(ingress: Ingress, split: SetTraffic) -> list[Config]:
    """Users without a key get one: it decides this request already, and their cookie brings it back."""
    matchers: list[Config] = [
        # Without the second word a request that brings no cookie at all would not match.
        {
            **_cookie_matcher(ingress.sticky.cookie, ()),
            "invert_match": True,
            "treat_missing_header_as_empty": True,
        },
    ]
    if ingress.sticky.header:
        matchers.append({"name": ingress.sticky.header, "present_match": False})
    action = {**_split(ingress.sticky, split), "hash_policy": [{"header": {"header_name": USER_HEADER}}]}
    cookie = (
        f"{_literal(ingress.sticky.cookie)}=%REQ({USER_HEADER})%; Max-Age={_COOKIE_LIFE_S}; Path=/; HttpOnly;"
        " SameSite=Lax"
    )
    set_cookie = {
        "header": {"key": "set-cookie", "value": cookie},
        "append_action": "APPEND_IF_EXISTS_OR_ADD",
    }
    return [
        {**route, "response_headers_to_add": [set_cookie]}
        for route in _both_methods(ingress, matchers, action)
    ]


def _split(sticky: Sticky, split: SetTraffic) -> Config:
    stable = cluster_name(Part.VERSION, split.stable)
    if split.new is None:
        return {"cluster": stable}
    shares: list[Config] = [
        {"name": cluster_name(Part.NEW, split.new), "weight": split.new_weight_bp},
        {
            "name": stable,
            "weight": FULL_WEIGHT_BP - split.new_weight_bp,
            **({"request_headers_to_add": [_mirror_mark(split)]} if split.mirror_bp else {}),
        },
    ]
    by_header: list[Config] = (
        [{"header": {"header_name": sticky.header}, "terminal": True}] if sticky.header else []
    )
    action: dict[str, object] = {
        "weighted_clusters": {"clusters": shares, "use_hash_policy": True},
        "hash_policy": [*by_header, {"cookie": {"name": sticky.cookie}}],
    }
    if split.mirror_bp:
        share = {"numerator": split.mirror_bp, "denominator": "TEN_THOUSAND"}
        action["request_mirror_policies"] = [
            {
                # Only stable's share sets this header: requests that meet the new version are not sent twice.
                "cluster_header": MIRROR_HEADER,
                "runtime_fraction": {"default_value": share},
                "disable_shadow_host_suffix_append": True,
            }
        ]
    return action


def _mirror_mark(split: SetTraffic) -> Config:
    assert split.new is not None
    cluster = cluster_name(Part.MIRROR, split.new)
    return {
        "header": {"key": MIRROR_HEADER, "value": _literal(cluster)},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def _literal(text: str) -> str:
    """Return the text for a header's value, where a single percent sign would begin a command."""
    return text.replace("%", "%%")


def _to_new(split: SetTraffic) -> Config:
    assert split.new is not None
    return {"cluster": cluster_name(Part.NEW, split.new)}


def _both_methods(
    ingress: Ingress, matchers: list[Config], action: Config, audience: Audience | None = None
) -> list[Config]:
    """Return the route twice: for methods that are safe to repeat, and for the others."""
    safe: Config = {
        "name": ":method",
        "string_match": {"safe_regex": {"regex": _SAFE_METHODS}},
    }
    metadata: Config = (
        {"kind": audience.kind, "name": audience.name, "values": list(audience.values)}
        if audience is not None
        else {"kind": "split"}
    )
    return [
        {
            "match": {"prefix": "/", "headers": [*matchers, *extra]},
            "metadata": {"filter_metadata": {METADATA: metadata}},
            "route": {
                **action,
                "timeout": f"{ingress.request_timeout_s:.3f}s",
                "retry_policy": _retry_policy(retry_on),
            },
        }
        for extra, retry_on in (([safe], _RETRY_SAFE), ([], _RETRY_ALWAYS))
    ]


def _retry_policy(retry_on: str) -> Config:
    return {
        "retry_on": retry_on,
        "num_retries": 1,
        "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.01s"},
        # Elsewhere: from the new version to the fallback, from one instance of stable to another.
        "retry_priority": {
            "name": "envoy.retry_priorities.previous_priorities",
            "typed_config": {
                "@type": f"{_TYPE}.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
                "update_frequency": 1,
            },
        },
        "retry_host_predicate": [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": f"{_TYPE}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ],
        "host_selection_retry_max_attempts": 30,  # LEAST_REQUEST likes an instance that is dead and idle
    }


def _audience_matchers(audience: Audience) -> list[Config]:
    if audience.kind == "cookie":
        return [_cookie_matcher(audience.name, audience.values)]
    values = "|".join(re.escape(value) for value in audience.values)
    return [{"name": audience.name, "string_match": {"safe_regex": {"regex": values}}}]


def _cookie_matcher(name: str, values: tuple[str, ...]) -> Config:
    """Return a matcher of the Cookie header: the cookie is there (with one of `values`, if any are given)."""
    value = "(?:" + "|".join(re.escape(value) for value in values) + ")" if values else "[^;]+"
    regex = rf"(?:^|.*;)\s*{re.escape(name)}={value}\s*(?:;.*)?"
    return {"name": "cookie", "string_match": {"safe_regex": {"regex": regex}}}


def _user_key_for_everybody() -> Config:
    return {
        "name": "envoy.http.early_header_mutation.header_mutation",
        "typed_config": {
            "@type": f"{_TYPE}.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            "mutations": [
                {
                    "append": {
                        "header": {"key": USER_HEADER, "value": "%UNIQUE_ID%"},
                        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                    }
                },
                *({"remove": header} for header in NOT_FOR_USERS),
            ],
        },
    }
