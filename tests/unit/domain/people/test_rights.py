"""What roles allow: built-in ones, those of a process, and the limits of tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.people.model import Grant, Principal, open_principal
from sluiceway.domain.people.rights import BUILT_IN, may, rights_of_roles
from sluiceway.domain.process.team import Permission, Role

ROLES = rights_of_roles(
    [
        Role("release-manager", "Release Manager", may=(Permission.MOVE, Permission.ROLLOUT)),
        Role("qa-lead", "QA Lead", may=(Permission.ATTEST,)),
        Role("viewer", "Viewer", may=(Permission.ADMIN,)),
    ]
)
EVERYONE = st.sampled_from(["admin", "operator", "viewer", "sender", "release-manager", "qa-lead", "gone"])
SERVICES = st.sampled_from(["shop", "till"])
GRANTS = st.lists(st.builds(Grant, st.just("ada"), EVERYONE, st.sampled_from(["shop", "till", "*"])))


def person(*grants: tuple[str, str]) -> Principal:
    return Principal("ada", tuple(Grant("ada", role, service) for role, service in grants))


def rights(by: Principal, service: str) -> set[Permission]:
    return {right for right in Permission if may(by, right, service, ROLES if service else {})}


def test_without_accounts_everybody_may_do_everything() -> None:
    assert rights(open_principal("ada"), "shop") == rights(open_principal("ada"), "") == set(Permission)


def test_somebody_without_a_role_may_do_nothing() -> None:
    assert rights(person(), "shop") == set()


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("admin", set(Permission)),
        (
            "operator",
            {Permission.READ, Permission.ROLLOUT, Permission.ROLL_BACK, Permission.FLAG, Permission.KILL},
        ),
        ("viewer", {Permission.READ}),
        ("sender", {Permission.PUSH}),
        ("gone", set()),
    ],
)
def test_a_built_in_role_is_the_same_everywhere(role: str, expected: set[Permission]) -> None:
    assert rights(person((role, "*")), "") == rights(person((role, "shop")), "shop") == expected


def test_a_process_can_not_change_what_a_built_in_role_may() -> None:
    assert rights(person(("viewer", "shop")), "shop") == {Permission.READ}


def test_a_role_of_the_process_may_do_what_stands_there_and_read() -> None:
    assert rights(person(("qa-lead", "shop")), "shop") == {Permission.READ, Permission.ATTEST}


def test_whoever_may_roll_out_may_roll_back() -> None:
    manager = person(("release-manager", "shop"))

    assert rights(manager, "shop") == {
        Permission.READ,
        Permission.MOVE,
        Permission.ROLLOUT,
        Permission.ROLL_BACK,
    }


def test_a_role_for_one_service_says_nothing_about_another_or_about_all() -> None:
    operator = person(("operator", "shop"))

    assert rights(operator, "till") == rights(operator, "") == set()


def test_a_token_does_no_more_than_its_scopes_and_only_for_its_services() -> None:
    admin = (Grant("ada", "admin"),)
    token = Principal(
        "ada", admin, scopes=frozenset({Permission.READ}), services=frozenset({"shop"}), through="ci"
    )

    assert rights(token, "shop") == {Permission.READ}
    assert rights(token, "till") == rights(token, "") == set()
    assert not token.is_admin


def test_an_administrator_of_one_service_is_none_of_the_installation() -> None:
    assert not person(("admin", "shop")).is_admin
    assert person(("admin", "*")).is_admin
    assert not Principal("ada", (Grant("ada", "admin"),), scopes=frozenset({Permission.READ})).is_admin
    assert Principal("ada", (Grant("ada", "admin"),), scopes=frozenset({Permission.ADMIN})).is_admin


@given(grants=GRANTS, scopes=st.frozensets(st.sampled_from(Permission)), service=SERVICES)
def test_a_token_never_may_more_than_its_owner(
    grants: list[Grant], scopes: frozenset[Permission], service: str
) -> None:
    owner = Principal("ada", tuple(grants))
    token = Principal("ada", tuple(grants), scopes=scopes, services=frozenset({service}), through="ci")

    assert rights(token, service) <= rights(owner, service)
    assert rights(token, "") == set()


@given(grants=GRANTS, more=st.builds(Grant, st.just("ada"), EVERYONE, SERVICES), service=SERVICES)
def test_another_role_never_takes_a_right_away(grants: list[Grant], more: Grant, service: str) -> None:
    before, after = Principal("ada", tuple(grants)), Principal("ada", (*grants, more))

    assert rights(before, service) <= rights(after, service)


@given(grants=GRANTS)
def test_a_right_for_every_service_is_one_for_each(grants: list[Grant]) -> None:
    by = Principal("ada", tuple(grants))

    assert rights(by, "") <= rights(by, "shop") & rights(by, "till")


def test_every_right_is_somebody_s() -> None:
    assert frozenset().union(*BUILT_IN.values()) == frozenset(Permission)
