"""`redqueen solve`, what it leaves behind, and solutions as agents and as members of a league."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from agents.agent import Evaluable
from agents.registry import make as make_agent
from arena.evaluate import exploitability
from games import build_tree, make
from games.normal_form.payoffs import nash_conv
from games.solvers import EXTENSIVE, NORMAL_FORM
from league.command import main
from league.config import ConfigError, load_config
from league.plan import meta_strategy
from league.running import run_league
from league.runs import included
from league.solving import solve_game

COMMAND = [sys.executable, "-c", "from league.command import main; main()"]


def test_kuhn_poker_is_solved_to_the_value_that_is_known():
    found = solve_game("kuhn_poker", ["cfr+"], iterations=1000)
    assert found["algorithm"] == "cfr+"
    assert found["value"] == pytest.approx([-1 / 18, 1 / 18], abs=1e-6)
    assert found["exploitability"] == pytest.approx(0.000087, abs=5e-7)
    assert found["gap"] == pytest.approx(2 * found["exploitability"])
    assert [point["iteration"] for point in found["by_iteration"]] == [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    assert found["by_iteration"][-1]["exploitability"] == found["exploitability"]
    assert found["strategy"] is None
    assert not found["converged"]
    assert solve_game("kuhn_poker", ["cfr+"], iterations=1000, tolerance=1e-3)["converged"]


@pytest.mark.parametrize("algorithm", sorted(NORMAL_FORM))
def test_every_algorithm_for_normal_form_answers_for_the_command(algorithm):
    found = solve_game("biased_rock_paper_scissors", [algorithm], quiet=True)
    json.dumps(found, allow_nan=False)
    assert found["algorithm"] == algorithm
    assert all(sum(strategy) == pytest.approx(1) for strategy in found["strategy"])


@pytest.mark.parametrize("algorithm", sorted(EXTENSIVE))
def test_every_algorithm_for_trees_answers_for_the_command_and_plays(algorithm):
    found = solve_game("kuhn_poker", [algorithm], quiet=True)
    json.dumps(found, allow_nan=False)
    game = make("kuhn_poker")
    agent = make_agent(algorithm, game)
    assert isinstance(agent, Evaluable)
    assert exploitability(build_tree(game), agent).exploitability == pytest.approx(found["exploitability"], abs=1e-12)
    snapshot = included(algorithm, game)
    assert type(snapshot.agent()) is type(agent)  # data, and no name of code


def test_a_file_of_payoffs_is_a_game(tmp_path):
    payoffs = np.array([[3.0, -1.0, 0.5], [-2.0, 1.0, 0.25]])
    np.save(tmp_path / "payoffs.npy", payoffs)
    np.savetxt(tmp_path / "payoffs.csv", payoffs, delimiter=",")
    (tmp_path / "payoffs.json").write_text(json.dumps(payoffs.tolist()))
    answers = [solve_game(str(tmp_path / f"payoffs.{kind}"), []) for kind in ("npy", "csv", "json")]
    assert answers[0]["strategy"] == answers[1]["strategy"] == answers[2]["strategy"]
    assert nash_conv(np.stack([payoffs, -payoffs]), [np.array(s) for s in answers[0]["strategy"]]) < 1e-12
    assert answers[0]["value"][0] == pytest.approx(1 / 7)
    assert answers[0]["converged"]


def test_a_policy_is_written_as_a_snapshot_that_measures_the_same(tmp_path):
    file = tmp_path / "policy.safetensors"
    for game, algorithm in (("leduc_poker", "cfr+(iterations=50)"), ("rock_paper_scissors", "hedge(iterations=5)")):
        found = solve_game(game, [algorithm], output=str(file))
        made = make(game)
        agent = make_agent(str(file), made)
        assert isinstance(agent, Evaluable)
        assert exploitability(build_tree(made), agent).nash_conv == pytest.approx(found["gap"])


def test_pictures_are_drawn_in_both_kinds(tmp_path):
    png, svg = tmp_path / "gaps.png", tmp_path / "gaps.svg"
    found = solve_game("kuhn_poker", ["cfr", "cfr+"], iterations=50, plot=str(png))
    assert [solution["algorithm"] for solution in found["solutions"]] == ["cfr", "cfr+"]
    assert png.read_bytes().startswith(b"\x89PNG")
    solve_game("rock_paper_scissors", ["nash"], plot=str(svg))
    assert b"</svg>" in svg.read_bytes()


def catches(pid: int, number: signal.Signals) -> bool:
    """Return whether a process has a handler for a signal."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt"))
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


