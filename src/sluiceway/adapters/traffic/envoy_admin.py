"""Talking to a running Envoy through its admin interface, a Unix socket that only the owner may use.

Source: Envoy docs, "Administration interface".
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import quote

import httpx

from sluiceway.errors import TemporaryProviderError

Json = Mapping[str, object]

RECORD_FILE = "process.json"  # in an ingress's folder: which process is its Envoy

_LONGEST_SOCKET_PATH = 100  # the system's limit is 108 bytes on Linux, 104 on macOS


def ingress_folder(data_dir: Path, ingress_name: str) -> Path:
    """Return where everything about one ingress's Envoy is kept."""
    return data_dir.absolute() / "envoy" / quote(ingress_name, safe="").replace(".", "%2E")


def admin_socket(folder: Path) -> Path:
    """Return the path of the admin socket, also when the folder's own path is too long for one."""
    inside = folder / "admin.sock"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_PATH:
        return inside
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(f"/tmp/sluiceway-{os.getuid()}") / f"{digest}.sock"


class EnvoyAdmin:
    """One Envoy's admin interface. Safe to use from several threads."""

    def __init__(self, socket: Path, timeout_s: float = 2.0) -> None:
        self._socket = socket
        transport = httpx.HTTPTransport(uds=str(socket), retries=1)
        self._client = httpx.Client(transport=transport, base_url="http://envoy", timeout=timeout_s)

    def text(self, path: str, **params: str) -> str:
        """Return what Envoy answers. Raises TemporaryProviderError when it does not, or not with 200."""
        try:
            answer = self._client.get(path, params=params)
        except httpx.HTTPError as failure:
            words = str(failure) or type(failure).__name__
            raise TemporaryProviderError(
                f"Envoy's admin interface {self._socket} does not answer: {words}"
            ) from failure
        if not answer.is_success:
            raise TemporaryProviderError(
                f"Envoy's admin interface {self._socket} answered {path} with {answer.status_code}:"
                f" {answer.text[:200]}"
            )
        return answer.text

    def stats(self, pattern: str) -> dict[str, str]:
        """Return the values of counters, gauges and texts whose whole name matches the RE2 pattern."""
        values: dict[str, str] = {}
        for line in self.text("/stats", filter=f"^(?:{pattern})$").splitlines():
            name, separator, value = line.rpartition(": ")
            if separator:
                values[name] = value.strip('"')
        return values

    def node_id(self) -> str:
        """Return the node id that this Envoy was started with."""
        info = _object(json.loads(self.text("/server_info")))
        return str(_object(info.get("node")).get("id", ""))

    def active_routes(self, name: str) -> Json | None:
        """Return the route configuration that is in force, None before the first one."""
        dump = _object(json.loads(self.text("/config_dump", mask="dynamic_route_configs")))
        for config in _objects(dump.get("configs")):
            for entry in _objects(config.get("dynamic_route_configs")):
                routes = _object(entry.get("route_config"))
                if routes.get("name") == name:
                    return routes
        return None

    def close(self) -> None:
        self._client.close()


def _object(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _objects(value: object) -> list[Json]:
    return [_object(item) for item in cast("list[object]", value)] if isinstance(value, list) else []
