"""RQ's commands for workers."""

from workhorse.compat.rq.cli.cli import rqs

worker = rqs("worker")
worker_pool = rqs("worker-pool")

__all__ = ["worker", "worker_pool"]
