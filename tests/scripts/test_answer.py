"""What a worker says of a command is kept for whoever asks, and told to whoever listens."""

import contextlib

from tests.support.snapshot import Snapshot


def test_an_answer_is_kept_for_a_while_and_told(scripts, seen, connection):
    with contextlib.closing(connection.dedicated()) as link:
        link.subscribe(scripts.keys.answer("n"))
        assert scripts.call("answer", "n", '"yes"', 60_000) == 1
        assert link.next_message(5) == b'"yes"'
    assert seen() == Snapshot(expiring={"answer:n": '"yes"'})


def test_a_repeated_answer_changes_nothing(scripts, seen):
    scripts.call("answer", "n", '"yes"', 60_000)
    before = seen()
    assert scripts.call("answer", "n", '"yes"', 60_000) == 1
    assert seen() == before
