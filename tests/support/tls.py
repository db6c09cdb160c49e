"""A server that speaks TLS only, with a certificate of its own making."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers import SYSTEM_SERVER, free_port
from workhorse.embedded.process import spawn

NEEDS_TLS = [
    pytest.mark.system_server,
    pytest.mark.skipif(
        SYSTEM_SERVER is None or shutil.which("openssl") is None,
        reason="needs the system's redis-server (with TLS) and openssl",
    ),
]


@contextmanager
def tls_server(folder: Path) -> Iterator[tuple[int, str]]:
    """The port and the path of the certificate, for `localhost`, of a running one."""
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
    try:
        yield port, certificate
    finally:
        process.kill()
        process.wait()
