"""Public holidays out of the `holidays` library. Names are in English where the library has them so."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from sluiceway.errors import InvalidInputError

_LANGUAGE = "en_US"


@lru_cache(maxsize=512)
def public_holidays(place: str, year: int) -> tuple[tuple[date, str], ...]:
    """Fits `ports.calendars.Holidays`. Days that stand in for a holiday at a weekend are included.

    Raises InvalidInputError for a country or region the library does not know.
    """
    import holidays

    country, _, region = place.partition("-")
    try:
        found = holidays.country_holidays(
            country, subdiv=region or None, years=year, language=_language(country)
        )
    except NotImplementedError as error:
        raise InvalidInputError(
            f'holidays of "{place}": no such country or region is known; '
            "use an ISO 3166 code such as DE or US-CA"
        ) from error
    return tuple(sorted(found.items()))


def _language(country: str) -> str | None:
    import holidays

    known = holidays.list_localized_countries().get(country, [])
    return _LANGUAGE if _LANGUAGE in known else None
