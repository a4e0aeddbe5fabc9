"""Matches between tables, beside OpenSpiel's Python loop, and between networks, beside the bare network."""

import random
from bisect import bisect_right
from itertools import accumulate

import pyspiel
import torch

from agents.network import NetworkPolicy
from agents.tabular import TabularPolicy
from arena.cells import Cell
from arena.match import play_match, seated
from games import Game, build_tree, make
from games.hashing import hash_observations
from league.benching import Benchmark

Row = tuple[list[int], list[float]]


def tic_tac_toe_tables(tiny: bool) -> Benchmark:
    """Games between two random policies, each a table by observation."""
    game, games = make("tic_tac_toe"), 500 if tiny else 500_000
    observations, tables = _tables(game)
    lineup = [TabularPolicy(*_keyed(observations, seat, table)) for seat, table in enumerate(tables)]
    rows = [_by_board(observations, table) for table in tables]
    theirs = pyspiel.load_game("tic_tac_toe")

    def play() -> float:
        state, draw = theirs.new_initial_state(), random.random
        while not state.is_terminal():
            actions, cumulative = rows[state.current_player()][state.observation_string()]
            state.apply_action(actions[bisect_right(cumulative, draw())])
        return state.returns()[0]

    def ours() -> float:
        return play_match(game, lineup, games=games, seed=0).count

    def peer() -> float:
        for _ in range(games // 50):
            play()
        return games // 50

    def check() -> None:
        cell, other = play_match(game, lineup, games=20_000, seed=1), Cell.of([[play()] for _ in range(5_000)])
        assert abs(cell.mean[0] - other.mean[0]) < 0.08

    return Benchmark(
        unit="games", ours=ours, peer=peer, peer_name="OpenSpiel's Python loop over tables", check=check, least_ratio=20
    )


def tic_tac_toe_networks(tiny: bool) -> Benchmark:
    """Games between two networks of two layers of 128, and the same number of evaluations by the network alone."""
    return _networks("tic_tac_toe", tiny)


def leduc_networks(tiny: bool) -> Benchmark:
    """The same in a game whose seats do not move in lockstep."""
    return _networks("leduc_poker", tiny)


def _networks(name: str, tiny: bool) -> Benchmark:
    game, batch = make(name), 64 if tiny else 8192
    inputs = int(torch.tensor(game.spec.observation_shape).prod())
    architecture = {"inputs": inputs, "actions": game.spec.actions, "hidden": [128, 128]}
    lineup = [NetworkPolicy(architecture, seed=seed) for seed in (0, 1)]
    numbers = torch.arange(batch)
    observation = torch.rand(batch, inputs, generator=torch.Generator().manual_seed(0))
    evaluations = int(_decisions(game, lineup, numbers))
    calls = -(-evaluations // batch)

    def ours() -> float:
        seated(game, lineup, numbers, seed=0)
        return evaluations

    def peer() -> float:
        with torch.no_grad():
            for _ in range(calls):
                lineup[0].policy(observation)
        return calls * batch

    def check() -> None:
        played = seated(game, lineup, numbers, seed=0)
        assert evaluations > 2 * batch
        assert torch.equal(played.returns.sum(1), torch.zeros(batch).double())

    return Benchmark(
        unit="evaluations", ours=ours, peer=peer, peer_name="the bare network", check=check, least_ratio=0.7, repeats=15
    )


def _decisions(game: Game, lineup: list[NetworkPolicy], numbers: torch.Tensor) -> torch.Tensor:
    """Return how many decisions the players take in these games: all moves but chance's."""
    dealt = {"leduc_poker": 2}.get(game.spec.name, 0)
    played = seated(game, lineup, numbers, seed=0)
    assert dealt == 0 or game.spec.chance_outcomes
    return (played.moves - dealt).sum()


def _tables(game: Game) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """Return all observations and two random policies over them, `[R, A]` each."""
    tree, generator = build_tree(game), torch.Generator().manual_seed(0)
    tables = [torch.rand(tree.legal.shape, generator=generator).double() * tree.legal for _ in range(2)]
    return tree.observations, [table / table.sum(1, keepdim=True) for table in tables]


def _keyed(observations: torch.Tensor, seat: int, table: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    keys, order = hash_observations(observations, torch.full((len(table),), seat)).sort()
    return keys, table[order]


def _by_board(observations: torch.Tensor, table: torch.Tensor) -> dict[str, Row]:
    """Return the rows of a table under OpenSpiel's text of each board: actions and cumulative probabilities."""
    rows = {}
    for (own, other), row in zip(observations.flatten(2).tolist(), table.tolist(), strict=True):
        mine, his = "xo" if sum(own) == sum(other) else "ox"
        cells = "".join(mine if a else his if b else "." for a, b in zip(own, other, strict=True))
        actions = [action for action, probability in enumerate(row) if probability > 0]
        cumulative = list(accumulate(row[action] for action in actions))
        cumulative[-1] = 1.0
        rows[f"{cells[:3]}\n{cells[3:6]}\n{cells[6:]}"] = actions, cumulative
    return rows
