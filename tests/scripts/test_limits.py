"""No more jobs of one limit than it allows are in queues or run, whatever moves them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.scripts import LEASE, NOW, New, Settled, job
from tests.support.snapshot import Snapshot


def limited(job_id, most=1, key="k", *, mode="new", nonce="", place="back", when="", **fields):
    words = {"rate_limit": f"{most} {key}", "after": 1, **fields}
    ttl = fields.get("ttl", 0) * 1000 or ""
    flat = tuple(word for pair in words.items() for word in pair)
    return New(job_id, mode, nonce, place, when, ttl, flat)


def line(seen, key="k"):
    """Who stands in line, in order."""
    found = seen().get(f"limited:{key}", {})
    return sorted(found, key=found.get)


def slots(seen, key="k"):
    return seen().get(f"slots:{key}", set())


def take(scripts, number, *ids, queues=("q",), time=NOW):
    assert scripts.exchange(number, want=9, queues=queues, time=time).ids == [*ids]


def test_the_first_has_the_slot_and_the_others_stand_in_line(scripts, seen):
    scripts.enqueue(limited("a"), limited("b"), limited("c"))
    words: dict[str, Any] = {"rate_limit": "1 k", "after": 1}
    assert seen() == Snapshot(
        kept={
            "job:a": job(**words),
            "job:b": job("rate_limited", **words),
            "job:c": job("rate_limited", **words),
            "queue:q": ["a"],
            "queues": {"q"},
            "slots:k": {"a"},
            "limited:k": {"b": 1, "c": 2},
            "limits": {"k": NOW},
        },
        expiring={"bell:q": ["1"]},
    )


def test_one_that_ends_lets_the_next_go(scripts, seen):
    scripts.enqueue(limited("a"), limited("b"), limited("c"))
    take(scripts, 1, "a")
    scripts.command("DEL", scripts.keys.bell("q"))
    scripts.exchange(2, Settled("finish", "a", "w:1", "", 0), time=NOW + 7)
    scripts.command("DEL", scripts.keys.worker("w"))
    words: dict[str, Any] = {"rate_limit": "1 k", "after": 1}
    assert seen() == Snapshot(
        kept={
            "job:b": job(enqueued_at=NOW + 7, **words),
            "job:c": job("rate_limited", **words),
            "queue:q": ["b"],
            "queues": {"q"},
            "slots:k": {"b"},
            "limited:k": {"c": 2},
            "limits": {"k": NOW},
            "agenda": {"l:q": NOW + LEASE},
        },
        expiring={"ex:a": str(NOW + 7), "bell:q": ["1"]},
    )


def test_a_repeated_exchange_lets_nobody_else_go(scripts, seen):
    scripts.enqueue(limited("a"), limited("b"), limited("c"))
    take(scripts, 1, "a")
    for _ in range(2):
        scripts.exchange(2, Settled("finish", "a", "w:1", "", 0))
    assert (slots(seen), line(seen)) == ({"b"}, ["c"])


def test_a_repeated_enqueue_changes_nothing(scripts, seen):
    call = (limited("a"), limited("b"))
    scripts.enqueue(*call)
    before = seen()
    assert scripts.enqueue(*call) == [NOW, 0, 0]
    assert seen() == before


def test_first_come_first_served_over_all_queues(scripts, seen):
    names = "abcdef"
    for number, name in enumerate(names):
        scripts.enqueue(limited(name), queue=f"q{number % 2}")
    for number, name in enumerate(names):
        take(scripts, 2 * number + 1, name, queues=("q0", "q1"))
        settled = Settled("finish", name, f"w:{2 * number + 1}", "", 0, f"q{number % 2}")
        scripts.exchange(2 * number + 2, settled)
    assert not {"slots:k", "limited:k", "limits"} & {*seen().kept}


def test_limits_with_other_keys_do_not_meet(scripts, seen):
    scripts.enqueue(limited("a"), limited("b", key="l"))
    assert seen()["queue:q"] == ["a", "b"]


ENDS = ["finish", "fail", "stop", "retry later", "cancel", "delete", "empty", "abandon", "replace"]


@pytest.mark.parametrize("how", ENDS)
def test_a_slot_is_given_on_however_its_job_leaves(scripts, seen, how):
    crash = {"on_crash": "fail"} if how == "abandon" else {}
    first = limited("a", 2, mode="replace", nonce="n", **crash)
    scripts.enqueue(first, limited("x", 2), limited("b", 2), limited("c", 2))
    if how == "cancel":
        scripts.cancel("a")
    elif how == "delete":
        scripts.delete("a")
    elif how == "empty":
        assert scripts.call("empty", NOW, "q", 1) == 1
    elif how == "replace":
        scripts.enqueue(New("a", "replace", "m"))
    elif how == "abandon":
        assert scripts.exchange(1, want=1).ids == ["a"]
        scripts.exchange(2, time=NOW + LEASE)
    else:
        assert scripts.exchange(1, want=1).ids == ["a"]
        kind, _, later = how.partition(" ")
        scripts.exchange(2, Settled(kind, "a", "w:1", "boom", 9000 if later else 0))
    assert (slots(seen), line(seen)) == ({"x", "b"}, ["c"])


@pytest.mark.parametrize("how", ["cancel", "delete", "replace"])
def test_one_that_leaves_the_line_gives_no_slot(scripts, seen, how):
    scripts.enqueue(limited("a"), limited("b", mode="replace", nonce="n"), limited("c"))
    if how == "cancel":
        scripts.cancel("b")
    elif how == "delete":
        scripts.delete("b")
    else:
        scripts.enqueue(limited("b", mode="replace", nonce="m"))
    rest = ["c", "b"] if how == "replace" else ["c"]
    assert (slots(seen), line(seen)) == ({"a"}, rest)
    assert seen()["queue:q"] == ["a"]


def test_a_canceled_one_that_is_requeued_stands_in_line_again(scripts, seen):
    scripts.enqueue(limited("a"), limited("b"), limited("c"))
    scripts.cancel("b")
    assert scripts.requeue("b") == [1]
    assert line(seen) == ["c", "b"]
    assert seen()["job:b"]["status"] == "rate_limited"
    assert "job:b" in seen().kept


def test_a_failed_one_that_is_requeued_stands_in_line_again(scripts, seen):
    scripts.enqueue(limited("a"), limited("b"))
    take(scripts, 1, "a")
    scripts.exchange(2, Settled("fail", "a", "w:1", "boom", 9000))
    before = scripts.requeue("a")
    assert before == [1]
    assert (slots(seen), line(seen)) == ({"b"}, ["a"])
    again = seen()
    assert scripts.requeue("a") == [1]
    assert seen() == again


def test_one_that_expires_in_its_queue_gives_its_slot_on(scripts, seen):
    scripts.enqueue(limited("a", ttl=5), limited("b"))
    assert "job:a" in seen().kept, "it has a mark, and does not expire by itself"
    assert scripts.exchange(1, want=1, time=NOW + 5000).ids == []
    assert scripts.exchange(2, want=1, time=NOW + 5000).ids == ["b"]
    assert slots(seen) == {"b"}


def test_the_ttl_of_one_in_line_begins_when_it_enters_its_queue(scripts):
    scripts.enqueue(limited("a"), limited("b", ttl=5))
    take(scripts, 1, "a")
    scripts.exchange(2, Settled("finish", "a", "w:1", "", 0), time=NOW + 9000)
    take(scripts, 3, "b", time=NOW + 13_000)


@pytest.mark.parametrize("how", ["release", "retry", "crash"])
def test_one_that_comes_back_at_once_keeps_its_slot(scripts, seen, how):
    scripts.enqueue(limited("a"), limited("b"))
    take(scripts, 1, "a")
    if how == "crash":
        scripts.exchange(2, time=NOW + LEASE)
    else:
        scripts.exchange(2, Settled(how, "a", "w:1"))
    assert (slots(seen), line(seen)) == ({"a"}, ["b"])
    assert seen()["queue:q"] == ["a"]


def test_a_takeover_keeps_the_slots(scripts, seen):
    scripts.register()
    scripts.enqueue(limited("a"), limited("b"))
    take(scripts, 1, "a")
    scripts.takeover()
    assert (slots(seen), line(seen)) == ({"a"}, ["b"])


def test_one_that_is_retried_later_stands_in_line_when_it_is_due(scripts, seen):
    scripts.enqueue(limited("a"), limited("b"))
    take(scripts, 1, "a")
    scripts.exchange(2, Settled("retry", "a", "w:1", "boom", 9000))
    assert slots(seen) == {"b"}
    scripts.exchange(3, time=NOW + 9000)
    assert line(seen) == ["a"]
    assert "scheduled:q" not in seen().kept


def test_a_scheduled_one_has_no_slot_before_it_is_due(scripts, seen):
    scripts.enqueue(limited("a", place="in", when=700), limited("b"))
    assert slots(seen) == {"b"}
    scripts.exchange(1, time=NOW + 700)
    assert line(seen) == ["a"]


def test_one_that_waits_for_others_has_no_slot_before_they_have_finished(scripts, seen):
    scripts.enqueue(New("p"))
    scripts.enqueue(limited("c", place="wait", parents="!p"), limited("b"))
    assert slots(seen) == {"b"}
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("finish", "p", "w:1", "", 0))
    assert line(seen) == ["c"]


def test_one_that_repeats_gives_its_slot_to_who_stands_in_line(scripts, seen):
    scripts.enqueue(limited("a"), limited("b"))
    take(scripts, 1, "a")
    scripts.exchange(2, Settled("repeat", "a", "w:1"))
    assert (slots(seen), line(seen)) == ({"b"}, ["a"])


def test_one_that_repeats_alone_goes_on(scripts, seen):
    scripts.enqueue(limited("a"))
    take(scripts, 1, "a")
    scripts.exchange(2, Settled("repeat", "a", "w:1"))
    assert slots(seen) == {"a"}
    assert seen()["queue:q"] == ["a"]


def test_each_job_brings_its_own_number_and_the_first_in_line_decides(scripts, seen):
    scripts.enqueue(limited("a", 3), limited("b", 3), limited("c", 1), limited("d", 3))
    assert (slots(seen), line(seen)) == ({"a", "b"}, ["c", "d"])
    scripts.exchange(1, want=2)
    scripts.exchange(2, Settled("finish", "a", "w:1"))
    assert (slots(seen), line(seen)) == ({"b"}, ["c", "d"])
    scripts.exchange(3, Settled("finish", "b", "w:1"))
    assert (slots(seen), line(seen)) == ({"c", "d"}, [])


def test_a_higher_number_lets_those_in_line_go_as_far_as_it_reaches(scripts, seen):
    scripts.enqueue(limited("a", 1))
    scripts.enqueue(*(limited(f"b{n}", 3) for n in range(5)))
    assert slots(seen) == {"a", "b0", "b1"}
    assert line(seen) == ["b2", "b3", "b4"]


def test_the_slot_of_a_job_that_was_lost_goes_to_who_stands_in_line(scripts, seen):
    scripts.enqueue(limited("a"), limited("b"), limited("c"))
    scripts.command("DEL", scripts.keys.job("a"), scripts.keys.queue("q"))
    scripts.enqueue(limited("d"))
    assert (slots(seen), line(seen)) == ({"b"}, ["c", "d"])
    assert seen()["queue:q"] == ["b"]


def test_a_lost_job_in_line_is_passed_over(scripts, seen):
    scripts.enqueue(*map(limited, "abc"))
    scripts.command("DEL", scripts.keys.job("b"))
    scripts.delete("a")
    assert (slots(seen), line(seen)) == ({"c"}, [])


def test_a_line_that_nobody_leads_any_more_goes_on_with_the_next_who_comes(scripts, seen):
    scripts.enqueue(*map(limited, "ab"))
    scripts.command("DEL", scripts.keys.slots("k"), scripts.keys.job("a"), scripts.keys.queue("q"))
    scripts.enqueue(limited("c"))
    assert (slots(seen), line(seen)) == ({"b"}, ["c"])


@pytest.mark.parametrize("garbage", ["", "k", "0", "x k", "1k"])
def test_garbage_for_a_limit_stops_nobody(scripts, garbage):
    scripts.enqueue(New("a", fields=("rate_limit", garbage, "after", 1)), New("b"))
    assert scripts.exchange(1, want=2).ids == ["a", "b"]
    settled = [Settled("finish", name, "w:1", "", 0) for name in "ab"]
    assert scripts.exchange(2, *settled).refused == []


def test_an_emptied_queue_takes_those_in_line_with_it(scripts, seen):
    scripts.enqueue(*(limited(f"a{n}", 2) for n in range(7)))
    scripts.enqueue(limited("other", 2), queue="p")
    assert scripts.call("empty", NOW, "q", 1000) == 7
    assert slots(seen) == {"other"}
    assert line(seen) == []
    assert seen()["queue:p"] == ["other"]
    assert "queue:q" not in seen().kept


def test_a_look_tells_who_has_slots_and_who_stands_in_line_and_changes_nothing(scripts, seen):
    scripts.enqueue(*(limited(name, 2) for name in "abc"))
    scripts.enqueue(limited("x", 1, "l"), time=NOW + 1)
    before = seen()
    assert scripts.call("limits", 0, 9) == [2, [b"l", 1, 1, 0], [b"k", 2, 2, 1]]
    assert scripts.call("limits", 1, 1) == [2, [b"k", 2, 2, 1]]
    assert scripts.call("limits", 0, 0) == [2]
    assert scripts.call("limits", 2, 9) == [2]
    assert seen() == before


def test_the_first_in_line_says_how_many_may_have_slots(scripts):
    scripts.enqueue(limited("a", 2), limited("b", 2), limited("c", 1), limited("d", 5))
    assert scripts.call("limits", 0, 9) == [1, [b"k", 1, 2, 2]]


@pytest.mark.parametrize("garbage", ["x", "x k", "-1 k", ""])
def test_a_look_passes_over_garbage(scripts, garbage):
    scripts.enqueue(limited("a"))
    scripts.command("HSET", scripts.keys.job("a"), "rate_limit", garbage)
    assert scripts.call("limits", 0, 9) == [1, [b"k", 0, 1, 0]]
