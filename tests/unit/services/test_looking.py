"""Looking at rollouts: lists, views, plots, history, changes, the audit trail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from sluiceway.domain.process.plan import Action, Trigger
from sluiceway.domain.rollouts.model import CommandKind, RolloutId
from sluiceway.errors import AuditBrokenError, InvalidInputError, NotFoundError
from sluiceway.ports.store import SamplePoint
from sluiceway.services.limits import fixed_limits
from tests.unit.domain.rollouts.world import a_plan, a_trigger, expression
from tests.unit.services.desk import ADA, Office


def test_a_list_pages_newest_first(office: Office) -> None:
    ids = [office.put_rollout(service=f"s{n}", port=9000 + n) for n in range(5)]

    first = office.service.list(ADA, limit=2)
    second = office.service.list(ADA, limit=2, before=first[-1].id)

    assert [item.id for item in (*first, *second)] == list(reversed(ids))[:4]


def test_a_list_can_be_of_one_service_or_of_unfinished_ones(office: Office) -> None:
    done = office.put_rollout(service="cart", port=9001)
    office.desk.run(done, until="promoted")
    running = office.put_rollout(service="search", port=9002)

    assert [item.id for item in office.service.list(ADA, active_only=True)] == [running]
    assert [item.id for item in office.service.list(ADA, service="cart")] == [done]


@pytest.mark.parametrize("limit", [0, 501])
def test_a_page_has_a_bound(office: Office, limit: int) -> None:
    with pytest.raises(InvalidInputError, match="limit"):
        office.service.list(ADA, limit=limit)


def test_a_view_tells_asked_and_observed_weight_and_the_stage(office: Office) -> None:
    rollout_id = office.put_rollout(a_plan(500, 10_000))
    office.desk.run(rollout_id, until="progressing")
    office.desk.tick()

    view = office.service.get(rollout_id, ADA)

    assert (view.weight_asked_percent, view.weight_observed_percent) == (5.0, 5.0)
    assert [stage.status for stage in view.stages] == ["current", "waiting"]
    assert view.new_ready == "1 of 1"
    assert view.ingress == "http://127.0.0.1:8080"


def test_half_a_stage_is_half_its_progress_and_half_its_time_left(office: Office) -> None:
    rollout_id = office.put_rollout(a_plan(500, 10_000, duration_s=600))
    office.desk.run(rollout_id, until="progressing")
    office.desk.tick()
    office.desk.tick()
    with office.store.read() as tx:
        entered_at = tx.get_rollout(RolloutId(rollout_id)).state.stage_entered_at
    assert entered_at is not None
    office.clock.advance((entered_at - office.clock.now()).total_seconds() + 300)

    view = office.service.get(rollout_id, ADA)

    assert view.stages[0].progress == pytest.approx(0.5)
    assert view.stage_time_left_s == pytest.approx(300)


def test_a_criterion_is_shown_with_its_answer_and_figures(office: Office) -> None:
    rollout_id = office.put_rollout(a_plan(criteria=(expression("error_rate < 0.01"),)))
    office.desk.run(rollout_id, until="progressing")
    office.desk.worlds[RolloutId(rollout_id)].figures(error_rate=0.2, side="new")
    office.desk.tick()

    criterion = office.service.get(rollout_id, ADA).stages[0].criteria[0]

    assert criterion.verdict == "not-met"
    assert "20" in criterion.found


def test_metrics_of_both_versions_stand_beside_the_tightest_limit(office: Office) -> None:
    triggers = (a_trigger("error_rate > 0.05"), a_trigger("error_rate > 0.02", Action.PAUSE))
    rollout_id = office.put_rollout(a_plan(triggers=triggers))
    office.desk.run(rollout_id, until="progressing")
    office.desk.tick()

    metric = next(m for m in office.service.get(rollout_id, ADA).metrics if m.name == "error_rate")

    assert (metric.new, metric.stable, metric.limit, metric.unit) == (0.0, 0.0, 0.02, "share")


def test_a_bound_that_moves_with_the_stable_version_is_no_fixed_limit() -> None:
    def trigger(expression_text: str) -> Trigger:
        return Trigger("t", expression_text, expression_text, Action.IMMEDIATE)

    plan = a_plan(
        triggers=(
            trigger("p95_ms > 2.0 * baseline.p95_ms"),
            trigger("p95_ms > 500.0 || error_rate >= 0.05"),
            trigger("success_rate < 0.9"),
            trigger("baseline.p50_ms > 9.0"),
        )
    )

    assert fixed_limits(plan) == {"p95_ms": 500.0, "error_rate": 0.05, "success_rate": 0.9}


def test_decisions_are_newest_first_and_without_the_asking(office: Office) -> None:
    rollout_id = office.put_rollout()
    office.desk.run(rollout_id, until="progressing")
    office.service.act(rollout_id, CommandKind.PAUSE, ADA)

    kinds = [decision.kind for decision in office.service.get(rollout_id, ADA).decisions]

    assert kinds[0] == "paused"
    assert not any(kind.startswith("asked-") for kind in kinds)


def test_history_pages_by_sequence(office: Office) -> None:
    rollout_id = office.put_rollout()
    office.desk.run(rollout_id, until="promoted")
    whole = office.service.history(rollout_id, ADA)

    rest = office.service.history(rollout_id, ADA, after=whole[1].seq)

    assert [entry.seq for entry in rest] == [entry.seq for entry in whole[2:]]


def test_plots_have_a_value_for_each_instant_and_name(office: Office) -> None:
    rollout_id = office.put_rollout(a_plan(triggers=(a_trigger("error_rate > 0.05"),)))
    at = office.clock.wall()
    with office.store.begin() as tx:
        row = tx.get_rollout(RolloutId(rollout_id))
        tx.add_samples(row.id, [SamplePoint(at, {"new.error_rate": 0.1, "weight_asked": 5.0})])
        tx.add_samples(row.id, [SamplePoint(at + timedelta(seconds=1), {"weight_asked": 10.0})])

    series = office.service.series(rollout_id, ADA)

    assert series.at == (at.timestamp(), at.timestamp() + 1)
    assert series.figures == {"new.error_rate": (0.1, None), "weight_asked": (5.0, 10.0)}
    assert series.limits == {"error_rate": 0.05}


def test_a_change_is_noticed_by_its_token(office: Office) -> None:
    rollout_id = office.put_rollout()
    first = office.service.wait_for_change(rollout_id, None, ADA)
    assert first is not None
    assert office.service.wait_for_change(rollout_id, first.token, ADA, timeout_s=2.0) is None

    office.desk.tick()

    second = office.service.wait_for_change(rollout_id, first.token, ADA)
    assert second is not None
    assert second.token != first.token


def test_an_explanation_says_what_it_waits_for(office: Office) -> None:
    rollout_id = office.put_rollout(a_plan(approvals=(1,)))
    office.desk.run(rollout_id, until="awaiting-approval")

    found = office.service.explain(rollout_id, ADA)

    assert found.on_whom == ("lead",)
    assert "waits for approval" in found.headline


def test_an_unknown_id_is_not_found(office: Office) -> None:
    with pytest.raises(NotFoundError):
        office.service.get("0198c0de-0000-7000-8000-000000000000", ADA)


def test_a_whole_trail_is_verified_up_to_its_head(office: Office) -> None:
    rollout_id = office.put_rollout()
    office.desk.run(rollout_id, until="promoted")
    entries = office.service.history(rollout_id, ADA)

    found = office.service.verify_audit(ADA, entries[0].hash)

    assert (found.entries, found.head) == (len(entries), entries[-1].hash)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("UPDATE audit SET why = 'nothing happened' WHERE seq = 2", "entry 2 was changed"),
        ("DELETE FROM audit WHERE seq = 2", "entry 2 is missing"),
        ("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", "cut off"),
    ],
)
def test_a_harmed_trail_is_found(office: Office, harm: str, words: str) -> None:
    office.desk.run(office.put_rollout(), until="promoted")
    with office.store.engine.begin() as connection:  # somebody with the file in hand takes the guards off
        guards = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
        for guard in list(guards):
            connection.execute(text(f"DROP TRIGGER {guard}"))
        connection.execute(text(harm))

    with pytest.raises(AuditBrokenError, match=words):
        office.service.verify_audit(ADA)


def test_a_head_noted_earlier_that_is_gone_is_found(office: Office) -> None:
    office.desk.run(office.put_rollout(), until="promoted")

    with pytest.raises(AuditBrokenError, match="cut off"):
        office.service.verify_audit(ADA, "f" * 64)
