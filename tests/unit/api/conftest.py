"""The API over an office whose reconciler acts when told to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from sluiceway.api.app import create_api
from sluiceway.api.events import Shutdown
from tests.unit.services.desk import Office, open_office

BASE = "http://127.0.0.1:7700"
HEADERS = {"X-Sluice-Client": "test", "X-Sluice-Actor": "ada"}


@dataclass
class Desk:
    """The office and a client of its API."""

    office: Office
    client: TestClient[Litestar]
    shutdown: Shutdown


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Desk]:
    with open_office(tmp_path) as office:
        shutdown = Shutdown()
        app = create_api(
            office.services,
            shutdown=shutdown,
            own_name="sluice.example",
        )
        with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
            client.headers.update(HEADERS)
            yield Desk(office, client, shutdown)
