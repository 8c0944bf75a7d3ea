"""Handing Envoy its configuration by files and hearing from Envoy itself that it is in force.

A file's version is the hash of its content, so the same configuration is the same version. After a write
Envoy's own counters and version texts are polled until it has taken the file up or refused it. Source:
Envoy docs, "xDS subscription statistics".
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from sluiceway.adapters.files import write_atomically
from sluiceway.adapters.traffic.envoy_bootstrap import CLUSTERS_FILE, LISTENERS_FILE, ROUTES_FILE, Config
from sluiceway.adapters.traffic.envoy_process import EnvoyProcess, envoys_words
from sluiceway.adapters.traffic.envoy_routes import ROUTES_NAME
from sluiceway.errors import PermanentProviderError, TemporaryProviderError

_POLL_S = 0.005
_WARMING = "cluster_manager.warming_clusters"


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the files: its name and the prefix of Envoy's statistics about it."""

    file: str
    prefix: str


CLUSTERS = Kind(CLUSTERS_FILE, "cluster_manager.cds")
LISTENERS = Kind(LISTENERS_FILE, "listener_manager.lds")
ROUTES = Kind(ROUTES_FILE, f"http.ingress.rds.{ROUTES_NAME}")
KINDS = (CLUSTERS, LISTENERS, ROUTES)


class EnvoyFiles:
    """The configuration files of one Envoy."""

    def __init__(self, folder: Path, process: EnvoyProcess, confirm_within_s: float) -> None:
        self.folder = folder
        self._process = process
        self._confirm_within_s = confirm_within_s

    def resources(self, kind: Kind) -> dict[str, Config]:
        """Return what the file holds, by name, in its order; empty without a file."""
        try:
            text = (self.folder / kind.file).read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        content = cast("Mapping[str, list[Config]]", json.loads(text))
        return {str(resource["name"]): resource for resource in content["resources"]}

    def write(self, kind: Kind, resources: Iterable[Config]) -> str:
        """Write the file and return its version, without asking whether Envoy took it up."""
        version, text = _render(resources)
        write_atomically(self.folder / kind.file, text)
        return version

    def put(self, kind: Kind, resources: Iterable[Config]) -> None:
        """Write the file unless it is in force already, and return when Envoy confirms it.

        Raises TemporaryProviderError when the disk is full or Envoy does not confirm in time,
        PermanentProviderError, with Envoy's words, when it refuses; the file is then as it was before.
        """
        version, text = _render(resources)
        path = self.folder / kind.file
        before = path.read_text(encoding="utf-8") if path.exists() else None
        stats = self._stats((kind,))
        if before == text and stats.get(f"{kind.prefix}.version_text") == version:
            return
        offset = self._process.log_size()
        rejected = stats.get(f"{kind.prefix}.update_rejected", "0")
        write_atomically(path, text)
        try:
            self.await_versions({kind: version}, {kind: rejected}, offset)
        except PermanentProviderError:
            if before is not None:
                write_atomically(path, before)
            raise

    def await_versions(
        self, wanted: Mapping[Kind, str], rejected_before: Mapping[Kind, str], log_offset: int
    ) -> None:
        """Return when Envoy has taken these versions up and every cluster has met its endpoints once."""
        deadline = time.monotonic() + self._confirm_within_s
        while True:
            stats = self._stats(tuple(wanted))
            late = [
                kind
                for kind, version in wanted.items()
                if stats.get(f"{kind.prefix}.version_text") != version
            ]
            if not late and stats.get(_WARMING) == "0":
                return
            for kind in late:
                if stats.get(f"{kind.prefix}.update_rejected", "0") != rejected_before.get(kind, "0"):
                    words = envoys_words(self._process.log_since(log_offset))
                    raise PermanentProviderError(
                        f"Envoy refused {self.folder / kind.file}: {words or 'it does not say why'}"
                    )
            if time.monotonic() > deadline:
                waiting = ", ".join(kind.file for kind in late) or "endpoints to answer a first time"
                raise TemporaryProviderError(
                    f"Envoy did not confirm within {self._confirm_within_s:g} s; still waiting for {waiting}"
                )
            time.sleep(_POLL_S)

    def _stats(self, kinds: tuple[Kind, ...]) -> dict[str, str]:
        prefixes = "|".join(kind.prefix.replace(".", r"\.") for kind in kinds)
        return self._process.admin.stats(
            rf"(?:{prefixes})\.(?:version_text|update_rejected)|{_WARMING.replace('.', r'[.]')}"
        )


def _render(resources: Iterable[Config]) -> tuple[str, str]:
    content = json.dumps(list(resources), sort_keys=True)
    version = hashlib.sha256(content.encode()).hexdigest()[:16]
    return version, f'{{"version_info": "{version}", "resources": {content}}}\n'
