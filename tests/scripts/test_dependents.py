"""What becomes of jobs that wait for others, whichever script brings those to their end."""

from __future__ import annotations

import pytest

from tests.support.scripts import LEASE, NOW, YEAR, New, Settled, job
from tests.support.snapshot import Snapshot
from workhorse.exceptions import ServerError

FAILED = "workhorse.exceptions.DependencyFailedError: job {}, which it depends on, {}"


def child(job_id, *parents, mode="new", nonce="", when="", lives=0, must=True, **fields):
    """A job that waits for others; they must be known unless `must` is false."""
    named = " ".join(("!" if must else "") + parent for parent in parents)
    words = {"parents": named, **({"ttl": lives} if lives else {}), **fields}
    ttl = lives * 1000 or ""
    flat = tuple(word for pair in words.items() for word in pair)
    return New(job_id, mode, nonce, "wait", when, ttl, flat)


def status(seen, job_id):
    return seen().get(f"job:{job_id}", {}).get("status")


def silence(scripts):
    """Take the bell and the worker's hash away, so that less is to be compared."""
    scripts.command("DEL", scripts.keys.bell("q"), scripts.keys.worker("w"))


def end(scripts, how, job_id="p", *, wait=None, number=1, time=NOW):
    """Bring a job, which is the next of its queue or not begun, to its end."""
    if how == "cancel":
        return scripts.cancel(job_id, time=time)
    if how == "delete":
        return scripts.delete(job_id, time=time)
    if how == "empty":
        return scripts.call("empty", time, "q", 100)
    assert scripts.exchange(number, want=1, time=time).ids == [job_id]
    ttl = wait if wait is not None else 60_000
    settled = Settled(how, job_id, f"w:{number}", "what", ttl)
    return scripts.exchange(number + 1, settled, time=time)


# Waiting


def test_a_job_waits_for_others_and_marks_them(scripts, seen):
    scripts.enqueue(New("p"), New("r"))
    silence(scripts)
    scripts.enqueue(child("c", "p", "r"), time=NOW + 5)
    assert seen() == Snapshot(
        kept={
            "job:p": job(after=1),
            "job:r": job(after=1),
            "job:c": job("deferred", created_at=NOW + 5, parents="!p !r"),
            "queue:q": ["p", "r"],
            "queues": {"q"},
            "deferred:q": {"c": NOW + 5},
            "waits:c": {"p", "r"},
            "dependents:p": ["c"],
            "dependents:r": ["c"],
        }
    )


