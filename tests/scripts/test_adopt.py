"""RQ's keys lie in the test's namespace here, so that all keys of both are compared."""

import pytest

from tests.support.scripts import NOW, YEAR, New
from tests.support.snapshot import Snapshot
from workhorse.adopt.rqjob import fingerprint


@pytest.fixture
def rq(scripts):
    """The prefix of RQ's keys."""
    return scripts.keys.prefix + "rq"


@pytest.fixture
def there(scripts, rq):
    """Put a job into a place of RQ's."""

    def put(job_id="a", place="queue", score=5, **fields):
        words = {"data": "d", "status": "queued", "origin": "q", **fields}
        scripts.command("HSET", f"{rq}:job:{job_id}", *(w for pair in words.items() for w in pair))
        if place == "queue":
            scripts.command("RPUSH", f"{rq}:queue:q", job_id)
        else:
            scripts.command("ZADD", f"{rq}:{place}:q", score, job_id)

    return put


@pytest.fixture
def adopt(scripts, rq):
    """Read a job of RQ and call the script."""

    def call(job_id="a", place="queue", status="queued", *, member=None, nonce="n", dry="", **more):
        names, digest = fingerprint(scripts.command("HGETALL", f"{rq}:job:{job_id}"))
        fields = {"func": "f", **more.pop("fields", {})}
        runs = more.pop("runs", ())
        words = (NOW, rq, job_id, nonce, dry, place, "q", member or job_id, names, digest, status)
        flat = (w for pair in fields.items() for w in pair)
        return scripts.call("adopt", *words, more.pop("due", ""), len(runs), *runs, *flat).decode()

    return call


def mine(status="queued", **fields):
    return {"status": status, "origin": "q", "nonce": "n", "func": "f", **fields}


BELL = {"bell:q": ["1"]}


def test_a_queued_job_leaves_there_and_is_queued_here(seen, there, adopt):
    there()
    there("b")
    assert adopt(runs=["{}", "{1}"]) == "moved"
    assert seen() == Snapshot(
        kept={
            "job:a": mine(),
            "runs:a": ["{}", "{1}"],
            "queue:q": ["a"],
            "queues": {"q"},
            "rq:job:b": {"data": "d", "status": "queued", "origin": "q"},
            "rq:queue:q": ["b"],
        },
        expiring=BELL,
    )


def test_a_second_send_changes_nothing_and_has_the_same_answer(seen, there, adopt):
    there()
    adopt()
    before = seen()
    assert adopt() == "moved"
    assert seen() == before


def test_another_adopter_that_comes_too_late_changes_nothing(seen, there, adopt):
    there()
    adopt()
    before = seen()
    assert adopt(nonce="other") == "gone"
    assert seen() == before


def test_a_job_that_rq_has_in_two_places_is_moved_once(seen, there, adopt):
    there()
    there(place="finished", status="queued")
    assert adopt() == "moved"
    assert adopt(place="finished", status="finished") == "stale"
    assert "rq:finished:q" not in seen().kept
    assert seen()["queue:q"] == ["a"]


def test_a_scheduled_job_is_due_when_it_was(seen, there, adopt):
    there(place="scheduled", status="scheduled")
    assert adopt(place="scheduled", status="scheduled", due=NOW + 9000) == "moved"
    assert seen() == Snapshot(
        kept={
            "job:a": mine("scheduled"),
            "scheduled:q": {"a": NOW + 9000},
            "agenda": {"s:q": NOW + 9000},
            "queues": {"q"},
        },
        expiring=BELL,
    )


@pytest.mark.parametrize(
    ("status", "place", "entry"),
    [
        ("finished", "finished", "x:q"),
        ("failed", "failed", "f:q"),
        ("stopped", "failed", "f:q"),
        ("canceled", "canceled", "c:q"),
    ],
)
def test_an_ended_job_keeps_what_is_left_of_its_life(
    scripts, seen, there, adopt, rq, status, place, entry
):
    there(place=place, status=status)
    scripts.command("PEXPIREAT", f"{rq}:job:a", 4_000_000_000_000)
    left = scripts.command("PTTL", f"{rq}:job:a")
    assert adopt(place=place, status=status, fields={"result": "r"}) == "moved"
    now = seen()
    assert now.expiring == {"job:a": mine(status, result="r")}
    assert now.kept.keys() == {f"{place}:q", "agenda", "queues"}
    assert left - 5000 < now[f"{place}:q"]["a"] - NOW <= left
    assert now["agenda"] == {entry: now[f"{place}:q"]["a"]}


