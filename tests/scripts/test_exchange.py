import json

import pytest

from tests.support.scripts import LEASE, NOW, TTL, YEAR, New, Settled, job
from tests.support.snapshot import Snapshot
from workhorse.exceptions import ServerError

WORKER = {
    "identity": "1",
    "machine": "machine",
    "birth": str(NOW),
    "last_heartbeat": str(NOW),
    "queues": "q",
}
WORKERS = {"w": NOW + TTL}


@pytest.fixture
def claimed(scripts):
    """One job `a` that worker `w` has taken in its exchange 1; no bell."""
    scripts.register()
    scripts.enqueue(New("a"))
    scripts.command("DEL", scripts.keys.bell("q"))
    scripts.exchange(1, want=1)


def worker(number=2, taken="", refused=""):
    return WORKER | {"number": str(number), "taken": taken, "refused": refused}


def run_of(seen, job_id, index=-1):
    return json.loads(seen()[f"runs:{job_id}"][index])


# Taking


def test_a_taken_job_is_started_and_leased(scripts, seen):
    scripts.register()
    scripts.enqueue(New("a", fields=("func", "m.f")))
    scripts.command("DEL", scripts.keys.bell("q"))
    answer = scripts.exchange(1, want=5, time=NOW + 10)
    assert answer == ([("a", "q", job(func="m.f"))], [], LEASE, 0, NOW + 10)
    assert seen() == Snapshot(
        kept={
            "job:a": job("started", func="m.f", started_at=NOW + 10, token="w:1", attempt=1),
            "started:q": {"a": NOW + 10 + LEASE},
            "agenda": {"l:q": NOW + 10 + LEASE},
            "queues": {"q"},
            "workers": WORKERS,
        },
        expiring={"worker:w": worker(1, "a"), "machine:machine": {"w": "1"}},
    )


def test_queues_are_emptied_in_the_order_given(scripts):
    scripts.enqueue(New("a"), New("b"), queue="p")
    scripts.enqueue(New("c"), New("d"))
    assert scripts.exchange(1, want=3, queues=("q", "p")).ids == ["c", "d", "a"]


def test_an_exchange_that_does_nothing_leaves_nothing(scripts, seen):
    assert scripts.exchange(1, want=1) == ([], [], -1, 0, NOW)
    assert seen() == Snapshot()


def test_a_worker_that_takes_and_leaves_some_passes_every_bell_on(scripts, seen):
    for queue in "pqr":
        scripts.enqueue(New(f"{queue}1"), New(f"{queue}2"), queue=queue)
        scripts.command("DEL", scripts.keys.bell(queue))
    assert scripts.exchange(1, want=3, queues=("p", "q")).left == 1
    assert {name for name in seen().expiring if name.startswith("bell")} == {"bell:q"}
    scripts.exchange(2, want=0, queues=("q", "r"))
    assert {name for name in seen().expiring if name.startswith("bell")} == {"bell:q", "bell:r"}


def test_a_worker_that_was_not_woken_rings_nothing_and_says_whether_there_is_more(scripts, seen):
    for queue in "pq":
        scripts.enqueue(New(f"{queue}1"), queue=queue)
        scripts.command("DEL", scripts.keys.bell(queue))
    assert scripts.exchange(1, want=1, queues=("p", "q"), woken=False).left == 1
    assert scripts.exchange(2, want=1, queues=("p", "q"), woken=False).left == 0
    assert not {name for name in seen().expiring if name.startswith("bell")}


def test_ids_without_a_job_do_not_hide_those_behind_them(scripts):
    scripts.enqueue(*map(New, "abc"))
    scripts.command("DEL", scripts.keys.job("a"))
    answer = scripts.exchange(1, want=1, queues=("q", "p"), woken=False)
    assert (answer.ids, answer.left) == ([], 1)


@pytest.mark.parametrize("full", [[0], [31], [32, 33], [63, 99], [99], range(40)])
def test_jobs_are_found_in_any_of_many_queues(scripts, full):
    queues = tuple(f"q{number}" for number in range(100))
    for number in full:
        scripts.enqueue(New(f"j{number}"), queue=queues[number])
    for at, number in enumerate(full, 1):
        answer = scripts.exchange(at, want=1, queues=queues, woken=False)
        assert (answer.ids, answer.left) == ([f"j{number}"], int(at < len(full)))


