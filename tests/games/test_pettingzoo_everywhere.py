"""Every environment of PettingZoo and mpe2 through the adapter, against the same moves in a bare loop of its own."""

import importlib

import numpy as np
import pytest
import torch

from games import GameError, check_game, make
from games.draws import Draws
from games.pettingzoo.load import known_environments
from games.playout import play

pytest.importorskip("pettingzoo")
pytest.importorskip("mpe2")
import pettingzoo
from mpe2.all_modules import mpe_environments

OURS = {id for id in pettingzoo.aec_registry if not id.startswith("atari/")}  # which needs ROMs
THEIRS = {name.replace("mpe/", "mpe2/").replace("_v", "-v"): module for name, module in mpe_environments.items()}
LEAVES_TRACES = {"butterfly/knights_archers_zombies-v11"}
"""Environments whose reset, even with a seed, leaves something of the game before."""

EVERY = [(id, api) for id, apis in known_environments().items() if not id.startswith("atari/") for api in apis]


def test_every_environment_that_is_listed_is_known():
    assert set(known_environments()) >= {*OURS, *THEIRS}
    assert {id for id, _ in EVERY} == {*OURS, *THEIRS}
    for id, api in EVERY:
        both = id in THEIRS or id in pettingzoo.parallel_registry
        assert api == "aec" or both


def arguments(id):
    """Return arguments that keep a game short, and all instances of an environment small."""
    return {"max_cycles": 12, "n_pistons": 4} if "pistonball" in id else {"max_cycles": 12}


def opened(id, api):
    """Return the game and the arguments that its environment takes."""
    said, own = {"api": api, "max_moves": 80, "fresh": id in LEAVES_TRACES}, arguments(id)
    try:
        return made(id, said | own), own
    except GameError:  # it takes none of them
        return made(id, said), {}


def made(id, said):
    return make(f"pettingzoo:{id}({', '.join(f'{key}={value!r}' for key, value in said.items())})")


def bare(id, api, own):
    if id in THEIRS:
        module = importlib.import_module(THEIRS[id].__name__)
        return (module.parallel_env if api == "parallel" else module.env)(**own)
    return pettingzoo.make(api, id, **own)


def taken(space, action):
    """Return an agent's action from a row of a game's."""
    if hasattr(space, "n"):
        return int(action) + int(space.start)
    return np.array(action, dtype=space.dtype)[: space.shape[0]]


def loop_in_turn(environment, seed, actions):
    """Step agent after agent, as PettingZoo's documentation does, and add up what `last` says."""
    environment.reset(seed=seed)
    agents, move = environment.possible_agents, 0
    paid = dict.fromkeys(agents, 0.0)
    for agent in environment.agent_iter():
        _, reward, terminated, truncated, _ = environment.last()
        paid[agent] += reward
        if terminated or truncated:
            environment.step(None)
        elif move < len(actions):
            environment.step(taken(environment.action_space(agent), actions[move][agents.index(agent)]))
            move += 1
        else:  # cut short: what was paid since each agent's last turn is still to come
            for other in environment.agents:
                paid[other] += environment._cumulative_rewards[other] if other != agent else 0.0
            break
    return list(paid.values()), move


def loop_together(environment, seed, actions):
    """Step all agents at once and add up what `step` returns."""
    environment.reset(seed=seed)
    agents = environment.possible_agents
    paid, move = dict.fromkeys(agents, 0.0), 0
    while environment.agents and move < len(actions):
        chosen = {
            agent: taken(environment.action_space(agent), actions[move][agents.index(agent)])
            for agent in environment.agents
        }
        _, rewards, *_ = environment.step(chosen)
        move += 1
        for agent, reward in rewards.items():
            paid[agent] += reward
    return list(paid.values()), move


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("id", "api"), EVERY, ids=[f"{id} {api}" for id, api in EVERY])
def test_returns_are_those_of_a_bare_loop_with_the_same_seed_and_actions(id, api):
    game, own = opened(id, api)
    play(game, torch.arange(50, 53), seed=4, limit=80)  # so that environments are used a second time below
    numbers = torch.arange(3)
    played = play(game, numbers, seed=4, limit=100)
    assert played.last.done.all()
    seeds = (Draws.of(4, "playout rules", numbers).at(0).bits() & 0x7FFFFFFF).tolist()
    for row, seed in enumerate(seeds):
        actions = [move.actions[row].tolist() for move in played.moves if not move.state.done[row]]
        loop = loop_together if api == "parallel" else loop_in_turn
        paid, moves = loop(bare(id, api, own), seed, actions)
        assert moves == len(actions)
        assert played.returns[row].tolist() == pytest.approx(paid, rel=1e-12, abs=1e-12)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("id", sorted({id for id, _ in EVERY}))
def test_every_environment_keeps_the_rules_of_a_game(id):
    game, _ = opened(id, known_environments()[id][0])
    report = check_game(game, games=4)
    assert report.passed, str(report)