def test_a_parent_that_runs_is_marked_by_its_token(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.exchange(1, want=1)
    scripts.enqueue(child("c", "p"))
    assert seen()["job:p"]["token"] == "w:1+"
    assert seen()["job:p"]["after"] == "1"
    assert scripts.extend(("p", "w:1"))[1] == []
    scripts.exchange(2, Settled("finish", "p", "w:1", "", 0))
    assert seen()["queue:q"] == ["c"]


def test_a_parent_that_is_taken_bears_the_mark_and_its_heirs_are_told(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"))
    scripts.exchange(1, want=1)
    assert seen()["job:p"]["token"] == "w:1+"


def test_a_parent_with_a_ttl_stays_until_it_is_its_turn(scripts, seen):
    scripts.enqueue(New("p", ttl=5000, fields=("ttl", 5)))
    scripts.enqueue(child("c", "p"))
    assert "job:p" in seen().kept


def test_a_parent_whose_ttl_is_over_is_passed_over_and_its_heirs_fail(scripts, seen):
    scripts.enqueue(New("p", ttl=5000, fields=("ttl", 5)), New("x"))
    scripts.enqueue(child("c", "p"))
    assert scripts.exchange(1, want=5, time=NOW + 5000).ids == ["x"]
    assert "job:p" not in seen().kept
    assert seen()["job:c"]["exc_info"] == FAILED.format("p", "expired")


def test_a_parent_whose_ttl_is_not_over_is_taken(scripts, seen):
    scripts.enqueue(New("p", ttl=5000, fields=("ttl", 5)))
    scripts.enqueue(child("c", "p"))
    assert scripts.exchange(1, want=1, time=NOW + 4999).ids == ["p"]


def test_a_dependent_that_goes_to_the_head_as_its_parent_expires_there_is_not_lost(scripts, seen):
    scripts.enqueue(New("p", ttl=5000, fields=("ttl", 5)), New("x"), New("y"))
    scripts.enqueue(child("c", "p", on_parent="run", front=1))
    assert scripts.exchange(1, want=2, time=NOW + 5000).ids == ["x"]
    assert seen()["queue:q"] == ["c", "y"]
    assert scripts.exchange(2, want=5, time=NOW + 5000).ids == ["c", "y"]


def test_a_marked_parent_whose_worker_vanished_has_its_ttl_anew(scripts, seen):
    scripts.enqueue(New("p", ttl=5000, fields=("ttl", 5)))
    scripts.enqueue(child("c", "p"))
    scripts.exchange(1, want=1)
    assert scripts.exchange(2, want=1, time=NOW + LEASE).ids == ["p"]


def test_a_parent_that_is_retried_is_waited_for(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("retry", "p", "w:1", "boom"))
    assert status(seen, "c") == "deferred"
    end(scripts, "finish", number=3)
    assert status(seen, "c") == "queued"


# Going on


def test_a_finished_parent_lets_its_dependents_go_in_order(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"), child("b", "p"), child("d", "p", front=1))
    scripts.exchange(1, want=1)
    scripts.enqueue(New("x"))
    silence(scripts)
    scripts.exchange(2, Settled("finish", "p", "w:1", "", 0), time=NOW + 9)
    scripts.command("DEL", scripts.keys.worker("w"))
    assert seen() == Snapshot(
        kept={
            **{f"job:{name}": job(enqueued_at=NOW + 9, parents="!p") for name in ("b", "c", "d")},
            "job:x": job(),
            "queue:q": ["d", "x", "c", "b"],
            "queues": {"q"},
            "agenda": {"l:q": NOW + LEASE},
        },
        expiring={"ex:p": str(NOW + 9), "bell:q": ["1"]},
    )


def test_a_dependent_is_ready_in_the_step_that_finishes_its_parent(scripts):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"))
    scripts.exchange(1, want=1)
    settled = Settled("finish", "p", "w:1", "", 0)
    assert scripts.exchange(2, settled, want=1).ids == ["c"]


def test_a_dependent_waits_for_the_last_of_its_parents(scripts, seen):
    scripts.enqueue(New("p"), New("r"))
    scripts.enqueue(child("c", "p", "r"))
    end(scripts, "finish")
    assert seen()["waits:c"] == {"r"}
    assert status(seen, "c") == "deferred"
    end(scripts, "finish", "r", number=3)
    assert status(seen, "c") == "queued"
    assert "deferred:q" not in seen().kept
    assert "waits:c" not in seen().kept


def test_a_dependent_in_another_queue_wakes_that(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"), queue="other")
    assert seen()["deferred:other"] == {"c": NOW}
    end(scripts, "finish")
    assert seen()["queue:other"] == ["c"]
    assert "bell:other" in seen().expiring


def test_two_parents_that_finish_together_let_it_go_once(scripts, seen):
    scripts.enqueue(New("p"), New("r"))
    scripts.enqueue(child("c", "p", "r"))
    scripts.exchange(1, want=2)
    both = [Settled("finish", parent, "w:1", "", 0) for parent in "pr"]
    scripts.exchange(2, *both)
    assert seen()["queue:q"] == ["c"]


def test_a_repeated_exchange_lets_nobody_go_twice(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"))
    scripts.exchange(1, want=1)
    settled = Settled("finish", "p", "w:1", "", 0)
    scripts.exchange(2, settled)
    before = seen()
    scripts.exchange(2, settled)
    assert seen() == before


@pytest.mark.parametrize("how", ["finish", "fail", "stop"])
def test_an_outcome_under_a_stale_token_tells_nobody(scripts, seen, how):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"))
    scripts.exchange(1, want=1)
    answer = scripts.exchange(2, Settled(how, "p", "w:0", "boom", 0))
    assert answer.refused == ["p"]
    assert status(seen, "c") == "deferred"


def test_a_dependent_whose_time_has_not_come_is_scheduled(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p", due=NOW + 5000), child("d", "p", due=NOW))
    end(scripts, "finish", time=NOW + 9)
    assert seen()["scheduled:q"] == {"c": NOW + 5000}
    assert seen()["agenda"]["s:q"] == NOW + 5000
    assert status(seen, "c") == "scheduled"
    assert seen()["queue:q"] == ["d"]
    assert scripts.exchange(3, want=9, time=NOW + 5000).ids == ["d", "c"]


def test_a_delay_begins_when_the_job_is_enqueued(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p", when=5000), time=NOW + 50)
    assert seen()["job:c"]["due"] == str(NOW + 5050)


def test_the_ttl_of_a_dependent_begins_when_it_is_ready(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p", lives=5))
    assert "job:c" in seen().kept
    end(scripts, "finish")
    assert "job:c" in seen().expiring


# Parents that have ended before


def test_a_parent_that_has_finished_is_met(scripts, seen):
    scripts.enqueue(New("p"))
    end(scripts, "finish")
    scripts.enqueue(child("c", "p"))
    assert seen()["queue:q"] == ["c"]
    assert "after" not in seen()["job:p"]
    assert not {"waits:c", "dependents:p", "deferred:q"} & {*seen().kept}


@pytest.mark.parametrize(
    ("kind", "fate"), [("finish", "queued"), ("fail", "failed"), ("stop", "failed")]
)
def test_a_parent_that_has_left_only_a_trace_is_remembered(scripts, seen, kind, fate):
    scripts.enqueue(New("p", "replace", "unfailed1"))  # a nonce to be mistaken
    end(scripts, kind, wait=0)
    assert "ex:p" in seen().expiring
    scripts.enqueue(child("c", "p"))
    assert status(seen, "c") == fate


def test_a_parent_of_which_nobody_knows_is_an_error_and_nothing_is_stored(scripts, seen):
    with pytest.raises(ServerError, match=r"^NOPARENT p c$"):
        scripts.enqueue(New("x"), child("c", "p"))
    assert seen() == Snapshot()


def test_a_parent_that_need_not_be_known_counts_as_finished(scripts, seen):
    scripts.enqueue(child("c", "p", must=False))
    assert seen()["queue:q"] == ["c"]


def test_an_error_for_a_parent_comes_before_anything_is_replaced(scripts, seen):
    scripts.enqueue(New("x", "replace", "n"))
    before = seen()
    with pytest.raises(ServerError, match=r"^NOPARENT p c$"):
        scripts.enqueue(New("x", "replace", "m"), child("c", "p"))
    assert seen() == before


def test_parents_may_be_in_the_same_call_before_their_dependents(scripts, seen):
    scripts.enqueue(New("p"), child("c", "p"), child("d", "p", "c"))
    assert seen()["queue:q"] == ["p"]
    assert seen()["waits:d"] == {"p", "c"}


def test_a_parent_behind_its_dependent_in_the_same_call_is_an_error(scripts, seen):
    with pytest.raises(ServerError, match=r"^NOPARENT p c$"):
        scripts.enqueue(child("c", "p"), New("p"))
    assert seen() == Snapshot()


def test_a_parent_that_is_replaced_behind_its_dependent_in_the_same_call_is_an_error(scripts, seen):
    scripts.enqueue(New("p", "replace", "n"))
    before = seen()
    with pytest.raises(ServerError, match=r"^NOPARENT p c$"):
        scripts.enqueue(child("c", "p", must=False), New("p", "replace", "m"))
    assert seen() == before


def test_a_repeated_enqueue_of_dependents_changes_nothing(scripts, seen):
    call = (New("p"), child("c", "p"), child("d", "c", mode="replace", nonce="n"))
    assert scripts.enqueue(*call) == [NOW, 1, 1, 1]
    before = seen()
    assert scripts.enqueue(*call, time=NOW + 5) == [NOW + 5, 0, 0, 0]
    assert seen() == before


def test_a_repeated_enqueue_does_not_mind_that_the_parent_has_gone(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"))
    scripts.delete("p")
    before = seen()
    assert scripts.enqueue(child("c", "p")) == [NOW, 0]
    assert seen() == before


# Parents that fail

WAYS = ["fail", "stop", "cancel", "delete", "empty"]
SAID = {
    "fail": "failed",
    "stop": "was stopped",
    "cancel": "was canceled",
    "delete": "was deleted",
    "empty": "was deleted",
}
FATES = {
    ("", "fail"): "failed",
    ("", "stop"): "failed",
    ("", "cancel"): "failed",
    ("", "delete"): "failed",
    ("", "empty"): "failed",
    ("cancel", "fail"): "canceled",
    ("cancel", "stop"): "canceled",
    ("cancel", "cancel"): "canceled",
    ("cancel", "delete"): "canceled",
    ("cancel", "empty"): "canceled",
    ("run", "fail"): "queued",
    ("run", "stop"): "queued",
    ("run", "cancel"): "failed",
    ("run", "delete"): "failed",
    ("run", "empty"): "failed",
    ("wait", "fail"): "deferred",
    ("wait", "stop"): "deferred",
    ("wait", "cancel"): "deferred",
    ("wait", "delete"): "failed",
    ("wait", "empty"): "failed",
}


@pytest.mark.parametrize(("policy", "how"), FATES)
def test_a_dependent_fares_as_it_wished(scripts, seen, policy, how):
    scripts.enqueue(New("p"))
    wish = {"on_parent": policy} if policy else {}
    scripts.enqueue(child("c", "p", **wish))
    end(scripts, how)
    fate = FATES[policy, how]
    assert status(seen, "c") == fate
    now = seen()
    assert ("deferred:q" in now.kept) == (fate == "deferred")
    assert ("waits:c" in now.kept) == (fate == "deferred")
    assert "dependents:p" not in now.kept
    if fate in {"failed", "canceled"}:
        assert now[f"{fate}:q"]["c"] == NOW + YEAR
        assert now.expiring["job:c"]["exc_info"] == FAILED.format("p", SAID[how])
        assert now.expiring["job:c"]["ended_at"] == str(NOW)


def test_a_dependent_of_a_parent_that_had_failed_fares_the_same(scripts, seen):
    scripts.enqueue(New("p"))
    end(scripts, "fail")
    scripts.enqueue(
        child("c", "p"),
        child("d", "p", on_parent="cancel"),
        child("e", "p", on_parent="run"),
        child("f", "p", on_parent="wait"),
    )
    found = [status(seen, name) for name in "cdef"]
    assert found == ["failed", "canceled", "queued", "deferred"]


def test_a_dependent_that_fails_is_gone_at_once_if_it_is_not_to_be_kept(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p", failure_ttl=0))
    end(scripts, "fail")
    assert seen().expiring["ex:c"] == f"{NOW} failed"
    assert not {"job:c", "waits:c", "deferred:q"} & {*seen().kept, *seen().expiring}


def test_a_canceled_parent_can_let_its_dependents_go(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"))
    scripts.cancel("p", release="1")
    assert status(seen, "c") == "queued"


def test_a_parent_that_a_dead_worker_had_too_often_fails_its_dependents(scripts, seen):
    scripts.enqueue(New("p", fields=("on_crash", "fail")))
    scripts.enqueue(child("c", "p"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, time=NOW + LEASE)
    assert status(seen, "c") == "failed"


def test_a_takeover_fails_the_dependents_of_what_may_not_run_twice(scripts, seen):
    scripts.register()
    scripts.enqueue(New("p", fields=("on_crash", "fail")), New("r"))
    scripts.enqueue(child("c", "p"), child("d", "r"))
    scripts.exchange(1, want=2)
    scripts.takeover()
    assert status(seen, "c") == "failed"
    assert status(seen, "d") == "deferred"
    assert seen()["queue:q"] == ["r"]


def test_a_chain_of_failures_is_followed_to_its_end(scripts, seen):
    scripts.enqueue(New("j0"))
    scripts.enqueue(*(child(f"j{n + 1}", f"j{n}") for n in range(30)))
    end(scripts, "fail", "j0")
    # The first is told by its parent's end, the second by the housekeeping of that exchange.
    assert seen()["agenda"]["d:died:j2"] == NOW
    rounds = next(number for number in range(3, 40) if scripts.exchange(number).due > 0)
    assert rounds == 30
    assert {status(seen, f"j{n}") for n in range(31)} == {"failed"}
    assert [name for name in seen()["agenda"] if name.startswith("d:")] == []
    assert not {key for key in seen().kept if key.startswith(("waits", "dependents", "deferred"))}


def test_a_chain_of_failures_ends_with_one_that_may_run(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"), child("d", "c", on_parent="run"), child("e", "d"))
    end(scripts, "fail")
    scripts.exchange(3)
    assert [status(seen, name) for name in "cde"] == ["failed", "queued", "deferred"]


@pytest.mark.parametrize(("how", "fate"), [("finish", "queued"), ("fail", "failed")])
def test_many_dependents_are_told_in_steps(scripts, seen, how, fate):
    scripts.enqueue(New("p"))
    ids = [f"c{n:04}" for n in range(1200)]
    for start in range(0, 1200, 300):
        scripts.enqueue(*(child(job_id, "p") for job_id in ids[start : start + 300]))
    end(scripts, how)
    word = "finished" if how == "finish" else "failed"
    assert seen()["agenda"][f"d:{word}:p"] == NOW
    # 500 with the end of the parent, 500 more with the housekeeping of that exchange.
    assert len(seen()["deferred:q"]) == 200
    scripts.exchange(3)
    assert "deferred:q" not in seen().kept
    assert "dependents:p" not in seen().kept
    assert f"d:{word}:p" not in seen()["agenda"]
    assert {seen()[f"job:{i}"]["status"] for i in ids[::97]} == {fate}
    if fate == "queued":
        assert seen()["queue:q"] == ids


def test_a_finished_parent_that_is_deleted_meanwhile_fails_nobody(scripts, seen):
    scripts.enqueue(New("p"))
    ids = [f"c{n:04}" for n in range(1200)]
    scripts.enqueue(*(child(job_id, "p") for job_id in ids))
    end(scripts, "finish")
    scripts.delete("p")
    assert status(seen, "c1199") == "deferred"
    scripts.exchange(3)
    assert seen()["queue:q"] == ids


def test_a_diamond_of_many_parents_is_closed_once(scripts, seen):
    parents = [f"p{n:04}" for n in range(5000)]
    for start in range(0, 5000, 500):
        scripts.enqueue(*map(New, parents[start : start + 500]))
    scripts.enqueue(child("c", *parents))
    for number in range(1, 20, 2):
        assert status(seen, "c") == "deferred"
        ids = scripts.exchange(number, want=500).ids
        scripts.exchange(number + 1, *(Settled("finish", i, f"w:{number}", "", 0) for i in ids))
    assert seen()["queue:q"] == ["c"]
    assert not {key for key in seen().kept if key.startswith(("waits", "dependents", "deferred"))}


# The patient


@pytest.fixture
def patient(scripts):
    """`c` waits for `p`, which has failed and is kept for 60 s."""
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p", on_parent="wait"))
    end(scripts, "fail")


def left(scripts, job_id):
    """When a job expires by the time of these tests, ms."""
    return NOW + scripts.command("PTTL", scripts.keys.job(job_id))


def test_a_patient_job_is_looked_after(scripts, seen, patient):
    assert seen()["patients:p"] == ["c"]
    assert abs(seen()["agenda"]["w:p"] - NOW - 60_000) < 5000


def test_a_patient_job_goes_on_when_its_parent_is_requeued_and_finishes(scripts, seen, patient):
    scripts.requeue("p")
    assert status(seen, "c") == "deferred"
    end(scripts, "finish", number=3)
    assert seen()["queue:q"] == ["c"]
    assert "patients:p" not in seen().kept
    scripts.exchange(6, time=NOW + 61_000)
    assert "w:p" not in seen().get("agenda", {})


def test_a_patient_job_stays_patient_when_its_parent_fails_again(scripts, seen, patient):
    scripts.requeue("p", time=NOW + 61_000)
    scripts.exchange(3, time=NOW + 61_000)
    assert "w:p" not in seen().get("agenda", {})
    end(scripts, "fail", number=4, time=NOW + 61_000)
    assert status(seen, "c") == "deferred"
    assert "w:p" in seen()["agenda"]


def test_a_patient_job_fails_when_its_parent_has_expired(scripts, seen, patient):
    scripts.exchange(3)
    scripts.command("DEL", scripts.keys.job("p"))  # as its failure_ttl would
    scripts.exchange(4, time=NOW + 61_000)
    assert seen()["job:c"]["exc_info"] == FAILED.format("p", "failed and is gone")
    assert status(seen, "c") == "failed"
    now = seen()
    assert "w:p" not in now["agenda"]
    assert not {"patients:p", "waits:c", "deferred:q"} & {*now.kept}


def test_a_patient_job_fails_when_its_parent_is_not_kept(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p", on_parent="wait"))
    end(scripts, "fail", wait=0)
    scripts.exchange(3)
    assert status(seen, "c") == "failed"


def test_a_patient_job_fails_when_its_parent_is_deleted(scripts, seen, patient):
    scripts.delete("p")
    assert status(seen, "c") == "failed"
    assert "patients:p" not in seen().kept


def test_a_patient_job_waits_for_ever_for_a_parent_that_is_kept_for_ever(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p", on_parent="wait"))
    end(scripts, "fail", wait=-1)
    scripts.exchange(3)
    assert "w:p" not in seen()["agenda"]
    assert status(seen, "c") == "deferred"


def test_a_new_job_of_the_parents_id_is_the_one_that_is_waited_for(scripts, seen, patient):
    scripts.exchange(3)
    scripts.command("DEL", scripts.keys.job("p"))  # as its failure_ttl would
    scripts.enqueue(New("p", "replace", "n"), time=NOW + 61_000)
    scripts.exchange(4, time=NOW + 61_000)
    assert seen()["job:p"]["after"] == "1"
    end(scripts, "finish", number=5, time=NOW + 61_000)
    assert status(seen, "c") == "queued"


def test_the_patient_and_those_that_came_later_go_on_together(scripts, seen, patient):
    scripts.requeue("p")
    scripts.enqueue(child("d", "p"))
    end(scripts, "finish", number=3)
    assert seen()["queue:q"] == ["c", "d"]
    assert not {"patients:p", "dependents:p", "deferred:q"} & {*seen().kept}


def test_many_patient_jobs_are_told_in_steps(scripts, seen):
    scripts.enqueue(New("p"))
    ids = [f"c{n:04}" for n in range(1200)]
    for start in range(0, 1200, 300):
        scripts.enqueue(*(child(i, "p", on_parent="wait") for i in ids[start : start + 300]))
    end(scripts, "fail")
    for number in (3, 4, 5):
        scripts.exchange(number)
    assert len(seen()["patients:p"]) == 1200
    assert len(seen()["deferred:q"]) == 1200
    scripts.delete("p")
    for number in (6, 7, 8):
        scripts.exchange(number)
    assert "deferred:q" not in seen().kept
    assert len(seen()["failed:q"]) == 1200


# Jobs of one id


def test_a_dependent_of_a_replaced_parent_waits_for_the_new_one(scripts, seen):
    scripts.enqueue(New("p", "replace", "n", ttl=5000, fields=("ttl", 5)))
    scripts.enqueue(child("c", "p"))
    scripts.enqueue(New("p", "replace", "m", ttl=5000, fields=("ttl", 5)))
    assert "job:p" in seen().kept, "the mark keeps it, so that its end is noticed"
    assert status(seen, "c") == "deferred"
    end(scripts, "finish")
    assert seen()["queue:q"] == ["c"]


def test_a_dependent_that_is_replaced_waits_for_its_new_parents_alone(scripts, seen):
    scripts.enqueue(New("p"), New("r"))
    scripts.enqueue(child("c", "p", mode="replace", nonce="n"))
    scripts.enqueue(child("c", "r", mode="replace", nonce="m"))
    assert seen()["waits:c"] == {"r"}
    end(scripts, "finish")
    assert status(seen, "c") == "deferred"
    end(scripts, "finish", "r", number=3)
    assert seen()["queue:q"] == ["c"]


def test_a_dependent_that_is_replaced_and_waits_for_the_same_again_is_let_go_once(scripts, seen):
    scripts.enqueue(New("p"), New("r"))
    for nonce in "nm":
        scripts.enqueue(child("c", "p", "r", mode="replace", nonce=nonce))
    end(scripts, "finish")
    assert seen()["waits:c"] == {"r"}
    assert status(seen, "c") == "deferred"


def test_a_parent_that_is_replaced_by_one_that_has_begun_is_marked_by_its_token(scripts, seen):
    scripts.enqueue(New("p", "replace", "n"))
    scripts.enqueue(child("c", "p"))
    own = ("token", "x:1", "attempt", 1)
    scripts.enqueue(New("p", "replace", "m", "mine", LEASE, fields=own))
    assert (seen()["job:p"]["token"], seen()["job:p"]["after"]) == ("x:1+", "1")
    scripts.exchange(1, Settled("finish", "p", "x:1", "", 0), worker="x")
    assert status(seen, "c") == "queued"


@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_a_dependent_that_was_taken_away_does_not_come_back(scripts, seen, how):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"))
    end(scripts, how, "c")
    assert "waits:c" not in seen().kept
    assert "deferred:q" not in seen().kept
    end(scripts, "finish")
    assert "queue:q" not in seen().kept
    assert status(seen, "c") == ("canceled" if how == "cancel" else None)


def test_a_dependent_that_failed_with_its_parent_can_be_requeued(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(child("c", "p"))
    end(scripts, "fail")
    assert scripts.requeue("c") == [1]
    assert seen()["queue:q"] == ["c"]
    assert "runs:c" not in seen().kept, "it has not run"


# Circles


def test_a_job_that_waits_for_itself_is_an_error(scripts, seen):
    scripts.enqueue(New("a", "replace", "n"))
    before = seen()
    with pytest.raises(ServerError, match=r"^CYCLE a a$"):
        scripts.enqueue(child("a", "a", mode="replace", nonce="m"))
    assert seen() == before


def test_a_circle_made_by_replacing_a_job_is_an_error(scripts, seen):
    scripts.enqueue(New("a", "replace", "n"))
    scripts.enqueue(child("b", "a"), child("c", "b"))
    before = seen()
    with pytest.raises(ServerError, match=r"^CYCLE a c$"):
        scripts.enqueue(child("a", "c", mode="replace", nonce="m"))
    assert seen() == before


def test_a_circle_by_way_of_the_same_call_is_an_error(scripts, seen):
    scripts.enqueue(New("a", "replace", "n"))
    scripts.enqueue(child("y", "a"))
    before = seen()
    with pytest.raises(ServerError, match=r"^CYCLE a b$"):
        scripts.enqueue(child("b", "y"), child("a", "b", mode="replace", nonce="m"))
    assert seen() == before


def test_a_long_way_through_many_jobs_is_surveyed(scripts, seen):
    scripts.enqueue(New("a", "replace", "n"), *(New(f"p{n}") for n in range(300)))
    parents = [f"p{n}" for n in range(300)]
    for step in range(20):
        scripts.enqueue(*(child(f"{step}-{n}", *parents[n : n + 20]) for n in range(0, 300, 20)))
        parents = [f"{step}-{n}" for n in range(0, 300, 20)] * 20
    scripts.enqueue(child("a", *parents[:15], mode="replace", nonce="m"))
    assert status(seen, "a") == "deferred"


def test_a_graph_can_be_enqueued_again_while_it_waits(scripts, seen):
    for nonce in "nm":
        scripts.enqueue(
            New("a", "replace", nonce),
            child("b", "a", mode="replace", nonce=nonce),
            child("c", "b", "a", mode="replace", nonce=nonce),
            child("d", "c", mode="replace", nonce=nonce),
        )
    end(scripts, "finish", "a")
    assert seen()["queue:q"] == ["b"]
    end(scripts, "finish", "b", number=3)
    end(scripts, "finish", "c", number=5)
    end(scripts, "finish", "d", number=7)
