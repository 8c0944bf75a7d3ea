"""Who may do what: asked once by every use case, before it reads or writes anything for somebody.

What a role may do stands in the process in force for the service; a stored text that this version can't read
gives nobody anything, and an administrator puts a new one in force.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping

from sluiceway.domain.people.model import ANY_SERVICE, Directory, Grant, Principal
from sluiceway.domain.people.rights import BUILT_IN, may, rights_of_roles
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ForbiddenError, InvalidInputError, ProcessFileError, UnauthorisedError
from sluiceway.ports.releases import ProcessRow
from sluiceway.ports.store import Transaction
from sluiceway.services.kept_processes import parsed

_PROCESSES_KEPT = 500
_NO_RIGHTS: Mapping[str, frozenset[Permission]] = {}


def require(
    tx: Transaction, by: Principal, needed: Permission, service: str, *, or_else: Permission | None = None
) -> None:
    """Raise ForbiddenError unless `by` may do this for `service`; "" asks for the right for every service.

    With `or_else` either right is enough. Raises UnauthorisedError for somebody who came in while there were
    no accounts, once there are.
    """
    if is_allowed(tx, by, needed, service):
        return
    if or_else is not None and is_allowed(tx, by, or_else, service):
        return
    asked = needed.value if or_else is None else f"{needed.value} (or {or_else.value})"
    where = f" for {service}" if service else " for every service"
    if by.through:
        raise ForbiddenError(
            f"the token {by.through} of {by.name} may not {asked}{where}; it can do no more than its scopes "
            "and its owner's roles allow: make one with that scope, or ask an administrator for a role"
        )
    raise ForbiddenError(f"{by.name} may not {asked}{where}; ask an administrator for a role that may")


def is_allowed(tx: Transaction, by: Principal, needed: Permission, service: str) -> bool:
    """Return whether `by` may do this for `service`. Raises as `require` does for who came in the open."""
    _check_still_open(tx, by)
    return may(by, needed, service, _process_rights(tx, by, service))


def rights(tx: Transaction, by: Principal, service: str) -> tuple[Permission, ...]:
    """Return all that `by` may do for `service`. Raises as `require` does for who came in the open."""
    _check_still_open(tx, by)
    known = _process_rights(tx, by, service)
    return tuple(one for one in Permission if may(by, one, service, known))


def services_for(tx: Transaction, by: Principal, needed: Permission) -> frozenset[str] | None:
    """Return the services for which `by` may do this, None when it is every one: to narrow a list by."""
    if is_allowed(tx, by, needed, ""):
        return None
    named = {grant.service for grant in by.grants if grant.service != ANY_SERVICE}
    if any(grant.service == ANY_SERVICE for grant in by.grants):
        named |= {*tx.services(), *(by.services or ())}
    in_force = tx.processes_in_force()
    return frozenset(
        service
        for service in named
        if may(by, needed, service, _rights_in(tx, service, in_force.get(service, "")))
    )


def directory(tx: Transaction, service: str) -> Directory:
    """Return who plays which role for a service now. Whoever's account is disabled plays none."""
    return directories(tx, (service,))[service]


def directories(tx: Transaction, services: Collection[str]) -> dict[str, Directory]:
    """Return who plays which role for each of these services now, as `directory` does for one."""
    if not tx.has_accounts():
        return dict.fromkeys(services, Directory(is_open=True))
    disabled = tx.disabled_accounts()
    absences = tuple(absence for absence in tx.absences() if absence.account not in disabled)
    granted: defaultdict[str, list[Grant]] = defaultdict(list)
    for grant in tx.service_grants(services):
        if grant.account not in disabled:
            granted[grant.service].append(grant)
    return {
        service: Directory(_members([*granted[ANY_SERVICE], *granted[service]]), absences)
        for service in services
    }


def known_roles(tx: Transaction, service: str) -> frozenset[str] | None:
    """Return the roles that can be granted for a service, or for every one; None while no process says."""
    services: Iterable[str] = tx.services() if service == ANY_SERVICE else (service,)
    in_force = tx.processes_in_force()
    found = [_rights_in(tx, name, in_force[name]) for name in services if name in in_force]
    return frozenset(BUILT_IN).union(*found) if found else None


def actor(by: Principal) -> str:
    """Return who acts, for the audit trail; of a token, whose and which.

    Raises InvalidInputError when the name can't stand there (in the open people name themselves).
    """
    name = by.name.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise InvalidInputError(f"actor is {by.name[:100]!r}; use 1 to 100 printable characters")
    return f"{name} by token {by.through}" if by.through and by.through != name else name


def _members(grants: Iterable[Grant]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for grant in grants:
        found[grant.role].add(grant.account)
    return tuple((role, tuple(sorted(people))) for role, people in sorted(found.items()))


class _Rights:
    """What the roles of processes may do, read once per text. Safe to share between threads."""

    def __init__(self) -> None:
        self._by_hash: OrderedDict[str, Mapping[str, frozenset[Permission]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, content_hash: str) -> Mapping[str, frozenset[Permission]] | None:
        with self._lock:
            if content_hash in self._by_hash:
                self._by_hash.move_to_end(content_hash)
            return self._by_hash.get(content_hash)

    def of(self, row: ProcessRow) -> Mapping[str, frozenset[Permission]]:
        found = self.get(row.content_hash)
        if found is None:
            found = _read(row)
            with self._lock:
                self._by_hash[row.content_hash] = found
                if len(self._by_hash) > _PROCESSES_KEPT:
                    self._by_hash.popitem(last=False)
        return found


_rights = _Rights()


def _process_rights(tx: Transaction, by: Principal, service: str) -> Mapping[str, frozenset[Permission]]:
    """Return what the roles of the service's process may do, if `by` plays any that is not built in."""
    if not service or by.roles_for(service) <= BUILT_IN.keys():
        return _NO_RIGHTS
    row = tx.current_process(service)
    return _NO_RIGHTS if row is None else _rights.of(row)


def _rights_in(tx: Transaction, service: str, content_hash: str) -> Mapping[str, frozenset[Permission]]:
    """Return what the roles of the process in force may do, whose hash is known, "" when there is none."""
    known = _rights.get(content_hash)
    if known is not None:
        return known
    row = tx.current_process(service) if content_hash else None
    return _NO_RIGHTS if row is None else _rights.of(row)


def _check_still_open(tx: Transaction, by: Principal) -> None:
    if by.is_open and tx.has_accounts():
        raise UnauthorisedError("accounts were set up since you came in; log in with `sluice login`")


def _read(row: ProcessRow) -> Mapping[str, frozenset[Permission]]:
    try:
        team = parsed(row.text, row.path).team
    except ProcessFileError:
        return _NO_RIGHTS
    return _NO_RIGHTS if team is None else rights_of_roles(team.roles)
