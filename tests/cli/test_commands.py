"""The commands as processes of their own, on a real server."""

import json

import pytest

from workhorse.dependency import RateLimit
from workhorse.queue import Queue


@pytest.fixture
def queue(connection):
    return Queue("default", connection)


def one(ran):
    """The one JSON object that the command wrote."""
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


# enqueue


def test_enqueue_stores_the_call(workhorse, queue):
    words = ["a.b.f", "text", "n:=1", "--timeout", "1m", "--ttl", "1h", "--result-ttl", "5"]
    words += ["--failure-ttl", "6", "--description", "What", "--meta", "k:=2", "--job-id", "mine"]
    words += ["--retry-max", "2", "--retry-interval", "1", "--retry-interval", "5"]
    told = one(workhorse("enqueue", *words, "--json"))
    assert told == {"id": "mine", "queue": "default", "status": "queued", "description": "What"}
    (job,) = queue.jobs
    assert (job.func_name, job.args, job.kwargs) == ("a.b.f", ("text",), {"n": 1})
    assert (job.timeout, job.ttl, job.result_ttl, job.failure_ttl) == (60, 3600, 5, 6)
    assert (job.meta, job.retries_left) == ({"k": 2}, 2)


def test_enqueue_at_front_goes_to_the_head(workhorse, queue):
    workhorse("enqueue", "a.f")
    first = one(workhorse("enqueue", "a.f", "--at-front", "--json"))["id"]
    assert queue.job_ids[0] == first


@pytest.mark.parametrize("when", [["--schedule-in", "1h"], ["--schedule-at", "2999-01-31T18:30"]])
def test_enqueue_can_schedule(workhorse, queue, when):
    told = one(workhorse("enqueue", "a.f", *when, "--json"))
    assert told["status"] == "scheduled"
    assert queue.scheduled_job_registry.get_job_ids() == [told["id"]]


def test_enqueue_says_the_id_unless_it_is_to_be_quiet(workhorse, queue):
    ran = workhorse("enqueue", "a.f", "x")
    assert ran.stdout == f"a.f('x') is job {queue.job_ids[0]} in queue default\n"
    assert workhorse("enqueue", "a.f", "--quiet").stdout == ""


def test_a_unique_id_is_refused_twice(workhorse):
    words = ("enqueue", "a.f", "--job-id", "x", "--unique", "--json")
    one(workhorse(*words))
    ran = workhorse(*words)
    assert ran.returncode == 1
    told = json.loads(ran.stderr)
    assert (told["error"], told["exit_code"]) == ("DuplicateJobError", 1)


@pytest.mark.parametrize("wait", [["--wait"], ["--wait", "30"], ["--wait=30s"]])
def test_wait_prints_the_result(workhorse, worker, wait):
    ran = workhorse("enqueue", *wait, "math.sqrt", "%16")
    assert (ran.returncode, ran.stdout) == (0, "4.0\n")


def test_wait_prints_the_result_as_json(workhorse, worker):
    told = one(workhorse("enqueue", "builtins.sorted", "%[3, 1]", "--wait", "--json"))
    assert (told["status"], told["result"]) == ("finished", [1, 3])


def test_wait_exits_with_1_if_the_job_fails(workhorse, worker):
    ran = workhorse("enqueue", "math.sqrt", "%-1", "--wait")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "ValueError: math domain error" in ran.stderr


def test_wait_exits_with_1_when_the_time_is_up(workhorse):
    ran = workhorse("enqueue", "a.f", "--wait", "0.1")
    assert ran.returncode == 1
    assert "No worker serves 'default'" in ran.stderr
    assert "has not ended within 0.1 s" in ran.stderr


# job


def test_job_shows_what_is_known_and_decodes_nothing(workhorse, queue):
    job = queue.enqueue("a.f", "secret\x1b[2J", description="What \x1b[2J it is")
    shown = workhorse("job", job.id).stdout
    assert "What [2J it is" in shown
    assert "queued" in shown
    assert job.key in shown
    assert "secret" not in shown


def test_job_decodes_if_it_is_told_to(workhorse, queue):
    job = queue.enqueue("a.f", "secret\x1b", key={1, 2})
    shown = workhorse("job", job.id, "--decode").stdout
    assert "('secret\\x1b',)" in shown
    assert "\x1b" not in shown
    told = one(workhorse("job", job.id, "--decode", "--json"))
    assert (told["args"], told["kwargs"]) == (["secret\x1b"], {"key": "{1, 2}"})


def test_job_shows_the_traceback_and_earlier_runs(workhorse, queue):
    job = queue.enqueue("math.sqrt", -1, retry=1)
    workhorse("worker", "-b", "-q")
    shown = workhorse("job", job.id)
    assert shown.returncode == 0
    assert "ValueError: math domain error" in shown.stdout
    assert "earlier runs" in shown.stdout
    told = one(workhorse("job", job.id, "--json"))
    assert (told["status"], told["attempt"], told["retries_left"]) == ("failed", 2, 0)
    assert [run["type"] for run in told["runs"]] == ["failed", "retried"]


