"""Every key on the server, written once.

All keys of a namespace begin with `{<namespace>}:`. The braces are a Cluster hash tag: they
put the whole namespace on one slot, so that each script is atomic over all of it.
`lua/lib/keys.lua` mirrors this module for ids that a script learns as it runs; a test
holds the two together.
"""

import re

from workhorse.exceptions import WorkhorseError

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Keys:
    """The keys of one namespace."""

    __slots__ = (
        *("agenda", "crons", "groups", "job_prefix", "limits", "namespace", "pattern", "prefix"),
        *("queues", "suspensions", "workers"),
    )

    def __init__(self, namespace: str = "wh") -> None:
        if not _NAME.fullmatch(namespace):
            raise WorkhorseError(
                f"namespace {namespace!r}: use 1 to 64 letters, digits, '_', '.', or '-'"
            )
        self.namespace, self.prefix = namespace, f"{{{namespace}}}:"
        self.job_prefix = self.prefix + "job:"
        self.pattern = self.prefix + "*"
        """What all keys of the namespace match, for SCAN."""
        self.queues = self.prefix + "queues"
        """set: the names of all queues that have ever held a job"""
        self.workers = self.prefix + "workers"
        """zset: worker name -> when it counts as gone unless it beats again, ms"""
        self.suspensions = self.prefix + "suspended"
        """hash: a queue that is not served, or `*` for all -> until when, ms; 0 for ever"""
        self.groups = self.prefix + "groups"
        """zset: name of a group -> when it was made, ms"""
        self.limits = self.prefix + "limits"
        """zset: key of a limit that jobs hold or stand in line for -> since when, ms"""
        self.crons = self.prefix + "crons"
        """zset: a cron entry -> when a worker should look at it, ms; +inf if it is paused"""
        self.agenda = self.prefix + "agenda"
        """zset: `<kind>:<queue>` -> no later than the next thing due there, ms.

        Kinds: `s` scheduled jobs, `l` leases, and the expired entries of a registry: `x`
        finished, `f` failed, `c` canceled. `d:<how>:<job id>`: jobs wait for one that has ended.
        `w:<job id>`: jobs wait for one that has failed to be requeued; it may have expired.
        `t:` cron entries. `p:` queues are suspended (score -1: it stands first), `r:` the first
        of them is to be served again. `g:<group>`: whoever was adding to it counts as gone.

        A score may be too early: housekeeping looks, finds nothing and sets it right. It is never
        too late for `s`, `l` and `t`, and at most 5 s for the others.
        """

    def job(self, job_id: str) -> str:
        """hash: one job; the fields are those of `records.JobRecord`."""
        return self.job_prefix + job_id

    def gone(self, job_id: str) -> str:
        """string: how and when a job ended that was deleted then, and its nonce; lives 500 s."""
        return f"{self.prefix}ex:{job_id}"

    def runs(self, job_id: str) -> str:
        """list: JSON of the job's earlier runs, oldest first, at most 10."""
        return f"{self.prefix}runs:{job_id}"

    def done(self, job_id: str) -> str:
        """sharded channel: the job's status, published when it becomes final.

        `finished` may be followed by a space and the sealed result, '' for None.
        """
        return f"{self.prefix}done:{job_id}"

    def cron(self, name: str) -> str:
        """hash: one cron entry; the fields are those of `ops.cron.CronRecord`."""
        return f"{self.prefix}cron:{name}"

    def fired(self, name: str) -> str:
        """list: `<due ms, or -> <fired ms> <job id>` of an entry, newest first, at most 1000."""
        return f"{self.prefix}fired:{name}"

    def waits(self, job_id: str) -> str:
        """set: ids of the jobs that a deferred job still waits for."""
        return f"{self.prefix}waits:{job_id}"

    def dependents(self, job_id: str) -> str:
        """list: ids of the jobs that wait for this one to end."""
        return f"{self.prefix}dependents:{job_id}"

    def patients(self, job_id: str) -> str:
        """list: ids of the jobs that wait for this one, which has failed, to be requeued."""
        return f"{self.prefix}patients:{job_id}"

    def slots(self, limit: str) -> str:
        """set: ids of the jobs that count against a limit."""
        return f"{self.prefix}slots:{limit}"

    def limited(self, limit: str) -> str:
        """zset: ids of the jobs that stand in line for a slot of a limit; the lowest is next."""
        return f"{self.prefix}limited:{limit}"

    def group(self, name: str) -> str:
        """hash: one group: its counters, and what to call when all of its jobs have ended."""
        return f"{self.prefix}group:{name}"

    def members(self, group: str) -> str:
        """set: the ids of a group's jobs."""
        return f"{self.prefix}members:{group}"

    def holds(self, group: str) -> str:
        """zset: who is adding to a group -> when they count as gone, ms."""
        return f"{self.prefix}holds:{group}"

    def group_done(self, name: str) -> str:
        """sharded channel: `complete`, published when the last job of a group has ended."""
        return f"{self.prefix}gdone:{name}"

    def queue(self, name: str) -> str:
        """list: ids of jobs that are ready; the head runs next."""
        return f"{self.prefix}queue:{name}"

    def bell(self, name: str) -> str:
        """list: one element when somebody should look at the queue; idle workers block on it."""
        return f"{self.prefix}bell:{name}"

    def started(self, name: str) -> str:
        """zset: job id -> when its lease runs out, ms."""
        return f"{self.prefix}started:{name}"

    def finished(self, name: str) -> str:
        """zset: job id -> when it expires, ms; +inf for never."""
        return f"{self.prefix}finished:{name}"

    def failed(self, name: str) -> str:
        """zset: job id -> when it expires, ms; +inf for never."""
        return f"{self.prefix}failed:{name}"

    def deferred(self, name: str) -> str:
        """zset: job id -> when it was deferred, ms."""
        return f"{self.prefix}deferred:{name}"

    def scheduled(self, name: str) -> str:
        """zset: job id -> when it is due, ms."""
        return f"{self.prefix}scheduled:{name}"

    def canceled(self, name: str) -> str:
        """zset: job id -> when it expires, ms; +inf for never."""
        return f"{self.prefix}canceled:{name}"

    def resting(self, name: str) -> str:
        """set: the names of the workers that rest and would serve this queue; may name others."""
        return f"{self.prefix}resting:{name}"

    def served(self, worker: str) -> str:
        """sharded channel: jobs that are given straight to a worker, packed as in `lib/serve`."""
        return f"{self.prefix}served:{worker}"

    def machine(self, machine: str) -> str:
        """hash: worker name -> identity, for the workers of one machine; lives while they beat."""
        return f"{self.prefix}machine:{machine}"

    def inbox(self, worker: str) -> str:
        """list: `<nonce> <command>` for a worker, sealed; it blocks on it. Lives for seconds."""
        return f"{self.prefix}inbox:{worker}"

    def answer(self, nonce: str) -> str:
        """string: what a worker said of a command, '' before it has. Lives for a minute.

        And the sharded channel on which that is published.
        """
        return f"{self.prefix}answer:{nonce}"

    def worker(self, name: str) -> str:
        """hash: one worker; the fields of `records.WorkerRecord`, and its last exchange."""
        return f"{self.prefix}worker:{name}"
