"""Processes that die without warning: Sluiceway itself, Envoy, the service."""

from __future__ import annotations

import random
import time

import pytest

from tests.scenario.harness import Rig, wait_for

KILLS = 20


@pytest.mark.slow
def test_twenty_kills_at_random_moments_lose_no_request_and_do_nothing_twice(app: Rig) -> None:
    seed = random.randrange(1_000_000)
    dice = random.Random(seed)
    app.speed = 300
    app.write_process()
    app.serve()
    rollout = app.start()
    app.users(rps=40)

    for _ in range(KILLS):
        time.sleep(dice.uniform(0.0, 1.5))  # a random moment of real work, not a wait for an outcome
        app.kill()
        app.serve()
    view = app.wait_phase(rollout, "promoted", "rolled-back", "aborted", within_s=120)

    failed = [r for r in app.records() if r.is_failed]
    assert view["summary"]["phase"] == "promoted", f"seed {seed}: {view['summary']}"
    assert failed == [], f"seed {seed}: {failed[:5]}"
    assert (app.starts("1.0"), app.starts("2.0")) == (1, 1), f"seed {seed}"
    assert app.audit_is_whole()
    history = app.api("GET", f"/rollouts/{rollout}/history").json()
    entered = [entry["why"].split(":")[0] for entry in history if entry["kind"] == "stage-entered"]
    assert entered == ["stage few at 10 %", "stage half at 50 %", "stage all at 100 %"], f"seed {seed}"


def test_a_rollback_that_was_cut_off_by_a_kill_is_finished_after_the_restart(app: Rig) -> None:
    app.write_process(new_env='{DEAF: "1"}', grace="3s")
    app.serve()
    rollout = app.start()
    app.users()
    app.wait_stage(rollout, "few")
    app.act(rollout, "rollback", reason="practice")

    app.kill()
    app.serve()
    app.wait_phase(rollout, "rolled-back", within_s=30)

    records = app.records()
    assert [r for r in records if r.is_failed] == []
    assert records[-1].version == "1.0"
    assert [p for p in app.services() if "2.0" in p.cmdline()] == []


def test_users_are_served_while_sluiceway_is_down(app: Rig) -> None:
    app.write_process()
    app.serve()
    rollout = app.start()
    app.users()
    app.wait_stage(rollout, "few")

    app.kill()
    down_at = time.time()
    time.sleep(3)  # the time that users must get through alone
    app.serve()
    app.wait_phase(rollout, "promoted", within_s=90)

    records = app.records()
    while_down = [r for r in records if down_at < r.at < down_at + 3]
    assert len(while_down) > 60
    assert [r for r in records if r.is_failed] == []


def test_a_killed_envoy_is_back_within_seconds_and_the_rollout_goes_on(app: Rig) -> None:
    app.write_process()
    app.serve()
    rollout = app.start()
    app.users()
    app.wait_stage(rollout, "few")
    before = {envoy.pid for envoy in app.envoys()}
    killed_at = time.time()
    for envoy in app.envoys():
        envoy.kill()

    wait_for("another Envoy", lambda: {e.pid for e in app.envoys()} - before, 10)
    app.wait_phase(rollout, "promoted", within_s=90)

    failed = [r for r in app.records() if r.is_failed]
    assert all(killed_at - 1 < r.at < killed_at + 5 for r in failed), failed[-3:]


def test_an_instance_that_is_killed_is_started_again(app: Rig) -> None:
    app.write_process(instances=2)
    app.serve()
    rollout = app.start()
    app.users()
    app.wait_stage(rollout, "few")
    victim = next(p for p in app.services() if "1.0" in p.cmdline())
    victim.kill()

    wait_for("a third start of 1.0", lambda: app.starts("1.0") == 3, 20)
    app.wait_phase(rollout, "promoted", within_s=90)

    failed = [r for r in app.records() if r.is_failed]
    assert len(failed) <= 2, failed  # only requests that the victim was answering
