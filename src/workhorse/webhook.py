"""HTTP requests that tell others how a job ended: `Webhook`, and how it is delivered.

A delivery is a job of its own, `deliver`, so it is retried like one. What it tells was taken down
by the server when the job ended: the job itself may be gone by then.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit, urlunsplit

from workhorse.exceptions import WebhookError, WebhookRefused

TOLERANCE: Final = 300
"""How old a signed request may be, seconds, unless `verify` is told."""
_PERSON: Final = b"workhorse hooks"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8000}")


@dataclass(frozen=True, init=False)
class Webhook:
    """One HTTP request to make when a job has finished, or has failed for good.

    Attributes:
        url: Where to, `http://` or `https://`.
        job_status: After which end: `finished` or `failed`.
        method: `GET`, without a body, or `POST` with one in JSON.
        headers: Further headers, or None.
        timeout: How long the other side may take to answer, seconds.

    Raises:
        ValueError: One of them makes no sense.
        TypeError: One of them is of the wrong type.
    """

    url: str
    job_status: Literal["finished", "failed"]
    method: Literal["GET", "POST"]
    headers: Mapping[str, str] | None
    timeout: int

    def __init__(
        self,
        url: str,
        job_status: Literal["finished", "failed"],
        *,
        method: Literal["GET", "POST"] = "GET",
        headers: Mapping[str, str] | None = None,
        timeout: int = 10,
    ) -> None:
        if job_status not in {"finished", "failed"}:
            raise ValueError(
                f"Webhook(job_status={job_status!r:.100}): give 'finished' or 'failed'"
            )
        if method not in {"GET", "POST"}:
            raise ValueError(f"Webhook(method={method!r:.100}): give 'GET' or 'POST'")
        if type(timeout) is not int or timeout <= 0:
            raise ValueError(f"Webhook(timeout={timeout!r:.100}): give a whole number of seconds")
        checked = {
            "url": _url(url),
            "job_status": job_status,
            "method": method,
            "headers": None if headers is None else _headers(headers),
            "timeout": timeout,
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def __hash__(self) -> int:
        return hash((self.url, self.job_status, self.method, self.timeout))

    def __repr__(self) -> str:
        # Without headers and query: they may be secret, and this may be logged.
        return f"Webhook({shown(self.url)!r}, {self.job_status!r}, method={self.method!r})"

    @property
    def description(self) -> str:
        """Method and URL for people; nothing in it that is secret."""
        return f"{self.method} {shown(self.url)}"

    def to_dict(self) -> dict[str, Any]:
        """This webhook as plain values, for `from_dict`."""
        return {
            "url": self.url,
            "job_status": self.job_status,
            "method": self.method,
            "headers": None if self.headers is None else dict(self.headers),
            "timeout": self.timeout,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Webhook:
        """The webhook that `to_dict` wrote.

        Raises:
            ValueError: It did not write this.
            TypeError: Likewise.
            KeyError: Likewise.
        """
        return cls(
            values["url"],
            values["job_status"],
            method=values.get("method", "GET"),
            headers=values.get("headers"),
            timeout=values.get("timeout", 10),
        )


def shown(url: str) -> str:
    """A URL without what may be secret in it: user, password, query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = "..." if parts.query else ""
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


# Signatures


def signing_keys(environ: Mapping[str, str] = os.environ) -> list[bytes]:
    """The keys that requests are signed with: one for each secret in `WORKHORSE_SECRET`.

    They are derived from the secrets: who is given one can verify requests, and forge no jobs.
    """
    from hashlib import blake2b  # noqa: PLC0415 - brings in OpenSSL; few have a secret

    secrets = [one.strip() for one in environ.get("WORKHORSE_SECRET", "").split(",")]
    return [
        blake2b(secret.encode(), digest_size=32, person=_PERSON).digest()
        for secret in secrets
        if secret
    ]