def test_what_rq_keeps_for_ever_is_kept_for_ever_but_a_canceled_job(seen, there, adopt):
    there(place="finished", status="finished")
    there("b", place="canceled", status="canceled")
    adopt(place="finished", status="finished")
    adopt("b", place="canceled", status="canceled")
    assert seen()["finished:q"] == {"a": float("inf")}
    assert seen()["canceled:q"] == {"b": NOW + YEAR}
    assert "job:a" in seen().kept


def test_a_job_is_not_moved_before_its_parent(scripts, seen, there, adopt, rq):
    there("p")
    there(place="deferred", status="deferred", dependency_ids='["p"]')
    scripts.command("SADD", f"{rq}:job:p:dependents", "a")
    scripts.command("SADD", f"{rq}:job::a:dependencies", "p")
    fields = {"parents": "p", "on_parent": "wait"}
    before = seen()
    assert adopt(place="deferred", status="deferred", fields=fields) == "waits p"
    assert seen() == before
    assert adopt("p") == "moved"
    assert adopt(place="deferred", status="deferred", fields=fields) == "moved"
    assert seen() == Snapshot(
        kept={
            "job:p": mine(after="1"),
            "job:a": mine("deferred", **fields),
            "queue:q": ["p"],
            "queues": {"q"},
            "deferred:q": {"a": NOW},
            "waits:a": {"p"},
            "dependents:p": ["a"],
        },
        expiring=BELL,
    )


def test_rq_does_not_know_any_more_who_waits_for_a_job_that_was_moved_and_for_others(
    scripts, seen, there, adopt, rq
):
    there("p")
    there("other")
    there(place="deferred", status="deferred", dependency_ids='["p", "other"]')
    for parent in ("p", "other"):
        scripts.command("SADD", f"{rq}:job:{parent}:dependents", "a")
        scripts.command("SADD", f"{rq}:job::a:dependencies", parent)
    scripts.command("SADD", f"{rq}:job:other:dependents", "somebody")
    adopt("p")
    assert seen()["rq:job:other:dependents"] == {"somebody"}
    assert seen()["rq:deferred:q"] == {"a": 5}


def test_many_who_wait_are_dealt_with_in_several_calls(scripts, seen, there, adopt, rq):
    there()
    many = [f"d{n}" for n in range(7000)]
    scripts.command("SADD", f"{rq}:job:a:dependents", *many)
    assert adopt() == "again"
    assert seen()["rq:queue:q"] == ["a"]
    assert adopt() == "moved"
    assert not any(key.startswith("rq:") for key in seen().kept)


def test_a_job_that_changed_since_it_was_read_stays(scripts, seen, there, rq, adopt):
    there()
    names, _ = fingerprint(scripts.command("HGETALL", f"{rq}:job:a"))
    before = seen()
    words = (
        NOW,
        rq,
        "a",
        "n",
        "",
        "queue",
        "q",
        "a",
        names,
        "0" * 40,
        "queued",
        "",
        0,
        "func",
        "f",
    )
    assert scripts.call("adopt", *words) == b"changed"
    assert seen() == before


def test_a_job_that_rq_took_from_its_place_stays(scripts, seen, there, rq, adopt):
    there()
    scripts.command("LPOP", f"{rq}:queue:q")
    before = seen()
    assert adopt() == "elsewhere"
    assert seen() == before


def test_an_entry_without_a_job_is_dropped(scripts, seen, there, rq, adopt):
    there()
    there("b")
    scripts.command("DEL", f"{rq}:job:a")
    assert adopt() == "gone"
    assert seen() == Snapshot(
        kept={
            "rq:job:b": {"data": "d", "status": "queued", "origin": "q"},
            "rq:queue:q": ["b"],
        },
        expiring={},
    )


