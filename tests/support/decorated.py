"""Functions that tests decorate."""

from __future__ import annotations

from workhorse.decorators import job


def plain(a, b=1):
    return a + b


def clash(job_id=None, description=None):
    return job_id, description


@job
def bare(a, b=1):
    return a + b
