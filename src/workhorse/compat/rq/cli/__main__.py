"""`python -m rq.cli`."""

from workhorse.compat.rq.cli import main

if __name__ == "__main__":
    main(prog_name="rq")
