"""Where the public holidays of a place come from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol


class Holidays(Protocol):
    def __call__(self, place: str, year: int) -> Sequence[tuple[date, str]]:
        """Return the days of one year on which a place does not work, in order, with their names.

        `place` is a country or a country and region, as a process writes it: "DE", "US-CA".
        Raises InvalidInputError for a place nobody knows, naming it.
        """
        ...
