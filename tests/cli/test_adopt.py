"""The command `workhorse adopt`; what it does to jobs is in `tests/adopt`."""

from __future__ import annotations

import json

import pytest

from tests.support.fleet import VERSIONS, Fleet
from workhorse.drivers import run
from workhorse.effects import command


def ask(connection, *words):
    def asked():
        return (yield command(*words))

    return run(connection, asked())


@pytest.fixture
def rq_3(connection, request):
    """RQ 3 under a prefix of its own, in the test's namespace."""
    return Fleet(VERSIONS[-1], connection.url, f"{{{connection.namespace}}}:rq")


FILL = """
queue().enqueue(jobs.add, 1, job_id="a")
queue().enqueue(jobs.echo, jobs.Order(1, []), job_id="o")
queue("two words").enqueue_in(datetime.timedelta(1), jobs.add, 1, job_id="s")
"""


NEEDS_ORDER = (
    "it needs class 'tests.support.rqjobs.Order', which is not allowed; give --allow-class "
    "'tests.support.rqjobs.Order', here and to the workers, or --serializer pickle, which trusts "
    "whoever can write to the server"
)


def test_the_report_says_what_was_moved_what_was_left_and_what_comes_next(workhorse, rq_3):
    rq_3.run(FILL)
    ran = workhorse("adopt", "--prefix", rq_3.prefix)
    assert ran.returncode == 1
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == [
        "2 jobs moved",
        "  queued     1",
        "  scheduled  1",
        "1 job left at RQ",
        f"  1  {NEEDS_ORDER}",
        "     o",
        "They are run by: workhorse worker q 'two words'",
    ]
    ran = workhorse("adopt", "--prefix", rq_3.prefix, "--allow-class", "tests.support.*")
    assert ran.returncode == 0
    assert ran.stdout.splitlines() == [
        "1 job moved",
        "  queued  1",
        "They are run by: workhorse worker q --allow-class 'tests.support.*'",
    ]


def test_json_has_all_of_it(workhorse, rq_3):
    rq_3.run(FILL)
    ran = workhorse("adopt", "--dry-run", "--json", RQ_KEY_PREFIX=rq_3.prefix)
    told = json.loads(ran.stdout)
    assert told["dry_run"] is True
    assert told["total"] == 2
    assert told["moved"] == {"queued": 1, "scheduled": 1}
    assert told["queues"] == {"q": 1, "two words": 1}
    (left,) = told["left"]
    assert (left["id"], left["queue"], left["status"]) == ("o", "q", "queued")
    again = workhorse("adopt", "--json", "-q", "two words", "--prefix", rq_3.prefix)
    assert json.loads(again.stdout)["queues"] == {"two words": 1}


def test_a_worker_is_told_how_to_read_what_was_kept_as_pickle(workhorse, rq_3):
    rq_3.run(FILL)
    ran = workhorse("adopt", "--prefix", rq_3.prefix, "--serializer", "pickle")
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[-1].endswith("worker q 'two words' --serializer pickle")


def test_nothing_to_move_is_no_failure(workhorse, connection):
    ran = workhorse("adopt", "--prefix", f"{connection.namespace}-none")
    assert (ran.returncode, ran.stdout) == (0, "0 jobs moved\n")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--from", "redis://elsewhere:1/2"), "RQ is elsewhere than Workhorse"),
        (("--prefix", "r q"), "give RQ's own RQ_KEY_PREFIX"),
        (("--dry-run", "--follow"), "give it or --follow"),
        (("--serializer", "pikle"), "did you mean 'pickle'?"),
        (("--url", "cluster://localhost:1"), "on a Cluster"),
    ],
)
def test_what_cannot_work_is_refused_at_once(workhorse, words, why):
    ran = workhorse("adopt", *words)
    assert ran.returncode in {1, 2}
    assert why in ran.stderr
    assert ran.stdout == ""


def test_the_place_of_rq_may_be_named_instead_of_ours(workhorse, connection, environment):
    environment.pop("WORKHORSE_URL")
    ran = workhorse("adopt", "--from", connection.url, "--prefix", f"{connection.namespace}-none")
    assert ran.returncode == 0


def test_what_rq_wrote_wrong_is_left_with_a_reason(workhorse, connection):
    prefix = f"{{{connection.namespace}}}:rq"
    ask(connection, "SADD", f"{prefix}:queues", f"{prefix}:queue:q")
    wrong = {
        "status": ("status", "odd"),
        "time": ("created_at", "yesterday"),
        "number": ("timeout", "soon"),
        "retry": ("retry_intervals", "[", "retries_left", 1),
        "call": ("data", b"no call"),
        "name": ("data", b'["no name!", null, [], {}]'),
        "meta": ("meta", b"\x80\x05cos\nsystem\n."),
        "none": ("origin", "q"),
    }
    for job_id, words in wrong.items():
        call = ("data", b'["os.getpid", null, [], {}]')
        ask(
            connection,
            "HSET",
            f"{prefix}:job:{job_id}",
            *(call if job_id != "none" else ()),
            *words,
        )
        ask(connection, "RPUSH", f"{prefix}:queue:q", job_id)
    ask(connection, "HSET", f"{prefix}:job:good", *call, "status", "queued")
    ask(connection, "RPUSH", f"{prefix}:queue:q", "good", "in valid")
    ask(connection, "HSET", f"{prefix}:job:in valid", *call, "status", "queued")
    ran = workhorse("adopt", "--prefix", prefix, "--json")
    told = json.loads(ran.stdout)
    whys = {left["id"]: left["why"] for left in told["left"]}
    assert told["moved"] == {"queued": 1}, whys
    assert whys.keys() == {*wrong, "in valid"}
    assert "which RQ does not know" in whys["status"]
    assert "no time of RQ's" in whys["time"]
    assert "no number" in whys["number"]
    assert "which RQ does not write" in whys["retry"]
    assert "its call is not read" in whys["call"]
    assert "not the name of a function" in whys["name"]
    assert "its meta is not read" in whys["meta"]
    assert "it has no data" in whys["none"]
    assert "use 1 to 128 letters" in whys["in valid"]
