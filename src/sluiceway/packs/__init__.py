"""The built-in processes, one YAML file each beside this module. No code knows what stands in them."""

from __future__ import annotations

from importlib import resources

_SUFFIX = ".yaml"


def pack_names() -> tuple[str, ...]:
    """Return the names of all packs, in order."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX)))


def pack_text(name: str) -> str:
    """Return the text of a pack whose name `pack_names` has returned."""
    return resources.files(__name__).joinpath(f"{name}{_SUFFIX}").read_text(encoding="utf-8")
