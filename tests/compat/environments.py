"""RQ itself, and its tools without it, each in an environment of its own."""

from __future__ import annotations

from tests.support.environments import made
from tests.support.fleet import VERSIONS, release

TOOLS = ("rq-dashboard==0.9.0", "rq-exporter==3.1.0", "django-rq==4.2.0")
"""Installed without what they require, which is RQ."""
BESIDE = (
    # What the tools require but for RQ.
    *("flask>=3", "arrow", "redis-sentinel-url", "six", "prometheus-client>=0.21", "setuptools<81"),
    *("django>=5,<6", "redis>=5"),
    # What Workhorse requires; it is found by way of PYTHONPATH.
    *("click>=8.1", "cronsim>=2.6", "hiredis>=3"),
)


def rq() -> str:
    """The Python that has RQ itself, its latest release."""
    return release(VERSIONS[-1])


def tools() -> str:
    """The Python that has the tools, and nothing that is called `rq`."""
    return made("compat-tools", BESIDE, TOOLS)
