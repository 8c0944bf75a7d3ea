"""Looking at flags: lists, one flag with all that is known of it, and why somebody gets what they get."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sluiceway.domain.flags.explaining import Explanation
from sluiceway.domain.flags.proposals import ItemKind, ProposalState
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import NotFoundError
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import Store
from sluiceway.services import access
from sluiceway.services import flag_views as views
from sluiceway.services.flag_base import MAX_ID_CHARS
from sluiceway.services.flag_documents import Held
from sluiceway.services.flag_environments import environments_of
from sluiceway.services.flag_listing import Listing, flag_in, summary_of
from sluiceway.services.flag_proposals import FlagProposals
from sluiceway.services.flag_sets import FlagSets

_MOST_WAITING = 200


class FlagLooking(FlagProposals):
    """Looking asks for the right to read."""

    def __init__(self, store: Store, clock: Clock, sets: FlagSets) -> None:
        super().__init__(store, clock, sets)
        self._listing = Listing()

    def services(self, by: Principal) -> Sequence[str]:
        """Return the services that have flags or a process, of those that `by` may see, by name."""
        with self._store.read() as tx:
            visible = access.services_for(tx, by, Permission.READ)
            known = {*tx.processes_in_force(), *(service for service, _ in tx.flag_set_versions())}
        return tuple(sorted(known if visible is None else known & visible))

    def environments(self, service: str, by: Principal) -> Sequence[str]:
        """Return the environments of a service, in the order of its process."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            return environments_of(tx, service)

    def list(self, service: str, by: Principal) -> Sequence[views.FlagSummary]:
        """Return every flag of a service by id, with its state in each environment."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            known = environments_of(tx, service)
        sets = {one: self._sets.current(service, one) for one in known}
        return self._listing.of(service, sets, self._clock.wall())

    def get(self, service: str, flag: str, by: Principal) -> views.FlagView:
        """Return everything about one flag. Raises NotFoundError."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            rights = tuple(one.value for one in access.rights(tx, by, service))
            known = environments_of(tx, service)
            rows = tx.list_proposals({service}, state=ProposalState.WAITING, limit=_MOST_WAITING)
            about = [row.proposal for row in rows if flag in {one.id for one in row.proposal.edits}]
            waiting = tuple(self._view(tx, one) for one in about)
        found: list[tuple[str, Held]] = []
        for environment in known:
            held = self._sets.current(service, environment).items.get((ItemKind.FLAG, flag))
            if held is not None and held.item is not None:
                found.append((environment, held))
        if not found:
            raise NotFoundError(
                f"{service} has no flag {flag[:MAX_ID_CHARS]!r}; "
                f"`sluice flags list --service {service}` shows its flags"
            )
        return views.FlagView(
            summary=summary_of(service, found, self._clock.wall()),
            description=flag_in(found[0][1]).description,
            definitions=tuple(
                views.FlagDefinition(environment, held.version, json.loads(held.text))
                for environment, held in found
            ),
            environments=known,
            waiting=waiting,
            rights=rights,
        )

    def explain(
        self, service: str, environment: str, flag: str, context: Mapping[str, object], by: Principal
    ) -> Explanation:
        """Return what a flag is worth for a context now, and each step to it. Raises NotFoundError."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
        live = self._sets.current(service, environment)
        held = live.items.get((ItemKind.FLAG, flag))
        if held is None or held.item is None:
            raise NotFoundError(f"{service} has no flag {flag[:MAX_ID_CHARS]!r} in {environment}")
        return live.evaluator.explain(flag, context)
