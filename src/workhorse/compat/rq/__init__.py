"""RQ's modules, names, parameters and defaults over Workhorse, for programs written for RQ.

Either change the imports (`from workhorse.compat.rq import Queue`), or let everything that says
`import rq` find this: `python -m workhorse.compat.rq program.py`, or `install()` at start-up.
docs/rq.md compares name by name.

Nothing is done twice here: each class is that of the core with RQ's signatures. Two defaults are
RQ's and not ours: values are pickled, and a worker keeps a job that returned None.
"""

from workhorse.compat.rq.callbacks import Callback
from workhorse.compat.rq.job import Retry, cancel_job, get_current_job, requeue_job
from workhorse.compat.rq.queue import Queue
from workhorse.compat.rq.rate_limit import RateLimit
from workhorse.compat.rq.repeat import Repeat
from workhorse.compat.rq.version import VERSION
from workhorse.compat.rq.webhook import Webhook
from workhorse.compat.rq.worker import SimpleWorker, SpawnWorker, Worker
from workhorse.compat.standin import install

__version__ = VERSION

__all__ = [
    "VERSION",
    "Callback",
    "Queue",
    "RateLimit",
    "Repeat",
    "Retry",
    "SimpleWorker",
    "SpawnWorker",
    "Webhook",
    "Worker",
    "__version__",
    "cancel_job",
    "get_current_job",
    "install",
    "requeue_job",
]
