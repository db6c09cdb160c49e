"""The systems that are measured. Another one is a line here, a description and a client program."""

from benchmarks.systems.ardiq_system import ARDIQ
from benchmarks.systems.arq_system import ARQ
from benchmarks.systems.blitzq_system import BLITZQ
from benchmarks.systems.bullmq_system import BULLMQ
from benchmarks.systems.celery_system import CELERY
from benchmarks.systems.chasquimq_system import CHASQUIMQ
from benchmarks.systems.docket_system import DOCKET
from benchmarks.systems.dramatiq_system import DRAMATIQ
from benchmarks.systems.fastq_system import FASTQ
from benchmarks.systems.huey_system import HUEY
from benchmarks.systems.mayu_system import MAYU
from benchmarks.systems.rq_system import RQ
from benchmarks.systems.saq_system import SAQ
from benchmarks.systems.streaq_system import STREAQ
from benchmarks.systems.tarsk_system import TARSK
from benchmarks.systems.taskiq_system import TASKIQ
from benchmarks.systems.tasktiger_system import TASKTIGER
from benchmarks.systems.workhorse_system import WORKHORSE

SYSTEMS = (
    WORKHORSE,
    RQ,
    CELERY,
    DRAMATIQ,
    HUEY,
    ARQ,
    SAQ,
    TASKIQ,
    STREAQ,
    DOCKET,
    BULLMQ,
    TASKTIGER,
    BLITZQ,
    TARSK,
    ARDIQ,
    MAYU,
    FASTQ,
    CHASQUIMQ,
)
OURS = WORKHORSE
BASELINE = RQ
"""The one that the others are compared with."""
