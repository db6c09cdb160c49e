"""A stable that waits for its orders: what it has loaded by then, and how it ends."""

import subprocess
import sys

from workhorse.worker.launch import launch

DEAR = {
    *("asyncio", "dataclasses", "hashlib", "inspect", "logging", "random", "threading"),
    *("workhorse.connection", "workhorse.job", "workhorse.serializers.exact"),
}
"""Each costs every horse some tenths of a millisecond, or the start some milliseconds."""


def test_a_stable_loads_only_what_each_horse_needs():
    code = "import sys, workhorse.worker.stable; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not DEAR.intersection(ran.stdout.split())


def test_a_stable_that_is_given_no_orders_ends_with_its_socket():
    stable = launch([])
    assert stable.process.poll() is None
    stable.end()
    assert stable.process.returncode == 0
