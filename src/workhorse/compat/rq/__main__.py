"""`python -m workhorse.compat.rq program.py ...`: run a program that finds us as `rq`."""

import sys

from workhorse.compat.standin import run_program

if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(
            "usage: python -m workhorse.compat.rq (program.py | -m module | command) [arguments]"
        )
    run_program(sys.argv[1:])