def test_a_waiting_ttl_ends_when_the_job_begins(scripts, seen):
    scripts.enqueue(New("a", ttl=5000, fields=("ttl", 5)))
    scripts.exchange(1, want=1)
    assert "job:a" in seen().kept


def test_ids_without_a_job_are_passed_over(scripts, seen):
    scripts.enqueue(*map(New, "abcd"))
    scripts.command("DEL", scripts.keys.job("a"))
    scripts.command("DEL", scripts.keys.job("c"))
    assert scripts.exchange(1, want=3) == ([("b", "q", job())], [], LEASE, 1, NOW)
    assert seen()["queue:q"] == ["d"]


def test_a_job_that_expired_and_began_anew_elsewhere_is_left_there(scripts, seen):
    scripts.enqueue(New("a", "replace", "n1"))
    scripts.command("DEL", scripts.keys.job("a"))  # as if it had expired
    scripts.enqueue(New("a", "replace", "n2"), queue="p")
    assert scripts.exchange(1, want=1).jobs == []
    assert seen()["job:a"]["status"] == "queued"
    assert scripts.exchange(2, want=1, queues=("p",)).ids == ["a"]


def test_a_foreign_key_in_place_of_a_job_neither_stops_the_queue_nor_costs_a_job(scripts, seen):
    scripts.enqueue(*map(New, "abc"))
    scripts.command("SET", scripts.keys.job("b"), "foreign")
    assert scripts.exchange(1, want=3).ids == ["a", "c"]
    assert "queue:q" not in seen().kept


def test_an_id_that_stands_in_the_queue_twice_is_taken_once(scripts):
    scripts.enqueue(New("a", "replace", "n1"))
    scripts.command("DEL", scripts.keys.job("a"))  # as its ttl would
    scripts.enqueue(New("a", "replace", "n2"), New("b"))
    assert scripts.exchange(1, want=5).ids == ["a", "b"]
    assert scripts.command("LLEN", scripts.keys.queue("q")) == 0


def test_a_job_with_garbage_in_its_numbers_is_taken_like_any_other(scripts, seen):
    scripts.enqueue(*map(New, "ab"))
    for name in ("crashes", "attempt", "retries", "ttl"):
        scripts.command("HSET", scripts.keys.job("a"), name, "garbage")
    assert scripts.exchange(1, want=2).ids == ["a", "b"]
    assert seen()["job:a"]["attempt"] == "1"


def test_a_job_that_crashed_a_worker_is_taken_alone(scripts, seen):
    scripts.enqueue(*map(New, "abcd"))
    scripts.command("HSET", scripts.keys.job("b"), "crashes", 1)
    assert scripts.exchange(1, want=4)[:3] == ([("a", "q", job())], [], LEASE)
    assert scripts.exchange(2, want=4).ids == ["b"]
    assert scripts.exchange(3, want=4).ids == ["c", "d"]


def test_a_job_that_crashed_a_worker_is_not_joined_by_jobs_of_the_next_queue(scripts):
    scripts.enqueue(New("a"), queue="p")
    scripts.enqueue(New("b"), New("c"))
    scripts.command("HSET", scripts.keys.job("a"), "crashes", 1)
    assert scripts.exchange(1, want=4, queues=("p", "q")).ids == ["a"]


def test_one_exchange_hands_out_a_bounded_payload(scripts, seen):
    for number in range(4):
        scripts.enqueue(New(f"j{number}", fields=("data", b"x" * 5_000_000)))
    answer = scripts.exchange(1, want=4)
    assert (answer.ids, answer.left) == (["j0", "j1"], 1)
    assert seen()["queue:q"] == ["j2", "j3"]


# Settling


