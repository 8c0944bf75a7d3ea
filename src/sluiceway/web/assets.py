"""The console's static files, held in memory under an address that changes with their content.

All files share one digest in their path (`/static/{digest}/js/live.js`), so browsers may keep them for ever
and a module's relative imports stay inside the same edition.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_SERVED = (".css", ".js", ".svg", ".png", ".txt", ".LICENSE")


@dataclass(frozen=True, slots=True)
class Asset:
    """One file. `media_type` is what the response says."""

    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    """Every static file by its path below `static/`."""

    digest: str
    by_path: dict[str, Asset]

    def url(self, path: str) -> str:
        """Return the address of a file. Raises KeyError for a path that is not there: a template's typo."""
        if path not in self.by_path:
            raise KeyError(f"no static file {path!r} in the console")
        return f"/static/{self.digest}/{path}"


@cache
def load_assets() -> Assets:
    """Read the package's static files once."""
    by_path = dict(sorted(_walk(files("sluiceway.web") / "static", "")))
    digest = hashlib.sha256()
    for path, asset in by_path.items():
        digest.update(path.encode() + b"\0" + asset.content + b"\0")
    return Assets(digest.hexdigest()[:16], by_path)


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Asset]]:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            yield from _walk(entry, f"{path}/")
        elif path.endswith(_SERVED):
            media_type = {".js": "text/javascript", ".svg": "image/svg+xml"}.get(
                path[path.rfind(".") :], mimetypes.guess_type(path)[0] or "text/plain"
            )
            yield path, Asset(entry.read_bytes(), media_type)
