"""A league that is killed and resumed, however often and wherever, ends as if it had never been disturbed."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import TINY, Zygote, bodies, digest, gone, strike

from arena.ledger import Ledger
from league.runs import status_of

# A response's training passes these many times, everything else once or twice an iteration.
FREQUENT = ("inside an update", "at a gradient step", "before a checkpoint's rename", "after a checkpoint")
LEDGER = ("before an append", "after an append")
SNAPSHOT = ("before a snapshot's rename", "after a snapshot")
MATCH = ("before a match", "after a match")

LEAGUES = {
    "ppo": (
        ("kuhn_poker", *TINY, "--iterations", 9),
        (*LEDGER, *SNAPSHOT, *FREQUENT, "after a checkpoint's removal"),
        3,
    ),
    "ppo, played": (
        ("kuhn_poker", *TINY, "--iterations", 2, "--payoffs", "played", "--cell-games", 40),
        (*LEDGER, *SNAPSHOT, *MATCH, "after a checkpoint"),
        1,
    ),
    "exact": (("leduc_poker", "--oracle", "exact", "--json", "--iterations", 5), (*LEDGER, *SNAPSHOT), 2),
    "exact, played": (
        ("kuhn_poker", "--oracle", "exact", "--json", "--iterations", 3, "--payoffs", "played", "--cell-games", 40),
        (*LEDGER, *SNAPSHOT, *MATCH),
        2,
    ),
}


def records(run: Path) -> int:
    """Return how many records a run holds, 0 where it has not got that far."""
    return len(Ledger.read(run)) if (run / "ledger.sqlite").exists() else 0


def taken_up(run: Path, argv: tuple[object, ...]) -> tuple[object, ...]:
    """Return the command that a person gives after a kill."""
    return ("resume", run, "--json") if records(run) else ("run", *argv, "--run-dir", run)


def assert_same(run: Path, other: Path) -> None:
    for kind in ("member", "payoffs", "meta"):
        assert bodies(run, kind) == bodies(other, kind)
        assert bodies(run, kind)
    assert digest(run) == digest(other)
    left = {path.relative_to(run).as_posix() for path in run.rglob("*") if path.is_file()}
    assert left == {path.relative_to(other).as_posix() for path in other.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", LEAGUES)
def test_a_league_killed_at_many_points_ends_like_one_left_alone(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path, name: str
):
    argv, points, rounds = LEAGUES[name]
    draws, run = random.Random(name), tmp_path / "run"
    for _ in range(rounds):
        for point in draws.sample(points, len(points)):
            after = draws.randrange(3) if point in FREQUENT else 0
            ended = zygote.run(*taken_up(run, argv), strikes=[strike(point, after)], eager=True)
            assert ended.status == -signal.SIGKILL, f"the run came to its end before it passed a point {point}"
            if records(run):
                assert status_of(str(run))["state"] == "interrupted"
            if point == "after a checkpoint's removal":  # which what was trained must have outlived
                assert len(bodies(run, "member")) == len(bodies(run, "meta")) + 1
    result = zygote.run(*taken_up(run, argv), eager=True).result
    whole = uninterrupted(*argv)
    assert_same(run, whole)
    apart = ("run_dir", "seconds")
    expected = zygote.run("status", whole, "--json").result
    assert {**result, **{key: expected[key] for key in apart}, "state": "finished"} == expected


@pytest.mark.parametrize(
    "argv",
    [
        ("kuhn_poker", *TINY, "--iterations", 9, "--ppo-updates", 20),
        ("leduc_poker", "--oracle", "exact", "--json", "--iterations", 20),
    ],
    ids=["ppo", "exact"],
)
def test_a_league_killed_at_any_time_ends_like_one_left_alone(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path, argv: tuple[object, ...]
):
    run, times = tmp_path / "run", random.Random(1)
    for _ in range(8):
        running = zygote.start(*taken_up(run, argv))
        time.sleep(times.random() * 0.3)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    assert zygote.run(*taken_up(run, argv)).result["stopped"] == "iterations"
    assert_same(run, uninterrupted(*argv))


TWO = ("kuhn_poker", *TINY, "--iterations", 2, "--ppo-updates", 100)
"""Two iterations of two jobs, long enough to be disturbed in."""


def test_one_worker_or_two_give_one_digest_and_another_seed_gives_another(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path
):
    argv = (*TWO, "--run-dir", tmp_path / "run", "--workers", 2)
    running = zygote.start("run", *argv)
    assert running.wait().result["stopped"] == "iterations"
    assert gone(running.pid)
    assert_same(tmp_path / "run", uninterrupted(*TWO))
    other = uninterrupted(*TWO, "--seed", 1)
    assert digest(other) != digest(uninterrupted(*TWO))
    assert bodies(other, "member") != bodies(uninterrupted(*TWO), "member")


def test_workers_die_with_a_killed_league_and_one_worker_finishes_what_two_began(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path
):
    run = tmp_path / "run"
    running = zygote.start("run", *TWO, "--run-dir", run, "--workers", 2, strikes=[strike("at a report", 50)])
    assert running.wait().status == -signal.SIGKILL
    assert gone(running.pid)
    assert len(bodies(run, "member")) == 1
    assert status_of(str(run))["state"] == "interrupted"
    assert zygote.run("resume", run, "--workers", 1, "--json").result["stopped"] == "iterations"
    assert_same(run, uninterrupted(*TWO))


def test_a_killed_worker_ends_the_league_with_a_sentence_and_loses_nothing(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path
):
    run = tmp_path / "run"
    running = zygote.start(
        "run", *TWO, "--run-dir", run, "--workers", 2, strikes=[strike("at a report", 3, to="worker")]
    )
    sentence = running.wait().sentence
    assert "process at work on response-1-seat-" in sentence
    assert f"redqueen resume {run} --workers 1" in sentence
    assert gone(running.pid)
    assert len(list((run / "jobs").glob("*.checkpoint"))) == 1  # the other job's
    assert zygote.run("resume", run, "--workers", 1, "--json").result["stopped"] == "iterations"
    assert_same(run, uninterrupted(*TWO))
