"""What the load's records say about a rollout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.demo.records import (
    Harm,
    Record,
    RecordFile,
    VersionFigures,
    failed_requests,
    figures_by_version,
    format_record,
    measure_harm,
    parse_record,
    percentile,
    slow_limit_ms,
)


def record(
    at: float, status: int = 200, version: str = "1.0", *, user: int = 1, ms: float = 10.0, error: str = ""
) -> Record:
    return Record(at, ms, status, error, version, user)


def harm(records: list[Record], **changes: object) -> Harm:
    arguments: dict[str, object] = {
        "stable": "1.0",
        "new": "2.0",
        "fault_at": 100.0,
        "exposed": (50.0, None),
        "counts_slow": False,
        **changes,
    }
    return measure_harm(records, **arguments)  # type: ignore[arg-type]


RECORDS = st.builds(
    Record,
    at=st.floats(0, 4e9),
    latency_ms=st.floats(0, 1e6),
    status=st.integers(0, 599),
    error=st.text(),
    version=st.text(),
    user=st.integers(0, 10**6),
)


@given(written=RECORDS)
def test_a_record_reads_back_as_it_was_written(written: Record) -> None:
    back = parse_record(format_record(written))
    assert replace(back, at=0, latency_ms=0) == replace(written, at=0, latency_ms=0)
    assert back.at == pytest.approx(written.at, abs=1e-6)
    assert back.latency_ms == pytest.approx(written.latency_ms, abs=0.006)


@pytest.mark.parametrize("line", ["{}", "[]", "7", "nonsense", '{"at": "late"}'])
def test_a_line_that_is_no_record_is_refused(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - several causes, one kind
        parse_record(line)


def test_no_answer_and_5xx_let_a_user_down_and_4xx_does_not() -> None:
    statuses = [0, 200, 302, 404, 499, 500, 503]
    assert [record(1, status).is_failed for status in statuses] == [
        True, False, False, False, False, True, True,
    ]  # fmt: skip


def test_failed_requests_count_every_version_and_none() -> None:
    assert failed_requests([record(1), record(2, 500, "2.0"), record(3, 0, ""), record(4, 503, "")]) == 3


def test_figures_are_kept_apart_by_version() -> None:
    figures = figures_by_version(
        [record(1, ms=10), record(2, 500, ms=30), record(3, version="2.0"), record(4, 0, "", ms=9_999)]
    )
    assert figures == {
        "1.0": VersionFigures(2, 1, 30),
        "2.0": VersionFigures(1, 0, 10.0),
        "": VersionFigures(1, 1, None),
    }


def test_a_percentile_of_nothing_is_no_figure() -> None:
    assert percentile([], 0.95) is None


def test_a_percentile_is_the_nearest_rank() -> None:
    assert percentile([float(n) for n in range(100)], 0.95) == 95.0


def test_slow_is_what_99_of_100_stable_answers_are_not() -> None:
    records = [record(n, ms=float(n)) for n in range(200)] + [record(1, version="2.0", ms=9_999)]
    assert slow_limit_ms(records, "1.0") == 198.0


def test_the_first_bad_answer_counts_from_when_it_arrived() -> None:
    found = harm([record(101, 500, "2.0", ms=250), record(102, 500, "2.0")])
    assert found.first_bad_at == pytest.approx(101.25)


def test_failures_before_the_fault_are_not_its_first_bad_answer_but_harm_users() -> None:
    found = harm([record(60, 500, "2.0", user=1), record(101, 500, "2.0", user=2, ms=0)])
    assert (found.first_bad_at, found.users_harmed) == (101.0, 2)


def test_without_a_fault_there_is_no_first_bad_answer() -> None:
    found = harm([record(60, 500, "2.0", user=7)], fault_at=None)
    assert (found.first_bad_at, found.users_harmed) == (None, 1)


def test_failures_of_the_stable_version_are_not_the_new_ones_fault() -> None:
    found = harm([record(101, 500, "1.0"), record(102, 200, "2.0")])
    assert (found.first_bad_at, found.users_harmed) == (None, 0)


def test_a_failure_without_a_version_is_the_new_ones_while_it_has_users() -> None:
    found = harm([record(101, 0, "", user=3, ms=0, error="reset")], exposed=(50.0, 110.0))
    assert (found.first_bad_at, found.users_harmed) == (101.0, 1)


@pytest.mark.parametrize("at", [49.0, 111.0])
def test_a_failure_without_a_version_is_not_the_new_ones_while_it_has_no_users(at: float) -> None:
    found = harm([record(at, 503, "", user=3)], fault_at=10.0, exposed=(50.0, 110.0))
    assert found == Harm(None, None, 0)


def test_a_user_harmed_twice_is_one_user() -> None:
    found = harm([record(101, 500, "2.0", user=5), record(102, 503, "2.0", user=5)])
    assert found.users_harmed == 1


def test_slow_answers_of_the_new_version_harm_only_when_asked_for() -> None:
    records = [record(n, ms=20) for n in range(1, 100)] + [record(101, version="2.0", ms=80, user=9)]
    assert harm(records).users_harmed == 0
    slow = harm(records, counts_slow=True)
    assert slow.users_harmed == 1
    assert slow.first_bad_at == pytest.approx(101.08)


def test_the_last_request_of_the_new_version_counts_from_when_it_was_meant_to_leave() -> None:
    found = harm([record(101, 200, "2.0", ms=900), record(104, 200, "2.0", ms=900), record(120)])
    assert found.last_new_at == 104


def test_a_file_is_followed_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    file = RecordFile(path)
    missing = file.read_new()
    first, second = record(1), record(2)
    line = format_record(second)
    path.write_text(format_record(first) + line[:10])
    half = file.read_new()
    with path.open("a") as more:
        more.write(line[10:])
    assert (missing, half, file.read_new(), file.read_new()) == ([], [first], [second], [])
