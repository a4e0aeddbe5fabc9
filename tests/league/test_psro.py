"""Leagues against what theory and the literature say of them."""

import contextlib
import json
from itertools import pairwise

import openspiel_truth as truth
import pytest

from arena import Ledger
from league import Config, run_league
from league.exporting import export_agent


@pytest.fixture
def run(tmp_path):
    def league(game, **keys):
        return run_league(Config(game=game, **keys), str(tmp_path / "run"), quiet=True)

    return league


def exported(run_dir, path):
    export_agent(f"{run_dir}@nash", format="tabular", output=str(path), as_json=False)
    return {
        (int(seat), state): {int(action): chance for action, chance in row.items()}
        for seat, rows in json.loads(path.read_text()).items()
        for state, row in rows.items()
    }


def nash_conv(result, iteration):
    return 2 * result["exploitability"]["by_iteration"][iteration]


@pytest.mark.parametrize("game", ["kuhn_poker", "open_spiel:kuhn_poker"])
@pytest.mark.parametrize("seed", range(10))
def test_kuhn_poker_is_solved_from_every_start_and_openspiel_agrees(run, tmp_path, game, seed):
    result = run(game, oracle="exact", solver="nash", iterations=16, seed=seed)
    curve = result["exploitability"]["by_iteration"]
    assert curve[-1] < 1e-6
    assert len(curve) == result["iterations"] + 1 == len(result["population"])
    assert result["values"][0] == pytest.approx(-1 / 18, abs=1e-6)
    policy = exported(result["run_dir"], tmp_path / "nash.json")
    assert truth.exploitability("kuhn_poker", policy) == pytest.approx(curve[-1], abs=1e-9)


def test_leduc_poker_with_nash_follows_the_published_curve(run, tmp_path):
    result = run("leduc_poker", oracle="exact", solver="nash", iterations=200)
    for iteration, published in ((10, 3.12), (20, 1.30), (50, 0.526), (100, 0.288), (200, 0.056)):
        assert published / 4 < nash_conv(result, iteration) < published * 4
    curve = result["exploitability"]["by_iteration"]
    rises = sum(after > before for before, after in pairwise(curve))
    assert 40 < rises < 160  # the exploitability of a restricted equilibrium is not monotone
    policy = exported(result["run_dir"], tmp_path / "nash.json")
    assert truth.exploitability("leduc_poker", policy) == pytest.approx(curve[-1], abs=1e-9)


def test_leduc_poker_with_uniform_follows_the_published_curve_of_fictitious_play(run):
    result = run("leduc_poker", oracle="exact", solver="uniform", iterations=200)
    for iteration, published in ((20, 1.55), (50, 0.796), (100, 0.500), (200, 0.297)):
        assert published / 2 < nash_conv(result, iteration) < published * 2


def test_naive_self_play_does_not_improve_on_leduc_poker(run):
    result = run("leduc_poker", oracle="exact", solver="latest", iterations=100)
    late = [nash_conv(result, iteration) for iteration in range(50, 101)]
    assert min(late) > 4.0


def test_the_evaluation_solver_may_differ_from_the_training_solver(run):
    trained = run("kuhn_poker", oracle="exact", solver="uniform", eval_solver="nash", iterations=12)
    assert (trained["solver"], trained["eval_solver"]) == ("uniform", "nash")
    with contextlib.closing(Ledger.read(trained["run_dir"])) as ledger:
        metas = [record.body for record in ledger.records() if record.kind == "meta"]
    assert all(set(meta["training"][0]) == {1 / len(meta["training"][0])} for meta in metas)
    assert min(metas[-1]["evaluation"][0]) == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_rock_paper_scissors_is_a_third_each(run, tmp_path, seed):
    result = run("rock_paper_scissors", oracle="exact", iterations=10, seed=seed)
    assert result["stopped"] == "equilibrium"
    for row in exported(result["run_dir"], tmp_path / "nash.json").values():
        assert list(row.values()) == pytest.approx([1 / 3] * 3, abs=1e-9)


def test_rock_paper_scissors_is_a_third_each_by_ppo(run, tmp_path):
    ppo = {"updates": 20, "games": 256, "hidden": (16,)}
    result = run("rock_paper_scissors", oracle="ppo", iterations=8, workers=1, ppo=ppo)
    for row in exported(result["run_dir"], tmp_path / "nash.json").values():
        assert list(row.values()) == pytest.approx([1 / 3] * 3, abs=0.03)


def test_ratings_come_from_played_games_only(run, tmp_path):
    exact = run("kuhn_poker", oracle="exact", iterations=2)
    assert exact["ratings"] is None
    assert "exact" in exact["ratings_reason"]
    config = Config(game="kuhn_poker", oracle="exact", iterations=2, payoffs="played", cell_games=200)
    played = run_league(config, str(tmp_path / "played"), quiet=True)
    assert played["ratings_reason"] is None
    assert [row["member"] for row in played["ratings"]] == [0, 1, 2]
    assert all(row["low"] < row["elo"] < row["high"] for row in played["ratings"])


def test_an_included_agent_is_a_member(run):
    result = run("kuhn_poker", oracle="exact", iterations=3, include=("random",))
    assert len(result["population"]) == 1 + 1 + result["iterations"]
    assert result["member_exploitability"][1] == pytest.approx(11 / 24, abs=1e-12)


def test_three_players_learn_by_projected_replicator_dynamics(run):
    result = run("open_spiel:kuhn_poker(players=3)", oracle="exact", iterations=10)
    assert result["solver"] == "prd"
    curve = result["exploitability"]["by_iteration"]
    assert curve[-1] < curve[0] / 3
    assert len(result["meta_strategy"]) == 3


def test_the_same_seed_gives_the_same_league_and_another_seed_another(run, tmp_path):
    one = run("leduc_poker", oracle="exact", iterations=5, seed=1)
    again, other = (
        run_league(
            Config(game="leduc_poker", oracle="exact", iterations=5, seed=seed), str(tmp_path / str(seed)), quiet=True
        )
        for seed in (1, 2)
    )
    assert one["population"] == again["population"]
    assert one["meta_strategy"] == again["meta_strategy"]
    assert one["population"] != other["population"]


def test_a_member_of_another_run_joins_as_it_was(run, tmp_path):
    first = run("kuhn_poker", oracle="exact", iterations=3)
    config = Config(game="kuhn_poker", oracle="exact", iterations=1, include=(f"{first['run_dir']}@2",))
    second = run_league(config, str(tmp_path / "second"), quiet=True)
    assert second["population"][1] == first["population"][2]
