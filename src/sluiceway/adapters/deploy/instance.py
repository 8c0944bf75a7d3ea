"""One instance of a version: started, watched, started again after a crash, ended.

Times here are real seconds: a faster plan clock does not make processes start any faster.
"""

from __future__ import annotations

import os
import socket
from dataclasses import replace

import structlog

from sluiceway.adapters.deploy.health import HealthWatch
from sluiceway.adapters.deploy.logs import last_lines, rotate
from sluiceway.adapters.deploy.records import Folder, Record
from sluiceway.adapters.processes import exit_code, find_tagged, is_alive, spawn, terminate
from sluiceway.domain.process.plan import Service, Version, VersionOverride
from sluiceway.errors import TemporaryProviderError
from sluiceway.ports.clock import Clock
from sluiceway.ports.deploy import Instance
from sluiceway.ports.traffic import Endpoint

HOST = "127.0.0.1"
FIRST_PAUSE_S = 0.5  # before the first restart; doubles with each
LONGEST_PAUSE_S = 30.0
SOUND_AFTER_S = 60.0  # healthy for this long, a crash counts as a first one again
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "USER", "SHELL")

log = structlog.get_logger("sluiceway.deploy")


class LocalInstance:
    """Keeps one process running. Its owner calls it from one thread at a time."""

    def __init__(
        self, service: Service, version: Version, record: Record, folder: Folder, clock: Clock
    ) -> None:
        self._version = version
        self._folder = folder
        self._clock = clock
        self.record = record
        self._pauses = 0  # restarts since it was last sound
        self._next_start_s: float | None = None
        self._began_s = clock.monotonic_s()  # of the present try to become healthy
        self._watch: HealthWatch | None = None
        if self._is_running():
            self._watch = HealthWatch(self._endpoint, service.health)

    def seen(self) -> Instance:
        """Return the instance as it is now. Quick."""
        running = self._is_running()
        return Instance(
            number=self.record.number,
            endpoint=self._endpoint,
            pid=self.record.process.pid if running and self.record.process else None,
            ready=running and self._watch is not None and self._watch.ready,
            restarts=self.record.restarts,
            failed=self.record.failed,
        )

    def want(self, service: Service) -> None:
        """See that it runs or is about to. Raises ProviderError when it can't be started at all."""
        if self._is_running() or (self._next_start_s is not None and not self.record.failed):
            return
        if self.record.failed:
            self.record = replace(self.record, failed="", was_healthy=False)
            self._pauses = 0
            self._next_start_s = None
        self._start(service)

    def look_after(self, service: Service) -> None:
        """Start it again if it crashed and is due; give up on one that never got healthy."""
        rotate(self._folder.log(self.record.number))
        if self.record.failed:
            return
        if self._is_running():
            self._judge_health(service)
        elif self.record.process is None and self._next_start_s is None:
            self._start(service)  # Sluiceway died between planning this start and making it
        elif self._next_start_s is None:
            self._plan_restart(service)
        elif self._clock.monotonic_s() >= self._next_start_s:
            self._next_start_s = None
            try:
                self._start(service)
            except TemporaryProviderError:
                self._next_start_s = self._clock.monotonic_s() + FIRST_PAUSE_S
                raise

    def end(self, grace_s: float) -> None:
        """End the process and forget the instance; its log stays."""
        self._unwatch()
        orphans = find_tagged(self._folder.tag(self.record.number)) if self.record.process is None else ()
        for process in {*orphans, *([self.record.process] if self.record.process else [])}:
            terminate(process, grace_s)
        self._folder.forget(self.record.number)

    @property
    def _endpoint(self) -> Endpoint:
        return Endpoint(HOST, self.record.port)

    def _is_running(self) -> bool:
        return self.record.process is not None and is_alive(self.record.process)

    def _start(self, service: Service) -> None:
        """Start the process, unless one that was started but not recorded is found."""
        found = find_tagged(self._folder.tag(self.record.number))
        if found and self.record.port:
            self.record = replace(self.record, process=found[0])
        else:
            for orphan in found:  # nobody knows where it listens
                terminate(orphan, service.stop_grace_s)
            # The port is on disk before the process is, so that a crash in between leaves no stranger.
            self.record = replace(self.record, port=free_port(self.record.port), process=None)
            self._folder.save(self.record)
            command, cwd, env = launch_of(service, self._version, self.record.port)
            process = spawn(
                command,
                cwd=cwd,
                env=env,
                log_path=self._folder.log(self.record.number),
                tag=self._folder.tag(self.record.number),
            )
            self.record = replace(self.record, process=process, started_at=self._clock.wall().timestamp())
        self._folder.save(self.record)
        self._began_s = self._clock.monotonic_s()
        self._unwatch()
        self._watch = HealthWatch(self._endpoint, service.health)
        log.info("instance started", service=service.name, version=self._version, port=self.record.port)

    def _judge_health(self, service: Service) -> None:
        watch, now_s = self._watch, self._clock.monotonic_s()
        if watch is None:
            return
        if watch.ready:
            if not self.record.was_healthy:
                self.record = replace(self.record, was_healthy=True)
                self._folder.save(self.record)
            if watch.ready_since_s is not None and now_s - self._began_s > SOUND_AFTER_S:
                self._pauses = 0
            return
        is_late = now_s - self._began_s > service.health.within_s
        if is_late and watch.ready_since_s is None and not self.record.was_healthy:
            found = f"its health check {service.health.path} says: {watch.last_answer}"
            self._give_up(f"not healthy within {service.health.within_s:g} s of its start; {found}")

    def _plan_restart(self, service: Service) -> None:
        """Note that the process ended unasked and when the next one is due."""
        self._unwatch()
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._pauses)
        now_s = self._clock.monotonic_s()
        code = exit_code(self.record.process) if self.record.process else None
        if not self.record.was_healthy and now_s - self._began_s + pause_s > service.health.within_s:
            self._give_up(f"ended {_how(code)} before it was healthy")
            return
        if not self.record.was_healthy and self._pauses >= _tries(service.health.within_s):
            self._give_up(f"ended {_how(code)} before it was healthy, {self._pauses + 1} times")
            return
        self._pauses += 1
        self._next_start_s = now_s + pause_s
        self.record = replace(self.record, restarts=self.record.restarts + 1)
        self._folder.save(self.record)
        log.warning(
            "instance ended unasked",
            service=service.name,
            version=self._version,
            how=_how(code),
            pause_s=pause_s,
        )

    def _give_up(self, why: str) -> None:
        self._unwatch()
        if self.record.process is not None:
            terminate(self.record.process, 0)
        words = last_lines(self._folder.log(self.record.number))
        end = f"; the end of its log: {words}" if words else "; its log is empty"
        self.record = replace(self.record, failed=why + end, process=None)
        self._folder.save(self.record)

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None


def _tries(within_s: float) -> int:
    """Return how many restarts fit before an instance that never got healthy is given up."""
    pauses = 0
    while FIRST_PAUSE_S * (2**pauses - 1) < within_s and pauses < 5:
        pauses += 1
    return pauses


def _how(code: int | None) -> str:
    if code is None:
        return "for an unknown reason"
    return f"by signal {-code}" if code < 0 else f"with status {code}"


def launch_of(service: Service, version: Version, port: int) -> tuple[list[str], str, dict[str, str]]:
    """Return command, working directory and environment of one instance, placeholders filled in."""
    override = dict(service.versions).get(version, VersionOverride())

    def filled(text: str) -> str:
        return text.replace("{port}", str(port)).replace("{version}", version)

    inherited = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    own = {name: filled(value) for name, value in (*service.env, *override.env)}
    env = {**inherited, "PORT": str(port), "VERSION": version, **own}
    command = [filled(word) for word in (override.command or service.command)]
    return command, filled(override.cwd or service.cwd), env


def free_port(preferred: int) -> int:
    """Return the preferred port if nobody listens there, else any free one."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise TemporaryProviderError("no free port on 127.0.0.1; end something that listens")
