"""Normal-form solvers against closed forms, nashpy and OpenSpiel."""

from typing import Any

import nashpy
import numpy as np
import pytest
from awkward import check
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from games.errors import UserError
from games.normal_form.fixed import latest, uniform
from games.normal_form.payoffs import nash_conv
from games.normal_form.projected import prd
from games.normal_form.zero_sum import nash
from games.solvers import NORMAL_FORM, solver

ROCK_PAPER_SCISSORS = np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]])
PENNIES = np.array([[1.0, -1], [-1, 1]])
SHAPLEY = np.array([[[0.0, 0, 1], [1, 0, 0], [0, 1, 0]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]])

OTHER_GAPS = {"ce", "cce", "maximin", "mgce", "mgcce", "stackelberg"}
"""Solvers whose gap is to another concept than a Nash equilibrium."""


def zero_sum(matrix: np.ndarray) -> np.ndarray:
    return np.stack([matrix, -matrix])


def biased(rock: float, paper: float, scissors: float) -> np.ndarray:
    """Rock-paper-scissors where a win of rock, paper and scissors is worth so much."""
    return np.array([[0, -paper, rock], [paper, 0, -scissors], [-rock, scissors, 0]])


def test_nash_of_rock_paper_scissors_is_a_third_each_at_any_scale() -> None:
    for scale in (1e-6, 1.0, 1e6):
        payoffs = zero_sum(scale * ROCK_PAPER_SCISSORS)
        found = nash(payoffs)
        check(payoffs, found)
        for strategy in found.strategies:
            assert np.abs(strategy - 1 / 3).max() < 1e-9
        assert found.gap < 1e-9 * scale
        assert found.converged


@pytest.mark.parametrize("wins", [(1, 1, 2), (3, 1, 2), (25, 0.5, 50)])
def test_nash_of_biased_rock_paper_scissors_is_the_closed_form(wins: tuple[float, float, float]) -> None:
    rock, paper, scissors = wins
    expected = np.array([scissors, rock, paper]) / sum(wins)
    found = nash(zero_sum(biased(*wins)))
    for strategy in found.strategies:
        assert np.abs(strategy - expected).max() < 1e-9
    assert np.abs(found.values).max() < 1e-9


def test_nash_of_nash_averagings_example() -> None:
    matrix = np.array([[0, -1, 2, 0.5], [1, 0, -3, 0.5], [-2, 3, 0, 0.5], [-0.5, -0.5, -0.5, 0]])
    for strategy in nash(zero_sum(matrix)).strategies:
        assert np.abs(strategy - np.array([3, 2, 1, 0]) / 6).max() < 1e-9


@pytest.mark.parametrize("offset", [-7.0, 0.0, 1e5])
def test_nash_of_matching_pennies_does_not_mind_what_a_game_costs(offset: float) -> None:
    found = nash(zero_sum(PENNIES + offset))
    for strategy in found.strategies:
        assert np.abs(strategy - 0.5).max() < 1e-9
    assert found.values == pytest.approx([offset, -offset], abs=1e-9)


def test_nash_takes_payoffs_that_sum_to_a_constant() -> None:
    wins = (PENNIES + 1) / 2
    found = nash(np.stack([wins, 1 - wins]))
    assert np.abs(found.strategies[0] - 0.5).max() < 1e-9
    assert found.values == pytest.approx([0.5, 0.5])
    assert found.gap < 1e-12


def test_nash_leaves_dominated_actions_alone() -> None:
    matrix = np.array([[3.0, 1, 4], [2, 0, 3], [5, 0.5, 6]])
    found = nash(zero_sum(matrix))
    assert found.strategies[0] == pytest.approx([1, 0, 0])
    assert found.strategies[1] == pytest.approx([0, 1, 0])
    assert found.values == pytest.approx([1, -1])


def test_nash_of_one_action_and_of_equal_payoffs() -> None:
    assert nash(zero_sum(np.array([[3.0]]))).values.tolist() == [3, -3]
    assert nash(zero_sum(np.array([[2.0, 1, 5]]))).strategies[1].tolist() == [0, 1, 0]
    found = nash(zero_sum(np.full((2, 4), 0.25)))
    assert [strategy.tolist() for strategy in found.strategies] == [[0.5] * 2, [0.25] * 4]
    assert found.gap == 0


