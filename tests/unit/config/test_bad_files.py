"""Every validation rule has a bad file in `bad/` beside the exact messages it must give."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluiceway.config import load_process, parse_process
from sluiceway.config.tree import MAX_CHARS
from sluiceway.errors import ProcessFileError

BAD = Path(__file__).with_name("bad")
FILES = sorted(BAD.glob("*.yaml"))


def problems_of(path: Path) -> tuple[str, ...]:
    with pytest.raises(ProcessFileError) as caught:
        load_process(path)
    return caught.value.problems


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_bad_file_gives_exactly_these_messages(path: Path) -> None:
    wanted = path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()

    assert [problem.replace(f"{path}:", f"{path.name}:", 1) for problem in problems_of(path)] == wanted


def test_each_bad_file_has_its_messages_and_each_message_its_file() -> None:
    assert {path.stem for path in FILES} == {path.stem for path in BAD.glob("*.txt")}
    assert len(FILES) > 100


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_message_begins_with_file_line_and_column_that_exist(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    for problem in problems_of(path):
        line, column = problem.removeprefix(f"{path}:").split(":")[:2]

        assert 1 <= int(line) <= len(lines)
        assert 1 <= int(column) <= len(lines[int(line) - 1]) + 1


def test_all_problems_are_told_at_once_in_file_order() -> None:
    text = """\
servce: {}
service: {name: my shop, command: run, instances: 0}
ingress: {listen: 70000}
rollout:
  stages: [{weight: 150, duration: 10}]
  triggers: [{when: eror_rate > 1, action: stop}]
"""
    with pytest.raises(ProcessFileError) as caught:
        parse_process(text, "p.yaml")

    places = [problem.split(" ")[0] for problem in caught.value.problems]
    assert places == [
        "p.yaml:1:1:", "p.yaml:2:17:", "p.yaml:2:35:", "p.yaml:2:51:", "p.yaml:3:19:",
        "p.yaml:5:21:", "p.yaml:5:36:", "p.yaml:6:21:", "p.yaml:6:44:",
    ]  # fmt: skip


def test_a_missing_file_is_told_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "process.yaml"

    assert problems_of(path) == (
        f'{path}:1:1: file: does not exist, expected a process file; "sluice init" writes one',
    )


def test_a_directory_is_no_process_file(tmp_path: Path) -> None:
    assert problems_of(tmp_path) == (f"{tmp_path}:1:1: file: is a directory, expected a process file",)


def test_a_file_that_is_not_utf_8_is_told_with_line_column_and_byte(tmp_path: Path) -> None:
    path = tmp_path / "process.yaml"
    path.write_bytes("name: shop\ndescription: Café\n".encode("latin-1"))

    assert problems_of(path) == (f"{path}:2:17: file: found the byte 0xE9, expected text in UTF-8",)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "process.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: shop\nrollout: {strategy: blue-green}\n")

    assert load_process(path).name == "shop"


def test_a_file_far_too_large_is_refused_without_being_read_as_yaml(tmp_path: Path) -> None:
    path = tmp_path / "process.yaml"
    path.write_text("# " + "x" * MAX_CHARS, encoding="utf-8")

    assert problems_of(path) == (
        f"{path}:1:1: file: {MAX_CHARS + 2} characters, expected at most {MAX_CHARS}",
    )


def test_thousands_of_problems_are_cut_short_and_say_so() -> None:
    text = "".join(f"wrong{number}: 1\n" for number in range(150))
    with pytest.raises(ProcessFileError) as caught:
        parse_process(text, "p.yaml")

    assert len(caught.value.problems) == 101
    assert caught.value.problems[-1] == "p.yaml:1:1: file: 50 more problems are not shown"


def test_a_password_in_an_address_is_not_repeated_in_the_message() -> None:
    assert "letmein" not in "\n".join(problems_of(BAD / "metric-password.yaml"))


@pytest.mark.parametrize("depth", [50, 5_000])
def test_values_nested_absurdly_deep_are_refused(depth: int) -> None:
    with pytest.raises(ProcessFileError, match="deep"):
        parse_process("x-a: " + "[" * depth + "]" * depth, "p.yaml")
