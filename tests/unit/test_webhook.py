import json

import pytest

from tests.support.receivers import HANGS, receiving
from workhorse.exceptions import WebhookError, WebhookRefused
from workhorse.posting import send
from workhorse.webhook import Webhook, deliver, signing_keys, told_of, verify

SECRET = "a secret of some length"
TOLD = told_of("a", "m.f", "failed", (1_000, 2_500), "ValueError: x")


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        (("ftp://x/", "finished"), "http:// or https://"),
        (("http://", "finished"), "http:// or https://"),
        (("http://x:99999/", "finished"), "http:// or https://"),
        (("http://x/\n", "finished"), "http:// or https://"),
        (("http://x/ü", "finished"), "http:// or https://"),
        (("http://me:pw@x/", "finished"), "a login does not belong into a URL"),
        ((7, "finished"), "a URL as a string"),
        (("http://x/", "stopped"), "'finished' or 'failed'"),
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused(given, advice):
    with pytest.raises(ValueError, match=advice):
        Webhook(*given)


@pytest.mark.parametrize(
    ("option", "advice"),
    [
        ({"method": "PUT"}, "'GET' or 'POST'"),
        ({"timeout": 0}, "whole number of seconds"),
        ({"timeout": True}, "whole number of seconds"),
        ({"headers": {"X y": "1"}}, "is not the name of a header"),
        ({"headers": {"X": "1\r\nY: 2"}}, "without line ends"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(option, advice):
    with pytest.raises(ValueError, match=advice):
        Webhook("http://x/", "failed", **option)


def test_headers_are_a_dictionary():
    with pytest.raises(TypeError, match="give a dictionary"):
        Webhook("http://x/", "failed", headers=["a"])  # type: ignore[arg-type]  # that is what is refused


def test_nothing_secret_is_shown():
    webhook = Webhook("https://x/y?token=secret", "failed", headers={"A": "secret"})
    assert "secret" not in webhook.description + repr(webhook)
    assert webhook.description == "GET https://x/y?..."


def test_a_webhook_survives_being_stored():
    webhook = Webhook("https://x/y?z=1", "failed", method="POST", headers={"A": "b"}, timeout=3)
    assert Webhook.from_dict(json.loads(json.dumps(webhook.to_dict()))) == webhook


def test_a_get_has_no_body_and_the_headers_that_were_given():
    with receiving(204) as there:
        deliver(
            Webhook(f"{there.url}/x?y=1", "failed", headers={"X-Key": "k"}), TOLD, "a-webhook-1"
        )
    ((method, path, body, headers),) = there.asked
    assert (method, path, body) == ("GET", "/x?y=1", b"")
    assert (headers["X-Key"], headers["Workhorse-Delivery"]) == ("k", "a-webhook-1")


def test_a_post_tells_what_rq_tells(monkeypatch):
    monkeypatch.delenv("WORKHORSE_SECRET", raising=False)
    with receiving(200) as there:
        deliver(Webhook(there.url, "failed", method="POST"), TOLD, "d")
    ((_, _, body, headers),) = there.asked
    assert json.loads(body) == {
        "job_id": "a",
        "func_name": "m.f",
        "status": "failed",
        "enqueued_at": "1970-01-01T00:00:01+00:00",
        "ended_at": "1970-01-01T00:00:02.500000+00:00",
        "exc_info": "ValueError: x",
    }
    assert headers["Content-Type"] == "application/json"
    assert "Workhorse-Signature" not in headers


def test_a_success_has_no_traceback():
    assert "exc_info" not in told_of("a", "m.f", "finished", (1, 2), "")


@pytest.mark.parametrize("code", [500, 503, 429, 408, 425])
def test_some_answers_mean_later(code):
    with receiving(code) as there, pytest.raises(WebhookError) as caught:
        deliver(Webhook(there.url, "failed"), TOLD, "d")
    assert type(caught.value) is WebhookError
    assert f"answered {code}" in str(caught.value)
    assert str(caught.value).endswith(": some reason")


@pytest.mark.parametrize("code", [400, 401, 404, 410, 422, 304])
def test_some_answers_mean_never(code):
    with receiving(code) as there, pytest.raises(WebhookRefused, match=f"{code}"):
        deliver(Webhook(there.url, "failed"), TOLD, "d")


def test_nobody_there_means_later():
    with receiving() as there:
        pass
    with pytest.raises(WebhookError, match="could not be reached") as caught:
        deliver(Webhook(there.url, "failed"), TOLD, "d")
    assert type(caught.value) is WebhookError


def test_an_answer_that_does_not_come_means_later():
    with receiving(HANGS) as there, pytest.raises(WebhookError, match="timed out"):
        send("GET", there.url, None, {}, 0.2)


def test_a_get_follows_three_redirects_to_the_same_host():
    with receiving(302, 307, 301, 200, Location="/there") as there:
        send("GET", there.url, None, {}, 5)
    assert [path for _, path, _, _ in there.asked] == ["/", "/there", "/there", "/there"]
    with receiving(*[302] * 9, Location="/there") as there, pytest.raises(WebhookRefused):
        send("GET", there.url, None, {}, 5)
    assert len(there.asked) == 4


@pytest.mark.parametrize(
    "place", ["http://localhost:1/", "https://127.0.0.1/", "file:///etc/passwd"]
)
def test_a_redirect_to_another_host_is_not_followed(place):
    with receiving(302, Location=place) as there, pytest.raises(WebhookRefused, match="302"):
        send("GET", there.url, None, {"Authorization": "x"}, 5)
    assert len(there.asked) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_post_follows_no_redirect(code):
    with receiving(code, 200, Location="/") as there, pytest.raises(WebhookRefused):
        send("POST", there.url, b"{}", {}, 5)
    assert len(there.asked) == 1


def test_a_signed_post_can_be_verified_and_nothing_else_can(monkeypatch):
    monkeypatch.setenv("WORKHORSE_SECRET", f"{SECRET}, another secret of some length")
    with receiving(200) as there:
        deliver(Webhook(there.url, "failed", method="POST"), TOLD, "d")
    ((_, _, body, headers),) = there.asked
    said = headers["Workhorse-Signature"]
    for key in signing_keys():
        assert verify(body, said, key)
    key = signing_keys()[0]
    assert not verify(body + b" ", said, key)
    assert not verify(body, said, b"k" * 32)
    at = int(said.partition(",")[0].removeprefix("t="))
    assert verify(body, said, key, now=at + 299)
    assert not verify(body, said, key, now=at + 301)
    assert not verify(body, said.replace(f"t={at}", f"t={at + 1}"), key)


@pytest.mark.parametrize("header", ["", "t=,v1=", "t=1,t=1,v1=a", "v1=a", "t=²,v1=a", "t=1,v1=é"])
def test_a_header_that_is_garbage_verifies_nothing(header):
    assert not verify(b"", header, b"k" * 32, now=1)


def test_a_key_is_not_the_secret():
    (key,) = signing_keys({"WORKHORSE_SECRET": SECRET})
    assert SECRET.encode() not in key
    assert len(key) == 32
    assert signing_keys({}) == []
