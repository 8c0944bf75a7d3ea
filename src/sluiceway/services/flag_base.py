"""What every use case of flags stands on: one set of flags inside a transaction, changed as a whole.

A change is checked against the whole set it would make, then either committed with its history and audit
entry, or kept as a proposal where the process asks for an approval. Whoever serves flags learns of it after
the commit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sluiceway.domain.flags.changes import flag_changes, segment_changes
from sluiceway.domain.flags.checking import problems_of, problems_of_segment, problems_of_set
from sluiceway.domain.flags.model import Flag, FlagSet, Segment
from sluiceway.domain.flags.proposals import ItemEdit, ItemKind
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import (
    ConflictError,
    FlagFileError,
    InvalidInputError,
    NotFoundError,
    StoreError,
)
from sluiceway.ports.clock import Clock
from sluiceway.ports.flags import FlagRow, FlagVersionRow, ItemKey
from sluiceway.ports.store import Store, Transaction
from sluiceway.services import access
from sluiceway.services.flag_documents import (
    Held,
    Item,
    Items,
    flags_of,
    item_of,
    key_of,
    segments_of,
    text_of,
)
from sluiceway.services.flag_drivers import require_undriven
from sluiceway.services.flag_environments import environments_of, require_among
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flag_thresholds import threshold_problems
from sluiceway.services.flag_views import FlagChange, Outcome
from sluiceway.services.release_saving import note

MAX_ID_CHARS = 100
MAX_DOCUMENT_CHARS = 500_000
MAX_FLAGS = 20_000
APPLIED = "flags-applied"  # a file of flags
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_MOST_LINES_SAID = 20
_MOST_CHECKED_ALONE = 50  # changes of more flags at once are checked with the whole set
DRIVEN = "flag-driven"  # by the rollout itself


@dataclass(frozen=True, slots=True)
class SetScene:
    """One set inside a transaction that holds it: nobody else changes it until that ends."""

    tx: Transaction
    service: str
    environment: str
    version: int
    items: Items

    def flag(self, flag: str) -> Flag | None:
        found = self.items.get((ItemKind.FLAG, flag))
        return found.item if found is not None and isinstance(found.item, Flag) else None

    def held(self, key: ItemKey) -> Held | None:
        """Return an item that is there, None for one that never was or was taken away."""
        found = self.items.get(key)
        return found if found is not None and found.item is not None else None


@dataclass(frozen=True, slots=True)
class Act:
    """What is done by whom and why. `kind` is what the audit trail calls it, `by` the name of the person."""

    kind: str
    actor: str
    by: str
    why: str
    undoes: int | None = None


Change = Mapping[ItemKey, Item | None]


class FlagBase:
    """Every method opens its own transactions and may be called from any thread."""

    def __init__(self, store: Store, clock: Clock, sets: FlagSets) -> None:
        self._store = store
        self._clock = clock
        self._sets = sets

    def _in_environments(
        self,
        service: str,
        environments: Sequence[str],
        decide: Callable[[SetScene], FlagChange],
        *,
        allowed: Callable[[Transaction], None],
    ) -> tuple[FlagChange, ...]:
        """Change the sets of some environments in one transaction, of all for (); then have them served."""
        with self._store.begin() as tx:
            allowed(tx)
            known = environments_of(tx, service)
            chosen = environments or known
            for one in chosen:
                require_among(service, one, known)
            # Locked in one order, so that no two writers wait for each other.
            scenes = {one: self._scene(tx, service, one) for one in sorted(chosen)}
            changes = tuple(decide(scenes[one]) for one in chosen)
        with suppress(StoreError):  # it is committed; the next look of `poll` brings it
            self._sets.changed(service)
        return changes

    def _scene(self, tx: Transaction, service: str, environment: str) -> SetScene:
        version = tx.lock_flag_set(service, environment)
        return SetScene(tx, service, environment, version, self._sets.items(tx, service, environment))

    def _commit(self, scene: SetScene, change: Change, act: Act) -> FlagChange:
        """Write the items, their history and the audit entry. Raises FlagFileError with every problem."""
        edits = edits_of(scene, change)
        if not edits:
            return FlagChange(scene.service, scene.environment, Outcome.UNCHANGED, scene.version)
        check(scene, change)
        return self._commit_edits(scene, edits, act)

    def _commit_edits(self, scene: SetScene, edits: Sequence[ItemEdit], act: Act) -> FlagChange:
        if act.kind != DRIVEN:
            refuse_driven(scene, edits)
        now, version = self._clock.wall(), scene.version + 1
        where = (scene.service, scene.environment)
        scene.tx.save_flag_rows(
            *where,
            version,
            [FlagRow(*where, one.kind, one.id, version, one.after, now, act.actor) for one in edits],
        )
        if act.kind == APPLIED:
            scene.tx.save_applied_flags(*where, [(one.kind, one.id, one.after) for one in edits])
        lines = {(one.kind, one.id): lines_of(one) for one in edits}
        scene.tx.add_flag_versions(
            [
                FlagVersionRow(
                    seq=0,
                    service=scene.service,
                    environment=scene.environment,
                    kind=one.kind,
                    id=one.id,
                    version=version,
                    act=act.kind,
                    at=now,
                    by=act.actor,
                    why=act.why,
                    before=one.before,
                    after=one.after,
                    lines=lines[one.kind, one.id],
                    undoes=act.undoes,
                )
                for one in edits
            ]
        )
        told = said(edits)
        note(
            scene.tx,
            self._clock,
            actor=act.actor,
            kind=act.kind,
            subject=subject(scene.service, edits),
            why=audit_words(scene.environment, told, act.why),
        )
        return FlagChange(scene.service, scene.environment, Outcome.APPLIED, version, told)


def allowed(
    by: Principal, needed: Permission, service: str, *, or_else: Permission | None = None
) -> Callable[[Transaction], None]:
    """Return the check that `_in_environments` makes first, inside its transaction."""
    return lambda tx: access.require(tx, by, needed, service, or_else=or_else)


def check(scene: SetScene, change: Change) -> None:
    """Raise FlagFileError with every problem of the set that the change would make."""
    for item in change.values():
        if item is not None:
            _check_item(item)
    after = {key: held.item for key, held in scene.items.items()} | dict(change)
    flags = tuple(one for one in after.values() if isinstance(one, Flag))
    segments = tuple(one for one in after.values() if isinstance(one, Segment))
    if len(flags) > MAX_FLAGS:
        raise InvalidInputError(
            f"{scene.service} would have {len(flags)} flags in {scene.environment}; at most {MAX_FLAGS} fit"
        )
    if len(change) <= _MOST_CHECKED_ALONE:
        problems = _problems_around(change, flags, segments)
    else:
        problems = problems_of_set(FlagSet(scene.service, scene.environment, 0, flags, segments))
    problems += threshold_problems(scene.tx, scene.service, _newly_guarded(scene, change))
    if problems:
        raise FlagFileError(tuple(f"{scene.environment}: {one}" for one in problems))


def _newly_guarded(scene: SetScene, change: Change) -> Iterable[Flag]:
    """Yield the flags whose thresholds a change makes or edits: a kill asks about no metric."""
    for item in change.values():
        before = scene.flag(item.id) if isinstance(item, Flag) else None
        if isinstance(item, Flag) and (before is None or before.thresholds != item.thresholds):
            yield item


def _problems_around(change: Change, flags: Sequence[Flag], segments: Sequence[Segment]) -> tuple[str, ...]:
    """Return the problems of what changes and of the flags that name it: all that a change can cause."""
    by_id, audiences = {one.id: one for one in flags}, {one.id: one for one in segments}
    changed = {kind: {item for each, item in change if each is kind} for kind in ItemKind}
    about = [
        one
        for one in flags
        if one.id in changed[ItemKind.FLAG]
        or any(need.flag in changed[ItemKind.FLAG] for need in one.dependencies)
        or any(not changed[ItemKind.SEGMENT].isdisjoint(rule.segments) for rule in one.rules)
    ]
    of_segments = (audiences[one] for one in sorted(changed[ItemKind.SEGMENT] & audiences.keys()))
    return (
        *(f"flags.{one.id}: {problem}" for one in about for problem in problems_of(one, by_id, audiences)),
        *(f"segments.{one.id}: {problem}" for one in of_segments for problem in problems_of_segment(one)),
    )


def refuse_driven(scene: SetScene, edits: Sequence[ItemEdit]) -> None:
    """Raise IllegalMoveError when an edit touches what a running rollout sets in a flag."""
    changed = ((_flag(item_of(one.kind, one.before)), _flag(item_of(one.kind, one.after))) for one in edits)
    require_undriven(
        scene.tx,
        scene.service,
        scene.environment,
        [(before, after) for before, after in changed if before is not None],
    )


def edits_of(scene: SetScene, change: Change) -> tuple[ItemEdit, ...]:
    """Return what differs from what is there, as the documents that are kept."""
    edits: list[ItemEdit] = []
    for (kind, item_id), item in change.items():
        found = scene.held((kind, item_id))
        before = found.text if found is not None else ""
        after = text_of(item)
        if len(after) > MAX_DOCUMENT_CHARS:
            raise InvalidInputError(
                f"{kind} {item_id} takes {len(after)} characters as JSON; at most {MAX_DOCUMENT_CHARS} fit: "
                "many users belong in an attribute of theirs, not in a list"
            )
        if before != after:
            known = scene.items.get((kind, item_id))
            edits.append(ItemEdit(kind, item_id, known.version if known else 0, before, after))
    return tuple(edits)


def lines_of(edit: ItemEdit) -> tuple[str, ...]:
    """Return what an edit changes, for people."""
    before, after = item_of(edit.kind, edit.before), item_of(edit.kind, edit.after)
    if edit.kind is ItemKind.FLAG:
        return flag_changes(_flag(before), _flag(after))
    return segment_changes(_segment(before), _segment(after))


def said(edits: Iterable[ItemEdit]) -> tuple[str, ...]:
    """Return what edits change, each line behind the flag or segment it is about."""
    return tuple(f"{_called(one)}: {line}" for one in edits for line in lines_of(one))


def subject(service: str, edits: Sequence[ItemEdit]) -> str:
    """Return what the audit trail says an act is about: one flag, or the service's flags."""
    if len(edits) == 1:
        return f"{edits[0].kind}:{service}/{edits[0].id}"
    return f"flags:{service}"


