"""Recorded metrics: what a file may say, what is wrong with one, and the world that it becomes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sluiceway.adapters.simulated.recorded import RecordedWorld
from sluiceway.adapters.simulated.recording import Recording, read_recording
from sluiceway.adapters.simulated.served import Own, Served
from sluiceway.errors import InvalidInputError

NAME_THEM = "the first line must name the columns, 'at' and 'version' among them; found"
HEADER = "at,version,requests,errors\n"


def read(text: str, *, new: str = "2.0", stable: str = "1.9") -> Recording:
    return read_recording(text, "metrics.csv", new=new, stable=stable)


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidInputError) as raised:
        read(text)
    first, *lines = str(raised.value).splitlines()
    assert first == "the recording can't be used:"
    return lines


def world(text: str, *, thin_to_plan: bool = False, least_s: float = 0.0) -> RecordedWorld:
    return RecordedWorld(read(text), 1, thin_to_plan=thin_to_plan, least_s=least_s)


def test_rows_become_counts_of_the_time_up_to_them() -> None:
    recording = read(HEADER + "60,stable,600,6\n60,new,60,3\n120,1.9,500,5\n120,2.0,50,0\n")

    assert (recording.spacing_s, recording.ends_s, recording.start) == (60, 120, None)
    assert [(row.at_s, row.version, row.served) for row in recording.rows] == [
        (60, "stable", Served(600, 6)),
        (60, "new", Served(60, 3)),
        (120, "stable", Served(500, 5)),
        (120, "new", Served(50, 0)),
    ]


def test_dates_set_the_clock() -> None:
    recording = read(
        HEADER
        + "2026-03-01T12:01:00Z,stable,1,0\n2026-03-01T13:01:00+01:00,new,1,0\n"
        + "2026-03-01T12:02:00Z,stable,1,0\n"
    )

    assert recording.start == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    assert [row.at_s for row in recording.rows] == [60, 60, 120]


def test_columns_beyond_requests_are_times_crashes_and_own_metrics() -> None:
    recording = read(
        "at,version,requests,errors,le_100,le_250,crashes,p95_ms,payments.bad,payments.count\n"
        "60,new,100,1,90,98,2,180,3,40\n60,stable,10,0,,,,,,\n120,stable,10,0,9,9,0,150,0,4\n"
    )

    new = recording.rows[0]
    assert list(recording.bounds_ms) == [100.0, 250.0, float("inf")]
    assert list(new.served.answers) == [90, 8, 2]
    assert new.crashes == 2
    assert new.served.own == {"p95_ms": Own(1, 180, 32_400), "payments": Own(40, 3, 3, 3)}
    assert recording.rows[1].served == Served(10, 0)


def test_a_gap_is_said_and_is_no_data() -> None:
    text = HEADER + "".join(
        f"{at},{version},10,0\n" for at in (60, 120, 300) for version in ("new", "stable")
    )
    rows = world(text)

    assert read(text).notes == ("the recording has 1 gap (180 s): no data there",)
    assert rows.between(120, 240, 0.5).new is None
    assert rows.between(240, 300, 0.5).new == Served(10, 0)


def test_rows_longer_than_a_minute_are_spread_over_their_time() -> None:
    text = HEADER + "".join(f"{at},{version},100,3\n" for at in (300, 600) for version in ("new", "stable"))
    recording = read(text)

    parts = [row for row in recording.rows if row.version == "new"]
    assert recording.spacing_s == 60
    assert [row.at_s for row in parts] == [60 * number for number in range(1, 11)]
    assert sum(row.served.requests for row in parts) == 200
    assert [row.served.errors for row in parts[:5]] == [0, 1, 0, 1, 1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1: the first line must name the columns, 'at' and 'version' among them; found nothing"),
        (
            "at,requests\n",
            "1: the first line must name the columns, 'at' and 'version' among them; found at,requests",
        ),
        ("at,version,errors\n", "1: column 'errors' needs 'requests' beside it"),
        ("at,version,requests,requests\n", "1: column 'requests' is there twice"),
        ("at,version,pay ments\n", "1: 'pay ments' can't name a metric; use letters, digits and _"),
        ("at,version,pay.bad\n", "1: column 'pay.bad' needs 'pay.count' beside it"),
        ("at,version,le_5\n", "1: columns 'le_...' need 'requests' beside them"),
        (HEADER + "60,new,1\n", "2: has 3 cells, expected 4: at,version,requests,errors"),
        (
            HEADER + "soon,new,1,0\n",
            "2: at is 'soon', expected seconds or a date such as 2026-03-01T12:00:00Z",
        ),
        (
            HEADER + "2026-03-01T12:00:00,new,1,0\n",
            "2: at is '2026-03-01T12:00:00' without a time zone; add Z or an offset such as +02:00",
        ),
        (
            HEADER + "60,new,1,0\n2026-03-01T12:00:00Z,new,1,0\n",
            "3: at is '2026-03-01T12:00:00Z'; use seconds or dates, not both in one file",
        ),
        (
            HEADER + "60,v3,1,0\n",
            "2: version is 'v3', expected one of: 2.0, 1.9, new, stable; name the file's versions with --to and --from",  # noqa: E501
        ),
        (
            HEADER + "60,new,many,0\n",
            "2: requests is 'many', expected a count of 0 or more, or an empty cell where there is no data",
        ),
        (
            HEADER + "60,new,-1,0\n",
            "2: requests is '-1', expected a count of 0 or more, or an empty cell where there is no data",
        ),
        (
            HEADER + "60,new,nan,0\n",
            "2: requests is 'nan', expected a count of 0 or more, or an empty cell where there is no data",
        ),
        (HEADER + "60,new,1,2\n", "2: errors is 2, more than requests (1)"),
        (HEADER + "60,new,1,0\n60,new,1,0\n", "3: at is '60', not after the row of new before"),
        (
            "at,version,requests,errors,le_10,le_20\n60,new,9,0,8,7\n",
            "2: le_10 is 8, more than le_20 (7); le_ columns add up",
        ),
        (
            "At,Version,requests,errors\n",
            f"1: {NAME_THEM} At,Version,requests,errors; did you mean 'at' where it says 'At' and 'version' where it says 'Version'?",  # noqa: E501
        ),
        (
            "at;version;requests;errors\n60;new;1;0\n",
            f"1: {NAME_THEM} at;version;requests;errors; cells are separated by ';', expected commas",
        ),
        (
            "at,version,requests,error\n",
            "1: column 'requests' needs 'errors' beside it; did you mean 'errors' where it says 'error'?",
        ),
        ("at,version,requests,errors,\n", "1: column 5 has no name"),
        (HEADER + "60,new,1,\n", "2: requests is 1 but errors is empty; tell both, or none of them"),
        (
            "at,version,paid.count,paid.bad\n60,new,7,\n",
            "2: paid.count is 7 but paid.bad is empty; tell both, or none of them",
        ),
        (
            HEADER + "60,new,1e300,0\n",
            "2: requests is '1e300', expected a count of 0 or more up to 1e+15, or an empty cell where there is no data",  # noqa: E501
        ),
        (
            HEADER + '60,stable,1,0\n60,"new,1,0\n120,new,1,0\n',
            "3: is not CSV (unexpected end of data); it and all lines after it were not read",
        ),
        (
            HEADER + f"60,new,{'9' * 140_000},0\n",
            "2: is not CSV (field larger than field limit (131072)); it and all lines after it were not read",
        ),
    ],
)
def test_a_wrong_line_is_named(text: str, problem: str) -> None:
    assert problems(text)[0] == f"metrics.csv:{problem}"


def test_every_wrong_line_is_named_up_to_twenty() -> None:
    lines = problems(HEADER + "".join(f"{at},new,x,0\n" for at in range(30)))

    assert [line.split(":")[1] for line in lines[:20]] == [str(number) for number in range(2, 22)]
    assert lines[20] == "... and more; mend these first"


def test_a_file_without_rows_of_a_version_is_refused() -> None:
    assert problems(HEADER + "60,new,1,0\n") == [
        "metrics.csv: has no row of the stable version ('1.9' or 'stable')"
    ]


def test_the_new_version_has_no_requests_before_the_plan_gives_it_some() -> None:
    rows = world(HEADER + "60,new,50,5\n60,stable,950,9\n")

    assert rows.between(0, 60, 0.0).new == Served()
    assert rows.next_moment_s(0) == 60
    assert rows.next_moment_s(60) is None


def test_thinning_leaves_requests_out_and_never_adds_any() -> None:
    stretch = world(HEADER + "60,new,500,50\n60,stable,9500,95\n", thin_to_plan=True).between(0, 60, 0.01)

    assert stretch.new is not None
    assert stretch.stable == Served(9_500, 95)
    assert 70 <= stretch.new.requests <= 130
    assert 2 <= stretch.new.errors <= 20


def test_a_long_recording_is_looked_at_less_often() -> None:
    text = HEADER + "".join(f"{at},{version},1,0\n" for at in range(1, 61) for version in ("new", "stable"))
    rows = world(text, least_s=20.0)

    assert rows.resolution_s == 20
    assert [rows.next_moment_s(at) for at in (0, 20, 50)] == [20, 40, 60]
    assert rows.between(0, 20, 0.5).new == Served(20, 0)


def test_quoted_cells_and_the_line_ends_of_other_systems_are_read() -> None:
    recording = read('"at","version","requests","errors"\r\n"60","new","10","1"\r\n\r\n60,stable,"20",0\r\n')

    assert [(row.version, row.served) for row in recording.rows] == [
        ("new", Served(10, 1)),
        ("stable", Served(20, 0)),
    ]


def test_counted_metrics_of_long_rows_keep_all_their_bad_ones() -> None:
    recording = read(
        "at,version,paid.count,paid.bad\n"
        + "".join(f"{at},{version},50,7\n" for at in (300, 600) for version in ("new", "stable"))
    )

    parts = [row.served.own["paid"] for row in recording.rows if row.version == "new"]
    assert (sum(part.count for part in parts), sum(part.bad or 0.0 for part in parts)) == (100, 14)
