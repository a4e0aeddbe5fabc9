"""`redqueen evaluate`: lower bounds by responses, and matches against several agents."""

import math

import pytest
from processes import Zygote, strike

from arena.cells import Cell
from league.evaluating import evaluate_agent
from league.showing import show_evaluation

PPO = ("--best-response", "ppo", "--updates", 3, "--seeds", 2, "--games", 500)

BOTS = """
import torch
from agents.agent import Random
class Plays:
    def start(self, seats, draws): ...
    def act(self, turn): return turn.legal.int().argmax(1)
class Says(Plays):
    def behaviour(self, tree): return tree.read(lambda seen, legal, seats: (legal.cumsum(1) == 1) & legal)
"""

COLUMNS = ("response", "own", "gain")


def assert_consistent(result, *, players=2):
    """The parts of a bound fit together."""
    bound = result["best_response"]
    assert bound["kind"] == "lower bound"
    assert [seat["seat"] for seat in bound["seats"]] == list(range(players))
    for seat in bound["seats"]:
        assert seat["gain"] == pytest.approx(seat["response"] - seat["own"])
        for name in COLUMNS:
            low, high = seat[f"{name}_interval"]
            assert (-math.inf if low is None else low) <= seat[name] <= inf(high)
    assert bound["gains"] == [seat["gain"] for seat in bound["seats"]]
    counted = sum(seat["gain"] for seat in bound["seats"] if seat["counted"])
    assert bound["nash_conv"] == pytest.approx(max(counted, 0.0))
    assert bound["clipped"] == (counted < 0)
    assert bound["exploitability"] == pytest.approx(bound["nash_conv"] / players)
    low, high = bound["interval"]
    assert 0 <= low <= bound["exploitability"] <= inf(high)
    return bound


def inf(bound):
    return math.inf if bound is None else bound


def test_ppo_tells_its_budget_and_stands_beside_the_exact_figure(zygote: Zygote):
    argv = ("evaluate", "kuhn_poker", "random", *PPO)
    result = zygote.run(*argv, "--json").result
    assert (result["kind"], result["exploitability"]) == ("exact", pytest.approx(11 / 24))
    bound = assert_consistent(result)
    assert bound["method"] == "ppo"
    assert bound["budget"] == {"updates": 3, "games_per_update": 1024, "seeds": 2}
    assert (bound["games"], bound["choosing_games"]) == (500, 500)
    for seat in bound["seats"]:
        low, high = seat["gain_interval"]
        assert low < seat["exact_gain"] < high
    assert zygote.run(*argv, "--json").result == result
    assert zygote.run(*argv, "--seed", 1, "--json").result["best_response"] != result["best_response"]
    shown = zygote.run(*argv).out
    assert "exploitability 0.458333 (exact)" in shown
    assert f"exploitability at least {bound['interval'][0]:.6g} (95 %), estimated at" in shown
    assert "lower bound), by PPO, the best of 2 responses a seat, 3 updates of 1,024 games each; 500" in shown


def test_local_best_response_is_measured_and_evaluated_exactly(zygote: Zygote):
    result = zygote.run("evaluate", "leduc_poker", "random", "--best-response", "local", "--json").result
    bound = assert_consistent(result)
    assert (bound["method"], bound["budget"], bound["games"]) == ("local", None, 10_000)
    exact = [seat["exact_gain"] for seat in bound["seats"]]
    assert exact == pytest.approx([1.80775463, 2.54872685])
    low, high = bound["interval"]
    assert low < sum(exact) / 2 < high < result["exploitability"]


def test_a_bound_needs_no_tree(zygote: Zygote):
    result = zygote.run("evaluate", "connect_four", "random", *PPO, "--json").result
    assert result["kind"] is None
    bound = assert_consistent(result)
    assert bound["interval"][0] > 0
    assert [seat["exact_gain"] for seat in bound["seats"]] == [None, None]


def test_where_returns_have_no_bounds_intervals_may_have_none(capsys):
    pytest.importorskip("pettingzoo")
    result = evaluate_agent(
        "pettingzoo:classic/rps-v2", "random", games=1, best_response="ppo", updates=1, seeds=1, device="cpu"
    )
    bound = assert_consistent(result)
    assert {tuple(seat["response_interval"]) for seat in bound["seats"]} == {(None, None)}
    show_evaluation(result)
    shown = capsys.readouterr().out
    assert "exploitability unknown, the game has no" in shown
    assert "exploitability not shown to be above 0 (95 %)" in shown
    assert "[-inf, +inf]" in shown


