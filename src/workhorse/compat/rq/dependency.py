"""RQ's inner workings of dependencies; `rq.job.Dependency` is what programs use."""

from workhorse.dependency import Dependency

__all__ = ["Dependency"]
