"""The routes of services' processes: put one in force, see which ones were. Files are checked in `system`."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from sluiceway.api.release_requests import ApplyRequest
from sluiceway.domain.people.model import Principal
from sluiceway.services.processes import ProcessService, ProcessTextView, ProcessVersionView

_Processes = NamedDependency[ProcessService]
_By = NamedDependency[Principal]


class ProcessRoutes(Controller):
    path = "/api/processes"
    tags = ("processes",)

    @post(sync_to_thread=True, status_code=HTTP_200_OK, summary="Put a process in force for a service")
    def apply_process(
        self, processes: _Processes, by: _By, data: JSONBody[ApplyRequest]
    ) -> ProcessVersionView:
        return processes.apply(data.process, data.path, data.service, by)

    @get("/{of:str}", sync_to_thread=True, summary="Every version that was put in force, newest first")
    def list_versions(self, processes: _Processes, by: _By, of: FromPath[str]) -> list[ProcessVersionView]:
        return list(processes.versions(of, by))

    @get(
        "/{of:str}/text",
        sync_to_thread=True,
        summary="One version's resolved text; that in force without `hash`",
    )
    def process_text(
        self,
        processes: _Processes,
        by: _By,
        of: FromPath[str],
        content_hash: Annotated[str, QueryParameter(name="hash")] = "",
    ) -> ProcessTextView:
        return processes.text(of, content_hash, by)
