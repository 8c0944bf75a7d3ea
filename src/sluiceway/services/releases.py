"""The use cases of releases. Rules are the domain's; here they meet the store, one transaction each."""

from __future__ import annotations

from sluiceway.services.release_changes import ReleaseChanges
from sluiceway.services.release_road import ReleaseRoad
from sluiceway.services.release_rollouts import ReleaseRollouts
from sluiceway.services.release_words import ReleaseWords
from sluiceway.services.runs import ReleaseRuns
from sluiceway.services.work import ReleaseWork


class ReleaseService(ReleaseRoad, ReleaseChanges, ReleaseWords, ReleaseRollouts, ReleaseRuns, ReleaseWork):
    """Everything that people do with releases; each family of use cases has its own module."""
