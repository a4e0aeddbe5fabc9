"""Tournaments from the command line: what they print, what they keep, and that nothing shakes them."""

import csv
import io
import json
import os
import random
import signal
import time
from pathlib import Path

import pyarrow.parquet
import pytest
from chess import pgn
from processes import Zygote, bodies, digest, gone, strike

from league.tournament.writing import games_of

POKER = ("kuhn_poker", "random", "cfr+(iterations=5)", "cfr+(iterations=50)", "cfr(iterations=2)", "--seed", 7)
MANY = (*POKER, "--repetitions", 9000)
"""Each encounter is a job of its own, since it takes more than one batch."""

FORMATS = ("round-robin", "gauntlet", "swiss", "knockout", "double-elimination", "adaptive")


def taken_up(run: Path, argv: tuple[object, ...]) -> tuple[object, ...]:
    """Return the command that a person gives after a kill."""
    begun = (run / "ledger.sqlite").exists() and bodies(run, "tournament")
    return ("resume", run, "--json") if begun else ("tournament", *argv, "--run-dir", run, "--json")


@pytest.mark.parametrize("format", FORMATS)
def test_one_worker_or_two_or_a_kill_between_give_one_ledger(zygote: Zygote, tmp_path: Path, format: str) -> None:
    argv = (*MANY, "--format", format)
    result = zygote.run("tournament", *argv, "--workers", 1, "--run-dir", tmp_path / "one", "--json").result
    running = zygote.start("tournament", *argv, "--workers", 2, "--run-dir", tmp_path / "two", "--json", pooled=True)
    assert running.wait().result["ranking"] == result["ranking"]
    assert gone(running.pid)
    for after in (2, 1):
        argv_now = (*taken_up(tmp_path / "killed", (*argv, "--workers", 1)),)
        ended = zygote.run(*argv_now, strikes=[strike("after an append", after)])
        assert ended.status == -signal.SIGKILL
    resumed = zygote.run("resume", tmp_path / "killed", "--json").result
    assert resumed["ranking"] == result["ranking"]
    assert resumed["stopped"] == result["stopped"] == "finished"
    assert digest(tmp_path / "one") == digest(tmp_path / "two") == digest(tmp_path / "killed")
    status = zygote.run("status", tmp_path / "one", "--json").result
    assert {**status, "state": None} == {**result, "state": None}
    assert status["state"] == "finished"


def test_a_tournament_killed_at_any_time_ends_like_one_left_alone(zygote: Zygote, tmp_path: Path) -> None:
    argv, times, run = (*MANY, "--workers", 1), random.Random(1), tmp_path / "run"
    for _ in range(6):
        running = zygote.start(*taken_up(run, argv))
        time.sleep(times.random() * 0.2)
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    assert zygote.run(*taken_up(run, argv)).result["stopped"] == "finished"
    assert zygote.run("tournament", *argv, "--run-dir", tmp_path / "whole", "--json").result["stopped"] == "finished"
    assert digest(run) == digest(tmp_path / "whole")


def test_an_interrupt_says_how_to_go_on(zygote: Zygote, tmp_path: Path) -> None:
    run = tmp_path / "run"
    argv = ("tournament", *MANY, "--workers", 1, "--run-dir", run, "--json")
    ended = zygote.run(*argv, strikes=[strike("after an append", 1, signal="SIGINT")])
    assert f"go on with `redqueen resume {run}`" in ended.sentence
    assert zygote.run("status", run, "--json").result["state"] == "interrupted"
    assert zygote.run("resume", run, "--json").result["stopped"] == "finished"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupt_does_not_wait_for_a_move_that_takes_minutes(zygote: Zygote, tmp_path: Path, workers: int) -> None:
    run = tmp_path / "run"
    argv = ("tournament", "connect_four", "perfect", "random", "--workers", workers, "--run-dir", run, "--json")
    running = zygote.start(*argv, pooled=workers > 1)
    while not (run / "ledger.sqlite").exists() or not bodies(run, "limits"):
        time.sleep(0.01)
    time.sleep(1)
    os.kill(running.pid, signal.SIGINT)
    assert f"go on with `redqueen resume {run}`" in running.wait().sentence
    assert gone(running.pid)
    assert zygote.run("status", run, "--json").result["games"] == 0


