"""The asyncio link: shared, pipelined, and never giving one caller another's answer."""

import asyncio
import gc
import os
import random

import pytest

from tests.support.peers import peer
from tests.support.turns import Turn
from workhorse.connection import Connection
from workhorse.endpoints import Login
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.links import AsyncLink
from workhorse.links.wire import pack


def with_link(server, body, **options):
    """Run *body* with a link of its own."""

    async def main():
        link = await AsyncLink.open(server.address, Login(), **options)
        try:
            return await body(link)
        finally:
            link.close()

    return asyncio.run(main())


def test_replies_and_errors_reach_their_callers(server):
    async def body(link):
        with pytest.raises(ServerError, match="unknown command"):
            await link.request(("NONSENSE",))
        replies = await link.exchange(pack(("PING",)) + pack(("NO",)), 2)
        return await link.request(("ECHO", "x")), replies

    echo, (pong, error) = with_link(server, body)
    assert (echo, pong) == (b"x", b"PONG")
    assert isinstance(error, ServerError)


def test_concurrent_commands_share_one_write(server):
    async def body(link):
        writes = []
        write = link._transport.write

        def watched(data):
            writes.append(data)
            write(data)

        link._transport.write = watched
        answers = await asyncio.gather(*[link.request(("ECHO", n)) for n in range(100)])
        return writes, answers

    writes, answers = with_link(server, body)
    assert len(writes) == 1
    assert answers == [b"%d" % n for n in range(100)]


def test_callbacks_get_each_answer_once_and_in_order(server):
    async def body(link):
        answers: list[object] = []
        done = asyncio.Event()
        link.send(pack(("ECHO", 1)), answers.append)
        link.send(pack(("NONSENSE",)), answers.append)
        link.send_many(pack(("ECHO", 2)) * 2, [answers.append, lambda _: done.set()])
        await done.wait()
        return answers

    one, error, two = with_link(server, body)
    assert (one, two) == (b"1", b"2")
    assert isinstance(error, ServerError)


def test_a_callback_that_fails_costs_nobody_else_an_answer(server):
    reports = []

    async def body(link):
        asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
        link.send(pack(("PING",)), lambda _: 1 / 0)
        return await link.request(("ECHO", "x"))

    assert with_link(server, body) == b"x"
    assert isinstance(reports[0]["exception"], ZeroDivisionError)


def test_ten_thousand_cancelled_requests_never_cross_their_replies(server):
    chance = random.Random(7)

    async def caller(link, number):
        task = asyncio.ensure_future(link.request(("ECHO", number)))
        for _ in range(chance.randrange(4)):
            await Turn()
        if chance.random() < 0.7:
            task.cancel()
        try:
            return await task == b"%d" % number
        except asyncio.CancelledError:
            return None

    async def body(link):
        outcomes = []
        for start in range(0, 15_000, 500):
            callers = [caller(link, n) for n in range(start, start + 500)]
            outcomes += await asyncio.gather(*callers)
        assert await link.request(("ECHO", "end")) == b"end"
        return outcomes

    outcomes = with_link(server, body)
    assert outcomes.count(None) > 8_000
    assert outcomes.count(True) > 1_000
    assert False not in outcomes


def test_a_server_that_goes_away_tells_everybody_who_waits(own_server):
    async def body(link):
        waiting = [asyncio.ensure_future(link.request(("BLPOP", "x", 0))) for _ in range(3)]
        answers: list[object] = []
        link.send(pack(("BLPOP", "x", 0)), answers.append)
        await Turn()
        own_server.kill()
        errors = await asyncio.gather(*waiting, return_exceptions=True)
        with pytest.raises(ConnectionLost):
            await link.request(("PING",))
        link.send(pack(("PING",)), answers.append)
        await Turn()
        return errors, answers, link.closed

    errors, answers, closed = with_link(own_server, body)
    assert [type(error) for error in errors] == [ConnectionLost] * 3
    assert [type(answer) for answer in answers] == [ConnectionLost] * 2
    assert closed


def test_a_silent_server_is_given_up(server):
    async def body(link):
        with pytest.raises(ConnectionLost, match=r"no answer within 0\.1 s"):
            await link.request(("BLPOP", "nothing", 5))
        return link.closed

    assert with_link(server, body, reply_timeout=0.1)


def test_a_link_that_owes_no_answer_is_not_given_up(server):
    async def body(link):
        await link.request(("PING",))
        await link.exchange(pack(("BLPOP", "nothing", 0.3)))
        return await link.request(("ECHO", "x"))

    assert with_link(server, body, reply_timeout=0.5) == b"x"


