"""What the Envoy clusters of a version are called, in its configuration and in its statistics.

Each version has a cluster of its own, `version/V`. While it is the new one of a split, its share of users
goes to the aggregate `new/V`: first to `version/V`, and when that can't serve, to `fallback/V`, which holds
the stable version's endpoints. Because the fallback is a cluster of its own, its counter says how often
the new version failed users that stable then served. Mirrored requests go to `mirror/V`, so that they are
not counted among what users did.

Envoy takes a cluster's name for its statistics up to the first dot, so everything but ASCII letters, digits
and hyphens is escaped there. Source: Envoy docs, "Statistics", tag extraction `envoy.cluster_name`.
"""

from __future__ import annotations

from enum import StrEnum

from sluiceway.domain.process.plan import Version


class Part(StrEnum):
    """What a cluster is for."""

    VERSION = "version"
    NEW = "new"
    FALLBACK = "fallback"
    MIRROR = "mirror"


def cluster_name(part: Part, version: Version) -> str:
    """Return the cluster's name in Envoy's configuration."""
    return f"{part}/{version}"


def parse_cluster_name(name: str) -> tuple[Part, Version] | None:
    """Return what a cluster is for and of which version, None for one that is not ours."""
    part, slash, version = name.partition("/")
    if not slash or part not in set(Part) or not version:
        return None
    return Part(part), Version(version)


def stat_name(part: Part, version: Version) -> str:
    """Return the cluster's name in Envoy's statistics; different versions never share one."""
    escaped = "".join(_escape(character) for character in version)
    return f"{part}/{escaped}"


def _escape(character: str) -> str:
    if character.isascii() and (character.isalnum() or character == "-"):
        return character
    return "".join(f"_{byte:02X}" for byte in character.encode("utf-8"))
