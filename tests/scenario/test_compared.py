"""The statistical comparison on a real proxy: it acts, asks, survives a kill, and lets good versions pass."""

from __future__ import annotations

from typing import Any

from tests.scenario.harness import Rig, wait_for

HALF = "    - {name: half, weight: 50%, duration: 40h}\n    - {name: all, weight: 100%, duration: 1h}"
NO_TRIGGERS = "    []"
DECLARED = "  analysis: {metrics: [errors], noise: independent, interval: 1s}"
OLD = '{ERRORS: "0.03"}'


def errors_of(view: dict[str, Any]) -> dict[str, Any]:
    """Return what the comparison has found of errors."""
    (found,) = view["analysis"]["metrics"]
    assert found["name"] == "errors"
    return dict(found)


def test_a_version_that_fails_more_often_is_taken_back_without_any_threshold(app: Rig) -> None:
    app.write_process(
        old_env=OLD, new_env='{ERRORS: "0.25"}', stages=HALF, triggers=NO_TRIGGERS, analysis=DECLARED
    )
    app.serve()
    rollout = app.start()
    app.users(rps=80)

    view = app.wait_phase(rollout, "rolled-back", within_s=60)

    assert "analysis: errors on 2.0 are" in view["summary"]["outcome"]
    assert "limit 1.25" in view["summary"]["outcome"]
    (decided,) = [each for each in view["decisions"] if each["kind"] == "rollback-decided"]
    assert decided["by"] == "analysis:errors"
    assert decided["figures"]["errors.evidence"] >= decided["figures"]["errors.needed"] == 100
    assert decided["figures"]["errors.new_bad"] >= 3
    assert app.audit_is_whole()
    assert app.records()[-1].version == "1.0"


def test_without_history_a_person_is_asked_and_decides(app: Rig) -> None:
    learned = "  analysis: {metrics: [errors], interval: 1s}"
    app.write_process(
        old_env=OLD, new_env='{ERRORS: "0.6"}', stages=HALF, triggers=NO_TRIGGERS, analysis=learned
    )
    app.serve()
    rollout = app.start()
    app.users(rps=80)

    view = app.wait_phase(rollout, "paused", within_s=60)

    assert "is not known yet (" in view["explanation"]["waits_for"][0]
    assert [metric["noise_words"] for metric in view["analysis"]["metrics"]] != [""]
    assert "a person" in " ".join(view["explanation"]["on_whom"])
    assert view["weight_asked_percent"] == 50
    assert app.act(rollout, "rollback", reason="it does look bad").status_code == 200
    app.wait_phase(rollout, "rolled-back", within_s=40)


def test_a_kill_neither_forgets_evidence_nor_counts_it_twice(app: Rig) -> None:
    app.write_process(old_env=OLD, new_env=OLD, stages=HALF, triggers=NO_TRIGGERS, analysis=DECLARED)
    app.serve()
    rollout = app.start()
    app.users(rps=80)
    app.wait_stage(rollout, "half")
    before = wait_for("counts", lambda: counted(app, rollout, more_than=100))

    app.kill()
    app.serve()
    after = wait_for("counts to grow", lambda: counted(app, rollout, more_than=before + 100))

    sent = sum(record.version == "2.0" for record in app.records())
    assert before < after <= sent


def test_a_sound_version_passes_early_where_the_process_allows_it(app: Rig) -> None:
    early = (
        "  analysis: {metrics: [{errors: {margin: 2, sound_margin: 4}}], noise: independent,"
        " promote_early: {after: 5m}, interval: 1s}"
    )
    app.write_process(
        old_env='{ERRORS: "0.1"}',
        new_env='{ERRORS: "0.1"}',
        stages=HALF.replace("40h", "400h"),
        triggers=NO_TRIGGERS,
        analysis=early,
    )
    app.serve()
    rollout = app.start()
    app.users(rps=80)

    view = app.wait_phase(rollout, "promoted", within_s=90)

    (passed,) = [each for each in view["decisions"] if each["kind"] == "promoted-early"]
    assert passed["by"] == "analysis"
    assert passed["why"].startswith("analysis: errors on 2.0 are")


def counted(app: Rig, rollout: str, *, more_than: float) -> float:
    """Return how many requests of the new version were compared, 0 while there are no more than that."""
    found = float(errors_of(app.view(rollout))["new_all"])
    return found if found > more_than else 0.0
