"""What the tests of search share: positions, a network that is a hash, and the books of a tree, checked."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from agents.search.found import Found
from agents.search.native_search import NativeSearch
from agents.search.search import Evaluate, Search, SearchConfig
from agents.search.tree import ILLEGAL, LOST, NONE
from agents.zoo.lookahead import Positions, first_state
from games import make
from games.draws import Draws, choose, mix_in_torch
from games.game import Game, State
from games.hashing import hash_in_torch
from games.native import NativeGame


def native(name: str) -> Any:
    """Make a native game, of which the tests ask what other games have not."""
    game = make(name)
    assert isinstance(game, NativeGame)
    return game


def hashed(actions: int, *, spread: float = 3.0) -> Evaluate:
    """Return a network of no sense whose answers are float32 of a position's own: the same in every batch."""

    def evaluate(observation: Tensor) -> tuple[Tensor, Tensor]:
        flat = observation.flatten(1)
        keys = hash_in_torch(flat, torch.zeros(len(flat), dtype=torch.int64, device=flat.device))
        places = torch.arange(1, actions + 2, device=flat.device) * 0x632BE59BD9B4E019
        drawn = (mix_in_torch(keys[:, None] + places) >> 41).float() * 2.0**-22
        return spread * drawn[:, :actions], 0.75 * drawn[:, actions]

    return evaluate


def indifferent(actions: int) -> Evaluate:
    """Return a network that finds all actions and positions alike."""
    return lambda seen: (torch.zeros(len(seen), actions), torch.zeros(len(seen)))


def as_positions(state: State, *, first_key: int = 0) -> Positions:
    return Positions(state, state.acting.int().argmax(1), torch.arange(first_key, first_key + len(state)))


def after(game: Game, moves: list[int]) -> Positions:
    """Return the one position that the moves lead to."""
    state = first_state(game)
    for move in moves:
        state = game.step(state, torch.full(state.acting.shape, move))
    return as_positions(state)


def reached(game: Game, count: int, moves: int, *, seed: int = 0) -> Positions:
    """Return positions after so many random moves, or the last before the game would have been over."""
    rows = torch.arange(count)
    draws = Draws.of(seed, "positions", rows)
    state = game.reset(draws)
    for move in range(moves):
        seats = state.acting.int().argmax(1)
        actions = choose(game.legal(state, rows, seats), draws.at(move), seats)
        following = game.step(state, actions[:, None].expand(-1, state.acting.shape[1]).contiguous())
        state = following.where(~following.done, state)
    return as_positions(state, first_key=1000 * seed)


def noise(positions: Positions, *, seed: int = 0) -> Draws:
    return Draws.of(seed, "search", positions.keys)


def search(name: str, positions: Positions, *, noisy: bool = True, capacity: int = 0, **config: Any) -> Found:
    """Search with the hash for a network."""
    game = native(name)
    searching = NativeSearch(game, hashed(game.spec.actions), SearchConfig(**config), capacity=capacity)
    return searching.search(positions, noise(positions) if noisy else None)


def equal(found: Found, other: Found) -> None:
    """Assert that two searches found the same, and count alike to the last bit."""
    for column in ("visits", "means", "lengths", "priors", "actions"):
        ours, theirs = getattr(found, column), getattr(other, column)
        assert torch.equal(ours.nan_to_num(9.0), theirs.nan_to_num(9.0)), column
    torch.testing.assert_close(found.value, other.value, atol=1e-5, rtol=0)
    torch.testing.assert_close(found.policy, other.policy, atol=1e-5, rtol=0)


