import itertools
import pickle

import pytest

from workhorse.connection import Connection
from workhorse.drivers.delivery import ELSEWHERE_OR_LATER, Delivery, backoff, encode
from workhorse.drivers.running import run
from workhorse.effects import Batch, Call, command
from workhorse.exceptions import ConnectionLost, ServerError
from workhorse.scripts import Script

SCRIPT = Script("one", "return 1")
OTHER = Script("two", "return 2")
UNKNOWN = ServerError("NOSCRIPT No matching script")


def new_connection(patience=10.0):
    return Connection("redis://nowhere.invalid", patience=patience)


def delivery_of(effect, patience=10.0):
    return Delivery(new_connection(patience), effect)


class Scripted(Connection):
    """A connection that has its answers in advance, and keeps what was sent."""

    def __init__(self, *answers, patience=10.0):
        super().__init__("redis://nowhere.invalid", patience=patience)
        self.answers = list(answers)
        self.sent = []

    def exchange(self, packed, count=1, timeout=0):  # noqa: ARG002 - as in Connection
        self.sent.append(packed)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert len(answer) == count
        return answer


def ask(*calls):
    """A flow that sends one call, or several in a batch."""
    return (yield calls[0] if len(calls) == 1 else Batch(calls))


def test_a_script_is_sent_by_its_sha():
    connection = Scripted([7])
    assert run(connection, ask(Call(SCRIPT, ("key", "a", 5)))) == 7
    assert connection.sent == [
        b"*6\r\n$7\r\nEVALSHA\r\n$40\r\n" + SCRIPT.sha.encode() + b"\r\n"
        b"$1\r\n1\r\n$3\r\nkey\r\n$1\r\na\r\n$1\r\n5\r\n"
    ]


def test_an_unknown_script_is_sent_in_full():
    connection = Scripted([UNKNOWN], [7])
    assert run(connection, ask(Call(SCRIPT, ("key",)))) == 7
    assert b"$4\r\nEVAL\r\n$8\r\nreturn 1\r\n" in connection.sent[1]


def test_in_a_batch_only_what_was_not_done_is_sent_again_and_each_text_once():
    connection = Scripted([b"PONG", UNKNOWN, UNKNOWN, UNKNOWN, 5], [1, 2, 3])
    calls = [
        command("PING"),
        Call(SCRIPT, ("a",)),
        Call(SCRIPT, ("b",)),
        Call(OTHER, ("c",)),
        command("GET", "x"),
    ]
    assert run(connection, ask(*calls)) == [b"PONG", 1, 2, 3, 5]
    again = connection.sent[1]
    assert again.count(b"return 1") == 1
    assert again.count(b"return 2") == 1
    assert again.count(SCRIPT.sha.encode()) == 1
    assert b"PING" not in again


def test_an_empty_batch_is_an_empty_list():
    def flow():
        return (yield Batch(()))

    assert run(Scripted([]), flow()) == []


def test_a_lost_connection_is_tried_again():
    connection = Scripted(ConnectionLost("gone"), [1])
    assert run(connection, ask(command("PING"))) == 1
    assert connection.sent[0] == connection.sent[1]


def test_without_patience_a_lost_connection_is_reported_at_once():
    with pytest.raises(ConnectionLost, match=r"^gone$"):
        run(Scripted(ConnectionLost("gone"), patience=0), ask(command("PING")))


@pytest.mark.parametrize("code", sorted(ELSEWHERE_OR_LATER - {"MOVED"}))
def test_a_server_that_is_not_ready_is_asked_again(code):
    connection = Scripted([ServerError(f"{code} wait")], [1])
    epoch = connection.epoch
    assert run(connection, ask(command("PING"))) == 1
    assert connection.epoch > epoch


def test_a_moved_slot_is_followed():
    connection = Scripted([ServerError("MOVED 1 other:7")], [1])
    assert run(connection, ask(command("PING"))) == 1
    assert connection._address == ("other", 7)


def test_when_patience_ends_the_last_reason_is_told():
    delivery = delivery_of(command("PING"), patience=1e-9)
    with pytest.raises(ConnectionLost, match=r"no route .tried once within 1e-09 s"):
        delivery.lost(ConnectionLost("no route"))


