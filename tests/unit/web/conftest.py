"""The console over an office whose reconciler acts when told to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.di import Provide
from litestar.testing import TestClient

from sluiceway.web.routes import web_handlers
from tests.unit.services.desk import ADA, Office, open_office


@dataclass
class Console:
    """The office and a browser without scripts."""

    office: Office
    client: TestClient[Litestar]


@pytest.fixture
def console(tmp_path: Path) -> Iterator[Console]:
    with open_office(tmp_path) as office:
        app = Litestar(
            web_handlers(office.services),
            dependencies={"by": Provide(lambda: ADA, sync_to_thread=False)},
            openapi_config=None,
        )
        with TestClient(app) as client:
            yield Console(office, client)
