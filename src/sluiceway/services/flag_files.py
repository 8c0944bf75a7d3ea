"""Flags as code: what a file of flags would change, applying it, and writing one of what is in force.

A file is compared with what is in force and with what it said when it was last applied, so that an edit made
elsewhere since then is a conflict that somebody looks at, and never overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sluiceway.config.flag_file import FlagFile, parse_flag_file
from sluiceway.config.flag_file_writing import flag_file_text
from sluiceway.domain.flags.model import Flag, FlagSet, Segment
from sluiceway.domain.flags.planning import Plan, plan, plan_segments
from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ConflictError, InvalidInputError
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services import flag_views as views
from sluiceway.services.flag_base import APPLIED, Act, Change, SetScene, allowed, flag_set_of
from sluiceway.services.flag_documents import Item, item_of, text_of
from sluiceway.services.flag_environments import environments_of, require_among
from sluiceway.services.flag_proposals import FlagProposals
from sluiceway.services.texts import line, prose

IMPORTED = "flags-imported"  # flags of another tool, or of another service


@dataclass(frozen=True, slots=True)
class _Plans:
    """What a file does to one set."""

    flags: Plan[Flag]
    segments: Plan[Segment]

    @property
    def lines(self) -> tuple[str, ...]:
        return (*self.flags.lines, *(f"segment {one}" for one in self.segments.lines))

    @property
    def conflicts(self) -> tuple[str, ...]:
        of_flags = tuple(one.id for one in self.flags.conflicts)
        return (*of_flags, *(one.id for one in self.segments.conflicts))

    @property
    def change(self) -> Change:
        flags = (*self.flags.creates, *self.flags.changes, *self.flags.removals)
        segments = (*self.segments.creates, *self.segments.changes, *self.segments.removals)
        return {
            **{(ItemKind.SEGMENT, one.id): one.after for one in segments},
            **{(ItemKind.FLAG, one.id): one.after for one in flags},
        }


class FlagFiles(FlagProposals):
    """Planning and writing ask for the right to read, applying for the one to flags.

    A file comes as its text, or read already: what was converted from another tool, for one.
    """

    def plan(
        self,
        service: str,
        text: str | FlagFile,
        by: Principal,
        *,
        environment: str = "",
        path: str = "flags.yaml",
        only_adds: bool = False,
    ) -> tuple[views.FilePlanView, ...]:
        """Return what applying a file would do, in one environment or for "" in each.

        With `only_adds` it is no file that is kept, but flags that come from elsewhere: what it doesn't hold
        stays, and what is there already and differs is a conflict.
        Raises FlagFileError with every problem of the file, NotFoundError for an unknown environment.
        """
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            file = _read(tx, service, text, path)
            chosen = _chosen(tx, service, environment)
            found: list[views.FilePlanView] = []
            for one in chosen:
                scene = SetScene(tx, service, one, 0, self._sets.items(tx, service, one))
                policy = self._approval_in(scene)
                plans = _planned(scene, file, only_adds=only_adds)
                found.append(
                    views.FilePlanView(
                        service,
                        one,
                        plans.lines,
                        tuple(item for _, item in plans.change),
                        plans.conflicts,
                        policy.title if policy is not None else "",
                    )
                )
        return tuple(found)

    def apply(
        self,
        service: str,
        text: str | FlagFile,
        by: Principal,
        *,
        environment: str = "",
        path: str = "flags.yaml",
        why: str = "",
        only_adds: bool = False,
    ) -> tuple[views.FlagChange, ...]:
        """Make flags and segments what a file says, in one environment or for "" in each: all or nothing.

        Where the process asks for an approval it is proposed instead. Raises ConflictError showing both sides
        of what was edited elsewhere since the file was last applied, else as `plan`.
        """
        reason = prose(why, "the reason") or f"from {line(path, 'the path', 500)}"
        act = Act(IMPORTED if only_adds else APPLIED, access.actor(by), by.name, reason)
        with self._store.read() as tx:
            access.require(tx, by, Permission.FLAG, service)
            file = _read(tx, service, text, path)
            chosen = _chosen(tx, service, environment)

        def put(scene: SetScene) -> views.FlagChange:
            plans = _planned(scene, file, only_adds=only_adds)
            if plans.conflicts:
                told = "\n".join(one for one in plans.lines if one.removeprefix("segment ").startswith("!"))
                raise ConflictError(_conflict(scene.environment, path, told, only_adds=only_adds))
            if not only_adds:
                scene.tx.save_applied_flags(
                    service, scene.environment, _settled(scene, _items(file, scene.environment), plans.change)
                )
            return self._propose_or_commit(scene, plans.change, act)

        return self._in_environments(service, chosen, put, allowed=allowed(by, Permission.FLAG, service))

    def export(self, service: str, by: Principal, *, environment: str = "") -> str:
        """Return a file of the flags in force, in one environment or for "" in each."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            chosen = _chosen(tx, service, environment)
            sets: list[FlagSet] = []
            for one in chosen:
                items = self._sets.items(tx, service, one)
                sets.append(flag_set_of(SetScene(tx, service, one, 0, items)))
        return flag_file_text(sets)


def _read(tx: Transaction, service: str, text: str | FlagFile, path: str) -> FlagFile:
    file = text if isinstance(text, FlagFile) else parse_flag_file(text, path, environments_of(tx, service))
    if file.service and file.service != service:
        raise InvalidInputError(f"{path} is about the flags of {file.service}, not of {service}")
    return file


def _chosen(tx: Transaction, service: str, environment: str) -> tuple[str, ...]:
    known = environments_of(tx, service)
    if environment:
        require_among(service, environment, known)
    return (environment,) if environment else known


def _conflict(environment: str, path: str, told: str, *, only_adds: bool) -> str:
    if only_adds:
        return (
            f"in {environment} there is already what {path} holds, and it differs:\n{told}\n"
            "take it out of the file, or give it another id there, then import it again"
        )
    return (
        f"in {environment} this was edited elsewhere since {path} was last applied:\n{told}\n"
        "bring the edits into the file, or undo them, then apply it again"
    )


def _planned(scene: SetScene, file: FlagFile, *, only_adds: bool) -> _Plans:
    live = flag_set_of(scene)
    kept = scene.tx.applied_flags(scene.service, scene.environment)
    applied = [] if only_adds else [item_of(kind, text) for (kind, _), text in kept.items()]
    return _Plans(
        plan(
            file.environments.get(scene.environment, ()),
            live.flags,
            [one for one in applied if isinstance(one, Flag)],
        ),
        plan_segments(file.segments, live.segments, [one for one in applied if isinstance(one, Segment)]),
    )


def _items(file: FlagFile, environment: str) -> Iterable[Item]:
    return (*file.environments.get(environment, ()), *file.segments)


def _settled(scene: SetScene, wanted: Iterable[Item], change: Change) -> Sequence[tuple[ItemKind, str, str]]:
    """Return what is in force as the file has it: nobody waits for that."""
    kinds = [(ItemKind.FLAG if isinstance(one, Flag) else ItemKind.SEGMENT, one) for one in wanted]
    return [
        (kind, one.id, text_of(one))
        for kind, one in kinds
        if (kind, one.id) not in change and scene.held((kind, one.id)) is not None
    ]
