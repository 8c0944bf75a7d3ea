"""The `service` and `ingress` sections: how a version is started, and where users come in."""

from __future__ import annotations

import re
from pathlib import Path

from sluiceway.config import values, vocabulary
from sluiceway.config.tree import Value, nearest
from sluiceway.domain.process.plan import HealthCheck, Ingress, Service, Sticky, VersionOverride

PLACEHOLDERS = ("port", "version")
PROVIDERS = {"envoy": "envoy"}
MAX_INSTANCES = 100

_PLACEHOLDER = re.compile(r"(?<![${])\{([A-Za-z_]+)\}(?!\})")


def read_service(value: Value, base_dir: Path) -> Service | None:
    """Return the service, None when it has a problem. `base_dir` is what relative paths start from."""
    fields = vocabulary.SERVICE.read(value)
    name_value, command_value = fields.get("name"), fields.get("command")
    name = values.name(name_value, what="a service name") if name_value else None
    command = values.command(command_value) if command_value else None
    cwd_value, env_value = fields.get("cwd"), fields.get("env")
    cwd = _directory(cwd_value, base_dir) if cwd_value else str(base_dir.resolve())
    env = values.mapping_of_texts(env_value) if env_value else ()
    health_value, stop_value = fields.get("health"), fields.get("stop")
    health = _health(health_value) if health_value else HealthCheck()
    instances_value = fields.get("instances")
    instances = values.whole(instances_value, least=1, most=MAX_INSTANCES) if instances_value else 1
    grace_s = _grace(stop_value) if stop_value else 10.0
    versions_value = fields.get("versions")
    versions = _versions(versions_value, base_dir, env or ()) if versions_value else ()
    if command_value and command is not None and env is not None:
        _check_placeholders(command_value, command, env)
    if name is None or command is None or cwd is None or env is None or health is None:
        return None
    if instances is None or grace_s is None:
        return None
    return Service(name, command, cwd, env, health, instances, grace_s, versions)


def _directory(value: Value, base_dir: Path) -> str | None:
    found = values.text(value, what="a directory")
    if found is None:
        return None
    directory = (base_dir / Path(found).expanduser()).resolve()
    if "{version}" not in found and not directory.is_dir():
        value.note(f"{found} is no directory here, so nothing can start there yet")
    return str(directory)


def _health(value: Value) -> HealthCheck | None:
    if value.is_scalar:
        path = values.url_path(value)
        return HealthCheck(path=path) if path is not None else None
    fields = vocabulary.HEALTH.read(value)
    if not fields.is_mapping:
        return None
    default = HealthCheck()
    path_value, interval_value = fields.get("path"), fields.get("interval")
    timeout_value, within_value = fields.get("timeout"), fields.get("within")
    path = values.url_path(path_value) if path_value else default.path
    interval_s = values.duration(interval_value, least_s=0.05) if interval_value else default.interval_s
    timeout_s = (
        values.duration(timeout_value, least_s=0.01, most_s=300) if timeout_value else default.timeout_s
    )
    within_s = values.duration(within_value, least_s=0.1) if within_value else default.within_s
    if path is None or interval_s is None or timeout_s is None or within_s is None:
        return None
    return HealthCheck(path, interval_s, timeout_s, within_s)


def _grace(value: Value) -> float | None:
    if value.is_scalar:
        return values.duration(value, most_s=3_600)
    grace = vocabulary.STOP.read(value).get("grace")
    return values.duration(grace, most_s=3_600) if grace else 10.0


def _versions(
    value: Value, base_dir: Path, common_env: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, VersionOverride], ...]:
    found: list[tuple[str, VersionOverride]] = []
    for key, entry in value.entries():
        values.name(key, what="a version")
        if entry.is_null:
            found.append((key.raw, VersionOverride()))
            continue
        fields = vocabulary.VERSION.read(entry)
        command_value, cwd_value, env_value = fields.get("command"), fields.get("cwd"), fields.get("env")
        command = values.command(command_value) if command_value else ()
        cwd = _directory(cwd_value, base_dir) if cwd_value else ""
        env = values.mapping_of_texts(env_value) if env_value else ()
        if command_value and command and env is not None:
            _check_placeholders(command_value, command, (*common_env, *env))
        if command is not None and cwd is not None and env is not None:
            found.append((key.raw, VersionOverride(command, cwd, env)))
    return tuple(found)


def _check_placeholders(value: Value, command: tuple[str, ...], env: tuple[tuple[str, str], ...]) -> None:
    """Without `{port}` two versions would fight for one port; a misspelt one would be passed on as it is."""
    words = (*command, *(text for _, text in env))
    named = [found for word in words for found in _PLACEHOLDER.findall(word)]
    unknown = [found for found in named if found not in PLACEHOLDERS and nearest(found, PLACEHOLDERS)]
    for found in dict.fromkeys(unknown):
        value.problem(
            f"unknown placeholder {{{found}}}, expected {{port}} or {{version}}{nearest(found, PLACEHOLDERS)}"
        )
    if "port" not in named and not unknown:
        value.problem(
            "{port} is missing, expected it in the command or in env: "
            "each instance listens on a port of its own"
        )


def read_ingress(value: Value, service_name: str) -> Ingress | None:
    """Return the ingress, None when it has a problem."""
    fields = vocabulary.INGRESS.read(value)
    listen_value, name_value = fields.get("listen"), fields.get("name")
    listen = _listen(listen_value) if listen_value else None
    name = values.name(name_value) if name_value else service_name
    provider_value, sticky_value = fields.get("provider"), fields.get("sticky")
    provider = values.choice(provider_value, PROVIDERS) if provider_value else "envoy"
    sticky = _sticky(sticky_value) if sticky_value else Sticky()
    timeout_value = fields.get("request_timeout")
    timeout_s = values.duration(timeout_value, least_s=0.01, most_s=86_400) if timeout_value else 15.0
    if listen is None or name is None or provider is None or sticky is None or timeout_s is None:
        return None
    return Ingress(name, provider, listen[0], listen[1], sticky, timeout_s)


def _listen(value: Value) -> tuple[str, int] | None:
    found = values.text(value, what="an address such as 127.0.0.1:8080")
    if found is None:
        return None
    host, colon, port_text = found.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if colon else "127.0.0.1"
    if not host or not re.fullmatch(r"[A-Za-z0-9.:_-]+", host) or not re.fullmatch(r"\d{1,9}", port_text):
        value.expected("an address such as 127.0.0.1:8080")
        return None
    port = int(port_text)
    if not 1 <= port <= 65_535:
        value.problem(f"port {port} is outside 1 to 65535", at=len(found) - len(port_text))
        return None
    return host, port


def _sticky(value: Value) -> Sticky | None:
    fields = vocabulary.STICKY.read(value)
    header_value, cookie_value = fields.get("header"), fields.get("cookie")
    header = values.token(header_value, what="a header name") if header_value else ""
    cookie = values.token(cookie_value, what="a cookie name") if cookie_value else Sticky().cookie
    if header is None or cookie is None:
        return None
    if not header_value and not cookie_value:
        value.expected("a cookie or a header")
        return None
    return Sticky(header.lower(), cookie)
