"""A script's test seeds a state, calls once, and compares all keys of the namespace."""

import pytest

from tests.support.scripts import Scripts
from tests.support.snapshot import Snapshot, snapshot
from workhorse.connection import Connection


@pytest.fixture
def scripts(connection: Connection) -> Scripts:
    return Scripts(connection)


@pytest.fixture
def seen(connection: Connection):
    """Call it for all that the namespace holds now."""

    def look() -> Snapshot:
        return snapshot(connection)

    return look
