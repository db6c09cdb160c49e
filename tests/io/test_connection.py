"""The pool of links: threads, forks, epochs, and what `connect` makes of its argument."""

import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from tests.support.servers import ask, wait_for
from workhorse.connection import Connection, connect
from workhorse.endpoints import Endpoint
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.links.wire import pack

PING = pack(("PING",))


def clients(server, name):
    """How many connections of that name the server has."""
    return ask(server.address, "CLIENT", "LIST").count(f"name={name} ".encode())


def named(server, name):
    return Connection(Endpoint.from_url(server.url).named(name), name)


def test_links_are_reused_last_in_first_out(connection):
    one, two = connection.take(), connection.take()
    connection.give_back(one)
    connection.give_back(two)
    with connection.borrow() as first, connection.borrow() as second:
        assert (first, second) == (two, one)


def test_a_borrowed_link_comes_back_after_an_error_reply(connection):
    with pytest.raises(ServerError), connection.borrow() as link:
        link.call(("NONSENSE",))
    assert connection._idle[-1] is link


def test_a_borrowed_link_is_closed_when_the_block_fails(connection):
    with pytest.raises(ZeroDivisionError), connection.borrow() as link:
        _ = 1 / 0
    assert link.closed
    assert link not in connection._idle


def test_threads_never_share_a_link(connection):
    def talk(number):
        return all(
            connection.exchange(pack(("ECHO", number)))[0] == b"%d" % number for _ in range(200)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(talk, range(8)))


def test_no_more_than_so_many_idle_links_are_kept(server):
    connection = named(server, "idle")
    links = [connection.take() for _ in range(40)]
    for link in links:
        connection.give_back(link)
    assert clients(server, "idle") == 32
    connection.close()
    wait_for(lambda: clients(server, "idle") == 0)


def test_a_dropped_connection_closes_its_links(server, recwarn):
    connection = named(server, "dropped")
    connection.exchange(PING)
    del connection
    gc.collect()
    wait_for(lambda: clients(server, "dropped") == 0)
    assert not recwarn.list


def test_a_lost_connection_costs_all_idle_links_and_the_next_one_is_new(server):
    connection = named(server, "lost")
    links = [connection.take() for _ in range(3)]
    for link in links:
        connection.give_back(link)
    for line in ask(server.address, "CLIENT", "LIST").decode().splitlines():
        if "name=lost " in line:
            ask(server.address, "CLIENT", "KILL", "ID", line.split()[0].removeprefix("id="))
    with pytest.raises(ConnectionLost):
        connection.exchange(PING)
    assert connection.exchange(PING) == [b"PONG"]
    assert all(link.closed for link in links)


def test_a_link_of_an_ended_epoch_is_closed_when_it_comes_back(connection):
    link = connection.take()
    connection.close()
    connection.give_back(link)
    assert link.closed


def test_a_forked_child_opens_links_of_its_own_and_leaves_the_parents_alone(server):
    connection = named(server, "forked")
    connection.exchange(PING)
    idle = connection.take()
    connection.give_back(idle)
    child = os.fork()
    if child == 0:
        ok = connection.exchange(pack(("ECHO", "child"))) == [b"child"] and idle.closed
        os._exit(0 if ok else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert connection._idle[-1] is idle
    assert idle.call(("ECHO", "parent")) == b"parent"


def test_many_forks_among_busy_threads_cross_no_replies(connection):
    stop = threading.Event()
    wrong = []

    def talk(number):
        while not stop.is_set():
            if connection.exchange(pack(("ECHO", number))) != [b"%d" % number]:
                wrong.append(number)

    threads = [threading.Thread(target=talk, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    statuses = []
    for number in range(100, 130):
        child = os.fork()
        if child == 0:
            ok = connection.exchange(pack(("ECHO", number))) == [b"%d" % number]
            os._exit(0 if ok else 1)
        statuses.append(os.waitpid(child, 0)[1])
    stop.set()
    for thread in threads:
        thread.join()
    assert not any(statuses)
    assert not wrong


def test_connect_gives_the_same_connection_for_the_same_argument(url):
    client = redis.Redis(unix_socket_path=url.removeprefix("unix://"))
    assert connect(url) is connect(url)
    assert connect(client, "a") is connect(client, "a")
    assert connect(url, "a") is not connect(url, "b")
    assert connect(connect(url)) is connect(url)
    assert connect(connect(url, "a"), "b").namespace == "b"
    assert connect(client, "a").exchange(PING) == [b"PONG"]


def test_the_namespace_comes_from_the_environment(monkeypatch, url):
    assert Connection(url).namespace == "wh"
    monkeypatch.setenv("WORKHORSE_NAMESPACE", "mine")
    assert Connection(url).namespace == "mine"
    assert connect(url).keys.prefix == "{mine}:"
    assert Connection(url, "other").namespace == "other"


def test_clients_in_many_hands_are_forgotten_with_them(url):
    client = redis.Redis(unix_socket_path=url.removeprefix("unix://"))
    connection = connect(client)
    assert connect(client) is connection
    del client
    gc.collect()
    other = redis.Redis(unix_socket_path=url.removeprefix("unix://"))
    assert connect(other) is not connection
