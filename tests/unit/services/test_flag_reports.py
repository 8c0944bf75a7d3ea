"""What applications report, once each, and the flags that have done their work."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sluiceway.domain.flags.model import Flag, FlagType
from sluiceway.domain.flags.references import Reference
from sluiceway.domain.flags.staleness import StaleReason
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import ForbiddenError, InvalidInputError
from sluiceway.services.flag_reports import MAX_REPORTS, Exposure, ExposureBatch
from tests.unit.services.desk import ADA, TEAM, Office

SERVICE, PRODUCTION = "checkout", "production"
DAY_S = 86_400.0


@pytest.fixture
def app(office: Office) -> Principal:
    made = office.services.tokens.create(
        "app", SERVICE, ADA, scopes=[Permission.EVALUATE], environments=[PRODUCTION]
    )
    return office.services.tokens.authenticate(f"Bearer {made.token}")


def report(office: Office, app: Principal, batch: str = "b1", count: int = 5, late_s: float = 0.0) -> bool:
    at = office.clock.wall() - timedelta(seconds=late_s)
    exposure = Exposure("new", "on", count, at - timedelta(minutes=1), at)
    return office.services.flags.record_exposures(app, ExposureBatch(batch, [exposure]))


def counted(office: Office) -> list[tuple[str, str, int]]:
    rows = office.services.flags.usage(SERVICE, PRODUCTION, "new", ADA)
    return [(row.flag, row.variant, row.count) for row in rows]


def test_reports_add_up_and_a_batch_sent_again_counts_once(office: Office, app: Principal) -> None:
    assert report(office, app)
    assert not report(office, app)
    assert report(office, app, "b2", count=2)

    assert counted(office) == [("new", "on", 7)]


def test_a_clock_that_is_wrong_by_years_counts_as_now(office: Office, app: Principal) -> None:
    report(office, app, late_s=3_000 * DAY_S)
    report(office, app, "b2", late_s=-3_000 * DAY_S)

    rows = office.services.flags.usage(SERVICE, PRODUCTION, "new", ADA)
    assert [(row.count, row.last_at) for row in rows] == [(10, office.clock.wall())]


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (ExposureBatch(""), "give it an id of its own"),
        (ExposureBatch("x" * 65), "give it an id of its own"),
        (ExposureBatch("b", [None] * (MAX_REPORTS + 1)), "has 5001 reports; send at most 5000"),  # type: ignore[list-item]
    ],
)
def test_a_batch_that_can_not_be_is_refused(
    office: Office, app: Principal, batch: ExposureBatch, message: str
) -> None:
    with pytest.raises(InvalidInputError, match=message):
        office.services.flags.record_exposures(app, batch)


@pytest.mark.parametrize(
    ("flag", "count", "message"),
    [
        ("", 1, r"exposures\[0\]\.flag is ''"),
        ("a\nb", 1, r"exposures\[0\]\.flag is"),
        ("new", 0, r"exposures\[0\]\.count is 0"),
    ],
)
def test_a_report_that_can_not_be_is_refused_with_its_place(
    office: Office, app: Principal, flag: str, count: int, message: str
) -> None:
    now = office.clock.wall()
    with pytest.raises(InvalidInputError, match=message):
        office.services.flags.record_exposures(
            app, ExposureBatch("b", [Exposure(flag, "on", count, now, now)])
        )
    assert counted(office) == []


def test_reports_are_of_the_token_s_environment(office: Office, app: Principal) -> None:
    with pytest.raises(InvalidInputError, match="the reports are of 'staging', the token of production"):
        office.services.flags.record_exposures(app, ExposureBatch("b"), environment="staging")
    with pytest.raises(ForbiddenError):
        office.services.flags.record_exposures(ADA, ExposureBatch("b"))


def test_old_reports_are_forgotten(office: Office, app: Principal) -> None:
    report(office, app)
    office.clock.advance(200 * DAY_S)

    assert office.services.flags.prune_reports() == 2
    assert report(office, app)


def test_a_flag_that_everyone_has_had_for_long_is_stale_with_its_references(office: Office) -> None:
    flags = office.services.flags
    flags.create(SERVICE, Flag("new", owner="ann"), ADA)
    flags.create(SERVICE, Flag("tuning", type=FlagType.OPERATIONAL), ADA)
    for environment in ("development", "staging", PRODUCTION):
        for flag in ("new", "tuning"):
            flags.toggle(SERVICE, environment, flag, True, ADA)
    office.clock.advance(29 * DAY_S)
    assert flags.stale_report(SERVICE, ADA) == ()
    office.clock.advance(2 * DAY_S)

    line = Reference("new", "shop.py", 7, 'if flags.boolean("new")', is_certain=True)
    (found,) = flags.stale_report(SERVICE, ADA, {"new": [line]})

    assert (found.flag, found.owner, found.references) == ("new", "ann", (line,))
    assert [one.reason for one in found.reasons] == [StaleReason.EVERYONE]


def test_the_process_says_how_long_is_long(office: Office) -> None:
    office.put_process(SERVICE, f"{TEAM}flags: {{stale_after: 3d, unused_after: 5d}}\n")
    flags = office.services.flags
    made = office.services.tokens.create(
        "app", SERVICE, ADA, scopes=[Permission.EVALUATE], environments=[PRODUCTION]
    )
    flags.create(SERVICE, Flag("new"), ADA)
    flags.toggle(SERVICE, PRODUCTION, "new", True, ADA)
    report(office, office.services.tokens.authenticate(f"Bearer {made.token}"))
    office.clock.advance(4 * DAY_S)
    assert flags.stale_report(SERVICE, ADA) == ()

    office.clock.advance(2 * DAY_S)

    (found,) = flags.stale_report(SERVICE, ADA)
    assert [one.reason for one in found.reasons] == [StaleReason.NEVER_CALLED]
