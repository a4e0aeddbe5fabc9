import pickle
import re
from dataclasses import replace
from functools import cache

import numpy as np
import openspiel_truth as truth
import pyspiel
import pytest
from counterfactual import play_out
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from open_spiel.python.algorithms.discounted_cfr import DCFRSolver, LCFRSolver

from games import MatrixGame, build_tree, make
from games.extensive.regret import cfr, cfr_plus, discounted_cfr, linear_cfr, predictive_cfr_plus
from games.extensive.regret_kernels import Form, Memory, Payoffs, advance
from games.extensive.replay import tabular_policy

SOLVERS = [cfr, cfr_plus, linear_cfr, discounted_cfr, predictive_cfr_plus]
THEIRS = {
    cfr: pyspiel.CFRSolver,
    cfr_plus: pyspiel.CFRPlusSolver,
    linear_cfr: LCFRSolver,
    discounted_cfr: DCFRSolver,
}
# regrets and gains after iteration t: those that are kept, and those that are matched
UPDATES = {
    cfr: (lambda t, regrets, gains: (regrets + gains, regrets + gains), lambda t: 1.0),
    cfr_plus: (lambda t, regrets, gains: (np.maximum(regrets + gains, 0.0), regrets + gains), lambda t: t),
    linear_cfr: (lambda t, regrets, gains: (regrets + t * gains, regrets + t * gains), lambda t: t),
    predictive_cfr_plus: (
        lambda t, regrets, gains: (kept := np.maximum(regrets + gains, 0.0), kept + gains),
        lambda t: t**2,
    ),
}


@cache
def tree_of(name):
    return build_tree(make(name))


def slots_of(game, tree):
    """Return `{information state: {action: slot}}`, information states as OpenSpiel prints them."""
    named = tabular_policy(game, tree, np.arange(tree.slots, dtype=float))
    return {
        state: {int(action): int(slot) for action, slot in row.items()}
        for rows in named.values()
        for state, row in rows.items()
    }


def behaviour_of(policy, slots):
    """Read OpenSpiel's policy, of either kind, into a behaviour `[K]`."""
    out = np.full(sum(map(len, slots.values())), np.nan)
    for state, row in slots.items():
        if isinstance(policy, pyspiel.Policy):
            for action, chance in policy.get_state_policy(state):
                out[row[action]] = chance
        else:
            out[list(row.values())] = policy.policy_for_key(state)[list(row)]
    return out


@pytest.mark.parametrize(
    ("name", "theirs", "solver", "iterations"),
    [
        *(("kuhn_poker", "kuhn_poker", solver, range(1, 1001)) for solver in (cfr, cfr_plus)),
        *(("kuhn_poker", "kuhn_poker", solver, range(1, 101)) for solver in (linear_cfr, discounted_cfr)),
        *(("open_spiel:kuhn_poker(players=3)", "kuhn_poker(players=3)", solver, range(1, 11)) for solver in THEIRS),
        ("leduc_poker", "leduc_poker", cfr, range(1, 301)),
        ("leduc_poker", "leduc_poker", cfr_plus, range(1, 101)),
        *(("leduc_poker", "leduc_poker", solver, range(1, 6)) for solver in (linear_cfr, discounted_cfr)),
    ],
)
def test_the_average_and_the_last_policy_are_openspiels_at_every_iteration(name, theirs, solver, iterations):
    game, tree = make(name), tree_of(name)
    slots, twin = slots_of(game, tree), THEIRS[solver](pyspiel.load_game(theirs))
    for t in iterations:
        twin.evaluate_and_update_policy()
        solution = solver(tree, iterations=t)
        assert np.abs(solution.behaviour - behaviour_of(twin.average_policy(), slots)).max() < 1e-6, t
        assert np.abs(solution.last - behaviour_of(twin.current_policy(), slots)).max() < 1e-6, t


