"""The script that ends a job makes the calls that it left for that end, as jobs of their own."""

from __future__ import annotations

import pytest

from tests.support.scripts import LEASE, NOW, TTL, YEAR, New, Settled, job
from tests.support.snapshot import Snapshot
from workhorse.ops.hooks import Hook, pack, packed

CALL = {b"func": b"m.f", b"data": b"d\r\n\xff", b"follows": b"x"}
WORDS = {"func": "m.f", "data": "d\r\n\\xff", "follows": "x"}


def hook(when, job_id="a-x", queue="p"):
    return Hook(when, job_id, queue, CALL)


def leaving(hooks, job_id="a", **fields):
    """A job that leaves these calls."""
    raw = hooks if isinstance(hooks, bytes) else packed(hooks)
    words = {"hooks": raw, "after": 1, **fields}
    ttl = fields.get("ttl", 0) * 1000 or ""
    return New(job_id, ttl=ttl, fields=tuple(word for pair in words.items() for word in pair))


def hatched(**more):
    """The job that a call becomes, if job `a` was enqueued at NOW and ended at NOW + 5."""
    fields = {"created_at": NOW + 5, "of": "a", "of_enqueued_at": NOW, **more}
    return job(**WORDS, **fields) | {"origin": "p"}


@pytest.fixture
def take(scripts):
    """Enqueue a job and take it in exchange 1 of `w`, without a bell."""

    def taken(new):
        scripts.register()
        scripts.enqueue(new)
        scripts.command("DEL", scripts.keys.bell("q"))
        assert scripts.exchange(1, want=1).ids == [new.id]

    return taken


def made(seen):
    """The ids in the queue of the calls."""
    return seen().get("queue:p", [])


def end(scripts, kind, what="", at_front="", number=2, job_id="a", **options):
    outcome = Settled(kind, job_id, "w:1", what, at_front=at_front, **{"wait": 1000, **options})
    return scripts.exchange(number, outcome, time=NOW + 5)


@pytest.mark.parametrize(
    ("kind", "at_front", "whens"),
    [
        ("finish", "", ["finished"]),
        ("fail", "", ["failed"]),
        ("fail", "1", ["died", "failed"]),
        ("stop", "", ["stopped"]),
        ("repeat", "", ["finished"]),
        ("retry", "", []),
        ("retry", "1", []),
        ("release", "", []),
    ],
)
def test_each_end_makes_the_calls_for_it(scripts, seen, take, kind, at_front, whens):
    every = ("died", "failed", "finished", "stopped", "canceled")
    take(leaving([hook(when, f"a-{when}") for when in every]))
    end(scripts, kind, at_front=at_front)
    assert sorted(made(seen)) == [f"a-{when}" for when in whens]


def test_a_call_is_a_job_that_knows_whose_end_it_follows(scripts, seen, take):
    raw = packed([hook("finished")])
    take(leaving(raw))
    end(scripts, "finish", "r")
    ended = job("finished", after=1, started_at=NOW, ended_at=NOW + 5, result="r", attempt=1)
    hooks = raw.decode("utf-8", "backslashreplace")
    assert seen() == Snapshot(
        kept={
            "job:a-x": hatched(),
            "queue:p": ["a-x"],
            "queues": {"q", "p"},
            "finished:q": {"a": NOW + 1005},
            "agenda": {"l:q": NOW + LEASE, "x:q": NOW + 1005},
            "workers": {"w": NOW + TTL},
        },
        expiring={
            "job:a": ended | {"hooks": hooks, "token": "w:1+"},
            "bell:p": ["1"],
            "worker:w": seen()["worker:w"],
            "machine:machine": {"w": "1"},
        },
    )


def test_a_call_is_told_why_the_job_failed(scripts, seen, take):
    take(leaving([hook("failed")]))
    end(scripts, "fail", "ValueError: x")
    assert seen()["job:a-x"] == hatched(of_exc_info="ValueError: x")


@pytest.mark.parametrize("kind", ["finish", "fail"])
def test_a_job_that_is_not_kept_makes_its_calls(scripts, seen, take, kind):
    take(leaving([hook("finished"), hook("failed")]))
    end(scripts, kind, wait=0)
    assert "job:a" not in seen().kept
    assert made(seen) == ["a-x"]


