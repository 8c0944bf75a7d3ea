"""`sluice rollout start|edit`: from a file on this machine to a rollout on the server."""

from __future__ import annotations

from pathlib import Path

from sluiceway.domain.rollouts.model import RolloutId
from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.services.desk import ADA
from tests.unit.services.test_starting import NAMED, PROCESS


def test_start_prints_the_id_alone_on_stdout(server: Served, sluice: Sluice) -> None:
    Path("p.yaml").write_text(PROCESS)

    result = sluice("rollout", "start", "p.yaml", "--to", "2.0", "--from", "1.0")

    assert result.exit_code == 0
    assert result.stdout.strip() == server.office.service.list(ADA)[0].id
    assert server.office.service.list(ADA)[0].created_by == "ada"


def test_start_picks_a_rollout_of_the_process_by_name(server: Served, sluice: Sluice) -> None:
    Path("p.yaml").write_text(NAMED)
    words = ("rollout", "start", "p.yaml", "--to", "2.0", "--from", "1.0")

    unknown = sluice(*words, "--rollout", "canry")
    started = sluice(*words, "--rollout", "canary")

    assert unknown.exit_code == 4
    assert 'has no rollout "canry"; did you mean "canary"?' in unknown.stderr
    stages = server.office.service.get(started.stdout.strip(), ADA).stages
    assert [stage.id for stage in stages] == ["tenth", "all"]


def test_the_server_learns_the_files_whole_path(server: Served, sluice: Sluice) -> None:
    Path("p.yaml").write_text(PROCESS)
    rollout_id = sluice("rollout", "start", "p.yaml", "--to", "2.0", "--from", "1.0").stdout.strip()

    with server.office.store.read() as tx:
        setup = tx.get_rollout(RolloutId(rollout_id)).setup
    assert setup.process_path == str(Path("p.yaml").absolute())
    assert setup.service.cwd == str(Path.cwd())


def test_a_file_with_problems_ends_with_three_and_all_of_them(server: Served, sluice: Sluice) -> None:
    Path("p.yaml").write_text(PROCESS.replace("5%", "150%").replace("canary", "canari"))

    result = sluice("rollout", "start", "p.yaml", "--to", "2.0", "--from", "1.0")

    assert result.exit_code == 3
    assert "150" in result.stderr
    assert "canari" in result.stderr


def test_a_start_without_a_known_stable_version_says_what_to_add(server: Served, sluice: Sluice) -> None:
    Path("p.yaml").write_text(PROCESS)

    result = sluice("rollout", "start", "p.yaml", "--to", "2.0")

    assert result.exit_code == 2
    assert "--from VERSION" in result.stderr


def test_edit_replaces_the_rest_of_the_plan(server: Served, sluice: Sluice) -> None:
    Path("p.yaml").write_text(PROCESS)
    rollout_id = sluice("rollout", "start", "p.yaml", "--to", "2.0", "--from", "1.0").stdout.strip()
    server.office.desk.run(rollout_id, until="progressing")
    Path("p.yaml").write_text(PROCESS.replace("name: all", "name: everybody"))

    result = sluice("rollout", "edit", rollout_id, "p.yaml", "--yes", "-m", "better name")

    assert result.exit_code == 0
    assert [stage.id for stage in server.office.service.get(rollout_id, ADA).stages] == ["few", "everybody"]
