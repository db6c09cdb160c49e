"""What a stable is told that comes after another: which of the modules of jobs."""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

from workhorse.endpoints import Endpoint
from workhorse.worker.orders import Orders
from workhorse.worker.parcels import KIND, channel
from workhorse.worker.stabling import Stabling

WHERE = pickle.dumps(Endpoint.from_url("unix:///nowhere"))
ORDERS = Orders("wh", WHERE, (), ("early",), None, (), (), once=True)


def test_what_a_busy_stable_could_not_be_told_it_is_told_later():
    async def scene() -> list[bytes]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, KIND)
        launched = SimpleNamespace(control=ours, end=ours.close)
        stabling = Stabling(ORDERS, lambda _: None, cast("Any", launched))
        stabling.start()
        jobs, reports = channel()
        asked = 0
        while stabling.fork(asked, 0, jobs, reports):
            asked += 1
        stabling.learn(["late"])
        for _ in range(1 + asked):
            theirs.recv(65536)
        stabling.learn(["late"])
        stabling.stop()
        said = list(iter(partial(theirs.recv, 65536), b""))
        for end in (theirs, jobs, reports):
            end.close()
        return said

    assert asyncio.run(scene()) == [b"late"]


def test_the_next_stable_is_told_again_what_the_last_one_has_outlived_and_nothing_else():
    async def scene() -> list[bytes]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, KIND)
        process = SimpleNamespace(kill=lambda: None)
        launched = SimpleNamespace(control=ours, process=process, end=ours.close)
        died = asyncio.Event()
        news: list[str] = []

        def heard(what: dict[str, Any]) -> None:
            news.append(what["what"])
            if what["what"] == "died":
                died.set()

        stabling = Stabling(ORDERS, heard, cast("Any", launched))
        stabling.start()
        stabling.learn(["good"])
        jobs, reports = channel()
        assert stabling.fork(1, 0, jobs, reports)
        stabling.learn(["deadly"])
        while theirs.recv(65536) != b"deadly":
            pass
        theirs.send(json.dumps({"what": "forked", "number": 1, "pid": 2, "why": ""}).encode())
        theirs.close()
        await died.wait()
        assert news == ["forked", "died"]
        ours, theirs = socket.socketpair(socket.AF_UNIX, KIND)
        stabling._launched = cast("Any", SimpleNamespace(control=ours, end=ours.close))
        stabling.start()
        stabling.learn(["good", "deadly", "early"])
        stabling.stop()
        said = list(iter(partial(theirs.recv, 65536), b""))
        for end in (theirs, jobs, reports):
            end.close()
        return said[1:]  # its orders come first

    assert asyncio.run(scene()) == [b"good"]
