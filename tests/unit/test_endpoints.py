import string

import pytest
import redis
import redis.asyncio
import valkey
from hypothesis import given
from hypothesis import strategies as st
from redis.cluster import ClusterNode, NodesManager
from redis.credentials import UsernamePasswordCredentialProvider

from workhorse.connection import Connection
from workhorse.endpoints import Endpoint, EndpointError, Login, Tls

READ = [
    ("redis://localhost", Endpoint("single", (("localhost", 6379),))),
    ("redis://", Endpoint("single", (("localhost", 6379),))),
    ("valkey://cache:1/2", Endpoint("single", (("cache", 1),), Login(db=2))),
    ("redis://cache/0?db=3", Endpoint("single", (("cache", 6379),), Login(db=3))),
    ("redis://[::1]:7000", Endpoint("single", (("::1", 7000),))),
    ("redis://[::1]", Endpoint("single", (("::1", 6379),))),
    ("redis://:p%40ss%2F@h", Endpoint("single", (("h", 6379),), Login(None, "p@ss/"))),
    ("redis://ada:@h", Endpoint("single", (("h", 6379),), Login("ada", ""))),
    ("redis://h?username=ada&password=x", Endpoint("single", (("h", 6379),), Login("ada", "x"))),
    ("redis://h?client_name=me", Endpoint("single", (("h", 6379),), Login(client_name="me"))),
    ("rediss://h", Endpoint("single", (("h", 6379),), Login(tls=Tls()))),
    ("valkeys://h", Endpoint("single", (("h", 6379),), Login(tls=Tls()))),
    ("redis://h?ssl=true", Endpoint("single", (("h", 6379),), Login(tls=Tls()))),
    (
        "rediss://h?ssl_cert_reqs=none&ssl_check_hostname=false&ssl_ca_certs=/ca.pem",
        Endpoint("single", (("h", 6379),), Login(tls=Tls("/ca.pem", None, None, "none", False))),
    ),
    ("unix:///run/a%20b.sock", Endpoint("single", ("/run/a b.sock",))),
    ("unix://:x@/run/s?db=1", Endpoint("single", ("/run/s",), Login(None, "x", 1))),
    (
        "sentinel://a,b:1/main",
        Endpoint("sentinel", (("a", 26379), ("b", 1)), service="main"),
    ),
    (
        "redis+sentinel://u:p@a/my%20main/4?sentinel_password=s",
        Endpoint("sentinel", (("a", 26379),), Login("u", "p", 4), "my main", Login(None, "s")),
    ),
    ("cluster://a,b:1", Endpoint("cluster", (("a", 6379), ("b", 1)))),
    ("clusters://a", Endpoint("cluster", (("a", 6379),), Login(tls=Tls()), None, Login(tls=Tls()))),
]


@pytest.mark.parametrize(("url", "endpoint"), READ)
def test_a_url_is_read(url, endpoint):
    found = Endpoint.from_url(url)
    if endpoint.login.tls is not None and endpoint.kind == "single":
        endpoint = Endpoint(
            endpoint.kind, endpoint.addresses, endpoint.login, None, Login(tls=endpoint.login.tls)
        )
    assert found == endpoint


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("localhost:6379", "redis://host:port"),
        ("reddis://h", "did you mean redis://"),
        ("redis://h:x", "port from 1 to 65535"),
        ("redis://h:0", "port from 1 to 65535"),
        ("redis://a,b", "takes one host"),
        ("redis://h/x", "database 'x'"),
        ("redis://h?passwrd=1", "did you mean 'password'"),
        ("redis://h?ssl_ca_cert=1", "did you mean 'ssl_ca_certs'"),
        ("redis://h?ssl_ca_certs=1", "use rediss://"),
        ("rediss://h?ssl_cert_reqs=maybe", "none, optional, or required"),
        ("rediss://h?ssl_check_hostname=maybe", "true or false"),
        ("sentinel://a", "name of the service"),
        ("cluster://a/1", "only database 0"),
        ("unix://", "socket's path"),
    ],
)
def test_a_url_that_cannot_be_read_says_why(url, sentence):
    with pytest.raises(EndpointError, match=sentence.replace("?", r"\?")):
        Endpoint.from_url(url)


@pytest.mark.parametrize("url", ["redis://:se/cret@h", "redis://:se?cret@h", "x:secret@h:1"])
def test_an_unreadable_url_does_not_tell_its_password(url):
    with pytest.raises(EndpointError) as caught:
        Endpoint.from_url(url)
    assert "cret" not in str(caught.value)


words = st.text(min_size=1, max_size=12)
hosts = st.one_of(st.text(string.ascii_lowercase, min_size=1, max_size=8), st.just("::1"))
servers = st.tuples(hosts, st.integers(1, 65535))
tls = st.none() | st.builds(
    Tls,
    ca_certs=st.none() | words,
    ca_data=st.none() | words,
    certfile=st.none() | words,
    cert_reqs=st.sampled_from(["none", "optional", "required"]),
    check_hostname=st.booleans(),
)