def test_a_full_disk_loses_nothing(zygote: Zygote, tmp_path: Path) -> None:
    run = tmp_path / "run"
    argv = ("tournament", *MANY, "--workers", 1, "--run-dir", run, "--json")
    assert "redqueen resume" in zygote.run(*argv, room=200_000).sentence
    done = len(bodies(run, "encounter"))
    assert zygote.run("resume", run, "--json").result["stopped"] == "finished"
    assert 0 < done < len(bodies(run, "encounter"))
    assert zygote.run("tournament", *MANY, "--run-dir", tmp_path / "whole", "--json").result
    assert digest(run) == digest(tmp_path / "whole")


def test_two_processes_do_not_write_one_tournament(zygote: Zygote, tmp_path: Path) -> None:
    run = tmp_path / "run"
    argv = ("tournament", *POKER, "--format", "league", "--workers", 1, "--run-dir", run, "--json")
    running = zygote.start(*argv)
    while not (run / "ledger.sqlite").exists() or not bodies(run, "encounter"):
        time.sleep(0.01)
    assert "is being written by process" in zygote.run("resume", run, "--json").sentence
    os.kill(running.pid, signal.SIGINT)
    assert "interrupted" in running.wait().sentence


def test_agents_join_and_leave_a_league_that_runs(zygote: Zygote, tmp_path: Path) -> None:
    run = tmp_path / "run"
    argv = ("tournament", "kuhn_poker", "random", "random", "--format", "league", "--workers", 1, "--run-dir", run)
    running = zygote.start(*argv, "--json")
    while not (run / "ledger.sqlite").exists() or not bodies(run, "encounter"):
        time.sleep(0.01)
    entered = zygote.run("enter", run, "cfr+(iterations=9)", "--json").result
    assert entered["agent"]["name"] == "cfr+(iterations=9)"
    while not any(2 in body["lineup"] for body in bodies(run, "encounter")):
        time.sleep(0.01)
    assert zygote.run("withdraw", run, "random", "--json").result["number"] == 0
    while not bodies(run, "withdrew"):
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGINT)
    running.wait()
    assert "has two agents left" in zygote.run("withdraw", run, "random#2", "--json").sentence
    assert zygote.run("enter", run, "random", "--json").result["agent"]["name"] == "random#3"  # nobody writes: at once
    status = zygote.run("status", run, "--json").result
    assert {row["agent"]: row["withdrawn"] for row in status["ranking"]} == {
        "random": True,
        "random#2": False,
        "cfr+(iterations=9)": False,
        "random#3": False,
    }
    assert zygote.run("resume", run, "--hours", 0.0001, "--json").result["stopped"] == "hours"


