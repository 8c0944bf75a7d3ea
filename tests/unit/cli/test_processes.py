"""`sluice process show|diff|packs`, and the other commands on a process that extends another."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sluiceway.config import load_process, parse_process
from sluiceway.packs import pack_names
from tests.unit.cli.conftest import Sluice

TEAM = """\
description: How the team releases.
rollout:
  stages:
    - {name: few, weight: 5%, duration: 10m}
    - {name: all, weight: 100%}
  triggers: ["Error rate > 5% for 1 minute"]
"""
SHOP = """\
extends: ./team.yaml
name: shop
service: {name: shop, command: "run --port {port}"}
ingress: {listen: 127.0.0.1:8080}
rollout: {stages: [{name: few, weight: 1%}]}
"""


@pytest.fixture
def files(sluice: Sluice) -> None:
    Path("team.yaml").write_text(TEAM)
    Path("sluiceway.yaml").write_text(SHOP)


@pytest.mark.usefixtures("files")
def test_show_puts_a_process_together_for_people(sluice: Sluice) -> None:
    result = sluice("process", "show")

    assert result.exit_code == 0
    assert "shop" in result.stdout.splitlines()[0]
    assert "from sluiceway.yaml, extending team.yaml" in result.stdout
    assert "1 % 10m → 100 %" in result.stdout


@pytest.mark.usefixtures("files")
def test_show_resolved_is_a_file_that_stands_by_itself(sluice: Sluice) -> None:
    printed = sluice("process", "show", "-f", "sluiceway.yaml", "--resolved").stdout

    assert "# from sluiceway.yaml\nname: shop\n" in printed
    assert "# from sluiceway.yaml, team.yaml\nrollout:\n" in printed
    assert parse_process(printed, "sluiceway.yaml").rollout == load_process(Path("sluiceway.yaml")).rollout


@pytest.mark.usefixtures("files")
def test_show_json_holds_the_whole_process_and_its_hash(sluice: Sluice) -> None:
    shown = json.loads(sluice("process", "show", "--json").stdout)

    assert shown["files"] == ["sluiceway.yaml", "team.yaml"]
    assert shown["content_hash"] == load_process(Path("sluiceway.yaml")).content_hash
    assert shown["process"]["rollout"]["stages"][0] == {"name": "few", "weight": "1%", "duration": "10m"}
    assert "extends" not in shown["process"]


@pytest.mark.usefixtures("files")
def test_show_of_a_process_with_problems_reports_them_where_they_were_written(sluice: Sluice) -> None:
    Path("team.yaml").write_text(TEAM.replace("10m", "soon"))

    result = sluice("process", "show")

    assert result.exit_code == 3
    assert 'team.yaml:4:41: rollout.stages[0].duration: "soon" is not a duration' in result.stderr


@pytest.mark.parametrize("pack", pack_names())
def test_a_pack_is_shown_in_every_way(sluice: Sluice, pack: str) -> None:
    people = sluice("process", "show", "--pack", pack)
    alone = sluice("process", "show", "--pack", pack, "--resolved").stdout
    shown = json.loads(sluice("process", "show", "--pack", pack, "--json").stdout)

    assert people.exit_code == 0
    assert all(f"\n{part['id']}" in people.stdout for part in shown["process"]["types"])
    assert yaml.safe_load(alone).keys() == shown["process"].keys() - {"extends"}
    assert parse_process(alone, "alone.yaml").team is not None


def test_an_unknown_pack_is_told_with_the_nearest(sluice: Sluice) -> None:
    name = pack_names()[0]

    result = sluice("process", "show", "--pack", f"{name}s")

    assert result.exit_code == 2
    assert f'unknown pack "{name}s", expected one of {", ".join(pack_names())}' in result.stderr
    assert f'did you mean "{name}"?' in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--pack", "x", "-f", "y.yaml"), "show one of them"), (("--resolved", "--json"), "choose one of them")],
)
def test_show_takes_one_process_and_one_form(sluice: Sluice, words: tuple[str, ...], said: str) -> None:
    result = sluice("process", "show", *words)

    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.usefixtures("files")
def test_diff_names_what_sets_two_processes_apart(sluice: Sluice) -> None:
    result = sluice("process", "diff", "team.yaml", "sluiceway.yaml", "--json")

    assert result.exit_code == 0
    changes = {one["path"]: (one["change"], one["old"], one["new"]) for one in json.loads(result.stdout)}
    assert changes["rollout.stages.few.weight"] == ("changed", "5%", "1%")
    assert changes["name"] == ("added", None, "shop")
    assert changes["description"] == ("removed", "How the team releases.", None)
    assert changes.keys() == {"rollout.stages.few.weight", "name", "description", "service", "ingress"}


@pytest.mark.usefixtures("files")
def test_diff_shows_people_both_values(sluice: Sluice) -> None:
    lines = sluice("process", "diff", "team.yaml", "sluiceway.yaml").stdout.splitlines()

    assert [line.split() for line in lines if "weight" in line] == [
        ["~", "rollout.stages.few.weight", "5%", "1%"]
    ]


@pytest.mark.usefixtures("files")
def test_diff_of_equal_processes_says_so(sluice: Sluice) -> None:
    result = sluice("process", "diff", "team.yaml", "team.yaml")

    assert (result.exit_code, result.stdout) == (0, "team.yaml and team.yaml say the same\n")


@pytest.mark.usefixtures("files")
def test_diff_compares_a_file_with_a_pack(sluice: Sluice) -> None:
    result = sluice("process", "diff", pack_names()[0], "sluiceway.yaml", "--json")

    assert result.exit_code == 0
    changes = {one["path"]: one["change"] for one in json.loads(result.stdout)}
    assert (changes["types"], changes["service"]) == ("removed", "added")


def test_diff_of_nothing_known_says_what_there_is(sluice: Sluice) -> None:
    result = sluice("process", "diff", "nowhere.yaml", pack_names()[0])

    assert result.exit_code == 2
    assert '"nowhere.yaml" is neither a file nor a pack' in result.stderr


def test_packs_lists_the_packs(sluice: Sluice) -> None:
    listed = json.loads(sluice("process", "packs", "--json").stdout)
    printed = sluice("process", "packs").stdout.splitlines()

    assert [one["name"] for one in listed] == list(pack_names())
    assert all(one["description"] for one in listed)
    assert [line.split()[0] for line in printed if line[:1].strip()] == ["pack", *pack_names()]


@pytest.mark.usefixtures("files")
def test_validate_reads_what_a_file_extends(sluice: Sluice) -> None:
    result = sluice("validate")

    assert (result.exit_code, result.stdout) == (0, "sluiceway.yaml: valid\n")


NOTES = [
    f'{where}: "{text}" is not about known figures, so a person must attest it'
    for where, text in (
        ("sluiceway.yaml:5:68: rollout.stages[1].criteria[0]", "Nobody waits"),
        ("team.yaml:4:57: rollout.stages[0].criteria[0]", "Everybody is happy"),
        ("team.yaml:4:77: rollout.stages[0].criteria[1]", "Support is calm"),
    )
]


@pytest.fixture
def noted(sluice: Sluice) -> None:
    criteria = "duration: 10m, criteria: [Everybody is happy, Support is calm]}"
    Path("team.yaml").write_text(TEAM.replace("duration: 10m}", criteria))
    stages = "[{name: few, weight: 1%}, {name: all, criteria: [Nobody waits]}]"
    Path("sluiceway.yaml").write_text(SHOP.replace("[{name: few, weight: 1%}]", stages))


@pytest.mark.usefixtures("noted")
@pytest.mark.parametrize("command", ["validate", "process show"])
def test_notes_of_what_a_file_extends_are_counted_until_asked_for(sluice: Sluice, command: str) -> None:
    counted = sluice(*command.split()).stderr
    told = sluice(*command.split(), "--all-notes").stderr

    assert counted.splitlines() == [
        f"note: {NOTES[0]}",
        "sluiceway.yaml: 2 more notes of team.yaml; --all-notes tells them",
    ]
    assert told.splitlines() == [f"note: {note}" for note in NOTES]


@pytest.mark.usefixtures("noted")
def test_the_json_of_validate_holds_every_note_with_its_file(sluice: Sluice) -> None:
    (found,) = json.loads(sluice("validate", "--json").stdout)

    assert [note["file"] for note in found["notes"]] == ["sluiceway.yaml", "team.yaml", "team.yaml"]
    assert found["notes"][0] == {
        "file": "sluiceway.yaml",
        "line": 5,
        "column": 68,
        "path": "rollout.stages[1].criteria[0]",
        "message": '"Nobody waits" is not about known figures, so a person must attest it',
    }


@pytest.mark.usefixtures("files")
def test_plan_analysis_reads_what_a_file_extends(sluice: Sluice) -> None:
    Path("team.yaml").write_text(f"{TEAM}  analysis: {{}}\n")

    result = sluice("plan", "analysis", "--rps", "50", "--json")

    assert result.exit_code == 0
    assert [stage["stage"] for stage in json.loads(result.stdout)["stages"]] == ["few", "all"]


@pytest.mark.usefixtures("files", "server")
def test_a_rollout_is_started_with_all_that_its_process_extends(sluice: Sluice) -> None:
    result = sluice("rollout", "start", "sluiceway.yaml", "--to", "2.0", "--from", "1.0", "--json")

    stages = json.loads(result.stdout)["stages"]
    assert [(stage["id"], stage["weight_percent"]) for stage in stages] == [("few", 1.0), ("all", 100.0)]
