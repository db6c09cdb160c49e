"""RQ's commands for workers are in `rq.cli` with the others."""
