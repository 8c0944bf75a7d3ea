"""`sluice rollout ...` against a server."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sluiceway.cli.panels import DecisionTable
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.services.views import DecisionView
from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.domain.rollouts.world import a_plan
from tests.unit.services.desk import ADA, BOB


def progressing(server: Served) -> str:
    rollout_id = server.office.put_rollout(a_plan(500, 2_500, 10_000))
    server.office.desk.run(rollout_id, until="progressing")
    return rollout_id


def phase(server: Served, rollout_id: str) -> str:
    return server.office.service.get(rollout_id, ADA).summary.phase


def test_list_shows_the_id_and_phase_of_each(server: Served, sluice: Sluice) -> None:
    rollout_id = progressing(server)

    result = sluice("rollout", "list")

    assert result.exit_code == 0
    assert rollout_id in result.stdout
    assert "progressing" in result.stdout


def test_list_json_is_one_document(server: Served, sluice: Sluice) -> None:
    rollout_id = progressing(server)

    assert [item["id"] for item in json.loads(sluice("rollout", "list", "--json").stdout)] == [rollout_id]


def test_an_empty_list_says_how_to_start(server: Served, sluice: Sluice) -> None:
    assert "sluice rollout start" in sluice("rollout", "list").stderr


def test_status_of_the_only_active_rollout_needs_no_id(server: Served, sluice: Sluice) -> None:
    progressing(server)

    result = sluice("rollout", "status")

    assert result.exit_code == 0
    for part in ("checkout: 1.0 → 2.0", "s0", "asked 5 %", "Stage s0 (1 of 3)"):
        assert part in result.stdout


def test_without_an_id_several_active_rollouts_are_named(server: Served, sluice: Sluice) -> None:
    one, two = progressing(server), server.office.put_rollout(service="cart", port=9001)

    result = sluice("rollout", "status")

    assert result.exit_code == 2
    assert one in result.stderr
    assert two in result.stderr


def test_without_an_id_and_without_a_rollout_there_is_nothing_to_show(server: Served, sluice: Sluice) -> None:
    result = sluice("rollout", "status")

    assert (result.exit_code, "no rollout is active" in result.stderr) == (4, True)


def test_without_an_active_rollout_the_newest_is_shown(server: Served, sluice: Sluice) -> None:
    server.office.desk.run(progressing(server), until="promoted")

    assert json.loads(sluice("rollout", "status", "--json").stdout)["summary"]["phase"] == "promoted"


def test_without_an_active_rollout_an_act_has_nothing_to_act_on(server: Served, sluice: Sluice) -> None:
    server.office.desk.run(progressing(server), until="promoted")

    result = sluice("rollout", "pause")

    assert (result.exit_code, "no rollout is active" in result.stderr) == (4, True)


def test_explain_says_what_comes_next(server: Served, sluice: Sluice) -> None:
    rollout_id = progressing(server)

    result = sluice("rollout", "explain", rollout_id)

    assert "next       stage s1: 25 % of users" in result.stdout
    assert json.loads(sluice("rollout", "explain", "--json").stdout)["next"] == "stage s1: 25 % of users"


def test_history_names_actor_kind_and_reason(server: Served, sluice: Sluice) -> None:
    rollout_id = progressing(server)
    server.office.service.act(rollout_id, CommandKind.PAUSE, BOB, reason="lunch")

    result = sluice("rollout", "history", rollout_id)

    assert "asked-pause" in result.stdout
    assert "bob: lunch" in result.stdout


def test_an_act_is_done_in_the_name_of_the_person(server: Served, sluice: Sluice) -> None:
    rollout_id = progressing(server)

    result = sluice("rollout", "pause", "-m", "looking")

    assert result.exit_code == 0
    assert phase(server, rollout_id) == "paused"
    assert server.office.service.get(rollout_id, ADA).decisions[0].by == "ada"


def test_a_refused_act_ends_with_five_and_the_reason_without_a_traceback(
    server: Served, sluice: Sluice
) -> None:
    progressing(server)

    result = sluice("rollout", "resume")

    assert result.exit_code == 5
    assert result.stderr.startswith("sluice: resume: not possible while progressing")
    assert "Traceback" not in result.stderr


def test_an_act_for_an_older_version_is_refused(server: Served, sluice: Sluice) -> None:
    rollout_id = progressing(server)

    result = sluice("rollout", "pause", "--if-version", "99")

    assert (result.exit_code, phase(server, rollout_id)) == (5, "progressing")


@pytest.mark.parametrize("act", ["promote", "skip", "abort", "rollback"])
def test_what_moves_users_asks_first_and_a_no_changes_nothing(
    server: Served, sluice: Sluice, act: str
) -> None:
    rollout_id = progressing(server)

    result = sluice("rollout", act, typed="n\n")

    assert result.exit_code == 1
    assert "checkout: " in result.stderr
    assert phase(server, rollout_id) == "progressing"


def test_yes_skips_the_question(server: Served, sluice: Sluice) -> None:
    rollout_id = progressing(server)

    assert sluice("rollout", "abort", "--yes").exit_code == 0

    assert phase(server, rollout_id) == "rolling-back"


def test_a_rollback_by_an_unknown_way_names_those_there_are(server: Served, sluice: Sluice) -> None:
    progressing(server)

    result = sluice("rollout", "rollback", "--yes", "--how", "sideways")

    assert result.exit_code == 2
    assert "immediate, gradual, emergency" in result.stderr


def test_a_gradual_rollback_steps_down(server: Served, sluice: Sluice) -> None:
    rollout_id = progressing(server)
    sluice("rollout", "skip", "--yes")
    server.office.desk.tick()

    sluice("rollout", "rollback", "--yes", "--how", "gradual")

    assert server.office.service.get(rollout_id, ADA).weight_asked_percent == 5.0


def test_an_approval_without_a_subject_is_for_what_waits(server: Served, sluice: Sluice) -> None:
    rollout_id = server.office.put_rollout(a_plan(approvals=(1,)))
    server.office.desk.run(rollout_id, until="awaiting-approval")

    assert sluice("rollout", "approve").exit_code == 0

    assert server.office.service.get(rollout_id, ADA).summary.stage == "s1"


def test_retry_of_a_failed_rollout_names_the_new_one(server: Served, sluice: Sluice) -> None:
    rollout_id = progressing(server)
    sluice("rollout", "abort", "--yes")
    server.office.desk.run(rollout_id, until="aborted")

    result = sluice("rollout", "retry", rollout_id)

    assert "started anew as rollout" in result.stderr
    assert server.office.service.list(ADA, active_only=True)[0].id in result.stderr


@pytest.mark.parametrize(
    ("end", "act", "code"),
    [("promoted", None, 0), ("aborted", CommandKind.ABORT, 11), ("rolled-back", CommandKind.ROLLBACK, 10)],
)
def test_watching_ends_with_the_exit_code_of_the_end(
    server: Served, sluice: Sluice, end: str, act: CommandKind | None, code: int
) -> None:
    rollout_id = progressing(server)
    if act:
        server.office.service.act(rollout_id, act, BOB)
    ending = threading.Thread(target=server.office.desk.run, args=(rollout_id,), kwargs={"until": end})
    ending.start()

    result = sluice("rollout", "watch", rollout_id)

    ending.join()
    assert result.exit_code == code
    assert end in result.stdout.splitlines()[-1]


def test_watching_as_json_writes_a_line_per_change(server: Served, sluice: Sluice) -> None:
    rollout_id = progressing(server)
    server.office.desk.run(rollout_id, until="promoted")

    lines = sluice("rollout", "watch", rollout_id, "--json").stdout.splitlines()

    assert json.loads(lines[-1])["summary"]["phase"] == "promoted"


def test_an_unknown_rollout_ends_with_four(server: Served, sluice: Sluice) -> None:
    assert sluice("rollout", "status", "0198c0de-0000-7000-8000-000000000000").exit_code == 4


def test_without_a_server_the_message_says_how_to_start_one(sluice: Sluice) -> None:
    result = sluice("rollout", "list")

    assert result.exit_code == 6
    assert "sluice serve" in result.stderr


def test_a_server_that_is_gone_is_named(sluice: Sluice) -> None:
    result = sluice("rollout", "list", "--server", "http://127.0.0.1:9")

    assert result.exit_code == 6
    assert "http://127.0.0.1:9" in result.stderr


def test_the_server_is_found_from_a_folder_below(
    server: Served, sluice: Sluice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SLUICE_SERVER")
    data = Path.cwd() / ".sluice"
    data.mkdir()
    (data / "server.json").write_text(json.dumps({"url": server.url, "pid": 1}))
    below = Path.cwd() / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)

    assert sluice("rollout", "list", "--json").stdout.strip() == "[]"


@pytest.mark.parametrize(("width", "line"), [(40, "  stage few at 20 %: first stage"), (100, "first stage")])
def test_a_decision_keeps_its_reason_in_one_piece_on_any_terminal(width: int, line: str) -> None:
    decision = DecisionView(
        datetime(2026, 3, 1, tzinfo=UTC), "stage-entered", "plan", "stage few at 20 %: first stage", {}
    )
    console = Console(width=width, file=StringIO(), color_system=None)

    console.print(DecisionTable([decision]))

    assert isinstance(console.file, StringIO)
    lines = [each.rstrip() for each in console.file.getvalue().splitlines()]
    assert lines[-1].endswith(line)
    assert len(lines) == (2 if width == 40 else 1)
