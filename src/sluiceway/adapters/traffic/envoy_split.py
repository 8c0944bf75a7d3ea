"""Reading a split back from the route configuration that Envoy reports.

What is read is what decides requests: clusters, weights, mirror shares. Only what an audience's values are
is taken from the route's metadata, because Envoy shows its own matchers as regular expressions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sluiceway.adapters.traffic.envoy_names import Part, parse_cluster_name
from sluiceway.domain.process.plan import Audience, Version
from sluiceway.domain.rollouts.model import SplitSeen
from sluiceway.errors import PermanentProviderError


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Fraction(_Part):
    numerator: int = 0
    denominator: str = "HUNDRED"


class _RuntimeFraction(_Part):
    default_value: _Fraction = _Fraction()


class _Mirror(_Part):
    runtime_fraction: _RuntimeFraction = _RuntimeFraction()


class _Share(_Part):
    name: str
    weight: int = 0


class _Shares(_Part):
    clusters: tuple[_Share, ...]


class _Action(_Part):
    cluster: str = ""
    weighted_clusters: _Shares | None = None
    request_mirror_policies: tuple[_Mirror, ...] = ()


class _About(_Part):
    kind: Literal["split", "header", "cookie"]
    name: str = ""
    values: tuple[str, ...] = ()


class _Metadata(_Part):
    filter_metadata: Mapping[str, _About]


class _Route(_Part):
    route: _Action
    metadata: _Metadata


class _Host(_Part):
    routes: tuple[_Route, ...]


class _Routes(_Part):
    virtual_hosts: tuple[_Host, ...]


def read_split(reported: Mapping[str, object]) -> SplitSeen:
    """Return the split that a route configuration carries out.

    Raises PermanentProviderError when it is not one of ours.
    """
    try:
        routes = _Routes.model_validate(reported).virtual_hosts[0].routes
        audience: dict[Audience, None] = {}
        for route in routes:
            (about,) = route.metadata.filter_metadata.values()
            if about.kind != "split":
                audience[Audience(about.kind, about.name, about.values)] = None
        return _split(routes[-1].route, tuple(audience))
    except (ValidationError, IndexError, ValueError) as problem:
        raise PermanentProviderError(
            f"Envoy reports routes that Sluiceway did not make ({problem}); `rollout retry` sets them again"
        ) from problem


def _split(action: _Action, audience: tuple[Audience, ...]) -> SplitSeen:
    if action.weighted_clusters is None:
        return SplitSeen(_version(action.cluster, Part.VERSION), None, 0, audience)
    new, stable = _two(action.weighted_clusters.clusters)
    mirrors = [mirror.runtime_fraction.default_value for mirror in action.request_mirror_policies]
    return SplitSeen(
        stable=_version(stable.name, Part.VERSION),
        new=_version(new.name, Part.NEW),
        new_weight_bp=new.weight,
        audience=audience,
        mirror_bp=mirrors[0].numerator if mirrors else 0,
    )


def _two(shares: Sequence[_Share]) -> tuple[_Share, _Share]:
    new, stable = shares
    return new, stable


def _version(name: str, wanted: Part) -> Version:
    parsed = parse_cluster_name(name)
    if parsed is None or parsed[0] is not wanted:
        raise ValueError(f"cluster {name!r} where {wanted}/... belongs")
    return parsed[1]