def test_an_outcome_that_comes_twice_makes_one_call(scripts, seen, take):
    take(leaving([hook("finished")]))
    for _ in range(2):
        end(scripts, "finish")
    end(scripts, "finish", number=3)
    assert made(seen) == ["a-x"]


def test_a_call_that_still_waits_is_not_made_again(scripts, seen, take):
    take(leaving([hook("failed")]))
    end(scripts, "fail", "first")
    scripts.requeue("a")
    scripts.exchange(3, want=1)
    scripts.exchange(4, Settled("fail", "a", "w:3", "second"), time=NOW + 9)
    assert made(seen) == ["a-x"]
    assert seen()["job:a-x"]["of_exc_info"] == "first"


def test_a_call_that_has_ended_is_made_again(scripts, seen, take):
    take(leaving([hook("failed")]))
    end(scripts, "fail", "first")
    assert scripts.exchange(3, want=1, queues=("p",)).ids == ["a-x"]
    scripts.exchange(4, Settled("fail", "a-x", "w:3", queue="p", wait=1000))
    scripts.requeue("a")
    scripts.exchange(5, want=1)
    scripts.exchange(6, Settled("fail", "a", "w:5", "second"), time=NOW + 5)
    assert made(seen) == ["a-x"]
    assert seen()["job:a-x"] == hatched(of_exc_info="second")
    assert seen().get("failed:p") is None


def test_a_job_that_was_abandoned_makes_its_calls(scripts, seen, take):
    take(leaving([hook("died")], on_crash="fail"))
    scripts.takeover(time=NOW + 5)
    assert made(seen) == ["a-x"]
    assert "AbandonedJobError" in seen()["job:a-x"]["of_exc_info"]


def test_a_job_whose_parent_failed_makes_its_calls(scripts, seen, take):
    scripts.register()
    scripts.enqueue(New("p"))
    waiting = leaving([hook("died")], parents="p")
    scripts.enqueue(waiting._replace(place="wait"))
    scripts.exchange(1, want=1)
    end(scripts, "fail", job_id="p")
    assert made(seen) == ["a-x"]
    assert "DependencyFailedError" in seen()["job:a-x"]["of_exc_info"]


@pytest.mark.parametrize("what", ["cancel", "delete", "expire"])
def test_a_job_that_never_ran_makes_no_calls(scripts, seen, what):
    every = ("died", "failed", "finished", "stopped")
    scripts.enqueue(leaving([hook(when, f"a-{when}") for when in every], ttl=5))
    if what == "expire":
        scripts.exchange(1, want=1, time=NOW + 6000)
    else:
        getattr(scripts, what)("a")
    assert made(seen) == []


def test_several_calls_keep_their_order(scripts, seen, take):
    take(leaving([hook("finished", f"a-{number}") for number in range(20)]))
    end(scripts, "finish")
    assert made(seen) == [f"a-{number}" for number in range(20)]


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"x",
        b"8:finished",
        b"8:finished1:x",
        pack(["finished", "-1", "a-x", "p", "func", "m.f"]),
        pack(["finished", "3", "a-x", "p", "func"]),
        pack(["finished", "99", "a-x", "p", "func", "m.f"]),
        pack(["finished", "1e9", "a-x", "p", "func", "m.f"]),
        pack(["finished", "4.5", "a-x", "p", "func", "m.f"]),
        pack(["finished", "2", "a-x", "p"]),
    ],
)
def test_garbage_makes_no_call_and_stops_nobody(scripts, seen, take, garbage):
    take(leaving(garbage))
    assert end(scripts, "finish").refused == []
    assert made(seen) == []
    assert seen()["job:a"]["status"] == "finished"


def test_a_foreign_key_in_the_place_of_a_call_stops_nobody(scripts, seen, take):
    take(leaving([hook("finished")]))
    scripts.command("SET", scripts.keys.job("a-x"), "foreign")
    end(scripts, "finish")
    assert seen()["job:a-x"] == hatched()


def test_a_job_of_its_own_queue_wakes_its_worker(scripts, seen, take):
    take(leaving([hook("finished", queue="q")]))
    end(scripts, "finish")
    assert seen()["queue:q"] == ["a-x"]
    assert seen().expiring["bell:q"] == ["1"]


def test_a_job_that_is_kept_for_a_year_keeps_its_calls(scripts, seen, take):
    take(leaving([hook("failed")]))
    end(scripts, "fail", wait=YEAR)
    assert "hooks" in seen()["job:a"]
