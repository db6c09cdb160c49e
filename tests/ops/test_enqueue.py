import pytest

from workhorse.exceptions import DuplicateJobError
from workhorse.ops import queues, registries, results
from workhorse.ops.enqueue import (
    BYTES_PER_CALL,
    PER_CALL,
    _portions,
    enqueue,
    enqueue_all,
    words_of,
)
from workhorse.records import CallSpec
from workhorse.states import JobStatus

FIELDS = ("func", "os.getpid", "data", b"\x00\xff", "description", "os.getpid()")


def spec(job_id, **more):
    return CallSpec(job_id, FIELDS, **more)


def test_calls_become_ready_in_order(perform, keys):
    stored = perform(enqueue(keys, "q", [spec("a"), spec("b"), spec("c", at_front=True)]))
    assert stored.fresh == (True, True, True)
    assert perform(queues.ids(keys, "q")) == ["c", "a", "b"]


def test_a_stored_call_is_read_back(perform, keys):
    stored = perform(enqueue(keys, "q", [spec("a")]))
    record = perform(results.fetch(keys, "a"))
    assert (record.status, record.origin, record.created_at) == (JobStatus.QUEUED, "q", stored.now)
    assert (record.func, record.data, record.description) == ("os.getpid", b"\x00\xff", FIELDS[5])


@pytest.mark.parametrize("mode", ["new", "replace", "unique"])
def test_a_repeated_send_changes_nothing(perform, keys, mode):
    call = spec("a", mode=mode, nonce="" if mode == "new" else "1")
    perform(enqueue(keys, "q", [call]))
    again = perform(enqueue(keys, "q", [call]))
    assert again.fresh == (False,)
    assert perform(queues.length(keys, "q")) == 1


def test_a_unique_id_that_is_taken_is_refused(perform, keys):
    perform(enqueue(keys, "q", [spec("a")]))
    with pytest.raises(DuplicateJobError) as caught:
        perform(enqueue(keys, "q", [spec("b"), spec("a", mode="unique", nonce="1")]))
    assert (caught.value.job_id, caught.value.status) == ("a", "queued")
    assert perform(queues.ids(keys, "q")) == ["a"]


def test_a_job_is_due_after_a_delay_by_the_servers_clock(perform, keys):
    stored = perform(enqueue(keys, "q", [spec("a", delay=60_000)]))
    assert (
        perform(registries.score(keys, "scheduled", "q", "a")) == stored.now + 60_001
    )  # never early
    assert perform(results.status(keys, "a")) is JobStatus.SCHEDULED


def test_many_calls_travel_in_several_steps(perform, keys):
    specs = [spec(str(number)) for number in range(2 * PER_CALL + 1)]
    stored = perform(enqueue(keys, "q", specs))
    assert len(stored.fresh) == len(specs)
    assert perform(queues.ids(keys, "q")) == [one.id for one in specs]


def test_heavy_calls_do_not_all_travel_together():
    heavy = CallSpec("a", ("data", b"x" * (BYTES_PER_CALL // 3 + 1)))
    assert [len(some) for some in _portions([heavy] * 5)] == [2, 2, 1]
    assert [len(some) for some in _portions([spec("a")] * (PER_CALL + 1))] == [PER_CALL, 1]


def test_calls_that_are_made_meanwhile_are_stored_in_order(perform, keys):
    ids = [str(number) for number in range(2 * PER_CALL + 1)]
    now = perform(enqueue_all(keys, "q", map(spec, ids)))
    assert perform(queues.ids(keys, "q")) == ids
    assert perform(results.fetch(keys, ids[-1])).created_at == now


def test_no_calls_at_all_are_stored_without_a_word(perform, keys):
    assert perform(enqueue_all(keys, "q", iter(()))) == 0


def test_calls_in_a_row_that_are_alike_share_a_head():
    head = ["new", "", "back", "", ""]
    names = [3, "func", "data", "description"]
    other = CallSpec("c", ("func", "f"))
    assert words_of([spec("a"), spec("b"), other, spec("d")]) == [
        *(*head, 2, *names, "a", *FIELDS[1::2], "b", *FIELDS[1::2]),
        *(*head, 1, 1, "func", "c", "f"),
        *(*head, 1, *names, "d", *FIELDS[1::2]),
    ]
