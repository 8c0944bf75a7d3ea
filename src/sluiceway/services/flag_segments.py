"""Segments: audiences with a name, which flags of the same service and environment share."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sluiceway.domain.flags.model import Segment
from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import IllegalMoveError, NotFoundError
from sluiceway.services import access
from sluiceway.services import flag_views as views
from sluiceway.services.flag_base import MAX_ID_CHARS, Act, SetScene, allowed, change_of, expect
from sluiceway.services.flag_documents import Items, flags_of
from sluiceway.services.flag_environments import environments_of
from sluiceway.services.flag_proposals import FlagProposals
from sluiceway.services.texts import prose

_MOST_NAMED = 10


class FlagSegments(FlagProposals):
    """Looking asks for the right to read, changing for the one to flags."""

    def list_segments(
        self, service: str, by: Principal, *, environment: str = ""
    ) -> Sequence[views.SegmentView]:
        """Return the segments of one environment, or of each for "", with the flags that use them."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            known = (environment,) if environment else environments_of(tx, service)
        found: list[views.SegmentView] = []
        for one in known:
            items = self._sets.current(service, one).items
            used = _users(items)
            for (kind, item), held in sorted(items.items()):
                if kind is ItemKind.SEGMENT and isinstance(held.item, Segment):
                    found.append(
                        views.SegmentView(
                            environment=one,
                            id=item,
                            title=held.item.title,
                            version=held.version,
                            changed_at=held.changed_at,
                            changed_by=held.changed_by,
                            used_by=tuple(used.get(item, ())),
                            document=json.loads(held.text),
                        )
                    )
        return tuple(found)

    def save_segment(
        self,
        service: str,
        segment: Segment,
        by: Principal,
        *,
        environment: str = "",
        expected_version: int | None = None,
        why: str = "",
    ) -> tuple[views.FlagChange, ...]:
        """Put a segment in place in one environment, or for "" in each; a new one is made.

        It waits for an approval where changes of flags do. Raises ConflictError when it is not at
        `expected_version` there, FlagFileError with every problem.
        """
        act = self._segment_act("segment-saved", by, why)

        def save(scene: SetScene) -> views.FlagChange:
            expect(scene, (ItemKind.SEGMENT, segment.id), expected_version)
            return self._propose_or_commit(scene, change_of(segment), act)

        return self._in_environments(
            service,
            (environment,) if environment else (),
            save,
            allowed=allowed(by, Permission.FLAG, service),
        )

    def delete_segment(
        self, service: str, segment: str, by: Principal, *, environment: str = "", why: str = ""
    ) -> tuple[views.FlagChange, ...]:
        """Take a segment away in one environment, or for "" in each that has it.

        Raises NotFoundError, IllegalMoveError naming the flags that use it.
        """
        key = (ItemKind.SEGMENT, segment)
        act = self._segment_act("segment-deleted", by, why)

        def delete(scene: SetScene) -> views.FlagChange:
            users = _users(scene.items).get(segment, [])
            if users:
                more = f" and {len(users) - _MOST_NAMED} more" if len(users) > _MOST_NAMED else ""
                raise IllegalMoveError(
                    f"the segment {segment} is used in {scene.environment} by "
                    f"{', '.join(users[:_MOST_NAMED])}{more}; take it out of their rules first"
                )
            return self._commit(scene, {key: None} if scene.held(key) is not None else {}, act)

        changes = self._in_environments(
            service,
            (environment,) if environment else (),
            delete,
            allowed=allowed(by, Permission.FLAG, service),
        )
        if all(one.outcome is views.Outcome.UNCHANGED for one in changes):
            raise NotFoundError(f"{service} has no segment {segment[:MAX_ID_CHARS]!r}")
        return changes

    def _segment_act(self, kind: str, by: Principal, why: str) -> Act:
        return Act(kind, access.actor(by), by.name, prose(why, "the reason"))


def _users(items: Items) -> dict[str, list[str]]:
    """Return the flags whose rules name each segment."""
    found: dict[str, list[str]] = {}
    for flag in flags_of(items):
        for segment in dict.fromkeys(name for rule in flag.rules for name in rule.segments):
            found.setdefault(segment, []).append(flag.id)
    return found
