"""The log-likelihood ratio: published values, brute force, and what holds for all counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from arena.ratings.elo import NORMALIZED
from arena.sprt import MODELS, Sprt, SprtError, llr, log_ratios

KINDS = [("logistic", 3), ("logistic", 5), ("normalized", 3), ("normalized", 5), ("bayeselo", 3)]


@pytest.mark.parametrize(
    ("model", "counts", "elo0", "elo1", "expected"),
    [
        ("normalized", (36027, 68692, 36433), 0, 2, 0.92),
        ("normalized", (10650, 20431, 10871), -1.75, 0.25, 2.30),
        ("logistic", (57030, 106593, 57433), 0, 2, -2.59),
        ("logistic", (21184, 40708, 21404), 0.5, 2.5, -1.57),
        ("bayeselo", (68526, 128429, 68965), 0, 2, -1.26),
        ("bayeselo", (21484, 41111, 21629), 0.5, 2.5, -1.13),
        ("normalized", (365, 16618, 36229, 16974, 390), 0, 2, 2.25),
        ("normalized", (127, 4883, 10712, 5150, 104), -1.75, 0.25, 3.01),
        ("logistic", (871, 26175, 55983, 26678, 821), 0, 2, -4.98),
        ("logistic", (223, 9863, 21279, 10037, 246), 0.5, 2.5, -3.07),
    ],
)
def test_the_ratios_that_fastchess_publishes_are_met_to_their_last_digit(model, counts, elo0, elo1, expected):
    assert round(float(llr(counts, elo0=elo0, elo1=elo1, model=model)), 2) == expected


def _best(counts, excess) -> float:
    """Return the greatest log-likelihood of a distribution for which `excess(p)` is 0, by a general optimiser."""
    counts = np.asarray(counts, dtype=float)
    start = (counts + 1) / (counts + 1).sum()
    found = [
        minimize(
            lambda p: -counts @ np.log(p) / counts.sum(),
            begin,
            jac=lambda p: -counts / p / counts.sum(),
            bounds=[(1e-9, 1)] * len(counts),
            constraints=[{"type": "eq", "fun": lambda p: p.sum() - 1}, {"type": "eq", "fun": excess}],
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 1000},
        )
        for begin in (start, np.full(len(counts), 1 / len(counts)))
    ]
    return max(-run.fun * counts.sum() for run in found if abs(excess(run.x)) < 1e-9)


@pytest.mark.parametrize("counts", [(30, 40, 50), (90, 12, 61), (3, 20, 30, 25, 9), (40, 10, 7, 16, 22)])
@pytest.mark.parametrize(("elo0", "elo1"), [(0, 5), (-40, 60)])
@pytest.mark.parametrize("model", ["logistic", "normalized"])
def test_a_general_optimiser_finds_the_same_ratio(counts, elo0, elo1, model):
    scores = np.linspace(0, 1, len(counts))

    def excess(elo):
        if model == "logistic":
            return lambda p: p @ scores - 1 / (1 + 10 ** (-elo / 400))
        t = elo / NORMALIZED * np.sqrt((len(counts) - 1) // 2)
        return lambda p: p @ scores - 0.5 - t * np.sqrt(p @ scores**2 - (p @ scores) ** 2)

    expected = _best(counts, excess(elo1)) - _best(counts, excess(elo0))
    assert float(llr(counts, elo0=elo0, elo1=elo1, model=model)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("counts", [(30, 40, 50), (9, 1, 6), (1, 80, 30), (0, 50, 50), (7, 0, 9)])
def test_bayeselo_takes_the_likeliest_draw_parameter_of_a_fine_grid(counts):
    losses, draws, wins = counts
    d = np.linspace(1e-6, 2400, 2_000_001)

    def best(elo):
        won, lost = (1 / (1 + 10 ** ((d + sign * elo) / 400)) for sign in (-1, 1))
        with np.errstate(divide="ignore"):
            drawn = draws * np.log(1 - won - lost) if draws else 0.0
        return (wins * np.log(won) + losses * np.log(lost) + drawn).max()

    expected = best(60) - best(-20)
    # an outcome that never came counts 0.001, which the grid leaves out
    assert float(llr(counts, elo0=-20, elo1=60, model="bayeselo")) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("model", MODELS)
def test_wins_alone_are_worth_what_a_coin_would_make_of_them(model):
    # the likeliest distribution under either hypothesis has only wins and losses, whose chances it then fixes
    elo = 100.0
    score = 1 / (1 + 10 ** (-elo / 400))
    if model == "normalized":
        t = elo / NORMALIZED
        score = (1 + t / np.sqrt(1 + t * t)) / 2
    found = float(llr((0, 0, 40), elo0=0, elo1=elo, model=model))
    assert found == pytest.approx(40 * np.log(2 * score), abs=0.01)


@pytest.mark.parametrize(("model", "kinds"), KINDS)
def test_no_games_tell_nothing_and_one_sided_counts_point_to_their_side(model, kinds):
    assert llr(np.zeros(kinds), elo0=0, elo1=5, model=model) == 0
    one_sided = 50 * np.eye(kinds)[[0, -1]]
    down, up = llr(one_sided, elo0=-5, elo1=5, model=model)
    assert up > 1
    assert down == pytest.approx(-up, abs=1e-9)


counted = st.integers(0, 2000) | st.integers(0, 3)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS), elo0=st.floats(-60, 50), gap=st.floats(1, 80))
def test_ratios_are_finite_and_mirrored_counts_turn_their_sign(data, kind, elo0, gap):
    model, kinds = kind
    counts = data.draw(st.lists(counted, min_size=kinds, max_size=kinds))
    one = float(llr(counts, elo0=elo0, elo1=elo0 + gap, model=model))
    other = float(llr(counts[::-1], elo0=-elo0 - gap, elo1=-elo0, model=model))
    assert np.isfinite(one)
    assert one == pytest.approx(-other, abs=1e-6 * (1 + sum(counts)))


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    kind=st.sampled_from(KINDS),
    ends=st.tuples(st.floats(-2000, 2000), st.floats(-2000, 2000)).filter(lambda ends: ends[0] + 0.01 <= ends[1]),
)
def test_any_hypotheses_within_the_limits_and_any_counts_have_a_ratio(data, kind, ends):
    model, kinds = kind
    counts = data.draw(st.lists(st.integers(0, 10**9), min_size=kinds, max_size=kinds))
    assert np.isfinite(llr(counts, elo0=ends[0], elo1=ends[1], model=model))


@pytest.mark.parametrize(("model", "kinds"), KINDS)
def test_one_more_outcome_moves_the_ratio_by_its_log_ratio(model, kinds):
    counts = np.array([300.0, 500.0, 400.0, 350.0, 90.0][:kinds])
    moves = log_ratios(counts, elo0=0, elo1=30, model=model)
    step = 1e-3
    more, less = (llr(counts + sign * step * np.eye(kinds), elo0=0, elo1=30, model=model) for sign in (1, -1))
    assert (more - less) / (2 * step) == pytest.approx(moves, abs=1e-5)
    assert counts @ moves == pytest.approx(float(llr(counts, elo0=0, elo1=30, model=model)))


@pytest.mark.parametrize(("model", "kinds"), KINDS)
def test_a_ratio_does_not_depend_on_what_else_is_computed_with_it(model, kinds):
    draws = np.random.default_rng(3)
    counts = draws.integers(0, 60, (257, kinds)) * draws.integers(0, 2, (257, kinds))
    together = llr(counts, elo0=0, elo1=20, model=model)
    alone = np.array([llr(row, elo0=0, elo1=20, model=model) for row in counts])
    assert np.array_equal(together, alone)
    assert np.array_equal(llr(counts.reshape(1, 257, kinds), elo0=0, elo1=20, model=model), together[None])


def test_bounds_are_walds_and_decide():
    sprt = Sprt(elo0=0, elo1=5)
    assert sprt.bounds == pytest.approx((-2.9444, 2.9444), abs=5e-5)
    assert Sprt(elo0=0, elo1=5, alpha=0.1, beta=0.02).bounds == pytest.approx((np.log(0.02 / 0.9), np.log(9.8)))
    assert sprt.status((10, 10, 10)).decision is None
    assert sprt.status((0, 0, 500)).decision == "H1"
    assert sprt.status((500, 0, 0)).decision == "H0"
    half = sprt.status((0, 0, 100))
    assert half.fraction == pytest.approx(half.llr / half.bounds[1])
    assert sprt.status((0, 0, 0)).fraction == 0


def test_the_first_crossing_counts_even_if_the_ratio_comes_back():
    sprt = Sprt(elo0=0, elo1=200)
    added = np.eye(3, dtype=int)[[2] * 12 + [0] * 12]
    ratios = sprt.llr(added.cumsum(axis=0))
    first = sprt.decided(np.zeros(3), added)
    assert first is not None
    assert first < 12
    assert ratios[-1] < sprt.bounds[1] <= ratios[first - 1]
    assert sprt.decided(np.zeros(3), added[: first - 1]) is None
    assert sprt.decided(np.zeros(3), added[:0]) is None


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: llr((1, 2, 3, 4, 5), elo0=0, elo1=5, model="bayeselo"), "BayesElo is a model of single games"),
        (lambda: llr((1, 2, 3), elo0=0, elo1=5, model="glicko"), "one of logistic, normalized, bayeselo, not 'glicko'"),
        (lambda: llr((1, 2, 3), elo0=5, elo1=5.001), "elo1 must be greater than elo0"),
        (lambda: llr((1, 2, 3), elo0=0, elo1=float("nan")), "elo1 is nan"),
        (lambda: llr((1, 2, 3), elo0=0, elo1=1e5), "between -2000 and 2000"),
        (lambda: llr((1, 2), elo0=0, elo1=5), "counts are 3 numbers"),
        (lambda: llr((1, -2, 3), elo0=0, elo1=5), "not -2"),
        (lambda: Sprt(elo0=0, elo1=5, alpha=0), "alpha is the chance of a mistake"),
        (lambda: Sprt(elo0=0, elo1=5, beta=0.5), "beta is the chance of a mistake"),
    ],
)
def test_what_cannot_be_tested_is_refused_in_a_sentence(call, said):
    with pytest.raises(SprtError) as caught:
        call()
    assert said in str(caught.value)
