"""The store contract on SQLite files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sluiceway.adapters.store import SqlStore
from sluiceway.testing.store_contract import StoreContract
from tests.support.databases import new_store


@pytest.fixture
def reopen(tmp_path: Path) -> Iterator[Callable[[str], SqlStore]]:
    opened: list[SqlStore] = []

    def open_again(owner: str) -> SqlStore:
        opened.append(new_store(tmp_path / "sluiceway.sqlite", owner=owner))
        return opened[-1]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Callable[[str], SqlStore]) -> SqlStore:
    return reopen("local")


class TestSqliteStore(StoreContract):
    pass
