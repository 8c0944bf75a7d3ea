"""A draft of a flag looked at before it is saved: its problems, what it would change, who it would reach.

Nothing is written. Saving it is the business of `flag_editing`, which checks all of it again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sluiceway.domain.flags.changes import flag_changes, segment_changes
from sluiceway.domain.flags.checking import problems_of, problems_of_segment
from sluiceway.domain.flags.model import Flag, FlagSet, Segment
from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.domain.flags.reaching import SampleReach, reach_of
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import InvalidInputError
from sluiceway.services import access
from sluiceway.services.flag_base import FlagBase

MAX_SAMPLES = 20


@dataclass(frozen=True, slots=True)
class DraftReview:
    """What is known of a draft. `problems` begin with their place in the document: `rules[0].serve: ...`.

    `lines` is what saving it would change now, `others` what others changed since the draft was begun.
    `version` is the flag's version now, 0 where it is not there; `changed_by` who made it. `reach` has one
    entry for each sample, none while there are problems; it is counted as if the flag were on: enabled, not
    held off, inside its window.
    """

    problems: tuple[str, ...]
    lines: tuple[str, ...]
    version: int
    changed_by: str
    others: tuple[str, ...] = ()
    reach: tuple[SampleReach, ...] = ()


class FlagDrafts(FlagBase):
    """Looking at a draft asks for the right to read."""

    def review(
        self,
        service: str,
        environment: str,
        draft: Flag,
        by: Principal,
        *,
        base: Flag | None = None,
        samples: Sequence[Mapping[str, object]] = (),
    ) -> DraftReview:
        """Return what a draft of a flag would be in an environment; `base` is what it was begun with.

        Raises NotFoundError for an unknown environment, InvalidInputError for more than MAX_SAMPLES samples.
        """
        if len(samples) > MAX_SAMPLES:
            raise InvalidInputError(f"{len(samples)} samples are given; at most {MAX_SAMPLES} are counted")
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
        live = self._sets.current(service, environment)
        flags = live.evaluator.flag_set
        held = live.items.get((ItemKind.FLAG, draft.id))
        before = held.item if held is not None and isinstance(held.item, Flag) else None
        whole = replace(draft, hold=before.hold if before is not None else None)
        problems = problems_of(whole, {one.id: one for one in flags.flags}, _segments(flags))
        return DraftReview(
            problems=problems,
            lines=flag_changes(before, whole),
            version=held.version if held is not None else 0,
            changed_by=held.changed_by if held is not None else "",
            others=flag_changes(base, before) if base is not None else (),
            reach=() if problems else self._reach(flags, whole, samples),
        )

    def review_segment(self, service: str, environment: str, draft: Segment, by: Principal) -> DraftReview:
        """Return the same of a draft of a segment; nobody is counted."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
        held = self._sets.current(service, environment).items.get((ItemKind.SEGMENT, draft.id))
        before = held.item if held is not None and isinstance(held.item, Segment) else None
        return DraftReview(
            problems=problems_of_segment(draft),
            lines=segment_changes(before, draft),
            version=held.version if held is not None else 0,
            changed_by=held.changed_by if held is not None else "",
        )

    def _reach(
        self, flags: FlagSet, draft: Flag, samples: Sequence[Mapping[str, object]]
    ) -> tuple[SampleReach, ...]:
        now = self._clock.wall().timestamp()
        turned_on = replace(draft, is_enabled=True, hold=None, window=None)
        return reach_of(flags, turned_on, samples, now=lambda: now, chance=random.random)


def _segments(flags: FlagSet) -> dict[str, Segment]:
    return {one.id: one for one in flags.segments}
