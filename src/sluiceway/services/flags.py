"""The use cases of feature flags, put together: what each does is said in the modules below."""

from __future__ import annotations

from sluiceway.services.flag_editing import FlagEditing
from sluiceway.services.flag_looking import FlagLooking


class FlagService(FlagEditing, FlagLooking):
    """Everything that people and the engine do with flags. `FlagSets` serves them to applications."""
