"""The JSON Schema of process files, for editors: put together from the same key lists the reader uses.

It checks shape; what only a reader of the whole can know (names of metrics, falling weights) is left to
`sluice validate`. Source: json-schema.org, draft 2020-12.
"""

from __future__ import annotations

from typing import Any

from sluiceway.config import vocabulary


def json_schema() -> dict[str, Any]:
    """Return the schema as plain data, ready for `json.dumps`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **vocabulary.PROCESS.schema(),
        "$defs": {name: section.schema() for name, section in vocabulary.SECTIONS.items()},
    }
