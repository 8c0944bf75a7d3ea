"""Accounts, who plays which role for which service, and who is speaking.

Roles and what they may do stand in a service's process; grants say who plays them. Pure look-ups only:
keeping accounts and checking passwords is the business of the services.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sluiceway.domain.process.team import Permission

ANY_SERVICE = "*"
ADMIN_ROLE = "admin"  # plays it for every service: may do everything but vote in roles it was not granted


@dataclass(frozen=True, slots=True)
class Grant:
    """`account` plays `role` for `service`, or for every service."""

    account: str
    role: str
    service: str = ANY_SERVICE


@dataclass(frozen=True, slots=True)
class Absence:
    """`account` is away from `first` to `until`; `alternate` stands in, in every role, when there is one."""

    account: str
    first: datetime
    until: datetime
    alternate: str = ""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is speaking, found out once when they come in.

    `is_open`: nobody has an account yet, so whoever reaches this machine's server may do everything, in any
    role. `scopes` narrows what a token may be used for; None is everything its owner may do. `services`
    narrows it to those services, `environments` to those environments of them; None is all.
    """

    name: str
    grants: tuple[Grant, ...] = ()
    is_open: bool = False
    scopes: frozenset[Permission] | None = None
    services: frozenset[str] | None = None
    environments: frozenset[str] | None = None
    through: str = ""  # the token it came with, "" for a person's session

    @property
    def is_admin(self) -> bool:
        """Return whether they administer everything: a token without that scope does not, whoever owns it."""
        is_narrowed = (self.services is not None or self.environments is not None) or (
            self.scopes is not None and Permission.ADMIN not in self.scopes
        )
        is_granted = any(grant.role == ADMIN_ROLE and grant.service == ANY_SERVICE for grant in self.grants)
        return not is_narrowed and (self.is_open or is_granted)

    def roles_for(self, service: str) -> frozenset[str]:
        """Return the roles this person was granted for a service. Empty in the open: any role is taken.

        For "" those that hold for every service.
        """
        if self.services is not None and service not in self.services:
            return frozenset()
        return frozenset(grant.role for grant in self.grants if grant.service in {service, ANY_SERVICE})


def open_principal(name: str) -> Principal:
    """Return somebody on a server without accounts."""
    return Principal(name, is_open=True)


@dataclass(frozen=True, slots=True)
class Directory:
    """Who plays what for one service at one moment: what rules about people are judged by.

    `is_open`: there are no accounts, so everybody plays every role and separation of duties goes by name.
    """

    members: tuple[tuple[str, tuple[str, ...]], ...] = ()  # role id -> accounts
    absences: tuple[Absence, ...] = ()
    is_open: bool = False

    def people_in(self, role: str) -> tuple[str, ...]:
        """Return the accounts that hold the role."""
        return next((people for name, people in self.members if name == role), ())

    def holds(self, person: str, role: str) -> bool:
        """Return whether the person holds the role; in the open everybody does."""
        return self.is_open or person in self.people_in(role)

    def away(self, person: str, now: datetime) -> Absence | None:
        """Return the person's absence at this moment, None when they are there."""
        return next(
            (gone for gone in self.absences if gone.account == person and gone.first <= now < gone.until),
            None,
        )

    def stands_in_for(self, person: str, now: datetime) -> tuple[str, ...]:
        """Return the people who are away now and whose alternate this person is."""
        return tuple(
            gone.account
            for gone in self.absences
            if gone.alternate == person and gone.first <= now < gone.until
        )
