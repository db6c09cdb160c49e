"""DESIGN 7: which server is taken when none is named."""

import logging

import pytest

from tests.support.servers import free_port
from workhorse import embedded
from workhorse.connection import connect
from workhorse.embedded import choosing
from workhorse.endpoints import EndpointError
from workhorse.exceptions import NoServerError


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """Nothing named, nothing running, and no container."""
    for name in ("WORKHORSE_URL", "REDIS_URL", "RQ_REDIS_URL", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    for part in ("HOST", "PORT", "DB", "PASSWORD"):
        monkeypatch.delenv(f"REDIS_{part}", raising=False)
    monkeypatch.delenv("WORKHORSE_EMBEDDED", raising=False)
    monkeypatch.setattr(choosing, "_CONTAINER_MARKS", (str(tmp_path / "dockerenv"),))
    monkeypatch.setattr(choosing, "_LOCAL", ("127.0.0.1", 1))
    monkeypatch.setattr(choosing, "_told", set())
    monkeypatch.setenv("WORKHORSE_HOME", str(tmp_path / "home"))
    yield
    embedded.stop(tmp_path / "home")


def test_the_named_server_is_taken_in_this_order(monkeypatch):
    monkeypatch.setenv("REDIS_HOST", "parts")
    assert connect().url == "redis://parts:6379"
    monkeypatch.setenv("RQ_REDIS_URL", "redis://rq")
    assert connect().url == "redis://rq:6379"
    monkeypatch.setenv("REDIS_URL", "redis://redis")
    assert connect().url == "redis://redis:6379"
    monkeypatch.setenv("WORKHORSE_URL", "redis://workhorse")
    assert connect().url == "redis://workhorse:6379"
    assert connect("redis://argument").url == "redis://argument:6379"


def test_a_variable_that_cannot_be_read_is_named(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "reddis://h")
    with pytest.raises(EndpointError, match=r"^REDIS_URL: .* did you mean redis://\?"):
        connect()


def test_with_nothing_named_an_embedded_server_is_started_and_told_once(caplog):
    with caplog.at_level(logging.INFO, "workhorse"):
        connection = connect()
        assert connect() is connection
    assert connection.exchange(b"PING\r\n") == [b"PONG"]
    assert connection.url == embedded.running()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "using the embedded server in" in record.getMessage()
    assert "WORKHORSE_URL" in record.getMessage()


def test_a_local_server_goes_before_a_fresh_embedded_one(server_with_port, monkeypatch, caplog):
    monkeypatch.setattr(choosing, "_LOCAL", server_with_port.address)
    with caplog.at_level(logging.INFO, "workhorse"):
        assert connect().url == server_with_port.url
        connect()
    assert [record.levelno for record in caplog.records] == [logging.INFO]
    assert embedded.running() is None


def test_a_running_embedded_server_goes_before_a_local_one(server_with_port, monkeypatch):
    url = embedded.ensure()
    monkeypatch.setattr(choosing, "_LOCAL", server_with_port.address)
    assert connect().url == url


@pytest.fixture
def server_with_port(tmp_path):
    private = embedded.start_private(tmp_path / "local", port=free_port())
    yield private
    private.kill()


@pytest.mark.parametrize("mark", ["never", "kubernetes", "docker"])
def test_where_it_would_be_wrong_no_embedded_server_is_started(mark, monkeypatch, tmp_path):
    if mark == "never":
        monkeypatch.setenv("WORKHORSE_EMBEDDED", "never")
    elif mark == "kubernetes":
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    else:
        (tmp_path / "dockerenv").touch()
    with pytest.raises(NoServerError, match=r"set WORKHORSE_URL.*not started because"):
        connect()
    assert embedded.running() is None
    if mark != "never":
        monkeypatch.setenv("WORKHORSE_EMBEDDED", "always")
        assert connect().url == embedded.running()


def test_another_wish_is_refused(monkeypatch):
    monkeypatch.setenv("WORKHORSE_EMBEDDED", "maybe")
    with pytest.raises(NoServerError, match="use always or never"):
        connect()


def test_the_home_is_in_the_users_state_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("WORKHORSE_HOME")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert embedded.default_home() == tmp_path / "workhorse"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert embedded.default_home() == tmp_path / ".local" / "state" / "workhorse"
