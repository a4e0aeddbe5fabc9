"""Work that comes by is looked after now and then, and by nobody outside."""

from itertools import pairwise

import pytest

from games import polling
from games.polling import poll, polled


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is set forward."""
    now = [0.0]
    monkeypatch.setattr(polling.time, "monotonic", lambda: now[0])
    return now


def test_whoever_waits_looks_now_and_then_however_often_work_comes_by(clock):
    looks = []
    with polled(lambda: looks.append(clock[0])):
        for _ in range(100):
            poll()
            clock[0] += 0.01
    assert 8 <= len(looks) <= 10
    assert min(later - earlier for earlier, later in pairwise(looks)) >= 0.1


def test_what_a_look_raises_ends_the_work_and_nobody_looks_afterwards(clock):
    looks = []

    def look():
        looks.append(1)
        raise KeyError

    def work():
        with polled(look):
            clock[0] += 1
            poll()

    with pytest.raises(KeyError):
        work()
    clock[0] += 1
    poll()
    assert looks == [1]


def test_the_innermost_looks(clock):
    outer, inner = [], []
    with polled(lambda: outer.append(1)):
        with polled(lambda: inner.append(1)):
            clock[0] += 1
            poll()
        poll()
    assert (outer, inner) == ([1], [1])
