"""No garbage is collected while many objects are made; and afterwards, as before."""

import gc

import pytest

from workhorse.hoarding import hoarding


@pytest.fixture(autouse=True)
def as_before():
    was = gc.isenabled()
    yield
    (gc.enable if was else gc.disable)()


def test_nothing_is_collected_in_the_body_and_then_again():
    gc.enable()
    with hoarding():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_who_collects_by_himself_goes_on_to():
    gc.disable()
    with hoarding():
        pass
    assert not gc.isenabled()


def test_an_error_in_the_body_changes_nothing():
    gc.enable()
    with pytest.raises(ValueError, match="on purpose"), hoarding():
        raise ValueError("on purpose")
    assert gc.isenabled()
