"""`rate`: from files and leagues to one JSON object, and how a person sees it."""

import json

import numpy as np
import pytest

from arena.cells import Cell, Table
from arena.ratings import fit, rate
from games.errors import UserError
from league import runs
from league.plan import League
from league.rating.rate import league_results, rate_files
from league.rating.showing import show_ratings
from league.words import percent, signed

CSV = """first,second,wins,draws,losses
rock,scissors,40,0,10
scissors,paper,40,0,10
paper,rock,40,0,10
rock,well,24,2,24
well,paper,25,0,25
scissors,well,24,3,23
"""


@pytest.fixture
def results(tmp_path) -> str:
    path = tmp_path / "r.csv"
    path.write_text(CSV)
    return str(path)


def test_the_answer_is_json_and_holds_what_was_asked_for(results):
    found = rate_files([results])
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    ratings = found["ratings"]
    assert {row["name"] for row in ratings} == {"rock", "paper", "scissors", "well"}
    assert [row["elo"] for row in ratings] == sorted((row["elo"] for row in ratings), reverse=True)
    assert all(row["interval"][0] < row["elo"] < row["interval"][1] for row in ratings)
    assert (found["games"], found["players"]) == (300, 4)
    los = np.array(found["los"])
    np.testing.assert_allclose(los + los.T, 1, atol=2e-6)
    assert (los[0] >= 0.5).all()  # the best stands first
    for key in ("nash_averaging", "alpha_rank"):
        assert [row["name"] for row in found[key]] == [row["name"] for row in ratings]
    assert sum(row["weight"] for row in found["nash_averaging"]) == pytest.approx(1)
    assert sum(row["share"] for row in found["alpha_rank"]) == pytest.approx(1)
    assert found["cyclic_share"] > 0.9
    assert any("Elo predicts the crosstable badly" in warning for warning in found["warnings"])
    assert set(found["ring"]) == {"rock", "paper", "scissors"}
    (margins,) = [warning for warning in found["warnings"] if "does not explain the margins" in warning]
    assert "rock beats scissors" in margins
    assert "so that no ranking fits" in margins


def test_warnings_claim_an_upset_only_where_one_is_shown(tmp_path):
    def rated(*rows: str) -> dict:
        path = tmp_path / "pairs.csv"
        path.write_text("\n".join(("first,second,wins,draws,losses", *rows)))
        return rate_files([str(path)])

    # Everyone is ahead of all that stand below, by margins that depend on the opponent.
    margins = ("a,b,260,0,140", "a,c,380,0,20", "a,d,390,0,10", "b,c,390,0,10", "b,d,260,0,140", "c,d,210,0,190")
    found = rated(*margins)
    assert found["cyclic_share"] > found["cyclic_share_by_chance"]["upper"]
    assert (found["upsets"], found["ring"]) == ([], None)
    assert any(said.endswith("yet nobody is shown to beat one rated above it") for said in found["warnings"])
    found = rated("a,b,37,0,63", "a,c,90,0,10", "a,d,90,0,10", "b,c,55,0,45", "b,d,55,0,45", "c,d,50,0,50")
    assert found["upsets"] == [{"first": "b", "second": "a", "games": 100, "score": 0.63}]
    assert any("b took 63% of the points in 100 games against a, which stands" in said for said in found["warnings"])
    # Whether or not the share is beyond chance, an upset is one.
    found = rated("a,b,0,80,20", "a,c,55,40,5", "b,c,10,80,10")
    assert found["upsets"][0]["first"] == "b"
    assert sum("b took 60% of the points" in said for said in found["warnings"]) == 1


