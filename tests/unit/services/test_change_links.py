"""Change requests as parts of releases: both know, and conditions of a decision are met in the release."""

from __future__ import annotations

import pytest

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.changes.model import ChangeFacts
from sluiceway.errors import ForbiddenError, IllegalMoveError, InvalidInputError, NotFoundError, RuleError
from sluiceway.services.change_facts import ChangePatch
from sluiceway.services.release_views import ConditionView
from tests.unit.services.board_room import PROCESS, BoardRoom


def conditions(room: BoardRoom, release: str) -> tuple[ConditionView, ...]:
    return room.office.services.releases.get(release, room.olga).conditions


def test_a_link_is_known_on_both_sides_whoever_makes_it(room: BoardRoom) -> None:
    first, second, release = room.approved(), room.approved(), room.release()

    view = room.changes.link(first, "shop@1.1.0", room.olga)
    room.office.services.releases.link_change(release, second, room.olga)

    shown = room.office.services.releases.get(release, room.olga)
    assert (view.releases, view.summary.state) == ((release,), "scheduled")
    assert room.changes.get(second, room.olga).releases == (release,)
    assert [(one.id, one.state, one.risk) for one in shown.changes] == [
        (first, "scheduled", "Low"),
        (second, "scheduled", "Low"),
    ]
    kinds = [one.kind for one in room.changes.history(second, room.olga)]
    assert kinds[0] == "change-linked"


def test_a_release_made_with_requests_is_known_to_them(room: BoardRoom) -> None:
    change = room.approved("A load test")

    release = room.release(changes=(change, change))

    assert room.changes.get(change, room.olga).releases == (release,)
    assert [one.text for one in conditions(room, release)] == ["A load test"]
    with pytest.raises(NotFoundError, match="there is no change request 'CR-2026-099'"):
        room.release("1.2.0", changes=("CR-2026-099",))


def test_conditions_of_a_decision_before_the_link_are_met_in_the_release(room: BoardRoom) -> None:
    change, release = room.approved("A load test"), room.release()

    room.changes.link(change, release, room.olga)

    found = conditions(room, release)
    assert [(one.id, one.text, one.by) for one in found] == [(f"{change}-1", "A load test", "Change board")]
    assert room.changes.get(change, room.olga).conditions[0].open_in == (release,)
    room.office.services.releases.meet_condition(release, found[0].id, room.quin, note="Held")
    assert room.changes.get(change, room.olga).conditions[0].met_in == (release,)


def test_conditions_of_a_decision_after_the_link_reach_the_release(room: BoardRoom) -> None:
    change, release = room.submitted(), room.release()
    room.changes.link(change, release, room.olga)
    assert conditions(room, release) == ()

    room.agree(change, "A load test")

    assert [one.text for one in conditions(room, release)] == ["A load test"]
    trail = room.office.services.releases.history(release, room.olga)
    assert (trail[0].kind, trail[0].actor) == ("conditions-changed", "carl")
    assert trail[0].why == f"{change} is approved on 1 condition"


def test_a_decision_that_counts_no_more_takes_its_open_conditions_along(room: BoardRoom) -> None:
    change, release = room.approved("A load test"), room.release()
    room.changes.link(change, release, room.olga)

    room.changes.edit(change, ChangePatch(description="Customers pay never"), room.olga)
    assert conditions(room, release) == ()

    room.agree(change, "Documents")
    assert [(one.id, one.text) for one in conditions(room, release)] == [(f"{change}-1", "Documents")]


def test_taking_a_request_out_takes_its_open_conditions_along(room: BoardRoom) -> None:
    change, release = room.approved("A load test"), room.release()
    room.changes.link(change, release, room.olga)

    view = room.changes.unlink(change, release, room.olga)

    assert (view.releases, view.summary.state) == ((), "approved")
    assert conditions(room, release) == ()
    with pytest.raises(RuleError, match=f"{change} is not part of {release}"):
        room.changes.unlink(change, release, room.olga)
    room.changes.link(change, release, room.olga)
    room.office.services.releases.unlink_change(release, change, room.olga)
    assert room.changes.get(change, room.olga).releases == ()


def test_what_can_not_be_linked_is_refused_and_nothing_is_half_done(room: BoardRoom) -> None:
    change, release = room.submitted(), room.release()
    room.changes.link(change, release, room.olga)
    with pytest.raises(RuleError, match=f"{change} is part of {release} already"):
        room.changes.link(change, release, room.olga)
    room.changes.vote(change, VoteKind.REJECT, room.carl, comment="No")
    room.changes.vote(change, VoteKind.REJECT, room.quin, comment="No")
    room.changes.decide(change, room.carl)
    other = room.release("1.2.0")

    with pytest.raises(IllegalMoveError, match=rf"{change} is rejected .* can't become part of a release"):
        room.changes.link(change, other, room.olga)
    with pytest.raises(NotFoundError, match=r"shop has no release of 9\.9\.9"):
        room.changes.link(change, "shop@9.9.9", room.olga)

    assert room.office.services.releases.get(other, room.olga).changes == ()


def test_a_request_becomes_part_of_its_own_services_releases_only(room: BoardRoom) -> None:
    room.office.put_process("till", PROCESS.replace("name: shop", "name: till"))
    tom = room.office.person("tom", "owner@till", "owner@shop")
    elsewhere = room.changes.new(ChangeFacts("Till", "tom"), tom, service="till")

    with pytest.raises(InvalidInputError, match="is about till, not about shop"):
        room.changes.link(elsewhere.summary.id, room.release(), tom)


def test_an_ended_release_takes_no_request(room: BoardRoom) -> None:
    change, release = room.approved(), room.release()
    rosa = room.office.log_in("rosa")
    room.office.services.releases.cancel(release, rosa, reason="not now")

    with pytest.raises(RuleError, match="is cancelled and can't be changed any more"):
        room.changes.link(change, release, rosa)


def test_a_request_leaves_a_release_that_has_ended_which_keeps_its_record(room: BoardRoom) -> None:
    change, release = room.approved("A load test"), room.release()
    room.changes.link(change, release, room.olga)
    room.office.services.releases.cancel(release, room.office.log_in("rosa"), reason="not now")

    view = room.changes.unlink(change, release, room.olga)

    assert (view.releases, view.summary.state) == ((), "approved")
    assert [one.text for one in conditions(room, release)] == ["A load test"]
    assert [one.id for one in room.office.services.releases.get(release, room.olga).changes] == [change]


def test_linking_is_up_to_who_plans(room: BoardRoom) -> None:
    change, release = room.approved(), room.release()

    with pytest.raises(ForbiddenError, match="carl may not plan for shop"):
        room.changes.link(change, release, room.carl)
    assert "link" not in room.changes.get(change, room.carl).may


def test_a_release_that_has_ended_is_in_nobodys_way(room: BoardRoom) -> None:
    change = room.approved()
    rosa = room.office.log_in("rosa")
    first = room.release()
    room.changes.link(change, first, room.olga)
    room.office.services.releases.cancel(first, rosa, reason="anew")

    view = room.changes.link(change, room.release(), room.olga)

    assert (len(view.releases), view.conflicts) == (2, ())