def test_a_finished_job_is_kept_with_its_result(scripts, seen, claimed):
    answer = scripts.exchange(2, Settled("finish", "a", "w:1", b"\x01r", 500), time=NOW + 20)
    assert answer == ([], [], 500, 0, NOW + 20)
    assert seen() == Snapshot(
        kept={
            "finished:q": {"a": NOW + 520},
            "agenda": {"l:q": NOW + LEASE, "x:q": NOW + 520},
            "queues": {"q"},
            "workers": WORKERS,
        },
        expiring={
            "job:a": job(
                "finished",
                started_at=NOW + 15,
                ended_at=NOW + 20,
                token="w:1",
                attempt=1,
                result="\x01r",
            ),
            "worker:w": worker(),
            "machine:machine": {"w": "1"},
        },
    )


def test_a_finished_job_with_ttl_0_leaves_a_tombstone(scripts, seen, claimed):
    scripts.exchange(2, Settled("finish", "a", "w:1", "r", 0))
    assert seen() == Snapshot(
        kept={"agenda": {"l:q": NOW + LEASE}, "queues": {"q"}, "workers": WORKERS},
        expiring={
            "ex:a": str(NOW),
            "worker:w": worker(),
            "machine:machine": {"w": "1"},
        },
    )


def test_a_finished_job_with_ttl_minus_1_stays_for_ever(scripts, seen, claimed):
    scripts.exchange(2, Settled("finish", "a", "w:1", "", -1))
    assert seen().kept["finished:q"] == {"a": float("inf")}
    assert seen().kept["job:a"]["status"] == "finished"
    assert "result" not in seen()["job:a"]


def test_a_failed_job_is_kept_with_its_exception(scripts, seen, claimed):
    scripts.exchange(2, Settled("fail", "a", "w:1", "boom", YEAR))
    assert seen() == Snapshot(
        kept={
            "failed:q": {"a": NOW + YEAR},
            "agenda": {"l:q": NOW + LEASE, "f:q": NOW + YEAR},
            "queues": {"q"},
            "workers": WORKERS,
        },
        expiring={
            "job:a": job(
                "failed",
                started_at=NOW - 5,
                ended_at=NOW,
                token="w:1",
                attempt=1,
                exc_info="boom",
            ),
            "worker:w": worker(),
            "machine:machine": {"w": "1"},
        },
    )


def test_a_failed_job_with_ttl_0_leaves_a_tombstone(scripts, seen, claimed):
    scripts.exchange(2, Settled("fail", "a", "w:1", "boom", 0))
    assert seen().expiring["ex:a"] == f"{NOW} failed"
    assert not {"job:a", "failed:q", "started:q"} & {*seen().kept, *seen().expiring}


def test_a_retry_at_once_goes_to_the_tail_with_a_history(scripts, seen, claimed):
    scripts.enqueue(New("b"))
    scripts.command("DEL", scripts.keys.bell("q"))
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom"), time=NOW + 20)
    history = seen().kept.pop("runs:a")
    assert seen() == Snapshot(
        kept={
            "job:a": job(
                started_at=NOW + 15,
                ended_at=NOW + 20,
                enqueued_at=NOW + 20,
                token="w:1",
                attempt=1,
                retries=1,
                exc_info="boom",
            ),
            "job:b": job(),
            "runs:a": history,
            "queue:q": ["b", "a"],
            "agenda": {"l:q": NOW + LEASE},
            "queues": {"q"},
            "workers": WORKERS,
        },
        expiring={"worker:w": worker(), "machine:machine": {"w": "1"}, "bell:q": ["1"]},
    )
    assert [json.loads(run) for run in history] == [
        {
            "type": "retried",
            "attempt": 1,
            "started_at": NOW + 15,
            "ended_at": NOW + 20,
            "worker": "w",
            "exc": "boom",
        }
    ]


def test_a_retry_at_front_goes_to_the_head(scripts, seen, claimed):
    scripts.enqueue(New("b"))
    scripts.exchange(2, Settled("retry", "a", "w:1", at_front="1"))
    assert seen()["queue:q"] == ["a", "b"]


