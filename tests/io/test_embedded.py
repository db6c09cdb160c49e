"""The embedded server: many processes, one server, whatever is killed."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from tests.support.servers import SYSTEM_SERVER, wait_for
from workhorse import embedded
from workhorse.connection import Connection
from workhorse.drivers import encode
from workhorse.effects import command
from workhorse.embedded import process, shared
from workhorse.exceptions import NoServerError

INCREMENT = """
    import os, sys
    from workhorse import embedded
    from workhorse.connection import Connection
    from workhorse.drivers import encode
    from workhorse.effects import command

    connection = Connection(embedded.ensure(sys.argv[1]), patience=0)
    count = encode(command("INCR", "count"))
    for _ in range(50):
        connection.exchange(count)
"""


@pytest.fixture
def home(tmp_path):
    yield tmp_path / "home"
    embedded.stop(tmp_path / "home")


def user(home, *more):
    """A process that uses the embedded server, runs *more*, and ends."""
    script = textwrap.dedent(INCREMENT) + "\n".join(map(textwrap.dedent, more))
    return subprocess.Popen(
        [sys.executable, "-c", script, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def finished(process):
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return out


def lasting(home):
    """A process that uses the server until its standard input ends."""
    process = user(home, 'print("ready", flush=True)', "sys.stdin.read()")
    assert process.stdout.readline() == "ready\n"
    return process


def count(home):
    """How often all users counted, as a new user sees it."""
    process = user(home, 'print(connection.exchange(encode(command("GET", "count")))[0].decode())')
    return int(finished(process))


def starts(home):
    log = (Path(home) / "server" / "server.log").read_text()
    return log.count("Server initialized")


def test_twenty_processes_at_once_start_one_server_and_the_last_one_stops_it(home):
    for users in [user(home) for _ in range(20)], [user(home) for _ in range(20)]:
        for one in users:
            finished(one)
    assert count(home) == 41 * 50
    assert embedded.running(home) is None
    assert not list(Path(home, "server").glob("*.sock"))


def test_together_they_start_exactly_one(home):
    first = lasting(home)
    for one in [user(home) for _ in range(20)]:
        finished(one)
    assert starts(home) == 1
    first.communicate()
    assert embedded.running(home) is None


def test_the_server_survives_its_starter(home):
    starter = lasting(home)
    other = lasting(home)
    starter.communicate()
    assert embedded.running(home)
    other.communicate()
    assert embedded.running(home) is None


def test_a_user_that_is_killed_leaves_the_server_to_the_next(home):
    killed = lasting(home)
    killed.kill()
    killed.communicate()
    pid = embedded.status(home).pid
    assert pid
    survivor = lasting(home)
    assert embedded.status(home).pid == pid
    survivor.communicate()
    assert embedded.running(home) is None
    assert count(home) == 150


def test_a_server_that_is_killed_comes_back_with_its_data(home):
    keeper = lasting(home)
    os.kill(embedded.status(home).pid, signal.SIGKILL)
    wait_for(lambda: embedded.running(home) is None)
    assert count(home) == 100
    keeper.communicate()


def test_a_connection_revives_a_server_that_was_killed(home):
    first = lasting(home)
    script = """
        import signal
        from functools import partial
        from workhorse.drivers import run
        connection = Connection(embedded.ensure(sys.argv[1]),
                                revive=partial(embedded.revive, sys.argv[1]))
        def get():
            return (yield command("GET", "count"))
        os.kill(embedded.status(sys.argv[1]).pid, signal.SIGKILL)
        print(run(connection, get()))
        import asyncio
        from workhorse.drivers import arun
        os.kill(embedded.status(sys.argv[1]).pid, signal.SIGKILL)
        print(asyncio.run(arun(connection, get())))
    """
    assert finished(user(home, script)) == "b'100'\nb'100'\n"
    first.communicate()


def test_a_server_that_was_stopped_on_purpose_is_not_revived(home):
    user_of_it = lasting(home)
    assert embedded.stop(home)
    embedded.revive(home)
    assert embedded.running(home) is None
    assert not embedded.stop(home)
    assert count(home) == 100  # a new user starts it
    user_of_it.communicate()


def test_a_forked_child_counts_as_a_user(home):
    parent = user(
        home,
        """
        if os.fork() == 0:
            os.close(1)
            sys.stdin.read()
            connection.exchange(count)
            sys.exit()
        print("forked", flush=True)
        """,
    )
    assert parent.stdout.readline() == "forked\n"
    assert parent.stdout.read() == ""
    parent.wait(20)
    assert embedded.running(home)
    parent.stdin.close()
    wait_for(lambda: embedded.running(home) is None)
    parent.stdout.close()
    assert count(home) == 101


def test_a_forked_childs_end_does_not_stop_the_server_of_its_parent(home):
    parent = user(
        home,
        """
        for leave in (sys.exit, os._exit):
            child = os.fork()
            if child == 0:
                leave(0)
            os.waitpid(child, 0)
        connection.exchange(count)
        print(os.path.exists(embedded.status(sys.argv[1]).home))
        """,
    )
    assert finished(parent) == "True\n"
    assert starts(home) == 1
    assert embedded.running(home) is None


def test_a_program_that_a_user_starts_is_none(home):
    parent = user(
        home,
        """
        import subprocess
        sleeper = subprocess.Popen(["sleep", "60"], stdin=-3, stdout=-3)
        print(sleeper.pid)
        """,
    )
    sleeper = int(finished(parent))
    try:
        assert embedded.running(home) is None
    finally:
        os.kill(sleeper, signal.SIGKILL)


def test_the_server_has_no_port_and_is_for_its_user_alone(home):
    keeper = lasting(home)
    connection = Connection(embedded.running(home))
    ports = dict.fromkeys(connection.exchange(encode(command("CONFIG", "GET", "port")))[0])
    assert list(ports) == [b"port", b"0"]
    folder = Path(home, "server")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "server.sock").stat().st_mode & 0o777 == 0o700
    connection.close()
    keeper.communicate()


def test_the_status_says_what_runs_and_where(home):
    assert not embedded.status(home).running
    keeper = lasting(home)
    status = embedded.status(home)
    assert status.running
    assert status.home == Path(home)
    assert status.version.split()[0] in {"valkey", "redis"}
    assert Path(status.binary).exists()
    assert status.url == embedded.running(home)
    keeper.communicate()
    assert embedded.status(home) == embedded.Status(running=False, url=status.url, home=Path(home))


def test_a_long_home_is_no_trouble(tmp_path):
    home = tmp_path / ("long" * 30)
    assert len(str(home)) > 120
    keeper = lasting(home)
    url = embedded.running(home)
    assert url is not None
    assert len(url) < 110
    assert Path(url.removeprefix("unix://")).parent.stat().st_mode & 0o777 == 0o700
    keeper.communicate()
    assert embedded.running(home) is None


def test_a_home_with_odd_letters_is_no_trouble(tmp_path):
    home = tmp_path / "o dd' \"ü%20"
    assert count(home) == 50
    assert count(home) == 100


def test_a_folder_of_somebody_else_is_not_used_for_the_socket(monkeypatch):
    # Not `tmp_path`, which may itself be too long for a socket.
    with tempfile.TemporaryDirectory() as short:
        monkeypatch.setattr("tempfile.gettempdir", lambda: short)
        own = Path(short) / f"workhorse-{os.getuid()}"
        own.mkdir(mode=0o777)
        own.chmod(0o777)
        with pytest.raises(NoServerError, match="not a folder of this user's alone"):
            process.socket_path(Path(short) / ("long" * 30))


def test_a_home_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NoServerError, match="set WORKHORSE_HOME to a folder of yours"):
        embedded.ensure(tmp_path / "file")


WAYS_OUT = r'pip install "workhorse\[server\]".*apt install valkey-server.*WORKHORSE_URL='


def test_without_any_server_the_ways_out_are_told(tmp_path, monkeypatch):
    monkeypatch.delenv("WORKHORSE_SERVER_BIN", raising=False)
    monkeypatch.setattr(process, "_binary_in", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoServerError, match=rf"no Valkey or Redis server >= 7\.0.*{WAYS_OUT}"):
        process.find_binary()


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("echo Redis server v=6.2.14 sha=0", "is 6.2.14, too old"),
        ("echo hello", "is no Valkey or Redis server"),
    ],
)
def test_a_server_on_the_path_must_be_new_enough(tmp_path, monkeypatch, text, sentence):
    monkeypatch.delenv("WORKHORSE_SERVER_BIN", raising=False)
    monkeypatch.setattr(process, "_binary_in", lambda _: None)
    program(tmp_path / "redis-server", text)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    monkeypatch.setattr(process, "_ON_PATH", ("redis-server",))
    with pytest.raises(NoServerError, match=f"{sentence}.*{WAYS_OUT}"):
        process.find_binary()


def test_a_named_binary_that_is_missing_is_told(monkeypatch):
    monkeypatch.setenv("WORKHORSE_SERVER_BIN", "/nowhere/server")
    with pytest.raises(NoServerError, match="WORKHORSE_SERVER_BIN=/nowhere/server is no program"):
        process.find_binary()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("echo cannot find libfoo >&2; exit 3", r"ended with status 3.*cannot find libfoo"),
        ("exec nonsense-interpreter", r"ended with status 12[67]"),
    ],
)
def test_a_binary_that_is_broken_is_told_with_its_last_words(tmp_path, monkeypatch, text, sentence):
    monkeypatch.setenv("WORKHORSE_SERVER_BIN", str(program(tmp_path / "server", text)))
    with pytest.raises(NoServerError, match=f"{sentence}.*{WAYS_OUT}"):
        embedded.start_private(tmp_path / "data")


def test_a_file_that_is_no_program_is_told(tmp_path):
    broken = tmp_path / "server"
    broken.write_bytes(b"\x7fELF garbage")
    broken.chmod(0o755)
    with pytest.raises(NoServerError, match=f"cannot be run.*{WAYS_OUT}"):
        embedded.start_private(tmp_path / "data", binary=broken)


@pytest.mark.system_server
@pytest.mark.skipif(SYSTEM_SERVER is None, reason="this machine has no redis-server")
def test_the_systems_server_will_do(home, monkeypatch):
    monkeypatch.setenv("WORKHORSE_SERVER_BIN", "redis-server")
    assert count(home) == 50
    assert count(home) == 100
    assert embedded.running(home) is None


def test_a_private_server_keeps_its_data_over_kill_and_restart(tmp_path):
    server = embedded.start_private(tmp_path)
    connection = Connection(server.url)
    connection.exchange(encode(command("SET", "x", "kept")))
    for end in (server.kill, server.stop):
        end()
        assert server.pid == 0
        server.start()
        with pytest.raises(ConnectionError):
            connection.exchange(encode(command("GET", "x")))
        assert connection.exchange(encode(command("GET", "x"))) == [b"kept"]
    pid = server.pid
    server.restart()
    assert server.pid not in {0, pid}
    server.kill()


@pytest.mark.parametrize("end", ["pass", "os.kill(os.getpid(), 9)", "os._exit(0)"])
def test_a_private_server_dies_with_its_starter(tmp_path, end):
    script = f"""
        import os, sys
        from workhorse.embedded import start_private
        print(start_private(sys.argv[1]).pid, flush=True)
        {end}
    """
    started = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    pid = int(started.stdout)
    wait_for(lambda: not alive(pid))


def alive(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_starting_and_leaving_are_quick(home):
    started = time.monotonic()
    embedded.ensure(home)
    again = time.monotonic()
    embedded.ensure(home)
    assert time.monotonic() - again < again - started
    assert shared._uses
