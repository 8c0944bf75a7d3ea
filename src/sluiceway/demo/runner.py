"""`sluice demo`: a server, a shop in two versions, users, and a rollout between them, followed to its end.

Starts everything in a directory of its own, and ends what it started whatever happens.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import string
import sys
import tempfile
import threading
import time
import webbrowser
from collections.abc import Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from types import FrameType

import httpx
from rich.console import Console

from sluiceway.demo.children import Child, end_left_running, free_port, is_free
from sluiceway.demo.faults import Fault, read_first_harm
from sluiceway.demo.follow import Follower, Timeline, make_breaker
from sluiceway.demo.options import NEW, ROLLED_BACK, STABLE, DemoOptions, DemoResult, parse_options
from sluiceway.demo.progress import Progress
from sluiceway.demo.records import Record, RecordFile, failed_requests, measure_harm
from sluiceway.demo.server import Api, start_server
from sluiceway.errors import DemoError, InvalidInputError, NotServedError, SluicewayError

_POLL_S = 0.15
_SETTLE_S = 1.5  # load goes on this long after the end, so that what the end does to users is counted
_USERS_WITHIN_S = 40.0
_ATTRIBUTION_SLACK_S = 0.5  # a view may be this old


def run_demo(options: DemoOptions, progress: Progress) -> DemoResult:
    """Run one rollout from start to end and return what it did to users.

    Everything that was started is ended before this returns or raises; when not headless, only after the
    person at the terminal has pressed Ctrl-C. Raises SluicewayError when a part does not work.
    """
    began_s = time.monotonic()
    with _signals_as_they_were(), ExitStack() as ending, _undisturbed_ending():
        home = ending.enter_context(_home(options.data))
        ending.callback(
            end_left_running, home / "data"
        )  # the proxy and the shop's instances, after their server
        fault_file = home / "fault"
        ingress_port = _ingress_port(options)
        process_file = home / "shop.yaml"
        process_text = render_process(fault=options.fault, fault_file=fault_file, ingress_port=ingress_port)
        process_file.write_text(process_text)

        progress.say(f"starting Sluiceway, everything in {home}")
        server, url = start_server(
            home / "data",
            _console_port(options),
            options.speed,
            log=home / "serve.log",
        )
        ending.callback(server.end)
        api = Api(url)
        ending.callback(api.close)
        rollout_id = api.start_rollout(process_text, process_file, new=NEW, stable=STABLE).summary.id
        page = f"{url}/rollouts/{rollout_id}"
        progress.say(f"console: {page}")
        if options.open_browser and not options.headless:
            open_in_browser(page)

        follower = Follower(
            make_breaker(fault_file) if options.fault is not Fault.NONE else None, progress.decision
        )
        demo = _Demo(
            options=options,
            progress=progress,
            api=api,
            rollout_id=rollout_id,
            follower=follower,
            server=server,
            home=home,
            ingress_port=ingress_port,
            records=RecordFile(home / "records.jsonl"),
        )
        records = demo.run(ending)
        result = measure(
            options,
            records,
            follower.timeline,
            first_harm_at=read_first_harm(fault_file),
            wall_s=time.monotonic() - began_s,
        )
        progress.result(result)
        if not options.headless:
            progress.say(f"the shop and the console ({page}) stay up until you press Ctrl-C")
            _wait_for_ctrl_c(server)
        return result


@dataclass(slots=True)
class _Demo:
    """The part with live traffic."""

    options: DemoOptions
    progress: Progress
    api: Api
    rollout_id: str
    follower: Follower
    server: Child
    home: Path
    ingress_port: int
    records: RecordFile
    seen: list[Record] = field(default_factory=list[Record])
    failed: int = 0

    def run(self, ending: ExitStack) -> list[Record]:
        """Bring users, follow the rollout to its end, send the users home; return what they met."""
        deadline = time.monotonic() + self.options.limit_s
        self._await_shop(min(deadline, time.monotonic() + _USERS_WITHIN_S))
        load = self._start_load()
        ending.callback(load.end)
        with self.progress.live():
            while self.follower.timeline.finished_at is None:
                self._check(load, deadline)
                self._look()
                time.sleep(_POLL_S)
            settled = time.monotonic() + _SETTLE_S
            while time.monotonic() < settled:
                self._check(load, deadline + _SETTLE_S)
                time.sleep(_POLL_S)
        load.end(grace_s=15.0)
        self._read_records()
        return self.seen

    def _await_shop(self, deadline: float) -> None:
        """Wait until the ingress answers, which it does once the stable version is up."""
        while not self._is_shop_open():
            self._check(None, deadline)
            self._look()
            time.sleep(_POLL_S)

    def _is_shop_open(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            address = f"http://127.0.0.1:{self.ingress_port}/healthz"
            return httpx.get(address, timeout=1.0, trust_env=False).is_success
        return False

    def _start_load(self) -> Child:
        options = self.options
        address = f"http://127.0.0.1:{self.ingress_port}"
        command = [sys.executable, "-m", "sluiceway.demo.load", "--url", address]
        command += ["--rps", f"{options.rps:g}", "--users", str(options.users)]
        # Should the demo itself be killed, the load ends by itself.
        command += ["--seconds", f"{options.limit_s + 30:g}", "--out", str(self.records.path)]
        self.progress.say(f"{options.users} users send {options.rps:g} requests/s to {address}")
        return Child("load", command, log=self.home / "load.log")

    def _look(self) -> None:
        self._read_records()
        try:
            view = self.api.rollout(self.rollout_id)
        except NotServedError:
            return  # a server that has ended, or stays silent for long, is noticed by `_check`
        self.follower.take(view)
        self.progress.view(view, len(self.seen), self.failed)

    def _read_records(self) -> None:
        new = self.records.read_new()
        self.seen += new
        self.failed += failed_requests(new)

    def _check(self, load: Child | None, deadline: float) -> None:
        for child in (self.server, load):
            if child is not None and child.has_ended:
                raise DemoError(f"{child.name} has ended; the end of its log:\n{child.last_words()}")
        if time.monotonic() > deadline:
            raise DemoError(
                f"the demo did not end in time: {self._where_it_is()}; the end of the server's log:\n"
                f"{self.server.last_words()}"
            )

    def _where_it_is(self) -> str:
        try:
            view = self.api.rollout(self.rollout_id)
        except NotServedError as silence:
            return str(silence)
        waits_for = "; ".join((*view.explanation.waits_for, *view.problems)) or "nothing that is known"
        return f"{view.summary.phase}: {view.explanation.headline} It waits for: {waits_for}"


def render_process(*, fault: Fault, fault_file: Path, ingress_port: int) -> str:
    """Return the shipped process file with this demo's particulars filled in."""
    template = resources.files("sluiceway.demo").joinpath("shop.yaml").read_text(encoding="utf-8")
    return string.Template(template).substitute(
        python=_in_yaml(sys.executable),
        new=NEW,
        fault=fault.value,
        fault_file=_in_yaml(str(fault_file)),
        ingress_port=ingress_port,
    )


