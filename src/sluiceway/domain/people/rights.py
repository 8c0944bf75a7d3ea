"""What somebody may do for a service, by the roles they were granted and the limits of what they came with.

The roles built in are known everywhere; what every other role may do stands in the service's process and is
looked up by whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sluiceway.domain.people.model import ADMIN_ROLE, Principal
from sluiceway.domain.process.team import Permission, Role

OPERATOR_ROLE = "operator"
VIEWER_ROLE = "viewer"
SENDER_ROLE = "sender"
APPLICATION_ROLE = "application"

BUILT_IN: Mapping[str, frozenset[Permission]] = {
    ADMIN_ROLE: frozenset(Permission),
    OPERATOR_ROLE: frozenset(
        {Permission.READ, Permission.ROLLOUT, Permission.ROLL_BACK, Permission.FLAG, Permission.KILL}
    ),
    VIEWER_ROLE: frozenset({Permission.READ}),
    SENDER_ROLE: frozenset({Permission.PUSH}),
    APPLICATION_ROLE: frozenset({Permission.EVALUATE}),
}
# Whoever may do the first may do the others without being given them one by one.
_CONTAINS: Mapping[Permission, frozenset[Permission]] = {
    Permission.ROLLOUT: frozenset({Permission.ROLL_BACK}),
    Permission.FLAG: frozenset({Permission.KILL}),
}


def rights_of_roles(roles: Iterable[Role]) -> dict[str, frozenset[Permission]]:
    """Return what each role of a process may do: who plays one may read. Built-in ones it can't change."""
    found = {role.id: frozenset({Permission.READ, *role.may}) for role in roles}
    return {name: _contained(rights) for name, rights in found.items() if name not in BUILT_IN}


def may(
    by: Principal, needed: Permission, service: str, process_rights: Mapping[str, frozenset[Permission]]
) -> bool:
    """Return whether somebody may do this for a service; "" asks for the right for every service.

    `process_rights` is what the roles of the service's process may do. A token does no more than its scopes,
    and only for its services.
    """
    if by.scopes is not None and needed not in _contained(by.scopes):
        return False
    if by.services is not None and service not in by.services:
        return False
    if by.is_open:
        return True
    held = (BUILT_IN.get(role) or process_rights.get(role, frozenset()) for role in by.roles_for(service))
    return any(needed in rights for rights in held)


def _contained(rights: frozenset[Permission]) -> frozenset[Permission]:
    return rights.union(*(_CONTAINS.get(right, frozenset()) for right in rights))
