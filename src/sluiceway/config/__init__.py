"""Process files: YAML text to the checked `Process` of the domain, and the JSON Schema for editors."""

from __future__ import annotations

from sluiceway.config.process import load_process, parse_process, resolved_text
from sluiceway.config.schema import json_schema

__all__ = ["json_schema", "load_process", "parse_process", "resolved_text"]
