"""`rediss://` against a server with a certificate of its own making."""

import asyncio
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.servers import SYSTEM_SERVER, free_port
from workhorse.connection import Connection
from workhorse.drivers import arun, run
from workhorse.effects import command
from workhorse.embedded.process import spawn
from workhorse.exceptions import ConnectionLost

pytestmark = [
    pytest.mark.system_server,
    pytest.mark.skipif(
        SYSTEM_SERVER is None or shutil.which("openssl") is None,
        reason="needs the system's redis-server (with TLS) and openssl",
    ),
]


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """The port and the certificate of a server that speaks TLS only."""
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = str(folder / "key.pem"), str(folder / "cert.pem")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", key, "-out", certificate, "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    port = free_port()
    options = (
        *("--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", ""),
        *("--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate),
        *("--tls-auth-clients", "no"),
    )
    process = spawn(Path(str(SYSTEM_SERVER)), folder, options, dies_with_us=True)
    yield port, certificate
    process.kill()
    process.wait()


def ping():
    return (yield command("ECHO", "x" * 200_000))


def test_a_server_with_a_known_certificate_is_trusted(secured):
    port, certificate = secured
    connection = Connection(f"rediss://localhost:{port}?ssl_ca_certs={certificate}")
    assert run(connection, ping()) == b"x" * 200_000
    assert asyncio.run(arun(connection, ping())) == b"x" * 200_000


def test_a_timeout_closes_a_link_over_tls(secured):
    port, certificate = secured
    connection = Connection(f"rediss://localhost:{port}?ssl_ca_certs={certificate}")
    link = connection.take()
    with pytest.raises(ConnectionLost, match=r"no answer within 0\.1 s"):
        link.call(("BLPOP", "x", 5), timeout=0.1)
    assert link.closed


def test_an_unknown_certificate_is_refused(secured):
    port, _ = secured
    connection = Connection(f"rediss://localhost:{port}", patience=0)
    with pytest.raises(ConnectionLost, match="certificate verify failed"):
        run(connection, ping())
    with pytest.raises(ConnectionLost, match="certificate verify failed"):
        asyncio.run(arun(connection, ping()))


def test_a_certificate_for_another_host_is_refused_unless_that_is_allowed(secured):
    port, certificate = secured
    url = f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}"
    with pytest.raises(ConnectionLost, match="certificate"):
        run(Connection(url, patience=0), ping())
    assert run(Connection(f"{url}&ssl_check_hostname=false"), ping())


def test_no_certificate_need_be_known_if_none_is_required(secured):
    port, _ = secured
    connection = Connection(f"rediss://localhost:{port}?ssl_cert_reqs=none")
    assert run(connection, ping())
    assert asyncio.run(arun(connection, ping()))
