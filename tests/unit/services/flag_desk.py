"""A service with flags, under a process that asks for an approval in production."""

from __future__ import annotations

from dataclasses import dataclass

from sluiceway.domain.flags.model import Evaluation, Flag
from sluiceway.domain.people.model import Principal
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flags import FlagService
from tests.unit.services.desk import Office

SERVICE, PRODUCTION = "checkout", "production"
ASKING = """\
name: checkout
roles:
  - {id: developer, title: Developer, may: [read, flag]}
  - {id: product-owner, title: Product Owner, may: [read, approve, flag]}
  - {id: support, title: Support, may: [read, kill]}
  - {id: guest, title: Guest, may: [read]}
approvals:
  - {id: flag-change, title: Flag change, rule: {role: product-owner}, separate: [author]}
flags:
  environments:
    production: {approval: flag-change}
"""


@dataclass
class FlagDesk:
    """`dev` may change flags, `owner` agree to it, `helper` only kill them, `guest` only look."""

    office: Office
    dev: Principal
    owner: Principal
    helper: Principal
    guest: Principal

    @property
    def flags(self) -> FlagService:
        return self.office.services.flags

    @property
    def sets(self) -> FlagSets:
        return self.office.services.flag_sets

    def served(self, flag: str, environment: str = PRODUCTION) -> Evaluation:
        """Return what applications get now."""
        return self.sets.current(SERVICE, environment).evaluator.evaluate(flag, {"targetingKey": "ann"})

    def put_on(self, flag: str = "new") -> None:
        """Make a flag that is on in production, as the team agreed."""
        self.flags.create(SERVICE, Flag(flag), self.dev)
        changed = self.flags.toggle(SERVICE, PRODUCTION, flag, True, self.dev)
        self.flags.approve(changed.proposal, self.owner)


def a_flag_desk(office: Office, process: str = ASKING) -> FlagDesk:
    """Put the process in force and let its people in."""
    office.set_up_accounts()
    office.put_process(SERVICE, process)
    return FlagDesk(
        office,
        office.person("dev", f"developer@{SERVICE}"),
        office.person("olga", f"product-owner@{SERVICE}"),
        office.person("sue", f"support@{SERVICE}"),
        office.person("guest", f"guest@{SERVICE}"),
    )