def test_job_waits(workhorse, worker, queue):
    job = queue.enqueue("math.sqrt", 4)
    assert workhorse("job", job.id, "--wait", "30").stdout == "2.0\n"


@pytest.mark.parametrize(("field", "value"), [("attempt", "x"), ("status", "x"), ("ttl", "inf")])
def test_a_job_with_garbage_in_its_hash_exits_with_1_and_says_so(workhorse, queue, field, value):
    job = queue.enqueue("a.f")
    with queue.connection.borrow() as link:
        link.call(("HSET", job.key, field, value))
    ran = workhorse("job", job.id)
    assert ran.returncode == 1
    assert ran.stderr == (
        f"workhorse: job {job.id!r}: its {field} is {value.encode()!r}, which no Workhorse wrote; "
        f"delete the job\n"
    )


def test_a_job_that_does_not_exist_exits_with_1(workhorse):
    ran = workhorse("job", "nosuch", "--json")
    assert ran.returncode == 1
    assert json.loads(ran.stderr)["error"] == "NoSuchJobError"


# info


def test_info_shows_queues_and_workers(workhorse, worker, queue, connection):
    workhorse("enqueue", "math.sqrt", "%4", "--wait")
    Queue("later", connection).enqueue("a.f")
    shown = workhorse("info").stdout
    assert "later" in shown
    assert "1 queued" in shown
    assert "1 finished" in shown
    assert "2 queues, 1 job queued, 1 worker" in shown
    told = one(workhorse("info", "--json"))
    assert [(q["name"], q["queued"], q["finished"]) for q in told["queues"]] == [
        ("default", 0, 1),
        ("later", 1, 0),
    ]
    assert [w["name"] for w in told["workers"]] == ["w"]


@pytest.mark.parametrize("name", [b"\x1b[31m\n", "\u009b31m".encode(), b"\xff"])
def test_no_name_of_a_queue_steers_the_terminal(workhorse, connection, name):
    with connection.borrow() as link:
        link.call(("SADD", connection.keys.queues, name))
    for words in (("info",), ("empty", "--all")):
        ran = workhorse(*words)
        assert ran.returncode == 0, ran.stderr
        assert "".join(ran.stdout.splitlines()).isprintable()


@pytest.fixture
def bound(queue):
    """Two groups, and a limit that two wait for."""
    limit = RateLimit("door", 1)
    for number in range(3):
        queue.enqueue("a.f", number, group_id="g", rate_limit=limit)
    queue.enqueue("a.f", group_id="h", job_id="x")
    queue.fetch_job("x").cancel()


def test_info_shows_groups_and_limits(workhorse, bound):
    shown = workhorse("info").stdout
    assert "group  h  complete, 1 canceled\n" in shown
    assert "group  g  3 open\n" in shown
    assert "limit  door  1 of 1 slots in use, 2 in line\n" in shown
    told = one(workhorse("info", "--json"))
    ended = {"finished": 0, "failed": 0, "stopped": 0, "canceled": 0, "deleted": 0}
    open_one = {"name": "g", "open": 3, "total": 3, "is_complete": False, **ended}
    full = {"name": "h", "open": 0, "total": 1, "is_complete": True, **ended, "canceled": 1}
    assert (told["groups"], told["groups_total"]) == ([full, open_one], 2)
    assert told["limits"] == [{"key": "door", "concurrency": 1, "slots": 1, "in_line": 2}]
    assert told["limits_total"] == 1
    raw = workhorse("info", "--raw").stdout.splitlines()
    assert raw == ["queue default 1", "group h 0 0 0", "group g 3 0 0", "limit door 1 1 2"]


def test_info_shows_no_more_groups_and_limits_than_it_is_asked_for(workhorse, bound):
    shown = workhorse("info", "-n", "1").stdout
    assert "group  h" in shown
    assert "group  g" not in shown
    assert "1 older groups: --lines shows more" in shown
    told = one(workhorse("info", "-n", "0", "--json"))
    assert (told["groups"], told["groups_total"], told["limits"]) == ([], 2, [])
    for narrow in (["-Q"], ["-W"], ["default"]):
        assert "groups" not in one(workhorse("info", "--json", *narrow))
        assert "door" not in workhorse("info", *narrow).stdout


def test_info_can_be_narrowed(workhorse, queue):
    queue.enqueue("a.f")
    assert "workers" not in one(workhorse("info", "-Q", "--json"))
    assert "queues" not in one(workhorse("info", "-W", "--json"))
    assert one(workhorse("info", "other", "--json"))["queues"][0]["queued"] == 0
    assert "no worker" in workhorse("info", "-R").stdout


def test_info_without_anything_says_what_to_do(workhorse):
    assert "start one: workhorse worker" in workhorse("info").stdout


# requeue and empty


@pytest.fixture
def failed(workhorse, queue):
    job = queue.enqueue("math.sqrt", -1)
    workhorse("worker", "-b", "-q")
    return job.id