def test_nash_does_not_mind_repeated_actions() -> None:
    matrix = np.repeat(np.repeat(ROCK_PAPER_SCISSORS, 3, axis=0), 2, axis=1)
    found = nash(zero_sum(matrix))
    check(zero_sum(matrix), found)
    assert found.gap < 1e-12
    assert found.strategies[0].reshape(3, 3).sum(1) == pytest.approx([1 / 3] * 3, abs=1e-9)
    assert found.strategies[1].reshape(3, 2).sum(1) == pytest.approx([1 / 3] * 3, abs=1e-9)


def test_nash_of_one_payoff_far_above_the_others_is_polished() -> None:
    generator = np.random.default_rng(1)
    for _ in range(5):
        far = np.where(generator.random((40, 40)) < 0.05, 1e6, generator.normal(size=(40, 40)))
        assert nash(zero_sum(far)).gap < 1e-8


@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (10, 10), (7, 30), (60, 5), (60, 60)])
def test_nash_of_gaussian_payoffs_has_nashpys_value(rows: int, columns: int) -> None:
    generator = np.random.default_rng(rows * columns)
    matrix = generator.normal(size=(rows, columns))
    found = nash(zero_sum(matrix))
    assert found.gap < 1e-9
    assert found.converged
    row, column = nashpy.Game(matrix).linear_program()
    assert found.values[0] == pytest.approx(row @ matrix @ column, abs=1e-7)


@given(
    matrix=arrays.arrays(
        np.float64,
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=8),
        elements=st.floats(-1, 1).map(lambda value: round(value, 3)),
    ),
    exponent=st.integers(-6, 6),
)
def test_nash_closes_the_gap_of_any_shape_and_scale(matrix: np.ndarray, exponent: int) -> None:
    payoffs = zero_sum(matrix * 10.0**exponent)
    found = nash(payoffs)
    check(payoffs, found)
    assert found.gap <= 1e-12 * 10.0**exponent
    assert found.converged
    again = nash(payoffs)
    assert all((a == b).all() for a, b in zip(found.strategies, again.strategies, strict=True))


def test_nash_refuses_what_prd_is_for() -> None:
    with pytest.raises(UserError, match=r"games of two players, not of 3; use the solver prd"):
        nash(np.zeros((3, 2, 2, 2)))
    prisoners = np.array([[[3.0, 0], [5, 1]], [[3, 5], [0, 1]]])
    with pytest.raises(UserError, match=r"payoffs sum to between 2 and 6; use the solver prd"):
        nash(prisoners)
    with pytest.raises(UserError, match="zero-sum"):
        nash(1e-6 * prisoners)
    nearly = zero_sum(ROCK_PAPER_SCISSORS)
    nearly[0, 0, 0] = 1e-12
    assert nash(nearly).gap < 1e-9


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 3, 3), (3, 2, 2), (2, 0, 3), (0,)])
@pytest.mark.parametrize("name", NORMAL_FORM)
def test_solvers_refuse_other_shapes(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="expected payoffs"):
        solver(name)(np.zeros(shape))


def test_solvers_refuse_payoffs_that_are_not_finite() -> None:
    payoffs = zero_sum(ROCK_PAPER_SCISSORS)
    payoffs[0, 1, 1] = np.nan
    for name in NORMAL_FORM:
        with pytest.raises(ValueError, match="finite"):
            solver(name)(payoffs)


@pytest.mark.parametrize("name", sorted(NORMAL_FORM.keys() - OTHER_GAPS))
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 5)])
def test_every_solver_answers_alike_and_changes_nothing(name: str, shape: tuple[int, int]) -> None:
    payoffs = zero_sum(np.random.default_rng(0).normal(size=shape))
    before = payoffs.copy()
    found, again = solver(name)(payoffs), solver(name)(payoffs)
    check(payoffs, found)
    assert (payoffs == before).all()
    assert all((a == b).all() for a, b in zip(found.strategies, again.strategies, strict=True))
    assert (found.gap, found.iterations, found.converged) == (again.gap, again.iterations, again.converged)


