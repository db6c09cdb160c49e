"""Run one worker as a program: `python -m tests.support.runner '{"worker": {...}, "work": {...}}'`.

The keywords are those of `Worker` and of `Worker.work`. With `"machine": "name"` it believes to be
on another machine than its neighbours, so that only leases tell it of their deaths.
"""

from __future__ import annotations

import json
import logging
import sys

from workhorse.worker import Worker, identity

if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    told = json.loads(sys.argv[1])
    if machine := told.get("machine"):
        identity.machine = lambda: machine
    Worker(**told["worker"]).work(**told["work"])
