"""The routes that are not about one rollout: process files, the audit trail, health and own metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import MediaType, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_503_SERVICE_UNAVAILABLE

from sluiceway import __version__
from sluiceway.api.guard import OPEN
from sluiceway.api.requests import ValidateRequest
from sluiceway.config import json_schema, parse_process
from sluiceway.domain.people.model import Principal
from sluiceway.errors import ProcessFileError
from sluiceway.services.audit import AuditCheckView
from sluiceway.services.health import Health, HealthService
from sluiceway.services.rollouts import RolloutService


@dataclass(frozen=True, slots=True)
class ValidationView:
    """What is wrong with a process file (`file:line:column: path: ...`) and what is worth knowing."""

    valid: bool
    problems: tuple[str, ...]
    notes: tuple[str, ...]


@post(
    "/api/process/validate",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Check a process file; every problem at once",
    tags=["process"],
)
def validate_process(data: JSONBody[ValidateRequest]) -> ValidationView:
    try:
        process = parse_process(data.process, data.path)
    except ProcessFileError as error:
        return ValidationView(False, error.problems, ())
    return ValidationView(True, (), tuple(map(str, process.notes)))


@get(
    "/api/process/schema",
    sync_to_thread=True,
    opt={OPEN: True},  # editors fetch it, and it says nothing about anybody
    summary="The JSON Schema of process files, for editors",
    tags=["process"],
)
def process_schema() -> dict[str, Any]:
    return json_schema()


@get(
    "/api/audit/verify",
    sync_to_thread=True,
    summary="Walk the audit trail; `head` is a hash noted earlier that must occur in it",
    tags=["audit"],
)
def audit_verify(
    service: NamedDependency[RolloutService],
    by: NamedDependency[Principal],
    head: Annotated[str | None, QueryParameter(pattern="^[0-9a-f]{64}$")] = None,
) -> AuditCheckView:
    return service.verify_audit(by, head)


@get(
    "/healthz",
    sync_to_thread=True,
    opt={OPEN: True},  # a probe has no login
    summary="Whether this server can do its work",
    tags=["system"],
)
def healthz(health: NamedDependency[HealthService]) -> Response[Health]:
    found = health.check()
    return Response(found, status_code=HTTP_200_OK if found.ok else HTTP_503_SERVICE_UNAVAILABLE)


@get(
    "/metrics",
    sync_to_thread=True,
    media_type=MediaType.TEXT,
    summary="Sluiceway's own figures in Prometheus' text format",
    tags=["system"],
)
def own_metrics(health: NamedDependency[HealthService], by: NamedDependency[Principal]) -> Response[str]:
    found = health.figures(by)
    lines = [
        "# HELP sluiceway_build_info The running version.",
        "# TYPE sluiceway_build_info gauge",
        f'sluiceway_build_info{{version="{__version__}"}} 1',
        "# HELP sluiceway_store_up Whether the database answers.",
        "# TYPE sluiceway_store_up gauge",
        f"sluiceway_store_up {int(not found.store_problem)}",
        "# HELP sluiceway_reconciler_up Whether rollouts are moved on.",
        "# TYPE sluiceway_reconciler_up gauge",
        f"sluiceway_reconciler_up {int(found.reconciler_running)}",
        "# HELP sluiceway_process_clock_speed Process seconds per real second.",
        "# TYPE sluiceway_process_clock_speed gauge",
        f"sluiceway_process_clock_speed {found.speed:g}",
        "# HELP sluiceway_rollouts_active Unfinished rollouts by phase.",
        "# TYPE sluiceway_rollouts_active gauge",
        *(
            f'sluiceway_rollouts_active{{phase="{phase}"}} {count}'
            for phase, count in sorted(found.active_rollouts.items())
        ),
    ]
    return Response("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4; charset=utf-8")
