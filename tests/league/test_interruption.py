"""Leagues that are asked to stop, that reach a limit, that are extended, and that two processes want to write."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import TINY, Running, Zygote, bodies, command, digest, ended, gone, strike

from league.runs import status_of

TWO = ("kuhn_poker", *TINY, "--iterations", 2, "--ppo-updates", 40)
"""Two iterations of two jobs, long enough to be disturbed in."""

LONG = (*TWO, "--ppo-updates", 100)
"""The same, long enough for another process to disturb it in."""


def checkpoints(run: Path) -> list[str]:
    return sorted(path.stem for path in (run / "jobs").iterdir())


def assert_interrupted(running: Running, run: Path) -> None:
    """Its one sentence names the command to go on with, nothing of it is left, and the ledger is sealed."""
    sentence = running.wait().sentence
    assert f"interrupted; everything finished is kept: go on with `redqueen resume {run}`" in sentence
    assert gone(running.pid)
    assert (run / "ledger.sha256").exists()
    assert status_of(str(run))["state"] == "interrupted"


# Signals.


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    ("flags", "point", "after", "saved"),
    [
        ((), "at a gradient step", 9, ["response-1-seat-0"]),
        ((), "at a report", 45, ["response-1-seat-0", "response-1-seat-1"]),
        ((), "before an append", 2, []),
        (("--payoffs", "played", "--cell-games", 40), "before a match", 1, []),
    ],
    ids=["in the first job", "in the second job", "between jobs", "among matches"],
)
def test_a_signal_saves_the_job_at_hand_and_names_the_command_to_go_on_with(
    zygote: Zygote,
    uninterrupted: Callable[..., Path],
    tmp_path: Path,
    number: str,
    flags: tuple[object, ...],
    point: str,
    after: int,
    saved: list[str],
):
    run = tmp_path / "a run"
    running = zygote.start("run", *TWO, *flags, "--run-dir", run, strikes=[strike(point, after, signal=number)])
    sentence = running.wait().sentence
    assert f"go on with `redqueen resume '{run}'`" in sentence
    assert checkpoints(run) == saved
    assert status_of(str(run))["state"] == "interrupted"
    assert (run / "log.txt").read_text().endswith(" interrupted\n")
    assert zygote.run("resume", run, "--json").result["stopped"] == "iterations"
    assert digest(run) == digest(uninterrupted(*TWO, *flags))


@pytest.mark.parametrize(("number", "status"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_second_signal_stops_at_once_and_loses_nothing_finished(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path, number: str, status: int
):
    run, strikes = tmp_path / "run", [strike("at a gradient step", after, signal=number) for after in (370, 371)]
    ended = zygote.run("run", *TWO, "--run-dir", run, eager=True, strikes=strikes)
    assert (ended.status, ended.out) == (status, "")
    assert ended.err == "stopping after the job at hand; again to stop at once\n"
    assert checkpoints(run) == ["response-2-seat-0"]
    assert len(bodies(run, "member")) == 2
    assert zygote.run("resume", run, "--json").result["stopped"] == "iterations"
    assert digest(run) == digest(uninterrupted(*TWO))


def test_what_a_terminal_sends_to_all_processes_stops_a_league_with_workers_and_keeps_their_work(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path
):
    run, argv = tmp_path / "run", (*LONG, "--run-dir", tmp_path / "run", "--workers", 2)
    starting = strike("after an append", 1, signal="SIGINT", to="group")
    assert_interrupted(zygote.start("run", *argv, strikes=[starting]), run)
    training = strike("at a report", 4, signal="SIGTERM", to="group")
    assert_interrupted(zygote.start("resume", run, "--workers", 2, "--json", strikes=[training]), run)
    assert checkpoints(run) == ["response-1-seat-0", "response-1-seat-1"]
    assert "updates" not in (run / "log.txt").read_text()  # neither job was waited for
    assert zygote.run("resume", run, "--workers", 1, "--json").result["stopped"] == "iterations"
    assert digest(run) == digest(uninterrupted(*LONG))


def test_the_installed_command_is_stopped_by_ctrl_c_and_refuses_company_while_it_runs(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path
):
    run, argv = tmp_path / "run", LONG
    with command("run", *argv, "--run-dir", run) as process:
        while not ((run / "log.txt").exists() and "iteration 0/2" in (run / "log.txt").read_text()):
            assert process.poll() is None
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGSTOP)
        seen = zygote.run("status", run, "--json").result
        assert (seen["state"], seen["iterations"], seen["stopped"]) == ("running", 0, None)
        for another in (("resume", run), ("run", *argv, "--run-dir", run)):
            assert f"{run} is being written by process {process.pid}" in zygote.run(*another).sentence
        assert len(bodies(run, "league", "limits")) == 2
        os.killpg(process.pid, signal.SIGINT)
        os.killpg(process.pid, signal.SIGCONT)
        assert f"go on with `redqueen resume {run}`" in ended(process).sentence
    assert status_of(str(run))["state"] == "interrupted"
    with command("resume", run, "--json") as process:
        assert ended(process).result["stopped"] == "iterations"
    assert digest(run) == digest(uninterrupted(*argv))


# Limits.


def test_a_finished_league_is_resumed_to_the_same_answer_and_not_a_byte_changes(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path
):
    finished = zygote.run("run", *TWO, "--run-dir", tmp_path / "run").result
    before = contents(tmp_path / "run")
    for argv in ([], ["--iterations", 2], ["--workers", 2]):
        assert zygote.run("resume", f"{tmp_path}/run/", "--json", *argv).result == finished
    assert zygote.run("status", f"{tmp_path}/run/", "--json").result == {**finished, "state": "finished"}
    sentence = zygote.run("resume", tmp_path / "run", "--iterations", 1).sentence
    assert "already has 2 iterations and 1 were asked for" in sentence
    assert "go on with `redqueen resume" in zygote.run("run", *TWO, "--run-dir", tmp_path / "run").sentence
    assert contents(tmp_path / "run") == before


def contents(run: Path) -> dict[str, bytes]:
    """Return what lies in a run's folder, but for who locked it last."""
    return {
        str(path.relative_to(run)): path.read_bytes()
        for path in run.rglob("*")
        if path.is_file() and path.name != "lock"
    }


