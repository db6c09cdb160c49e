"""What is measured, in order. Another measure is a line here and a module beside this one."""

from benchmarks.measures.backlog import Backlog
from benchmarks.measures.cluster import Cluster
from benchmarks.measures.crash import Crash
from benchmarks.measures.depth import Depth
from benchmarks.measures.drain import Drain, Scaling, Work
from benchmarks.measures.enqueue import Enqueue
from benchmarks.measures.fairness import Compute, Mixed
from benchmarks.measures.idle import Idle, Memory, Startup
from benchmarks.measures.latency import Latency, Loaded
from benchmarks.measures.measure import Measure
from benchmarks.measures.scale import Scale
from benchmarks.measures.schedule import Burst, Late

MEASURES: tuple[Measure, ...] = (
    Enqueue(),
    Drain(),
    Latency(),
    Loaded(),
    Scaling(),
    Compute(),
    Work(),
    Startup(),
    Idle(),
    Memory(),
    Late(),
    Burst(),
    Mixed(),
    Crash(),
    Depth(),
    Backlog(),
    Scale(),
    Cluster(),
)