_NUMBERS = re.compile("[-+.,;xp0-9a-f]*")


def state_of(solver, slots):
    """Return what OpenSpiel's solver remembers: cumulative regrets, cumulative and current policy, `[K]` each."""
    out = np.full((3, sum(map(len, slots.values()))), np.nan)
    text = pickle.dumps(solver).decode("latin-1").partition("[SolverValuesTable]\n")[2]
    fields = text.split("<~>")
    for state, values in zip(fields[::2], fields[1::2], strict=False):
        actions, *columns = _NUMBERS.findall(values)[0].split(";")
        row = slots[state]
        order = [row[int(action)] for action in actions.split(",")]
        for remembered, column in zip(out, columns, strict=True):
            remembered[order] = [float.fromhex(number) for number in column.split(",")]
    return out


@pytest.mark.slow
@pytest.mark.parametrize("solver", [cfr, cfr_plus])
def test_every_iteration_on_leduc_takes_openspiels_state_to_openspiels_next(solver):
    # Along the whole path their rounding and ours drift apart, since regret matching amplifies it; so every step of it
    # is taken from their state.
    game, tree = make("leduc_poker"), tree_of("leduc_poker")
    slots, twin = slots_of(game, tree), THEIRS[solver](pyspiel.load_game("leduc_poker"))
    payoffs = Payoffs.of(tree)
    form = Form(*(part.astype(np.uint32) for part in (tree.seat_infosets, tree.infoset_slots, tree.infoset_parent)))
    scale = np.ldexp(1.0, -np.frexp(np.abs(tree.leaf_weights).max(1))[1])
    scale = np.repeat(scale, [tree.seat_slots(seat).stop - tree.seat_slots(seat).start for seat in range(2)])
    memory = Memory.of(tree, payoffs)
    starts = tree.infoset_slots[:-1]
    sizes = np.diff(tree.infoset_slots)
    # they add up a policy once for each history of its information set
    before, histories = np.zeros((3, tree.slots)), np.ones(tree.slots)
    before[2] = memory.policy
    for t in range(1, 1001):
        memory.regrets[:] = before[0] * scale
        memory.policy[:] = before[2]
        memory.plan[:] = tree.plan(before[2])
        memory.total[1:] = before[1] / histories
        negative, share = (0.0, float(t)) if solver is cfr_plus else (1.0, 1.0)
        advance(memory, form, payoffs, *(np.array([number]) for number in (1.0, negative, share)), 0.0)
        twin.evaluate_and_update_policy()
        before = state_of(twin, slots)
        if t == 1:
            sums = np.add.reduceat(before[1], starts) / np.add.reduceat(memory.total[1:], starts)
            histories = np.repeat(np.round(sums), sizes)
        assert np.abs(memory.policy - before[2]).max() < 1e-6, t
        assert np.abs(memory.regrets / scale - before[0]).max() < 1e-9, t
        theirs = before[1] / np.repeat(np.add.reduceat(before[1], starts), sizes)
        assert np.abs(tree.behaviour(memory.total) - theirs).max() < 1e-6, t


@pytest.mark.parametrize("solver", UPDATES)
@pytest.mark.parametrize(
    ("name", "iterations"),
    [
        ("kuhn_poker", 20),
        ("goofspiel(cards=3)", 20),
        ("random_zero_sum(rows=4, columns=3, seed=0)", 50),
        ("random_general_sum(actions=[2, 3, 2], seed=0)", 50),
        ("open_spiel:kuhn_poker(players=3)", 5),
    ],
)
def test_the_compiled_solvers_say_what_the_plainest_form_says(name, iterations, solver):
    tree = tree_of(name)
    average, last = play_out(tree, iterations, *UPDATES[solver])
    solution = solver(tree, iterations=iterations)
    assert solution.behaviour == pytest.approx(average, abs=1e-9)
    assert solution.last == pytest.approx(last, abs=1e-9)


