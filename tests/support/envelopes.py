"""What Sentry is sent, taken apart."""

from __future__ import annotations

import gzip
import json
from typing import Any

from tests.support.receivers import Asked, Receiver


def dsn_of(receiver: Receiver) -> str:
    """The DSN of a project whose Sentry is this receiver."""
    return receiver.url.replace("http://", "http://key@") + "/42"


def events(receiver: Receiver) -> list[dict[str, Any]]:
    """The events that it was sent so far."""
    return [event for asked in receiver.asked for event in _events(asked)]


def _events(asked: Asked) -> list[dict[str, Any]]:
    body = asked.body
    if asked.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    _, *lines = body.splitlines()
    found = []
    while lines:
        head, content, *lines = lines
        if json.loads(head)["type"] == "event":
            found.append(json.loads(content))
    return found
