"""Every flow runs through both drivers."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.player import Player
from workhorse.drivers import arun, run


@pytest.fixture(params=["sync", "asyncio"])
def perform(request, connection):
    """Runs a flow to its end and returns its value."""
    if request.param == "sync":
        yield lambda flow: run(connection, flow)
        return
    with asyncio.Runner() as runner:
        yield lambda flow: runner.run(arun(connection, flow))


@pytest.fixture
def keys(connection):
    return connection.keys


@pytest.fixture
def player(connection):
    return Player(connection)
