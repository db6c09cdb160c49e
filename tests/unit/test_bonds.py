"""What ties a job to others, as values: `Dependency`, `RateLimit`, `Repeat`, and their options."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workhorse.clock import new_id
from workhorse.dependency import Dependency, RateLimit, dependency_of, id_of
from workhorse.job import Job
from workhorse.options import TRACE, EnqueueData, is_at_front, options_of
from workhorse.policies import Repeat


class Handle:
    """What a job looks like to those who wait for it."""

    def __init__(self, job_id: object, *, is_known: bool = False) -> None:
        self.id = job_id
        self.is_known = is_known


def fields(**options: Any) -> dict[str, str]:
    call = EnqueueData("m.f", **options)
    return {name.decode(): value.decode() for name, value in options_of(call).items()}


# Dependency


@pytest.mark.parametrize(
    ("jobs", "ids"),
    [
        ("a", ["a"]),
        (Handle("a"), ["a"]),
        (["a", Handle("b"), "a"], ["a", "b"]),
        (("b", "a"), ["b", "a"]),
        ((each for each in "ab"), ["a", "b"]),
        ({"a": 1}, ["a"]),
    ],
)
def test_jobs_are_handles_or_ids_each_once_and_in_order(jobs, ids):
    assert [id_of(job) for job in Dependency(jobs).jobs] == ids


def test_rqs_words_mean_the_same():
    dependency = Dependency(["a"], True, True)
    assert (dependency.allow_failure, dependency.enqueue_at_front) == (True, True)
    assert dependency.on_failure == "run"
    assert dependency.dependencies == ("a",)
    assert not Dependency("a").allow_failure


@pytest.mark.parametrize("policy", ["fail", "cancel", "wait", "run"])
def test_a_policy_is_kept(policy):
    assert Dependency("a", on_failure=policy).on_failure == policy


@pytest.mark.parametrize("policy", ["", "Fail", "any", "ignore", 1, True])
def test_another_policy_is_an_error_that_names_them(policy):
    with pytest.raises(ValueError, match="give 'fail', 'cancel', 'wait' or 'run'"):
        Dependency("a", on_failure=policy)


def test_two_policies_at_once_are_an_error():
    with pytest.raises(ValueError, match="choose one of them"):
        Dependency("a", allow_failure=True, on_failure="wait")


@pytest.mark.parametrize("nothing", [[], (), {}, iter(())])
def test_a_dependency_on_nothing_is_an_error(nothing):
    with pytest.raises(ValueError, match="give at least one job, or leave depends_on out"):
        Dependency(nothing)


@pytest.mark.parametrize("given", [None, 7, b"a", [None], [["a"]], [b"a"], Handle(7), [Handle("")]])
def test_what_is_no_job_is_an_error(given):
    with pytest.raises((TypeError, ValueError), match=r"is no job|use 1 to 128"):
        Dependency(given)


def test_a_dependency_says_what_it_is_and_not_more():
    assert repr(Dependency(["a", Handle("b")])) == "Dependency([a, b])"
    assert repr(Dependency(map(str, range(9)))) == "Dependency([0, 1, 2, 3, 4, ...])"


@pytest.mark.parametrize("given", [None, [], (), set()])
def test_nothing_is_no_dependency(given):
    assert dependency_of(given) is None


def test_several_dependencies_become_one():
    both = dependency_of([Dependency("a", enqueue_at_front=True), "b", Dependency(["c", "a"])])
    assert both is not None
    assert (both.jobs, both.on_failure, both.enqueue_at_front) == (("a", "b", "c"), None, True)
    one_policy = dependency_of([Dependency("a", on_failure="wait"), "b"])
    assert one_policy is not None
    assert one_policy.on_failure == "wait"


def test_policies_that_differ_are_an_error():
    with pytest.raises(ValueError, match="cancel and wait for failed jobs: choose one"):
        dependency_of([Dependency("a", on_failure="wait"), Dependency("b", on_failure="cancel")])


# Options


def test_a_job_that_waits_names_its_parents():
    assert fields(depends_on=["a", Handle("b", is_known=True)]) == {"parents": "!a b"}
    assert fields(depends_on=Dependency("a", on_failure="wait")) == {
        "parents": "!a",
        "on_parent": "wait",
    }
    assert fields(depends_on=Dependency("a", on_failure="fail")) == {"parents": "!a"}


def test_a_handle_that_has_seen_nothing_must_be_known_to_the_server():
    assert fields(depends_on=Job("a", "redis://127.0.0.1:1")) == {"parents": "!a"}


def test_an_id_older_than_what_the_server_remembers_need_not_be_known(monkeypatch):
    job_id = new_id()
    assert fields(depends_on=job_id) == {"parents": f"!{job_id}"}
    later = time.time() + TRACE + 5
    monkeypatch.setattr(time, "time", lambda: later)
    assert fields(depends_on=job_id) == {"parents": job_id}


@pytest.mark.parametrize(
    ("depends_on", "front"),
    [(None, False), ("a", False), (Dependency("a", enqueue_at_front=True), True)],
)
def test_who_wishes_the_head_of_the_queue(depends_on, front):
    assert is_at_front(EnqueueData("m.f", depends_on=depends_on)) == front


def test_a_job_that_names_itself_is_an_error():
    with pytest.raises(ValueError, match="job 'a' depends on itself: it would wait for ever"):
        fields(job_id="a", depends_on=Dependency(["b", Handle("a")]))


def test_an_iterator_of_jobs_is_an_error_that_says_what_to_give():
    with pytest.raises(TypeError, match="can be read only once: give a list"):
        fields(depends_on=iter(["a"]))
    assert fields(depends_on=Dependency(iter(["a", "b"]))) == {"parents": "!a !b"}


def test_bonds_are_marked_and_their_absence_is_not():
    assert fields(rate_limit=RateLimit("door", 3)) == {"rate_limit": "3 door", "after": "1"}
    assert fields(group_id="g") == {"group_id": "g", "after": "1"}
    assert fields(repeat=Repeat(2, 5)) == {"repeat": '{"times":2,"interval":[5]}'}
    assert fields(repeat=2) == {"repeat": '{"times":2,"interval":[0]}'}
    assert fields(repeat=0) == {}
    assert fields() == {}


# RateLimit


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=128))
def test_a_limit_survives_its_text(key):
    limit = RateLimit(key, 7)
    assert RateLimit.from_text(limit.to_text()) == limit


@pytest.mark.parametrize("key", ["", "a b", "a\n", "ä", "x" * 129, None, 7, b"a"])
def test_a_key_that_no_limit_can_have_is_an_error(key):
    with pytest.raises(ValueError, match="use 1 to 128 printable ASCII characters"):
        RateLimit(key, 1)


@pytest.mark.parametrize("count", [0, -1, 1.5, "3", None, True])
def test_a_limit_that_lets_nobody_through_is_an_error(count):
    with pytest.raises(ValueError, match="give a whole number from 1"):
        RateLimit("door", count)


@pytest.mark.parametrize("text", ["", "3", "x door", "0 door", "3  door"])
def test_garbage_is_no_limit(text):
    with pytest.raises(ValueError, match=r"RateLimit|invalid literal"):
        RateLimit.from_text(text)


# Repeat


def pauses(repeat: Repeat, number: int) -> list[float | None]:
    return [repeat.pause_after(done) for done in range(number)]


def test_repeats_are_used_up_after_times():
    assert pauses(Repeat(2), 4) == [0, 0, None, None]


def test_the_last_interval_repeats():
    assert pauses(Repeat(4, [10, timedelta(minutes=1)]), 5) == [10, 60, 60, 60, None]


@pytest.mark.parametrize("times", [0, -1, 1.5, "3", None, True])
def test_a_repeat_that_repeats_nothing_is_an_error(times):
    with pytest.raises(ValueError, match=r"Repeat\(times="):
        Repeat(times)


@pytest.mark.parametrize("interval", [-1, [], "5s", b"5", None, [1, None], float("nan"), [True]])
def test_a_pause_that_makes_no_sense_is_an_error(interval):
    with pytest.raises(ValueError, match=r"Repeat\(interval="):
        Repeat(1, interval)


@given(
    st.integers(1, 10**6),
    st.lists(st.floats(0, 10**6) | st.integers(0, 10**6), min_size=1, max_size=5),
)
def test_a_repeat_survives_its_text(times, interval):
    repeat = Repeat(times, interval)
    assert Repeat.from_text(repeat.to_text()) == repeat


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "3", '{"times":0}', '{"times":1,"x":1}', "[" * 2000]
)
def test_garbage_is_no_repeat(text):
    with pytest.raises(ValueError, match="not the text of a Repeat"):
        Repeat.from_text(text)
