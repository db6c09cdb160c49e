"""The blocking link against a real server, and against peers that misbehave."""

import signal
import threading
from contextlib import closing

import pytest

from tests.support.peers import peer
from workhorse.embedded import start_private
from workhorse.endpoints import Login
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.links import Link
from workhorse.links.wire import pack


@pytest.fixture
def link(server):
    with closing(Link.open(server.address, Login())) as link:
        yield link


def test_replies_of_every_kind_are_read(link, connection):
    key = connection.keys.prefix + "x"
    assert link.call(("SET", key, b"\x00\xff")) == b"OK"
    assert link.call(("GET", key)) == b"\x00\xff"
    assert link.call(("GET", key + "none")) is None
    assert link.call(("STRLEN", key)) == 2
    assert link.call(("MGET", key, key + "none")) == [b"\x00\xff", None]
    assert link.call(("ECHO", 2.5)) == b"2.5"


def test_an_error_reply_is_raised_and_the_link_goes_on(link):
    with pytest.raises(ServerError, match="unknown command") as caught:
        link.call(("NONSENSE",))
    assert caught.value.code == "ERR"
    assert link.call(("PING",)) == b"PONG"


def test_errors_in_an_exchange_are_values(link):
    packed = pack(("PING",)) + pack(("NONSENSE",)) + pack(("ECHO", "x"))
    pong, error, echo = link.exchange(packed, 3)
    assert (pong, echo) == (b"PONG", b"x")
    assert isinstance(error, ServerError)


def test_replies_larger_than_the_buffer_are_read(link, connection):
    key = connection.keys.prefix + "x"
    value = bytes(range(256)) * 8192
    link.call(("SET", key, value))
    assert link.call(("GET", key)) == value
    replies = link.exchange(pack(("GET", key)) * 5, 5)
    assert replies == [value] * 5


def test_a_blocking_command_may_have_its_own_timeout(link, connection):
    assert link.call(("BLPOP", connection.keys.bell("x"), 0.05), timeout=5) is None


def test_a_late_reply_closes_the_link(link, connection):
    with pytest.raises(ConnectionLost, match=r"no answer within 0\.05 s"):
        link.call(("BLPOP", connection.keys.bell("x"), 1), timeout=0.05)
    assert link.closed
    with pytest.raises(ConnectionLost, match="closed"):
        link.call(("PING",))


def test_an_interrupted_call_closes_the_link(link, connection):
    class Alarm(BaseException):
        pass

    def ring(*_):
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Alarm):
            link.call(("BLPOP", connection.keys.bell("x"), 5))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert link.closed


def test_a_signal_that_raises_nothing_does_not_disturb_a_call(link, connection):
    rang = []
    before = signal.signal(signal.SIGALRM, lambda *_: rang.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        assert link.call(("BLPOP", connection.keys.bell("x"), 0.2), timeout=5) is None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rang


def test_a_server_that_goes_away_is_a_lost_connection(own_server):
    link = Link.open(own_server.address, Login())
    own_server.kill()
    with pytest.raises(ConnectionLost, match=r"closed the connection|reset|Broken pipe"):
        link.call(("PING",))
    with pytest.raises(ConnectionLost, match="refused"):
        Link.open(own_server.address, Login())


def test_a_host_without_a_name_is_a_lost_connection():
    with pytest.raises(ConnectionLost, match=r"nowhere\.invalid:1: "):
        Link.open(("nowhere.invalid", 1), Login())


def test_a_peer_that_speaks_something_else_is_a_lost_connection():
    with peer(lambda sock: sock.sendall(b"220 smtp ready\r\n")) as address:
        link = Link.open(address, Login())
        with pytest.raises(ConnectionLost, match="Protocol error"):
            link.call(("PING",))
    assert link.closed


def test_a_reply_in_many_pieces_is_put_together():
    def dribble(sock):
        sock.recv(100)
        for byte in b"$5\r\nhello\r\n":
            sock.sendall(bytes([byte]))

    with peer(dribble) as address, closing(Link.open(address, Login())) as link:
        assert link.call(("GET", "x")) == b"hello"


def test_login_database_and_name_go_with_the_connection(tmp_path):
    server = start_private(tmp_path, options=("--requirepass", "pä ss"))
    with closing(Link.open(server.address, Login(None, "pä ss", 3, client_name="me"))) as link:
        facts = link.call(("CLIENT", "INFO")).split()
        assert b"name=me" in facts
        assert b"db=3" in facts
    given = Login(credentials=lambda: ("default", "pä ss"))
    with closing(Link.open(server.address, given)) as link:
        assert link.call(("PING",)) == b"PONG"
    with pytest.raises(ServerError, match=r"WRONGPASS.*logging in at"):
        Link.open(server.address, Login("ada", "x"))
    server.kill()


def test_messages_of_a_channel_are_received_until_it_is_left(link, connection):
    channel = connection.keys.done("x")
    link.subscribe(channel)
    assert link.next_message(0.01) is None
    with connection.borrow() as other:
        other.call(("SPUBLISH", channel, "one"))
        other.call(("SPUBLISH", channel, "two"))
        assert [link.next_message(5), link.next_message(5)] == [b"one", b"two"]
        other.call(("SPUBLISH", channel, "three"))
        link.unsubscribe()
        assert link.call(("ECHO", "x")) == b"x"
        assert other.call(("PUBSUB", "SHARDNUMSUB", channel)) == [channel.encode(), 0]


def test_a_listener_learns_that_the_server_went_away(own_server):
    link = Link.open(own_server.address, Login())
    link.subscribe("x")
    killer = threading.Thread(target=own_server.kill)
    killer.start()
    with pytest.raises(ConnectionLost):
        link.next_message(20)
    killer.join()
    assert link.closed
