"""The systems that are measured. Another one is a line here, a description and a client program."""

from benchmarks.systems.rq_system import RQ
from benchmarks.systems.workhorse_system import WORKHORSE

SYSTEMS = (WORKHORSE, RQ)
BASELINE = RQ
"""The one that the others are compared with."""
