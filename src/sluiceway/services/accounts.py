"""Accounts: made, disabled, granted roles, away for a while. Who is let in with one is `sessions`' business.

The first account is made, and a lost password replaced, by whoever holds the data directory in hand
(`..._here`): reaching the server is not enough. Each act appends to the audit trail before it looks at other
accounts. The trail's lock lets one through at a time, so two first accounts can't both come to be, nor two
administrators disable each other at the same moment.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.people.model import ADMIN_ROLE, ANY_SERVICE, Absence, Grant, Principal
from sluiceway.domain.people.words import (
    problem_of_account_name,
    problem_of_password,
    problem_of_role_name,
)
from sluiceway.domain.points.admission import MAX_NAME_CHARS
from sluiceway.domain.process.team import Permission
from sluiceway.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    RuleError,
)
from sluiceway.ports.clock import Clock
from sluiceway.ports.passwords import Passwords
from sluiceway.ports.people import AccountRow
from sluiceway.ports.store import Store, Transaction
from sluiceway.services import access
from sluiceway.services.attempts import Attempts
from sluiceway.services.sessions import GrantView

_MAX_WORDS = 200
_FIRST_WAY = "`sluice account create NAME --admin` in the folder of the server's data (or with --data)"


@dataclass(frozen=True, slots=True)
class AbsenceView:
    """Away from `first` to `until`; `alternate` stands in, empty for nobody."""

    first: datetime
    until: datetime
    alternate: str


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account without its password."""

    name: str
    title: str
    contact: str
    created_at: datetime
    created_by: str
    disabled_at: datetime | None
    has_password: bool
    grants: tuple[GrantView, ...]
    away: AbsenceView | None