def measure(
    options: DemoOptions,
    records: Sequence[Record],
    timeline: Timeline,
    *,
    first_harm_at: float | None,
    wall_s: float,
) -> DemoResult:
    """Return the demo's result from what users met and when things happened.

    `first_harm_at` is when the shop itself says that its fault first did harm: the earliest sign of a crash
    whose every victim the proxy saved.
    """
    start = min((record.at for record in records), default=0.0)
    exposed_from = (timeline.exposed_at or float("inf")) - _ATTRIBUTION_SLACK_S
    exposed_to = timeline.empty_at + _ATTRIBUTION_SLACK_S if timeline.empty_at is not None else None
    harm = measure_harm(
        records,
        stable=STABLE,
        new=NEW,
        fault_at=timeline.fault_at,
        exposed=(exposed_from, exposed_to),
        counts_slow=options.fault is Fault.LATENCY,
    )
    first_bad_at = harm.first_bad_at
    if first_harm_at is not None and options.fault is Fault.CRASH:
        first_bad_at = min(first_harm_at, first_bad_at or first_harm_at)
    safe_at: float | None = None
    if timeline.outcome == ROLLED_BACK and timeline.empty_at is not None:
        safe_at = max(timeline.empty_at, harm.last_new_at or timeline.empty_at)

    def since_start(at: float | None) -> float | None:
        return None if at is None else round(at - start, 2)

    return DemoResult(
        fault=options.fault.value,
        outcome=timeline.outcome,
        first_bad_at_s=since_start(first_bad_at),
        decided_at_s=since_start(timeline.decided_at),
        traffic_safe_at_s=since_start(safe_at),
        requests=len(records),
        failed_requests=failed_requests(records),
        failed_requests_stable=failed_requests(record for record in records if record.version == STABLE),
        users_harmed=harm.users_harmed,
        wall_s=round(wall_s, 2),
    )


def open_in_browser(page: str) -> None:
    """Open a page where there is a display to show it on."""
    has_display = sys.platform in {"darwin", "win32"} or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if has_display:
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(page)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a demo by its command line; return 0 only when the outcome was the right one for the fault."""
    options = parse_options(argv)
    console = Console(stderr=True, highlight=False)
    before = signal.signal(signal.SIGTERM, _end_in_order)
    try:
        result = run_demo(options, Progress(console, options))
    except SluicewayError as problem:
        console.print(f"sluice demo: {problem}", markup=False, style="red")
        return problem.exit_code
    except KeyboardInterrupt:
        console.print("stopped")
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    print(result.to_json(), flush=True)
    return 0 if result.is_right else 1


def _end_in_order(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _wait_for_ctrl_c(server: Child) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        while not server.has_ended:
            time.sleep(0.5)


def _console_port(options: DemoOptions) -> int:
    if options.port is not None:
        return options.port
    return 0 if options.headless else free_port(7700)


def _ingress_port(options: DemoOptions) -> int:
    if not options.ingress_port:
        return free_port(0 if options.headless else 8080)
    if not is_free(options.ingress_port):
        raise InvalidInputError(
            f"--ingress-port {options.ingress_port} is in use; name another, or none for any free one"
        )
    return options.ingress_port


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def _signals_as_they_were() -> Generator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _undisturbed_ending() -> Generator[None]:
    """Let a second Ctrl-C wait until everything that was started has ended."""
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def _home(given: Path | None) -> Generator[Path]:
    """Yield the demo's directory: a given one is kept, a temporary one goes unless the demo failed."""
    if given is not None:
        try:
            given.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise InvalidInputError(f"--data {given} can't be made: {failure.strerror}") from failure
        if any(given.iterdir()):
            raise InvalidInputError(f"--data {given} is not empty; name a new directory")
        yield given
        return
    home = Path(tempfile.mkdtemp(prefix="sluice-demo-"))
    try:
        yield home
    except SluicewayError:
        raise  # its logs say why
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    shutil.rmtree(home, ignore_errors=True)


def _in_yaml(text: str) -> str:
    """Return the text as the inside of a double-quoted YAML scalar: JSON's escapes are YAML's too."""
    return json.dumps(text)[1:-1]


if __name__ == "__main__":
    sys.exit(main())