@pytest.mark.parametrize(("at_front", "order"), [("", ["b", "a"]), ("1", ["a", "b"])])
def test_a_retry_with_a_delay_is_scheduled_and_promoted_when_due(
    scripts, seen, claimed, at_front, order
):
    scripts.enqueue(New("b"))
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom", 500, at_front=at_front))
    now = seen()
    assert now["job:a"]["status"] == "scheduled"
    assert now["scheduled:q"] == {"a": NOW + 500}
    assert now["agenda"] == {"l:q": NOW + LEASE, "s:q": NOW + 500}
    assert scripts.exchange(3, time=NOW + 499).due == 1
    assert seen()["queue:q"] == ["b"]
    scripts.exchange(4, time=NOW + 500)
    now = seen()
    assert now["queue:q"] == order
    assert now["job:a"]["status"] == "queued"
    assert now["agenda"] == {"l:q": NOW + LEASE}
    assert "front" not in now["job:a"]
    assert "scheduled:q" not in now.kept


def test_a_second_run_that_succeeds_clears_the_exception_and_expires_with_its_history(
    scripts, seen, claimed
):
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom"), want=1)
    scripts.exchange(3, Settled("finish", "a", "w:2", "r", 500, again="1"))
    now = seen()
    assert "exc_info" not in now.expiring["job:a"]
    assert len(now.expiring["runs:a"]) == 1


def test_a_job_that_comes_back_has_its_waiting_ttl_again(scripts, seen):
    scripts.enqueue(New("a", ttl=5000, fields=("ttl", 5)))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom"))
    assert {"job:a", "runs:a"} <= {*seen().expiring}
    scripts.exchange(3, want=1)
    assert {"job:a", "runs:a"} <= {*seen().kept}
    scripts.exchange(4, Settled("retry", "a", "w:3", "boom", 100))
    assert {"job:a", "runs:a"} <= {*seen().kept}
    scripts.exchange(5, time=NOW + 100)
    assert {"job:a", "runs:a"} <= {*seen().expiring}


def test_a_released_job_goes_to_the_head_and_its_attempt_does_not_count(scripts, seen, claimed):
    scripts.enqueue(New("b"))
    scripts.command("DEL", scripts.keys.bell("q"))
    scripts.exchange(2, Settled("release", "a", "w:1"))
    assert seen() == Snapshot(
        kept={
            "job:a": job(attempt=0),
            "job:b": job(),
            "queue:q": ["a", "b"],
            "agenda": {"l:q": NOW + LEASE},
            "queues": {"q"},
            "workers": WORKERS,
        },
        expiring={"worker:w": worker(), "machine:machine": {"w": "1"}, "bell:q": ["1"]},
    )


def test_outcomes_are_settled_before_jobs_are_taken(scripts, claimed):
    scripts.enqueue(New("b"))
    answer = scripts.exchange(2, Settled("release", "a", "w:1"), want=1)
    assert answer.ids == ["a"]


@pytest.mark.parametrize("kind", ["finish", "fail", "retry", "release"])
@pytest.mark.parametrize("token", ["w:2", "v:1", ""])
def test_an_outcome_with_a_stale_token_is_refused(scripts, seen, claimed, kind, token):
    before = seen()
    assert scripts.exchange(2, Settled(kind, "a", token, "x", 500)).refused == ["a"]
    before.expiring["worker:w"] = worker(2, refused="a")
    assert seen() == before


@pytest.mark.parametrize("kind", ["finish", "fail", "retry", "release"])
def test_an_outcome_of_a_job_that_is_not_there_is_refused(scripts, seen, kind):
    assert scripts.exchange(2, Settled(kind, "a", "w:1", "x", 500)).refused == ["a"]
    assert {*seen().kept, *seen().expiring} == {"worker:w"}


def test_a_history_keeps_ten_runs_and_the_end_of_each_exception(scripts, seen, claimed):
    exc = "é" * 4000 + "the end"
    for number in range(1, 13):
        answer = scripts.exchange(number + 1, Settled("retry", "a", f"w:{number}", exc), want=1)
        assert answer.ids == ["a"]
    assert len(seen()["runs:a"]) == 10
    assert run_of(seen, "a", 0)["attempt"] == 3
    kept = run_of(seen, "a")["exc"]
    assert kept.endswith("éthe end")
    assert 4090 < len(kept.encode()) <= 4096


