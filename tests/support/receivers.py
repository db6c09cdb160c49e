"""A server that webhooks are sent to."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

HANGS = 0
"""The code of an answer that never comes."""


class Asked(NamedTuple):
    """One request that came."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str]


class Receiver:
    """Answers with given codes in turn, and then with 200.

    Attributes:
        url: Where it listens.
        asked: What it was asked.
    """

    def __init__(self, url: str, asked: list[Asked]) -> None:
        self.url = url
        self.asked = asked


@contextlib.contextmanager
def receiving(*codes: int, port: int = 0, **headers: str) -> Iterator[Receiver]:
    """A receiver, as long as the block lasts.

    Args:
        codes: What it answers.
        port: Where it listens; 0 for any port that is free.
        headers: Of its answers.
    """
    asked: list[Asked] = []
    answers = iter(codes)
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            asked.append(Asked(self.command, self.path, body, dict(self.headers.items())))
            code = next(answers, 200)
            if code == HANGS:
                over.wait()
                return
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(b"some\nreason")

        # What the library calls.
        locals().update(do_GET=answer, do_POST=answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    serving = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    serving.start()
    try:
        yield Receiver(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        over.set()
        server.shutdown()
        server.server_close()
