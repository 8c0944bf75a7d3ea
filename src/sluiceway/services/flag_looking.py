"""Looking at flags: lists, one flag with all that is known of it, and why somebody gets what they get."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sluiceway.domain.flags.explaining import Explanation
from sluiceway.domain.flags.model import BUCKETS, Flag, HeldOffBy
from sluiceway.domain.flags.proposals import ItemKind, ProposalState
from sluiceway.domain.flags.wording import percent, serve_words
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import NotFoundError
from sluiceway.services import access
from sluiceway.services import flag_views as views
from sluiceway.services.flag_base import MAX_ID_CHARS
from sluiceway.services.flag_documents import Held
from sluiceway.services.flag_environments import environments_of
from sluiceway.services.flag_proposals import FlagProposals

_MOST_WAITING = 200


class FlagLooking(FlagProposals):
    """Looking asks for the right to read."""

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
        by_id: dict[str, list[tuple[str, Held]]] = {}
        for environment in known:
            for (kind, item), held in self._sets.current(service, environment).items.items():
                if kind is ItemKind.FLAG and held.item is not None:
                    by_id.setdefault(item, []).append((environment, held))
        now = self._clock.wall()
        return tuple(_summary(service, by_id[item], now) for item in sorted(by_id))

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
                f"`sluice flags list {service}` shows its flags"
            )
        return views.FlagView(
            summary=_summary(service, found, self._clock.wall()),
            description=_flag(found[0][1]).description,
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


def _summary(service: str, found: Sequence[tuple[str, Held]], now: datetime) -> views.FlagSummary:
    flag = _flag(found[0][1])
    return views.FlagSummary(
        service=service,
        id=flag.id,
        name=flag.name,
        type=flag.type.value,
        value_type=flag.value_type.value,
        owner=flag.owner,
        tags=flag.tags,
        release=flag.release,
        expires_at=flag.expires_at,
        states=tuple(_state(environment, held, now) for environment, held in found),
    )


def _state(environment: str, held: Held, now: datetime) -> views.FlagStateView:
    flag = _flag(held)
    return views.FlagStateView(
        environment=environment,
        version=held.version,
        is_enabled=flag.is_enabled,
        held_off_by=flag.hold.by.value if flag.hold is not None else "",
        held_off_why=flag.hold.why if flag.hold is not None else "",
        words=state_words(flag),
        changed_at=held.changed_at,
        changed_by=held.changed_by,
        standing=standing_of(flag, now),
    )


def standing_of(flag: Flag, now: datetime) -> str:
    """Return what is in force in one word: `on`, `off`, `killed`, `held` or `scheduled`."""
    if flag.hold is not None:
        return "killed" if flag.hold.by is HeldOffBy.KILL else "held"
    if not flag.is_enabled:
        return "off"
    window = flag.window
    is_closed = window is not None and (
        (window.on_at is not None and now < window.on_at)
        or (window.off_at is not None and now >= window.off_at)
    )
    return "scheduled" if is_closed else "on"


def state_words(flag: Flag) -> str:
    """Return in a few words who gets what: `off`, `killed`, `on for 25%`, `on, 3 rules`."""
    if flag.hold is not None:
        return "killed" if not flag.hold.metric else f"turned off by {flag.hold.metric}"
    if not flag.is_enabled:
        return "off"
    if not flag.rules:
        return f"{serve_words(flag.serve)} for everyone"
    if len(flag.rules) == 1:
        (rule,) = flag.rules
        share = "" if rule.reach == BUCKETS else f"{percent(rule.reach)} of "
        whom = "some" if rule.constraints or rule.segments else "everyone"
        return f"on for {share}{whom}"
    return f"on, {len(flag.rules)} rules"


def _flag(held: Held) -> Flag:
    assert isinstance(held.item, Flag)
    return held.item
