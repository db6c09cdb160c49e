"""Running flows, blocking or with asyncio."""

from workhorse.drivers.delivery import encode
from workhorse.drivers.running import arun, run

__all__ = ["arun", "encode", "run"]