def nodes(searching: Search, tree: int) -> list[dict[str, Any]]:
    """Return the nodes of a tree, each as its fields; the edges' are arrays `[A]`."""
    trees, layout, actions = searching._trees, searching._trees.layout, searching.game.spec.actions
    told = []
    for record in range(int(trees.used[tree])):
        words, numbers = trees.records[tree, record], trees.floats[tree, record]
        node: dict[str, Any] = {}
        for field in ("prior", "mean", "visits", "child", "length"):
            start = getattr(layout, field)
            node[field] = (numbers if field in ("prior", "mean") else words)[start : start + actions].copy()
        for field in ("raw", "weighted", "seen", "mixed", "through", "heaviest", "seat"):
            floats = field in ("raw", "weighted", "seen", "mixed")
            node[field] = (numbers if floats else words)[getattr(layout, field)].item()
        leading = int(words[layout.edge])
        node["parent"], node["action"] = (-1, -1) if leading < 0 else divmod(leading, layout.width)
        told.append(node)
    return told


def check_books(searching: Search, tree: int) -> None:
    """Assert what holds in every tree between searches: nobody waits, nothing is on loan, and all sums are right."""
    told, config, best = nodes(searching, tree), searching.config, searching._trees.best
    behind = {(node["parent"], node["action"]): number for number, node in enumerate(told)}
    for number, node in enumerate(told):
        legal, visits, mean, length = node["child"] != ILLEGAL, node["visits"], node["mean"], node["length"]
        visited, known, closed = visits > 0, length > 0, node["child"] == LOST
        lost = known & (mean <= -best[1 - node["seat"]])
        assert not closed[~lost].any()
        assert closed[lost].all() or ((lost == legal).all() and closed.sum() == lost.sum() - 1)
        assert node["through"] == visits.sum() >= 0
        assert node["heaviest"] == visits.max()
        assert not visits[~legal].any()
        assert not known[~visited].any()
        assert (np.abs(mean[visited]) <= 1 + 1e-6).all()
        assert (node["prior"][legal] > 0).all()
        assert (node["prior"][~legal] == 0).all()
        np.testing.assert_allclose(node["prior"].sum(), 1, atol=1e-5)
        np.testing.assert_allclose(node["seen"], node["prior"][visited].sum(), rtol=1e-4)
        weights = node["prior"] if config.rule == "gumbel" else visits
        weighted = float((weights * mean)[visited].astype(float).sum())
        np.testing.assert_allclose(node["weighted"], weighted, atol=1e-4 * max(1, node["through"]))
        if config.rule == "gumbel":
            average = weighted / node["prior"][visited].sum() if visited.any() else 0.0
            mixed = (node["raw"] + node["through"] * average) / (1 + node["through"])
        else:
            mixed = (node["raw"] + weighted) / (1 + node["through"])
            mixed -= config.reduction * np.sqrt(node["prior"][visited].sum())
        np.testing.assert_allclose(node["mixed"], mixed, atol=1e-4)
        for action in np.flatnonzero(visited):
            child = behind.get((number, action), NONE)
            assert closed[action] or child == node["child"][action]
            if child == NONE:
                assert length[action] == 1  # only where the game is over is there no node behind an edge
                continue
            below = told[child]
            assert (below["parent"], below["action"]) == (number, action)
            flip = 1 if below["seat"] == node["seat"] else -1
            if length[action] == 0:
                assert visits[action] == below["through"] + 1
                worth = float((below["visits"] * below["mean"].astype(float)).sum())
                if not (below["length"] > 0).any():  # a proven edge's mean is no mean of what came back
                    expected = flip * (below["raw"] + worth) / visits[action]
                    np.testing.assert_allclose(mean[action], expected, atol=1e-4)
            else:
                away, value = proof(below, float(best[below["seat"]]))
                assert (length[action], mean[action]) == (away + 1, flip * value)


def proof(node: dict[str, Any], best: float) -> tuple[int, float]:
    """Return what proves a node: how many moves the end is away, and its value for whoever moves."""
    legal, known = node["child"] >= 0, node["length"] > 0
    value = max(node["mean"][known])
    assert value >= best or known[legal].all()
    lengths = node["length"][known & (node["mean"] == value)]
    return int(lengths.max() if value < 0 else lengths.min()), float(value)
