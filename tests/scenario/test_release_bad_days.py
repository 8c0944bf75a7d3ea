"""What goes wrong around a release: people at once, people in two parts, frozen things, tokens, clocks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluiceway.config.process import resolved_text
from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ProcessFileError
from sluiceway.services.release_facts import FactsPatch
from tests.scenario.company import SERVICE, Company
from tests.scenario.shop_team import FACTS, a_release_in_testing, bearer, open_shop, served


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    with open_shop(tmp_path) as made:
        yield made


@pytest.fixture
def release(company: Company) -> str:
    return a_release_in_testing(company)


def test_approvers_at_once_all_count(company: Company, release: str) -> None:
    seen = company.approval(release, "quality").subject_hash
    together = threading.Barrier(3)
    refused: list[Exception] = []

    def vote(name: str) -> None:
        together.wait(10)
        try:
            company.releases.vote(release, "quality", VoteKind.APPROVE, company[name], seen=seen)
        except Exception as failure:
            refused.append(failure)

    threads = [threading.Thread(target=vote, args=(name,)) for name in ("quinn", "quincy", "queenie")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert refused == []
    approval = company.approval(release, "quality")
    assert approval.standing == "approved"
    assert {vote.by for vote in approval.votes} == {"quinn", "quincy", "queenie"}
    assert [kind for kind, _, _ in company.trail(release)].count("vote-approve") == 3


def test_who_looked_before_somebody_else_acted_is_told_so(company: Company, release: str) -> None:
    looked_at = company.view(release).version
    company.edit(release, FactsPatch(manager="rita"), "rita")

    refusal = company.refused(
        lambda: company.releases.move(
            release, "draft", company["rita"], reason="Too early", expected_version=looked_at
        )
    )

    assert refusal == (
        f"release {release} is at version {looked_at + 1}, not {looked_at}: somebody changed it since you "
        "looked; look again and decide anew"
    )


def test_an_author_who_may_approve_does_not_approve_their_own(company: Company) -> None:
    own = company.new(FACTS, "quinn")

    refusal = company.refused(lambda: company.vote(own, "quality", VoteKind.APPROVE, "quinn"))

    assert refusal == (
        "Quality, which asks for 2 of QA Lead: quinn wrote it, and the two are kept separate; "
        "somebody else must vote"
    )


def test_a_vote_stops_counting_when_its_voter_loses_the_role(company: Company, release: str) -> None:
    company.releases.move(release, "draft", company["rita"], reason="Not yet")
    company.releases.move(release, "testing", company["rita"])
    assert company.vote(release, "quality", VoteKind.APPROVE, "quinn", "quincy").standing == "approved"

    company.accounts.revoke("quincy", "qa-lead", SERVICE, company["rosa"])

    approval = company.approval(release, "quality")
    assert approval.standing == "waiting"
    assert [vote.void_reason for vote in approval.votes] == ["", "quincy is not QA Lead any more"]
    assert company.missing(release, "rolling-out")[0].who == ("queenie",)
    assert company.log_in("quincy").grants == ()


def test_a_plan_that_changes_after_the_approval_is_asked_for_again_with_what_changed(
    company: Company, release: str
) -> None:
    company.edit(release, FactsPatch(target_at=company.weeks(2)), "eric")
    company.vote(release, "quality", VoteKind.APPROVE, "quinn", "quincy")
    company.edit(release, FactsPatch(target_at=company.weeks(3)), "rita")

    (held, *_) = company.missing(release, "rolling-out")

    changed = (
        'what it was given on has changed since: target was "2027-03-15T09:00:00+00:00", '
        'is "2027-03-22T09:00:00+00:00"'
    )
    assert {vote.void_reason for vote in company.approval(release, "quality").votes} == {changed}
    assert held.text.startswith(
        "Quality waits for 2 of QA Lead (queenie, quincy or quinn); quinn's vote does not"
    )


def test_what_is_frozen_stays_so_whoever_asks(company: Company, release: str) -> None:
    company.vote(release, "quality", VoteKind.APPROVE, "quinn", "quincy")
    with served(company) as client:
        client.headers.update(bearer(company, "rita", Permission.PLAN, Permission.MOVE, Permission.READ))
        scope = [{"id": "more", "kind": "feature", "text": "One more thing"}]

        edited = client.post(f"/api/releases/{release}/edit", json={"facts": {"scope": scope}})
        unknown = client.post(
            f"/api/releases/{release}/edit", json={"facts": {"scope": []}, "phase": "closed"}
        )
        closed = client.post(f"/api/releases/{release}/move", json={"to": "closed"})

    assert (edited.status_code, edited.json()["code"]) == (409, "rule")
    assert (
        "the scope of REL-2027-0001 is frozen in testing; move it back first (draft)"
        in edited.json()["detail"]
    )
    assert unknown.status_code == 400
    assert (closed.status_code, closed.json()["code"]) == (409, "illegal-move")
    assert company.view(release).facts == FACTS


def test_a_freeze_of_the_calendar_holds_a_move_by_api_until_somebody_overrides_it(
    company: Company, release: str
) -> None:
    company.clock.advance((datetime(2027, 5, 4, 8, tzinfo=UTC) - company.clock.now()).total_seconds())
    company.vote(release, "quality", VoteKind.APPROVE, "quinn", "quincy")
    move = {"to": "rolling-out"}
    with served(company) as client:
        client.headers.update(bearer(company, "rita", Permission.MOVE, Permission.OVERRIDE, Permission.READ))
        held = client.post(f"/api/releases/{release}/move", json=move)
        override = client.post(f"/api/releases/{release}/override", json={"reason": "The shop is down"})
        moved = client.post(f"/api/releases/{release}/move", json=move)

    assert (held.status_code, held.json()["code"]) == (409, "not-ready")
    assert "Tuesday 4 May 2027 is in the freeze Trade fair" in held.json()["detail"]
    assert (override.status_code, moved.status_code) == (200, 200)
    assert ("calendar-overridden", "rita by token rita-token") in [
        (kind, by) for kind, by, _ in company.trail(release)
    ]


def test_files_that_extend_each_other_are_refused_and_nothing_is_put_in_force(
    company: Company, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text("extends: ./b.yaml\nname: shop\n")
    (tmp_path / "b.yaml").write_text("extends: ./a.yaml\n")
    before = company.processes.current(SERVICE, company["rosa"]).content_hash

    with pytest.raises(ProcessFileError) as refusal:
        resolved_text(tmp_path / "a.yaml")
    sent = company.refused(
        lambda: company.processes.apply("extends: ./b.yaml\n", "a.yaml", SERVICE, company["rosa"])
    )

    assert "goes in a circle: " in str(refusal.value)
    assert "a.yaml" in str(refusal.value)
    assert "b.yaml" in str(refusal.value)
    assert "./b.yaml" in sent
    assert company.processes.current(SERVICE, company["rosa"]).content_hash == before


def test_a_token_does_no_more_than_its_scopes_its_service_and_its_time_allow(
    company: Company, release: str
) -> None:
    readers = bearer(company, "rita", Permission.READ)
    elsewhere = bearer(company, "quinn", Permission.READ, service="other")
    short = bearer(company, "quincy", Permission.READ, expires_s=3_600)
    reach = f"/api/releases/{release}"
    with served(company) as client:
        looks = client.get(reach, headers=readers)
        moves = client.post(f"{reach}/move", json={"to": "rolling-out"}, headers=readers)
        strays = client.get(reach, headers=elsewhere)
        in_time = client.get(reach, headers=short)
        company.clock.advance(3_600)
        late = client.get(reach, headers=short)
        nobody = client.get(reach)

    assert (looks.status_code, in_time.status_code) == (200, 200)
    assert (moves.status_code, moves.json()["code"]) == (403, "forbidden")
    assert "the token rita-token of rita may not move for shop" in moves.json()["detail"]
    assert strays.status_code == 403
    assert (late.status_code, late.json()["code"]) == (401, "unauthorised")
    assert "the token quincy-token expired at 2027-03-01T10:00+00:00" in late.json()["detail"]
    assert nobody.status_code == 401
    assert company.phase(release) == "testing"


@pytest.mark.parametrize(
    ("day", "hour_of_nine"),
    [
        pytest.param(datetime(2027, 3, 26, tzinfo=UTC), 8, id="the Friday before clocks go forward"),
        pytest.param(datetime(2027, 3, 29, tzinfo=UTC), 7, id="the Monday after"),
        pytest.param(datetime(2027, 10, 29, tzinfo=UTC), 7, id="the Friday before clocks go back"),
        pytest.param(datetime(2027, 11, 1, tzinfo=UTC), 8, id="the Monday after that"),
    ],
)
def test_a_window_opens_by_the_clocks_of_its_zone(
    company: Company, release: str, day: datetime, hour_of_nine: int
) -> None:
    nine = day.replace(hour=hour_of_nine)
    company.clock.advance((nine - timedelta(seconds=1) - company.clock.now()).total_seconds())
    company.vote(release, "quality", VoteKind.APPROVE, "quinn", "quincy")

    (held,) = company.missing(release, "rolling-out")
    assert held.kind == "calendar"
    assert "09:00" in held.text

    company.clock.advance(1)
    assert company.missing(release, "rolling-out") == ()
    company.clock.advance(7 * 3_600 - 1)  # until a second before four
    assert company.missing(release, "rolling-out") == ()
    company.clock.advance(1)
    assert [one.kind for one in company.missing(release, "rolling-out")] == ["calendar"]


def test_an_approval_lasts_its_hours_however_the_clocks_are_changed(company: Company, release: str) -> None:
    before_the_change = datetime(2027, 3, 27, 20, tzinfo=UTC)  # a night of 23 hours follows
    company.clock.advance((before_the_change - company.clock.now()).total_seconds())
    approval = company.vote(release, "quality", VoteKind.APPROVE, "quinn", "quincy")
    assert approval.expires_at == before_the_change + timedelta(hours=24)

    company.clock.advance(24 * 3_600 - 1)
    company.clock.set_wall(before_the_change + timedelta(days=3))  # somebody sets the system's clock
    assert company.approval(release, "quality").standing == "approved"
    company.clock.advance(1)
    assert company.approval(release, "quality").standing == "waiting"
    company.clock.set_wall(before_the_change)
    assert company.approval(release, "quality").standing == "waiting"
