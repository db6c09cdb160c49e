"""RQ's tools, unmodified: they show what there is, and what they do to it works."""

import re

import pytest

from tests.compat import chores
from tests.compat.town import COUNTS, ROOT, Site, settled
from tests.support.servers import wait_for
from workhorse.compat.rq.cron import CronScheduler

pytestmark = pytest.mark.slow

DJANGO = "/django-rq"
MANAGE = str(ROOT / "tests/compat/site/manage.py")
STATES = ("queued", "started", "finished", "failed", "deferred", "scheduled")


@pytest.fixture
def town(tmp_path):
    with settled(tmp_path) as made:
        yield made


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a metric in a page for Prometheus: values of labels -> value."""
    found = re.findall(rf"^{name}{{(.*)}} (\S+)$", text, re.MULTILINE)
    return {tuple(re.findall(r'"(.*?)"', labels)): float(value) for labels, value in found}


def test_rq_exporter_tells_true_numbers(town):
    site = town.site("rq-exporter", "--host", "127.0.0.1", "-p", "PORT", "--redis-url", town.url)
    text = site.page("/metrics")
    assert samples(text, "rq_jobs") == {
        (queue, state): COUNTS[queue][state] for queue in COUNTS for state in STATES
    }
    assert samples(text, "rq_workers") == {("alice", "high,default", "busy"): 1}
    town.gate.touch()
    wait_for(lambda: worked(site) == {("alice", "high,default"): 6})
    text = site.page("/metrics")
    assert samples(text, "rq_workers_failed_total") == {("alice", "high,default"): 0}
    assert samples(text, "rq_jobs")["default", "finished"] == 6


def worked(site: Site) -> dict[tuple[str, ...], float]:
    return samples(site.page("/metrics"), "rq_workers_success_total")


def test_rq_dashboard_shows_true_numbers_and_what_it_does_works(town):
    site = town.site("rq-dashboard", "-u", town.url, "-b", "127.0.0.1", "-p", "PORT")
    shown = {queue["name"]: queue for queue in site.json("/0/data/queues.json")["queues"]}
    assert {name: counts_of(queue) for name, queue in shown.items()} == COUNTS
    for path in ("/", "/0/view/workers", "/0/view/jobs/default/failed/8/asc/1"):
        assert "Python RQ version: 3.0.0" in re.sub(r"<.*?>", "", site.page(path))
    (worker,) = site.json("/0/data/workers.json")["workers"]
    assert (worker["name"], worker["state"], worker["queues"]) == (
        *("alice", "busy"),
        ["high", "default"],
    )
    assert worker["current_job"]["job_id"] == "busy"
    see_jobs(site)
    act(site, town)


def counts_of(queue: dict[str, int]) -> dict[str, int]:
    kinds = set(COUNTS["high"]) - {"queued"}
    return {"queued": queue["count"], **{one: queue[f"{one}_job_registry_count"] for one in kinds}}


def see_jobs(site: Site) -> None:
    """Its lists, and its pages of jobs in all states."""
    for state, count in COUNTS["default"].items():
        listed = site.json(f"/0/data/jobs/default/{state}/8/asc/1.json")["jobs"]
        assert len(listed) == count
        for job in listed:
            site.page(f"/0/view/job/{job['id']}")
            assert site.json(f"/0/data/job/{job['id']}.json")["status"] == state
    failed = site.json("/0/data/job/bad.json")
    assert failed["exc_info"].endswith("ValueError: bad <b>luck</b>\n")
    assert failed["description"] == "tests.compat.chores.fail('bad <b>luck</b>')"
    finished = site.json("/0/data/job/sum.json")
    assert (finished["result"], finished["metadata"]) == (3, '{"who": "me"}')
    # With RQ itself, this page of rq-dashboard fails: it takes the ids for bytes.
    assert site.json("/0/data/job/child.json")["depends_on"] == ["first"]


def act(site: Site, town) -> None:
    """Its buttons."""
    assert '"OK"' in site.post("/job/bad/requeue")
    assert town.job("bad").is_queued
    assert '"OK"' in site.post("/job/never/delete")
    assert town.default.canceled_job_registry.count == 0
    assert '"count":1' in site.post("/requeue/default")
    assert town.default.failed_job_registry.count == 0
    assert '"OK"' in site.post("/queue/default/compact")
    assert town.default.count == 5
    assert '"OK"' in site.post("/queue/default/queued/empty")
    assert town.default.count == 0
    assert '"OK"' in site.post("/queue/default/scheduled/empty")
    assert town.default.scheduled_job_registry.count == 0


def test_django_rq_shows_true_numbers_and_what_it_does_works(town):
    made = CronScheduler(town.client)
    made.register(chores.add, "other", args=(2, 2), cron="0 0 1 1 *", name="new year")
    fired = made.get_jobs()[0].enqueue(town.client)
    site = town.site(MANAGE, "runserver", "--noreload", "127.0.0.1:PORT", ready=f"{DJANGO}/")
    queues = {queue["name"]: queue for queue in site.json(f"{DJANGO}/stats.json")["queues"]}
    for name, counts in COUNTS.items():
        shown = queues[name]
        assert (shown["jobs"], shown["workers"]) == (counts["queued"], 1)
        for state in STATES[1:]:
            assert shown[f"{state}_jobs"] == counts[state]
    assert samples(site.page(f"{DJANGO}/metrics"), "rq_jobs") == {
        (queue, state): COUNTS[queue][state] for queue in COUNTS for state in STATES
    }
    see_django(site)
    recurring = f"{DJANGO}/cron-schedulers/0/workhorse"
    assert "Cron: 0 0 1 1 *" in site.page(f"{recurring}/")
    assert fired.id in site.page(f"{recurring}/jobs/new%20year/")
    act_in_django(site, town)


def see_django(site: Site) -> None:
    """Its pages of queues, registries, jobs and workers."""
    lists = {"": "first", "finished/": "sum", "failed/": "worse", "deferred/": "child"}
    for page, job in {**lists, "scheduled/": "soon", "details/": "first"}.items():
        assert job in site.page(f"{DJANGO}/queues/0/{page}")
    assert "busy" in site.page(f"{DJANGO}/queues/1/started/")
    for job in ("sum", "none", "bad", "first", "child", "soon", "never"):
        assert "tests.compat.chores" in site.page(f"{DJANGO}/queues/0/{job}/")
    assert "bad &lt;b&gt;luck" in site.page(f"{DJANGO}/queues/0/bad/results/bad:1/")
    assert "alice" in site.page(f"{DJANGO}/workers/0/")
    assert "busy" in site.page(f"{DJANGO}/workers/0/alice/")


def act_in_django(site: Site, town) -> None:
    """Its buttons."""
    site.post(f"{DJANGO}/queues/0/bad/requeue/")
    assert town.job("bad").is_queued
    site.post(f"{DJANGO}/queues/0/soon/enqueue/")  # a scheduled job, now
    site.post(f"{DJANGO}/queues/0/child/enqueue/")  # a deferred one
    assert town.default.job_ids == ["first", "second", "third", "bad", "soon", "child"]
    assert town.default.scheduled_job_registry.get_job_ids() == ["later"]
    site.post(f"{DJANGO}/queues/0/never/delete/")
    assert town.default.canceled_job_registry.count == 0
    site.post(f"{DJANGO}/queues/0/requeue-all/")
    assert town.default.failed_job_registry.count == 0
    site.post(f"{DJANGO}/queues/actions/0/", action="delete", job_ids=["first", "second"])
    assert town.default.job_ids == ["third", "bad", "soon", "child", "worse"]
    site.post(f"{DJANGO}/queues/0/empty/")
    assert town.default.is_empty()
    site.post(f"{DJANGO}/queues/1/busy/stop/")
    assert town.job("busy").is_stopped
    wait_for(lambda: town.job("next").is_finished)


def test_the_commands_of_django_rq_enqueue_and_run(town):
    before = town.default.count
    town.run(MANAGE, "rqenqueue", "operator.neg", "--queue", "high")
    django = town.default.enqueue(chores.django_apps)
    assert town.high.count == COUNTS["high"]["queued"] + 1
    stats = town.run(MANAGE, "rqstats", "--json")
    assert f'"name": "default", "jobs": {before + 1}' in stats
    town.run(MANAGE, "rqworker", "default", "--burst", "--name", "bob", "--with-scheduler")
    assert town.default.is_empty()
    assert town.job("child").return_value() == 4
    assert "django_rq" in django.return_value()  # horses are no forks, and have Django all the same
    job = town.job("first")
    assert (job.worker_name, job.get_status(), job.result_ttl) == ("bob", "finished", None)
    town.run(MANAGE, "rqworker-pool", "default", "--burst", "--num-workers", "2")
