from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.adapters.traffic.envoy_names import Part, cluster_name, parse_cluster_name, stat_name
from sluiceway.domain.process.plan import Version

parts = st.sampled_from(Part)
versions = st.text(st.characters(codec="utf-8"), min_size=1).map(Version)


@given(parts, versions)
def test_a_clusters_name_tells_its_part_and_version(part: Part, version: Version) -> None:
    assert parse_cluster_name(cluster_name(part, version)) == (part, version)


@given(parts, versions, parts, versions)
def test_different_clusters_never_share_a_name_in_the_statistics(
    one_part: Part, one: Version, other_part: Part, other: Version
) -> None:
    same = stat_name(one_part, one) == stat_name(other_part, other)

    assert same == ((one_part, one) == (other_part, other))


@given(parts, versions)
def test_a_name_in_the_statistics_has_nothing_that_envoy_takes_apart(part: Part, version: Version) -> None:
    assert re.fullmatch(r"[a-z]+/[A-Za-z0-9_-]+", stat_name(part, version))


@pytest.mark.parametrize("name", ["", "elsewhere", "version/", "other/1.0", "/1.0", "Version/1.0"])
def test_a_foreign_cluster_is_not_taken_for_ours(name: str) -> None:
    assert parse_cluster_name(name) is None
