"""The worker's event loop: timers that do not wait for the next whole millisecond."""

from __future__ import annotations

import asyncio
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from workhorse.worker import precision
from workhorse.worker.precision import MILLISECOND, precise_loop

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="others count in nanoseconds")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = precise_loop()
    yield loop
    loop.close()


def test_a_timer_is_waited_for_as_long_as_it_says(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
):
    waited: list[float] = []
    real = select.select

    def noted(reading: Any, writing: Any, odd: Any, timeout: float) -> Any:
        waited.append(timeout)
        return real(reading, writing, odd, timeout)

    monkeypatch.setattr(select, "select", noted)
    for _ in range(50):
        began = loop.time()
        loop.call_later(0.0123, loop.stop)
        loop.run_forever()
        assert loop.time() - began >= 0.0123
        if waited:
            break
        # A busy machine came back from epoll when all of the time had gone by.
    assert waited, "epoll alone would be late"
    assert max(waited) <= MILLISECOND, "select is dearer"


def test_what_comes_meanwhile_is_seen_at_once(loop: asyncio.AbstractEventLoop):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        seen = asyncio.Event()
        loop.add_reader(ours, seen.set)
        threading.Timer(0.05, theirs.send, (b"hello",)).start()
        assert loop.run_until_complete(asyncio.wait_for(seen.wait(), 5))


def test_signals_are_heard_while_it_waits(loop: asyncio.AbstractEventLoop):
    heard = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR2, heard.set)
    threading.Timer(0.05, signal.pthread_kill, (threading.get_ident(), signal.SIGUSR2)).start()
    assert loop.run_until_complete(asyncio.wait_for(heard.wait(), 5))


def test_it_is_an_ordinary_loop_where_its_descriptor_is_too_large(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(precision, "_SELECTABLE", 0)
    loop = precise_loop()
    loop.call_later(0.001, loop.stop)
    loop.run_forever()
    loop.close()
