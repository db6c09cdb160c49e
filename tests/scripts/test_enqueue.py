import pytest

from tests.support.scripts import NOW, New, Settled, job
from tests.support.snapshot import Snapshot
from workhorse.exceptions import ServerError


def test_a_new_job_is_at_the_tail_and_rings(scripts, seen):
    assert scripts.enqueue(New("a", fields=("func", "m.f", "data", b"\x80"))) == [NOW, 1]
    assert seen() == Snapshot(
        kept={"job:a": job(func="m.f", data="\\x80"), "queue:q": ["a"], "queues": {"q"}},
        expiring={"bell:q": ["1"]},
    )


def test_a_queue_that_was_not_empty_does_not_ring(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.command("DEL", scripts.keys.bell("q"))
    scripts.enqueue(New("b"))
    assert seen() == Snapshot(
        kept={"job:a": job(), "job:b": job(), "queue:q": ["a", "b"], "queues": {"q"}}
    )


def test_jobs_of_one_call_keep_their_order_and_those_for_the_front_go_there(scripts, seen):
    scripts.enqueue(New("a"), New("b", place="front"), New("c"))
    assert seen()["queue:q"] == ["b", "a", "c"]


def test_a_waiting_job_with_a_ttl_expires(scripts, seen):
    scripts.enqueue(New("a", ttl=5000, fields=("ttl", 5)))
    assert seen() == Snapshot(
        kept={"queue:q": ["a"], "queues": {"q"}},
        expiring={"job:a": job(ttl=5), "bell:q": ["1"]},
    )
    assert 4000 < scripts.command("PTTL", scripts.keys.job("a")) <= 5000


@pytest.mark.parametrize(("place", "when"), [("at", NOW + 700), ("in", 700)])
def test_a_later_job_is_scheduled_and_its_ttl_has_not_begun(scripts, seen, place, when):
    scripts.enqueue(New("a", place=place, when=when, ttl=500, fields=("ttl", "0.5")))
    assert seen() == Snapshot(
        kept={
            "job:a": job("scheduled", ttl="0.5"),
            "scheduled:q": {"a": NOW + 700},
            "agenda": {"s:q": NOW + 700},
            "queues": {"q"},
        },
        expiring={"bell:q": ["1"]},
    )


def test_a_job_that_is_due_after_others_does_not_ring(scripts, seen):
    scripts.enqueue(New("a", place="in", when=700))
    scripts.command("DEL", scripts.keys.bell("q"))
    scripts.enqueue(New("b", place="in", when=900))
    assert seen().expiring == {}
    assert seen()["agenda"] == {"s:q": NOW + 700}


def test_a_job_that_the_caller_runs_itself_is_started_and_leased(scripts, seen):
    scripts.enqueue(New("a", place="mine", when=700, fields=("token", "x:1", "attempt", 1)))
    assert seen() == Snapshot(
        kept={
            "job:a": job("started", token="x:1", attempt=1),
            "started:q": {"a": NOW + 700},
            "agenda": {"l:q": NOW + 700},
            "queues": {"q"},
        }
    )


@pytest.mark.parametrize(
    "sent",
    [
        New("a"),
        New("a", place="in", when=5),
        New("a", "replace", "n1"),
        New("a", "unique", "n1", ttl=5000, fields=("ttl", 5)),
    ],
)
def test_a_repeated_send_changes_nothing(scripts, seen, sent):
    assert scripts.enqueue(sent) == [NOW, 1]
    before = seen()
    assert scripts.enqueue(sent, time=NOW + 1) == [NOW + 1, 0]
    assert seen() == before


@pytest.mark.parametrize("mode", ["new", "replace", "unique"])
@pytest.mark.parametrize("kind", ["finish", "fail"])
def test_a_repeated_send_does_not_bring_back_a_job_that_ended_and_vanished(
    scripts, seen, mode, kind
):
    sent = New("a", mode, "" if mode == "new" else "n1")
    scripts.enqueue(sent)
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled(kind, "a", "w:1"))
    before = seen()
    assert scripts.enqueue(sent) == [NOW, 0]
    assert seen() == before
    assert "job:a" not in before.kept


@pytest.mark.parametrize("mode", ["replace", "unique"])
def test_a_repeated_send_does_not_undo_a_cancel(scripts, seen, mode):
    sent = New("a", mode, "n1")
    scripts.enqueue(sent)
    scripts.cancel("a")
    before = seen()
    assert scripts.enqueue(sent) == [NOW, 0]
    assert seen() == before


def test_a_chosen_id_can_be_used_again_when_its_job_has_vanished(scripts, seen):
    scripts.enqueue(New("a", "unique", "n1"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("finish", "a", "w:1"))
    assert scripts.enqueue(New("a", "unique", "n2")) == [NOW, 1]
    assert seen()["job:a"] == job(nonce="n2")
    assert "ex:a" not in seen().expiring  # it would speak for the new job when that is deleted


def test_replace_takes_the_place_of_a_waiting_job_in_another_queue(scripts, seen):
    scripts.enqueue(New("a", "replace", "n1", fields=("timeout", 5)), queue="p")
    scripts.command("DEL", scripts.keys.bell("p"))
    scripts.enqueue(New("a", "replace", "n2"))
    assert seen() == Snapshot(
        kept={"job:a": job(nonce="n2"), "queue:q": ["a"], "queues": {"p", "q"}},
        expiring={"bell:q": ["1"]},
    )


def test_replace_takes_the_place_of_a_failed_job_and_forgets_its_history(scripts, seen):
    scripts.enqueue(New("a", "replace", "n1"))
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("retry", "a", "w:1"), want=1)
    scripts.exchange(3, Settled("fail", "a", "w:2", "boom", 9000))
    assert "runs:a" in seen().expiring
    scripts.enqueue(New("a", "replace", "n2"))
    now = seen()
    assert now["job:a"] == job(nonce="n2")
    assert not {"runs:a", "failed:q", "started:q"} & {*now.kept, *now.expiring}


def test_a_taken_id_is_refused_and_nothing_of_the_call_is_stored(scripts, seen):
    scripts.enqueue(New("a", "unique", "n1"))
    before = seen()
    with pytest.raises(ServerError, match=r"^DUPLICATE a queued$"):
        scripts.enqueue(New("b"), New("a", "unique", "n2"))
    assert seen() == before


def test_a_running_job_is_not_replaced(scripts, seen):
    scripts.enqueue(New("a", "replace", "n1"))
    scripts.exchange(1, want=1)
    before = seen()
    with pytest.raises(ServerError, match=r"^DUPLICATE a started$"):
        scripts.enqueue(New("a", "replace", "n2"))
    assert seen() == before


@pytest.mark.parametrize("mode", ["new", "replace", "unique"])
def test_an_id_that_one_call_names_twice_is_refused(scripts, seen, mode):
    with pytest.raises(ServerError, match=r"^DUPLICATE a queued$"):
        scripts.enqueue(New("a", mode, "n1"), New("a", mode, "n2"))
    assert seen() == Snapshot()


def test_many_jobs_fit_into_one_call(scripts, seen):
    ids = [f"j{number}" for number in range(5000)]
    scripts.enqueue(*(New(job_id, fields=("func", "m.f")) for job_id in ids))
    assert seen()["queue:q"] == ids
