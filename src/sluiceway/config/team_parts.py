"""Every top key of a process file that is about releases, and every kind of mapping below them.

The one list that reading (`team`), the JSON Schema and the docs test (through `vocabulary`) go by.
"""

from __future__ import annotations

from typing import Any

from sluiceway.config import approval_rules, checklists, control, flag_rules, later, road, schedule
from sluiceway.config.records import Part, Record
from sluiceway.config.sections import Key, Section

TEAM_PARTS: tuple[Part, ...] = (
    *road.PARTS,
    *approval_rules.PARTS,
    *schedule.PARTS,
    *checklists.PARTS,
    *control.PARTS,
    *flag_rules.PARTS,
)
LATER_PARTS: tuple[Part, ...] = later.PARTS

_RECORDS: tuple[Record[Any], ...] = (
    *road.RECORDS,
    *approval_rules.RECORDS,
    *schedule.RECORDS,
    *checklists.RECORDS,
    *control.RECORDS,
    *flag_rules.RECORDS,
    *later.RECORDS,
)

KEYS: tuple[Key, ...] = tuple(one.key for one in (*TEAM_PARTS, *LATER_PARTS))
SECTIONS: dict[str, Section] = {record.name: record.section for record in _RECORDS}
