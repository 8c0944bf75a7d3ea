"""What a client makes of its server's answers: good, empty, malformed, refused, slow, cut off."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from sluiceway.errors import InvalidInputError
from sluiceway.flags_sdk import (
    ErrorCode,
    FlagClient,
    Source,
    State,
    transport,
)
from tests.scenario.flag_clients import ANN, QUICK, SHOP, client, switched
from tests.support.flag_server import (
    EVENTS,
    SET,
    TOKEN,
    Answer,
    FlagServer,
    eventually,
    raw,
    reply,
    silence,
)


@pytest.fixture
def server() -> Iterator[FlagServer]:
    made = FlagServer(SHOP)
    yield made
    made.stop()


@pytest.fixture
def is_over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def events(said: bytes) -> Answer:
    return raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + said)


def test_a_client_has_the_set_of_its_token_when_it_is_made(server: FlagServer) -> None:
    with client(server) as flags:
        assert flags.boolean("checkout", ANN) is True
        assert flags.boolean("search", ANN, True) is False
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        assert (flags.status.version, flags.status.etag) == (1, server.etag)
        assert flags.status.source is Source.SERVER


def test_a_small_change_comes_with_its_event_and_nothing_is_fetched(server: FlagServer) -> None:
    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        fetched = server.asked.count("GET /api/flag-set 200")
        server.put(switched(SHOP, "checkout", on=False))
        eventually("the change is in force", lambda: not flags.boolean("checkout", ANN, True))

        assert server.asked.count("GET /api/flag-set 200") == fetched
        assert (flags.status.version, flags.status.etag) == (2, server.etag)


def test_a_change_that_does_not_come_with_its_event_is_fetched(server: FlagServer) -> None:
    server.sends_patches = False
    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        server.put(switched(SHOP, "checkout", on=False))
        eventually("the change is in force", lambda: not flags.boolean("checkout", ANN, True))

        assert server.asked.count("GET /api/flag-set 200") == 2


def test_a_change_to_another_set_than_the_clients_is_fetched(server: FlagServer) -> None:
    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        server.flags = switched(SHOP, "search", on=True)  # the event of this one was lost
        server.put(switched(server.flags, "checkout", on=False))
        eventually("both are in force", lambda: flags.status.etag == server.etag)

        assert flags.boolean("search", ANN) is True
        assert flags.boolean("checkout", ANN, True) is False


@pytest.mark.parametrize(
    "frame",
    [
        b"event: flag-set\ndata: {nonsense\n\n",
        b'event: flag-set\ndata: ["etag"]\n\n',
        b"event: flag-set\ndata: " + b"x" * 5_000_000 + b"\n\n",
        b"\xff\xfe\x00\n\n" * 10,
    ],
    ids=["no JSON", "another shape", "five megabytes", "no text"],
)
def test_garbage_on_the_stream_does_no_harm(server: FlagServer, frame: bytes) -> None:
    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        server.say(frame)
        server.put(switched(SHOP, "checkout", on=False))
        eventually("the change is in force", lambda: not flags.boolean("checkout", ANN, True))
        eventually("the stream is open again", lambda: flags.status.state is State.LIVE)


def test_a_patch_with_a_flag_that_cannot_be_read_is_replaced_by_the_whole_set(server: FlagServer) -> None:
    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        base, server.flags = server.etag, switched(SHOP, "checkout", on=False)
        server.say(server.notice({"from": base, "flags": [{"enabled": "perhaps"}], "removed": []}))
        eventually("the change is in force", lambda: not flags.boolean("checkout", ANN, True))


BAD_SETS = {
    "nothing": reply(200),
    "no JSON": reply(200, b"<html>Welcome</html>"),
    "a set with a problem": reply(200, b'{"flags": [{"id": ""}]}', etag="x"),
    "a newer format": reply(200, b'{"format": 99}', etag="x"),
    "no HTTP": raw(b"220 smtp.example ESMTP\r\n"),
    "cut off": raw(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"flags": ['),
    "cut off in a chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n{"),
    "a chunk of nonsense": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{"),
    "closed at once": raw(b""),
    "not found": reply(404),
    "a redirect": reply(302, Location="http://127.0.0.1:9/elsewhere"),
    "an error": reply(500, b"oops"),
    "broken compression": reply(200, b"\x1f\x8b\x08 nonsense", Content_Encoding="gzip"),
    "half a compression": reply(200, gzip.compress(b"{}" * 900)[:-12], Content_Encoding="gzip"),
}


@pytest.mark.parametrize("name", BAD_SETS)
def test_a_bad_answer_leaves_the_last_known_set_in_use(server: FlagServer, name: str) -> None:
    with client(server) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        server.misbehave(SET, BAD_SETS[name])
        server.misbehave(EVENTS, reply(500))
        server.cut_streams()
        eventually("the failure is noticed", lambda: flags.status.problem != "")

        assert flags.boolean("checkout", ANN) is True

        server.behave()
        server.put(switched(SHOP, "checkout", on=False))
        eventually("the server is heard again", lambda: not flags.boolean("checkout", ANN, True))
        eventually("the problem is over", lambda: flags.status.problem == "")


@pytest.mark.parametrize("name", BAD_SETS)
def test_a_client_whose_first_answer_is_bad_gives_defaults_until_a_good_one(
    server: FlagServer, name: str
) -> None:
    server.misbehave(SET, BAD_SETS[name])
    with client(server) as flags:
        found = flags.evaluate("checkout", ANN)

        assert found.error is ErrorCode.PROVIDER_NOT_READY
        assert flags.boolean("checkout", ANN, False) is False
        assert flags.all(ANN) == {}

        server.behave()
        eventually("a set came", lambda: flags.boolean("checkout", ANN))


def test_a_redirect_is_not_followed_and_takes_no_token_elsewhere(server: FlagServer) -> None:
    other = FlagServer(SHOP)
    server.misbehave(SET, reply(307, Location=f"{other.url}{SET}"))
    with client(server) as flags:
        assert "redirects are not followed" in flags.status.problem

    assert other.asked == []
    other.stop()


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_is_said_and_taken_again_once_it_is_good(server: FlagServer, status: int) -> None:
    server.misbehave(SET, reply(status))
    with client(server) as flags:
        assert flags.status.state is State.REFUSED
        assert "scope `evaluate`" in flags.status.problem
        assert TOKEN not in flags.status.problem

        server.behave()
        eventually("a set came", lambda: flags.boolean("checkout", ANN))
        assert flags.status.state is not State.REFUSED


def test_a_compressed_set_is_unpacked(server: FlagServer) -> None:
    packed = gzip.compress(server.document)
    server.misbehave(SET, reply(200, packed, etag=server.etag, Content_Encoding="gzip"))
    with client(server) as flags:
        assert flags.boolean("checkout", ANN) is True


@pytest.mark.parametrize("is_packed", [False, True])
def test_a_set_beyond_the_bound_is_refused(
    server: FlagServer, is_packed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_SET_BYTES", 50)
    body = gzip.compress(server.document) if is_packed else server.document
    server.misbehave(SET, reply(200, body, **({"Content_Encoding": "gzip"} if is_packed else {})))
    with client(server) as flags:
        assert "more than 50 bytes" in flags.status.problem


def test_a_set_that_trickles_in_is_given_up(server: FlagServer, is_over: threading.Event) -> None:
    def trickle(asking: BaseHTTPRequestHandler) -> None:
        asking.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not is_over.wait(0.01):
            asking.wfile.write(b" ")

    server.misbehave(SET, trickle)
    with client(server, timing=replace(QUICK, timeout_s=0.1)) as flags:
        assert "did not arrive within" in flags.status.problem


def test_a_server_that_never_answers_is_given_up_in_time(
    server: FlagServer, is_over: threading.Event
) -> None:
    server.misbehave(SET, silence(is_over))
    with client(server, timing=replace(QUICK, timeout_s=0.1)) as flags:
        assert "could not be asked" in flags.status.problem


def test_making_a_client_waits_no_longer_than_it_may(server: FlagServer, is_over: threading.Event) -> None:
    server.misbehave(SET, silence(is_over))
    with client(server, start_wait_s=0.01, timing=replace(QUICK, timeout_s=600.0)) as flags:
        assert flags.status.state is State.STARTING
        assert flags.boolean("checkout", ANN, True) is True


def test_without_a_stream_changes_are_asked_for(server: FlagServer) -> None:
    server.misbehave(EVENTS, reply(404))
    with client(server) as flags:
        server.put(switched(SHOP, "checkout", on=False))
        eventually("the change is in force", lambda: not flags.boolean("checkout", ANN, True))
        eventually("what has not changed is not sent", lambda: "GET /api/flag-set 304" in server.asked)

        assert flags.status.state is State.POLLING


@pytest.mark.parametrize(
    "answer",
    [events(b""), events(b"event: flag-set\ndata: {"), events(b": still"), reply(200, b"<html>")],
    ids=["ends at once", "ends in an event", "ends in a comment", "no events"],
)
def test_a_stream_of_no_use_is_replaced_by_asking(server: FlagServer, answer: Answer) -> None:
    server.misbehave(EVENTS, answer)
    with client(server) as flags:
        server.put(switched(SHOP, "checkout", on=False))
        eventually("the change is in force", lambda: not flags.boolean("checkout", ANN, True))


def test_a_stream_that_opens_and_says_nothing_is_replaced_by_asking(
    server: FlagServer, is_over: threading.Event
) -> None:
    def silent(asking: BaseHTTPRequestHandler) -> None:
        asking.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        asking.wfile.flush()
        is_over.wait()

    server.misbehave(EVENTS, silent)
    with client(server, timing=replace(QUICK, timeout_s=0.1)) as flags:
        server.put(switched(SHOP, "checkout", on=False))
        eventually("the change is in force", lambda: not flags.boolean("checkout", ANN, True))


def test_a_stream_that_fell_silent_is_opened_anew(server: FlagServer) -> None:
    with client(server, timing=replace(QUICK, idle_s=0.05)):
        eventually("it connects again and again", lambda: server.asked.count(f"GET {EVENTS} 200") >= 3)


def test_the_set_is_asked_for_now_and_then_although_the_stream_works(server: FlagServer) -> None:
    with client(server, timing=replace(QUICK, safety_poll_s=0.0)) as flags:
        eventually("the stream is open", lambda: flags.status.state is State.LIVE)
        server.flags = switched(SHOP, "checkout", on=False)  # and nobody is told
        server.say(b": still here\n\n")
        eventually("the change is in force", lambda: not flags.boolean("checkout", ANN, True))


def test_a_busy_server_is_left_alone_as_long_as_it_asks(server: FlagServer) -> None:
    server.misbehave(SET, reply(503, Retry_After="300"))
    with client(server) as flags:
        assert flags.status.problem != ""
        server.behave()
        with client(server):  # another one is through in the meantime
            pass

        assert server.asked.count(f"GET {SET} 503") == 1
        assert flags.status.state is State.STARTING


def test_a_path_before_the_servers_own_is_kept(server: FlagServer) -> None:
    server.misbehave("/tools/sluiceway/api/flag-set", reply(200, server.document, etag=server.etag))
    with client(f"{server.url}/tools/sluiceway/") as flags:
        assert flags.boolean("checkout", ANN) is True


@pytest.mark.parametrize("url", ["", "sluiceway.example", "ftp://x", "http://", "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(InvalidInputError, match="the server's address"):
        FlagClient(url, TOKEN)


@pytest.mark.parametrize("token", ["", "a\r\nX-Evil: 1", "schlüssel"])
def test_a_token_that_is_none_is_refused_at_once_and_not_shown(token: str) -> None:
    with pytest.raises(InvalidInputError, match="token") as refused:
        FlagClient("http://127.0.0.1:1", token)

    assert token == "" or token not in str(refused.value)


@pytest.mark.parametrize("poll_s", [0.0, -1.0, float("nan")])
def test_polling_without_a_pause_is_refused(poll_s: float) -> None:
    with pytest.raises(InvalidInputError, match="poll_s"):
        FlagClient("http://127.0.0.1:1", TOKEN, poll_s=poll_s)
