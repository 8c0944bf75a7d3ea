"""The buttons of a rollout's page and what their dialogs say."""

from __future__ import annotations

import pytest

from sluiceway.web.acts import Act, Tone, attestation, possible_acts
from tests.unit.web.views import a_criterion, a_stage, a_view


def act(kind: str, **view: object) -> Act:
    """Return the act of this kind that a view offers."""
    return next(one for one in possible_acts(a_view(**view)) if one.kind == kind)  # type: ignore[arg-type]


def kinds(**view: object) -> list[str]:
    return [one.kind for one in possible_acts(a_view(**view))]  # type: ignore[arg-type]


def said(one: Act) -> str:
    return " ".join((one.title, *one.consequences, *(choice.consequence for choice in one.choices))).replace(
        "\u00a0", " "
    )


def test_only_what_the_rollout_allows_becomes_a_button() -> None:
    assert kinds(actions=("pause", "rollback", "edit")) == ["pause", "rollback"]


def test_the_ways_back_come_last() -> None:
    assert kinds()[-2:] == ["rollback", "abort"]


def test_approve_is_offered_while_a_stage_waits_for_it() -> None:
    assert "approve" in kinds(phase="awaiting-approval")


def test_approve_is_not_offered_for_criteria_that_have_their_own_button() -> None:
    assert "approve" not in kinds(phase="progressing")


def test_approving_names_the_stage_and_its_share() -> None:
    approve = act("approve", phase="awaiting-approval", stages=(a_stage("few", 10, "waiting"),))

    assert approve.subject == "few"
    assert "“few”: 10 % of users meet 1.5" in said(approve)


def test_pausing_says_what_the_traffic_will_be() -> None:
    assert "Traffic stays as it is: 50 % on 1.5, 50 % on 1.4." in said(act("pause"))


def test_promoting_names_every_stage_it_passes_over_and_needs_a_reason() -> None:
    promote = act("promote")

    assert "“half”, “all”" in said(promote)
    assert promote.needs_reason


def test_promoting_while_the_old_version_is_kept_means_retiring_it() -> None:
    assert act("promote", phase="keeping").label == "Retire old version"


def test_skipping_names_the_stage_that_follows() -> None:
    assert "Next is stage “all”: everyone meets 1.5." in said(act("skip"))


def test_skipping_says_when_the_next_stage_still_needs_approval() -> None:
    stages = (a_stage("few", 10, "current"), a_stage("all", 100, "waiting", approval="approval by lead"))

    assert "still needs its approval: approval by lead" in said(act("skip", stages=stages))


def test_skipping_the_last_stage_says_that_none_is_left() -> None:
    assert "no stage is left" in said(act("skip", stages=(a_stage("all", 100, "current"),)))


def test_a_rollback_offers_three_ways_and_immediate_first() -> None:
    assert [way.value for way in act("rollback").choices] == ["immediate", "gradual", "emergency"]


def test_an_emergency_rollback_says_that_requests_fail() -> None:
    emergency = act("rollback").choices[2]

    assert "requests it is working on fail" in emergency.consequence


def test_a_rollback_under_way_can_only_be_made_faster() -> None:
    rollback = act("rollback", phase="rolling-back")

    assert [way.value for way in rollback.choices] == ["immediate", "emergency"]
    assert rollback.label == "Hasten rollback"


@pytest.mark.parametrize("kind", ["rollback", "abort"])
def test_the_ways_back_are_marked_as_such(kind: str) -> None:
    assert act(kind).tone is Tone.BACK


def test_trying_again_is_not_offered_when_nothing_was_refused() -> None:
    assert "retry" not in kinds()


def test_trying_again_is_offered_when_a_provider_has_a_problem_and_says_which() -> None:
    assert "Refused so far: port 8080 is taken" in said(act("retry", problems=("port 8080 is taken",)))


def test_trying_again_is_offered_when_the_new_version_could_not_start() -> None:
    assert "retry" in kinds(new_ready="gave up after 5 crashes")


def test_trying_a_finished_rollout_again_starts_a_new_one() -> None:
    retry = act("retry", phase="rolled-back", is_finished=True, actions=("retry",))

    assert retry.label == "Start again"
    assert "A new rollout of checkout from 1.4 to 1.5 starts." in said(retry)


def test_a_manual_criterion_that_waits_has_its_own_button() -> None:
    criterion = a_criterion("waits-for-person", "manual")

    attest = attestation(a_view(), criterion, 2)

    assert attest is not None
    assert (attest.key, attest.kind, attest.subject) == ("attest-2", "approve", criterion.text)


@pytest.mark.parametrize("verdict", ["met", "attested", "no-data"])
def test_a_criterion_that_waits_for_nobody_has_no_button(verdict: str) -> None:
    assert attestation(a_view(), a_criterion(verdict), 0) is None


def test_nothing_can_be_attested_when_the_rollout_does_not_allow_it() -> None:
    assert attestation(a_view(actions=()), a_criterion("waits-for-person", "manual"), 0) is None
