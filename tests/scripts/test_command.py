import pytest

from tests.support.scripts import NOW, TTL, New
from tests.support.snapshot import Snapshot
from workhorse.exceptions import ServerError

LAPSES = NOW + 5000
WORKER = {"workers": {"w": NOW + TTL}}


@pytest.fixture
def send(scripts):
    """Send a command to worker `w`; its answer."""

    def send(nonce="n", job="", *, identity="1", time=NOW, until=LAPSES):
        about = (job, "w:1") if job else ("", "")
        words = (time, "w", identity, nonce, f"<{nonce}>", until, *about)
        return scripts.call("command", *words)

    return send


@pytest.fixture
def worker(scripts):
    scripts.register()


@pytest.fixture
def started(scripts, worker):
    scripts.enqueue(New("a"))
    scripts.exchange(1, want=1)


def pop(scripts):
    return scripts.command("LPOP", scripts.keys.inbox("w"))


def answer(scripts, said="yes"):
    assert scripts.call("answer", "n", said, 60_000) == 1


def rest(seen):
    """What is there beside the worker and its job."""
    found = seen()
    ours = ("inbox:w", "answer:n", "answer:m")
    return Snapshot(
        kept={name: found.kept[name] for name in found.kept if name in ours},
        expiring={name: found.expiring[name] for name in found.expiring if name in ours},
    )


def test_a_command_lies_in_the_inbox_of_a_live_worker_until_it_lapses(scripts, seen, worker):
    before = seen()
    assert scripts.call("command", NOW, "w", "1", "n", "<n>", LAPSES, "", "") == 1
    assert seen() == Snapshot(
        kept=before.kept, expiring={**before.expiring, "inbox:w": ["<n>"], "answer:n": ""}
    )
    assert 5000 < scripts.command("PTTL", scripts.keys.inbox("w")) <= 10_000
    assert 60_000 < scripts.command("PTTL", scripts.keys.answer("n")) <= 65_000


def test_a_command_that_is_sent_twice_lies_there_once(send, seen, worker):
    send()
    before = seen()
    assert send() == 1
    assert seen() == before


def test_commands_stand_in_their_order_and_the_last_to_lapse_keeps_all(send, scripts, worker):
    send("n", until=NOW + 9000)
    send("m", until=NOW + 50)
    assert scripts.command("LRANGE", scripts.keys.inbox("w"), 0, -1) == [b"<n>", b"<m>"]
    assert scripts.command("PTTL", scripts.keys.inbox("w")) > 13_000


def test_a_command_that_was_taken_and_not_answered_is_put_there_again(send, scripts, seen, worker):
    send()
    pop(scripts)
    assert send() == 0
    assert rest(seen) == Snapshot(expiring={"inbox:w": ["<n>"], "answer:n": ""})


def test_the_answer_is_what_a_later_send_brings(send, scripts, seen, worker):
    send()
    pop(scripts)
    answer(scripts)
    assert send(time=NOW + 9999) == b"yes"
    assert rest(seen) == Snapshot(expiring={"answer:n": "yes"})


def test_an_answer_is_kept_for_its_time_and_may_be_repeated(scripts, seen):
    answer(scripts)
    answer(scripts)
    assert seen() == Snapshot(expiring={"answer:n": "yes"})
    assert 59_000 < scripts.command("PTTL", scripts.keys.answer("n")) <= 60_000


def test_a_command_that_has_lapsed_is_not_put_there(send, scripts, seen, worker):
    assert send(time=LAPSES) == 1
    assert rest(seen) == Snapshot()
    send()
    pop(scripts)
    assert send(time=LAPSES) == 0
    assert rest(seen) == Snapshot(expiring={"answer:n": ""})


@pytest.mark.parametrize(
    ("identity", "time"), [("2", NOW), ("1", NOW + TTL)], ids=["another process", "dead"]
)
def test_a_worker_that_is_not_alive_gets_no_command(send, seen, worker, identity, time):
    before = seen()
    with pytest.raises(ServerError, match=r"^GONE w$"):
        send(identity=identity, time=time, until=time + 1000)
    assert seen() == before


def test_a_worker_that_never_was_gets_no_command(send, seen):
    with pytest.raises(ServerError, match=r"^GONE w$"):
        send()
    assert seen() == Snapshot()


def test_a_job_is_stopped_in_the_execution_that_was_seen(send, seen, started):
    assert send(job="a") == 1
    assert rest(seen) == Snapshot(expiring={"inbox:w": ["<n>"], "answer:n": ""})


def test_the_mark_of_a_token_is_passed_over(send, scripts, started):
    scripts.command("HSET", scripts.keys.job("a"), "token", "w:1+")
    assert send(job="a") == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("DEL",), "NOJOB a"),
        (("HSET", "status", "queued"), "STATUS queued"),
        (("HSET", "token", "w:2"), "LEASE a"),
        (("HDEL", "token"), "LEASE a"),
    ],
)
def test_a_job_that_does_not_run_any_more_is_an_error_once(
    send, scripts, seen, started, change, error
):
    verb, *words = change
    scripts.command(verb, scripts.keys.job("a"), *words)
    before = seen()
    with pytest.raises(ServerError, match=f"^{error}$"):
        send(job="a")
    assert seen() == before


def test_a_job_that_ended_after_the_command_was_sent_is_no_error(send, scripts, seen, started):
    send(job="a")
    pop(scripts)
    scripts.command("HSET", scripts.keys.job("a"), "status", "stopped")
    before = seen()
    assert send(job="a") == 0
    assert seen() == before


def test_an_inbox_that_nobody_empties_takes_no_more(send, scripts, seen, worker):
    scripts.command("RPUSH", scripts.keys.inbox("w"), *["x"] * 1000)
    before = seen()
    with pytest.raises(ServerError, match=r"^FULL w$"):
        send()
    assert seen() == before