def test_what_is_printed_adds_up(zygote: Zygote, tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = zygote.run("tournament", *POKER, "--repetitions", 50, "--run-dir", run, "--json").result
    assert [
        set(row) >= {"agent", "score", "elo", "interval", "wins", "draws", "losses", "faults"}
        for row in result["ranking"]
    ]
    assert result["games"] == 6 * 50 * 2
    assert sum(row["games"] for row in result["ranking"]) == 2 * result["games"]
    assert sum(row["score"] for row in result["ranking"]) == pytest.approx(0)
    means = [row["score"] for row in result["ranking"]]
    assert means == sorted(means, reverse=True)
    table = result["crosstable"]
    assert table["agents"] == [row["agent"] for row in result["ranking"]]
    for place, row in enumerate(result["ranking"]):
        for key in ("wins", "draws", "losses"):
            assert sum(table[key][place]) == row[key]
        assert row["interval"][0] < row["elo"] < row["interval"][1]
    shown = zygote.run("status", run)
    assert shown.status == 0
    assert all(row["agent"] in shown.out for row in result["ranking"])
    assert "wins-draws-losses" in shown.out


def test_games_are_written_in_forms_that_others_read(zygote: Zygote, tmp_path: Path) -> None:
    run = tmp_path / "run"
    argv = ("tournament", "open_spiel:chess", "random", "random", "--repetitions", 1, "--workers", 1, "--run-dir", run)
    assert zygote.run(*argv, "--json").result["games"] == 2
    lines = [json.loads(line) for line in zygote.run("export", run).out.splitlines()]
    rows = list(csv.DictReader(io.StringIO(zygote.run("export", run, "--format", "csv").out)))
    zygote.run("export", run, "--format", "parquet", "--output", tmp_path / "games.parquet")
    columns = pyarrow.parquet.read_table(tmp_path / "games.parquet").to_pylist()
    notation = io.StringIO(zygote.run("export", run, "--format", "pgn").out)
    recorded = list(games_of(str(run))[1])
    assert len(lines) == len(rows) == len(columns) == len(recorded) == 2
    for line, row, column, game in zip(lines, rows, columns, recorded, strict=True):
        assert line["actions"] == game.actions.tolist()
        assert row["actions"] == column["actions"] == " ".join(map(str, game.actions))
        assert (row["first"], row["second"]) == (column["first"], column["second"]) == tuple(game.seats)
        assert float(row["score"]) == column["score"] == game.points[0] == line["points"][0]
        theirs = pgn.read_game(notation)
        assert theirs is not None
        assert not theirs.errors
        assert len(list(theirs.mainline_moves())) == len(game.actions)
        assert theirs.end().board().result(claim_draw=True) == theirs.headers["Result"]
    assert "PGN is for games of two who see everything" in pgn_of_poker(zygote, tmp_path)


def pgn_of_poker(zygote: Zygote, folder: Path) -> str:
    run = folder / "poker"
    assert zygote.run("tournament", *POKER, "--repetitions", 1, "--run-dir", run, "--json").result
    return zygote.run("export", run, "--format", "pgn").sentence


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("kuhn_poker", "random"), "expected 2 agents or more but got 1"),
        (("kuhn_poker", "random", "rando"), "no agent called 'rando'"),
        (("kuhn_pokr", "random", "random"), "did you mean 'kuhn_poker'"),
        (("kuhn_poker", "random", "random", "--zoo", "axelrod"), "no field of agents called 'axelrod'"),
        (("kuhn_poker", "random", "random", "--format", "cup"), "--help"),
        (("kuhn_poker", "random", "random", "--repetitions", 0), "--repetitions"),
        (("kuhn_poker", "random", "random", "--hours", 0), "--hours"),
        (("kuhn_poker", "random", "random", "--rounds", 3), "--rounds is for --format swiss"),
        (("kuhn_poker", "random", "random", "--encounters", 3), "--encounters is for --format adaptive"),
        (("kuhn_poker", "random", "random", "--format", "gauntlet", "--heads", 2), "--heads 2 leaves nobody"),
        (("open_spiel:kuhn_poker(players=3)", "random", "random", "--format", "swiss"), "is for games of two"),
        (("kuhn_poker", "random", "nobot.py"), "nobot.py"),
    ],
)
def test_what_cannot_be_held_is_told_in_a_sentence(zygote, tmp_path, argv, words) -> None:
    ended = zygote.run("tournament", *argv, "--run-dir", tmp_path / "run")
    assert words in ended.sentence
    assert not (tmp_path / "run").exists()


def test_folders_that_hold_something_else_are_refused(zygote: Zygote, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    argv = ("tournament", "kuhn_poker", "random", "random")
    assert "holds other files" in zygote.run(*argv, "--run-dir", tmp_path).sentence
    run = tmp_path / "run"
    assert zygote.run(*argv, "--run-dir", run, "--json").result
    assert "already holds a run" in zygote.run(*argv, "--run-dir", run).sentence
    assert "--iterations extends a league" in zygote.run("resume", run, "--iterations", 3).sentence
    assert "is a tournament, and a league was expected" in zygote.run("evaluate", "kuhn_poker", f"{run}@0").sentence
    assert "is no tournament of the league format" in zygote.run("enter", run, "random").sentence
