"""A queue on a real server, and somebody who plays the worker."""

from __future__ import annotations

import pytest

from tests.support.player import Player
from workhorse.queue import Queue


@pytest.fixture
def queue(connection):
    return Queue(connection=connection)


@pytest.fixture
def player(connection):
    return Player(connection)
