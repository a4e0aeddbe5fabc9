"""The books of a tree balance: after one search, after several in the same tree, with many leaves at a time."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from searches import after, check_books, equal, hashed, indifferent, native, nodes, noise, reached, search

from agents.agent import AgentError
from agents.search.native_search import NativeSearch
from agents.search.search import SearchConfig
from agents.zoo.lookahead import Positions

RULES = ["gumbel", "puct"]


def searching(name: str, *, capacity: int = 0, **config) -> NativeSearch:
    game = native(name)
    return NativeSearch(game, hashed(game.spec.actions), SearchConfig(**config), capacity=capacity)


def midgame(name: str, moves: tuple[int, ...]) -> list[Positions]:
    return [reached(native(name), 4, count, seed=count) for count in moves]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("leaves", [1, 3, 16])
@pytest.mark.parametrize("capacity", [0, 1, 4096])
def test_visits_are_the_budget_and_all_sums_are_right(rule, leaves, capacity):
    for name, moves in (("tic_tac_toe", (0, 4, 7)), ("connect_four", (0, 30, 40))):
        at_work = searching(name, simulations=90, rule=rule, leaves=leaves, capacity=capacity)
        for positions in midgame(name, moves):
            found = at_work.search(positions, noise(positions))
            assert found.visits.sum(1).tolist() == [90] * 4
            torch.testing.assert_close(found.policy.sum(1), torch.ones(4))
            for tree in range(4):
                check_books(at_work, tree)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("capacity", [1, 64, 4096])
def test_remembered_answers_change_nothing(rule, capacity):
    positions = reached(native("connect_four"), 5, 8)
    ask = partial(search, "connect_four", positions, simulations=60, rule=rule)
    equal(ask(capacity=capacity), ask())


def test_what_is_remembered_is_not_asked_again_until_it_is_forgotten():
    asked, game = [], native("tic_tac_toe")

    def evaluate(seen):
        asked.append(len(seen))
        return indifferent(9)(seen)

    at_work = NativeSearch(game, evaluate, SearchConfig(simulations=30), capacity=2**14)
    counts = []
    for forget in (False, False, True):
        if forget:
            at_work.forget()
        asked.clear()
        at_work.search(reached(game, 1, 2), None)
        counts.append(sum(asked))
    assert counts[0] == counts[2]
    assert counts[1] == 1  # a root is always asked about
    assert counts[0] > 20


def test_nothing_is_asked_behind_a_proven_edge():
    """x has 0 and 1 and wins with 2; o has 3 and 4 and wins with 5. The other moves of x lose at once."""
    asked, game = [], native("tic_tac_toe")

    def evaluate(seen):
        asked.extend(seen)
        return indifferent(9)(seen)

    for rule in RULES:
        asked.clear()
        settings: dict[str, Any] = {"simulations": 200, "rule": rule}
        found = NativeSearch(game, evaluate, SearchConfig(**settings)).search(after(game, [0, 3, 1, 4]), None)
        assert found.actions.tolist() == [2]
        assert found.lengths[0, 2] == 1
        assert len(asked) < 30  # of 5 empty cells there are 60 orders of 3


def below(told: list[dict], root: int) -> list[dict]:
    """Return the nodes from one on down, as a tree of which it is the root."""
    kept = [root]
    for number in range(root + 1, len(told)):
        if told[number]["parent"] in kept:
            kept.append(number)
    into = {old: new for new, old in enumerate(kept)}
    out = []
    for old in kept:
        node = dict(told[old])
        node["child"] = np.array([into[child] if child > 0 else child for child in node["child"]])
        node["parent"], node["action"] = (-1, -1) if old == root else (into[node["parent"]], node["action"])
        out.append(node)
    return out


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("leaves", [1, 4])
def test_what_was_found_below_a_move_stays(rule, leaves):
    game = native("connect_four")
    at_work = searching("connect_four", simulations=80, rule=rule, leaves=leaves)
    at_work.reserve(9, 400, keep=True)
    slots, positions = np.array([7, 2, 4]), reached(game, 3, 4)
    found = at_work.search(positions, None, slots=slots)
    before = [nodes(at_work, int(slot)) for slot in slots]
    state = game.step(positions.state, found.actions[:, None].expand(-1, 2).contiguous())
    following = Positions(state, 1 - positions.seats, positions.keys)
    nothing = np.zeros(3, np.int32)
    kept = at_work.search(following, None, slots=slots, budget=nothing)
    for row, slot in enumerate(slots):
        expected = below(before[row], int(before[row][0]["child"][found.actions[row]]))
        told = nodes(at_work, int(slot))
        assert len(told) == len(expected) > 5
        for ours, theirs in zip(told, expected, strict=True):
            for field, value in theirs.items():
                assert np.array_equal(ours[field], value), field
        assert kept.visits[row].tolist() == expected[0]["visits"].tolist()
    again = at_work.search(following, noise(following), slots=slots)
    assert torch.equal(again.visits.sum(1), kept.visits.sum(1) + 80)
    for slot in slots:
        check_books(at_work, int(slot))


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four"])
def test_puct_goes_on_where_it_stopped(name):
    """Without noise, a search in parts is one search, however often it comes to what is proven."""
    last = {"tic_tac_toe": 6, "connect_four": 39}[name]  # a few positions are left, and soon all is proven
    for moves, parts, room in ((0, 4, 100), (4, 4, 100), (last, 40, 60)):
        positions, slots = reached(native(name), 5, moves, seed=moves), np.arange(5)
        at_work = searching(name, rule="puct")
        at_work.reserve(5, room, keep=True)
        budget = np.full(5, 20, np.int32)
        found = at_work.search(positions, None, slots=slots, budget=budget)
        for _ in range(parts - 1):
            found = at_work.search(positions, None, slots=slots, budget=budget)
        whole = search(name, positions, noisy=False, rule="puct", simulations=20 * parts)
        assert torch.equal(found.visits, whole.visits)
        assert torch.equal(found.means.nan_to_num(9.0), whole.means.nan_to_num(9.0))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("name", "start"), [("tic_tac_toe", 0), ("connect_four", 4)])
def test_trees_are_kept_through_whole_games(rule, name, start):
    """Both seats share a tree, and each position is searched twice, with noise the second time."""
    at_work = searching(name, simulations=40, rule=rule, noise=0.5)
    at_work.reserve(4, 3000, keep=True)
    positions, slots = reached(native(name), 4, start), np.arange(4)
    while len(slots):
        at_work.search(positions, None, slots=slots)
        found = at_work.search(positions, noise(positions), slots=slots)
        for slot in slots:
            check_books(at_work, int(slot))
        assert (found.visits.sum(1) >= 80).all()
        state = at_work.game.step(positions.state, found.actions[:, None].expand(-1, 2).contiguous())
        left = (~state.done).nonzero()[:, 0]
        positions, slots = Positions(state, 1 - positions.seats, positions.keys).rows(left), slots[left.numpy()]


def test_a_tree_that_does_not_hold_the_position_begins_anew():
    game, at_work = native("connect_four"), searching("connect_four", simulations=50)
    at_work.reserve(3, 200, keep=True)
    slots = np.arange(3)
    at_work.search(reached(game, 3, 6), None, slots=slots)
    other = reached(game, 3, 9, seed=5)
    found = at_work.search(other, noise(other), slots=slots)
    equal(found, search("connect_four", other, simulations=50))


def test_a_tree_that_is_too_full_begins_anew():
    at_work, slots = searching("connect_four", simulations=50), np.arange(2)
    at_work.reserve(2, 60, keep=True)
    positions = reached(native("connect_four"), 2, 6)
    at_work.search(positions, None, slots=slots)
    found = at_work.search(positions, None, slots=slots)
    equal(found, search("connect_four", positions, noisy=False, simulations=50))


def test_what_cannot_be_is_refused_in_a_sentence():
    game, at_work = native("tic_tac_toe"), searching("tic_tac_toe", simulations=50)
    at_work.reserve(1, 50, keep=True)
    with pytest.raises(AgentError, match="room for 51 nodes"):
        at_work.search(reached(game, 1, 0), None, slots=np.arange(1))
    spoilt = NativeSearch(
        game, lambda seen: (torch.zeros(len(seen), 9), torch.full((len(seen),), torch.nan)), SearchConfig()
    )
    with pytest.raises(AgentError, match="answer with numbers"):
        spoilt.search(reached(game, 1, 0), None)


def test_answers_of_double_precision_are_read_as_float32():
    game, positions, answers = native("tic_tac_toe"), reached(native("tic_tac_toe"), 2, 2), hashed(9)

    def doubled(seen):
        logits, value = answers(seen)
        return logits.double(), value.double()

    found = NativeSearch(game, doubled, SearchConfig(simulations=30)).search(positions, None)
    equal(found, search("tic_tac_toe", positions, noisy=False, simulations=30))
