"""Jobs that run here until workers pay: all are done once, whoever does them."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agents.learner import Interrupted
from games.errors import UserError
from league import executor
from league.executor import Gradual

PATIENCE = 60.0


@dataclass(frozen=True)
class Say:
    """Reports its number and who ran it, once the file `until` is there."""

    number: int
    folder: Path
    until: str | None = None
    fails: bool = False

    @property
    def name(self) -> str:
        return f"job {self.number}"

    def run(self, *, stop: Callable[[], bool], report: Callable[..., None]) -> None:
        if self.fails:
            raise UserError("this job fails")
        due = time.monotonic() + PATIENCE
        while self.until is not None and not (self.folder / self.until).exists():
            assert time.monotonic() < due
            if stop():
                raise Interrupted
            time.sleep(0.01)
        (self.folder / f"done {self.number}").touch()
        report(self.number, os.getpid())


def run(gradual: Gradual, jobs: list[Say], stop: Callable[[], bool] = lambda: False) -> dict[int, int]:
    """Return who ran each job."""
    told: list[tuple[int, int]] = []
    try:
        gradual.run(jobs, stop=stop, report=lambda *content: told.append(content))
    finally:
        gradual.close()
    assert len(dict(told)) == len(told)
    return dict(told)


def test_quick_jobs_start_no_process(tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "Pool", None)
    assert run(Gradual(2, further=False), [Say(k, tmp_path) for k in range(5)]) == dict.fromkeys(range(5), os.getpid())


def test_workers_take_over_while_a_job_goes_on_here(tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "START_SECONDS", 0.0)
    jobs = [Say(0, tmp_path, until="done 3"), *(Say(k, tmp_path) for k in range(1, 4))]
    told = run(Gradual(2, further=False), jobs)
    assert set(told) == {0, 1, 2, 3}
    assert told[0] == os.getpid()
    assert os.getpid() not in {told[1], told[2], told[3]}


@pytest.mark.parametrize("further", [False, True])
def test_a_single_job_starts_no_process(tmp_path, monkeypatch, further):
    monkeypatch.setattr(executor, "START_SECONDS", 0.0)
    monkeypatch.setattr(executor, "Pool", None)
    assert run(Gradual(2, further=further), [Say(0, tmp_path)]) == {0: os.getpid()}


def test_workers_start_where_what_is_left_takes_longer_than_their_start(monkeypatch):
    monkeypatch.setattr(executor, "START_SECONDS", 4.0)
    monkeypatch.setattr(executor.os, "cpu_count", lambda: 2)
    gradual = Gradual(8, further=False)
    assert not gradual._pays(7, 1.0)  # two would save half of seven seconds
    assert gradual._pays(9, 1.0)
    gradual._jobs, gradual._played = 9, 1.0
    assert not gradual._pays(9, 1.0)  # ten jobs have taken two seconds
    assert not gradual._pays(0, 100.0)
    assert Gradual(8, further=True)._pays(1, 9.0)


def test_a_stop_reaches_jobs_here_and_there(tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "START_SECONDS", 0.0)
    jobs = [Say(0, tmp_path, until="never"), Say(1, tmp_path), Say(2, tmp_path, until="never")]
    with pytest.raises(Interrupted):
        run(Gradual(2, further=False), jobs, stop=(tmp_path / "done 1").exists)
    assert not (tmp_path / "done 2").exists()


def test_a_failure_of_a_worker_s_job_is_told_and_ends_the_one_here(tmp_path, monkeypatch):
    monkeypatch.setattr(executor, "START_SECONDS", 0.0)
    with pytest.raises(UserError, match="this job fails"):
        run(Gradual(2, further=False), [Say(0, tmp_path, until="never"), Say(1, tmp_path, fails=True)])