def test_discounts_other_than_the_default_are_openspiels():
    game, tree = make("kuhn_poker"), tree_of("kuhn_poker")
    slots, twin = slots_of(game, tree), DCFRSolver(pyspiel.load_game("kuhn_poker"), alpha=3, beta=1, gamma=3)
    for _ in range(30):
        twin.evaluate_and_update_policy()
    solution = discounted_cfr(tree, alpha=3.0, beta=1.0, gamma=3.0, iterations=30)
    assert solution.behaviour == pytest.approx(behaviour_of(twin.average_policy(), slots), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "solver", "expected"),
    [
        ("kuhn_poker", cfr, {100: (0.00823, 5e-6), 1000: (0.000938, 5e-7)}),
        ("kuhn_poker", cfr_plus, {100: (0.00119, 5e-6), 1000: (0.000087, 5e-7)}),
        ("leduc_poker", cfr, {100: (0.0957, 5e-5), 1000: (0.01182, 5e-6)}),
        # after 120 iterations differences of 1e-16 have grown to the size of the policies themselves
        ("leduc_poker", cfr_plus, {100: (0.0134, 5e-5), 1000: (0.000257, 3e-5)}),
    ],
)
def test_known_exploitabilities(name, solver, expected):
    tree = tree_of(name)
    solution = solver(tree, iterations=1000)
    measured = {point.iteration: point.gap / 2 for point in solution.by_iteration}
    for iteration, (exploitability, precision) in expected.items():
        assert measured[iteration] == pytest.approx(exploitability, abs=precision)
    assert solution.exploitability == measured[1000]


@pytest.mark.slow
def test_known_exploitability_on_liars_dice():
    assert cfr(tree_of("liars_dice"), iterations=100).exploitability == pytest.approx(0.0224593, abs=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("name", "value"), [("kuhn_poker", -1 / 18), ("leduc_poker", -0.0856)])
def test_every_solver_comes_to_the_value_of_the_game(name, value, solver):
    solution = solver(tree_of(name), iterations=2000)
    assert solution.values[0] == pytest.approx(value, abs=1e-3)
    assert solution.values.sum() == pytest.approx(0.0, abs=1e-12)
    assert solution.exploitability < (0.001 if name == "kuhn_poker" else 0.008)


def test_prediction_is_the_fastest_by_far_on_kuhn_poker():
    tree = tree_of("kuhn_poker")
    assert predictive_cfr_plus(tree, iterations=1000).gap < 1e-2 * cfr_plus(tree, iterations=1000).gap


@pytest.mark.parametrize("name", ["leduc_poker", "open_spiel:kuhn_poker(players=3)"])
def test_where_the_work_is_cut_does_not_matter(name):
    tree = tree_of(name)
    payoffs = Payoffs.of(tree)
    form = Form(*(part.astype(np.uint32) for part in (tree.seat_infosets, tree.infoset_slots, tree.infoset_parent)))
    whole, cut = Memory.of(tree, payoffs), Memory.of(tree, payoffs)
    factors = np.ones(40), np.full(40, 0.5), np.arange(1.0, 41.0)
    advance(whole, form, payoffs, *factors, 1.0)
    for step in range(40):
        advance(cut, form, payoffs, *(factor[step : step + 1] for factor in factors), 1.0)
    for one, other in zip(whole, cut, strict=True):
        assert np.array_equal(one, other)