def test_an_interrupt_ends_with_what_was_found(tmp_path):
    arguments = ["solve", "leduc_poker", "--algorithm", "cfr", "--iterations", "1000000000", "--json"]
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not catches(process.pid, signal.SIGTERM):
        time.sleep(0.05)
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    found = json.loads(output)
    assert found["interrupted"]
    assert found["by_iteration"][-1]["iteration"] == found["iterations"] > 100
    assert found["exploitability"] == found["by_iteration"][-1]["exploitability"] < 0.2
    assert errors == "stopping with what was found so far; again to stop at once\n"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("kuhn_poker --algorithm cfrr", "did you mean 'cfr'?"),
        ("kuhn_poker --algorithm nash", "nash solves games in normal form and kuhn_poker is a tree"),
        ("rock_paper_scissors --algorithm nahs", "did you mean 'nash'?"),
        ("kuhn_poker --algorithm cfr(speed=3)", "cfr takes iterations, tolerance but got 'speed'"),
        (
            "kuhn_poker --algorithm cfr(iterations=-3)",
            "iterations to be like 1000, a whole number, not negative, but got -3",
        ),
        ("kuhn_poker --algorithm cfr(iterations=3) --iterations 4", "says so in its name already"),
        ("rock_paper_scissors --algorithm nash --iterations 4", "--iterations was given but nash takes none"),
        ("kuhn_poker --plot gaps.pdf", "expected --plot to end in .png or .svg but got 'gaps.pdf'"),
        ("kuhn_poker --plot nowhere/gaps.png", "there is no folder for 'nowhere/gaps.png'"),
        ("kuhn_poker --output policy.json", "expected --output to end in .safetensors"),
        ("kuhn_pokr", "did you mean 'kuhn_poker'"),
        ("payoffs.npy", "expected a file of payoffs at 'payoffs.npy'"),
        ("connect_four", "connect_four cannot be solved whole, for it has more than 1,000,000 histories"),
        ("random_general_sum(actions=[3,3]) --algorithm nash", "nash solves zero-sum games"),
    ],
)
def test_what_cannot_be_solved_is_said_in_a_sentence(line, sentence, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["redqueen", "solve", *line.split(" ")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("redqueen: ")
    assert error.count("\n") == 1
    assert sentence in error
    assert list(tmp_path.iterdir()) == []


def test_a_meta_solver_that_fails_says_so_and_another_answers():
    general = np.array([[[3.0, 0], [5, 1]], [[3, 5], [0, 1]]])
    found, said = meta_strategy(general, "nash")
    assert found.strategies[0].tolist() == pytest.approx([0, 1], abs=1e-2)
    assert said.startswith("nash failed: nash solves zero-sum games")
    assert "; prd answered in its place (gap " in said
    pennies = np.array([[[1.0, -1], [-1, 2]], [[-1, 1], [1, -2]]])
    slow, said = meta_strategy(pennies, "fictitious_play(iterations=3)")
    assert said.startswith("fictitious_play(iterations=3) did not converge in 3 iterations (gap ")
    assert slow.gap < 1e-2
    assert meta_strategy(pennies, "nash")[1] == ""


def test_a_league_tells_of_a_solver_that_did_not_converge(tmp_path):
    config = load_config("kuhn_poker", {"oracle": "exact", "iterations": 2, "solver": "hedge(iterations=2)"})
    told = run_league(config, str(tmp_path / "run"), quiet=True)
    assert told["solver"] == "hedge(iterations=2)"
    assert told["warnings"][0].startswith("iteration 1: hedge(iterations=2) did not converge")


def test_a_solution_joins_a_league_as_data(tmp_path):
    config = load_config("kuhn_poker", {"oracle": "exact", "iterations": 2, "include": ["cfr+(iterations=500)"]})
    told = run_league(config, str(tmp_path / "run"), quiet=True)
    assert told["best"] == 1
    alone = solve_game("kuhn_poker", ["cfr+(iterations=500)"])["exploitability"]
    assert told["member_exploitability"][1] == pytest.approx(alone, abs=1e-12)


def test_solvers_are_named_with_their_arguments_in_one_way():
    assert (
        load_config("kuhn_poker", {"solver": " prd( dt = 0.1 , iterations = 5)"}).solver == "prd(dt=0.1, iterations=5)"
    )
    with pytest.raises(ConfigError, match="did you mean 'nash'"):
        load_config("kuhn_poker", {"eval_solver": "nahs"})
