"""`sluice init|validate|schema|version`: without a server."""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from sluiceway import __version__
from tests.unit.cli.conftest import Sluice

BROKEN = "rollout:\n  strategy: canary\n  stages:\n    - {name: few, weight: 150%, duration: soon}\n"


def test_what_init_writes_is_valid(sluice: Sluice) -> None:
    assert sluice("init").exit_code == 0

    result = sluice("validate")

    assert (result.exit_code, result.stdout) == (0, "sluiceway.yaml: valid\n")
    assert result.stderr == ""


def test_init_names_the_service_after_the_folder(sluice: Sluice) -> None:
    sluice("init")

    assert "name: here" in Path("sluiceway.yaml").read_text()


def test_init_keeps_a_file_that_is_there(sluice: Sluice) -> None:
    Path("sluiceway.yaml").write_text("mine")

    result = sluice("init")

    assert result.exit_code == 5
    assert "exists already" in result.stderr
    assert Path("sluiceway.yaml").read_text() == "mine"


def test_validate_reports_every_problem_at_its_place(sluice: Sluice) -> None:
    Path("p.yaml").write_text(BROKEN)

    result = sluice("validate", "p.yaml")

    assert result.exit_code == 3
    assert "p.yaml:4:27: " in result.stderr
    assert "p.yaml:4:43: " in result.stderr
    assert result.stdout == ""


def test_validate_json_holds_the_problems_of_each_file(sluice: Sluice) -> None:
    Path("p.yaml").write_text(BROKEN)
    sluice("init")

    result = sluice("validate", "p.yaml", "sluiceway.yaml", "--json")

    assert result.exit_code == 3
    assert [(item["file"], item["valid"]) for item in json.loads(result.stdout)] == [
        ("p.yaml", False),
        ("sluiceway.yaml", True),
    ]


def test_validate_says_of_a_change_request_what_it_is(sluice: Sluice) -> None:
    Path("cr.yaml").write_text("change_request: {title: Move the queue, requestor: Ada}\n")

    result = sluice("validate", "cr.yaml")

    assert (result.exit_code, result.stdout) == (0, "cr.yaml: valid, a change request and no process\n")
    assert json.loads(sluice("validate", "cr.yaml", "--json").stdout)[0]["kind"] == "change-request"


def test_validate_reports_the_problems_of_a_change_request(sluice: Sluice) -> None:
    Path("cr.yaml").write_text("change_request: {title: Move the queue}\n")

    result = sluice("validate", "cr.yaml")

    assert result.exit_code == 3
    assert 'cr.yaml:1:17: change_request: "requestor" is missing' in result.stderr


def test_validate_of_a_missing_file_says_so(sluice: Sluice) -> None:
    result = sluice("validate", "nowhere.yaml")

    assert result.exit_code == 2
    assert "nowhere.yaml can't be read" in result.stderr


def test_validate_of_a_binary_file_says_so(sluice: Sluice) -> None:
    Path("p.yaml").write_bytes(b"\xff\xfe\x00")

    assert "is not UTF-8 text" in sluice("validate", "p.yaml").stderr


def test_the_schema_is_a_json_schema(sluice: Sluice) -> None:
    Draft202012Validator.check_schema(json.loads(sluice("schema").stdout))


def test_the_version_is_the_packages(sluice: Sluice) -> None:
    assert sluice("version").stdout.strip() == __version__
    assert json.loads(sluice("version", "--json").stdout) == {"version": __version__}


def test_an_unknown_command_is_a_usage_error(sluice: Sluice) -> None:
    assert sluice("rolout").exit_code == 2
