"""`rediss://` against a server with a certificate of its own making."""

import asyncio

import pytest

from tests.support.tls import NEEDS_TLS, tls_server
from workhorse.connection import Connection
from workhorse.drivers import arun, run
from workhorse.effects import command
from workhorse.exceptions import ConnectionLost

pytestmark = NEEDS_TLS


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """The port and the certificate of a server that speaks TLS only."""
    with tls_server(tmp_path_factory.mktemp("tls")) as where:
        yield where


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
