"""One request: what is sent, and what becomes of it."""

import http.client
import io
import json
from typing import Any, ClassVar

import pytest

from fleet import posting
from fleet.posting import Answer, UnreachableError, post_json, retry_after_ms, send


class FakeConnection:
    """http.client's, answering from memory."""

    made: ClassVar["list[FakeConnection]"] = []
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    trouble: tuple[str, Exception] | None = None

    def __init__(self, host: str, port: int | None, *, timeout: float) -> None:
        self.host, self.port, self.timeout = host, port, timeout
        self.sent: tuple[Any, ...] = ()
        self.closed = False
        FakeConnection.made.append(self)

    def _may_fail(self, at: str) -> None:
        if FakeConnection.trouble and FakeConnection.trouble[0] == at:
            raise FakeConnection.trouble[1]

    def connect(self) -> None:
        self._may_fail("connect")

    def request(self, *sent: Any) -> None:
        self._may_fail("request")
        self.sent = sent

    def getresponse(self) -> http.client.HTTPResponse:
        self._may_fail("answer")

        class Socket:
            def makefile(self, _mode: str) -> io.BytesIO:
                return io.BytesIO(FakeConnection.answer)

        socket: Any = Socket()
        response = http.client.HTTPResponse(socket, method="POST")
        response.begin()
        return response

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> list[FakeConnection]:
    monkeypatch.setattr(posting, "HTTPConnection", FakeConnection)
    monkeypatch.setattr(posting, "HTTPSConnection", FakeConnection)
    monkeypatch.setattr(FakeConnection, "made", [])
    monkeypatch.setattr(FakeConnection, "trouble", None)
    return FakeConnection.made


def test_a_document_is_posted_as_json_to_its_address(connections: list[FakeConnection]) -> None:
    answer = post_json("https://x.test:8443/a/b?c=d", {"é": 1}, timeout=3)
    assert answer == Answer(200, "ok", 0, {"content-length": "2"})
    (one,) = connections
    assert (one.host, one.port, one.timeout, one.closed) == ("x.test", 8443, 3, True)
    method, target, body, headers = one.sent
    assert (method, target, json.loads(body)) == ("POST", "/a/b?c=d", {"é": 1})
    assert headers == {"Content-Type": "application/json; charset=utf-8"}


def test_any_method_is_sent_with_its_headers_and_without_a_document_there_is_no_body(
    connections: list[FakeConnection],
) -> None:
    send("GET", "http://x.test", headers={"Authorization": "Bearer t"})
    send("PATCH", "http://x.test/a", [], headers={"Accept": "a/b"})
    assert connections[0].sent == ("GET", "/", None, {"Authorization": "Bearer t"})
    method, target, body, headers = connections[1].sent
    assert (method, target, body) == ("PATCH", "/a", b"[]")
    assert headers == {"Content-Type": "application/json; charset=utf-8", "Accept": "a/b"}


def test_the_answers_headers_have_names_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-RateLimit-Remaining: 0\r\nContent-Length: 0\r\n\r\n"
    monkeypatch.setattr(FakeConnection, "answer", answer)
    assert send("GET", "http://x.test/").headers["x-ratelimit-remaining"] == "0"


def test_of_a_long_answer_only_the_beginning_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeConnection, "answer", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99_999)
    assert len(send("GET", "http://x.test/").text) == 65_536
    assert send("GET", "http://x.test/", most=5).text == "xxxxx"


def test_a_redirect_is_an_answer_and_is_not_followed(
    connections: list[FakeConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: https://evil.test/\r\nContent-Length: 0\r\n\r\n"
    monkeypatch.setattr(FakeConnection, "answer", answer)
    assert post_json("https://x.test/", {}).status == 302
    assert len(connections) == 1


def test_how_long_to_wait_comes_with_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = b"HTTP/1.1 429 Slow\r\nRetry-After: 12\r\nContent-Length: 0\r\n\r\n"
    monkeypatch.setattr(FakeConnection, "answer", answer)
    status, text, wait, _ = post_json("https://x.test/", {})
    assert (status, text, wait) == (429, "", 12_000)


@pytest.mark.parametrize(
    ("at", "error", "unclear"),
    [
        ("connect", ConnectionRefusedError(), False),
        ("connect", TimeoutError(), False),
        ("request", BrokenPipeError(), True),
        ("answer", TimeoutError(), True),
        ("answer", http.client.RemoteDisconnected("closed"), True),
    ],
)
def test_whether_it_may_have_arrived_is_known(
    connections: list[FakeConnection], monkeypatch: pytest.MonkeyPatch, at: str, error: Exception, unclear: bool
) -> None:
    monkeypatch.setattr(FakeConnection, "trouble", (at, error))
    with pytest.raises(UnreachableError) as unreachable:
        post_json("https://x.test/", {})
    assert (unreachable.value.why, unreachable.value.unclear) == (type(error).__name__, unclear)
    assert connections[0].closed


def test_what_speaks_no_http_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeConnection, "answer", b"SSH-2.0\r\n")
    with pytest.raises(UnreachableError, match="BadStatusLine"):
        post_json("https://x.test/", {})


@pytest.mark.parametrize(
    ("header", "ms"),
    [
        ("5", 5000),
        (" 5 ", 5000),
        ("99999", 3_600_000),
        (None, 0),
        ("", 0),
        ("-1", 0),
        ("1.5", 0),
        ("٣", 0),
        ("9" * 99, 0),
    ],
)
def test_retry_after_is_a_number_of_seconds_and_at_most_an_hour(header: str | None, ms: int) -> None:
    assert retry_after_ms(header) == ms
