"""Run one worker as a program: `python -m tests.support.runner '{"worker": {...}, "work": {...}}'`.

The keywords are those of `Worker` and of `Worker.work`.
"""

from __future__ import annotations

import json
import logging
import sys

from workhorse.worker import Worker

if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    told = json.loads(sys.argv[1])
    Worker(**told["worker"]).work(**told["work"])
