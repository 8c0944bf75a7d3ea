"""`sluice audit verify`: from the database itself, or by asking a server."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import text

from sluiceway.adapters.store import open_store
from sluiceway.testing.builders import an_audit_entry
from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice


def write_trail(data: Path, entries: int = 3) -> str:
    """Write entries and return the hash of the last but one."""
    store = open_store(data / "sluiceway.db")
    with store.begin() as tx:
        hashes = [tx.append_audit(an_audit_entry()).hash for _ in range(entries)]
    store.close()
    return hashes[-2]


def test_a_whole_trail_shows_its_head(sluice: Sluice) -> None:
    noted = write_trail(Path(".sluice"))

    result = sluice("audit", "verify", "--head", noted, "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["entries"] == 3


def test_a_trail_without_the_noted_head_ends_with_eight(sluice: Sluice) -> None:
    write_trail(Path(".sluice"))

    result = sluice("audit", "verify", "--head", "a" * 64)

    assert result.exit_code == 8
    assert "cut off" in result.stderr


def test_a_changed_entry_is_named(sluice: Sluice) -> None:
    write_trail(Path("data"))
    store = open_store(Path("data/sluiceway.db"))
    with store.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_no_update"))
        connection.execute(text("UPDATE audit SET actor = 'nobody' WHERE seq = 2"))
    store.close()

    result = sluice("audit", "verify", "--data", "data")

    assert result.exit_code == 8
    assert "entry 2 was changed" in result.stderr


def test_without_data_there_is_nothing_to_verify(sluice: Sluice) -> None:
    result = sluice("audit", "verify")

    assert result.exit_code == 4
    assert "--data" in result.stderr


def test_a_server_can_be_asked(server: Served, sluice: Sluice) -> None:
    server.office.desk.run(server.office.put_rollout(), until="promoted")

    result = sluice("audit", "verify", "--server", server.url)

    assert result.exit_code == 0
    assert result.stdout.startswith("whole: ")
