"""`workhorse worker-pool` as a process."""

import json
import re
import signal
import subprocess
import sys

from tests.support.workers import eventually
from workhorse.queue import Queue
from workhorse.worker import Worker


def test_a_burst_runs_what_is_there_and_exits_with_0(workhorse, connection):
    queue = Queue("high", connection)
    many = [queue.enqueue("math.sqrt", number) for number in range(20)]
    ran = workhorse("worker-pool", "-n", "2", "--horses", "2", "-b", "--name", "w", "high")
    assert ran.returncode == 0, ran.stderr
    assert [job.return_value() for job in many] == [number**0.5 for number in range(20)]
    assert "worker w.1 listens on high" in ran.stderr
    assert "worker w.2 listens on high" in ran.stderr
    assert "pool w has stopped" in ran.stderr


def test_the_log_of_each_worker_is_as_that_of_the_pool(workhorse):
    ran = workhorse("worker-pool", "-b", "--name", "w", "--log-format", "json")
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    assert {line["worker"] for line in lines} == {"w", "w.1"}
    ran = workhorse("worker-pool", "-b", "--log-format", "%(name)s|%(message)s")
    for line in ran.stderr.splitlines():
        assert re.match(r"workhorse[.\w]*\|", line), line
    assert workhorse("worker-pool", "-b", "-q").stderr == ""


def test_dict_config_is_obeyed_by_all(workhorse, tmp_path):
    (tmp_path / "loud.py").write_text(
        "DICT_CONFIG = {'version': 1, 'formatters': {'f': {'format': 'LOUD %(message)s'}}, 'root': "
        "{'level': 'INFO', 'handlers': ['h']}, 'handlers': {'h': {'class': "
        "'logging.StreamHandler', 'formatter': 'f'}}}\nQUEUES = ['q']\nNAME = 'n'\n",
        "utf-8",
    )
    ran = workhorse("worker-pool", "-b", "-c", "loud", "-P", str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert "LOUD worker n.1 listens on q" in ran.stderr
    assert all(line.startswith("LOUD ") for line in ran.stderr.splitlines())


def test_what_no_worker_can_do_is_its_exit_code(workhorse, tmp_path):
    ran = workhorse("worker-pool", "-n", "2", "--preload", "no_such_module", "-q")
    assert ran.returncode == 1
    assert "workhorse: cannot preload no_such_module" in ran.stderr
    ran = workhorse("worker-pool", "-n", "many")
    assert ran.returncode == 2


def test_ctrl_c_ends_it_with_0_and_its_pid_file_goes(environment, connection, tmp_path):
    file = tmp_path / "pid"
    words = ["worker-pool", "-n", "2", "-q", "--pid", str(file)]
    process = subprocess.Popen([sys.executable, "-m", "workhorse", *words], env=environment)
    eventually(lambda: Worker.count(connection) == 2)
    assert int(file.read_text("ascii")) == process.pid
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert not file.exists()
    assert Worker.count(connection) == 0
