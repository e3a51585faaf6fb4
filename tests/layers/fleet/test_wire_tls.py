"""TLS that checks whom it talks to, and where trust comes from."""

import datetime
import socket
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from fleet import wire
from fleet.wire import WireError
from tests.layers.fleet.server import OK, Serve, Server, connected, post


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `aws.test`, signed by itself; with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "aws.test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("aws.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "aws.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def over_tls(server: Server, certificate: Path, *answers: Sequence[bytes]) -> Serve:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            server.answering(*answers)(encrypted)

    return serve


def trusting(certificate: Path) -> ssl.SSLContext:
    context = wire.system_trust()
    context.load_verify_locations(certificate)
    return context


def test_over_tls_a_connection_is_kept_and_opened_again_when_it_has_ended(certificate: Path) -> None:
    server = Server()
    server.serves = [over_tls(server, certificate, [OK], [OK]), over_tls(server, certificate, [OK])]
    connection = connected(server, trusting(certificate), port=443)
    assert [post(connection).status for _ in range(2)] == [200, 200]
    server.threads[0].join()
    assert post(connection).status == 200
    assert server.dialled == 2
    assert b"host: aws.test\r\n" in server.requests[0]


def test_a_certificate_that_nobody_we_trust_has_signed_is_refused(certificate: Path) -> None:
    server = Server()
    server.serves = [over_tls(server, certificate, [OK])]
    with pytest.raises(WireError, match="SSLCertVerificationError"):
        post(connected(server, wire.system_trust(), port=443))
    assert server.requests == []


def test_a_certificate_of_another_host_is_refused(certificate: Path) -> None:
    server = Server()
    server.serves = [over_tls(server, certificate, [OK])]
    with pytest.raises(WireError, match="SSLCertVerificationError"):
        post(connected(server, trusting(certificate), host="sqs.test", port=443))
    assert server.requests == []


def test_trust_is_the_whole_bundle_where_there_is_no_hashed_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    class Context(ssl.SSLContext):
        def set_default_verify_paths(self) -> None:
            loaded.append("all")

        def load_verify_locations(self, cafile=None, capath=None, cadata=None) -> None:  # type: ignore[no-untyped-def]
            loaded.append(str(capath))

    monkeypatch.setattr(ssl, "SSLContext", Context)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(wire, "_is_hashed", lambda folder: folder == wire._HASHED_FOLDERS[0])
    wire.system_trust()
    monkeypatch.setattr(wire, "_is_hashed", lambda _: False)
    wire.system_trust()
    monkeypatch.setattr(wire, "_is_hashed", lambda _: True)
    monkeypatch.setenv("SSL_CERT_FILE", "/somewhere")
    wire.system_trust()
    assert loaded == [wire._HASHED_FOLDERS[0], "all", "all"]


def test_a_hashed_folder_is_known_by_its_names(tmp_path: Path) -> None:
    assert not wire._is_hashed(str(tmp_path / "missing"))
    (tmp_path / "ca-bundle.crt").touch()
    assert not wire._is_hashed(str(tmp_path))
    (tmp_path / "ce5e74ef.0").touch()
    assert wire._is_hashed(str(tmp_path))


def test_trust_demands_a_certificate_of_the_right_name() -> None:
    context = wire.system_trust()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
