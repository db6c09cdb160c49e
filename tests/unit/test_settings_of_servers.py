"""Servers named by RQ's keys: in a config module, and in the environment."""

import ssl

import pytest

from workhorse.endpoints import Endpoint, EndpointError, Login, Tls
from workhorse.endpoints.settings import endpoint_in, endpoint_of, needless


def test_settings_without_a_server_name_none():
    assert endpoint_of({}) is None
    assert endpoint_of({"REDIS_URL": None, "SENTINEL": None, "REDIS_HOST": None}) is None


def test_a_url_goes_before_sentinels_and_those_before_a_host():
    settings = {
        "REDIS_URL": "redis://url/3",
        "SENTINEL": {"INSTANCES": [("sentinel", 1)]},
        "REDIS_HOST": "host",
    }
    assert str(endpoint_of(settings)) == "redis://url:6379/3"
    del settings["REDIS_URL"]
    assert str(endpoint_of(settings)) == "sentinel://sentinel:1/mymaster"
    del settings["SENTINEL"]
    assert str(endpoint_of(settings)) == "redis://host:6379"


def test_the_parts_of_a_server_are_read():
    settings = {
        "REDIS_HOST": "h",
        "REDIS_PORT": "7000",
        "REDIS_DB": 2,
        "REDIS_PASSWORD": "pass word",
        "REDIS_SSL": True,
        "REDIS_SSL_CA_CERTS": "/ca.pem",
        "REDIS_SSL_CA_DATA": "PEM",
        "REDIS_SSL_KEYFILE": "/key",
        "REDIS_SSL_CERTFILE": "/cert",
        "REDIS_SSL_CERT_REQS": ssl.CERT_OPTIONAL,
    }
    tls = Tls("/ca.pem", "/cert", "/key", "optional", ca_data="PEM")
    found = endpoint_of(settings)
    assert found == Endpoint("single", (("h", 7000),), Login(None, "pass word", 2, tls))
    assert Endpoint.from_url(found.url).login == found.login
    assert "pass" not in str(found)
    assert "PEM" not in str(found)


def test_what_is_not_said_has_rqs_defaults():
    assert endpoint_of({"REDIS_DB": 1}) == Endpoint("single", (("localhost", 6379),), Login(db=1))


def test_sentinels_are_read():
    settings = {
        "INSTANCES": [("a", 1), ("b", "2")],
        "MASTER_NAME": "main",
        "DB": 2,
        "USERNAME": "user",
        "PASSWORD": "secret",
        "SOCKET_TIMEOUT": None,
        "CONNECTION_KWARGS": {"ssl": True, "ssl_ca_certs": "/ca", "socket_keepalive": True},
        "SENTINEL_KWARGS": {"username": "s", "password": "p"},
    }
    found = endpoint_of({"SENTINEL": settings})
    assert found == Endpoint(
        "sentinel",
        (("a", 1), ("b", 2)),
        Login("user", "secret", 2, Tls("/ca")),
        "main",
        Login("s", "p"),
    )
    assert needless({"SENTINEL": settings}) == [
        "SENTINEL['SOCKET_TIMEOUT']",
        "SENTINEL['CONNECTION_KWARGS']['socket_keepalive']",
    ]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"REDIS_URL": "rdis://h"}, r"^REDIS_URL: .*did you mean redis://\?"),
        ({"REDIS_PORT": "many"}, "REDIS_PORT is 'many'; it must be a number"),
        ({"REDIS_DB": "x"}, "REDIS_DB is 'x'; it must be a number"),
        ({"REDIS_HOST": "h", "REDIS_SSL": "perhaps"}, "REDIS_SSL is 'perhaps'; use true or false"),
        (
            {"REDIS_SSL": "1", "REDIS_SSL_CERT_REQS": "must"},
            "REDIS_SSL_CERT_REQS is 'must'; use none, optional, or required",
        ),
        ({"SENTINEL": ["a"]}, "SENTINEL is .*; it must be a dictionary"),
        ({"SENTINEL": {"INSTANCE": []}}, "no key 'INSTANCE'; did you mean 'INSTANCES'"),
        ({"SENTINEL": {"INSTANCES": ["a:1"]}}, r"a list of \(host, port\)"),
        ({"SENTINEL": {"SENTINEL_KWARGS": 1}}, r"SENTINEL\['SENTINEL_KWARGS'\] is 1"),
    ],
)
def test_what_cannot_be_read_is_named(settings, says):
    with pytest.raises(EndpointError, match=says):
        endpoint_of(settings)


def test_the_environment_names_a_server_by_its_parts():
    found = endpoint_in({"REDIS_HOST": "h", "REDIS_PORT": "1", "REDIS_SSL": "true"})
    assert found == Endpoint("single", (("h", 1),), Login(tls=Tls()))
    assert endpoint_in({"REDIS_PASSWORD": "p"}) == Endpoint(
        "single", (("localhost", 6379),), Login(password="p")
    )


def test_what_others_mean_by_such_names_is_passed_over():
    kubernetes = {"REDIS_PORT": "tcp://10.0.0.1:6379", "REDIS_SERVICE_HOST": "10.0.0.1"}
    assert endpoint_in(kubernetes) is None
    assert endpoint_in({"REDIS_HOST": "", "REDIS_SSL": "1"}) is None
    assert endpoint_in({**kubernetes, "REDIS_HOST": "h"}) == endpoint_of({"REDIS_HOST": "h"})
