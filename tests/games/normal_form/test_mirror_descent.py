"""Magnetic mirror descent and the logit equilibrium against plain loops, closed forms and each other."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from awkward import AWKWARD, SHAPLEY, biased, check, refused, zero_sum
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.optimize import brentq

from games.errors import UserError
from games.normal_form.logit import quantal_response
from games.normal_form.mirror_descent import magnetic_mirror_descent
from games.normal_form.payoffs import Equilibrium, deviations
from games.normal_form.zero_sum import nash

THREE = np.random.default_rng(3).normal(size=(3, 3, 2, 4))
STAG_HUNT = np.array([[[4.0, 0], [3, 3]], [[4, 3], [0, 3]]])


def softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def normal(payoffs: np.ndarray) -> np.ndarray:
    return payoffs / max(np.ptp(mine) for mine in payoffs)


def residual(payoffs: np.ndarray, strategies: Sequence[np.ndarray], rationality: float) -> float:
    """How far the strategies are from the logit responses to them."""
    paid = deviations(normal(payoffs), strategies)
    return max(np.abs(x - softmax(rationality * u)).max() for x, u in zip(strategies, paid, strict=True))


@pytest.mark.parametrize("magnet", [0.0, 0.04, 1.0])
@pytest.mark.parametrize("payoffs", [THREE, SHAPLEY, biased(3, 1, 2)], ids=["three", "Shapley", "biased"])
def test_mirror_descent_is_the_papers_update(payoffs: np.ndarray, magnet: float) -> None:
    temperature, rate = 0.2, 0.8
    current = [np.full(size, 1 / size) for size in payoffs.shape[1:]]
    magnets = [x.copy() for x in current]
    for _ in range(200):
        paid = deviations(normal(payoffs), current)
        for player, (x, m, u) in enumerate(zip(current, magnets, paid, strict=True)):
            new = (x * m ** (rate * temperature) * np.exp(rate * u)) ** (1 / (1 + rate * temperature))
            current[player] = new / new.sum()
            moved = m ** (1 - magnet) * current[player] ** magnet
            magnets[player] = moved / moved.sum()
    ours = magnetic_mirror_descent(payoffs, iterations=200, temperature=temperature, magnet=magnet, tolerance=-1.0)
    assert ours.iterations == 200
    for mine, other in zip(ours.strategies, current, strict=True):
        assert np.abs(mine - other).max() < 1e-9


@pytest.mark.parametrize("wins", [(1, 1, 2), (3, 1, 2), (5, 1, 2)])
def test_the_last_iterate_goes_to_the_closed_form_of_biased_rock_paper_scissors(wins: tuple[float, ...]) -> None:
    rock, paper, scissors = wins
    found = magnetic_mirror_descent(biased(rock, paper, scissors), tolerance=1e-12)
    assert found.converged
    expected = np.array([scissors, rock, paper]) / sum(wins)
    for strategy in found.strategies:
        assert np.abs(strategy - expected).max() < 1e-10


@pytest.mark.parametrize("shape", [(5, 5), (20, 10), (2, 30)])
def test_the_last_iterate_comes_near_the_value_of_gaussian_games(shape: tuple[int, int]) -> None:
    payoffs = zero_sum(np.random.default_rng(sum(shape)).normal(size=shape))
    found = magnetic_mirror_descent(payoffs, iterations=20_000)
    check(payoffs, found)
    assert found.gap < 0.03 * np.ptp(payoffs[0])
    assert found.gap < 0.2 * found.by_iteration[0].gap
    assert found.values[0] == pytest.approx(nash(payoffs).values[0], abs=found.gap)


def test_a_magnet_that_stands_still_leads_to_the_logit_equilibrium_at_a_linear_rate() -> None:
    payoffs = zero_sum(np.random.default_rng(0).normal(size=(6, 8)))
    for temperature in (0.05, 0.2, 1.0):
        truth = quantal_response(payoffs, rationality=1 / temperature)
        away = []
        for iterations in (100, 200, 400, 4000):
            found = magnetic_mirror_descent(payoffs, iterations=iterations, temperature=temperature, magnet=0.0)
            pairs = zip(found.strategies, truth.strategies, strict=True)
            away.append(max(np.abs(mine - theirs).max() for mine, theirs in pairs))
        assert away[-1] < 1e-12
        assert away[1] < 0.6 * away[0] + 1e-14
        assert away[2] < 0.4 * away[1] + 1e-14


def test_descent_measures_on_the_way_and_stops_at_its_tolerance() -> None:
    payoffs = biased(3, 1, 2)
    whole = magnetic_mirror_descent(payoffs, iterations=1000, tolerance=-1.0)
    for point in whole.by_iteration:
        assert magnetic_mirror_descent(payoffs, iterations=point.iteration, tolerance=-1.0).gap == point.gap
    found = magnetic_mirror_descent(payoffs, tolerance=0.01)
    assert found.converged
    assert found.iterations < 10_000
    assert found.gap <= 0.01 * 6


def test_quantal_response_without_rationality_is_uniform_and_with_much_is_nash() -> None:
    for payoffs in (THREE, SHAPLEY, biased(3, 1, 2)):
        assert all(np.ptp(strategy) == 0 for strategy in quantal_response(payoffs, rationality=0.0).strategies)
    for seed in range(10):
        payoffs = zero_sum(np.random.default_rng(seed).normal(size=(6, 9)))
        found = quantal_response(payoffs, rationality=1e6)
        assert found.converged
        assert found.gap < 1e-6 * np.ptp(payoffs[0]) * (np.log(6) + np.log(9))
        for mine, theirs in zip(found.strategies, nash(payoffs).strategies, strict=True):
            assert np.abs(mine - theirs).max() < 1e-3


@pytest.mark.parametrize("rationality", [0.5, 3.0, 20.0, 300.0])
def test_quantal_response_of_asymmetric_matching_pennies_is_one_equations_root(rationality: float) -> None:
    payoffs = np.array([[[9.0, 0], [0, 1]], [[0, 1], [1, 0]]])  # McKelvey and Palfrey's kind of example
    sharp = rationality / 9

    def off(first: float) -> float:
        reply = 1 / (1 + np.exp(-sharp * (1 - 2 * first)))  # the column player's first action
        return first - 1 / (1 + np.exp(-sharp * (9 * reply - (1 - reply))))

    root = brentq(off, 0, 1, xtol=1e-15)
    found = quantal_response(payoffs, rationality=rationality)
    assert found.strategies[0][0] == pytest.approx(root, abs=1e-12)


@settings(deadline=None)
@given(
    payoffs=arrays.arrays(
        np.float64,
        st.sampled_from([(2, 2, 2), (2, 3, 4), (3, 2, 2, 2), (1, 4), (2, 1, 3)]),
        elements=st.floats(-1, 1, width=16),
    ),
    rationality=st.sampled_from([0.1, 1.0, 10.0, 1000.0]),
)
def test_quantal_responses_respond_to_each_other(payoffs: np.ndarray, rationality: float) -> None:
    found = quantal_response(payoffs, rationality=rationality)
    check(payoffs, found)
    if np.ptp(payoffs.reshape(len(payoffs), -1), axis=1).max() > 0:
        assert found.converged == (residual(payoffs, found.strategies, rationality) <= 1e-9)
    if rationality <= 1:
        assert found.converged


@pytest.mark.parametrize("seed", range(5))
def test_quantal_response_follows_the_branch_that_small_steps_follow(seed: int) -> None:
    """In games of which small steps of rationality never jump, both end at the same point."""
    payoffs = np.random.default_rng(seed).normal(size=[(2, 3, 3), (3, 2, 2, 2), (2, 2, 4)][seed % 3])
    current, jumps = [np.full(size, 1 / size) for size in payoffs.shape[1:]], False
    for rationality in np.linspace(0, 8, 161)[1:]:
        before, moved = current, np.inf
        for _ in range(300):
            paid = deviations(normal(payoffs), current)
            new = [(x + softmax(rationality * u)) / 2 for x, u in zip(current, paid, strict=True)]
            moved = max(np.abs(x - y).max() for x, y in zip(new, current, strict=True))
            current = new
            if moved < 1e-11:
                break
        jumps |= moved >= 1e-11 or max(np.abs(x - y).max() for x, y in zip(current, before, strict=True)) > 0.1
    found = quantal_response(payoffs, rationality=8.0)
    assert found.converged
    if jumps:
        pytest.skip("the branch turns")
    for mine, theirs in zip(found.strategies, current, strict=True):
        assert np.abs(mine - theirs).max() < 1e-9


def traced(payoffs: np.ndarray, rationality: float) -> np.ndarray:
    """Return the probabilities of both first actions in a 2x2 game, along the curve that l is eliminated from.

    With s and t their log odds, l = s / A(t) = t / C(s), A and C being what the first actions are paid above the
    second: s C(s) = t A(t), a curve through the origin, is followed in very small steps.
    """
    first, second = normal(payoffs)
    at, slope = first[0, 1] - first[1, 1], first[0, 0] - first[1, 0] - first[0, 1] + first[1, 1]
    bt, tilt = second[1, 0] - second[1, 1], second[0, 0] - second[0, 1] - second[1, 0] + second[1, 1]

    def share(odds: float) -> float:
        return 1 / (1 + np.exp(-odds))

    s = t = 0.0
    ahead = np.array([at + slope / 2, bt + tilt / 2])
    for _ in range(200_000):
        gain, yours = at + slope * share(t), bt + tilt * share(s)
        if (s * gain + t * yours) / (gain**2 + yours**2) >= rationality:
            return np.array([share(s), share(t)])
        ds = yours + s * tilt * share(s) * (1 - share(s))
        dt = -gain - t * slope * share(t) * (1 - share(t))
        along = np.array([-dt, ds]) / np.hypot(ds, dt)
        ahead = along if along @ ahead > 0 else -along
        s, t = s + 0.002 * ahead[0], t + 0.002 * ahead[1]
        off = s * (bt + tilt * share(s)) - t * (at + slope * share(t))
        s, t = s - off * ds / (ds**2 + dt**2), t - off * dt / (ds**2 + dt**2)
    raise AssertionError("the curve did not reach that rationality")


@pytest.mark.parametrize("seed", [0, 1, 22, 213, 408, 482, 656, 726])  # after the first two, long steps get lost
def test_quantal_response_of_small_games_goes_round_the_branchs_turns(seed: int) -> None:
    payoffs = np.random.default_rng(seed).normal(size=(2, 2, 2))
    found = quantal_response(payoffs, rationality=60.0)
    assert found.converged
    shares = np.array([found.strategies[0][0], found.strategies[1][0]])
    assert np.abs(shares - traced(payoffs, 60.0)).max() < 1e-4


def test_the_branch_selects_the_risk_dominant_equilibrium() -> None:
    found = quantal_response(STAG_HUNT, rationality=1000.0)
    assert found.converged
    assert found.strategies[0][1] > 1 - 1e-9
    assert found.gap < 1e-9
    middle = quantal_response(np.stack([np.eye(2)] * 2), rationality=50.0)  # by symmetry it stays between both
    assert middle.converged
    assert middle.strategies[0] == pytest.approx([0.5, 0.5])


def test_quantal_response_says_when_it_did_not_get_there() -> None:
    found = quantal_response(biased(3, 1, 2), rationality=1000.0, iterations=5)
    assert not found.converged
    assert found.iterations == 5
    check(biased(3, 1, 2), found)


SOLVERS: list[Callable[..., Equilibrium]] = [magnetic_mirror_descent, quantal_response]


@pytest.mark.parametrize("solve", SOLVERS)
@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_payoffs_are_taken(solve: Callable[..., Equilibrium], name: str) -> None:
    payoffs = AWKWARD[name]
    found = solve(payoffs)
    check(payoffs, found)
    assert found.gap <= 0.3 * np.ptp(payoffs[0]) + 1e-12 * np.abs(payoffs).max()
    if solve is quantal_response:
        assert found.converged


@pytest.mark.parametrize("solve", SOLVERS)
def test_the_payoffs_scale_does_not_matter(solve: Callable[..., Equilibrium]) -> None:
    plain = solve(THREE, iterations=100)
    for power in (-1000, -3, 1000):
        scaled = solve(np.ldexp(THREE, power), iterations=100)
        assert all((a == b).all() for a, b in zip(plain.strategies, scaled.strategies, strict=True))


@pytest.mark.parametrize("solve", SOLVERS)
def test_repeated_actions_are_played_alike(solve: Callable[..., Equilibrium]) -> None:
    payoffs = THREE[:, [0, 0, 1, 2, 2]]
    first = solve(payoffs, iterations=500).strategies[0]
    assert first[0] == pytest.approx(first[1], rel=1e-9)
    assert first[3] == pytest.approx(first[4], rel=1e-9)


def test_what_is_no_game_and_no_parameter_is_refused() -> None:
    for solve in SOLVERS:
        for payoffs in refused(SHAPLEY):
            with pytest.raises(ValueError, match="expected"):
                solve(payoffs)
        with pytest.raises(UserError, match="divide them by ten"):
            solve(zero_sum([[1.7e308, -1.7e308]]))
    for temperature in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(UserError, match="temperature above 0"):
            magnetic_mirror_descent(SHAPLEY, temperature=temperature)
    for magnet in (-0.1, 1.1, np.nan):
        with pytest.raises(UserError, match="magnet from 0 to 1"):
            magnetic_mirror_descent(SHAPLEY, magnet=magnet)
    for rationality in (-1.0, 1e7, np.inf, np.nan):
        with pytest.raises(UserError, match=r"rationality from 0 to 1e\+06"):
            quantal_response(SHAPLEY, rationality=rationality)
