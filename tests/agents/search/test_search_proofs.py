"""What a search must get right: signs from both seats, proofs, the rules' published formulas, by hand and by force."""

from functools import cache
from math import log, sqrt
from typing import Any

import numpy as np
import pytest
import torch
from searches import after, as_positions, equal, hashed, indifferent, native, nodes, noise, reached, search

from agents.search.found import Found
from agents.search.gumbel import considered_visits
from agents.search.native_search import NativeSearch
from agents.search.puct import bonuses
from agents.search.reference import Reference
from agents.search.search import SearchConfig
from agents.zoo.lookahead import words_of
from games.boards import tic_tac_toe
from games.boards.tic_tac_toe import TicTacToe
from games.native import Rules

LINES = (0o7, 0o70, 0o700, 0o111, 0o222, 0o444, 0o421, 0o124)
RULES = ["gumbel", "puct"]


@cache
def exact(own: int, other: int) -> dict[int, tuple[int, int]]:
    """Return of each move of tic-tac-toe the value for who makes it, and how far off the end is, by brute force."""
    moves = {}
    for cell in range(9):
        mark = own | 1 << cell
        if (own | other) >> cell & 1:
            continue
        if any(mark & line == line for line in LINES):
            moves[cell] = 1, 1
        elif mark | other == 0o777:
            moves[cell] = 0, 1
        else:
            value, length = best(exact(other, mark))
            moves[cell] = -value, length + 1
    return moves


