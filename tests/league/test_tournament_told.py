"""What a tournament tells of itself: what orders it, who has left, and which games say less than they seem to."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from test_reporting import hold, reported

from agents.agent import Agent, Random
from agents.files import write_atomically
from arena.ledger import Ledger
from games.turn import Turn
from league.answer import terminal
from league.rating.rate import rate_files
from league.tournament.config import TournamentError, validated
from league.tournament.plan import Tournament
from league.tournament.requests import ask_to_enter, ask_to_withdraw, take_requests
from league.tournament.running import run_tournament, status_of_tournament
from league.tournament.showing import ranking, show_tournament
from league.tournament.writing import games_of


class First(Random):
    """Takes the first legal action."""

    def act(self, turn: Turn):
        return turn.legal.int().argmax(dim=1)


def warned(run: Path) -> list[str]:
    return status_of_tournament(str(run))["warnings"]


def test_copies_of_games_are_counted_and_told(tmp_path: Path, capsys) -> None:
    field: dict[str, Agent] = {"one": First(), "two": First(), "drawing": Random()}
    (warning,) = warned(hold(tmp_path / "none", field, deals=50, plies=0))
    assert warning.startswith("one and two played 100 games, 2 of them different: ")
    assert "--opening 4" in warning
    run = hold(tmp_path / "one", field, deals=100, plies=1)
    (warning,) = warned(run)
    assert warning.startswith("one and two played 200 games, 18 of them different: ")
    assert "--opening" not in warning
    show_tournament(status_of_tournament(str(run)))
    assert "18 of them different" in capsys.readouterr().out
    assert warned(hold(tmp_path / "four", field, deals=100, plies=4)) == []


def test_copies_across_encounters_are_counted_too(tmp_path: Path) -> None:
    field: dict[str, Agent] = {"one": First(), "two": First()}
    (warning,) = warned(hold(tmp_path / "run", field, "adaptive", deals=2, plies=0, encounters=10))
    assert warning.startswith("one and two played 40 games, 2 of them different: ")


def test_where_many_repeat_the_worst_are_named(tmp_path: Path) -> None:
    field: dict[str, Agent] = {name: First() for name in "abcd"}
    (warning,) = warned(hold(tmp_path / "run", field, deals=20, plies=0))
    assert warning.count("played 40 games, 2 of them different") == 3
    assert "; 3 more such: " in warning


@pytest.mark.parametrize(
    ("game", "agents"),
    [
        ("rock_paper_scissors", ("random", "random")),
        ("matching_pennies", ("random", "random")),
        ("iterated_prisoners_dilemma(rounds=2)", ("random", "tit_for_tat")),
        ("kuhn_poker", ("random", "cfr+(iterations=2)")),
    ],
)
def test_what_falls_alike_by_chance_is_not_told(game: str, agents: tuple[str, ...], tmp_path: Path) -> None:
    config = validated({"repetitions": 200, "workers": 1})
    assert run_tournament(game, agents, config, run_dir=str(tmp_path / "run"))["warnings"] == []


def test_openings_are_not_advised_for_rounds_of_a_matrix_game(tmp_path: Path) -> None:
    config, run = validated({"repetitions": 25, "workers": 1}), str(tmp_path / "run")
    names = ("tit_for_tat", "defector", "random")
    (warning,) = run_tournament("iterated_prisoners_dilemma(rounds=9)", names, config, run_dir=run)["warnings"]
    assert warning.startswith("tit_for_tat and defector played 25 games, 1 of them different: ")
    assert "--opening" not in warning
    field: dict[str, Agent] = {"one": First(), "two": First()}
    (warning,) = warned(hold(tmp_path / "matrix", field, game="rock_paper_scissors", deals=25, plies=0))
    assert "--opening" not in warning


def test_openings_longer_than_games_are_told(tmp_path: Path) -> None:
    field: dict[str, Agent] = {"one": Random(), "two": Random()}
    (warning,) = warned(hold(tmp_path / "rounds", field, game="rock_paper_scissors", deals=30, plies=1))
    assert warning.startswith("30 of 30 games ended within their opening of 1 move, so no agent chose anything in them")
    (warning,) = warned(hold(tmp_path / "board", field, deals=50, plies=7))
    ended, games = int(warning.split()[0]), 100
    assert 0 < ended < games
    assert f"{ended} of 100 games ended within their opening of 7 moves" in warning
    assert warned(hold(tmp_path / "short", field, deals=50, plies=2)) == []


def test_a_swiss_tournament_shows_what_orders_it(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    field: dict[str, Agent] = {"first": First(), **{f"random{k}": Random() for k in range(4)}}
    run = hold(tmp_path / "run", field, "swiss", deals=5)
    told = status_of_tournament(str(run))
    points = [row["match_points"] for row in told["ranking"]]
    assert told["ordered_by"] == "match_points"
    assert points == sorted(points, reverse=True)
    # three rounds of two matches and a bye, each of one point
    assert sum(points) == pytest.approx(3 * 3)
    scores = [row["points"] for row in told["ranking"]]
    assert sum(scores) == pytest.approx(told["games"])
    show_tournament(told)
    shown = capsys.readouterr().out
    assert "match points" in shown.splitlines()[1]
    assert "in order of match points" in shown
    _, html, _ = reported(run)
    assert ">match points</th>" in html
    assert "by match points" in html


def test_an_interrupted_swiss_tournament_is_in_the_order_of_its_match_points(tmp_path: Path) -> None:
    field: dict[str, Agent] = {"first": First(), **{f"random{k}": Random() for k in range(4)}}
    whole = status_of_tournament(str(hold(tmp_path / "whole", field, "swiss", deals=5)))
    assert [row["byes"] for row in whole["ranking"]].count(1) == 3
    for most, rounds in ((2, 1), (4, 2), (6, 3)):
        told = status_of_tournament(str(hold(tmp_path / str(most), field, "swiss", deals=5, most=most)))
        points = [row["match_points"] for row in told["ranking"]]
        assert told["ordered_by"] == "match_points"
        assert points == sorted(points, reverse=True)
        assert sum(points) == pytest.approx(3 * rounds)
        assert sum(row["byes"] for row in told["ranking"]) == rounds
    assert points == [row["match_points"] for row in whole["ranking"]]


def test_a_crosstable_has_the_mean_returns_of_pairs(tmp_path: Path) -> None:
    agents: dict[str, Agent] = {"first": First(), "random": Random(), "other": Random()}
    run = hold(tmp_path / "run", agents, game="kuhn_poker", plies=0, deals=25)
    told = status_of_tournament(str(run))
    table, names = told["crosstable"]["mean_returns"], told["crosstable"]["agents"]
    paid: dict[tuple[str, str], list[float]] = {}
    for game in games_of(str(run))[1]:
        for seat in (0, 1):
            value = game.returns[seat]
            assert value is not None
            paid.setdefault((game.seats[seat], game.seats[1 - seat]), []).append(value)
    for i, one in enumerate(names):
        assert table[i][i] is None
        for j, other in enumerate(names):
            if i != j:
                assert table[i][j] == pytest.approx(np.mean(paid[one, other]))
    three = hold(tmp_path / "three", {**agents, "more": First()}, game="open_spiel:kuhn_poker(players=3)", plies=0)
    told = status_of_tournament(str(three))
    returns = {row["agent"]: row["score"] for row in told["ranking"]}
    for name, row in zip(told["crosstable"]["agents"], told["crosstable"]["mean_returns"], strict=True):
        # Everyone sits with each of the other three equally often.
        assert np.mean([value for value in row if value is not None]) == pytest.approx(returns[name])


def test_mean_returns_keep_two_digits_and_nothing_is_below_zero_by_rounding(capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    plain = {"games": 9, "wins": 0, "draws": 9, "losses": 0, "faults": 0, "withdrawn": False}
    rows = [
        {"agent": "much", "score": 57.25, "score_interval": [40.0, 90.0], "elo": 0.3, "interval": [-9, 9]},
        {
            "agent": "little",
            "score": 0.015,
            "score_interval": [0.0, 0.2],
            "elo": -0.3,
            "interval": [-0.4, 9],
        },
    ]
    terminal().print(ranking([{**plain, **row} for row in rows]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[2:4] == ["mean", "return"]
    assert lines[1].split()[2:7] == ["57.25", "40.00,", "90.00", "0", "-9,"]
    assert lines[2].split()[2:7] == ["0.015", "0.00,", "0.20", "0", "0,"]


def test_other_formats_have_no_match_points(tmp_path: Path, capsys) -> None:
    field: dict[str, Agent] = {f"random{k}": Random() for k in range(3)}
    for format, order in (("round-robin", "score"), ("knockout", "places"), ("adaptive", "elo")):
        told = status_of_tournament(str(hold(tmp_path / format, field, format)))
        assert told["ordered_by"] == order
        assert all("match_points" not in row for row in told["ranking"])
        show_tournament(told)
        assert "match points" not in capsys.readouterr().out
    elos = [row["elo"] for row in told["ranking"]]
    assert elos == sorted(elos, reverse=True)


def league_of(folder: Path, names: list[str], most: int) -> Path:
    """Play encounters of a league of random agents."""
    return hold(folder, {name: Random() for name in names}, "league", deals=4, plies=0, most=most)


def test_who_has_left_a_league_stays_in_its_ranking(tmp_path: Path, capsys) -> None:
    run = league_of(tmp_path / "run", ["a", "b", "c"], 6)
    before = status_of_tournament(str(run))
    ask_to_withdraw(str(run), "b")
    after = status_of_tournament(str(run))
    assert [row["agent"] for row in after["ranking"]] == [row["agent"] for row in before["ranking"]]
    assert after["crosstable"] == before["crosstable"]
    assert {row["agent"] for row in after["ranking"] if row["withdrawn"]} == {"b"}
    show_tournament(after)
    assert capsys.readouterr().out.count("b (left)") == 2
    _, html, _ = reported(run)
    assert html.count("b (left)") > 2
    assert "<dd>2, and 1 who left</dd>" in html
    assert {row["name"] for row in rate_files([str(run)])["ratings"]} == {"a", "b", "c"}


def test_withdrawals_that_wait_count_for_the_next(tmp_path: Path) -> None:
    run = league_of(tmp_path / "run", ["a", "b", "c"], 3)
    with Ledger.open(run) as writing:  # a league that runs: what is asked of it waits
        assert ask_to_withdraw(str(run), "a")["name"] == "a"
        with pytest.raises(TournamentError, match="has two agents left"):
            ask_to_withdraw(str(run), "b")
        with pytest.raises(TournamentError, match="no agent 'a' takes part"):
            ask_to_withdraw(str(run), "a")
        ask_to_enter(str(run), "random")
        assert ask_to_withdraw(str(run), "b")["name"] == "b"
        state = Tournament(writing.records())
        take_requests(writing, state)
        assert [state.agents[agent]["name"] for agent in state.present] == ["c", "random"]
    assert not list((run / "requests").iterdir())


def test_a_withdrawal_that_comes_too_late_is_set_aside(tmp_path: Path) -> None:
    run = league_of(tmp_path / "run", ["a", "b", "c"], 3)
    (run / "requests").mkdir()
    for number in (0, 1):
        request = json.dumps({"kind": "withdrew", "body": {"number": number}}).encode()
        write_atomically(run / "requests" / f"{time.time_ns()}-{number}.json", request)
    with Ledger.open(run) as writing:
        state = Tournament(writing.records())
        take_requests(writing, state)
    assert [state.agents[agent]["name"] for agent in state.present] == ["b", "c"]
    assert [path.name.endswith("-1.refused") for path in (run / "requests").iterdir()] == [True]


def test_who_has_no_games_is_told_beside_ratings(tmp_path: Path) -> None:
    run = league_of(tmp_path / "run", ["a", "b", "c"], 3)
    assert not any("without any game" in warning for warning in rate_files([str(run)])["warnings"])
    ask_to_enter(str(run), "random")
    (warning,) = [said for said in rate_files([str(run)])["warnings"] if "without any game" in said]
    assert warning == "without any game, and rated by the prior alone: random"
    told = status_of_tournament(str(run))
    assert {row["agent"]: row["elo"] for row in told["ranking"]}["random"] is None


def test_one_is_told_in_the_singular(tmp_path: Path, capsys) -> None:
    run = hold(tmp_path / "run", {"a": Random(), "b": Random()}, game="rock_paper_scissors", deals=1, plies=0)
    show_tournament(status_of_tournament(str(run)))
    assert "1 game," in capsys.readouterr().out
