"""`redqueen sprt`, from counts and by playing."""

import json
import signal

import pytest
from typer.testing import CliRunner

from arena.sprt.playing import PairPlayer
from games.errors import UserError
from league.sprt.command import commands as app
from league.sprt.counts import sprt_counts
from league.sprt.playing import sprt_games
from league.sprt.showing import show_sprt

PROMISED = {"llr", "bounds", "decision", "elo", "interval", "normalized_elo", "los", "games", "remaining"}


def test_counts_of_pairs_tell_where_a_test_stands(capsys):
    result = sprt_counts(pentanomial="34,54,63,64,75", elo0=0, elo1=10)
    assert set(result) > PROMISED
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert result["games"] == 580
    assert round(result["elo"], 2) == 55.58
    assert round(result["normalized_elo"], 2) == 57.94
    assert result["wins"] is None
    assert sprt_counts(pentanomial=[34, 54, 63, 64, 75], elo0=0, elo1=10) == result
    show_sprt(result)
    shown = capsys.readouterr().out
    assert f"LLR {result['llr']:+.2f} (-2.94, 2.94)" in shown
    assert "34, 54, 63, 64, 75" in shown


def test_counts_of_games_tell_the_estimate_that_is_published():
    result = sprt_counts(wins=136, draws=111, losses=96, elo0=0, elo1=10, model="bayeselo")
    assert round(result["elo"], 2) == 40.70
    assert round(result["error"], 2) == 30.43
    assert round(result["los"], 4) == 0.9960
    assert (result["wins"], result["draws"], result["losses"]) == (136, 111, 96)
    assert result["pentanomial"] is None
    low, high = result["remaining"]["interval"]
    assert 0 < low < result["remaining"]["median"] < high


@pytest.mark.parametrize("counts", [{"wins": 0, "draws": 0, "losses": 0}, {"pentanomial": "0,0,0,0,0"}])
def test_no_games_at_all_are_an_undecided_test(counts, capsys):
    result = sprt_counts(**counts)
    assert (result["llr"], result["decision"], result["elo"], result["remaining"]) == (0, None, None, None)
    json.dumps(result, allow_nan=False)
    show_sprt(result)
    assert "Elo unknown" in capsys.readouterr().out


