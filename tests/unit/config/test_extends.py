"""One process out of several files: where problems point, what is refused, what it is known by."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from sluiceway.config import extends, load_process, parse_process, resolved_text
from sluiceway.config.extends import MAX_FILES
from sluiceway.config.tree import compose
from sluiceway.errors import ProcessFileError
from sluiceway.packs import pack_names

TEAM = """\
name: the team's
metrics:
  queue_length: {source: prometheus, address: "http://prom:9090", query: "sum(q)", unit: count}
rollout:
  stages:
    - {name: few, weight: 5%, duration: 10m, criteria: ["error_rate < 0.01"]}
    - {name: half, weight: 50%, duration: 30m}
    - {name: all, weight: 100%}
  triggers:
    - {name: errors, when: "error_rate > 0.05", for: 1m, action: immediate}
x-remarks: &remarks [one, two]
x-again: *remarks
"""
FEWER = "rollout: {stages: [{name: few, weight: 1%}]}\n"


def problems(folder: Path, text: str, **parents: str) -> tuple[str, ...]:
    for name, parent in parents.items():
        (folder / f"{name}.yaml").write_text(parent, encoding="utf-8")
    with pytest.raises(ProcessFileError) as caught:
        parse_process(text, "p.yaml", folder)
    return tuple(problem.replace(f"{folder}/", "") for problem in caught.value.problems)


def test_a_process_says_only_what_is_different(tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text(TEAM, encoding="utf-8")
    path = tmp_path / "shop.yaml"
    path.write_text(
        "extends: team.yaml\nrollout:\n  stages: [{name: few, weight: 1%}, {name: half, remove: true}]\n"
    )

    plan = load_process(path).rollout

    assert plan is not None
    assert [(s.id, s.weight_bp, s.duration_s) for s in plan.stages] == [("few", 100, 600), ("all", 10_000, 0)]
    assert plan.stages[0].criteria[0].expression == "error_rate < 0.01"
    assert [trigger.id for trigger in plan.triggers] == ["errors"]


def test_notes_know_their_file_and_those_of_the_file_itself_come_first(tmp_path: Path) -> None:
    parent = TEAM.replace('["error_rate < 0.01"]', "[Everybody is happy, user_satisfaction > 4]")
    (tmp_path / "team.yaml").write_text(parent, encoding="utf-8")
    path = tmp_path / "shop.yaml"
    path.write_text(
        "extends: team.yaml\nrollout:\n  triggers: [{name: low, when: user_satisfaction < 3, for: 1m}]\n"
    )

    notes = load_process(path).notes

    assert [(Path(note.file).name, note.line, note.message[:22]) for note in notes] == [
        ("shop.yaml", 1, "has no service and ing"),
        ("shop.yaml", 3, "user_satisfaction has "),  # the parent's criterion asks for it too, and is not told
        ("team.yaml", 3, "does not name {{versio"),
        ("team.yaml", 6, '"Everybody is happy" i'),
    ]


def test_name_and_description_are_a_files_own(tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text(TEAM, encoding="utf-8")
    path = tmp_path / "shop.yaml"
    path.write_text("extends: ./team.yaml\n")

    assert load_process(path).name == "shop"


def test_a_parent_is_looked_for_in_the_folder_of_the_file_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "team.yaml").write_text("extends: ./base.yaml\n")
    (tmp_path / "shared" / "base.yaml").write_text(TEAM)
    path = tmp_path / "shop.yaml"
    path.write_text("extends: ./shared/team.yaml\n")

    assert load_process(path).rollout is not None


def test_problems_point_to_the_file_a_value_was_written_in(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "extends: ./team.yaml\nrollout:\n  stages: [{name: few, wieght: 1%}]\n  strategy: yellow\n",
        team=TEAM.replace("30m", "soon").replace("0.05", "eror"),
    )

    assert [line.split(": ")[0:2] for line in found] == [
        ["p.yaml:3:24", "rollout.stages[0].wieght"],
        ["p.yaml:4:13", "rollout.strategy"],
        ["team.yaml:7:43", "rollout.stages[1].duration"],
        ["team.yaml:10:42", "rollout.triggers[0].when"],
    ]


def test_what_cannot_be_merged_is_told_with_everything_else(tmp_path: Path) -> None:
    text = """\
extends: ./team.yaml
rollout:
  stages:
    - {name: hlaf, remove: true}
    - {weight: 20%, duration: 5m}
    - {name: half, remove: true, weight: 7%}
    - {name: all, remove: no}
  rollback: {step: soon}