def best(moves: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Return the greatest value, and how far off the end is: a win and a draw soon, a loss late."""
    value = max(value for value, _ in moves.values())
    lengths = [length for own, length in moves.values() if own == value]
    return value, max(lengths) if value < 0 else min(lengths)


def boards(positions) -> list[tuple[int, int]]:
    """Return whoever moves' own cells and the other's."""
    words = words_of(positions.state)[:, :2].tolist()
    return [(words[row][seat], words[row][1 - seat]) for row, seat in enumerate(positions.seats.tolist())]


def late(count: int) -> list:
    return [reached(native("tic_tac_toe"), count, moves, seed=moves) for moves in (3, 4, 5, 6, 7)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("leaves", [1, 5])
def test_what_is_proven_is_what_minimax_says(rule, leaves):
    proven = 0
    for positions in late(60):
        found = search("tic_tac_toe", positions, rule=rule, simulations=400, leaves=leaves)
        for row, (own, other) in enumerate(boards(positions)):
            moves = exact(own, other)
            for action in (found.lengths[row] > 0).nonzero()[:, 0].tolist():
                assert found.means[row, action] == moves[action][0]
                proven += 1
    assert proven > 400


@pytest.mark.parametrize("rule", RULES)
def test_a_proven_win_is_played_and_a_proven_loss_delayed(rule):
    """Of the wins that are proven the soonest, and of losses, where all moves are proven to lose, the latest."""
    won = lost = 0
    for positions in late(80):
        found = search("tic_tac_toe", positions, rule=rule, simulations=600)
        for row, (own, other) in enumerate(boards(positions)):
            value, moves, played = found.value[row].item(), exact(own, other), int(found.actions[row])
            lengths = found.lengths[row]
            wins = [int(lengths[move]) for move in moves if lengths[move] > 0 and found.means[row, move] == 1]
            losing = [int(lengths[move]) for move in moves if lengths[move] > 0 and found.means[row, move] == -1]
            if wins:
                won += 1
                assert (value, moves[played][0], int(lengths[played])) == (1, 1, min(wins))
                assert found.policy[row].tolist() == [float(move == played) for move in range(9)]
            elif len(losing) == len(moves):
                lost += 1
                assert (value, best(moves)[0], int(lengths[played])) == (-1, -1, max(losing))
            else:
                assert moves[played][0] == best(moves)[0] or int(lengths[played]) == 0
                lose = [move for move in moves if lengths[move] > 0 and found.means[row, move] == -1]
                assert not found.policy[row, lose].any()
            if 1 in lengths[found.means[row] == 1].tolist():
                assert lengths[played] == 1
    assert won > 60
    assert lost > 8


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("leaves", [1, 4])
def test_simulations_go_where_something_is_left_to_find_out(rule, leaves):
    """What was proven to lose gets none of those that come after, as long as another move is open."""
    game, slots, closed = native("tic_tac_toe"), np.arange(60), 0
    at_work = NativeSearch(game, hashed(9), SearchConfig(simulations=60, rule=rule, leaves=leaves))
    at_work.reserve(60, 400, keep=True)
    for positions in late(60)[:3]:
        before = at_work.search(positions, None, slots=slots)
        further = at_work.search(positions, None, slots=slots)
        lost = (before.lengths > 0) & (before.means == -1)
        legal = game.legal(positions.state, torch.arange(60), positions.seats)
        left = (legal & ~lost).any(1)
        assert torch.equal(before.visits[left][lost[left]], further.visits[left][lost[left]])
        assert torch.equal(further.visits.sum(1), before.visits.sum(1) + 60)
        closed += int(lost[left].sum())
    assert closed > 60


@pytest.mark.parametrize("rule", RULES)
def test_the_forty_second_move_that_wins_is_a_win(rule):
    """The board is full but for one cell, and who fills it completes a four: no draw."""
    game, last = native("connect_four"), reached(native("connect_four"), 20_000, 41, seed=3)
    stones = torch.tensor([sum(word.bit_count() for word in row[:2]) for row in words_of(last.state).tolist()])
    last = last.rows((stones == 41).nonzero()[:, 0])
    assert len(last.seats) > 40
    only = game.legal(last.state, torch.arange(len(last.seats)), last.seats).int().argmax(1)
    ended = game.step(last.state, only[:, None].expand(-1, 2).contiguous())
    assert ended.done.all()
    assert (last.seats == 1).all()
    wins = ended.rewards[:, 1].float()
    found = search("connect_four", last, rule=rule, simulations=3)
    assert torch.equal(found.value, wins)
    assert torch.equal(found.actions, only)
    assert 0 < int((wins > 0).sum()) < len(wins)


def test_the_last_stone_wins_in_a_position_built_by_hand():
    """o has three in the top row, x no four anywhere, and one cell is left: o's four is a win at the last move."""
    game = native("connect_four")
    columns = ["xxoxxo", "ooxoox", "xxoxxo", "ooxoox", "xxoxxo", "ooxxoo", "xoxoxo"]
    rows = ["".join(column[height] for column in columns) for height in range(6)]
    assert sum(row.count("x") for row in rows) == 21
    x = o = 0
    for column, cells in enumerate(columns):
        for height, mark in enumerate(cells):
            bit = 1 << 7 * column + height
            x, o = (x | bit, o) if mark == "x" else (x, o | bit)
    top = 1 << 7 * 6 + 5
    before, state = o & ~top, game.reset(noise(reached(game, 1, 0)))
    words = torch.tensor([[x, before, 0, 0]])
    state = type(state)(
        acting=torch.tensor([[False, True]]),
        rewards=state.rewards,
        terminated=state.terminated,
        truncated=state.truncated,
        words=words,
    )
    ended = game.step(state, torch.full((1, 2), 6))
    assert ended.done.all()
    for rule in RULES:
        found = search("connect_four", as_positions(state), rule=rule, simulations=5)
        assert found.value.tolist() == [float(ended.rewards[0, 1])]
        assert found.visits[0].tolist() == [0, 0, 0, 0, 0, 0, 5]
        assert found.lengths[0, 6] == 1


def test_a_win_is_one_for_whoever_makes_it():
    for moves, seat, wins in (([0, 3, 1, 4], 0, 2), ([0, 3, 1, 4, 8], 1, 5)):
        positions = after(native("tic_tac_toe"), moves)
        assert positions.seats.tolist() == [seat]
        for rule in RULES:
            found = search("tic_tac_toe", positions, rule=rule, simulations=50)
            assert found.actions.tolist() == [wins]
            assert found.means[0, wins] == 1
            assert found.value.tolist() == [1]


def _swapped_acting(words):
    mask = tic_tac_toe._acting(words)
    return mask >> 1 | (mask & 1) << 1


def _swapped_step(words, seat, action):
    return tic_tac_toe._step(words, 1 - seat, action)


def _swapped_returns(words):
    x, o = tic_tac_toe._returns(words)
    return o, x


class Swapped(TicTacToe):
    """Tic-tac-toe in which seat 1 begins."""

    rules = Rules(
        start=TicTacToe.rules.start,
        step=_swapped_step,
        acting=_swapped_acting,
        returns=_swapped_returns,
        legal=lambda words, seat: tic_tac_toe._legal(words, 1 - seat),
        observe=lambda words, seat: tic_tac_toe._observe(words, 1 - seat),
    )


@pytest.mark.parametrize("rule", RULES)
def test_with_seats_exchanged_the_search_is_the_same(rule):
    game, swapped = native("tic_tac_toe"), Swapped()
    swapped.compiles = False
    config = SearchConfig(simulations=60, rule=rule)
    for moves in (0, 3, 5):
        positions = reached(game, 4, moves, seed=moves)
        state: Any = positions.state
        other = type(state)(
            acting=state.acting.flip(1),
            rewards=state.rewards.flip(1),
            terminated=state.terminated,
            truncated=state.truncated,
            words=state.words,
        )
        exchanged = as_positions(other)
        assert torch.equal(exchanged.seats, 1 - positions.seats)
        ours = Reference(game, hashed(9), config, positions, None).search()
        equal(ours, Reference(swapped, hashed(9), config, exchanged, None).search())
        equal(ours, search("tic_tac_toe", positions, noisy=False, simulations=60, rule=rule))


def root(found_by: NativeSearch, moves: list[int], simulations: int) -> tuple[dict, Found]:
    budget = np.array([simulations], np.int32)
    found = found_by.search(after(found_by.game, moves), None, budget=budget)
    return nodes(found_by, 0)[0], found


def test_puct_chooses_by_hand():
    """x is to move, and cells 6, 7 and 8 are free:

        x o x
        o o x        o threatens 7; x wins at once with 8
        . . .

    All priors are 1/3 and the network values everything 0. With c(N) = (log((N + 20001) / 20000) + 1) sqrt(max(N, 1)):

    1. N = 0, all alike: the lowest, 6. It does not end the game; its node is worth 0.
    2. N = 1: 6 is worth 0 + c(1) / 3 / 2 = .167; 7 and 8, without a visit, the mean 0 less .3 sqrt(1/3) = -.173 for
       first-play urgency, and c(1) / 3 = .333 of bonus: .160. So 6 again: o blocks nothing and wins with 7, as the
       lowest of its two moves: 6 is proven lost in two, -1.
    3. N = 2: the mean is -2/3 (the network's 0, 0 and then -1 for all of edge 6, twice): 7 is worth
       (0 + 2 * -1) / 3 - .173 + c(2) / 3 = -.840 + .471 = -.368; 6 is worth -1 + c(2) / 3 / 3 = -.843. So 7: worth 0.
    4. N = 3: 7 is worth 0 + c(3) / 3 / 2 = .289; 8 is worth -2/4 - .3 sqrt(2/3) + c(3) / 3 = -.745 + .577 = -.168.
       So 7 again: o has 6 and 8, takes 6, and that is no end.
    """
    game = native("tic_tac_toe")
    config = SearchConfig(rule="puct", c_init=1.0, c_base=20000.0, reduction=0.3)
    at_work, moves = NativeSearch(game, indifferent(9), config), [0, 1, 2, 3, 5, 4]

    def bonus(visits: int) -> float:
        return (log((visits + 20001) / 20000) + 1) * sqrt(max(visits, 1))

    np.testing.assert_allclose(bonuses(3, c_init=1.0, c_base=20000.0), [bonus(n) for n in range(4)], rtol=1e-6)
    expected = [
        ([1, 0, 0], [0.0, 0.0, 0.0], [0, 0, 0], -0.3 * sqrt(1 / 3)),
        ([2, 0, 0], [-1.0, 0.0, 0.0], [2, 0, 0], -2 / 3 - 0.3 * sqrt(1 / 3)),
        ([2, 1, 0], [-1.0, 0.0, 0.0], [2, 0, 0], -2 / 4 - 0.3 * sqrt(2 / 3)),
        ([2, 2, 0], [-1.0, 0.0, 0.0], [2, 0, 0], -2 / 5 - 0.3 * sqrt(2 / 3)),
    ]
    for simulations, (visits, means, lengths, mixed) in enumerate(expected, 1):
        node, _ = root(at_work, moves, simulations)
        assert node["visits"][6:].tolist() == visits
        assert node["length"][6:].tolist() == lengths
        np.testing.assert_allclose(node["mean"][6:], means, atol=1e-6)
        np.testing.assert_allclose(node["mixed"], mixed, atol=1e-6)
    node, found = root(at_work, moves, 12)
    assert node["length"][8] == 1
    assert found.actions.tolist() == [8]
    assert found.value.tolist() == [1]


def test_gumbels_root_and_policy_by_hand():
    """The same position, with Gumbel's rule and no noise: logits are log 1/3 each, sigma(q) = (50 + max N) / 2 * q.

    The schedule of 3 actions and 6 simulations has ceil(log2 3) = 2 phases: 6 // (2 * 3) = 1 visit to each, lowest
    first where all are alike. 6 is worth 0, 7 as well; 8 wins. Then the two best, 8 and, of equals, 6 have one more;
    o then wins with 7 behind 6. The win is played, and is all that is to be learned.
    """
    at_work = NativeSearch(native("tic_tac_toe"), indifferent(9), SearchConfig(c_scale=1.0))
    moves = [0, 1, 2, 3, 5, 4]
    assert considered_visits(6, 3).tolist() == [0, 0, 0, 1, 1, 2]
    node, found = root(at_work, moves, 2)
    assert node["visits"][6:].tolist() == [1, 1, 0]
    np.testing.assert_allclose(found.policy[0, 6:], [1 / 3] * 3, atol=1e-6)
    node, found = root(at_work, moves, 3)
    assert node["visits"][6:].tolist() == [1, 1, 1]
    assert node["length"][6:].tolist() == [0, 0, 1]
    assert found.actions.tolist() == [8]
    node, found = root(at_work, moves, 6)
    assert node["visits"][6:].sum() == 6
    assert node["visits"][8] >= 2
    assert found.policy[0].tolist() == [0.0] * 8 + [1.0]


def test_the_improved_policy_is_that_of_the_paper():
    """softmax(logits + sigma(completed q)), equations 10 and 11, where no outcome is known."""
    game, config = native("connect_four"), SearchConfig(simulations=20, considered=4, c_visit=30.0, c_scale=0.2)
    positions = reached(game, 6, 2)
    at_work = NativeSearch(game, hashed(7), config)
    found = at_work.search(positions, noise(positions))
    logits, _ = hashed(7)(game.observe(positions.state, torch.arange(6), positions.seats))
    for tree in range(6):
        node = nodes(at_work, tree)[0]
        prior = logits[tree].double().softmax(0).numpy()
        visits, q = node["visits"], node["mean"].astype(float)
        weight = (prior * q)[visits > 0].sum() / prior[visits > 0].sum()
        mixed = (node["raw"] + visits.sum() * weight) / (1 + visits.sum())
        completed = np.where(visits > 0, q, mixed)
        sigma = (30 + visits.max()) * 0.2 * completed / 2
        expected = prior * np.exp(sigma - sigma.max())
        np.testing.assert_allclose(found.policy[tree], expected / expected.sum(), atol=1e-4)
        assert (visits > 0).sum() == 4
    assert (found.policy > 0).all()


@pytest.mark.parametrize("simulations", [1, 5, 16, 32, 64, 200, 800])
@pytest.mark.parametrize("actions", [1, 2, 3, 4, 7, 16, 36])
def test_sequential_halving_spends_what_there_is(simulations, actions):
    """Each phase considers half as many actions, each of these has had as many visits, and the last two share the rest.

    For 64 simulations and 16 actions, by hand: 4 phases of 16 simulations each: one visit to each of 16, two to each of
    8, four to each of 4, eight to each of 2.
    """
    considered = considered_visits(simulations, actions).tolist()
    assert len(considered) == simulations
    given = [0] * actions
    for visits in considered:  # the lowest of those that have had as many: there must be one
        given[given.index(visits)] += 1
    assert sum(given) == simulations
    assert given == sorted(given, reverse=True)
    if (simulations, actions) == (64, 16):
        assert given == [15, 15, 7, 7, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1]
        phases = ((16, range(1)), (8, range(1, 3)), (4, range(3, 7)), (2, range(7, 15)))
        assert considered == [visits for left, phase in phases for visits in phase for _ in range(left)]


def test_the_roots_visits_are_those_of_the_schedule():
    positions = reached(native("hex(size=4)"), 20, 0)
    found = search("hex(size=4)", positions, simulations=64, considered=16)
    expected = [15, 15, 7, 7, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1]
    assert found.visits.sort(1, descending=True).values.tolist() == [expected] * 20