def test_a_solver_stops_at_its_tolerance_and_says_so():
    tree, told = tree_of("kuhn_poker"), []

    def watch(done, points):
        told.append((done, len(points)))
        return False

    solution = cfr_plus(tree, tolerance=0.01, watch=watch)
    assert solution.converged
    assert solution.gap <= 0.01
    assert solution.iterations == solution.by_iteration[-1].iteration < 1000
    assert told[-1] == (solution.iterations, len(solution.by_iteration))
    assert not cfr_plus(tree, iterations=solution.by_iteration[-2].iteration, tolerance=0.01).converged
    assert cfr_plus(tree, watch=lambda done, points: done >= 5).iterations < 1000
    assert np.array_equal(cfr_plus(tree, iterations=0).behaviour, tree.uniform())


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("name", ["leduc_poker", "open_spiel:kuhn_poker(players=3)"])
def test_the_scale_of_the_returns_does_not_matter(name, solver):
    tree = tree_of(name)
    usual = solver(tree, iterations=30)
    for exponent in (1015, -1012):
        returns, weights = np.ldexp(tree.leaf_returns, exponent), np.ldexp(tree.leaf_weights, exponent)
        scaled = solver(replace(tree, leaf_returns=returns, leaf_weights=weights), iterations=30)
        assert np.array_equal(scaled.behaviour, usual.behaviour)
        assert np.ldexp(scaled.gap, -exponent) == pytest.approx(usual.gap, rel=1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_degenerate_games(solver):
    constant = solver(build_tree(MatrixGame(np.full((3, 2), 7.0))), iterations=10)
    assert constant.gap < 1e-14
    assert constant.behaviour == pytest.approx([1 / 3] * 3 + [1 / 2] * 2)
    alone = solver(build_tree(MatrixGame([[3.0]])), iterations=10)
    assert (alone.gap, alone.values.tolist(), alone.behaviour.tolist()) == (0.0, [3.0, -3.0], [1.0, 1.0])
    row = solver(build_tree(MatrixGame([[1.0, -2.0, 4.0]])), iterations=50)
    assert row.values[0] == pytest.approx(-2.0, abs=0.1)


@pytest.mark.parametrize("solver", SOLVERS)
def test_one_player_finds_the_best_of_its_actions(solver):
    tree = tree_of("random_zero_sum(rows=4, columns=3, seed=0)")
    free = replace(tree, leaf_returns=tree.leaf_returns[:1], leaf_weights=tree.leaf_weights[:1])
    kept = tree.leaf_sequences[1] == tree.leaf_sequences[1].min()  # the column seat has no choice
    free = replace(
        free,
        leaf_returns=free.leaf_returns[:, kept],
        leaf_weights=free.leaf_weights[:, kept],
        leaf_sequences=tree.leaf_sequences[:1, kept],
        seat_infosets=tree.seat_infosets[:2],
    )
    solution = solver(free, iterations=1000)
    assert solution.values[0] == pytest.approx(free.leaf_returns.max(), abs=0.02)


@pytest.mark.parametrize("solver", SOLVERS)
def test_more_players_and_other_sums_have_an_honest_gap(solver):
    name = "kuhn_poker(players=3)"
    game, tree = make(f"open_spiel:{name}"), tree_of(f"open_spiel:{name}")
    solution = solver(tree, iterations=100)
    policy = {
        (int(seat), state): {int(action): chance for action, chance in row.items()}
        for seat, rows in tabular_policy(game, tree, solution.behaviour).items()
        for state, row in rows.items()
    }
    assert solution.gap == pytest.approx(truth.nash_conv(name, policy), abs=1e-9)
    assert solution.exploitability == solution.gap / 3
    dilemma = solver(tree_of("prisoners_dilemma"), iterations=1000)
    assert dilemma.values == pytest.approx([1.0, 1.0], abs=0.02)
    assert dilemma.gap < 0.02


@settings(max_examples=40, deadline=None)
@given(
    arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 5)), elements=st.integers(-20, 20).map(float)),
    st.integers(1, 200),
)
def test_the_gap_keeps_to_the_bound_of_regret_matching(payoffs, iterations):
    solution = cfr(build_tree(MatrixGame(payoffs)), iterations=iterations)
    bound = np.ptp(payoffs) * sum(np.sqrt(size) for size in payoffs.shape) / np.sqrt(iterations)
    assert solution.gap <= bound + 1e-9
