"""What a flag's schedule did: recorded, and told to whoever serves flags.

Clients and server ask the window themselves, so this changes no flag. It makes a new version of the set, by
which those that were answered before ask again.
"""

from __future__ import annotations

from sluiceway.services.flag_base import FlagBase, SetScene, flag_there
from sluiceway.services.flag_views import FlagChange, Outcome
from sluiceway.services.release_saving import note

SCHEDULE = "schedule"  # who did it


class FlagScheduling(FlagBase):
    """For the engine: asks nobody."""

    def note_schedule(
        self, service: str, environment: str, flag: str, why: str, *, opened: bool
    ) -> FlagChange:
        """Record that a flag's window opened or closed. Raises NotFoundError, StoreError."""

        def noted(scene: SetScene) -> FlagChange:
            flag_there(scene, flag)
            version = scene.version + 1
            scene.tx.save_flag_rows(service, environment, version, ())
            note(
                scene.tx,
                self._clock,
                actor=SCHEDULE,
                kind="flag-window-opened" if opened else "flag-window-closed",
                subject=f"flag:{service}/{flag}",
                why=f"{environment}: {why}",
            )
            return FlagChange(service, environment, Outcome.APPLIED, version, (f"{flag}: {why}",))

        (changed,) = self._in_environments(service, (environment,), noted, allowed=lambda _tx: None)
        return changed
