"""Jobs that fall due are taken by the exchange that finds them, without entering their queue."""

from typing import Any

import pytest

from tests.support.scripts import LEASE, NOW, New, job

DUE = NOW + 5
MANY = 40


def later(*names: str, **fields: Any) -> list[New]:
    pairs = tuple(word for pair in fields.items() for word in pair)
    return [New(name, place="in", when=5, fields=pairs) for name in names]


def several(letter: str, count: int) -> list[str]:
    return [f"{letter}{number:03}" for number in range(count)]


@pytest.fixture
def quiet(scripts):
    """No bell rings, so that one which does is seen."""

    def silence() -> None:
        scripts.command("DEL", scripts.keys.bell("q"))

    return silence


def test_a_job_that_falls_due_is_started_at_once_and_nobody_else_is_woken(scripts, seen, quiet):
    scripts.enqueue(*later("a"))
    quiet()
    answer = scripts.exchange(1, want=1, time=DUE)
    assert answer.ids == ["a"]
    assert answer.jobs[0].fields["enqueued_at"] == str(DUE)
    held = {"started_at": DUE, "token": "w:1", "attempt": 1}
    now = seen()
    assert now.kept == {
        "job:a": job("started", enqueued_at=DUE, **held),
        "started:q": {"a": DUE + LEASE},
        "agenda": {"l:q": DUE + LEASE},
        "queues": {"q"},
    }
    assert "bell:q" not in now.expiring


def test_what_waits_in_the_queue_comes_first_and_what_is_left_goes_to_its_end(scripts, seen):
    scripts.enqueue(New("x"), New("y"))
    scripts.enqueue(*later("a", "b", "c"))
    assert scripts.exchange(1, want=1, time=DUE).ids == ["x"]
    assert seen()["queue:q"] == ["y", "a", "b", "c"]
    assert "scheduled:q" not in seen().kept


def test_room_that_the_queue_leaves_is_for_those_that_are_due_oldest_first(scripts, seen):
    scripts.enqueue(New("x"))
    scripts.enqueue(*later("b"))
    scripts.enqueue(New("a", place="in", when=4), New("c", place="in", when=6))
    assert scripts.exchange(1, want=3, time=DUE).ids == ["x", "a", "b"]
    assert seen()["scheduled:q"] == {"c": NOW + 6}
    assert scripts.exchange(2, time=DUE).due == 1


def test_the_order_of_the_queues_holds_for_what_falls_due(scripts):
    scripts.enqueue(New("low"), queue="p")
    scripts.enqueue(*later("high"))
    assert scripts.exchange(1, want=2, queues=("q", "p"), time=DUE).ids == ["high", "low"]


def test_a_queue_behind_empty_ones_is_reached(scripts):
    scripts.enqueue(*later("a"))
    empty = tuple(f"e{number}" for number in range(40))
    assert scripts.exchange(1, want=1, queues=(*empty, "q"), time=DUE).ids == ["a"]


def test_a_worker_of_other_queues_wakes_one_of_this_queue(scripts, seen, quiet):
    scripts.enqueue(*later("a"))
    quiet()
    assert scripts.exchange(1, want=1, queues=("p",), time=DUE).ids == []
    assert seen()["queue:q"] == ["a"]
    assert seen()["bell:q"] == ["1"]


def test_a_worker_without_room_puts_them_into_the_queue(scripts, seen):
    scripts.enqueue(*later("a"))
    assert scripts.exchange(1, want=0, time=DUE).left == 1
    assert seen()["queue:q"] == ["a"]


def test_nothing_of_a_suspended_queue_is_taken(scripts, seen):
    scripts.enqueue(*later("a"))
    scripts.call("suspend", NOW, -1, "q")
    assert scripts.exchange(1, want=1, time=DUE).ids == []
    assert seen()["job:a"]["status"] == "queued"


def test_one_that_was_to_go_to_the_front_forgets_it(scripts, seen):
    scripts.enqueue(*later("a", front="1"))
    assert scripts.exchange(1, want=1, time=DUE).ids == ["a"]
    assert "front" not in seen()["job:a"]


def test_its_ttl_does_not_count_while_it_was_not_due(scripts, seen):
    scripts.enqueue(*later("a", ttl="0.001"))
    scripts.enqueue(*later("b", ttl="0.001", after="1"))
    assert scripts.exchange(1, want=2, time=NOW + 5000).ids == ["a", "b"]
    assert {"job:a", "job:b"} <= seen().kept.keys()


def test_one_whose_limit_is_reached_stands_in_line(scripts, seen):
    scripts.enqueue(*later("a", "b", rate_limit="1 k", after="1"))
    answer = scripts.exchange(1, want=2, time=DUE)
    assert answer.ids == ["a"]
    assert seen()["job:b"]["status"] == "rate_limited"
    assert seen()["job:b"]["enqueued_at"] == str(DUE)
    assert seen()["limited:k"] == {"b": 1}
    assert seen()["slots:k"] == {"a"}


def test_one_that_crashed_a_worker_is_taken_alone(scripts, seen):
    scripts.enqueue(*later("a"))
    scripts.enqueue(*later("b", crashes="1"))
    assert scripts.exchange(1, want=2, time=DUE).ids == ["a"]
    assert scripts.exchange(2, want=2, time=DUE).ids == ["b"]


def test_an_id_that_has_begun_anew_elsewhere_is_passed_over(scripts, seen):
    scripts.enqueue(New("a", "replace", "n1", place="in", when=5))
    scripts.command("DEL", scripts.keys.job("a"))
    scripts.enqueue(New("a", "replace", "n2", place="in", when=500), queue="p")
    assert scripts.exchange(1, want=1, time=DUE).ids == []
    assert "scheduled:q" not in seen().kept
    assert seen()["job:a"]["status"] == "scheduled"


def test_a_repeat_brings_the_same_jobs(scripts):
    scripts.enqueue(*later("a", "b"))
    first = scripts.exchange(1, want=2, time=DUE)
    again = scripts.exchange(1, want=2, time=DUE)
    assert again.ids == first.ids
    assert again.jobs[0].fields["enqueued_at"] == str(DUE)


def test_who_takes_many_leaves_the_others_where_they_are(scripts, seen):
    ids = several("j", 3 * MANY)
    scripts.enqueue(*later(*ids))
    answer = scripts.exchange(1, want=MANY, time=DUE)
    assert answer.ids == ids[:MANY]
    assert answer.due == 0
    assert "queue:q" not in seen().kept
    assert scripts.exchange(2, want=MANY, time=DUE).ids == ids[MANY : 2 * MANY]


def test_a_queue_that_is_never_empty_holds_nobody_up_for_ever(scripts):
    scripts.enqueue(*(New(name) for name in several("first", MANY)))
    scripts.enqueue(*later("due"))
    rounds = 0
    while "due" not in scripts.exchange(rounds + 1, want=MANY, time=DUE).ids:
        rounds += 1
        assert rounds < 4
        scripts.enqueue(*(New(name) for name in several(f"n{rounds}-", MANY)))


def test_what_is_left_lets_others_that_are_due_go_first(scripts, seen):
    for number in range(10):
        queue = f"q{number}"
        scripts.enqueue(*later(*several(f"{queue}-", 2 * MANY)), queue=queue)
    queues = tuple(f"q{number}" for number in range(10))
    for number in range(1, 12):
        scripts.exchange(number, want=MANY, queues=queues[:8], time=DUE + number)
    kept = seen().kept
    assert kept["queue:q8"] == several("q8-", 2 * MANY)
    assert kept["queue:q9"] == several("q9-", 2 * MANY)
