"""The kernels search as the plain reference does, to the last bit, whatever is searched beside it."""

from typing import Any

import numpy as np
import pytest
import torch
from searches import equal, hashed, native, noise, reached, search

from agents.search.found import Found
from agents.search.native_search import NativeSearch
from agents.search.reference import Reference
from agents.search.search import SearchConfig
from agents.zoo.lookahead import Positions, on_host
from games.game import concatenate

GAMES = {"tic_tac_toe": (0, 3, 6), "connect_four": (0, 14, 34, 40), "hex(size=4)": (0, 7), "othello(size=6)": (0, 24)}


def mixed(name: str, each: int) -> Positions:
    """Return positions from the start to shortly before the end."""
    parts = [reached(native(name), each, moves, seed=moves) for moves in GAMES[name]]
    columns = zip(*((part.seats, part.keys) for part in parts), strict=True)
    seats, keys = map(torch.cat, columns)
    return Positions(concatenate([part.state for part in parts]), seats, keys)


def both(name: str, positions: Positions, *, noisy: bool = True, **config) -> tuple[Found, Found]:
    game, settings = native(name), SearchConfig(**config)
    evaluate, draws = hashed(game.spec.actions), noise(positions) if noisy else None
    compiled = NativeSearch(game, evaluate, settings).search(positions, draws)
    return compiled, Reference(game, evaluate, settings, positions, draws).search()


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
@pytest.mark.parametrize(("simulations", "noisy", "leaves"), [(1, True, 1), (2, False, 3), (7, True, 2), (64, True, 1)])
def test_reference_and_kernels_are_equal(name, rule, simulations, noisy, leaves):
    settings: dict[str, Any] = {"simulations": simulations, "rule": rule, "leaves": leaves}
    equal(*both(name, mixed(name, 3), noisy=noisy, **settings))


@pytest.mark.parametrize(("name", "rule"), [("hex(size=4)", "gumbel"), ("othello(size=6)", "puct")])
def test_they_are_equal_where_a_node_has_several_vectors_of_edges(name, rule):
    equal(*both(name, mixed(name, 2), simulations=40, rule=rule, considered=6))


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["gumbel", "puct"])
@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
@pytest.mark.parametrize("leaves", [1, 16])
def test_they_are_equal_in_long_searches(name, rule, leaves):
    equal(*both(name, mixed(name, 4), simulations=200, rule=rule, leaves=leaves))


def test_they_are_equal_with_other_settings():
    positions = mixed("connect_four", 2)
    equal(*both("connect_four", positions, simulations=40, c_visit=7.0, c_scale=0.3, considered=3))
    settings: dict[str, Any] = {"c_init": 3.0, "c_base": 5.0, "reduction": 0.9, "noise": 0.6, "dirichlet": 2.0}
    equal(*both("connect_four", positions, simulations=40, rule="puct", **settings))


def test_budgets_may_differ_by_position():
    game, positions = native("connect_four"), reached(native("connect_four"), 6, 10)
    budget, config = np.array([1, 30, 7, 30, 0, 16], np.int32), SearchConfig()
    together = NativeSearch(game, hashed(7), config).search(positions, noise(positions), budget=budget)
    assert together.visits.sum(1).tolist() == budget.tolist()
    draws, amounts = noise(positions), torch.from_numpy(budget)
    equal(together, Reference(game, hashed(7), config, positions, draws, budget=amounts).search())
    for row, simulations in enumerate(budget.tolist()):
        alone = positions.rows(torch.tensor([row]))
        found = search("connect_four", alone, simulations=simulations)
        assert torch.equal(found.visits[0], together.visits[row])


@pytest.mark.parametrize("rule", ["gumbel", "puct"])
def test_a_position_is_searched_alike_in_every_batch(rule):
    game = native("connect_four")
    many = reached(game, 700, 12)
    settings = {"simulations": 24, "rule": rule}
    whole = search("connect_four", many, **settings)
    for rows in ([3], [699], [5, 3, 600, 42, 11]):
        part = search("connect_four", many.rows(torch.tensor(rows)), **settings)
        for column in ("visits", "means", "lengths", "priors", "actions"):
            ours, theirs = getattr(part, column), getattr(whole, column)[rows]
            assert torch.equal(ours.nan_to_num(9.0), theirs.nan_to_num(9.0)), column


def test_no_position_is_none_found():
    positions = reached(native("tic_tac_toe"), 2, 3).rows(torch.zeros(0, dtype=torch.int64))
    for rule in ("gumbel", "puct"):
        found = search("tic_tac_toe", positions, rule=rule)
        assert found.visits.shape == (0, 9)
        assert len(found.actions) == 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("rule", ["gumbel", "puct"])
@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
@pytest.mark.parametrize("leaves", [1, 4])
def test_the_reference_visits_alike_on_a_gpu(name, rule, leaves):
    game, positions = native(name), mixed(name, 3)
    config = SearchConfig(simulations=64, rule=rule, leaves=leaves)
    draws, evaluate = noise(positions), hashed(game.spec.actions)
    state: Any = positions.state
    columns = {column: value.cuda() for column, value in state._columns()}
    there = Positions(type(state)(**columns), positions.seats, positions.keys)
    found = Reference(game, evaluate, config, there, draws).search()
    columns = (getattr(found, name).cpu() for name in Found.__dataclass_fields__)
    assert torch.equal(on_host(there.state).words, state.words)
    equal(NativeSearch(game, evaluate, config).search(positions, draws), Found(*columns))
