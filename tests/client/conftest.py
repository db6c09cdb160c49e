"""A queue on a real server, and somebody who plays the worker."""

from __future__ import annotations

import pytest

from tests.support.clients import Client
from tests.support.player import Player
from workhorse.queue import Queue


@pytest.fixture
def queue(connection):
    return Queue(connection=connection)


@pytest.fixture
def player(connection):
    return Player(connection)


@pytest.fixture(params=["sync", "asyncio"])
def client(request, connection):
    """`Queue`, `Job` and `Group`, or their asyncio twins."""
    client = Client(request.param, connection)
    yield client
    client.close()