def test_an_error_of_a_script_reaches_the_flow_with_its_code():
    caught = []

    def flow():
        try:
            yield command("PING")
        except ServerError as error:
            caught.append((error.code, error.text))
            return (yield command("PING"))

    assert run(Scripted([ServerError("NOJOB 7 is gone")], [1]), flow()) == 1
    assert caught == [("NOJOB", "NOJOB 7 is gone")]


def test_the_first_error_of_a_batch_is_raised():
    connection = Scripted([1, ServerError("NOJOB a"), ServerError("NOJOB b")])
    with pytest.raises(ServerError, match="NOJOB a"):
        run(connection, ask(*[command("PING")] * 3))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("NOAUTH Authentication required.", "redis://user:password@host"),
        ("NOPERM this user has no permissions", "ACL allow this user ~{wh}:*"),
        ("OOM command not allowed", "more memory"),
        ("WRONGTYPE Operation against a key", "another WORKHORSE_NAMESPACE"),
    ],
)
def test_an_error_of_the_server_says_what_to_do(text, advice):
    with pytest.raises(ServerError, match=text) as caught:
        run(Scripted([ServerError(text)]), ask(command("PING")))
    assert advice in str(caught.value)


def test_other_exceptions_reach_the_flow_too():
    def flow():
        try:
            yield command(object())  # type: ignore[arg-type]  # on purpose
        except TypeError:
            return "told"

    assert run(Scripted(), flow()) == "told"


def test_the_first_pause_is_none_and_the_others_grow_up_to_a_second():
    assert backoff(1, chance=1.0) == 0.0
    pauses = [backoff(n, chance=1.0) for n in range(2, 40)]
    assert pauses == sorted(pauses)
    assert pauses[0] < 0.1
    assert pauses[-1] == 1.0
    assert backoff(39, chance=0.0) == 0.5


@pytest.mark.parametrize(
    ("text", "code"),
    [("NOJOB 1", "NOJOB"), ("ERR unknown command", "ERR"), ("it failed", ""), ("", "")],
)
def test_an_errors_code_is_its_upper_case_word(text, code):
    error = ServerError(text)
    assert (error.code, error.text) == (code, text)


def test_errors_survive_pickling():
    for error in (ServerError("NOJOB 1"), ConnectionLost("gone")):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), copy.text) == (type(error), error.text)


# Batches that are made while they are sent


class Consuming(Scripted):
    """Takes so many of the pieces that it is given before it answers."""

    takes = 99

    def exchange(self, packed, count=1, timeout=0):
        if isinstance(packed, bytes):
            return super().exchange(packed, count, timeout)
        taken = list(itertools.islice(packed, self.takes))
        return super().exchange(taken, len(taken), timeout)


def stream(*calls):
    """A flow that makes its calls as they are asked for."""
    return (yield Batch(iter(calls)))


CALLS = [Call(SCRIPT, (word,)) for word in "abc"]


def test_a_batch_that_is_made_meanwhile_is_sent_piece_by_piece():
    connection = Consuming([1, 2, 3])
    assert run(connection, stream(*CALLS)) == [1, 2, 3]
    assert connection.sent == [[encode(call) for call in CALLS]]


@pytest.mark.parametrize("takes", [0, 1, 99])
def test_a_batch_that_is_lost_while_it_is_made_is_sent_again_in_full(takes):
    connection = Consuming(ConnectionLost("gone"), [1, 2, 3])
    connection.takes = takes
    assert run(connection, stream(*CALLS)) == [1, 2, 3]
    assert connection.sent[1] == b"".join(map(encode, CALLS))


def test_only_what_was_not_done_of_a_batch_that_is_made_meanwhile_is_sent_again():
    connection = Consuming([1, UNKNOWN, UNKNOWN], [2, 3])
    assert run(connection, stream(*CALLS)) == [1, 2, 3]
    assert connection.sent[1] == encode(CALLS[1], with_text=True) + encode(CALLS[2])
