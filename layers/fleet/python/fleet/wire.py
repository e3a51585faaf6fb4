"""HTTP/1.1 over one kept connection, for acknowledging paths: `http.client` alone costs 27 ms of their 25.

Only what AWS's JSON services need: POST, an answer with a length or in chunks. TLS as Python has it by default.
"""

import os
import select
import socket
import time

TYPE_CHECKING = False  # `typing` costs the acknowledging path 3 ms; type checkers know the name
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from ssl import SSLContext

CONNECT_SECONDS = 1.0
READ_SECONDS = 1.5
_MOST_HEAD, _MOST_BODY = 65_536, 1_000_000
_NO_BODY = (204, 304)


class WireError(OSError):
    """No answer, or none that is HTTP. The request may have been carried out all the same."""


class Answer:
    """Status, headers (names in lower case) and body."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: "Mapping[str, str]", body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


def dial(host: str, port: int, seconds: float) -> socket.socket:
    """A TCP connection that sends small requests at once."""
    made = socket.create_connection((host, port), timeout=seconds)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


class Connection:
    """To one host; opened at the first request, kept, and opened again when the other side has closed it."""

    def __init__(
        self,
        host: str,
        port: int,
        tls: "SSLContext | None",
        dial: "Callable[[str, int, float], socket.socket]" = dial,
    ) -> None:
        self._host, self._port, self._tls, self._dial = host, port, tls, dial
        self._socket: socket.socket | None = None
        self._left = b""

    def post(self, path: str, headers: "Mapping[str, str]", body: bytes, deadline: float) -> Answer:
        """Send `body` and wait for the answer, until `deadline` (`time.monotonic`) at most. Raises WireError.

        `headers` need no host and no length. A kept connection that turns out to be dead is not the service's
        failure (Lambda was frozen meanwhile): the request goes out once more on a new one.
        """
        head = [f"POST {path} HTTP/1.1", f"host: {self.authority}", f"content-length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        if any("\r" in line or "\n" in line for line in head):
            raise ValueError("a header with a line break")
        request = "\r\n".join([*head, "", ""]).encode() + body
        kept = self._socket is not None and not self._went_away()
        try:
            return self._exchange(request, deadline)
        except _SilentError:
            if not kept:
                raise
            return self._exchange(request, deadline)

    @property
    def authority(self) -> str:
        """Host, and the port unless it is the scheme's own."""
        return self._host if self._port == (443 if self._tls else 80) else f"{self._host}:{self._port}"

    def close(self) -> None:
        """Hang up; the next request dials again."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._left = None, b""

    def _went_away(self) -> bool:
        """Whether something lies there unasked: an end, or a farewell of TLS."""
        assert self._socket is not None  # noqa: S101 - for the type checker; the caller has looked
        if self._left or select.select([self._socket], [], [], 0)[0]:
            self.close()
            return True
        return False

    def _exchange(self, request: bytes, deadline: float) -> Answer:
        until = deadline
        try:
            if self._socket is None:
                self._socket = self._open(min(time.monotonic() + CONNECT_SECONDS, deadline))
            until = min(time.monotonic() + READ_SECONDS, deadline)
            self._socket.settimeout(_remaining(until))
            try:
                self._socket.sendall(request)
            except (BrokenPipeError, ConnectionError) as error:
                raise _SilentError("the connection had ended") from error
            answer = self._read(until)
        except WireError:
            self.close()
            raise
        except (OSError, ValueError) as error:  # ssl's errors are OSErrors
            self.close()
            raise WireError(f"{type(error).__name__} talking to {self._host}") from error
        except BaseException:
            self.close()  # whatever it was, half an answer must not be taken for the next one
            raise
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    def _open(self, until: float) -> socket.socket:
        plain = self._dial(self._host, self._port, _remaining(until))
        if self._tls is None:
            return plain
        try:
            plain.settimeout(_remaining(until))
            return self._tls.wrap_socket(plain, server_hostname=self._host)
        except BaseException:
            plain.close()
            raise

    def _read(self, until: float) -> Answer:
        status = 100
        while 100 <= status < 200:
            head = self._until(b"\r\n\r\n", _MOST_HEAD, until)
            first, *lines = head.decode("latin-1").split("\r\n")
            version, _, rest = first.partition(" ")
            if not version.startswith("HTTP/1."):
                raise WireError(f"{self._host} does not speak HTTP/1.1")
            status = int(rest[:3])
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if version == "HTTP/1.0":
            headers["connection"] = "close"
        if status in _NO_BODY:
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Answer(status, headers, self._chunks(until))
        if "content-length" not in headers:
            raise WireError(f"{self._host} answered without a length")
        return Answer(status, headers, self._exactly(_size(headers["content-length"], 10), until))

    def _chunks(self, until: float) -> bytes:
        body = b""
        while True:
            line = self._until(b"\r\n", _MOST_HEAD, until)
            size = _size(line.partition(b";")[0].strip().decode("latin-1"), 16)
            if size == 0:
                while self._until(b"\r\n", _MOST_HEAD, until):
                    pass  # trailers
                return body
            body += self._exactly(size, until)
            if len(body) > _MOST_BODY or self._exactly(2, until) != b"\r\n":
                raise WireError("a body that is too long, or its chunks are broken")

    def _until(self, mark: bytes, most: int, until: float) -> bytes:
        while mark not in self._left:
            if len(self._left) > most:
                raise WireError(f"{self._host} answers with too long a head")
            self._more(until)
        found, _, self._left = self._left.partition(mark)
        return found

    def _exactly(self, size: int, until: float) -> bytes:
        while len(self._left) < size:
            self._more(until)
        found, self._left = self._left[:size], self._left[size:]
        return found

    def _more(self, until: float) -> None:
        assert self._socket is not None  # noqa: S101 - for the type checker: it was opened before it is read
        self._socket.settimeout(_remaining(until))
        try:
            received = self._socket.recv(65_536)
        except ConnectionError as error:
            raise (WireError if self._left else _SilentError)("the connection broke") from error
        if not received:
            raise (WireError if self._left else _SilentError)("the connection ended")
        self._left += received


class _SilentError(WireError):
    """The connection ended before one byte of the answer had come."""


def system_trust() -> "SSLContext":
    """TLS as Python's default has it, with the system's authorities.

    They are looked up by name in a hashed folder where there is one: reading all of them takes as long as everything
    else together (24 ms for Debian's 140), and three handshakes need one or two.
    """
    import ssl  # noqa: PLC0415 - 15 ms, and plain http, as in the local cloud, needs none of it

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    paths = ssl.get_default_verify_paths()
    folder = next((each for each in (paths.capath, *_HASHED_FOLDERS) if each and _is_hashed(each)), None)
    if folder is None or paths.openssl_cafile_env in os.environ:
        context.set_default_verify_paths()
    else:
        context.load_verify_locations(capath=folder)
    return context


_HASHED_FOLDERS = ("/etc/pki/ca-trust/extracted/pem/directory-hash", "/etc/ssl/certs")
"""Fedora's and its descendants', Debian's."""


def _is_hashed(folder: str) -> bool:
    try:
        return any(name.endswith(".0") for name in os.listdir(folder))  # noqa: PTH208 - pathlib takes 5 ms
    except OSError:
        return False


def _remaining(until: float) -> float:
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise WireError("no time is left")
    return seconds


def _size(text: str, base: int) -> int:
    size = int(text, base)
    if not 0 <= size <= _MOST_BODY:
        raise WireError("a body that is too long")
    return size