@pytest.mark.parametrize("which", ["--all", "id"])
def test_requeue_puts_failed_jobs_back(workhorse, queue, failed, which):
    ran = workhorse("requeue", which if which == "--all" else failed, "--queue", "default")
    assert (ran.returncode, ran.stdout) == (0, "1 job requeued\n")
    assert queue.job_ids == [failed]


def test_requeue_tells_what_it_could_not(workhorse, queue, failed):
    waiting = queue.enqueue("a.f").id
    ran = workhorse("requeue", failed, "nosuch", waiting, "--json")
    assert ran.returncode == 1
    told = json.loads(ran.stdout)
    assert told["requeued"] == [failed]
    assert told["refused"] == {
        "nosuch": "there is no such job",
        waiting: "it is queued; only a job that has ended can be requeued",
    }


@pytest.mark.parametrize("which", ["--all", "default"])
def test_empty_deletes_what_waits(workhorse, queue, which):
    queue.enqueue("a.f")
    ran = workhorse("empty", which)
    assert (ran.returncode, ran.stdout) == (0, "default: 1 job deleted\n")
    assert queue.is_empty()


# errors


def test_a_server_out_of_reach_exits_with_69(workhorse, tmp_path):
    ran = workhorse("info", "-u", f"unix://{tmp_path}/nothing.sock")
    assert ran.returncode == 69
    assert ran.stderr.startswith("workhorse: ")
    assert len(ran.stderr.splitlines()) == 1


def test_no_server_at_all_exits_with_69(workhorse, tmp_path):
    words = {"WORKHORSE_URL": "", "WORKHORSE_EMBEDDED": "nonsense", "WORKHORSE_HOME": str(tmp_path)}
    ran = workhorse("info", "--json", **words)
    assert ran.returncode == 69
    assert json.loads(ran.stderr)["error"] == "NoServerError"


# the embedded server


def test_the_embedded_server_starts_and_stops(workhorse, tmp_path):
    home = {"WORKHORSE_HOME": str(tmp_path), "WORKHORSE_URL": "", "WORKHORSE_EMBEDDED": "always"}
    assert workhorse("server", "status", **home).returncode == 1
    assert workhorse("server", "url", **home).returncode == 1
    try:
        assert workhorse("server", "start", **home).returncode == 0
        url = workhorse("server", "url", **home).stdout.strip()
        told = one(workhorse("server", "status", "--json", **home))
        assert (told["running"], told["url"]) == (True, url)
        assert workhorse("info", **home).returncode == 0
        assert workhorse("server", "status", **home).returncode == 0
    finally:
        assert workhorse("server", "stop", **home).returncode == 0
    assert workhorse("server", "status", **home).returncode == 1


# suspend and resume


def test_suspend_and_resume_say_what_they_did(workhorse, queue):
    queue.enqueue("a.f")
    ran = workhorse("suspend", "default", "--duration", "5m")
    assert (ran.returncode, ran.stdout) == (0, "default: suspended for 5 min\n")
    assert "suspended" in workhorse("info", "-Q").stdout
    assert one(workhorse("info", "--json"))["queues"][0]["suspended"] is True
    assert workhorse("resume", "default").stdout == "default: resumed\n"
    assert workhorse("resume", "default").stdout == "default: not suspended\n"


@pytest.mark.parametrize(
    "words",
    [
        ("suspend", "--duration", "0"),
        ("suspend", "--duration", "-5"),
        ("worker", "--burst", "--max-idle-time", "-1"),
        ("worker-pool", "--burst", "--max-idle-time", "-1"),
        ("cron", "run", ""),
        ("cron", "history", "a|b"),
        ("info", "--lines", "99999999999999999999"),
    ],
)
def test_a_value_that_makes_no_sense_is_one_line_on_stderr(workhorse, words):
    ran = workhorse(*words)
    assert ran.returncode == 2
    assert ran.stderr.startswith("workhorse: Invalid value for")
    assert len(ran.stderr.splitlines()) == 2


def test_all_queues_are_suspended_when_none_is_named(workhorse, queue):
    assert one(workhorse("suspend", "--json")) == {"suspended": "all"}
    assert queue.is_suspended()
    assert one(workhorse("resume", "--json")) == {"resumed": 1}
    assert not queue.is_suspended()


def test_job_shows_what_ties_it_to_others(workhorse, queue):
    limit = RateLimit("mails", 2)
    parent = queue.enqueue("a.f", job_id="first", rate_limit=limit, repeat=3, group_id="all")
    child = queue.enqueue("a.g", job_id="second", depends_on=parent)
    shown = " ".join(workhorse("job", "first").stdout.split())
    for part in ("waited for by second", "limit 2 at a time of mails", "repeats 3 more times"):
        assert part in shown
    assert "group all" in shown
    assert "depends on first (queued)" in " ".join(workhorse("job", "second").stdout.split())
    told = one(workhorse("job", "first", "--json"))
    assert (told["dependents"], told["group"], told["repeats_left"]) == ([child.id], "all", 3)
    assert one(workhorse("job", "second", "--json"))["depends_on"] == ["first"]
