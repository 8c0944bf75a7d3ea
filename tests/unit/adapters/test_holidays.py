"""Public holidays by country and region, as the library knows them."""

from __future__ import annotations

from datetime import date

import pytest

from sluiceway.adapters.holidays import public_holidays
from sluiceway.errors import InvalidInputError
from sluiceway.ports.calendars import Holidays


def test_holidays_of_a_country_come_in_order_with_english_names() -> None:
    source: Holidays = public_holidays
    found = source("DE", 2026)

    assert found[0] == (date(2026, 1, 1), "New Year's Day")
    assert (date(2026, 4, 6), "Easter Monday") in found
    assert [day for day, _ in found] == sorted(day for day, _ in found)


def test_a_region_has_its_own_holidays_besides() -> None:
    epiphany = (date(2026, 1, 6), "Epiphany")

    assert epiphany in public_holidays("DE-BY", 2026)
    assert epiphany not in public_holidays("DE", 2026)


def test_the_day_that_stands_in_for_a_holiday_at_a_weekend_is_one_too() -> None:
    assert (date(2027, 12, 27), "Christmas Day (observed)") in public_holidays("GB-ENG", 2027)


@pytest.mark.parametrize("place", ["XX", "DE-QQ", ""])
def test_an_unknown_place_is_named(place: str) -> None:
    with pytest.raises(InvalidInputError, match=f'holidays of "{place}": no such country or region is known'):
        public_holidays(place, 2026)
