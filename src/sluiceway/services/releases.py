"""The use cases of releases. Rules are the domain's; here they meet the store, one transaction each."""

from __future__ import annotations

from sluiceway.services.release_road import ReleaseRoad
from sluiceway.services.release_rollouts import ReleaseRollouts
from sluiceway.services.release_words import ReleaseWords
from sluiceway.services.runs import ReleaseRuns


class ReleaseService(ReleaseRoad, ReleaseWords, ReleaseRollouts, ReleaseRuns):
    """Everything that people do with releases; each family of use cases has its own module."""
