"""New versions that can't run, won't stay up, or won't go."""

from __future__ import annotations

import time

from tests.scenario.harness import Rig, wait_for


def test_a_version_that_is_never_healthy_meets_no_user(app: Rig) -> None:
    app.write_process(new_env='{SICK: "1"}', within="3s")
    app.serve()
    rollout = app.start()
    app.users()

    view = app.wait_phase(rollout, "rolled-back", within_s=40)

    assert "2.0 can't run" in view["summary"]["outcome"]
    assert "503" in view["summary"]["outcome"]
    records = app.records()
    assert {r.version for r in records} == {"1.0"}
    assert [r for r in records if r.is_failed] == []


def test_a_crash_looping_version_is_taken_back(app: Rig) -> None:
    crashes = '    - {name: crashes, when: "crashes >= 2", for: 1s, action: emergency, min_requests: 0}'
    app.write_process(new_env='{DIE_AFTER: "1.5"}', triggers=crashes)
    app.serve()
    rollout = app.start()
    app.users()

    view = app.wait_phase(rollout, "rolled-back", within_s=60)

    assert "trigger crashes (crashes >= 2)" in view["summary"]["outcome"]
    records = app.records()
    failed = [r for r in records if r.is_failed]
    assert len(failed) <= len(records) * 0.01, failed[:5]
    assert records[-1].version == "1.0"


def test_a_command_that_does_not_exist_is_a_problem_a_person_can_mend(app: Rig) -> None:
    app.write_process()
    text = app.process_file.read_text().replace(
        '    "2.0":\n      env: {}', '    "2.0":\n      command: ["no-such-program", "{port}"]'
    )
    app.process_file.write_text(text)
    app.serve()
    rollout = app.start()

    def problem() -> str:
        return " ".join(app.view(rollout)["problems"])

    found = wait_for("a problem", lambda: problem() or app.view(rollout)["summary"]["outcome"], 20)
    assert "no-such-program" in str(found)


def test_a_version_that_ignores_the_polite_signal_is_stopped_after_its_grace(app: Rig) -> None:
    app.write_process(new_env='{DEAF: "1", ERRORS: "0.5"}', grace="2s")
    app.serve()
    rollout = app.start()
    app.users()

    app.wait_phase(rollout, "rolled-back", within_s=60)

    assert [p for p in app.services() if "2.0" in p.cmdline()] == []
    assert app.records()[-1].version == "1.0"


def test_emergency_needs_no_grace(app: Rig) -> None:
    app.write_process(new_env='{DEAF: "1"}', grace="120s")
    app.serve()
    rollout = app.start()
    app.users()
    app.wait_stage(rollout, "few")
    asked_at = time.monotonic()

    app.act(rollout, "rollback", action="emergency", reason="it deletes orders")
    app.wait_phase(rollout, "rolled-back", within_s=30)

    assert time.monotonic() - asked_at < 60
    assert [p for p in app.services() if "2.0" in p.cmdline()] == []
