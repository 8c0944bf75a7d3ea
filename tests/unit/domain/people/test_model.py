"""Who plays what, and who stands in for whom."""

from __future__ import annotations

from sluiceway.domain.people.model import Absence, Directory, Grant, Principal
from sluiceway.testing.builders import at

DIRECTORY = Directory(
    members=(("qa-lead", ("ada", "bob")),),
    absences=(Absence("ada", at(10), at(20), "bob"), Absence("eve", at(0), at(99))),
)


def test_a_role_has_its_people_and_no_other() -> None:
    assert DIRECTORY.people_in("qa-lead") == ("ada", "bob")
    assert DIRECTORY.people_in("cto") == ()
    assert DIRECTORY.holds("ada", "qa-lead")
    assert not DIRECTORY.holds("eve", "qa-lead")


def test_in_the_open_everybody_plays_every_role() -> None:
    assert Directory(is_open=True).holds("anybody", "cto")


def test_an_absence_begins_at_its_first_moment_and_is_over_at_its_last() -> None:
    assert DIRECTORY.away("ada", at(9)) is None
    assert DIRECTORY.away("ada", at(10)) == DIRECTORY.absences[0]
    assert DIRECTORY.away("ada", at(20)) is None
    assert DIRECTORY.stands_in_for("bob", at(15)) == ("ada",)
    assert DIRECTORY.stands_in_for("bob", at(20)) == ()


def test_roles_for_a_service_are_its_own_and_those_for_every_one() -> None:
    by = Principal("ada", (Grant("ada", "qa-lead", "shop"), Grant("ada", "viewer")))

    assert by.roles_for("shop") == {"qa-lead", "viewer"}
    assert by.roles_for("till") == by.roles_for("") == {"viewer"}
