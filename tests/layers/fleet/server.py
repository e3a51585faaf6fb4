"""A server that says what it is told, in any pieces, over a pair of sockets: no network."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence

from fleet.wire import Answer, Connection

type Serve = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: x\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Each dialled connection is served by the next of `serves`, over a pair of sockets: no network."""

    def __init__(self, *serves: Serve) -> None:
        self.serves = list(serves)
        self.requests: list[bytes] = []
        self.dialled = 0
        self.threads: list[threading.Thread] = []

    def dial(self, _host: str, _port: int, seconds: float) -> socket.socket:
        self.dialled += 1
        if not self.serves:
            raise ConnectionRefusedError
        ours, theirs = socket.socketpair()
        ours.settimeout(seconds)
        thread = threading.Thread(target=self._run, args=(self.serves.pop(0), theirs), daemon=True)
        thread.start()
        self.threads.append(thread)
        return ours

    def _run(self, serve: Serve, theirs: socket.socket) -> None:
        with theirs:
            try:
                serve(theirs)
            except OSError:
                return  # the other side has hung up

    def read(self, connection: socket.socket) -> bytes:
        """One request, whole."""
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65_536) or _over()
        head, _, body = request.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(body) < size:
            body += connection.recv(65_536) or _over()
        self.requests.append(head + b"\r\n\r\n" + body)
        return body

    def answering(self, *answers: Sequence[bytes]) -> Serve:
        """An answer to each request, in these pieces; then the end."""

        def serve(connection: socket.socket) -> None:
            for pieces in answers:
                self.read(connection)
                for piece in pieces:
                    connection.sendall(piece)

        return serve


def _over() -> bytes:
    raise ConnectionResetError


def connected(server: Server, tls: ssl.SSLContext | None = None, host: str = "aws.test", port: int = 80) -> Connection:
    return Connection(host, port, tls, server.dial)


def post(connection: Connection, body: bytes = b"{}", seconds: float = 5) -> Answer:
    return connection.post("/", {"x-amz-target": "t"}, body, time.monotonic() + seconds)
