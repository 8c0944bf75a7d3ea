"""Fixtures for tests that run on PostgreSQL, too; and what tags of other people's feature files mean here."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

from sluiceway.adapters.store import open_store
from tests.contract.postgres import PostgresMissingError, a_server

_numbers = itertools.count(1)

SKIPPED = {
    "reason-codes-cached": "CACHED is for providers that keep remote answers; ours decides each time",
}
TAGS_OF_EXAMPLES = ("booleans", "numbers", "objects", "strings")  # these become markers without being asked


def pytest_configure(config: pytest.Config) -> None:
    for tag in TAGS_OF_EXAMPLES:
        config.addinivalue_line("markers", f"{tag}: examples of OpenFeature's suite")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a server; `SLUICEWAY_TEST_POSTGRES` names one that runs already."""
    if given := os.environ.get("SLUICEWAY_TEST_POSTGRES"):
        yield given
        return
    try:
        with a_server() as url:
            yield url
    except PostgresMissingError as exc:
        pytest.skip(str(exc))


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a database with every migration run, to be copied: quicker than migrating for each test."""
    with _a_database(postgres_server) as name:
        open_store(_address(postgres_server, name)).close()
        yield name


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """The address of a database without rows, dropped after the test."""
    with _a_database(postgres_server, f"TEMPLATE {postgres_template}") as name:
        yield _address(postgres_server, name)


@contextmanager
def _a_database(server: str, options: str = "") -> Generator[str]:
    name = f"sluiceway_test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} {options}".encode())
        try:
            yield name
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _address(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)


def pytest_bdd_apply_tag(tag: str, function: Callable[..., object]) -> bool | None:
    """Skip scenarios with a tag in `SKIPPED`; the other tags are no markers of ours and mean nothing."""
    if tag in SKIPPED:
        pytest.mark.skip(reason=SKIPPED[tag])(function)
    return True
