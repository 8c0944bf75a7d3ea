"""What exactly is signed when somebody states that a gate holds: one text, however often it is checked."""

from __future__ import annotations

import json

from sluiceway.domain.releases.model import GateEntry


def statement_text(release_id: str, entry: GateEntry) -> str:
    """Return the signed text: JSON with sorted keys and no spaces, of who stated what of which version."""
    content = {
        "release": release_id,
        "gate": entry.gate,
        "result": entry.result.value,
        "by": entry.by,
        "role": entry.role,
        "at": entry.at.isoformat(),
        "version": entry.subject,
        "statement": entry.statement,
        "until": entry.until.isoformat() if entry.until else None,
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
