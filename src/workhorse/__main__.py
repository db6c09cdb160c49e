"""`python -m workhorse` is the command `workhorse`."""

from workhorse.cli import main

if __name__ == "__main__":
    main()