def audit_words(environment: str, lines: Sequence[str], why: str) -> str:
    """Return one sentence for the audit trail."""
    more = len(lines) - _MOST_LINES_SAID
    shown = [*lines[:_MOST_LINES_SAID], *([f"and {more} more"] if more > 0 else [])]
    return f"{environment}: {'; '.join(shown)}{f' ({why})' if why else ''}"


def expect(scene: SetScene, key: ItemKey, expected: int | None) -> None:
    """Raise ConflictError unless an item is at this version; None expects nothing, 0 that it isn't there."""
    found = scene.items.get(key)
    version = found.version if found is not None else 0
    if expected is None or expected == version or (expected == 0 and scene.held(key) is None):
        return
    who = f": {found.changed_by} changed it at {found.changed_at:%Y-%m-%d %H:%M:%S} UTC" if found else ""
    raise ConflictError(
        f"{key[0]} {key[1]} is at version {version} in {scene.environment}, not {expected}{who}; look again "
        "and decide anew"
    )


def flag_there(scene: SetScene, flag: str) -> Flag:
    """Return a flag of the set. Raises NotFoundError."""
    found = scene.flag(flag)
    if found is None:
        raise NotFoundError(
            f"{scene.service} has no flag {flag[:MAX_ID_CHARS]!r} in {scene.environment}; "
            f"`sluice flags list --service {scene.service}` shows those it has"
        )
    return found


def change_of(*items: Item) -> dict[ItemKey, Item | None]:
    """Return the change that puts these in place."""
    return {key_of(item): item for item in items}


def flag_set_of(scene: SetScene) -> FlagSet:
    """Return the set as the transaction sees it."""
    return FlagSet(
        scene.service, scene.environment, scene.version, flags_of(scene.items), segments_of(scene.items)
    )


def _check_item(item: Item) -> None:
    if _ID.fullmatch(item.id) is None:
        raise InvalidInputError(
            f"the id is {item.id[:MAX_ID_CHARS]!r}; use at most {MAX_ID_CHARS} letters, digits and . _ : -, "
            "beginning with a letter or digit, such as new-checkout"
        )


def _called(edit: ItemEdit) -> str:
    return edit.id if edit.kind is ItemKind.FLAG else f"segment {edit.id}"


def _flag(item: Item | None) -> Flag | None:
    return item if isinstance(item, Flag) else None


def _segment(item: Item | None) -> Segment | None:
    return item if isinstance(item, Segment) else None
