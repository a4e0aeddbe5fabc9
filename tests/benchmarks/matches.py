"""Matches between tables, beside OpenSpiel's Python loop, and between networks, beside the bare network."""

import random
from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate
from unittest.mock import patch

import torch

from agents.network import NetworkPolicy
from agents.tabular import TabularPolicy
from arena.match import play_match, seated
from games import Game, build_tree, make
from games.hashing import hash_observations
from league.benching import Benchmark

Row = tuple[str, list[float]]
Play = Callable[[], float]


def tic_tac_toe_tables(tiny: bool) -> Benchmark:
    """Games between two random policies, each a table by observation; the peer plays by OpenSpiel's own policies."""
    return _tables(tiny, _by_policies, "OpenSpiel's Python loop between its TabularPolicy", least_ratio=20)


def tic_tac_toe_tables_tuned(tiny: bool) -> Benchmark:
    """The same beside the fastest Python loop over OpenSpiel's states that we could write."""
    return _tables(tiny, _by_board, "a Python loop over OpenSpiel's states, tuned by hand", least_ratio=None)


def _tables(
    tiny: bool, loop: Callable[[list[list[Row]]], Play], peer_name: str, *, least_ratio: float | None
) -> Benchmark:
    game, games = make("tic_tac_toe"), 500 if tiny else 500_000
    tree, generator = build_tree(game), torch.Generator().manual_seed(0)
    lineup, rows = [], []
    for seat in range(2):
        table = torch.rand(tree.legal.shape, generator=generator).double() * tree.legal
        table /= table.sum(1, keepdim=True)
        keys, order = hash_observations(tree.observations, torch.full((len(table),), seat)).sort()
        lineup.append(TabularPolicy(keys, table[order]))
        rows.append(list(zip(_boards(tree.observations), table.tolist(), strict=True)))
    play = loop(rows)

    def ours() -> float:
        return play_match(game, lineup, games=games, seed=0).count

    def peer() -> float:
        for _ in range(games // 50):
            play()
        return games // 50

    def check() -> None:
        mine = play_match(game, lineup, games=20_000, seed=1).mean[0]
        theirs = [play() for _ in range(3_000)]
        assert abs(mine - sum(theirs) / len(theirs)) < 0.1

    return Benchmark(unit="games", ours=ours, peer=peer, peer_name=peer_name, check=check, least_ratio=least_ratio)


def _boards(observations: torch.Tensor) -> list[str]:
    """Return OpenSpiel's text of each board `[R, 2, 3, 3]`: the mover's marks and the other's."""
    texts = []
    for own, other in observations.flatten(2).tolist():
        mine, his = "xo" if sum(own) == sum(other) else "ox"
        cells = "".join(mine if a else his if b else "." for a, b in zip(own, other, strict=True))
        texts.append(f"{cells[:3]}\n{cells[3:6]}\n{cells[6:]}")
    return texts


def _by_policies(rows: list[list[Row]]) -> Play:
    import pyspiel
    from open_spiel.python.policy import TabularPolicy as TheirTable

    game, tables = pyspiel.load_game("tic_tac_toe"), [dict(seat) for seat in rows]
    policy = TheirTable(game)
    for index, state in enumerate(policy.states):
        policy.action_probability_array[index] = tables[state.current_player()][state.observation_string()]
    policies = [policy, policy]  # one holds the rows of both seats

    def play() -> float:
        state = game.new_initial_state()
        while not state.is_terminal():
            row = policies[state.current_player()].action_probabilities(state)
            state.apply_action(random.choices(list(row), list(row.values()))[0])
        return state.returns()[0]

    return play


def _by_board(rows: list[list[Row]]) -> Play:
    import pyspiel

    game, tables = pyspiel.load_game("tic_tac_toe"), []
    for seat in rows:
        table = {}
        for board, row in seat:
            actions = [action for action, probability in enumerate(row) if probability > 0]
            cumulative = list(accumulate(row[action] for action in actions))
            table[board] = actions, [*cumulative[:-1], 1.0]
        tables.append(table)

    def play() -> float:
        state, draw = game.new_initial_state(), random.random
        while not state.is_terminal():
            actions, cumulative = tables[state.current_player()][state.observation_string()]
            state.apply_action(actions[bisect_right(cumulative, draw())])
        return state.returns()[0]

    return play


def tic_tac_toe_networks(tiny: bool) -> Benchmark:
    """Games between two networks of two layers of 128, and the same number of evaluations by the network alone."""
    return _networks("tic_tac_toe", tiny)


def leduc_networks(tiny: bool) -> Benchmark:
    """The same in a game whose seats do not move in lockstep."""
    return _networks("leduc_poker", tiny)


def _networks(name: str, tiny: bool) -> Benchmark:
    game, batch, matches = make(name), 64 if tiny else 8192, 1 if tiny else 4
    inputs = int(torch.tensor(game.spec.observation_shape).prod())
    architecture = {"inputs": inputs, "actions": game.spec.actions, "hidden": [128, 128]}
    lineup = [NetworkPolicy(architecture, seed=seed) for seed in (0, 1)]
    numbers = torch.arange(batch)
    observation = torch.rand(batch, inputs, generator=torch.Generator().manual_seed(0))
    evaluations = _decisions(game, lineup, numbers)
    calls = -(-evaluations * matches // batch)

    def ours() -> float:
        for _ in range(matches):
            seated(game, lineup, numbers, seed=0)
        return evaluations * matches

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
        unit="evaluations",
        ours=ours,
        peer=peer,
        peer_name="the bare network",
        check=check,
        least_ratio=0.7,
        repeats=15,
    )


def _decisions(game: Game, lineup: list[NetworkPolicy], numbers: torch.Tensor) -> int:
    """Return how many decisions the players take in these games."""
    taken, outputs = 0, NetworkPolicy.outputs

    def counted(policy: NetworkPolicy, observation: torch.Tensor, legal: torch.Tensor):
        nonlocal taken
        taken += len(observation)
        return outputs(policy, observation, legal)

    with patch.object(NetworkPolicy, "outputs", counted):
        seated(game, lineup, numbers, seed=0)
    return taken