"""

    assert problems(tmp_path, text, team=TEAM) == (
        'p.yaml:4:7: rollout.stages[0]: "hlaf" is not there to be removed; did you mean "half"?',
        (
            "p.yaml:5:7: rollout.stages[1]: found a mapping without an id among items that have one, "
            "expected its id"
        ),
        "p.yaml:6:7: rollout.stages[2]: found weight beside remove, expected the id alone",
        "p.yaml:7:27: rollout.stages[3].remove: found no, expected true, or no such line",
        (
            'p.yaml:8:20: rollout.rollback.step: "soon" is not a duration, expected one such as '
            '"10m" or "24 hours"'
        ),
    )


def test_a_circle_is_refused_with_the_way_it_takes(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        "extends: ./a.yaml\n",
        a="extends: b.yaml\n",
        b=f"name: b\nextends: ../{tmp_path.name}/a.yaml\n",
    )

    assert found == ("b.yaml:2:10: extends: goes in a circle: a.yaml -> b.yaml -> a.yaml",)


def test_a_file_that_extends_itself_is_a_circle(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("extends: ./a.yaml\n")

    with pytest.raises(
        ProcessFileError, match=r"a\.yaml:1:10: extends: goes in a circle: .*a.yaml -> .*a.yaml$"
    ):
        load_process(path)


def test_packs_that_extend_each_other_are_a_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"one": "extends: two\n", "two": "extends: one\n"}
    monkeypatch.setattr(extends, "pack_names", lambda: tuple(texts))
    monkeypatch.setattr(extends, "pack_node", lambda name: compose(texts[name], f"packs/{name}.yaml"))

    with pytest.raises(ProcessFileError) as caught:
        parse_process("extends: one\n", "p.yaml")

    assert caught.value.problems == (
        "packs/two.yaml:1:10: extends: goes in a circle: packs/one.yaml -> packs/two.yaml -> packs/one.yaml",
    )


def test_a_chain_has_an_end(tmp_path: Path) -> None:
    for number in range(MAX_FILES + 2):
        (tmp_path / f"f{number}.yaml").write_text(f"extends: ./f{number + 1}.yaml\n")

    assert problems(tmp_path, "extends: ./f1.yaml\n") == (
        f"f{MAX_FILES - 1}.yaml:1:10: extends: more than 10 files extend one another, expected fewer",
    )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "extends: ./nowhere.yaml",
            (
                "p.yaml:1:10: extends: nowhere.yaml does not exist, expected a process file; "
                '"sluice init" writes one'
            ),
        ),
        ("extends: ./", "p.yaml:1:10: extends: {folder} is a directory, expected a process file"),
        (
            "extends: [a, b]",
            "p.yaml:1:10: extends: found a list, expected the name of a pack or a file such as ./team.yaml",
        ),
        (
            "extends:",
            "p.yaml:1:9: extends: found nothing, expected the name of a pack or a file such as ./team.yaml",
        ),
        (
            'extends: "./a\\0.yaml"',
            (
                "p.yaml:1:10: extends: './a\\x00.yaml' can't name a file (embedded null byte), "
                "expected one such as ./team.yaml"
            ),
        ),
    ],
)
def test_a_parent_that_is_not_there_is_told_at_extends(tmp_path: Path, text: str, wanted: str) -> None:
    assert problems(tmp_path, text) == (wanted.replace("{folder}", str(tmp_path)),)


def test_an_unknown_pack_is_told_with_the_nearest_one() -> None:
    name = pack_names()[0]
    with pytest.raises(ProcessFileError) as caught:
        parse_process(f"extends: {name[:-1]}\n", "p.yaml")

    assert caught.value.problems == (
        (
            f'p.yaml:1:10: extends: unknown pack "{name[:-1]}", expected one of {", ".join(pack_names())} '
            f'or a file such as ./team.yaml; did you mean "{name}"?'
        ),
    )


def test_a_parent_that_is_no_yaml_is_told_at_its_own_place(tmp_path: Path) -> None:
    assert problems(tmp_path, "extends: ./base.yaml", base="a: [1\n") == (
        "base.yaml:2:1: file: found the end of the file, expected the closing bracket or brace",
    )


def test_a_text_without_a_folder_reads_no_files() -> None:
    with pytest.raises(ProcessFileError) as caught:
        parse_process("extends: /etc/x.yaml\n", "p.yaml")

    assert caught.value.problems == (
        (
            'p.yaml:1:10: extends: "/etc/x.yaml" can\'t be read from here, expected the name of a pack or '
            "the whole process: `sluice process show --resolved` prints it"
        ),
    )


def test_a_file_that_extends_nothing_is_its_own_resolved_text(tmp_path: Path) -> None:
    path = tmp_path / "team.yaml"
    path.write_text(TEAM)

    assert resolved_text(path) == TEAM
    assert load_process(path).content_hash == hashlib.sha256(TEAM.encode()).hexdigest()


def test_the_resolved_text_stands_by_itself_under_the_same_hash(tmp_path: Path) -> None:
    (tmp_path / "team.yaml").write_text(TEAM)
    path = tmp_path / "shop.yaml"
    path.write_text(f"extends: ./team.yaml\nname: shop\nx-version: 1.10\n{FEWER}")

    whole = load_process(path)
    alone = parse_process(resolved_text(path), "stored.yaml")

    assert "extends" not in whole.text
    assert "x-version: 1.10\n" in whole.text
    assert whole.content_hash == hashlib.sha256(whole.text.encode()).hexdigest() == alone.content_hash
    assert (alone.name, alone.rollout, alone.metrics) == (whole.name, whole.rollout, whole.metrics)


def test_the_hash_of_a_process_changes_with_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("extends: ./team.yaml\n")
    (tmp_path / "team.yaml").write_text(TEAM)
    before = load_process(path).content_hash
    (tmp_path / "team.yaml").write_text(TEAM.replace("30m", "31m"))

    assert load_process(path).content_hash != before


def test_parents_that_grow_too_large_together_are_refused(tmp_path: Path) -> None:
    long = "x" * 200_000

    assert problems(tmp_path, f"extends: ./base.yaml\nx-a: {long}\n", base=f"x-b: {long}\n") == (
        "p.yaml:1:1: file: 400012 characters with all that it extends, expected at most 262144",
    )