def test_wins_alone_decide_and_what_they_do_not_bound_is_null(capsys):
    result = sprt_counts(wins=500, draws=0, losses=0)
    assert result["decision"] == "H1"
    assert result["elo"] is None
    assert result["interval"] == [None, None]
    assert result["remaining"] is None
    json.dumps(result, allow_nan=False)
    show_sprt(result)
    assert "H1 accepted: Elo 5 rather than 0" in capsys.readouterr().out
    assert sprt_counts(wins=0, draws=0, losses=500)["decision"] == "H0"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "needs counts"),
        ({"pentanomial": "1,2,3,4,5", "wins": 3}, "give one of the two"),
        ({"pentanomial": "1,2,3"}, "and got 3"),
        ({"pentanomial": "1,2,3,4,-5"}, "not '-5'"),
        ({"pentanomial": "1,2,3,4,x"}, "not 'x'"),
        ({"pentanomial": [1, 2, 3, 4, 5.5]}, "not '5.5'"),
        ({"wins": 3, "losses": 4}, "--draws is not given"),
        ({"wins": -3, "draws": 1, "losses": 4}, "--wins takes whole numbers from 0 up, not '-3'"),
        ({"pentanomial": "1,2,3,4,5", "elo0": 5.0, "elo1": 5.0}, "elo1 must be greater"),
        ({"pentanomial": "1,2,3,4,5", "alpha": 1.5}, "alpha is the chance"),
        ({"pentanomial": "1,2,3,4,5", "model": "bayeselo"}, "BayesElo is a model of single games"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_a_sentence(asked, said):
    with pytest.raises(UserError) as caught:
        sprt_counts(**asked)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_stronger_agent_is_found_and_a_test_goes_on_to_the_same_end():
    names = ("tic_tac_toe", "cfr(iterations=10)", "random")
    whole = sprt_games(*names, elo1=100.0, seed=4)
    assert whole["decision"] == "H1"
    assert whole["stopped"] == "decided"
    assert whole["games"] == 2 * sum(whole["pentanomial"]) == sum(whole[key] for key in ("wins", "draws", "losses"))
    json.dumps(whole, allow_nan=False)
    assert sprt_games(*names, elo1=100.0, seed=4) | {"seconds": 0} == whole | {"seconds": 0}
    part = sprt_games(*names, elo1=100.0, seed=4, games=whole["games"] // 2)
    assert part["stopped"] == "games"
    assert f"--pentanomial {','.join(map(str, part['pentanomial']))}" in part["resume"]
    assert "--games" not in part["resume"]
    rest = sprt_games(*names, elo1=100.0, seed=4, pentanomial=part["pentanomial"])
    assert rest["pentanomial"] == whole["pentanomial"]
    assert rest["wins"] is None
    other = sprt_games(names[0], names[2], names[1], elo1=100.0, seed=4)
    assert other["decision"] == "H0"


def test_bayeselo_judges_the_games_of_pairs_one_by_one():
    result = sprt_games("tic_tac_toe", "random", "random", elo1=50.0, model="bayeselo", games=100)
    assert result["pentanomial"] is None
    assert result["wins"] + result["draws"] + result["losses"] == result["games"] == 100
    assert result["wins"] == result["losses"]  # the same draws in swapped seats
    with pytest.raises(UserError, match="goes on from --wins"):
        sprt_games("tic_tac_toe", "random", "random", model="bayeselo", pentanomial="1,2,3,4,5")


def test_repeated_games_are_told(tmp_path, capsys):
    result = sprt_games("rock_paper_scissors", "cfr(iterations=1)", "cfr(iterations=1)", elo1=50.0, games=40)
    assert result["warnings"] == []
    bot = tmp_path / "first.py"
    bot.write_text("def act(observation, legal_actions):\n    return legal_actions[0]\n")
    result = sprt_games("tic_tac_toe", str(bot), str(bot), elo1=50.0, games=16)
    assert result["wins"] == result["losses"] == 8
    assert "played 16 games, 2 of them different" in result["warnings"][0]
    assert "--opening 4" in result["warnings"][0]
    show_sprt(result)
    assert "played 16 games, 2 of them different" in capsys.readouterr().out
    assert sprt_games("tic_tac_toe", str(bot), str(bot), elo1=50.0, games=16, opening=3)["warnings"] == []
    (warning,) = sprt_games("tic_tac_toe", str(bot), str(bot), elo0=-5.0, games=200, opening=1)["warnings"]
    assert "played 200 games, 18 of them different" in warning
    assert "--opening" not in warning


def test_no_opening_is_advised_where_there_are_none():
    names = ("iterated_prisoners_dilemma(rounds=5)", "tit_for_tat", "defector")
    (warning,) = sprt_games(*names, elo0=-9.0, elo1=-3.0, games=40)["warnings"]
    assert "tit_for_tat and defector played 40 games, 2 of them different" in warning
    assert "--opening" not in warning


def test_an_opening_longer_than_the_games_is_told():
    (warning,) = sprt_games("tic_tac_toe", "random", "random", games=20, opening=9)["warnings"]
    assert "20 of 20 games ended within their opening of 9 moves" in warning


def test_an_agents_faults_cost_it_its_games_and_are_told(tmp_path, capsys):
    bot = tmp_path / "broken.py"
    bot.write_text("def act(observation, legal_actions):\n    raise ValueError('no idea [/bold]')\n")
    result = sprt_games("tic_tac_toe", "random", str(bot), elo1=200.0)
    assert result["decision"] == "H1"
    assert result["losses"] == 0
    ours, theirs = result["faults"]
    assert ours["count"] == 0
    assert theirs["count"] == result["wins"]
    assert "no idea [/bold]" in theirs["first"]
    show_sprt(result)
    assert "no idea [/bold]" in capsys.readouterr().out


def test_an_interrupted_test_says_how_to_go_on(monkeypatch, capsys):
    real = PairPlayer.__call__

    def interrupted(self, pairs):
        signal.raise_signal(signal.SIGINT)
        return real(self, pairs)

    monkeypatch.setattr(PairPlayer, "__call__", interrupted)
    result = sprt_games("tic_tac_toe", "random", "random", elo1=2.0)
    assert result["interrupted"]
    assert result["games"] == 16
    assert result["resume"].startswith("redqueen sprt tic_tac_toe random random --elo0 0.0 --elo1 2.0 --pentanomial ")
    show_sprt(result)
    assert result["resume"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"game": "kuhn_poker", "games": 1}, "two a pair"),
        ({"game": "open_spiel:kuhn_poker(players=3)"}, "has 3 players"),
        ({"game": "kuhn_poker", "wins": 1, "draws": 0, "losses": 0}, "goes on from --pentanomial"),
    ],
)
def test_what_cannot_be_played_is_refused_in_a_sentence(asked, said):
    game = asked.pop("game")
    with pytest.raises(UserError) as caught:
        sprt_games(game, "random", "random", **asked)
    assert said in str(caught.value)


def test_the_command_prints_one_object():
    done = CliRunner().invoke(app, ["--wins", "136", "--draws", "111", "--losses", "96", "--elo1", "10", "--json"])
    assert done.exit_code == 0
    assert set(json.loads(done.stdout)) > PROMISED
    refused = CliRunner().invoke(app, ["--wins", "1", "--draws", "1", "--losses", "1", "--games", "10"])
    assert "no game is named" in str(refused.exception)
    refused = CliRunner().invoke(app, ["kuhn_poker", "random"])
    assert "got 2 names" in str(refused.exception)
    played = CliRunner().invoke(app, ["kuhn_poker", "random", "random", "--elo1", "60", "--json"])
    assert played.exit_code == 0
    assert json.loads(played.stdout)["decision"] == "H0"