# Repeats


def test_a_repeated_exchange_changes_nothing_and_hands_out_the_same_jobs(scripts, seen, claimed):
    scripts.enqueue(*map(New, "bcd"))
    outcomes = (Settled("finish", "a", "w:1", "r", 500), Settled("fail", "x", "w:1"))
    first = scripts.exchange(2, *outcomes, want=2)
    before = seen()
    again = scripts.exchange(2, *outcomes, want=2)
    assert seen() == before
    assert (again.ids, again.refused) == (first.ids, first.refused) == (["b", "c"], ["x"])
    assert again[2:] == first[2:]
    assert again.jobs[0].fields == seen()["job:b"]


def test_a_repeated_exchange_does_not_hand_out_what_was_lost_meanwhile(scripts, claimed):
    scripts.delete("a")
    assert scripts.exchange(1, want=1).jobs == []


def test_an_exchange_that_arrives_late_is_refused(scripts, seen, claimed):
    scripts.enqueue(New("b"))
    scripts.exchange(2, Settled("finish", "a", "w:1"))
    before = seen()
    with pytest.raises(ServerError, match=r"^STALE 1$"):
        scripts.exchange(1, want=1)
    assert seen() == before


def test_numbers_are_compared_as_numbers(scripts):
    scripts.enqueue(New("a"))
    scripts.exchange(9, want=1)
    scripts.enqueue(New("b"))
    assert scripts.exchange(10, want=1).ids == ["b"]


def test_what_a_worker_unknown_to_the_server_leaves_behind_expires(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)
    assert "worker:w" in seen().expiring


# Housekeeping


def test_a_lease_that_ran_out_brings_the_job_back_to_the_head(scripts, seen, claimed):
    scripts.enqueue(New("b"))
    scripts.command("DEL", scripts.keys.bell("q"))
    assert scripts.exchange(2, worker="v", time=NOW + LEASE - 1).due == 1
    scripts.exchange(3, worker="v", time=NOW + LEASE)
    assert seen() == Snapshot(
        kept={
            "job:a": job(attempt=1, crashes=1),
            "job:b": job(),
            "queue:q": ["a", "b"],
            "queues": {"q"},
            "workers": WORKERS,
        },
        expiring={"worker:w": worker(1, "a"), "machine:machine": {"w": "1"}, "bell:q": ["1"]},
    )


def test_jobs_whose_leases_ran_out_together_keep_their_order(scripts, seen):
    scripts.enqueue(*map(New, "abc"))
    scripts.exchange(1, want=2)
    scripts.exchange(2, want=1, time=NOW + 1)
    scripts.exchange(3, time=NOW + 1 + LEASE)
    assert seen()["queue:q"] == ["a", "b", "c"]


def test_the_outcome_of_a_lease_that_ran_out_counts_while_nobody_has_taken_the_job_back(
    scripts, seen, claimed
):
    assert scripts.exchange(2, Settled("finish", "a", "w:1"), time=NOW + 2 * LEASE).refused == []
    assert "ex:a" in seen().expiring


def test_a_job_whose_workers_vanish_too_often_is_failed_as_abandoned(scripts, seen):
    scripts.enqueue(New("a"))
    time = NOW
    for number in range(1, 5):
        assert scripts.exchange(number, want=1, time=time).ids == ["a"]
        time += LEASE
    assert scripts.exchange(5, want=1, time=time).ids == []
    failed = seen().expiring["job:a"]
    assert (failed["status"], failed["crashes"]) == ("failed", "4")
    assert failed["exc_info"].startswith("workhorse.exceptions.AbandonedJobError: ")
    assert failed["started_at"] == str(time - LEASE)
    assert seen()["failed:q"] == {"a": time + YEAR}


