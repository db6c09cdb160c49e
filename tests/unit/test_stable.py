"""The stable, where a real process is of no help: when the system refuses to fork."""

from __future__ import annotations

import errno
import json
import os
import pickle
import socket

import pytest

from workhorse.endpoints import Endpoint
from workhorse.worker.marks import Marks
from workhorse.worker.orders import Orders
from workhorse.worker.parcels import KIND, channel
from workhorse.worker.stable import Stable


def test_a_fork_that_the_system_refuses_costs_one_horse_and_not_the_stable(
    monkeypatch: pytest.MonkeyPatch,
):
    ours, theirs = socket.socketpair(socket.AF_UNIX, KIND)
    where = Endpoint.from_url("unix:///nowhere")
    orders = Orders("wh", pickle.dumps(where), (), (), None, (), (), once=False)
    stable = Stable(theirs, orders, Marks())

    def refuse() -> int:
        raise OSError(errno.EAGAIN, "no room")

    monkeypatch.setattr(os, "fork", refuse)
    sending, taking = channel()
    stable._fork(7, 0, os.dup(taking.fileno()), os.dup(sending.fileno()))
    told = json.loads(ours.recv(10_000))
    assert (told["what"], told["number"], told["pid"]) == ("forked", 7, 0)
    assert "no room" in told["why"]
    for end in (ours, theirs, sending, taking):
        end.close()