def signature(body: bytes, at: int, keys: list[bytes]) -> str:
    """The header `Workhorse-Signature`: `t=<seconds>,v1=<hex>`, with a `v1` for each key.

    Each is the HMAC-SHA256 of `<seconds>.` and the body.
    """
    return ",".join((f"t={at}", *(f"v1={_mac(key, at, body)}" for key in keys)))


def verify(
    body: bytes, header: str, key: bytes, *, tolerance: float = TOLERANCE, now: float | None = None
) -> bool:
    """Whether a request that was received comes from a worker that has this key, and is recent.

    Args:
        body: The request's, byte for byte.
        header: Its header `Workhorse-Signature`.
        key: One of `signing_keys()`.
        tolerance: How old it may be, seconds.
        now: The time, seconds since 1970; left out: this machine's.
    """
    parts = [part.partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in parts if name == "t"]
    if len(times) != 1 or not (times[0].isascii() and times[0].isdecimal()):
        return False
    at = int(times[0][:20])
    if abs((time.time() if now is None else now) - at) > tolerance:
        return False
    from hmac import compare_digest  # noqa: PLC0415 - as in `signing_keys`

    right = _mac(key, at, body).encode()
    return any(compare_digest(right, value.encode()) for name, value in parts if name == "v1")


def _mac(key: bytes, at: int, body: bytes) -> str:
    import hmac  # noqa: PLC0415 - as in `signing_keys`

    return hmac.new(key, b"%d." % at + body, "sha256").hexdigest()


# Delivery


def told_of(
    job_id: str, func_name: str, status: str, times: tuple[int | None, int | None], exc_info: str
) -> dict[str, Any]:
    """What a webhook tells of a job, as in RQ.

    Args:
        job_id: The job.
        func_name: Its function.
        status: How it ended.
        times: When it was enqueued and when it ended, ms since 1970.
        exc_info: Its traceback.
    """
    enqueued, ended = (
        None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat() for ms in times
    )
    told = {
        "job_id": job_id,
        "func_name": func_name,
        "status": status,
        "enqueued_at": enqueued,
        "ended_at": ended,
    }
    return {**told, "exc_info": exc_info} if status == "failed" else told


def deliver(webhook: Webhook, told: Mapping[str, Any], delivery: str) -> None:
    """Make the request, once.

    Args:
        webhook: What to do.
        told: The body.
        delivery: Names this delivery, the same at each try.

    Raises:
        WebhookRefused: The other side will not take it at another time either.
        WebhookError: It may.
    """
    from workhorse.posting import send  # noqa: PLC0415 - brings in urllib, for those who deliver

    headers = {"User-Agent": "workhorse", "Workhorse-Delivery": delivery}
    body = None
    if webhook.method == "POST":
        body = json.dumps(told).encode()
        headers["Content-Type"] = "application/json"
        if keys := signing_keys():
            headers["Workhorse-Signature"] = signature(body, int(time.time()), keys)
    send(webhook.method, webhook.url, body, {**headers, **(webhook.headers or {})}, webhook.timeout)


def _url(url: object) -> str:
    if not isinstance(url, str):
        raise ValueError(f"Webhook(url={url!r:.100}): give a URL as a string")  # noqa: TRY004 - as in RQ
    try:
        parts = urlsplit(url)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        with_login = "@" in parts.netloc
    except ValueError:
        fine = with_login = False
    if not fine or not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError(
            f"Webhook(url={url!r:.200}): give an http:// or https:// URL, with everything else "
            f"than printable ASCII escaped"
        )
    if with_login:
        raise ValueError(
            f"Webhook(url={shown(url)!r}): a login does not belong into a URL; give it as "
            f"headers={{'Authorization': ...}}"
        )
    return url


def _headers(given: object) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise TypeError(f"Webhook(headers={type(given).__name__}): give a dictionary")
    for name, value in given.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"Webhook(headers=...): {name!r:.100} is not the name of a header")
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"Webhook(headers=...): {name} must be a string without line ends")
    return dict(given)


__all__ = ["Webhook", "WebhookError", "WebhookRefused", "signing_keys", "verify"]