def test_a_job_that_must_not_run_twice_fails_when_its_worker_vanishes(scripts, seen):
    scripts.enqueue(New("a", fields=("on_crash", "fail", "failure_ttl", 60)))
    scripts.exchange(1, want=1)
    scripts.exchange(2, want=1, time=NOW + LEASE)
    assert seen().expiring["job:a"]["status"] == "failed"
    assert seen()["failed:q"] == {"a": NOW + LEASE + 60_000}
    assert "on_crash" in seen()["job:a"]["exc_info"]


def test_one_exchange_promotes_500_jobs_and_is_due_again_at_once(scripts, seen):
    scripts.enqueue(*(New(f"j{number:03}", place="in", when=5) for number in range(501)))
    answer = scripts.exchange(1, time=NOW + 5)
    assert (answer.due, answer.left) == (0, 1)
    assert seen()["queue:q"] == [f"j{number:03}" for number in range(500)]
    assert seen()["scheduled:q"] == {"j500": NOW + 5}
    assert scripts.exchange(2, time=NOW + 5).due == -1


def test_one_exchange_takes_back_200_leases_and_is_due_again_at_once(scripts, seen):
    scripts.enqueue(*(New(f"j{number:03}") for number in range(201)))
    scripts.exchange(1, want=201)
    assert scripts.exchange(2, time=NOW + LEASE).due == 0
    assert seen()["queue:q"] == [f"j{number:03}" for number in range(200)]
    assert seen()["started:q"] == {"j200": NOW + LEASE}
    assert scripts.exchange(3, time=NOW + LEASE).due == -1


def test_one_exchange_trims_1000_expired_entries_of_a_registry(scripts, seen):
    key = scripts.keys.finished("q")
    scripts.command("ZADD", key, *(w for number in range(1001) for w in (NOW, f"j{number:04}")))
    scripts.command("ZADD", key, NOW + 9000, "later")
    scripts.command("ZADD", scripts.keys.agenda, NOW, "x:q")
    assert scripts.exchange(1).due == 0
    assert seen()["finished:q"] == {"j1000": NOW, "later": NOW + 9000}
    assert scripts.exchange(2).due == 9000
    assert seen()["finished:q"] == {"later": NOW + 9000}


@pytest.mark.parametrize(
    ("kind", "registry"), [("x", "finished"), ("f", "failed"), ("c", "canceled")]
)
def test_expired_entries_of_each_registry_go_and_those_for_ever_stay(scripts, seen, kind, registry):
    scripts.command("ZADD", f"{scripts.keys.prefix}{registry}:q", NOW, "a", "+inf", "b")
    scripts.command("ZADD", scripts.keys.agenda, NOW, f"{kind}:q")
    scripts.exchange(1)
    assert seen() == Snapshot(kept={f"{registry}:q": {"b": float("inf")}})


def test_one_exchange_deals_with_eight_entries_of_the_agenda(scripts, seen):
    for number in range(9):
        scripts.enqueue(New(f"j{number}", place="in", when=number), queue=f"q{number}")
    assert scripts.exchange(1, time=NOW + 9).due == 0
    assert seen()["agenda"] == {"s:q8": NOW + 8}


def test_an_agenda_entry_that_nobody_understands_is_dropped(scripts, seen):
    scripts.command("ZADD", scripts.keys.agenda, NOW, "z:q")
    scripts.exchange(1)
    assert seen() == Snapshot()


def test_a_scheduled_job_that_began_anew_elsewhere_is_not_promoted(scripts, seen):
    scripts.enqueue(New("a", "replace", "n1", place="in", when=5))
    scripts.command("DEL", scripts.keys.job("a"))
    scripts.enqueue(New("a", "replace", "n2", place="in", when=500), queue="p")
    scripts.exchange(1, time=NOW + 5)
    assert "queue:q" not in seen().kept
    assert seen()["job:a"]["status"] == "scheduled"


def test_a_foreign_key_in_place_of_the_registry_loses_no_job(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.command("SET", scripts.keys.started("q"), "x")
    with pytest.raises(ServerError, match="WRONGTYPE"):
        scripts.exchange(1, want=1)
    assert seen().kept["queue:q"] == ["a"]
    assert seen()["job:a"]["status"] == "queued"
