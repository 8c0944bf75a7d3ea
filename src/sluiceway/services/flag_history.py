"""What was done with flags: every version of each, and taking one change back."""

from __future__ import annotations

from collections.abc import Sequence

from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ConflictError, InvalidInputError
from sluiceway.ports.flags import FlagVersionRow
from sluiceway.services import access
from sluiceway.services import flag_views as views
from sluiceway.services.flag_base import Act, Change, SetScene, allowed
from sluiceway.services.flag_documents import item_of
from sluiceway.services.flag_proposals import FlagProposals
from sluiceway.services.texts import prose

MAX_PAGE = 200


class FlagHistory(FlagProposals):
    """Looking asks for the right to read, undoing for the one to flags."""

    def history(
        self,
        service: str,
        flag: str,
        by: Principal,
        *,
        environment: str = "",
        before: int | None = None,
        limit: int = 100,
    ) -> Sequence[views.FlagVersionView]:
        """Return the changes of a flag or segment newest first, of every one of the service for "".

        `before` continues below the id of a change. Raises InvalidInputError for a limit outside 1 to 200.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInputError(f"limit is {limit}; use 1 to {MAX_PAGE}")
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            rows = tx.flag_versions(service, environment=environment, item=flag, before=before, limit=limit)
            items = {one: self._sets.items(tx, service, one) for one in {row.environment for row in rows}}
        return tuple(
            _view(row, now=held.text if (held := items[row.environment].get((row.kind, row.id))) else "")
            for row in rows
        )

    def undo(self, service: str, version_id: int, by: Principal, why: str = "") -> views.FlagChange:
        """Make a flag or segment what it was before one change, in the environment of that change.

        It waits for an approval where any change does. Raises NotFoundError, and ConflictError naming who
        changed it since: undo the newest change first.
        """
        actor, words = access.actor(by), prose(why, "the reason")
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            row = tx.get_flag_version(service, version_id)
        act = Act(_act_of(row), actor, by.name, words, undoes=version_id)
        (changed,) = self._in_environments(
            service,
            (row.environment,),
            lambda scene: self._propose_or_commit(scene, _before(scene, row), act),
            allowed=allowed(by, Permission.FLAG, service),
        )
        return changed


def _before(scene: SetScene, row: FlagVersionRow) -> Change:
    """Return the change that takes another one back. Raises ConflictError when something came after it."""
    held = scene.items.get((row.kind, row.id))
    if held is None or held.text != row.after:
        who = (
            f"{held.changed_by} changed {row.kind} {row.id} in {row.environment} at "
            f"{held.changed_at:%Y-%m-%d %H:%M:%S} UTC, after the change to undo"
            if held is not None
            else f"{row.kind} {row.id} is not in {row.environment} any more"
        )
        raise ConflictError(f"{who}; undo the newer changes first, or edit the {row.kind} instead")
    return {(row.kind, row.id): item_of(row.kind, row.before)}


def _act_of(row: FlagVersionRow) -> str:
    return "flag-change-undone" if row.kind is ItemKind.FLAG else "segment-change-undone"


def _view(row: FlagVersionRow, *, now: str) -> views.FlagVersionView:
    return views.FlagVersionView(
        id=row.seq,
        environment=row.environment,
        kind=row.kind.value,
        item=row.id,
        version=row.version,
        act=row.act,
        at=row.at,
        by=row.by,
        why=row.why,
        lines=row.lines,
        undoes=row.undoes,
        is_undoable=now == row.after,
    )
