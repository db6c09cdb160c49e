"""The command `workhorse`."""

from workhorse.cli.app import cli, main

__all__ = ["cli", "main"]