class AccountService:
    """Every method opens its own transactions and may be called from any thread."""

    def __init__(self, store: Store, clock: Clock, passwords: Passwords) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self._attempts = Attempts(clock)

    def create(
        self,
        name: str,
        password: str,
        by: Principal,
        *,
        title: str = "",
        contact: str = "",
        admin: bool = False,
    ) -> AccountView:
        """Make an account; without a password it can't log in, only own tokens. Needs an administrator.

        Raises ConflictError when the name is taken, InvalidInputError for a name or password that won't do.
        """
        _check_account(name, password, title, contact, needs_password=False)
        if by.is_open:
            raise ForbiddenError(f"the first account is made on the server's machine: {_FIRST_WAY}")
        kept = self._passwords.hashed(password) if password else ""
        with self._store.begin() as tx:
            access.require(tx, by, Permission.ADMIN, "")
            self._add(
                tx, AccountRow(name, title or name, contact, kept, self._clock.wall(), access.actor(by))
            )
            if admin:
                self._grant(tx, Grant(name, ADMIN_ROLE), access.actor(by))
            return _view(tx, name)

    def exist(self) -> bool:
        """Return whether there is an account at all."""
        with self._store.read() as tx:
            return tx.has_accounts()

    def create_first_here(
        self, name: str, password: str, actor: str, *, title: str = "", contact: str = ""
    ) -> AccountView:
        """Make the first account, an administrator. Only for whoever holds the data directory in hand.

        Raises ConflictError when there are accounts already.
        """
        _check_account(name, password, title, contact, needs_password=True)
        kept = self._passwords.hashed(password)
        with self._store.begin() as tx:
            row = AccountRow(name, title or name, contact, kept, self._clock.wall(), actor)
            self._note(tx, actor, "accounts-begin", name, "from now on nobody is let in without a login")
            if tx.has_accounts():
                raise ConflictError("there are accounts already; an administrator makes more of them")
            self._add(tx, row)
            self._grant(tx, Grant(name, ADMIN_ROLE), actor)
            return _view(tx, name)

    def replace_password_here(self, name: str, password: str, actor: str) -> AccountView:
        """Replace a lost password. Only for whoever holds the data directory in hand."""
        _check_account(name, password, "", "", needs_password=True)
        kept = self._passwords.hashed(password)
        with self._store.begin() as tx:
            self._replace_password(tx, _get(tx, name), kept, actor)
            return _view(tx, name)

    def list(self, by: Principal) -> Sequence[AccountView]:
        """Return every account by name, disabled ones too. Needs an administrator."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.ADMIN, "")
            return _views(tx, tx.list_accounts(), tx.grants())

    def disable(self, name: str, by: Principal) -> AccountView:
        """Let nobody in with this account; its sessions end, its tokens are refused, its roles rest.

        Raises RuleError for the last administrator.
        """
        with self._store.begin() as tx:
            access.require(tx, by, Permission.ADMIN, "")
            row = _get(tx, name)
            if row.disabled_at is None:
                self._note(
                    tx, access.actor(by), "account-disabled", name, "nobody is let in with it any more"
                )
                tx.save_account(replace(row, disabled_at=self._clock.wall()))
                tx.end_sessions(name)
                _require_an_admin(tx, name)
            return _view(tx, name)

    def enable(self, name: str, by: Principal) -> AccountView:
        """Take a disabled account into use again, with the roles it had."""
        with self._store.begin() as tx:
            access.require(tx, by, Permission.ADMIN, "")
            row = _get(tx, name)
            if row.disabled_at is not None:
                self._note(tx, access.actor(by), "account-enabled", name, "is let in again")
                tx.save_account(replace(row, disabled_at=None))
            return _view(tx, name)

    def set_password(self, name: str, password: str, by: Principal, *, current: str = "") -> AccountView:
        """Replace a password, one's own (which takes the `current` one) or as an administrator another's.

        All sessions of the account end. Raises ForbiddenError for a wrong current password,
        TooManyAttemptsError after too many of them.
        """
        _check_account(name, password, "", "", needs_password=True)
        is_own = by.name == name and not by.is_open
        if is_own:
            self._check_current(by, current)
        kept = self._passwords.hashed(password)
        with self._store.begin() as tx:
            if not is_own:
                access.require(tx, by, Permission.ADMIN, "")
            self._replace_password(tx, _get(tx, name), kept, access.actor(by))
            return _view(tx, name)

    def grant(self, name: str, role: str, service: str, by: Principal) -> AccountView:
        """Let somebody play a role for a service, or for every one (`*`). Needs an administrator of those.

        Raises InvalidInputError when no process knows the role.
        """
        grant = _checked_grant(name, role, service)
        with self._store.begin() as tx:
            access.require(tx, by, Permission.ADMIN, _of(grant))
            _get(tx, name)
            _require_known(tx, grant)
            self._grant(tx, grant, access.actor(by))
            return _view(tx, name)

    def revoke(self, name: str, role: str, service: str, by: Principal) -> AccountView:
        """Take a role away. Raises NotFoundError when it was not granted, RuleError for the last admin."""
        grant = _checked_grant(name, role, service)
        with self._store.begin() as tx:
            access.require(tx, by, Permission.ADMIN, _of(grant))
            _get(tx, name)
            self._note(tx, access.actor(by), "role-revoked", name, _grant_words(grant))
            if not tx.remove_grant(grant):
                held = ", ".join(_grant_words(one) for one in tx.grants(account=name)) or "none"
                raise NotFoundError(f"{name} was not granted {_grant_words(grant)}; granted: {held}")
            _require_an_admin(tx, name)
            return _view(tx, name)

    def away(
        self, name: str, until: datetime, by: Principal, *, first: datetime | None = None, alternate: str = ""
    ) -> AccountView:
        """Note that somebody is away, oneself or as an administrator another; `alternate` stands in.

        Replaces what was noted before. Raises InvalidInputError for times or an alternate that won't do.
        """
        now = self._clock.wall()
        begins = first or now
        if until <= max(now, begins):
            raise InvalidInputError(
                f"away until {until.isoformat(timespec='minutes')}: that is past, or not after the beginning"
            )
        with self._store.begin() as tx:
            self._require_own_or_admin(tx, name, by)
            _get(tx, name)
            if alternate:
                stand_in = _get(tx, alternate)
                if alternate == name or stand_in.disabled_at is not None:
                    raise InvalidInputError(
                        f"{alternate} can't stand in for {name}; name somebody else whose account is enabled"
                    )
            who = f"; {alternate} stands in" if alternate else ""
            why = f"from {begins.isoformat(timespec='minutes')} to {until.isoformat(timespec='minutes')}{who}"
            self._note(tx, access.actor(by), "away", name, why)
            tx.set_absence(Absence(name, begins, until, alternate))
            return _view(tx, name)

    def back(self, name: str, by: Principal) -> AccountView:
        """Note that somebody is there again, oneself or as an administrator another."""
        with self._store.begin() as tx:
            self._require_own_or_admin(tx, name, by)
            _get(tx, name)
            if tx.clear_absence(name):
                self._note(tx, access.actor(by), "back", name, "is there again")
            return _view(tx, name)

    def _check_current(self, by: Principal, current: str) -> None:
        if by.through:
            raise ForbiddenError(f"the token {by.through} can't change a password; log in for that")
        with self._store.read() as tx:
            kept = _get(tx, by.name).password
        self._attempts.begin(by.name)
        if not self._passwords.is_right(kept, current):
            raise ForbiddenError("the current password is wrong; nothing has changed")
        self._attempts.succeeded(by.name)

    def _replace_password(self, tx: Transaction, row: AccountRow, kept: str, actor: str) -> None:
        self._note(tx, actor, "password-changed", row.name, "every session of it ends")
        tx.save_account(replace(row, password=kept))
        tx.end_sessions(row.name)

    def _require_own_or_admin(self, tx: Transaction, name: str, by: Principal) -> None:
        if by.name != name or by.is_open or by.through:
            access.require(tx, by, Permission.ADMIN, "")

    def _add(self, tx: Transaction, row: AccountRow) -> None:
        self._note(tx, row.created_by, "account-created", row.name, row.title)
        tx.add_account(row)

    def _grant(self, tx: Transaction, grant: Grant, actor: str) -> None:
        if tx.add_grant(grant, self._clock.wall(), actor):
            self._note(tx, actor, "role-granted", grant.account, _grant_words(grant))

    def _note(self, tx: Transaction, actor: str, kind: str, account: str, why: str) -> None:
        tx.append_audit(
            NewAuditEntry(
                at=self._clock.wall(),
                process_at=self._clock.now(),
                actor=actor,
                kind=kind,
                subject=f"account:{account}",
                why=why,
            )
        )


def _check_account(name: str, password: str, title: str, contact: str, *, needs_password: bool) -> None:
    problem = problem_of_account_name(name)
    if not problem and (password or needs_password):
        problem = problem_of_password(password, name)
    if problem:
        raise InvalidInputError(problem)
    for what, words in (("title", title), ("contact", contact)):
        if len(words) > _MAX_WORDS or (words and not words.isprintable()):
            raise InvalidInputError(
                f"{what} is {words[:MAX_NAME_CHARS]!r}; use up to {_MAX_WORDS} printable characters"
            )


def _checked_grant(name: str, role: str, service: str) -> Grant:
    problem = problem_of_role_name(role)
    if problem:
        raise InvalidInputError(problem)
    if not service or len(service) > MAX_NAME_CHARS or not service.isprintable():
        raise InvalidInputError(f"service is {service[:MAX_NAME_CHARS]!r}; use its name, or * for every one")
    return Grant(name, role, service)


def _require_known(tx: Transaction, grant: Grant) -> None:
    known = access.known_roles(tx, grant.service)
    if known is None or grant.role in known:
        return
    near = difflib.get_close_matches(grant.role, sorted(known), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    where = "any process" if grant.service == ANY_SERVICE else f"the process of {grant.service}"
    raise InvalidInputError(
        f"{grant.role} is no role of {where}, which knows {', '.join(sorted(known))}{hint}"
    )


def _require_an_admin(tx: Transaction, name: str) -> None:
    """Raise RuleError when nobody is left who could grant anything."""
    admins = {
        grant.account for grant in tx.grants() if grant.role == ADMIN_ROLE and grant.service == ANY_SERVICE
    }
    if not any(row.disabled_at is None for row in tx.list_accounts() if row.name in admins):
        raise RuleError(f"{name} is the last administrator; make another one first")


def _of(grant: Grant) -> str:
    return "" if grant.service == ANY_SERVICE else grant.service


def _grant_words(grant: Grant) -> str:
    return f"{grant.role} for {'every service' if grant.service == ANY_SERVICE else grant.service}"


def _get(tx: Transaction, name: str) -> AccountRow:
    row = tx.get_account(name)
    if row is None:
        raise NotFoundError(
            f"there is no account {name[:MAX_NAME_CHARS]!r}; `sluice account list` shows them"
        )
    return row


def _view(tx: Transaction, name: str) -> AccountView:
    return _views(tx, (_get(tx, name),), tx.grants(account=name))[0]


def _views(tx: Transaction, rows: Sequence[AccountRow], granted: Sequence[Grant]) -> tuple[AccountView, ...]:
    grants: defaultdict[str, list[GrantView]] = defaultdict(list)
    for one in granted:
        grants[one.account].append(GrantView(one.role, one.service))
    absences = {gone.account: AbsenceView(gone.first, gone.until, gone.alternate) for gone in tx.absences()}
    return tuple(
        AccountView(
            name=row.name,
            title=row.title,
            contact=row.contact,
            created_at=row.created_at,
            created_by=row.created_by,
            disabled_at=row.disabled_at,
            has_password=bool(row.password),
            grants=tuple(grants[row.name]),
            away=absences.get(row.name),
        )
        for row in rows
    )
