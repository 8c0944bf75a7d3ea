from __future__ import annotations

from pathlib import Path

import pytest

from sluiceway.adapters.deploy.records import Record, folder_of, versions_on_disk
from sluiceway.adapters.processes import ProcessRef

RECORD = Record(
    2,
    41_000,
    ProcessRef(123, 4.56, "boot"),
    restarts=3,
    crashes_in_a_row=1,
    started_at=1.5,
    next_start_at=2.5,
    was_healthy=True,
    run_was_healthy=True,
    failed="why",
)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "shop", "1.0")
    folder.save(RECORD)

    assert folder.load() == ([RECORD], [])


def test_records_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "shop", "1.0")
    for number in (10, 2, 1):
        folder.save(Record(number))

    assert [record.number for record in folder.load()[0]] == [1, 2, 10]


@pytest.mark.parametrize("version", ["1.0", "feature/login", "..", ".", "../../etc", "ü 1", "%2E"])
def test_any_version_name_has_a_folder_of_its_own_below_its_service(tmp_path: Path, version: str) -> None:
    folder = folder_of(tmp_path, "shop", version)
    folder.save(RECORD)

    assert folder.path.resolve().parent == tmp_path.resolve() / "deploy" / "shop"
    assert versions_on_disk(tmp_path, "shop") == [version]


def test_a_service_without_records_has_no_versions(tmp_path: Path) -> None:
    assert versions_on_disk(tmp_path, "shop") == []


def test_an_instance_on_its_way_out_makes_room_for_another_of_its_number(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "shop", "1.0")
    folder.save(RECORD)

    file = folder.mark_ending(RECORD)
    folder.save(Record(2, 5))

    assert folder.load() == ([Record(2, 5)], [(file, RECORD)])


def test_the_last_record_takes_the_folder_with_it(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "shop", "1.0")
    folder.save(RECORD)

    folder.forget_number(2)

    assert versions_on_disk(tmp_path, "shop") == []


def test_a_damaged_record_is_put_aside_as_one_that_never_started(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "shop", "1.0")
    folder.save(RECORD)
    file = folder.path / "instance-2.json"
    file.write_text("{}")

    assert folder.load() == ([Record(2)], [])
    assert (folder.path / "instance-2.damaged").read_text() == "{}"
