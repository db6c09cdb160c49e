"""A job that is given straight comes by a message and by an answer, in either order: once."""

from __future__ import annotations

from typing import Any

import pytest

from workhorse.connection import Connection
from workhorse.ops.claim import Exchanged
from workhorse.ops.leases import Lease
from workhorse.worker.serving import Serving

LEASE = Lease("a", "q", "w:2", 1, {})


def answer(*leases: Lease, again: bool) -> Exchanged:
    return Exchanged([*leases], [], None, left=False, again=again)


@pytest.fixture
def serving() -> Serving:
    def never(*_: Any) -> None:
        raise AssertionError

    return Serving(Connection("redis://127.0.0.1:1"), "w", never, never)


def test_what_a_message_has_brought_is_not_taken_from_the_answer(serving: Serving):
    serving.latest = "w:2"
    assert serving.not_given(answer(LEASE, again=True)) == []


def test_what_an_answer_has_brought_is_known_when_the_message_comes(serving: Serving):
    assert serving.not_given(answer(LEASE, again=True)) == [LEASE]
    assert serving.latest == "w:2"


def test_jobs_that_were_taken_in_the_usual_way_are_all_new(serving: Serving):
    other = Lease("b", "q", "w:2", 1, {})
    assert serving.not_given(answer(LEASE, other, again=False)) == [LEASE, other]
    assert serving.latest == ""