@st.composite
def endpoints(draw):
    kind = draw(st.sampled_from(["single", "unix", "sentinel", "cluster"]))
    security = None if kind == "unix" else draw(tls)
    login = Login(
        draw(st.none() | words),
        draw(st.none() | words),
        0 if kind == "cluster" else draw(st.integers(0, 20)),
        security,
        draw(st.none() | words),
    )
    other = Login(tls=security)
    if kind == "unix":
        return Endpoint("single", ("/" + draw(words),), login, None, other)
    if kind == "single":
        return Endpoint("single", (draw(servers),), login, None, other)
    several = tuple(draw(st.lists(servers, min_size=1, max_size=3)))
    if kind == "cluster":
        return Endpoint("cluster", several, login, None, other)
    service = draw(st.text(min_size=1, max_size=8).filter(lambda text: "/" not in text))
    return Endpoint(
        "sentinel", several, login, service, Login(None, draw(st.none() | words), tls=security)
    )


@given(endpoints())
def test_every_endpoint_survives_its_url(endpoint):
    assert Endpoint.from_url(endpoint.url) == endpoint


def test_what_is_printed_has_no_password():
    endpoint = Endpoint.from_url("sentinel://u:secret@a/main?sentinel_password=secret")
    for text in (str(endpoint), repr(endpoint), repr(endpoint.login), repr(Connection(endpoint))):
        assert "secret" not in text
    assert str(endpoint) == "sentinel://u:***@a:26379/main?sentinel_password=***"
    assert "secret" in endpoint.url


def test_plain_clients_are_read():
    for client in (
        redis.Redis("h", 1, 2, username="u", password="p"),
        redis.asyncio.Redis(host="h", port=1, db=2, username="u", password="p"),
        valkey.Valkey("h", 1, 2, username="u", password="p"),
        redis.Redis.from_url("redis://u:p@h:1/2"),
    ):
        assert Endpoint.from_client(client) == Endpoint("single", (("h", 1),), Login("u", "p", 2))


def test_a_client_on_a_unix_socket_is_read():
    client = redis.Redis(unix_socket_path="/run/s", db=1)
    assert Endpoint.from_client(client) == Endpoint("single", ("/run/s",), Login(db=1))


def test_a_clients_tls_is_read():
    client = redis.Redis(
        "h", ssl=True, ssl_ca_certs="ca", ssl_cert_reqs="optional", ssl_keyfile="k"
    )
    assert Endpoint.from_client(client).login.tls == Tls("ca", None, "k", "optional", True)
    trusting = redis.from_url("rediss://h?ssl_cert_reqs=none&ssl_check_hostname=false")
    assert Endpoint.from_client(trusting).login.tls == Tls(cert_reqs="none", check_hostname=False)


def test_a_clients_credential_provider_is_kept_as_a_function():
    provider = UsernamePasswordCredentialProvider("u", "p")
    endpoint = Endpoint.from_client(redis.Redis("h", credential_provider=provider))
    assert endpoint.login.credentials is not None
    assert endpoint.login.credentials() == ("u", "p")


def test_a_client_behind_sentinel_is_read():
    for library in (redis, redis.asyncio, valkey):
        sentinel = library.sentinel.Sentinel(
            [("a", 1), ("b", 2)], sentinel_kwargs={"password": "s"}, password="p"
        )
        assert Endpoint.from_client(sentinel.master_for("main", db=3)) == Endpoint(
            "sentinel", (("a", 1), ("b", 2)), Login(None, "p", 3), "main", Login(None, "s")
        )


def test_cluster_clients_are_read(monkeypatch):
    monkeypatch.setattr(NodesManager, "initialize", lambda *_, **__: None)
    monkeypatch.setattr("redis.cluster.CommandsParser", lambda _: None)
    nodes = [ClusterNode("a", 1), ClusterNode("b", 2)]
    client = redis.RedisCluster(startup_nodes=nodes, password="p", ssl=True, ssl_ca_certs="ca")
    endpoint = Endpoint.from_client(client)
    assert endpoint.kind == "cluster"
    assert set(endpoint.addresses) == {("a", 1), ("b", 2)}
    assert endpoint.login.password == "p"
    assert endpoint.login.tls == Tls("ca")


def test_asyncio_cluster_clients_are_read():
    client = redis.asyncio.RedisCluster("a", 1, password="p")
    endpoint = Endpoint.from_client(client)
    assert endpoint == Endpoint("cluster", (("a", 1),), Login(None, "p"))


@pytest.mark.parametrize("thing", [5, object(), {"host": "h"}, b"redis://h"])
def test_something_else_is_refused_with_what_is_accepted(thing):
    with pytest.raises(TypeError, match="expected a URL such as 'redis://localhost:6379'"):
        Connection(thing)
