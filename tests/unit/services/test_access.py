"""Who may do what for a service, by grants and by the process in force."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sluiceway.domain.people.model import Absence, Directory, Principal, open_principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ForbiddenError, InvalidInputError, UnauthorisedError
from sluiceway.services import access
from tests.unit.services.desk import ADA, TEAM, Office


def is_allowed(office: Office, by: Principal, needed: Permission, service: str) -> bool:
    with office.store.read() as tx:
        return access.is_allowed(tx, by, needed, service)


def test_while_all_is_open_everybody_may_do_everything(office: Office) -> None:
    assert is_allowed(office, ADA, Permission.ADMIN, "")


def test_whoever_came_in_the_open_may_nothing_once_there_are_accounts(office: Office) -> None:
    office.set_up_accounts()

    with pytest.raises(UnauthorisedError, match="accounts were set up since you came in"):
        is_allowed(office, ADA, Permission.READ, "checkout")


def test_what_a_role_may_stands_in_the_process_in_force(office: Office) -> None:
    office.put_process("checkout")
    manager = office.person("mia", "release-manager@checkout")

    assert is_allowed(office, manager, Permission.MOVE, "checkout")
    assert is_allowed(office, manager, Permission.ROLL_BACK, "checkout")
    assert not is_allowed(office, manager, Permission.ATTEST, "checkout")

    office.put_process("checkout", TEAM.replace("[plan, move, rollout]", "[attest]"))

    assert is_allowed(office, manager, Permission.ATTEST, "checkout")
    assert not is_allowed(office, manager, Permission.MOVE, "checkout")


def test_a_role_of_every_service_is_read_in_each_one_s_own_process(office: Office) -> None:
    office.put_process("checkout")
    office.put_process("search", TEAM.replace("qa-lead", "tester"))
    lead = office.person("lee", "qa-lead")

    assert is_allowed(office, lead, Permission.ATTEST, "checkout")
    assert not is_allowed(office, lead, Permission.ATTEST, "search")
    assert not is_allowed(office, lead, Permission.READ, "unheard-of")


def test_a_stored_process_that_can_not_be_read_gives_nobody_anything(office: Office) -> None:
    office.put_process("checkout")
    manager = office.person("mia", "release-manager@checkout", "viewer@search")
    office.put_process("checkout", "roles: [")

    assert not is_allowed(office, manager, Permission.READ, "checkout")
    assert is_allowed(office, manager, Permission.READ, "search")
    assert is_allowed(office, office.log_in("rosa"), Permission.PROCESS, "checkout")


def test_a_refusal_names_who_what_and_for_what(office: Office) -> None:
    viewer = office.person("vic", "viewer@checkout")

    with office.store.read() as tx:
        with pytest.raises(ForbiddenError, match=r"^vic may not rollout for checkout; ask an administrator"):
            access.require(tx, viewer, Permission.ROLLOUT, "checkout")
        with pytest.raises(ForbiddenError, match=r"^vic may not read for every service;"):
            access.require(tx, viewer, Permission.READ, "")
        with pytest.raises(ForbiddenError, match=r"^vic may not rollout \(or approve\) for checkout;"):
            access.require(tx, viewer, Permission.ROLLOUT, "checkout", or_else=Permission.APPROVE)
        access.require(tx, viewer, Permission.ROLLOUT, "checkout", or_else=Permission.READ)


def test_a_list_is_narrowed_to_what_somebody_may_see(office: Office) -> None:
    office.put_process("checkout")
    office.put_process("search")
    office.put_process("till")
    people = {
        "everything": office.person("vic", "viewer"),
        "two": office.person("two", "viewer@checkout", "release-manager@search", "sender@till"),
        "by process": office.person("lee", "qa-lead"),
        "nothing": office.person("new"),
    }

    with office.store.read() as tx:
        seen = {name: access.services_for(tx, by, Permission.READ) for name, by in people.items()}

    assert seen == {
        "everything": None,
        "two": {"checkout", "search"},
        "by process": {"checkout", "search", "till"},
        "nothing": frozenset(),
    }


def test_the_directory_says_who_plays_what_and_who_is_away(office: Office) -> None:
    rosa = office.set_up_accounts()
    office.put_process("checkout")
    for name, role in (("mia", "release-manager@checkout"), ("lee", "qa-lead"), ("gus", "qa-lead@checkout")):
        office.person(name, role)
    office.person("eve", "qa-lead@search")
    until = office.clock.wall() + timedelta(days=1)
    office.services.accounts.away("lee", until, rosa, alternate="mia")
    office.services.accounts.disable("gus", rosa)

    with office.store.read() as tx:
        found = access.directory(tx, "checkout")

    assert found == Directory(
        members=(("admin", ("rosa",)), ("qa-lead", ("lee",)), ("release-manager", ("mia",))),
        absences=(Absence("lee", office.clock.wall(), until, "mia"),),
    )


def test_without_accounts_the_directory_is_open(office: Office) -> None:
    with office.store.read() as tx:
        assert access.directory(tx, "checkout") == Directory(is_open=True)


def test_the_actor_of_a_token_s_act_is_its_owner_by_that_token() -> None:
    assert access.actor(Principal("ada", through="ci")) == "ada by token ci"
    assert access.actor(Principal("payments", through="payments")) == "payments"
    assert access.actor(open_principal(" ada ")) == "ada"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 101])
def test_a_name_that_can_not_stand_in_the_trail_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match="use 1 to 100 printable characters"):
        access.actor(open_principal(name))
