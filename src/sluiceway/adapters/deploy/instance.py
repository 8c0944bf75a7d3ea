"""One instance of a version: started, watched, started again after a crash, given up, adopted.

Times are real seconds: a plan that runs faster does not make processes start any faster.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import structlog

from sluiceway.adapters.deploy.health import HealthWatch
from sluiceway.adapters.deploy.launch import HOST, check_launch, choose_port, launch_of
from sluiceway.adapters.deploy.logs import last_lines, rotate
from sluiceway.adapters.deploy.records import Folder, Record
from sluiceway.adapters.processes import ProcessRef, exit_code, find_tagged, is_alive, spawn, terminate
from sluiceway.domain.process.plan import HealthCheck, Service, Version
from sluiceway.errors import PermanentProviderError, ProviderError, TemporaryProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import Instance
from sluiceway.ports.traffic import Endpoint

FIRST_PAUSE_S = 0.5  # before the first restart; doubles with each crash in a row
LONGEST_PAUSE_S = 30.0
SOUND_AFTER_S = 60.0  # healthy for this long, the next crash is a first one again

log = structlog.get_logger("sluiceway.deploy")


class LocalInstance:
    """Keeps one process running.

    All but `seen`, `port` and `close` is called by one thread at a time.
    """

    def __init__(self, version: Version, record: Record, folder: Folder, clock: Clock) -> None:
        self._version = version
        self._record = record
        self._folder = folder
        self._clock = clock
        self._next_start_s: float | None = None  # on the monotonic clock
        self._tried_since_s = clock.monotonic_s()  # since when it has been getting healthy for the first time
        self._run_since_s = clock.monotonic_s()
        self._sound_since_s: float | None = None  # since when every look found it healthy
        self._watch: HealthWatch | None = None
        self._unsaved: ProviderError | None = None

    @property
    def port(self) -> int:
        return self._record.port

    @property
    def record(self) -> Record:
        return self._record

    def seen(self) -> Instance:
        """Return the instance as it is now. Quick, from any thread."""
        record, watch = self._record, self._watch
        is_running = record.process is not None and is_alive(record.process)
        return Instance(
            number=record.number,
            endpoint=Endpoint(HOST, record.port),
            pid=record.process.pid if is_running and record.process is not None else None,
            ready=is_running and watch is not None and watch.ready,
            restarts=record.restarts,
            failed=record.failed,
        )

    def adopt(self, health: HealthCheck) -> None:
        """Take over what an earlier Sluiceway left of this instance."""
        record = self._record
        if record.failed:
            return
        if record.process is None or not is_alive(record.process):
            # It may have died between starting the process and recording it.
            found = find_tagged(self._folder.tag(record.number))
            for stranger in found if record.port == 0 else found[1:]:
                terminate(stranger, 0)
            if found and record.port:
                self._record = replace(record, process=found[0], next_start_at=None)
        if self._is_running():
            self._watch = HealthWatch(Endpoint(HOST, record.port), health)
            log.info("instance adopted", version=self._version, number=record.number, port=record.port)
        elif record.next_start_at is not None:
            # The system's clock may have jumped since: never wait longer than any pause is.
            pause_s = min(LONGEST_PAUSE_S, max(0.0, record.next_start_at - self._clock.wall().timestamp()))
            self._next_start_s = self._clock.monotonic_s() + pause_s

    def want(self, service: Service, taken_ports: Collection[int]) -> None:
        """See that it runs or is about to; one that was given up gets another chance.

        Raises PermanentProviderError when it can't be started at all, TemporaryProviderError when there is
        no room for it or its record.
        """
        if self._is_running() or self._next_start_s is not None:
            self._save_if_unsaved()
            return
        if self._record.failed:
            self._record = replace(
                self._record, failed="", was_healthy=False, crashes_in_a_row=0, process=None
            )
        if self._record.process is None:  # else it crashed a moment ago, which `look_after` will see
            self._tried_since_s = self._clock.monotonic_s()
            self._prepare(service, taken_ports)
            # On disk before the process is, so that a crash in between leaves no stranger.
            self._folder.save(self._record)
            self._run(service)
            self._save_if_unsaved()

    def look_after(self, service: Service, taken_ports: Collection[int]) -> None:
        """Start it again if it crashed and is due; give up on one that never got healthy.

        Raises ProviderError when that could not be done or recorded; it is tried again next time.
        """
        rotate(self._folder.log(self._record.number))
        if not self._record.failed:
            if self._is_running():
                self._judge_health(service)
            elif self._record.process is not None:
                self._take_crash(service)
            elif self._next_start_s is None or self._clock.monotonic_s() >= self._next_start_s:
                self._start_again(service, taken_ports)
        self._save_if_unsaved()

    def close(self) -> None:
        """Watch it no more; the process goes on."""
        if self._watch is not None:
            self._watch.stop()

    def _is_running(self) -> bool:
        return self._record.process is not None and is_alive(self._record.process)

    def _prepare(self, service: Service, taken_ports: Collection[int]) -> None:
        check_launch(launch_of(service, self._version, self._record.port), f"{service.name} {self._version}")
        port = choose_port(self._record.port, taken_ports)
        self._record = replace(self._record, port=port, process=None)

    def _run(self, service: Service) -> None:
        launch = launch_of(service, self._version, self._record.port)
        process = spawn(
            launch.command,
            cwd=launch.cwd,
            env=launch.env,
            log_path=self._folder.log(self._record.number),
            tag=self._folder.tag(self._record.number),
        )
        self._next_start_s = None
        self._run_since_s = self._clock.monotonic_s()
        self._sound_since_s = None
        self.close()
        self._watch = HealthWatch(Endpoint(HOST, self._record.port), service.health)
        started_at = self._clock.wall().timestamp()
        self._note(
            replace(
                self._record,
                process=process,
                started_at=started_at,
                next_start_at=None,
                run_was_healthy=False,
            )
        )
        log.info(
            "instance started",
            service=service.name,
            version=self._version,
            number=self._record.number,
            port=self._record.port,
            pid=process.pid,
        )

    def _start_again(self, service: Service, taken_ports: Collection[int]) -> None:
        try:
            self._prepare(service, taken_ports)
            self._note(self._record)  # on a full disk it runs unrecorded rather than not at all
            self._run(service)
        except PermanentProviderError as failure:
            if not self._record.was_healthy:
                self._give_up(str(failure))
                return
            self._pause()  # its program may be back in a moment, as when it is being replaced
            raise
        except TemporaryProviderError:
            self._pause()
            raise

    def _judge_health(self, service: Service) -> None:
        watch, record = self._watch, self._record
        if watch is None:
            return
        now_s = self._clock.monotonic_s()
        if watch.was_ready and not record.run_was_healthy:
            self._note(replace(record, was_healthy=True, run_was_healthy=True))
        if watch.ready:
            self._sound_since_s = now_s if self._sound_since_s is None else self._sound_since_s
            if record.crashes_in_a_row and now_s - self._sound_since_s >= SOUND_AFTER_S:
                self._note(replace(self._record, crashes_in_a_row=0))
            return
        self._sound_since_s = None
        if self._record.run_was_healthy:
            return  # alive but not ready: the proxy sends nobody there, and it may get well again
        within_s = service.health.within_s
        found = (
            f"not healthy within {within_s:g} s of its start; GET {service.health.path}: {watch.last_answer}"
        )
        if not record.was_healthy and now_s - self._tried_since_s > within_s:
            self._give_up(found)
        elif record.was_healthy and now_s - self._run_since_s > within_s:
            # It could be healthy before, so it is worth another start.
            self._end_process()
            self._count_crash(service, found)

    def _take_crash(self, service: Service) -> None:
        code = exit_code(self._record.process) if self._record.process is not None else None
        how = _how(code)
        self._end_process()
        if self._watch is not None and self._watch.was_ready:  # healthy, but not for long enough to be seen
            self._record = replace(self._record, was_healthy=True)
        if not self._record.was_healthy:
            tries = self._record.crashes_in_a_row + 1
            next_s = self._clock.monotonic_s() + _pause_s(tries)
            if next_s - self._tried_since_s > service.health.within_s:
                starts = f"each of {tries} starts" if tries > 1 else "its start"
                self._give_up(
                    f"not healthy within {service.health.within_s:g} s: it ended {how} after {starts}"
                )
                return
        self._count_crash(service, f"it ended {how}")

    def _count_crash(self, service: Service, why: str) -> None:
        in_a_row = self._record.crashes_in_a_row + 1
        self._record = replace(
            self._record, process=None, crashes_in_a_row=in_a_row, restarts=self._record.restarts + 1
        )
        pause_s = self._pause()
        log.warning(
            "instance ended unasked",
            service=service.name,
            version=self._version,
            number=self._record.number,
            why=why,
            next_start_in_s=pause_s,
        )

    def _pause(self) -> float:
        pause_s = _pause_s(max(1, self._record.crashes_in_a_row))
        self._next_start_s = self._clock.monotonic_s() + pause_s
        self._note(
            replace(self._record, process=None, next_start_at=self._clock.wall().timestamp() + pause_s)
        )
        return pause_s

    def _give_up(self, why: str) -> None:
        self._end_process()
        words = last_lines(self._folder.log(self._record.number))
        tail = f"; the end of its log: {words}" if words else "; its log is empty"
        self._next_start_s = None
        self._note(replace(self._record, process=None, next_start_at=None, failed=why + tail))
        log.warning("instance given up", version=self._version, number=self._record.number, why=why)

    def _end_process(self) -> None:
        """Kill what is left of the process, and what it started: that would hold on to the port."""
        self.close()
        if self._record.process is not None:
            terminate(self._record.process, 0)

    def _note(self, record: Record) -> None:
        """Change the record, on disk if there is room: what runs matters more than what is written."""
        self._record = record
        try:
            self._folder.save(record)
            self._unsaved = None
        except ProviderError as failure:
            self._unsaved = failure

    def _save_if_unsaved(self) -> None:
        if self._unsaved is not None:
            self._folder.save(self._record)
            self._unsaved = None


def processes_of(record: Record, folder: Folder) -> tuple[ProcessRef, ...]:
    """Return what must be ended to end an instance."""
    if record.process is not None:
        return (record.process,)
    return () if record.next_start_at is not None or record.failed else find_tagged(folder.tag(record.number))


def _pause_s(crashes_in_a_row: int) -> float:
    return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(crashes_in_a_row - 1, 16)))


def _how(code: int | None) -> str:
    if code is None:
        return "while nobody watched"
    return f"by signal {-code}" if code < 0 else f"with status {code}"
