"""What is measured, in order. Another measure is a line here and a module beside this one."""

from benchmarks.measures.drain import Drain
from benchmarks.measures.enqueue import Enqueue
from benchmarks.measures.latency import Latency
from benchmarks.measures.measure import Measure

MEASURES: tuple[Measure, ...] = (Enqueue(), Drain(), Latency())
