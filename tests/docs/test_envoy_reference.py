"""What Envoy offers and does stands in its reference."""

from __future__ import annotations

import pytest

from sluiceway.adapters.metrics.envoy import METRICS
from sluiceway.adapters.traffic.envoy_routes import NOT_FOR_USERS
from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "reference" / "envoy.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_has_its_entry(metric: str) -> None:
    assert f"`{metric}`" in PAGE


@pytest.mark.parametrize("header", NOT_FOR_USERS)
def test_a_header_that_is_dropped_is_named(header: str) -> None:
    assert f"`{header}`" in PAGE
