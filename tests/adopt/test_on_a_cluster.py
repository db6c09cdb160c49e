"""On a Cluster the keys of both must lie on one node, and RQ 3 can be told so."""

from __future__ import annotations

import pytest

from tests.support.fleet import VERSIONS, Fleet
from tests.support.servers import Cluster, binaries
from workhorse.adopt.adopter import Adopter, check_prefix
from workhorse.adopt.keys import RqKeys
from workhorse.adopt.shape import Shaper
from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.exceptions import WorkhorseError
from workhorse.queue import Queue
from workhorse.worker import SimpleWorker


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    _, path = next(binaries())
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), path)
    yield cluster
    cluster.stop()


@pytest.mark.slow
def test_a_hash_tag_brings_both_together(cluster, tmp_path):
    fleet = Fleet(VERSIONS[-1], cluster.nodes[0].url, "{jobs}:rq")
    fleet.run(f"""
r = redis.RedisCluster.from_url(os.environ["RQ_URL"])
p = queue().enqueue(jobs.mark, {str(tmp_path)!r}, "p", job_id="p")
queue().enqueue(jobs.mark, {str(tmp_path)!r}, "e", job_id="e")
queue().enqueue_in(datetime.timedelta(1), jobs.mark, {str(tmp_path)!r}, "s", job_id="s")
""")
    connection = Connection(cluster.url, "jobs")
    rq = RqKeys("{jobs}:rq")
    check_prefix(rq, "jobs", on_cluster=True)
    report = run(connection, Adopter(connection.keys, rq, Shaper("jobs")).adopt())
    assert report.moved == {"queued": 2, "scheduled": 1}
    assert Queue("q", connection).job_ids == ["p", "e"]
    SimpleWorker(["q"], connection=connection).work(burst=True)
    assert (tmp_path / "ran").read_text().split() == ["p", "e"]


def test_without_it_the_two_cannot_come_together():
    with pytest.raises(WorkhorseError, match="as its hash tag"):
        check_prefix(RqKeys(), "wh", on_cluster=True)


def test_keys_that_are_called_like_ours_are_refused():
    with pytest.raises(WorkhorseError, match="choose another --namespace"):
        check_prefix(RqKeys("{wh}"), "wh", on_cluster=False)


@pytest.mark.slow
def test_a_node_that_is_taken_for_a_server_is_found_out(cluster):
    connection = Connection(cluster.nodes[0].url, "other")
    connection.patience = 0
    rq = RqKeys("{jobs}")
    with pytest.raises(WorkhorseError):
        run(connection, Adopter(connection.keys, rq, Shaper("other")).adopt())
    connection.close()
