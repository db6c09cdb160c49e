"""Sentinel groups and Clusters: finding the primary, and finding it again."""

import asyncio

import pytest
import redis

from tests.support.servers import Cluster, SentinelGroup, ask, binaries, wait_for
from workhorse.connection import Connection
from workhorse.drivers import arun, run
from workhorse.effects import Call, Listen, command
from workhorse.endpoints import Endpoint
from workhorse.endpoints.discovery import slot_of
from workhorse.exceptions import ConnectionLost
from workhorse.scripts import Script

COUNT = Script("count", "return redis.call('INCR', KEYS[1])")
SERVERS = [
    pytest.param(path, id=name, marks=[pytest.mark.system_server] if name == "system" else [])
    for name, path in binaries()
]


@pytest.fixture(params=SERVERS, scope="module")
def cluster(request, tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), request.param)
    yield cluster
    cluster.stop()


@pytest.fixture(params=SERVERS)
def group(request, tmp_path):
    group = SentinelGroup(tmp_path, request.param)
    yield group
    group.stop()


def count(connection):
    return (yield Call(COUNT, (connection.keys.agenda,)))


def test_the_primary_is_found(group):
    connection = Connection(group.url)
    assert run(connection, count(connection)) == 1
    assert connection._address == group.primary.address
    assert asyncio.run(arun(connection, count(connection))) == 2


def test_a_call_that_is_under_way_waits_for_the_failover(group):
    connection, other = Connection(group.url, patience=60), Connection(group.url, patience=60)
    assert run(connection, count(connection)) == 1
    assert run(other, count(other)) == 2
    key = connection.keys.agenda
    wait_for(lambda: ask(group.replica.address, "GET", key) == b"2")
    group.primary.kill()
    assert asyncio.run(arun(connection, count(connection))) == 3
    assert run(other, count(other)) == 4
    assert connection._address == other._address == group.replica.address


@pytest.mark.slow
def test_a_primary_that_became_a_replica_is_left(group):
    connection = Connection(group.url, patience=30)
    assert run(connection, count(connection)) == 1
    group.hurry(1_000, 500)  # a primary that lost its place is told so after four publish periods
    ask(group.addresses[0], "SENTINEL", "FAILOVER", group.service)
    while connection._address != group.replica.address:
        assert run(connection, count(connection))


def test_a_sentinel_client_is_understood(group):
    sentinel = redis.sentinel.Sentinel(group.addresses)
    connection = Connection(sentinel.master_for(group.service))
    assert run(connection, count(connection)) == 1


def test_sentinels_that_do_not_know_the_service_are_told(group):
    connection = Connection(group.url.replace("primary", "other"), patience=0)
    with pytest.raises(ConnectionLost, match="knows no 'the other'"):
        run(connection, count(connection))


@pytest.mark.parametrize("namespace", ["a", "b", "c", "wh"])
def test_each_namespace_is_on_the_node_that_has_its_slot(cluster, namespace):
    connection = Connection(cluster.url, namespace)
    slot = slot_of(namespace)
    assert slot == ask(cluster.nodes[0].address, "CLUSTER", "KEYSLOT", connection.keys.agenda)
    assert run(connection, count(connection)) == 1
    assert asyncio.run(arun(connection, count(connection))) == 2
    assert connection._address == cluster.node_of(slot).address


def test_the_url_of_one_node_is_enough(cluster):
    for node in cluster.nodes:
        connection = Connection(node.url, "any")
        assert run(connection, count(connection)) >= 1
        assert connection._address == cluster.node_of(slot_of("any")).address


def test_a_cluster_client_is_understood(cluster):
    client = redis.RedisCluster.from_url(cluster.nodes[0].url)
    connection = Connection(client, "client")
    assert connection.endpoint.kind == "cluster"
    assert run(connection, count(connection)) == 1
    client.close()
    other = redis.asyncio.RedisCluster.from_url(cluster.nodes[0].url)
    assert Endpoint.from_client(other).addresses == (cluster.nodes[0].address,)


def test_a_slot_that_moves_is_followed(cluster):
    connection, other = Connection(cluster.url, "mover"), Connection(cluster.url, "mover")
    slot = slot_of("mover")
    source = cluster.node_of(slot)
    target = next(node for node in cluster.nodes if node is not source)
    assert run(connection, count(connection)) == 1
    asyncio.run(arun(other, count(other)))
    ask(source.address, "DEL", connection.keys.agenda)
    cluster.move(slot, source, target)
    assert run(connection, count(connection)) == 1
    assert connection._address == target.address
    assert asyncio.run(arun(other, count(other))) == 2
    ask(target.address, "DEL", connection.keys.agenda)
    cluster.move(slot, target, source)


def test_messages_arrive_from_the_node_that_has_the_slot(cluster):
    connection, sender = Connection(cluster.url, "listener"), Connection(cluster.url, "listener")
    tries = []

    def probe():
        tries.append(1)
        if len(tries) == 1:
            with sender.borrow() as link:
                link.call(("SPUBLISH", sender.keys.done("x"), ""))
            return None
        return (yield command("PING"))

    for drive in run, lambda connection, flow: asyncio.run(arun(connection, flow)):
        tries.clear()
        assert drive(connection, listen(Listen(sender.keys.done("x"), probe, 3))) == b"PONG"


def listen(effect):
    return (yield effect)