def test_uniform_and_latest_of_three_players() -> None:
    payoffs = np.random.default_rng(0).normal(size=(3, 2, 3, 4))
    for each in (uniform, latest, prd):
        check(payoffs, each(payoffs))
    assert [strategy.tolist() for strategy in uniform(payoffs).strategies] == [[1 / 2] * 2, [1 / 3] * 3, [1 / 4] * 4]
    assert [strategy.tolist() for strategy in latest(payoffs).strategies] == [[0, 1], [0, 0, 1], [0, 0, 0, 1]]
    assert latest(payoffs).values.tolist() == pytest.approx(payoffs[:, -1, -1, -1].tolist())


def test_nash_conv_of_known_strategies() -> None:
    pure = [np.array([1.0, 0, 0]), np.array([1.0, 0, 0])]
    assert nash_conv(zero_sum(ROCK_PAPER_SCISSORS), pure) == 2
    prisoners = np.array([[[3.0, 0], [5, 1]], [[3, 5], [0, 1]]])
    assert nash_conv(prisoners, [np.array([1.0, 0]), np.array([1.0, 0])]) == 4
    assert nash_conv(prisoners, [np.array([0.0, 1]), np.array([0.0, 1])]) == 0


def test_prd_stays_at_an_equilibrium() -> None:
    found = prd(zero_sum(ROCK_PAPER_SCISSORS))
    assert found.converged
    assert found.iterations < 100_000
    assert np.abs(found.strategies[0] - 1 / 3).max() < 1e-9


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_prd_approaches_biased_rock_paper_scissors_at_any_scale(scale: float) -> None:
    found = prd(zero_sum(scale * biased(3, 1, 2)))
    assert np.abs(found.strategies[0] - np.array([2, 3, 1]) / 6).max() < 0.01
    assert found.gap < 0.01 * scale


def test_prd_finds_the_dominant_actions_up_to_its_floor() -> None:
    prisoners = np.array([[[3.0, 0], [5, 1]], [[3, 5], [0, 1]]])
    found = prd(prisoners, floor=0.01, iterations=400_000)
    for strategy in found.strategies:
        assert strategy[0] == pytest.approx(0.01, abs=2e-3)
    assert not found.converged


@pytest.mark.parametrize("floor", [0.0, 1e-6, 0.05])
@pytest.mark.parametrize(
    "payoffs",
    [
        zero_sum(biased(3, 1, 2)),
        zero_sum(np.random.default_rng(2).normal(size=(6, 4))),
        SHAPLEY,
        np.random.default_rng(3).normal(size=(2, 3, 5)),
        np.random.default_rng(4).normal(size=(3, 2, 3, 4)),
        np.random.default_rng(5).normal(size=(4, 2, 3, 2, 2)),
    ],
    ids=["biased", "zero-sum", "Shapley", "two", "three", "four"],
)
def test_prd_follows_openspiels(payoffs: np.ndarray, floor: float) -> None:
    open_spiel: Any = pytest.importorskip("open_spiel.python.algorithms.projected_replicator_dynamics")
    ours = prd(payoffs, iterations=2000, dt=0.02, floor=floor, tolerance=-1.0)
    spread = max(np.ptp(mine) for mine in payoffs)
    theirs = open_spiel.projected_replicator_dynamics(
        list(payoffs), prd_iterations=2000, prd_dt=0.02 / spread, prd_gamma=floor
    )
    assert ours.iterations == 2000
    for mine, other in zip(ours.strategies, theirs, strict=True):
        assert np.abs(mine - other).max() < 1e-9


def test_prd_refuses_a_floor_above_uniform() -> None:
    with pytest.raises(UserError, match=r"a floor from 0 to 1/3, one over the number of actions, not 0\.5"):
        prd(zero_sum(ROCK_PAPER_SCISSORS), floor=0.5)
