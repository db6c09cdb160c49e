"""What RQ's things look like as text, and how they compare: ours do the same."""

from __future__ import annotations

import json

import pytest

from tests.compat import environments
from tests.compat.test_program import said_by
from tests.compat.town import ROOT

pytestmark = pytest.mark.slow

PROGRAM = str(ROOT / "tests/compat/shown.py")
WITHOUT = " object at 0x"
"""What Python says of a class that says nothing of its own."""


def test_they_look_and_compare_as_in_rq(tmp_path):
    by_rq = said_by(tmp_path / "rq", environments.rq(), PROGRAM)
    ours = said_by(tmp_path / "us", environments.tools(), "-m", "workhorse.compat.rq", PROGRAM)
    assert ours.keys() == by_rq.keys()
    told = {what: said for what, said in by_rq.items() if WITHOUT not in json.dumps(said)}
    assert len(told) > 80
    assert {what: ours[what] for what in told} == told
