"""Both drivers against real servers that go away, come back, hang and forget scripts."""

import asyncio
import contextlib
import signal
import threading
import time

import pytest

from tests.support.servers import ask, wait_for
from workhorse.connection import Connection
from workhorse.drivers import arun, encode, run
from workhorse.effects import Batch, Call, Listen, command
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.scripts import Script

COUNT = Script("count", "return redis.call('INCR', KEYS[1])")
REFUSE = Script("refuse", "return redis.error_reply('NOJOB ' .. ARGV[1] .. ' is gone')")
FAIL = Script("fail", "return nonsense.x")


class Faulty(Connection):
    """A connection whose n-th round trip fails, before or after it reached the server."""

    def __init__(self, url, namespace, number, when, **options):
        super().__init__(url, namespace, **options)
        self.number, self.when = number, when

    def _count(self, when):
        self.number -= when == "before"
        if self.number == 0 and when == self.when:
            raise ConnectionLost(f"lost {when} the server")

    def exchange(self, packed, count=1, timeout=10.0):
        self._count("before")
        replies = super().exchange(packed, count, timeout)
        self._count("after")
        return replies

    def asend(self, *_):
        return False

    async def aexchange(self, packed, count=1):
        self._count("before")
        replies = await super().aexchange(packed, count)
        self._count("after")
        return replies


def sync_driver(connection, flow):
    return run(connection, flow)


def async_driver(connection, flow):
    return asyncio.run(arun(connection, flow))


@pytest.fixture(params=[sync_driver, async_driver], ids=["run", "arun"])
def drive(request):
    return request.param


def one(effect):
    return (yield effect)


def counting(connection):
    return Call(COUNT, (connection.keys.agenda,))


def test_scripts_and_commands_and_batches_are_performed(drive, connection):
    def flow():
        first = yield counting(connection)
        rest = yield Batch([counting(connection), command("PING"), counting(connection)])
        return first, rest

    assert drive(connection, flow()) == (1, [2, b"PONG", 3])


def test_a_script_that_the_server_forgot_is_sent_again(drive, own_server):
    connection = Connection(own_server.url)
    drive(connection, one(counting(connection)))
    ask(own_server.address, "SCRIPT", "FLUSH")
    assert drive(connection, one(counting(connection))) == 2
    assert drive(connection, one(Batch([counting(connection)] * 2))) == [3, 4]


def test_an_error_of_a_script_has_its_code_and_its_text(drive, connection):
    with pytest.raises(ServerError) as caught:
        drive(connection, one(Call(REFUSE, (connection.keys.agenda, "j7"))))
    assert (caught.value.code, caught.value.text) == ("NOJOB", "NOJOB j7 is gone")


def test_a_script_that_is_wrong_says_where(drive, connection):
    with pytest.raises(ServerError, match="nonsense"):
        drive(connection, one(Call(FAIL, (connection.keys.agenda,))))


def test_a_flow_may_handle_an_error_and_go_on(drive, connection):
    def flow():
        try:
            yield Call(REFUSE, (connection.keys.agenda, "j7"))
        except ServerError:
            return (yield command("PING"))

    assert drive(connection, flow()) == b"PONG"


def test_killed_connections_are_not_noticed(drive, own_server):
    connection = Connection(own_server.url)
    for expected in range(1, 6):
        assert drive(connection, one(counting(connection))) == expected
        ask(own_server.address, "CLIENT", "KILL", "TYPE", "normal")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_lost_round_trip_is_made_again(drive, url, connection, when, number):
    faulty = Faulty(url, connection.namespace, number, when)

    def flow():
        yield command("PING")
        return (yield counting(connection))

    again = 1 if (number, when) == (2, "after") else 0
    assert drive(faulty, flow()) in {1, 1 + again}


@pytest.mark.parametrize("when", ["before", "after"])
def test_without_patience_the_flow_sees_the_loss(drive, url, connection, when):
    faulty = Faulty(url, connection.namespace, 1, when, patience=0)
    with pytest.raises(ConnectionLost, match=f"lost {when} the server"):
        drive(faulty, one(command("PING")))


def test_a_call_waits_for_a_server_that_comes_back(drive, own_server):
    connection = Connection(own_server.url)
    drive(connection, one(counting(connection)))
    own_server.kill()
    comeback = threading.Thread(target=contextlib.nullcontext)
    starter = threading.Event()

    class Watched(Connection):
        tries = 0

        def look(self):
            self.tries += 1
            if self.tries == 3:
                starter.set()

        def exchange(self, *args):
            self.look()
            return super().exchange(*args)

        async def aexchange(self, *args):
            self.look()
            return await super().aexchange(*args)

    def start():
        starter.wait(10)
        own_server.start()

    watched = Watched(own_server.url)
    # PDEATHSIG follows the thread that starts the server, so this one stays until the end.
    done = threading.Event()
    comeback = threading.Thread(target=lambda: (start(), done.wait(20)))
    comeback.start()
    try:
        assert drive(watched, one(counting(connection))) == 2
        assert watched.tries > 3
    finally:
        done.set()
        comeback.join()


def test_a_server_that_stays_away_is_given_up_when_patience_ends(drive, own_server):
    connection = Connection(own_server.url, patience=0.3)
    own_server.kill()
    started = time.monotonic()
    with pytest.raises(ConnectionLost, match=r"refused \(tried \d+ times within 0\.3 s\)"):
        drive(connection, one(command("PING")))
    assert 0.3 <= time.monotonic() - started < 5


