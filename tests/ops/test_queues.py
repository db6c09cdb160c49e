from workhorse.effects import command
from workhorse.ops import queues, registries
from workhorse.ops.enqueue import enqueue
from workhorse.records import CallSpec


def store(perform, keys, queue, *ids, **more):
    perform(enqueue(keys, queue, [CallSpec(job_id, ("func", "f"), **more) for job_id in ids]))


def test_the_overview_counts_every_state(perform, keys, player):
    store(perform, keys, "a", "1", "2", "3")
    store(perform, keys, "b", "4", delay=60_000)
    player.fail(player.take("a"))
    player.take("a")
    assert perform(queues.overview(keys)) == [
        queues.QueueCounts("a", 1, 1, 0, 1, 0, 0, 0),
        queues.QueueCounts("b", 0, 0, 0, 0, 0, 1, 0),
    ]
    assert [counts.name for counts in perform(queues.overview(keys, ["b"]))] == ["b"]


def test_ids_come_in_slices(perform, keys):
    store(perform, keys, "a", "1", "2", "3")
    assert perform(queues.ids(keys, "a", 1, 1)) == ["2"]
    assert perform(queues.position(keys, "a", "3")) == 2
    assert perform(queues.position(keys, "a", "4")) is None


def test_an_emptied_queue_is_still_listed_until_its_name_is_removed(perform, keys):
    store(perform, keys, "a", *(str(number) for number in range(1001)))
    assert perform(queues.empty(keys, "a")) == 1001
    assert perform(queues.names(keys)) == ["a"]
    perform(queues.remove_name(keys, "a"))
    assert perform(queues.names(keys)) == []


def test_what_cannot_be_a_name_of_a_queue_is_not_listed(perform, keys):
    store(perform, keys, "a", "1")
    perform(adding(keys, b"$(reboot)", b"\x1b[31m", b"\xff"))
    assert perform(queues.names(keys)) == ["a"]


def adding(keys, *names):
    yield command("SADD", keys.queues, *names)


def test_a_queue_that_holds_jobs_stays_listed(perform, keys):
    store(perform, keys, "a", "1")
    perform(queues.remove_name(keys, "a"))
    assert perform(queues.names(keys)) == ["a"]


def test_registries_are_read_in_both_orders(perform, keys):
    store(perform, keys, "a", "1", delay=1000)
    store(perform, keys, "a", "2", delay=2000)
    assert perform(registries.members(keys, "scheduled", "a")).ids == ["1", "2"]
    last = perform(registries.members(keys, "scheduled", "a", 0, 0, desc=True))
    assert (last.total, last.ids) == (2, ["2"])
    assert perform(registries.score(keys, "scheduled", "a", "3")) is None
