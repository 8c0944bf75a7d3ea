"""Check that `sluiceway.domain` imports nothing but itself, its errors and a short list of pure modules.

The ruff ban in src/sluiceway/domain/ruff.toml names what is forbidden and why; this check is the other way
round and knows what is allowed, so that a module nobody thought of banning does not slip in.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

DOMAIN = Path(__file__).resolve().parent.parent / "src" / "sluiceway" / "domain"

ALLOWED = frozenset(
    {
        "__future__",
        "abc",
        "base64",
        "bisect",
        "cel",  # the expression language: a pure function of its inputs
        "collections",
        "dataclasses",
        "datetime",  # the types; reading the clock through them is banned by ruff
        "decimal",
        "difflib",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "html",  # escaping text for drawings
        "ipaddress",
        "itertools",
        "json",
        "math",
        "mmh3",  # the hash that spreads users over buckets
        "operator",
        "re",
        "re2",  # regular expressions of flags, in linear time
        "statistics",
        "string",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
        "zoneinfo",
        "sluiceway.domain",
        "sluiceway.errors",
    }
)
CLOCK_READS = frozenset({"now", "utcnow", "today"})


def is_allowed(module: str) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in ALLOWED)


def impurities(source: str, where: str) -> Iterator[str]:
    """Yield `file:line: what is wrong` for each import or clock read that the domain may not hold."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=module, level=0) if module is not None:
                modules = [module]
            case ast.Attribute(attr=attr, value=ast.Name(id="datetime" | "date")) if attr in CLOCK_READS:
                yield f"{where}:{node.lineno}: reads the clock ({attr}); take `now` as an argument"
                continue
            case _:
                continue
        for module in modules:
            if not is_allowed(module):
                yield f"{where}:{node.lineno}: imports {module}; the domain may import only {_allowed_text()}"


def _allowed_text() -> str:
    return ", ".join(sorted(name for name in ALLOWED if not name.startswith("_")))


def main() -> int:
    found = [
        problem
        for path in sorted(DOMAIN.rglob("*.py"))
        for problem in impurities(path.read_text(encoding="utf-8"), str(path.relative_to(DOMAIN.parents[2])))
    ]
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
