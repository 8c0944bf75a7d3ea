"""`sluice process apply|versions`, against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.cli.team import TEAM


@pytest.mark.usefixtures("server")
def test_a_process_is_put_in_force_and_found_again(sluice: Sluice) -> None:
    Path("sluiceway.yaml").write_text(TEAM)
    none = sluice("process", "versions", "checkout")
    first = sluice("process", "apply")
    Path("next.yaml").write_text(TEAM.replace("name: checkout\nservice", "name: faster\nservice"))
    second = json.loads(
        sluice("process", "apply", "-f", "next.yaml", "--service", "checkout", "--json").stdout
    )
    listed = sluice("process", "versions", "checkout")
    versions = json.loads(sluice("process", "versions", "checkout", "--json").stdout)

    assert "has no process in force" in none.stderr
    assert first.stdout.startswith("checkout follows checkout ")
    assert (second["name"], second["is_in_force"], second["zone"]) == ("faster", True, "Europe/Berlin")
    assert [one["name"] for one in versions] == ["faster", "checkout"]
    assert [line.split()[1] for line in listed.stdout.splitlines()[1:]] == ["faster", "checkout"]
    assert listed.stdout.splitlines()[1].rstrip().endswith("in force")


@pytest.mark.usefixtures("server")
def test_the_text_of_a_version_is_printed_as_it_is_kept(sluice: Sluice) -> None:
    Path("sluiceway.yaml").write_text(TEAM)
    assert sluice("process", "apply").exit_code == 0
    content_hash = json.loads(sluice("process", "versions", "checkout", "--json").stdout)[0]["content_hash"]

    text = sluice("process", "versions", "checkout", "--text", content_hash[:8])
    as_json = sluice("process", "versions", "checkout", "--text", content_hash, "--json")
    unknown = sluice("process", "versions", "checkout", "--text", "zzz")

    assert text.stdout == TEAM
    assert json.loads(as_json.stdout)["text"] == TEAM
    assert (unknown.exit_code, "begins with 'zzz'" in unknown.stderr) == (4, True)


def test_a_process_that_can_t_be_put_in_force_says_why(server: Served, sluice: Sluice) -> None:
    Path("rollout.yaml").write_text("rollout: {stages: [{weight: 100%}]}\n")
    no_service = sluice("process", "apply", "-f", "rollout.yaml")
    no_team = sluice("process", "apply", "-f", "rollout.yaml", "--service", "checkout")
    no_file = sluice("process", "apply", "-f", "none.yaml")
    no_name = sluice("process", "versions", "a/b")

    assert no_service.exit_code in {2, 3}
    assert (no_team.exit_code, "says nothing about releases" in no_team.stderr) == (2, True)
    assert no_file.exit_code == 2
    assert no_name.exit_code == 4
    assert server.office.trail() == []