def test_a_peer_that_says_something_unasked_is_a_lost_connection():
    async def main(address):
        link = await AsyncLink.open(address, Login())
        lost = asyncio.Event()
        link.send(pack(("PING",)), lambda _: None)
        link.send(pack(("PING",)), lambda _: lost.set())
        await lost.wait()
        return link.closed

    with peer(lambda sock: sock.sendall(b"+PONG\r\nHELLO\r\n")) as address:
        assert asyncio.run(main(address))


def test_a_refused_login_is_told(server):
    async def main():
        with pytest.raises(ServerError, match="WRONGPASS"):
            await AsyncLink.open(server.address, Login("ada", "x"))
        with pytest.raises(ConnectionLost, match="refused"):
            await AsyncLink.open(("127.0.0.1", 1), Login())

    asyncio.run(main())


def test_listeners_share_a_link_and_get_their_own_channels(server, connection):
    one, two = connection.keys.done("1"), connection.keys.done("2")

    async def body(link):
        first, again, second = [await link.subscribe(c) for c in (one, one, two)]
        sender = await connection.alink()
        await sender.request(("SPUBLISH", one, "a"))
        await sender.request(("SPUBLISH", two, "b"))
        assert [await s.next_message(5) for s in (first, again, second)] == [b"a", b"a", b"b"]
        first.close()
        await sender.request(("SPUBLISH", one, "c"))
        assert await again.next_message(5) == b"c"
        assert await first.next_message(0.01) is None
        again.close()
        once_more = await link.subscribe(one)  # while the end of the other is on its way
        assert await sender.request(("SPUBLISH", one, "d")) == 1
        assert await once_more.next_message(5) == b"d"
        once_more.close()
        second.close()
        await link.request(("PING",))
        return await sender.request(("PUBSUB", "SHARDCHANNELS", connection.keys.done("*")))

    assert with_link(server, body) == []


def test_messages_that_arrive_after_the_last_listener_left_are_dropped(server, connection):
    channel = connection.keys.done("1")

    async def body(link):
        for _ in range(200):
            subscription = await link.subscribe(channel)
            sender = await connection.alink()
            sent = asyncio.ensure_future(sender.request(("SPUBLISH", channel, "a")))
            await Turn()
            subscription.close()
            assert await link.request(("PING", "x")) in (b"x", [b"pong", b"x"])
            await sent
        return not link.closed

    assert with_link(server, body)


def test_listeners_learn_that_the_server_went_away(own_server):
    async def body(link):
        subscription = await link.subscribe("x")
        waiting = asyncio.ensure_future(subscription.next_message(20))
        await Turn()
        own_server.kill()
        with pytest.raises(ConnectionLost):
            await waiting

    with_link(own_server, body)


def test_tasks_that_start_together_share_one_connection(server):
    connection = Connection(server.url, "together")

    async def main():
        links = await asyncio.gather(*[connection.alink() for _ in range(50)])
        return len(set(links))

    assert asyncio.run(main()) == 1


def test_a_cancelled_task_does_not_end_the_others_attempt(server):
    connection = Connection(server.url, "together")

    async def main():
        tasks = [asyncio.ensure_future(connection.alink()) for _ in range(3)]
        await Turn()
        await Turn()
        tasks[0].cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        return [type(outcome) for outcome in outcomes]

    assert asyncio.run(main()) == [asyncio.CancelledError, AsyncLink, AsyncLink]


def test_a_broken_link_is_replaced(server):
    connection = Connection(server.url, "replaced")

    async def main():
        first = await connection.alink()
        first.close()
        second = await connection.alink()
        return first is second, await second.request(("PING",))

    assert asyncio.run(main()) == (False, b"PONG")


def test_each_event_loop_has_its_own_link_and_leaves_nothing_behind(server, recwarn):
    connection = Connection(server.url, "loops")

    async def main():
        return await (await connection.alink()).request(("PING",))

    for _ in range(3):
        assert asyncio.run(main()) == b"PONG"
    gc.collect()
    assert len(connection._loops) == 0
    assert not recwarn.list


def test_a_child_forked_from_a_running_loop_has_links_of_its_own(server):
    connection = Connection(server.url, "forked")

    async def echo(text):
        return await (await connection.alink()).request(("ECHO", text))

    async def main():
        assert await echo("before") == b"before"
        child = os.fork()
        if child == 0:
            ok = asyncio.run(echo("child")) == b"child"
            gc.collect()
            os._exit(0 if ok else 1)
        assert await echo("parent") == b"parent"
        return await asyncio.to_thread(os.waitpid, child, 0), await echo("after")

    (_, status), after = asyncio.run(main())
    assert (status, after) == (0, b"after")


def test_closing_closes_the_running_loops_links(server):
    connection = Connection(server.url, "closing")

    async def main():
        link = await connection.alink()
        await connection.aclose()
        return link.closed, await (await connection.alink()).request(("PING",))

    assert asyncio.run(main()) == (True, b"PONG")
