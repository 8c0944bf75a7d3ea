"""What is asked again and again reads only what is open, by its index, however much has ended.

SQLite picks an index by the words of a query, and an order of joins by what it guesses: both are easily lost.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from sluiceway.adapters.store import open_store, release_marks, release_rows
from sluiceway.ports.releases import ReleaseQuery

NOW = datetime(2027, 3, 1, tzinfo=UTC)
ASKED: dict[str, Callable[[Connection], object]] = {
    "open releases": lambda connection: release_marks.open_releases(connection, None),
    "ended rollouts": release_marks.ended_rollouts,
    "due releases": lambda connection: release_rows.due(connection, NOW, 50),
    "a list of open ones": lambda connection: release_rows.list_rows(
        connection, ReleaseQuery(open_only=True), limit=50, before=None
    ),
    "a release by its version": lambda connection: release_rows.find(connection, "shop", "2.0.0"),
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED.keys())
def test_no_table_is_walked_without_an_index(tmp_path: Path, asked: Callable[[Connection], object]) -> None:
    store = open_store(tmp_path / "sluiceway.db")
    statements: list[tuple[str, Any]] = []

    def note(*told: Any) -> None:
        statements.append((told[2], told[3]))

    with store.engine.connect() as connection:
        event.listen(store.engine, "before_cursor_execute", note)
        asked(connection)
        event.remove(store.engine, "before_cursor_execute", note)
        plans = [
            line[3]
            for statement, values in statements
            for line in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    store.close()

    assert plans
    assert [line for line in plans if line.startswith("SCAN") and "INDEX releases_open" not in line] == []
