"""A work horse that is an interpreter of its own, and runs one job; see `spawning`."""

from __future__ import annotations

import gc
import importlib
import io
import os
import pickle
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import Final

from workhorse.worker.execution import Kit
from workhorse.worker.horse import horse, take_signals
from workhorse.worker.kernel import die_with_parent
from workhorse.worker.marks import Marks
from workhorse.worker.orders import Orders
from workhorse.worker.parcels import KIND
from workhorse.worker.stable import begin_to_log, kit_for

START: Final = 60
"""How long an interpreter may take to be ready, seconds; one that hangs in an import is ended."""


def main() -> None:
    """Be the horse whose descriptors, place and stable are given as arguments."""
    jobs, reports, marks, told, ready, place, stable = map(int, sys.argv[1:])
    die_with_parent(stable)
    take_signals(stable)
    signal.alarm(START)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    orders, names = _read(told)
    if orders.logging is not None:
        begin_to_log(orders.logging)
    kit = kit_for(orders)
    for name in (*orders.preload, *names):
        _import(name, kit)
    kit.seen.clear()
    gc.enable()
    signal.alarm(0)
    write = partial(Marks(marks).write, place)
    taking, telling = (socket.socket(socket.AF_UNIX, KIND, 0, fileno=fd) for fd in (jobs, reports))
    os.write(ready, b"r")
    os.close(ready)
    horse(taking, telling, kit, parent=stable, once=True, place=write)


def _read(told: int) -> tuple[Orders, list[str]]:
    # From its beginning: the descriptor's position is one for all who have it.
    raw = os.pread(told, os.fstat(told).st_size, 0)
    os.close(told)
    found: tuple[Orders, list[str]] = pickle.loads(raw)  # noqa: S301 - from our own stable
    return found


def _import(name: str, kit: Kit) -> None:
    """Import a function's module, or a module; whether it can be is for the job to find out."""
    try:
        kit.function(name)
    except BaseException:  # noqa: BLE001 - a module; or a function that is not to be found
        with suppress(BaseException):
            importlib.import_module(name)
