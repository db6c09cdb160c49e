"""`RateLimit`: how many jobs that name one key may be in queues or run at a time."""

from workhorse.dependency import RateLimit

__all__ = ["RateLimit"]