@pytest.mark.parametrize("flags", [(), ("--oracle", "exact"), ("--payoffs", "played", "--cell-games", 40)])
def test_three_iterations_extended_to_five_are_five(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path, flags: tuple[object, ...]
):
    argv, run = ("kuhn_poker", *TINY, *flags), tmp_path / "run"
    assert zygote.run("run", *argv, "--iterations", 3, "--run-dir", run).result["iterations"] == 3
    result = zygote.run("resume", run, "--iterations", 5, "--json").result
    whole = uninterrupted(*argv, "--iterations", 5)
    assert result["iterations"] == 5
    assert {**result, **dict.fromkeys(("run_dir", "seconds"))} == {
        **zygote.run("resume", whole, "--json").result,
        **dict.fromkeys(("run_dir", "seconds")),
    }
    for kind in ("member", "payoffs", "meta"):
        assert bodies(run, kind) == bodies(whole, kind)
    assert [body["iterations"] for body in bodies(run, "limits")] == [3, 5]
    assert [body["iterations"] for body in bodies(run, "stopped")] == [3, 5]


def test_a_kill_in_an_extension_is_a_kill_like_any_other(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path
):
    argv, run = ("kuhn_poker", *TINY, "--iterations"), tmp_path / "run"
    assert zygote.run("run", *argv, 3, "--run-dir", run).result["iterations"] == 3
    for point in ("after an append", "inside an update", "after a checkpoint's removal"):
        killed = zygote.run("resume", run, "--iterations", 5, "--json", strikes=[strike(point)])
        assert killed.status == -signal.SIGKILL
        assert status_of(str(run))["state"] == "interrupted"
    assert zygote.run("resume", run, "--json").result["iterations"] == 5
    assert [body["iterations"] for body in bodies(run, "limits")] == [3, 5]
    for kind in ("member", "payoffs", "meta"):
        assert bodies(run, kind) == bodies(uninterrupted(*argv, 5), kind)


@pytest.mark.parametrize("point", ["at a gradient step", "before a match"])
def test_when_the_time_runs_out_the_job_at_hand_is_kept_for_an_extension(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path, point: str
):
    flags = ("--payoffs", "played", "--cell-games", 40) if point == "before a match" else ()
    argv, run = (*TWO, *flags), tmp_path / "run"
    late = [strike(point, 9 if point == "at a gradient step" else 2, signal="no time")]
    result = zygote.run("run", *argv, "--hours", 100, "--run-dir", run, strikes=late).result
    assert result["stopped"] == "hours"
    assert result["iterations"] == len(bodies(run, "meta")) - 1 == 0
    assert checkpoints(run) == (["response-1-seat-0"] if point == "at a gradient step" else [])
    again = zygote.run("resume", run, "--json").result
    assert again == result
    assert zygote.run("resume", run, "--hours", 100, "--json").result["stopped"] == "iterations"
    for kind in ("member", "payoffs", "meta"):
        assert bodies(run, kind) == bodies(uninterrupted(*argv), kind)


def test_hours_count_what_all_processes_took_and_come_on_top_in_an_extension(zygote: Zygote, tmp_path: Path):
    argv, run = ("kuhn_poker", *TINY, "--iterations", 2, "--hours", 1e-7), tmp_path / "run"
    result = zygote.run("run", *argv, "--run-dir", run).result
    assert (result["stopped"], result["iterations"]) == ("hours", 0)
    assert result["exploitability"]["by_iteration"]
    taken = result["seconds"] / 3600
    assert zygote.run("resume", run, "--hours", 1, "--json").result["stopped"] == "iterations"
    assert bodies(run, "limits")[-1]["hours"] == pytest.approx(1 + taken)


def test_the_limit_that_ended_a_league_is_lifted_when_another_is_asked_for(zygote: Zygote, tmp_path: Path):
    run = tmp_path / "run"
    argv = ("kuhn_poker", *TINY, "--oracle", "exact", "--run-dir", run)
    steps = [
        (("run", *argv, "--iterations", 4, "--target-exploitability", 0.4), "target_exploitability", None),
        (("resume", run, "--iterations", 4, "--json"), "iterations", 4),
        (("resume", run, "--hours", 1e-9, "--json"), "hours", 4),
        (("resume", run, "--iterations", 5, "--json"), "iterations", 5),
        (("resume", run, "--target-exploitability", 1e-6, "--json"), "equilibrium", 6),
    ]
    for step, reason, iterations in steps:
        result = zygote.run(*step).result
        assert result["stopped"] == reason
        assert iterations in (None, result["iterations"])


# The log.


def test_a_log_that_cannot_be_written_stops_nothing(zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "log.txt").symlink_to("/dev/full")
    assert zygote.run("run", *TWO, "--run-dir", run).result["stopped"] == "iterations"
    assert digest(run) == digest(uninterrupted(*TWO))
