"""Making and changing flags: create, edit, turn on and off, kill, hold off, archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sluiceway.domain.flags.model import Flag, HeldOffBy, Hold
from sluiceway.domain.flags.proposals import ItemKind
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ConflictError, IllegalMoveError, InvalidInputError, NotFoundError
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services.flag_base import (
    DRIVEN,
    Act,
    Change,
    SetScene,
    allowed,
    change_of,
    expect,
    flag_there,
)
from sluiceway.services.flag_environments import environments_of
from sluiceway.services.flag_proposals import FlagProposals
from sluiceway.services.flag_views import FlagChange
from sluiceway.services.texts import prose

FIRST = "development"  # where a new flag is as it was given; it is off everywhere else


class FlagEditing(FlagProposals):
    """Acts of people need the right to flags, or the one to kill. A reason is optional but kept."""

    def create(self, service: str, flag: Flag, by: Principal, why: str = "") -> tuple[FlagChange, ...]:
        """Make a flag in every environment: off, but as given in development.

        Raises ConflictError when there is a flag of this id, FlagFileError with every problem.
        """
        act = self._act("flag-created", by, why)

        def decide(scene: SetScene) -> FlagChange:
            if scene.held((ItemKind.FLAG, flag.id)) is not None:
                raise ConflictError(
                    f"{service} has a flag {flag.id} already, in {scene.environment}; edit that one, or "
                    "choose another id"
                )
            known = environments_of(scene.tx, service)
            first = FIRST if FIRST in known else known[0]
            is_free = scene.environment == first and not self._approval_in(scene)
            given = replace(flag, hold=None, is_enabled=flag.is_enabled and is_free)
            return self._commit(scene, change_of(given), act)

        return self._in_environments(service, (), decide, allowed=allowed(by, Permission.FLAG, service))

    def edit(
        self,
        service: str,
        environment: str,
        flag: Flag,
        by: Principal,
        *,
        expected_version: int | None = None,
        why: str = "",
    ) -> FlagChange:
        """Put a whole flag in place of what it is in one environment, or where it is not there yet.

        What holds it off (a kill, a threshold) stays. Raises ConflictError when it is not at
        `expected_version`, saying who changed it; FlagFileError with every problem of the set it would make;
        InvalidInputError when users would change buckets without a reason given.
        """

        def edited(scene: SetScene) -> Change:
            expect(scene, (ItemKind.FLAG, flag.id), expected_version)
            before = scene.flag(flag.id)
            if before is None:
                self._require_known_flag(scene, flag.id)
                return change_of(replace(flag, hold=None))
            _require_reason(before, flag, why)
            return change_of(replace(flag, hold=before.hold))

        return self._change(service, environment, by, self._act("flag-edited", by, why), edited)

    def toggle(
        self, service: str, environment: str, flag: str, on: bool, by: Principal, *, why: str = ""
    ) -> FlagChange:
        """Turn a flag on or off in one environment; where it is not there yet, as it is elsewhere.

        Raises NotFoundError, IllegalMoveError while the flag is killed and would stay off.
        """

        def toggled(scene: SetScene) -> Change:
            found = scene.flag(flag) or self._elsewhere(scene, flag)
            if on and found.hold is not None:
                raise IllegalMoveError(
                    f"{flag} is held off in {environment} by a {found.hold.by}, so turning it on does "
                    f"nothing; restore it first with `sluice flags restore {flag} --service {service}`"
                )
            return change_of(replace(found, is_enabled=on))

        act = self._act("flag-turned-on" if on else "flag-turned-off", by, why)
        return self._change(service, environment, by, act, toggled)

    def kill(
        self, service: str, environment: str, flag: str, by: Principal, why: str = ""
    ) -> tuple[FlagChange, ...]:
        """Turn a flag off at once, in one environment or for "" in all that have it. Asks nobody.

        It stays off, whatever is edited, until the kill is released. Raises NotFoundError.
        """
        act = self._act("flag-killed", by, why)
        hold = Hold(HeldOffBy.KILL, act.why)
        return self._held(
            service,
            environment,
            flag,
            act,
            lambda found: found if _is_killed(found) else replace(found, hold=hold),
            check=allowed(by, Permission.KILL, service),
        )

    def release_kill(
        self, service: str, environment: str, flag: str, by: Principal, why: str = ""
    ) -> tuple[FlagChange, ...]:
        """Let a flag that was killed, or turned off by a threshold, be again what it says.

        For "" in every environment that has it. Raises NotFoundError, IllegalMoveError when it is held off in
        none of them.
        """

        def released(scene: SetScene) -> Change:
            found = scene.flag(flag)
            return {} if found is None or found.hold is None else change_of(replace(found, hold=None))

        def checked(tx: Transaction) -> None:
            access.require(tx, by, Permission.FLAG, service)
            held = [
                one
                for one in self._where(tx, service, environment, flag)
                if self._flag_in(tx, service, one, flag).hold is not None
            ]
            if not held:
                raise IllegalMoveError(f"{flag} of {service} is not held off, so there is nothing to release")

        act = self._act("flag-released", by, why)
        return self._in_environments(
            service,
            self._chosen(service, environment, flag, checked),
            lambda scene: self._propose_or_commit(scene, released(scene), act),
            allowed=checked,
        )

    def hold(
        self, service: str, environment: str, flag: str, hold: Hold, actor: str, *, why: str = ""
    ) -> FlagChange:
        """Hold a flag off, for the engine's thresholds; asks nobody. A kill is not replaced."""
        act = Act("flag-held-off", actor, actor, why)
        (changed,) = self._held(
            service,
            environment,
            flag,
            act,
            lambda found: found if _is_killed(found) else replace(found, hold=hold),
        )
        return changed

    def unhold(self, service: str, environment: str, flag: str, actor: str, why: str = "") -> FlagChange:
        """Take back what a threshold did, for the engine. A kill stays."""
        act = Act("flag-let-go", actor, actor, why)
        (changed,) = self._held(
            service,
            environment,
            flag,
            act,
            lambda found: found if _is_killed(found) else replace(found, hold=None),
        )
        return changed

    def drive(
        self,
        service: str,
        environment: str,
        flag: str,
        change: Callable[[Flag], Flag],
        actor: str,
        *,
        why: str = "",
    ) -> FlagChange:
        """Change a flag for the rollout that drives it, which was agreed to itself: asks nobody again.

        What holds it off stays. Raises NotFoundError, FlagFileError.
        """
        (changed,) = self._held(
            service,
            environment,
            flag,
            Act(DRIVEN, actor, actor, why),
            lambda found: replace(change(found), id=found.id, hold=found.hold),
        )
        return changed

    def archive(self, service: str, flag: str, by: Principal, why: str = "") -> tuple[FlagChange, ...]:
        """Take a flag away in every environment. Its history stays, and undoing brings it back.

        Raises IllegalMoveError while it is on where changes need an approval, FlagFileError while another
        flag depends on it.
        """
        act = self._act("flag-archived", by, why)

        def decide(scene: SetScene) -> FlagChange:
            found = flag_there(scene, flag)
            policy = self._approval_in(scene)
            if policy is not None and found.is_enabled and found.hold is None:
                raise IllegalMoveError(
                    f"{flag} is on in {scene.environment}, where {policy.title} agrees to changes; turn it "
                    "off there first"
                )
            return self._commit(scene, {(ItemKind.FLAG, flag): None}, act)

        check = allowed(by, Permission.FLAG, service)
        return self._in_environments(service, self._chosen(service, "", flag, check), decide, allowed=check)

    def _change(
        self,
        service: str,
        environment: str,
        by: Principal,
        act: Act,
        decide: Callable[[SetScene], Change],
    ) -> FlagChange:
        """Change one environment, or propose it where the process asks for an approval."""
        (changed,) = self._in_environments(
            service,
            (environment,),
            lambda scene: self._propose_or_commit(scene, decide(scene), act),
            allowed=allowed(by, Permission.FLAG, service),
        )
        return changed

    def _held(
        self,
        service: str,
        environment: str,
        flag: str,
        act: Act,
        change: Callable[[Flag], Flag],
        *,
        check: Callable[[Transaction], None] | None = None,
    ) -> tuple[FlagChange, ...]:
        """Change a flag at once, whatever the process says about approvals."""
        checked = check or _asks_nobody
        return self._in_environments(
            service,
            self._chosen(service, environment, flag, checked),
            lambda scene: self._commit(scene, change_of(change(flag_there(scene, flag))), act),
            allowed=checked,
        )

    def _chosen(
        self, service: str, environment: str, flag: str, allowed: Callable[[Transaction], None]
    ) -> tuple[str, ...]:
        """Return the environment, or for "" all that have the flag. Raises NotFoundError."""
        if environment:
            return (environment,)
        with self._store.read() as tx:
            allowed(tx)
            return self._where(tx, service, "", flag)

    def _where(self, tx: Transaction, service: str, environment: str, flag: str) -> tuple[str, ...]:
        known = (environment,) if environment else environments_of(tx, service)
        rows = {one: tx.get_flag_row(service, one, ItemKind.FLAG, flag) for one in known}
        found = tuple(one for one, row in rows.items() if row is not None and row.document)
        if not found:
            where = f" in {environment[:100]}" if environment else ""
            raise NotFoundError(
                f"{service} has no flag {flag[:100]!r}{where}; "
                f"`sluice flags list --service {service}` shows its flags"
            )
        return found

    def _flag_in(self, tx: Transaction, service: str, environment: str, flag: str) -> Flag:
        return flag_there(
            SetScene(tx, service, environment, 0, self._sets.items(tx, service, environment)), flag
        )

    def _elsewhere(self, scene: SetScene, flag: str) -> Flag:
        """Return a flag as another environment has it, off and not held. Raises NotFoundError."""
        where = self._where(scene.tx, scene.service, "", flag)[0]
        return replace(self._flag_in(scene.tx, scene.service, where, flag), is_enabled=False, hold=None)

    def _require_known_flag(self, scene: SetScene, flag: str) -> None:
        """Raise NotFoundError unless another environment has the flag: a slip would make a new one."""
        self._where(scene.tx, scene.service, "", flag)

    def _act(self, kind: str, by: Principal, why: str, undoes: int | None = None) -> Act:
        return Act(kind, access.actor(by), by.name, prose(why, "the reason"), undoes)


def _asks_nobody(_tx: Transaction) -> None:
    """The check of acts that are the engine's."""


def _is_killed(flag: Flag) -> bool:
    return flag.hold is not None and flag.hold.by is HeldOffBy.KILL


def _require_reason(before: Flag, after: Flag, why: str) -> None:
    """Nobody changes buckets by the way: whoever is reached would be somebody else."""
    is_moved = (before.salt or before.id) != (after.salt or after.id)
    if (is_moved or before.hash_version is not after.hash_version) and not why.strip():
        raise InvalidInputError(
            f"another salt or hash version of {after.id} means that other users are reached; say why with "
            "the change, or leave both as they are"
        )