def test_shares_near_none_and_all_are_told_apart_from_them(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("first,second,wins,draws,losses\na,b,3,0,197\nb,c,3,0,197\nc,a,3,0,197\n")
    (said,) = [said for said in rate_files([str(path)])["warnings"] if "predicts the crosstable badly" in said]
    assert "took 1.5% of the points" in said
    assert [percent(share) for share in (0, 1, 0.5, 0.63, 0.015, 0.9985, 0.0004, 1 / 3)] == [
        *("0%", "100%", "50%", "63%", "1.5%", "99.85%", "0.040%", "33%")
    ]
    assert [signed(value, 1) for value in (-0.04, 0.04, -0.06, 12.34, -1234.5)] == [
        *("0.0", "0.0", "-0.1", "+12.3", "-1,234.5")
    ]


def test_nothing_is_rated_below_zero_by_rounding(tmp_path, capsys):
    path = tmp_path / "pairs.csv"
    path.write_text("first,second,wins,draws,losses\na,b,5,0,5\nb,c,5,0,5\nc,a,5,0,5\n")
    found = rate_files([str(path)])
    found["ratings"][0]["elo"] = -0.01
    show_ratings(found)
    shown = capsys.readouterr().out
    assert "-0.0 " not in shown
    assert " points " in shown
    assert " score " not in shown


def test_by_default_it_rates_as_the_league_does(results):
    found = {row["name"]: row for row in rate_files([results])["ratings"]}
    names, wins = ["rock", "scissors", "paper", "well"], np.zeros((4, 4))
    draws = np.zeros((4, 4))
    for line in CSV.splitlines()[1:]:
        first, second, *counts = line.split(",")
        i, j = names.index(first), names.index(second)
        wins[i, j], draws[i, j], wins[j, i] = map(int, counts)
    plain = rate(wins, draws + draws.T)
    for k, name in enumerate(names):
        assert found[name]["elo"] == pytest.approx(plain.elo[k], abs=1e-6)
        assert found[name]["interval"] == pytest.approx([plain.low[k], plain.high[k]], abs=1e-6)


def test_every_option_is_passed_on(results):
    found = rate_files(
        [results],
        draw_model="davidson",
        seat_advantage=True,
        prior=2.0,
        anchors={"well": 1000.0},
        bootstrap=50,
        bootstrap_method="parametric",
        also=["glicko-2"],
        seed=3,
    )
    assert next(row for row in found["ratings"] if row["name"] == "well")["elo"] == 1000
    assert found["draw_parameter"]["symbol"] == "nu"
    assert found["draw_parameter"]["interval"][0] < found["draw_parameter"]["value"]
    assert found["seat_advantage"]["interval"][0] < found["seat_advantage"]["value"]
    assert all(len(row["bootstrap_interval"]) == 2 for row in found["ratings"])
    assert {row["name"] for row in found["others"]["glicko-2"]} == {row["name"] for row in found["ratings"]}
    assert (found["prior"], found["anchors"]) == (2.0, {"well": 1000.0})
    json.dumps(found, allow_nan=False)


def test_files_are_rated_together_and_in_their_order(results, tmp_path):
    other = tmp_path / "more.jsonl"
    other.write_text('{"first": "rock", "second": "new", "score": 0}\n{"first": "new", "second": "rock", "score": 1}\n')
    found = rate_files([results, str(other)])
    assert found["games"] == 302
    assert any("every point: new" in warning for warning in found["warnings"])
    alone = rate_files([str(other)], also=["online-elo"])
    assert alone["others"]["online-elo"][0]["name"] == "new"
    with pytest.raises(UserError, match="one game a row"):
        rate_files([results], also=["online-elo"])


def test_groups_that_never_met_are_named(tmp_path):
    path = tmp_path / "apart.csv"
    path.write_text("first,second,score\na,b,1\nb,a,1\nc,d,0.5\nx,x,1\n")
    warnings = rate_files([str(path)])["warnings"]
    assert warnings[0] == "1 game of a player against itself left out"
    assert "3 groups that never met" in warnings[1]
    assert "a, b; c, d; x" in warnings[1]


@pytest.mark.parametrize(
    ("text", "options", "sentence"),
    [
        ("first,second,score\n", {}, "expected games between two players or more"),
        ("first,second,score\na,a,1\n", {}, "expected games between two players or more"),
        ("first,second,score\na,b,1\n", {"also": ["glicko"]}, "did you mean 'glicko-2'"),
        ("first,second,score\na,b,1\n", {"bootstrap": 3}, "at least 20 replicates"),
        ("first,second,score\na,b,1\n", {"prior": 0}, "give one, such as 1"),
    ],
)
def test_bad_input_is_answered_in_a_sentence(tmp_path, text, options, sentence):
    path = tmp_path / "r.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=sentence):
        rate_files([str(path)], **options)


def test_nothing_to_rate_and_a_folder_without_a_league(tmp_path):
    with pytest.raises(UserError, match="expected a file of results or the folder of a run"):
        rate_files([])
    with pytest.raises(UserError, match="is a folder without a run in it"):
        rate_files([str(tmp_path)])


def test_a_leagues_matches_are_rated_by_seat(tmp_path, monkeypatch):
    table = Table(players=2, symmetric=False)
    table.grow(2)
    table.put((0, 1), Cell.of([[1, -1]] * 3 + [[0, 0]] * 2 + [[-1, 1]]))
    table.put((1, 0), Cell.of([[1, -1]] * 4))
    table.put((0, 0), Cell.of([[1, -1]]))
    (tmp_path / "ledger.sqlite").touch()
    monkeypatch.setattr(runs, "read_league", lambda run: League(table=table))
    results = league_results(f"{tmp_path}/")
    assert results.names == (f"{tmp_path}@0", f"{tmp_path}@1")
    assert results.wins.tolist() == [[0, 3], [4, 0]]
    assert results.draws.tolist() == [[0, 2], [0, 0]]
    assert results.losses.tolist() == [[0, 1], [0, 0]]
    np.testing.assert_allclose(fit(results).elo, rate(*table.results()).elo, atol=1e-6)
    exact = Table(players=2, symmetric=False)
    exact.grow(1)
    exact.put((0, 0), Cell.exact([0.5, -0.5]))
    monkeypatch.setattr(runs, "read_league", lambda run: League(table=exact))
    with pytest.raises(UserError, match="has played no matches, for its payoffs are exact"):
        league_results(str(tmp_path))


def test_a_person_sees_a_table_in_which_names_are_no_markup(tmp_path, capsys):
    path = tmp_path / "r.csv"
    path.write_text("first,second,score\n" + "[b]old,[/b],1\n[/b],[b]old,0.5\n" * 9)
    show_ratings(rate_files([str(path)], draw_model="davidson", bootstrap=20, also=["online-elo"]))
    shown = capsys.readouterr().out
    for text in ("[b]old", "[/b]", "18 games between 2 players", "nu = ", "95 % (bootstrap)", "online-elo"):
        assert text in shown


def test_a_large_field_is_rated_without_what_takes_too_long(tmp_path, capsys):
    path, random = tmp_path / "many.csv", np.random.default_rng(0)
    first = np.arange(1100)
    second = (first + random.integers(1, 1100, 1100)) % 1100
    path.write_text("first,second,score\n" + "".join(f"p{a},p{b},1\n" for a, b in zip(first, second, strict=True)))
    found = rate_files([str(path)])
    assert len(found["ratings"]) == 1100
    assert found["los"] is found["nash_averaging"] is found["cyclic_share"] is None
    assert found["fit"]["method"] == "none"
    said = " ".join(found["warnings"])
    assert "up to 300 players" in said
    assert "up to 1,000 players" in said
    show_ratings(found)
    assert "1,050 more; --json lists all" in capsys.readouterr().out
