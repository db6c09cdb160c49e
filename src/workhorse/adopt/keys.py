"""The keys of RQ 2 and 3, which are RQ's and not ours: see `workhorse.keys` for those."""

from __future__ import annotations

import re

from workhorse.exceptions import WorkhorseError

_PREFIX = re.compile(r"[A-Za-z0-9_.:{}-]{1,128}")
_TAG = re.compile(r"\{([^}]+)\}")


class RqKeys:
    """The keys under one prefix, RQ_KEY_PREFIX.

    Attributes:
        prefix: What they all begin with, without the colon.
        queues: set: the keys of all queues, `<prefix>:queue:<name>`
    """

    def __init__(self, prefix: str = "rq") -> None:
        if not _PREFIX.fullmatch(prefix):
            raise WorkhorseError(
                f"prefix {prefix!r:.200}: give RQ's own RQ_KEY_PREFIX: letters, digits, and any of "
                f"_ . : {{ }} -"
            )
        self.prefix = prefix
        self.queues = self._key("queues")

    @property
    def hash_tag(self) -> str | None:
        """What decides on the Cluster slot of all of them; None if they lie on many."""
        found = _TAG.search(self.prefix)
        return found[1] if found else None

    def job(self, job_id: str) -> str:
        """Hash: one job."""
        return self._key("job", job_id)

    def results(self, job_id: str) -> str:
        """Stream: how its runs ended, at most about ten."""
        return self._key("results", job_id)

    def dependents(self, job_id: str) -> str:
        """Set: ids of the jobs that wait for it."""
        return self._key("job", job_id, "dependents")

    def queue(self, name: str) -> str:
        """List: ids of jobs that are ready, the next first."""
        return self._key("queue", name)

    def taken(self, name: str) -> str:
        """List: ids of jobs that a worker has just taken."""
        return self._key("queue", name, "intermediate")

    def registry(self, kind: str, name: str) -> str:
        """Zset: jobs of a queue that are `wip`, `scheduled`, `failed` and so on."""
        return self._key(kind, name)

    @property
    def limits(self) -> str:
        """Set: the names of all rate limits."""
        return self._key("rl-keys")

    def limited(self, limit: str) -> str:
        """Zset: ids of the jobs that a rate limit holds back."""
        return self._key("rl", limit, "rate_limited")

    @property
    def all_jobs(self) -> str:
        """What the keys of all jobs match, for SCAN; so do others."""
        return self._key("job", "*")

    def name_of(self, queue_key: str) -> str | None:
        """The name of a queue by its key."""
        head = self.queue("")
        return queue_key.removeprefix(head) if queue_key.startswith(head) else None

    def id_of(self, job_key: str) -> str | None:
        """The id of a job by its key; None if that is another one."""
        job_id = job_key.removeprefix(self.job(""))
        return None if ":" in job_id else job_id

    def _key(self, *parts: str) -> str:
        return ":".join((self.prefix, *parts))
