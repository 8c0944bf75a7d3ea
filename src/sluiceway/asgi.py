"""Runs the whole app as one process: lock, listen, engine, web server; and ends it in the reverse order.

Ending Sluiceway leaves the proxy and the services' processes alone: users are served while it is away, and
the next start takes charge of them again.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from types import FrameType

import structlog
import uvicorn

from sluiceway.adapters.data_dir import DataDir
from sluiceway.adapters.logs import set_up_logs
from sluiceway.api.events import Shutdown
from sluiceway.api.guard import is_loopback
from sluiceway.bootstrap import App, Settings, accounts_here, build_app
from sluiceway.errors import InvalidInputError

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_CLOSE_WITHIN_S = 5  # for requests under way when told to stop
_BACKLOG = 1_024
_LEVELS = ("debug", "info", "warning", "error")
_log = structlog.get_logger("sluiceway.serve")


def run(settings: Settings, say: Callable[[str], None]) -> None:
    """Serve until told to stop; `say` tells the person at the terminal what happens.

    Raises AlreadyServedError when another process serves the data directory, InvalidInputError when the
    address can't be listened on, StoreError when the data can't be used.
    """
    if settings.log_level not in _LEVELS:
        raise InvalidInputError(f"--log-level is {settings.log_level}; use one of: {', '.join(_LEVELS)}")
    data_dir = DataDir(settings.data_dir)
    with ExitStack() as ending:
        data_dir.lock()
        ending.callback(data_dir.unlock)
        if not is_loopback(settings.host):
            _require_accounts(settings)
        listener = ending.enter_context(listen(settings.host, settings.port))
        set_up_logs(data_dir.log_file, level=settings.log_level, to_stderr=not sys.stderr.isatty())
        app = build_app(settings)
        ending.callback(app.close)
        url = _url(listener)
        with _told_to_stop_ends(app.shutdown):
            app.start()
            ending.callback(app.stop)
            data_dir.announce(url)
            others = f", for others under {settings.own_name}" if settings.own_name else ""
            say(f"Sluiceway is at {url}{others}; data and log are in {data_dir.path}; Ctrl-C ends it")
            _log.info("serving", url=url, data=str(data_dir.path), speed=settings.speed)
            _serve(app, listener)
            say("stopping; the proxy and the services' processes go on serving users")
            _log.info("stopping")


def _require_accounts(settings: Settings) -> None:
    """Raise InvalidInputError unless whoever reaches this server from elsewhere will have to log in."""
    with accounts_here(settings.data_dir) as accounts:
        is_closed = accounts.exist()
    if not is_closed:
        raise InvalidInputError(
            f"--host is {settings.host}, but there are no accounts, so whoever reaches this server could do "
            f"everything: make the first with `sluice account create NAME --admin --data "
            f"{settings.data_dir}`, or use 127.0.0.1"
        )
    if not settings.own_name:
        raise InvalidInputError(
            f"--host is {settings.host}; say with --name under which host name people reach this server, "
            "such as sluice.example.org: requests for any other name are refused"
        )


@contextmanager
def listen(host: str, port: int) -> Generator[socket.socket]:
    """Yield a listening socket; raises InvalidInputError when the address can't be listened on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host.strip("[]"), port), family=family, backlog=_BACKLOG)
    except OSError as failure:
        raise InvalidInputError(
            f"can't listen on {host} port {port} ({failure.strerror}); stop what uses it, "
            "or choose another --port"
        ) from failure
    with listener:
        # Connections inherit it. Without it answers wait for the client's delayed acknowledgement, 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


class Server(uvicorn.Server):
    """Ends open event streams as soon as it is told to stop; they would otherwise hold it up.

    It may be told so before it handles signals itself: then it ends as soon as it is up.
    """

    def __init__(self, config: uvicorn.Config, shutdown: Shutdown) -> None:
        super().__init__(config)
        self._shutdown = shutdown

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._shutdown.has_begun:
            self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._shutdown.begin()
        super().handle_exit(sig, frame)


def _serve(app: App, listener: socket.socket) -> None:
    config = uvicorn.Config(
        app.asgi,
        http="httptools",  # evaluations come by the thousand
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_graceful_shutdown=_CLOSE_WITHIN_S,
    )
    Server(config, app.shutdown).run(sockets=[listener])


@contextmanager
def _told_to_stop_ends(shutdown: Shutdown) -> Generator[None]:
    """While inside, a stop signal is an orderly end also before and after the web server handles signals.

    The web server raises a signal it was ended by once more when it is done; this takes it.
    """

    def begin(_signal: int, _frame: FrameType | None) -> None:
        shutdown.begin()

    before = {number: signal.signal(number, begin) for number in _STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _url(listener: socket.socket) -> str:
    """Return the address for clients on this machine."""
    found, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(str(found), str(found))
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