@pytest.mark.parametrize(("bot", "exact"), [("Plays", False), ("Says", True)])
def test_bots_are_bounded_too(zygote: Zygote, tmp_path, bot, exact):
    (tmp_path / "bots.py").write_text(BOTS)
    name = f"{tmp_path / 'bots.py'}:{bot}"
    bound = assert_consistent(zygote.run("evaluate", "kuhn_poker", name, *PPO, "--json").result)
    assert bound["nash_conv"] > 0.5
    assert all((seat["exact_gain"] is not None) == exact for seat in bound["seats"])
    locally = ("evaluate", "kuhn_poker", name, "--best-response", "local")
    if exact:
        assert assert_consistent(zygote.run(*locally, "--json").result)["nash_conv"] > 0.5
    else:
        assert "this one can only be played: use --best-response ppo" in zygote.run(*locally).sentence


def test_the_equilibrium_of_a_league_is_a_mixture_and_bounded(zygote: Zygote, tmp_path):
    zygote.run("run", "leduc_poker", "--oracle", "exact", "--iterations", 3, "--run-dir", tmp_path / "run", "--json")
    argv = ("evaluate", "leduc_poker", f"{tmp_path / 'run'}@nash", "--best-response", "local", "--json")
    result = zygote.run(*argv).result
    bound = assert_consistent(result)
    for seat, most in zip(bound["seats"], result["gains"], strict=True):
        assert seat["gain_interval"][0] < seat["exact_gain"] < seat["gain_interval"][1]
        assert 0.5 * most < seat["exact_gain"] <= most


def test_what_gains_nothing_says_so(zygote: Zygote):
    argv = ("evaluate", "leduc_poker", "cfr+(iterations=300)", *PPO, "--games", 4000)
    bound = assert_consistent(zygote.run(*argv, "--json").result)
    assert [seat["counted"] for seat in bound["seats"]] == [False, False]
    assert (bound["exploitability"], bound["interval"]) == (0.0, [0.0, 0.0])
    assert all(seat["gain"] < 0 for seat in bound["seats"])
    shown = zygote.run(*argv).out
    assert "seat 0 is not counted" in shown
    assert "seat 1 is not counted" in shown


def test_several_opponents_get_a_row_each(zygote: Zygote):
    names = ("random", "cfr+(iterations=100)")
    against = [word for name in names for word in ("--against", name)]
    argv = ("evaluate", "kuhn_poker", "cfr+(iterations=100)", *against, "--games", 3000)
    result = zygote.run(*argv, "--json").result
    assert [match["against"] for match in result["matches"]] == list(names)
    assert "seats" not in result
    for match, wins in zip(result["matches"], (True, False), strict=True):
        overall, seats = match["overall"], match["seats"]
        assert overall["wins"] + overall["draws"] + overall["losses"] == 2 * match["games"] == 6000
        assert overall["wins"] == sum(seat["wins"] for seat in seats)
        assert overall["mean"] == pytest.approx(sum(seat["mean"] for seat in seats) / 2)
        low, high = overall["interval"]
        assert (low > 0) == wins
        assert low < overall["mean"] < high
    alone = zygote.run(*argv[:3], "--against", "random", "--games", 3000, "--json").result
    assert alone["matches"] == result["matches"][:1]
    assert {key: alone[key] for key in ("against", "games", "seats")}.items() <= alone["matches"][0].items()
    shown = zygote.run(*argv).out
    assert "in all seats, 3,000 games a seat" in shown
    assert [line.split()[0] for line in shown.splitlines()[-2:]] == list(names)


def test_no_opponent_gives_no_match():
    assert "matches" not in evaluate_agent("kuhn_poker", "random")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("kuhn_poker random --updates 3", "--updates 3 was given without --best-response"),
        ("kuhn_poker random --best-response local --seeds 3", "--seeds 3 was given with --best-response local"),
        ("kuhn_poker random --best-response ppo --updates 0", "'0'"),
        ("kuhn_poker random --best-response exact", "'exact'"),
        ("tic_tac_toe random --best-response local", "is for two-player poker, kuhn_poker, leduc_poker"),
        ("kuhn_poker random --against random --against randon", "'randon'; did you mean 'random'"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(zygote: Zygote, line, says):
    assert says in zygote.run("evaluate", *line.split()).sentence


def test_an_interrupt_ends_the_training_and_prints_nothing(zygote: Zygote):
    argv = ("evaluate", "kuhn_poker", "random", "--best-response", "ppo", "--updates", 1_000_000, "--json")
    ended = zygote.start(*argv, strikes=[strike("at a gradient step", 20, signal="SIGINT")]).wait()
    assert (ended.status, ended.out) == (130, "")


def test_games_are_pooled_as_they_were_played():
    """In a game whose seats are paid unlike, the agent's mean over all seats is not that of its opponents."""
    result = evaluate_agent("matrix(payoffs=[[[3, 1]]])", "random", against=["random"], games=10)
    assert [seat["mean"] for seat in result["seats"]] == [3.0, 1.0]
    assert result["overall"]["mean"] == 2.0
    assert (result["overall"]["wins"], result["overall"]["losses"]) == (10, 10)
    assert result["overall"]["interval"] == Cell.of([[3.0]] * 10 + [[1.0]] * 10).interval((1.0, 3.0))[0].tolist()
