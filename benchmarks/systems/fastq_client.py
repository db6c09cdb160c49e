"""The client program of FastQ."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import fastq

from benchmarks.systems import serving


class FastqAdapter(serving.Adapter):
    """Its public API, as its documentation shows it."""

    async def open(self) -> None:
        where = urlsplit(self.url)
        self._queue = fastq.Queue("benchmark", where.hostname, where.port)

    async def one(self, task: str, args: serving.Args) -> str:
        return self._queue.push(json.dumps((task, args)))


ADAPTER = FastqAdapter
