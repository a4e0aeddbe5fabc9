"""Welfare against the classic games' closed forms, exact fractions, and all pairs of joint actions."""

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from awkward import payoffs_of
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from games.errors import UserError
from games.normal_form.payoffs import Equilibrium, conclude
from games.normal_form.welfare import inefficiency, pareto_frontier, social_optimum, social_welfare

KINDS: list[Any] = ["utilitarian", "egalitarian", "nash"]


def mixed(payoffs: np.ndarray, *strategies: list[float]) -> Equilibrium:
    return conclude(payoffs, [np.array(strategy) for strategy in strategies])


def games(values: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    """Return games of one to four players with up to four actions each."""
    shapes = st.lists(st.integers(1, 4), min_size=1, max_size=4)
    return shapes.flatmap(lambda shape: arrays.arrays(np.float64, (len(shape), *shape), elements=values))


def exact(payoffs: np.ndarray, kind: str) -> dict[tuple[int, ...], Fraction]:
    """Return every joint action's welfare, where it is defined."""
    out = {}
    for joint in np.ndindex(*payoffs.shape[1:]):
        paid = [Fraction(value) for value in payoffs[(slice(None), *joint)]]
        if kind == "utilitarian":
            out[joint] = sum(paid, Fraction(0))
        elif kind == "egalitarian":
            out[joint] = min(paid)
        elif min(paid) >= 0:
            out[joint] = math.prod(paid, start=Fraction(1))
    return out


CLASSICS = {
    "prisoners_dilemma": [(0, 0), (0, 1), (1, 0)],
    "stag_hunt": [(0, 0)],
    "chicken": [(0, 1), (1, 0), (1, 1)],
    "battle_of_the_sexes": [(0, 0), (1, 1)],
    "matching_pennies": [(0, 0), (0, 1), (1, 0), (1, 1)],
}


@pytest.mark.parametrize("name", CLASSICS)
def test_pareto_frontier_of_the_classics(name: str) -> None:
    payoffs = payoffs_of(name)
    found = pareto_frontier(payoffs)
    assert list(map(tuple, found.joint_actions.tolist())) == CLASSICS[name]
    assert found.values.tolist() == [payoffs[:, row, column].tolist() for row, column in CLASSICS[name]]


@given(games(st.integers(-3, 3).map(float)))
def test_pareto_frontier_is_what_no_pair_contradicts(payoffs: np.ndarray) -> None:
    joints = list(np.ndindex(*payoffs.shape[1:]))
    paid = {joint: payoffs[(slice(None), *joint)] for joint in joints}
    expected = [
        joint
        for joint in joints
        if not any((paid[other] >= paid[joint]).all() and (paid[other] > paid[joint]).any() for other in joints)
    ]
    found = pareto_frontier(payoffs)
    assert list(map(tuple, found.joint_actions.tolist())) == expected
    assert (found.values == np.array([paid[joint] for joint in expected])).all()


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_pareto_frontier_of_zero_sum_games_is_everything(scale: float) -> None:
    matrix = scale * np.random.default_rng(0).normal(size=(300, 200))
    matrix[:50] = 0.0
    matrix[:25] = -0.0
    assert len(pareto_frontier(np.stack([matrix, -matrix])).joint_actions) == matrix.size
    three = np.random.default_rng(0).integers(-3, 4, size=(3, 6, 5, 4)) * scale
    three[2] = -three[0] - three[1]
    assert len(pareto_frontier(three).joint_actions) == 120


def test_welfare_of_values() -> None:
    values = [3.0, 5, 2]
    assert [social_welfare(values, kind) for kind in KINDS] == [10, 2, 30]
    assert social_welfare(values, "nash", disagreement=[1, 1, 1]) == 8
    assert social_welfare(values, "nash", disagreement=[-1, 5, 0]) == 0
    assert social_welfare([-1, -2], "utilitarian") == -3
    assert social_welfare([-1, -2], "egalitarian") == -2


def test_nash_welfare_below_the_disagreement_point_is_refused() -> None:
    sentence = r"pays? someone less than the disagreement point; give a lower disagreement"
    with pytest.raises(UserError, match=sentence):
        social_welfare([-1, -2], "nash")
    with pytest.raises(UserError, match=sentence):
        social_welfare([4, 4], "nash", disagreement=[5, 0])
    with pytest.raises(UserError, match="every joint action " + sentence):
        social_optimum(payoffs_of("matching_pennies"), "nash")
    assert social_optimum(payoffs_of("matching_pennies"), "nash", disagreement=[-1, -1]).welfare == 0


def test_social_optima_of_the_classics() -> None:
    expected = {
        "prisoners_dilemma": ([[0, 0]], 6, [[0, 0]], 3, [[0, 0]], 9),
        "stag_hunt": ([[0, 0]], 4, [[0, 0]], 2, [[0, 0]], 4),
        "chicken": ([[1, 1]], 6, [[1, 1]], 3, [[1, 1]], 9),
        "battle_of_the_sexes": ([[0, 0], [1, 1]], 5, [[0, 0], [1, 1]], 2, [[0, 0], [1, 1]], 6),
    }
    for name, answers in expected.items():
        payoffs = payoffs_of(name)
        for kind, joints, welfare in zip(KINDS, answers[::2], answers[1::2], strict=True):
            found = social_optimum(payoffs, kind)
            assert found.joint_actions.tolist() == joints
            assert found.welfare == welfare
            assert found.values.tolist() == [payoffs[:, row, column].tolist() for row, column in found.joint_actions]


def test_the_nash_welfare_looks_at_what_beats_the_disagreement_point() -> None:
    """Two losses make no product to aim at: (-4, -4) would multiply to more than (3, 3)."""
    payoffs = np.array([[[3.0, -4]], [[3, -4]]])
    assert social_optimum(payoffs, "nash").joint_actions.tolist() == [[0, 0]]
    dilemma = payoffs_of("prisoners_dilemma")
    bargain = social_optimum(dilemma, "nash", disagreement=[1, 1])
    assert (bargain.joint_actions.tolist(), bargain.welfare) == ([[0, 0]], 4)


@pytest.mark.parametrize("kind", KINDS)
@given(payoffs=games(st.integers(-4, 9).map(float)))
def test_social_optimum_is_the_greatest_exact_welfare(kind: Any, payoffs: np.ndarray) -> None:
    known = exact(payoffs, kind)
    if not known:
        with pytest.raises(UserError):
            social_optimum(payoffs, kind)
        return
    greatest = max(known.values())
    found = social_optimum(payoffs, kind)
    assert found.welfare == greatest
    assert list(map(tuple, found.joint_actions.tolist())) == [joint for joint in known if known[joint] == greatest]


@pytest.mark.parametrize(
    ("name", "kind", "anarchy", "stability"),
    [
        ("prisoners_dilemma", "utilitarian", 3, 3),
        ("prisoners_dilemma", "nash", 9, 9),
        ("stag_hunt", "utilitarian", 2, 1),
        ("stag_hunt", "nash", 4, 1),
        ("chicken", "utilitarian", 6 / 5, 6 / 5),
        ("chicken", "egalitarian", 3, 3),
        ("battle_of_the_sexes", "utilitarian", 1, 1),
    ],
)
def test_prices_of_the_classics_over_pure_equilibria(name: str, kind: Any, anarchy: float, stability: float) -> None:
    found = inefficiency(payoffs_of(name), welfare=kind)
    assert (found.anarchy, found.stability) == pytest.approx((anarchy, stability))
    assert found.optimum.welfare == social_optimum(payoffs_of(name), kind).welfare


def test_prices_over_equilibria_that_are_given() -> None:
    """Chicken's mixed equilibrium plays all four joint actions equally: 0, 5, 5, 6 in sum and 0, 1, 1, 3 at least."""
    payoffs = payoffs_of("chicken")
    one_dares, both_mix = mixed(payoffs, [1, 0], [0, 1]), mixed(payoffs, [0.5, 0.5], [0.5, 0.5])
    found = inefficiency(payoffs, [one_dares, both_mix])
    assert (found.anarchy, found.stability) == pytest.approx((6 / 4, 6 / 5))
    assert found.worst is both_mix
    assert found.best is one_dares
    assert inefficiency(payoffs, [both_mix], welfare="egalitarian").anarchy == pytest.approx(3 / 1.25)
    assert inefficiency(payoffs, [both_mix], welfare="nash").stability == pytest.approx(9 / 4.25)


@pytest.mark.parametrize("kind", KINDS)
@given(payoffs=games(st.integers(1, 9).map(float)), seed=st.integers(0, 1000))
def test_prices_are_the_optimum_over_expected_welfare_and_at_least_one(
    kind: Any, payoffs: np.ndarray, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    profiles = [conclude(payoffs, [generator.dirichlet(np.ones(n)) for n in payoffs.shape[1:]]) for _ in range(3)]
    known = exact(payoffs, kind)
    expected = [
        sum(
            float(welfare) * math.prod(mine[action] for mine, action in zip(profile.strategies, joint, strict=True))
            for joint, welfare in known.items()
        )
        for profile in profiles
    ]
    found = inefficiency(payoffs, profiles, welfare=kind)
    greatest = float(max(known.values()))
    assert found.anarchy == pytest.approx(greatest / min(expected))
    assert found.stability == pytest.approx(greatest / max(expected))
    assert found.anarchy >= found.stability >= 1


def test_prices_without_a_pure_equilibrium_or_positive_welfare_are_refused() -> None:
    pennies = payoffs_of("matching_pennies")
    with pytest.raises(UserError, match="there is no pure one: give mixed ones"):
        inefficiency(pennies)
    with pytest.raises(UserError, match="no pure one"):
        inefficiency(pennies, [])
    half = mixed(pennies, [0.5, 0.5], [0.5, 0.5])
    with pytest.raises(UserError, match=r"an equilibrium's utilitarian welfare is 0; if .* add a constant"):
        inefficiency(pennies, [half])
    assert inefficiency(pennies + 2, [half]).anarchy == 1
    dilemma = payoffs_of("prisoners_dilemma")
    with pytest.raises(UserError, match="an equilibrium's egalitarian welfare is -2"):
        inefficiency(dilemma - 3, welfare="egalitarian")
    with pytest.raises(UserError, match="an equilibrium pays someone less than the disagreement point"):
        inefficiency(dilemma - 1, [mixed(dilemma, [0.5, 0.5], [0.5, 0.5])], welfare="nash")
    nearly = mixed(dilemma, [1 - 1e-12, 1e-12], [1, 0])
    assert inefficiency(dilemma - 1, [nearly], welfare="nash").anarchy == pytest.approx(1)
    with pytest.raises(UserError, match="an equilibrium's nash welfare is 0"):
        inefficiency(dilemma, welfare="nash", disagreement=[1, 1])


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1.0, 1e200, 3e307])
def test_huge_and_tiny_payoffs_have_the_same_optima_and_prices(scale: float) -> None:
    for name, kind in itertools.product(["prisoners_dilemma", "stag_hunt", "chicken"], KINDS):
        plain, scaled = payoffs_of(name), payoffs_of(name) * scale
        expected, found = inefficiency(plain, welfare=kind), inefficiency(scaled, welfare=kind)
        assert (found.anarchy, found.stability) == pytest.approx((expected.anarchy, expected.stability))
        assert (found.optimum.joint_actions == expected.optimum.joint_actions).all()
        if kind != "nash" and scale < 1e300:
            assert found.optimum.welfare == pytest.approx(scale * expected.optimum.welfare)
    assert (pareto_frontier(payoffs_of("chicken") * scale).joint_actions == [[0, 1], [1, 0], [1, 1]]).all()


