"""A league whose oracle is AlphaZero: one network for all seats, resumable, and a name for its search anywhere."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from processes import Zygote, digest, strike

from agents.search.learner import AlphaZeroConfig
from league.config import AlphaZeroSection
from league.manager import Manager
from league.plan import League

TINY = (
    *("--oracle", "alphazero", "--iterations", 2, "--payoffs", "exact", "--alphazero-updates", 3, "--json"),
    *("--alphazero-games", 12, "--alphazero-simulations", 6, "--alphazero-fast", 3, "--alphazero-full", 0.5),
    *("--alphazero-width", 8, "--alphazero-batch", 32, "--alphazero-window", 100),
)


@pytest.fixture(scope="module")
def league(zygote: Zygote, tmp_path_factory):
    run = tmp_path_factory.mktemp("league") / "run"
    return run, zygote.run("run", "tic_tac_toe", *TINY, "--run-dir", run).result


def test_one_network_plays_all_seats(league):
    run, result = league
    assert result["oracle"] == "alphazero"
    assert result["iterations"] == 2
    header = next((run / "snapshots").glob("*.safetensors"))
    kinds = set()
    for path in (run / "snapshots").glob("*.safetensors"):
        data = path.read_bytes()
        about = json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["redqueen"])
        if about["provenance"].get("oracle") == "alphazero":
            kinds.add(tuple(part["kind"] for part in about["parts"]))
            assert about["seats"] == [0, 0]
    assert header.exists()
    assert kinds == {("policy_value",)}


@pytest.mark.parametrize("point", ["at a report", "before an append"])
def test_a_killed_league_goes_on_to_the_same_ledger(zygote: Zygote, league, tmp_path, point):
    run = tmp_path / "run"
    killed = zygote.start("run", "tic_tac_toe", *TINY, "--run-dir", run, strikes=[strike(point, 2)]).wait()
    assert killed.status < 0
    zygote.run("resume", run, "--json")
    assert digest(run) == digest(league[0])


@pytest.mark.parametrize("measured", [[0.9, 0.9, 0.2, 0.4], [0.9, 0.1, 0.5, 0.3], [0.9, 0.9]])
def test_past_a_gate_a_response_begins_from_the_best_that_was_trained(measured):
    members: list[Any] = [
        {"member": k, "iteration": max(0, k - 1), "exploitability": gain} for k, gain in enumerate(measured)
    ]
    manager: Any = SimpleNamespace(league=League(about={}, note={}, limits={}, members=members))
    open_to_all, gated = (Manager._first(manager, AlphaZeroSection(gate=gate)) for gate in (False, True))
    assert open_to_all == -1
    assert members[gated]["exploitability"] == min(measured[2:] or measured[-1:])


def test_a_run_alone_stands_for_the_best_member_that_it_trained(zygote: Zygote, league):
    run, _ = league
    assert zygote.run("evaluate", "tic_tac_toe", f"alphazero({run}, simulations=2)", "--runs", 2, "--json").result
    trained = zygote.run("evaluate", "tic_tac_toe", f"{run}@trained", "--json").result["exploitability"]
    members = [2, 3]  # 0 is the start, 1 plays at random
    each = [zygote.run("evaluate", "tic_tac_toe", f"{run}@{k}", "--json").result["exploitability"] for k in members]
    assert trained == min(each)


def test_its_search_is_an_agent_wherever_an_agent_is_named(zygote: Zygote, league, tmp_path):
    run, _ = league
    name = f"alphazero({run}@2, simulations=8, deterministic=True)"
    told = zygote.run("evaluate", "tic_tac_toe", name, "--json").result
    assert (told["kind"], told["mode"]) == ("exact", "deterministic")
    told = zygote.run("evaluate", "tic_tac_toe", f"alphazero({run}@3, simulations=8)", "--runs", 2, "--json").result
    assert (told["kind"], told["mode"], told["runs"]) == ("estimate", "stochastic", 2)
    held = zygote.run(
        *("tournament", "tic_tac_toe", f"alphazero({run}@2, simulations=4)", f"alphazero({run}@2, simulations=32)"),
        *("random", "--repetitions", 2, "--run-dir", tmp_path / "t", "--json"),
    ).result
    assert len(held["ranking"]) == 3
    assert "alphazero" in held["ranking"][0]["agent"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("run", "kuhn_poker", "--oracle", "alphazero"), "hides information"),
        (("run", "open_spiel:pig(players=3)", "--oracle", "alphazero"), "is for 3"),
        (("run", "tic_tac_toe", "--alphazero-updates", "0"), "alphazero-updates"),
        (("evaluate", "tic_tac_toe", "alphazero"), "names none"),
        (("evaluate", "tic_tac_toe", "alphazero(nowhere)"), "nowhere"),
    ],
)
def test_what_cannot_be_searched_is_answered_in_a_sentence(zygote: Zygote, tmp_path, words, says):
    extra = ("--run-dir", tmp_path / "run") if words[0] == "run" else ()
    assert says in zygote.run(*words, *extra).sentence


def test_a_run_of_other_networks_is_refused(zygote: Zygote, tmp_path):
    run = tmp_path / "run"
    zygote.run(
        "run", "tic_tac_toe", "--oracle", "exact", "--payoffs", "exact", "--iterations", 1, "--run-dir", run, "--json"
    )
    assert "has none" in zygote.run("evaluate", "tic_tac_toe", f"alphazero({run}@1)").sentence


def test_what_nobody_configures_is_as_the_learner_has_it():
    assert AlphaZeroSection().learner() == AlphaZeroConfig()
