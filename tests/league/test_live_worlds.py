"""Leagues over PettingZoo's environments, whose states cannot be copied and whose returns have no known bounds."""

import json
import math

import pytest
from processes import TINY

pytest.importorskip("pettingzoo")

ROCK_PAPER_SCISSORS = "pettingzoo:classic/rps-v2(max_cycles=3)"
SHORT = (*TINY, "--iterations", "2", "--cell-games", "40")


def finite(value):
    """Whether every number in a JSON value is finite."""
    if isinstance(value, dict | list):
        return all(map(finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


@pytest.mark.parametrize(
    "game",
    [
        ROCK_PAPER_SCISSORS,
        "pettingzoo:classic/leduc_holdem-v4",
        "pettingzoo:mpe2/simple_spread-v3(N=2, continuous_actions=True, max_cycles=3)",
    ],
)
def test_a_league_runs_to_its_end_and_again_the_same(game, zygote, uninterrupted, tmp_path):
    folder = uninterrupted(game, *SHORT)
    status = zygote.run("status", folder, "--json").result
    assert status["game"] == game
    assert (status["stopped"], status["exploitability"]["kind"]) == ("iterations", "lower bound")
    assert len(status["ratings"]) == 3
    assert finite(status)
    again = zygote.run("run", game, *SHORT, "--run-dir", tmp_path / "run").result
    assert again["population"] == status["population"]


def test_intervals_without_bounds_are_null_in_json_and_infinite_in_print(zygote, uninterrupted):
    folder = uninterrupted(ROCK_PAPER_SCISSORS, *SHORT)
    evaluate = ("evaluate", ROCK_PAPER_SCISSORS, f"{folder}@nash", "--against", "random")
    once = zygote.run(*evaluate, "--games", "1", "--json").result
    assert [seat["interval"] for seat in once["seats"]] == [[None, None]] * 2
    assert once["reason"] == "the game has no tree, for its states cannot be copied"
    often = zygote.run(*evaluate, "--games", "30", "--json").result
    assert all(low < seat["mean"] < high for seat in often["seats"] for low, high in [seat["interval"]])
    assert zygote.run(*evaluate, "--games", "1").out.count("[-inf, +inf]") == 2


def test_utilities_that_a_person_tells_bound_the_intervals_and_let_nash_serve(zygote, tmp_path):
    game = "pettingzoo:classic/tictactoe-v3(utility=(-1, 1), zero_sum=True)"
    told = zygote.run("run", game, *SHORT, "--run-dir", tmp_path / "run").result
    assert told["solver"] == "nash"
    once = zygote.run(
        *("evaluate", game, f"{tmp_path / 'run'}@nash", "--against", "random", "--games", "1", "--json")
    ).result
    assert [seat["interval"] for seat in once["seats"]] == [[-1.0, 1.0]] * 2


@pytest.mark.parametrize("flags", [("--oracle", "exact"), ("--payoffs", "exact")])
def test_what_needs_a_tree_is_refused_with_the_reason(flags, zygote):
    sentence = zygote.run("run", ROCK_PAPER_SCISSORS, *flags).sentence
    assert "has none, for its states cannot be copied: use --oracle ppo and --payoffs played" in sentence
    assert "--tree-limit" not in sentence


def test_a_table_cannot_be_exported_and_says_why(zygote, uninterrupted):
    folder = uninterrupted(ROCK_PAPER_SCISSORS, *SHORT)
    assert "its states cannot be copied: export a snapshot instead" in zygote.run("export", f"{folder}@nash").sentence


def test_check_game_answers_in_json(zygote):
    report = zygote.run("check-game", ROCK_PAPER_SCISSORS, "--json").result
    assert report["passed"]
    assert {"purity", "row indexing"} <= {check["name"] for check in report["checks"] if check["outcome"] == "skipped"}
    json.dumps(report, allow_nan=False)