def test_welfare_beyond_float64_is_infinite_and_still_compared() -> None:
    huge = 1e300 * np.array([[[1.0, 2]], [[1, 3]]])
    found = social_optimum(huge, "nash")
    assert found.joint_actions.tolist() == [[0, 1]]
    assert found.welfare == math.inf
    assert social_welfare([1e308, 1e308]) == math.inf
    assert social_optimum(1e-300 * huge / 1e300, "nash").welfare == 0
    losses = np.array([[[1e-200, -1e300]], [[1e-200, -1e300]]])
    assert inefficiency(losses, [mixed(losses, [1], [1, 0])], welfare="nash").anarchy == 1
    lopsided = np.array([[[1e300, 2.0]], [[1e-300, 3.0]]])
    assert social_optimum(lopsided, "nash").joint_actions.tolist() == [[0, 1]]
    assert social_optimum(lopsided, "egalitarian").welfare == 2
    apart = social_optimum(np.array([[[1.7e308]]] * 2), "nash", disagreement=[-1.7e308, 0])
    assert apart.welfare == math.inf


def test_equal_duplicated_and_single_actions() -> None:
    level = np.full((3, 2, 1, 2), 4.0)
    assert len(pareto_frontier(level).joint_actions) == 4
    assert [social_optimum(level, kind).welfare for kind in KINDS] == [12, 4, 64]
    assert [inefficiency(level, welfare=kind).anarchy for kind in KINDS] == [1, 1, 1]
    twice = np.repeat(payoffs_of("prisoners_dilemma"), 2, axis=1)
    assert len(pareto_frontier(twice).joint_actions) == 6
    assert inefficiency(twice).anarchy == 3


def test_what_cannot_be_asked_is_refused() -> None:
    broken = payoffs_of("stag_hunt").copy()
    broken[0, 0, 0] = np.nan
    for ask in (pareto_frontier, social_optimum, inefficiency):
        with pytest.raises(ValueError, match="finite"):
            ask(broken)
        with pytest.raises(ValueError, match="expected payoffs"):
            ask(np.zeros((2, 2)))
    for values in ([np.nan, 1], [], [[1, 2]], [np.inf]):
        with pytest.raises(ValueError, match="expected finite values"):
            social_welfare(values)
    with pytest.raises(UserError, match=r"no welfare 'utilitarain': choose .*; did you mean 'utilitarian'"):
        social_welfare([1, 2], "utilitarain")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no disagreement point with the egalitarian"):
        social_welfare([1, 2], "egalitarian", disagreement=[0, 0])
    for point in ([0, 0, 0], [np.nan, 0]):
        with pytest.raises(ValueError, match=r"expected a finite disagreement \[2\]"):
            social_welfare([1, 2], "nash", disagreement=point)
