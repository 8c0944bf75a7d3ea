"""The use cases of feature flags, put together: what each does is said in the modules below."""

from __future__ import annotations

from sluiceway.services.flag_drafts import FlagDrafts
from sluiceway.services.flag_editing import FlagEditing
from sluiceway.services.flag_files import FlagFiles
from sluiceway.services.flag_history import FlagHistory
from sluiceway.services.flag_looking import FlagLooking
from sluiceway.services.flag_relations import FlagRelations
from sluiceway.services.flag_reports import FlagReports
from sluiceway.services.flag_scheduling import FlagScheduling
from sluiceway.services.flag_segments import FlagSegments


class FlagService(
    FlagEditing,
    FlagLooking,
    FlagDrafts,
    FlagRelations,
    FlagScheduling,
    FlagFiles,
    FlagHistory,
    FlagReports,
    FlagSegments,
):
    """Everything that people and the engine do with flags. `FlagSets` serves them to applications."""
