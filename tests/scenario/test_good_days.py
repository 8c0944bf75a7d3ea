"""The main job on real parts: forward when it is good, back when it hurts."""

from __future__ import annotations

import signal
import subprocess
import sys

from tests.scenario.harness import Rig


def test_a_good_version_replaces_the_old_one_without_losing_a_request(app: Rig) -> None:
    app.write_process()
    app.serve()
    rollout = app.start()
    app.users()

    view = app.wait_phase(rollout, "promoted", within_s=90)

    records = app.records()
    assert [r for r in records if r.is_failed] == []
    assert {r.version for r in records} == {"1.0", "2.0"}
    assert records[-1].version == "2.0"
    assert view["summary"]["outcome"] == "2.0 serves everyone; 1.0 is retired"
    assert app.audit_is_whole()
    assert (app.starts("1.0"), app.starts("2.0")) == (1, 1)


def test_a_version_that_fails_is_taken_back_and_the_reason_names_trigger_and_figures(app: Rig) -> None:
    app.write_process(new_env='{ERRORS: "0.3"}')
    app.serve()
    rollout = app.start()
    app.users()

    view = app.wait_phase(rollout, "rolled-back", within_s=60)

    assert "trigger errors (error_rate > 0.05" in view["summary"]["outcome"]
    kinds = [decision["kind"] for decision in view["decisions"]]
    assert kinds[:3] == ["rolled-back", "traffic-safe", "rollback-decided"]
    decided = next(d for d in view["decisions"] if d["kind"] == "rollback-decided")
    assert decided["figures"]["error_rate"] > 0.05
    assert app.records()[-1].version == "1.0"


def test_blue_green_keeps_the_old_side_and_switches_back_at_once(app: Rig) -> None:
    stages = (
        "    - {name: green, weight: 0%, duration: 1m}\n"
        "    - {name: half, weight: 50%, duration: 1h}\n"
        "    - {name: all, weight: 100%, duration: 1h}"
    )
    app.write_process(strategy="blue-green", stages=stages, keep_old="240h")
    app.serve()
    rollout = app.start()
    app.users()
    app.wait_phase(rollout, "keeping", within_s=60)
    assert {p.status() != "zombie" for p in app.services()} == {True}
    assert len(app.services()) == 2

    assert app.act(rollout, "rollback", reason="we changed our mind").status_code == 200
    app.wait_phase(rollout, "rolled-back", within_s=30)

    records = app.records()
    assert [r for r in records if r.is_failed] == []
    assert records[-1].version == "1.0"


def test_a_second_rollout_begins_from_what_the_first_one_left(app: Rig) -> None:
    app.write_process()
    app.serve()
    first = app.start()
    app.users()
    app.wait_phase(first, "promoted", within_s=90)

    answer = app.api(
        "POST",
        "/rollouts",
        json={"process": app.process_file.read_text(), "path": str(app.process_file), "new": "3.0"},
    )

    assert answer.status_code in {200, 201}, answer.text
    assert answer.json()["summary"]["stable"] == "2.0"
    app.wait_phase(answer.json()["summary"]["id"], "promoted", within_s=90)
    records = app.records()
    assert [r for r in records if r.is_failed] == []
    assert records[-1].version == "3.0"
    assert app.starts("2.0") == 1


def test_down_ends_proxy_and_service_and_the_next_rollout_brings_them_back(app: Rig) -> None:
    app.write_process()
    app.serve()
    first = app.start()
    app.users()
    app.wait_phase(first, "promoted", within_s=90)
    app.records()
    assert app.server is not None

    assert _down(app).returncode == 6  # a server works on it
    app.server.send_signal(signal.SIGTERM)
    app.server.wait(15)
    done = _down(app)

    assert done.returncode == 0, done.stderr
    assert "ended shop 2.0" in done.stderr
    assert (app.services(), app.envoys()) == ([], [])
    app.serve()
    again = app.start(stable="2.0", new="3.0")
    app.users()
    app.wait_phase(again, "promoted", within_s=90)


def _down(app: Rig) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "sluiceway", "down", "--yes", "--data", str(app.data)]
    return subprocess.run(words, capture_output=True, text=True, timeout=40, check=False)
