"""Local processes pass the contract of deploy providers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluiceway.testing.deploy_contract import DeployProviderContract
from tests.contract.deploy_rigs import LocalRig


class TestLocalProcesses(DeployProviderContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[LocalRig]:
        rig = LocalRig(tmp_path)
        yield rig
        rig.close()