@pytest.mark.parametrize("place", ["wip", "queue", "finished"])
def test_a_dry_run_changes_nothing(seen, there, adopt, place):
    there(place=place, status="finished")
    before = seen()
    status = "finished" if place == "finished" else "queued"
    assert adopt(place=place, status=status, dry="1") == "moved"
    assert seen() == before


def test_a_job_in_work_stays_until_its_lease_is_over_and_its_worker_is_gone(
    scripts, seen, there, rq, adopt
):
    there(place="wip", status="started", worker_name="w")
    scripts.command("DEL", f"{rq}:wip:q")
    scripts.command("ZADD", f"{rq}:wip:q", NOW // 1000 + 1, "a:run")
    scripts.command("HSET", f"{rq}:worker:w", "state", "busy")
    scripts.command("HSET", f"{rq}:execution:a:run", "id", "run")
    scripts.command("ZADD", f"{rq}:executions:a", 1, "run")
    before = seen()
    assert adopt(place="wip", member="a:run") == "busy"
    assert seen() == before
    scripts.command("DEL", f"{rq}:worker:w")
    assert adopt(place="wip", member="a:run") == "busy"
    scripts.command("ZADD", f"{rq}:wip:q", NOW // 1000, "a:run")
    assert adopt(place="wip", member="a:run") == "moved"
    assert seen() == Snapshot(
        kept={"job:a": mine(), "queue:q": ["a"], "queues": {"q"}}, expiring=BELL
    )


def test_a_job_that_was_just_taken_stays_while_a_worker_of_its_queue_lives(
    scripts, seen, there, rq, adopt
):
    there()
    scripts.command("LMOVE", f"{rq}:queue:q", f"{rq}:queue:q:intermediate", "LEFT", "RIGHT")
    scripts.command("SADD", f"{rq}:workers:q", f"{rq}:worker:w")
    scripts.command("HSET", f"{rq}:worker:w", "state", "busy")
    assert adopt(place="taken") == "busy"
    scripts.command("DEL", f"{rq}:worker:w")
    assert adopt(place="taken") == "moved"
    assert seen()["queue:q"] == ["a"]


def test_a_job_of_an_id_that_is_open_here_stays(scripts, seen, there, adopt):
    scripts.enqueue(New("a"))
    there()
    before = seen()
    assert adopt() == "here queued"
    assert seen() == before


def test_a_job_takes_the_place_of_an_ended_one_of_its_id(scripts, seen, there, adopt):
    scripts.enqueue(New("a"))
    scripts.cancel("a")
    there()
    assert adopt() == "moved"
    now = seen()
    assert now["job:a"] == mine()
    assert "canceled:q" not in now.kept
    assert now["queue:q"] == ["a"]


def test_a_limit_holds_back_here_what_it_held_back_there(scripts, seen, there, rq, adopt):
    limit = {"rate_limit": "1 k", "after": "1"}
    for job_id in ("a", "b"):
        there(job_id, rate_limit_key="k")
    scripts.command("ZADD", f"{rq}:rl:k:allowed", 1, "a")
    scripts.command("LREM", f"{rq}:queue:q", 1, "b")
    scripts.command("ZADD", f"{rq}:rl:k:rate_limited", 1, "b")
    assert adopt(fields=limit) == "moved"
    assert adopt("b", place="limited", fields=limit) == "moved"
    assert seen() == Snapshot(
        kept={
            "job:a": mine(**limit),
            "job:b": mine("rate_limited", **limit),
            "queue:q": ["a"],
            "queues": {"q"},
            "slots:k": {"a"},
            "limited:k": {"b": 1},
            "limits": {"k": NOW},
        },
        expiring=BELL,
    )


def test_a_job_joins_its_group_whether_it_has_ended_or_not(scripts, seen, there, rq, adopt):
    group = {"group_id": "g", "after": "1"}
    there(group_id="g")
    there("b", place="finished", status="finished", group_id="g")
    scripts.command("SADD", f"{rq}:group:g", "a", "b")
    adopt(fields=group)
    adopt("b", place="finished", status="finished", fields=group)
    now = seen()
    assert now["members:g"] == {"a", "b"}
    assert now["group:g"] == {"created_at": str(NOW), "open": "1", "finished": "1"}
    assert "rq:group:g" not in now.kept
