"""HTTP/1.1 by hand: what servers send, in any pieces; connections that end, hang or lie."""

import socket
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet import wire
from fleet.wire import Answer, Connection, WireError
from tests.layers.fleet.server import OK, Serve, Server, connected, post


def served(*pieces: bytes) -> Answer:
    server = Server()
    server.serves = [server.answering(pieces)]
    return post(connected(server))


def test_a_request_is_written_as_http_wants_it() -> None:
    server = Server()
    server.serves = [server.answering([OK])]
    answer = post(connected(server, port=4566), b'{"a":1}')
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "x", b"{}")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n") == [b"POST / HTTP/1.1", b"host: aws.test:4566", b"content-length: 7", b"x-amz-target: t"]
    assert body == b'{"a":1}'


def in_chunks(body: bytes, cuts: Sequence[int]) -> bytes:
    edges = [0, *sorted({cut % (len(body) + 1) for cut in cuts}), len(body)]
    parts = [body[a:b] for a, b in pairwise(edges) if b > a]
    chunks = b"".join(b"%X;x=y\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nTrailer: t\r\n\r\n"


def whole(body: bytes, _cuts: Sequence[int]) -> bytes:
    return b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 Bad\r\ncontent-length:%d\r\n\r\n%b" % (len(body), body)


@given(
    body=st.binary(max_size=60),
    cuts=st.lists(st.integers(0, 200), max_size=5),
    pieces=st.lists(st.integers(1, 40), max_size=8),
    shape=st.sampled_from([in_chunks, whole]),
)
def test_an_answer_is_the_same_in_whatever_pieces_it_comes(
    body: bytes, cuts: list[int], pieces: list[int], shape: Callable[[bytes, Sequence[int]], bytes]
) -> None:
    text = shape(body, cuts)
    connection = Connection("aws.test", 80, None)
    rest = [text]
    for size in pieces:
        rest[-1:] = [rest[-1][:size], rest[-1][size:]]
    connection._socket = Drip([piece for piece in rest if piece])  # type: ignore[assignment]
    answer = connection._read(time.monotonic() + 5)
    assert (answer.status, answer.body) == (400, body)
    assert connection._left == b"", "nothing is left for the next answer"


class Drip:
    """A socket from which each `recv` brings the next piece."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def recv(self, _size: int) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def test_a_connection_is_kept_for_the_next_request() -> None:
    server = Server()
    server.serves = [server.answering([OK], [OK], [OK])]
    connection = connected(server)
    assert [post(connection).status for _ in range(3)] == [200, 200, 200]
    assert server.dialled == 1


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nConnection: close\r\n", b"HTTP/1.0 200 OK\r\n"])
def test_a_connection_that_the_server_will_not_keep_is_not_kept(head: bytes) -> None:
    server = Server()
    server.serves = [server.answering([head + b"Content-Length: 0\r\n\r\n"]), server.answering([OK])]
    connection = connected(server)
    post(connection)
    assert post(connection).status == 200
    assert server.dialled == 2


def test_a_kept_connection_that_ended_meanwhile_costs_no_failure() -> None:
    server = Server()
    server.serves = [server.answering([OK]), server.answering([OK])]
    connection = connected(server)
    post(connection)
    server.threads[0].join()
    assert post(connection).status == 200
    assert server.dialled == 2


def test_a_kept_connection_that_ends_on_the_next_request_costs_no_failure() -> None:
    server = Server()

    def once(connection: socket.socket) -> None:
        server.answering([OK])(connection)
        server.read(connection)  # and no answer

    server.serves = [once, server.answering([OK])]
    connection = connected(server)
    post(connection)
    assert post(connection).status == 200
    assert (server.dialled, len(server.requests)) == (2, 3)


def test_a_new_connection_that_ends_is_a_failure_and_is_not_hidden() -> None:
    server = Server()
    server.serves = [server.answering(), server.answering([OK])]
    connection = connected(server)
    with pytest.raises(WireError):
        post(connection)
    assert server.dialled == 1
    assert post(connection).status == 200, "and the next request dials anew"


_BROKEN = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n",
    b"HTTP/1.1 two hundred\r\n\r\n",
    b"SSH-2.0-OpenSSH\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000,
]


@pytest.mark.parametrize("text", _BROKEN)
def test_half_an_answer_or_none_that_is_http_is_an_error_and_ends_the_connection(text: bytes) -> None:
    server = Server()
    server.serves = [server.answering([text]), server.answering([OK])]
    connection = connected(server)
    with pytest.raises(WireError):
        post(connection)
    assert post(connection).body == b"{}", "nothing of the broken answer is taken for the next one"


def test_an_answer_without_a_body_needs_no_length() -> None:
    assert served(b"HTTP/1.1 204 No Content\r\n\r\n").body == b""


def hang(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.recv(65_536)


def drip(connection: socket.socket) -> None:
    connection.recv(65_536)
    for byte in b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1000:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


@pytest.mark.parametrize("serve", [hang, drip])
def test_whoever_does_not_answer_in_time_is_left(serve: Serve) -> None:
    began = time.monotonic()
    with pytest.raises(WireError):
        post(connected(Server(serve)), seconds=0.15)
    assert 0.1 < time.monotonic() - began < 1


def test_reading_has_a_limit_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "READ_SECONDS", 0.1)
    began = time.monotonic()
    with pytest.raises(WireError):
        post(connected(Server(hang)), seconds=60)
    assert time.monotonic() - began < 5


def test_a_refused_connection_and_a_past_deadline_are_errors() -> None:
    with pytest.raises(WireError, match="ConnectionRefusedError"):
        post(connected(Server()))
    with pytest.raises(WireError, match="no time is left"):
        post(connected(Server(hang)), seconds=-1)


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb"])
def test_a_header_cannot_smuggle_in_another(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        connected(Server()).post("/", {"x": value}, b"", time.monotonic() + 1)
