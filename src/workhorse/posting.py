"""One HTTP request and what its answer means. In a module of its own, for urllib is large."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from workhorse.exceptions import WebhookError, WebhookRefused

MOST_REDIRECTS: Final = 3
AGAIN: Final = frozenset((408, 425, 429))
"""The answers from 400 to 499 that mean: later."""
_READ: Final = 300
"""How much of an answer that is no success is told, bytes."""


def send(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout: float
) -> None:
    """Make a request; an answer from 200 to 299 is a success.

    A GET follows up to three redirects, to the same host only: what it carries is for that one. A
    POST follows none: it would arrive as a GET.

    Raises:
        WebhookRefused: It makes no sense to try it again.
        WebhookError: It may work later.
    """
    request = Request(url, data=body, headers=dict(headers), method=method)  # noqa: S310 - checked: http or https
    try:
        with build_opener(_SameHost).open(request, timeout=timeout):
            return
    except HTTPError as error:
        with error:
            told = f"answered {error.code} {error.reason}{_said(error)}"
            code = error.code
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise WebhookError(f"{_host(url)} could not be reached: {error}") from None
    if code < 500 and code not in AGAIN:  # noqa: PLR2004 - HTTP's
        raise WebhookRefused(f"{_host(url)} {told}; it will not be tried again")
    raise WebhookError(f"{_host(url)} {told}")


class _SameHost(HTTPRedirectHandler):
    max_redirections = MOST_REDIRECTS
    max_repeats = MOST_REDIRECTS

    def redirect_request(  # noqa: PLR0913 - urllib's
        self,
        req: Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> Request | None:
        """The request that a redirect asks for; None leaves the redirect as the answer."""
        if req.get_method() != "GET" or _origin(newurl) != _origin(req.full_url):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _origin(url: str) -> tuple[Any, ...]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _said(error: HTTPError) -> str:
    """The beginning of an answer's body, in one line."""
    try:
        text = error.read(_READ).decode("utf-8", "replace")
    except (OSError, HTTPException, ValueError):
        return ""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f": {line}" if line else ""