def test_a_server_that_hangs_is_given_up_by_a_link_after_its_timeout(own_server):
    connection = Connection(own_server.url)
    connection.exchange(encode(command("PING")))
    own_server.signal(signal.SIGSTOP)
    with pytest.raises(ConnectionLost, match=r"no answer within 0\.2 s"):
        connection.exchange(encode(command("PING")), 1, 0.2)
    own_server.signal(signal.SIGCONT)
    assert connection.exchange(encode(command("PING"))) == [b"PONG"]


def test_a_replica_is_refused_in_the_end(drive, own_server):
    ask(own_server.address, "REPLICAOF", "127.0.0.1", 1)
    connection = Connection(own_server.url, patience=0.2)
    with pytest.raises(ConnectionLost, match=r"READONLY .*tried"):
        drive(connection, one(counting(connection)))
    ask(own_server.address, "REPLICAOF", "NO", "ONE")
    assert drive(connection, one(counting(connection))) == 1


# Listening


def probing(connection, found):
    def probe():
        return (yield command("GET", connection.keys.gone(found)))

    return probe


def listening(connection, timeout):
    return Listen(connection.keys.done("x"), probing(connection, "x"), timeout)


def settle(connection, *, publish=True):
    with connection.borrow() as link:
        link.call(("SET", connection.keys.gone("x"), "done"))
        if publish:
            link.call(("SPUBLISH", connection.keys.done("x"), ""))


def listeners(connection):
    return connection.exchange(encode(command("PUBSUB", "SHARDNUMSUB", connection.keys.done("x"))))[
        0
    ][1]


def in_thread(action):
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def test_what_is_there_already_is_found_at_once(drive, connection):
    settle(connection)
    assert drive(connection, one(listening(connection, None))) == b"done"
    assert drive(connection, one(listening(connection, 0))) == b"done"


def test_a_message_wakes_the_listener(drive, url, connection):
    other = Connection(url, connection.namespace)

    def act():
        wait_for(lambda: listeners(other) == 1)
        started.append(time.monotonic())
        settle(other)

    started: list[float] = []
    thread = in_thread(act)
    assert drive(connection, one(listening(connection, 20))) == b"done"
    woken = time.monotonic()
    thread.join()
    assert woken - started[0] < 2  # and not at the next probe
    wait_for(lambda: listeners(other) == 0)


def test_when_the_time_is_up_the_answer_is_none(drive, connection):
    started = time.monotonic()
    assert drive(connection, one(listening(connection, 0.1))) is None
    assert 0.1 <= time.monotonic() - started < 2


def test_a_lost_message_costs_one_probe(drive, url, connection, monkeypatch):
    monkeypatch.setattr("workhorse.drivers.running.PROBE_EVERY", 0.1)
    other = Connection(url, connection.namespace)

    def act():
        wait_for(lambda: listeners(other) == 1)
        settle(other, publish=False)

    thread = in_thread(act)
    assert drive(connection, one(listening(connection, 20))) == b"done"
    thread.join()


def test_a_listener_survives_killed_connections(drive, own_server):
    connection, other = Connection(own_server.url), Connection(own_server.url)

    def act():
        for _ in range(3):
            wait_for(lambda: listeners(other) == 1)
            ask(own_server.address, "CLIENT", "KILL", "TYPE", "pubsub")
        wait_for(lambda: listeners(other) == 1)
        settle(other)

    thread = in_thread(act)
    assert drive(connection, one(listening(connection, 20))) == b"done"
    thread.join()


def test_an_error_of_the_probe_reaches_the_flow(drive, connection):
    def probe():
        return (yield Call(REFUSE, (connection.keys.agenda, "x")))

    with pytest.raises(ServerError, match="NOJOB"):
        drive(connection, one(Listen(connection.keys.done("x"), probe, 5)))
    assert drive(connection, one(command("PING"))) == b"PONG"


def test_a_channel_that_is_not_allowed_is_told(drive, own_server):
    ask(own_server.address, "ACL", "SETUSER", "ada", "on", "nopass", "~*", "+@all", "resetchannels")
    connection = Connection(own_server.url.replace("unix://", "unix://ada:x@"))
    with pytest.raises(ServerError, match=r"NOPERM .*let the server's ACL allow"):
        drive(connection, one(listening(connection, 5)))


def test_a_thousand_tasks_wait_on_one_connection(server, connection):
    async def main():
        waiting = [
            asyncio.ensure_future(
                arun(
                    connection,
                    one(Listen(connection.keys.done(str(n)), probing(connection, str(n)), 20)),
                )
            )
            for n in range(1000)
        ]
        link = await connection.alink()
        pattern = connection.keys.done("*")
        while len(await link.request(("PUBSUB", "SHARDCHANNELS", pattern))) < 1000:
            pass
        before = int(
            (await link.request(("INFO", "clients"))).split(b"connected_clients:")[1].split()[0]
        )
        for n in range(1000):
            await link.request(("SET", connection.keys.gone(str(n)), n))
            await link.request(("SPUBLISH", connection.keys.done(str(n)), ""))
        return before, await asyncio.gather(*waiting)

    clients, found = asyncio.run(main())
    assert found == [b"%d" % n for n in range(1000)]
    assert clients < 20


def test_a_cancelled_listener_leaves_its_channel(connection):
    async def main():
        task = asyncio.ensure_future(arun(connection, one(listening(connection, 20))))
        link = await connection.alink()
        question = ("PUBSUB", "SHARDNUMSUB", connection.keys.done("x"))
        while (await link.request(question))[1] == 0:
            pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while (await link.request(question))[1] == 1:
            pass
        return True

    assert asyncio.run(main())
