"""Fixtures for tests that run on PostgreSQL, too."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

from sluiceway.adapters.store import open_store
from tests.contract.postgres import PostgresMissingError, a_server

_numbers = itertools.count(1)


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
