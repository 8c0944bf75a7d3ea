"""The Envoy provider passes the contract of traffic providers, on real Envoys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.testing.traffic_contract import TrafficProviderContract
from tests.support.envoy_rig import EnvoyRig

pytestmark = pytest.mark.envoy


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[EnvoyRig]:
    rig = EnvoyRig(tmp_path)
    yield rig
    rig.close()


class TestEnvoyTraffic(TrafficProviderContract):
    pass
