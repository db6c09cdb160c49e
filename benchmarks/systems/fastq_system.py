"""FastQ; it has no command in Python, so its worker is a program of ours."""

from __future__ import annotations

from benchmarks.systems.system import System, Variant, module_worker

FASTQ = System(
    name="fastq",
    distribution="fastq-redis",
    requirements=("fastq-redis==1.1.1",),
    client="benchmarks.systems.fastq_client",
    works=("noop", "compute", "nap", "1 KB"),
    can=(),
    variants={
        "1 thread": Variant(module_worker("benchmarks.systems.fastq_worker", "1")),
    },
    note="A C core; it stores no results. With more than one thread its Python worker crashes.",
)
