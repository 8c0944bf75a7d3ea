"""What an application pays for flags: what is loaded, and how much memory it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

HEAVY = (
    "alembic",
    "asyncio",
    "dbos",
    "httpx",
    "litestar",
    "msgspec",
    "openfeature",
    "pydantic",
    "re2",
    "sqlalchemy",
    "structlog",
    "typer",
    "yaml",
)

PROGRAM = """
import json, sys, tracemalloc
tracemalloc.start()
from sluiceway.flags_sdk import FlagClient, Context
imported = tracemalloc.get_traced_memory()[0]
flag = {{"id": "", "enabled": True, "rules": [{{"id": "r", "reach": 25, "constraints": [
    {{"attribute": "country", "operator": "in", "values": ["DE", "FR", "IT", "ES", "AT"]}},
    {{"attribute": "plan", "operator": "in", "values": ["pro"]}}]}}]}}
flags = FlagClient.offline({{"flags": [{{**flag, "id": f"flag-{{at}}"}} for at in range(100)]}})
assert flags.evaluate("flag-7", Context("ann", country="DE", plan="pro")).error is None
{more}
both = tracemalloc.get_traced_memory()[0]
print(json.dumps({{"imported": imported, "both": both, "modules": list(sys.modules)}}))
"""


def measured(more: str = "") -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(more=more)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_offline_flags_load_no_server_code_no_http_and_no_tls() -> None:
    loaded = {name.partition(".")[0] for name in measured()["modules"]}

    assert loaded & {*HEAVY, "http", "ssl", "socket", "email"} == set()


def test_a_client_loads_nothing_of_the_server_either() -> None:
    more = (
        "import sluiceway.flags_sdk.updating, sluiceway.flags_sdk.exposures, sluiceway.flags_sdk.last_known"
    )
    modules = measured(more)["modules"]

    assert {name.partition(".")[0] for name in modules} & set(HEAVY) == set()
    own = {name for name in modules if name.startswith("sluiceway.")}
    assert {
        name
        for name in own
        if not name.startswith(("sluiceway.flags_sdk", "sluiceway.domain", "sluiceway.errors"))
    } == set()
    assert {name for name in own if name.startswith("sluiceway.domain.")} == {
        name for name in own if name.startswith("sluiceway.domain.flags")
    }


def test_a_hundred_flags_take_less_than_two_megabytes() -> None:
    found = measured()

    assert found["both"] - found["imported"] < 2 * 1024 * 1024
