"""Sequential tests as they go: how often they err, and how long they take, by simulation."""

import numpy as np
import pytest
from scipy.stats import binomtest

from arena.ratings.elo import NORMALIZED
from arena.sprt import Sprt
from arena.sprt.brownian import leaving, stay, upper_chance

GAMES, PAIRS = np.array([0.30, 0.35, 0.35]), np.array([0.08, 0.22, 0.38, 0.24, 0.08])


def of_strength(model, elo, shape):
    """Return a distribution of a given strength, by bisection on how far a shape is tilted to wins."""
    scores = np.linspace(0, 1, len(shape))
    p, low, high = shape, -20.0, 20.0
    for _ in range(60):
        tilt = (low + high) / 2
        p = shape * np.exp(tilt * scores)
        p /= p.sum()
        mean = p @ scores
        if model == "logistic":
            strength = 400 * np.log10(mean / (1 - mean))
        elif model == "normalized":
            deviation = np.sqrt(p @ (scores - mean) ** 2 * ((len(shape) - 1) // 2))
            strength = (mean - 0.5) / deviation * NORMALIZED
        else:
            strength = 200 * np.log10(p[2] / (1 - p[2]) * (1 - p[0]) / p[0])
        low, high = (tilt, high) if strength < elo else (low, tilt)
    return p


def simulate(sprt, p, *, tests, seed, chunk=32, keep=()):
    """Return when each of many tests stops `[n]`, whether it accepts H1 `[n]`, and the counts kept on the way."""
    draws, kinds = np.random.default_rng(seed), len(p)
    counts, stops, accepted = np.zeros((tests, kinds)), np.zeros(tests, dtype=int), np.zeros(tests, dtype=bool)
    going, played, kept = np.arange(tests), 0, {}
    low, high = sprt.bounds
    while len(going):
        outcomes = np.eye(kinds)[draws.choice(kinds, size=(len(going), chunk), p=p)].cumsum(axis=1)
        along = counts[going][:, None] + outcomes
        ratios = sprt.llr(along)
        crossed = (ratios <= low) | (ratios >= high)
        first, ended = crossed.argmax(axis=1), crossed.any(axis=1)
        stops[going[ended]] = played + first[ended] + 1
        accepted[going[ended]] = ratios[ended, first[ended]] >= high
        counts[going] = along[:, -1]
        going, played = going[~ended], played + chunk
        if played in keep:
            kept[played] = (going, counts[going])
    return stops, accepted, kept


@pytest.mark.parametrize(
    ("model", "shape", "elo1", "tests", "alpha", "beta"),
    [
        ("logistic", GAMES, 50, 2000, 0.05, 0.05),
        ("logistic", PAIRS, 50, 2000, 0.05, 0.05),
        ("logistic", PAIRS, 50, 2000, 0.15, 0.03),
        ("bayeselo", GAMES, 50, 2000, 0.05, 0.05),
        ("normalized", GAMES, 100, 1000, 0.05, 0.05),
        ("normalized", PAIRS, 100, 1000, 0.05, 0.05),
    ],
)
def test_mistakes_are_as_rare_as_promised_and_not_rarer_by_far(model, shape, elo1, tests, alpha, beta):
    sprt = Sprt(elo0=0, elo1=elo1, alpha=alpha, beta=beta, model=model)
    for elo, promised, mistaken in ((0, alpha, True), (elo1, beta, False)):
        _, accepted, _ = simulate(sprt, of_strength(model, elo, shape), tests=tests, seed=11)
        wrong = int((accepted == mistaken).sum())
        assert binomtest(wrong, tests, promised, alternative="greater").pvalue > 1e-3, (elo, wrong / tests)
        assert binomtest(wrong, tests, promised / 4, alternative="less").pvalue > 1e-3, (elo, wrong / tests)


def test_a_test_of_far_stronger_and_far_weaker_agents_is_quick_and_right():
    sprt = Sprt(elo0=0, elo1=20)
    near, _, _ = simulate(sprt, of_strength("logistic", 10, PAIRS), tests=200, seed=1, chunk=128)
    for elo, expected in ((150, True), (-150, False)):
        stops, accepted, _ = simulate(sprt, of_strength("logistic", elo, PAIRS), tests=200, seed=2)
        assert (accepted == expected).all()
        assert stops.mean() < near.mean() / 5


def series(time, drift, variance, low, high):
    """Return the chance of not having left yet, by the eigenfunctions of the diffusion."""
    width, c, k = high - low, drift / variance, np.arange(1, 400)
    wave = k * np.pi / width
    decay = np.exp(-(drift**2 / (2 * variance) + variance * wave**2 / 2) * time)
    weight = 2 / width * wave * (1 - (-1.0) ** k * np.exp(c * width)) / (c**2 + wave**2)
    return float((decay * np.exp(c * low) * np.sin(-wave * low) * weight).sum())


@pytest.mark.parametrize("drift", [-0.5, -0.01, 0.0, 0.003, 0.2])
@pytest.mark.parametrize("time", [0.5, 5.0, 40.0])
def test_mirror_images_and_eigenfunctions_agree_on_when_a_motion_leaves(drift, time):
    below, above = leaving(time, drift=drift, variance=1.5, low=-3.0, high=4.0)
    assert 1 - below - above == pytest.approx(series(time, drift, 1.5, -3.0, 4.0), abs=1e-10)
    mirrored = leaving(time, drift=-drift, variance=1.5, low=-4.0, high=3.0)
    assert (mirrored[1], mirrored[0]) == (pytest.approx(below), pytest.approx(above))


@pytest.mark.parametrize("drift", [-50.0, -0.5, -1e-12, 0.0, 1e-3, 0.4, 50.0])
def test_where_a_motion_leaves_in_the_end_is_walds_closed_form(drift):
    above = leaving(19 * 49.0, drift=drift, variance=1.0, low=-3.0, high=4.0)[1]
    assert upper_chance(drift, variance=1.0, low=-3.0, high=4.0) == pytest.approx(above, abs=1e-9)


def test_how_long_a_motion_stays_is_what_a_random_walk_shows():
    draws = np.random.default_rng(5)
    walks, small = 4000, 0.1
    drifts = 0.01 + 0.02 * draws.standard_normal(walks)
    place, left = np.zeros(walks), np.zeros(walks)
    low, high, overshoot = -3.0, 2.0, 0.5826 * small  # Siegmund's correction for looking at steps only
    going, step = np.arange(walks), 0
    while len(going):
        step += 1
        place[going] += drifts[going] * 2 * small**2 + small * draws.standard_normal(len(going))
        out = (place[going] > high - overshoot) | (place[going] < low + overshoot)
        left[going[out]] = step * 2 * small**2
        going = going[~out]
    found = stay(drift=0.01, error=0.02, variance=0.5, low=low, high=high)
    assert found.mean == pytest.approx(left.mean(), abs=4 * left.std() / walks**0.5)
    assert found.high == pytest.approx((place > 0).mean(), abs=4 * 0.5 / walks**0.5)
    for quantile, value in zip((0.025, 0.5, 0.975), (found.interval[0], found.median, found.interval[1]), strict=True):
        share = (left <= value).mean()
        assert share == pytest.approx(quantile, abs=4 * (quantile * (1 - quantile) / walks) ** 0.5 + 0.002)


@pytest.mark.slow
@pytest.mark.parametrize("elo", [0, 20, 40])
def test_how_long_a_test_may_take_is_foretold_with_fair_intervals(elo):
    sprt = Sprt(elo0=0, elo1=40)
    stops, accepted, kept = simulate(
        sprt, of_strength("logistic", elo, PAIRS), tests=400, seed=7, chunk=20, keep=(20, 100)
    )
    for played, (going, counts) in kept.items():
        some = slice(60)
        found = [sprt.remaining(row) for row in counts[some]]
        assert all(found)
        left = 2 * (stops[going[some]] - played)
        covered = sum(r.interval[0] <= games <= r.interval[1] for r, games in zip(found, left, strict=True) if r)
        # between the hypotheses the counts seen early often point beyond them, and the interval is then too low
        assert binomtest(covered, len(left), 0.9, alternative="less").pvalue > 1e-3, (played, covered / len(left))
        mean = np.mean([r.mean for r in found if r])
        assert 0.3 < mean / left.mean() < 3
        chance = np.mean([r.h1_chance for r in found if r])
        assert abs(chance - accepted[going[some]].mean()) < 0.45


def test_nothing_is_foretold_before_the_first_game_or_after_the_decision():
    sprt = Sprt(elo0=0, elo1=5)
    assert sprt.remaining((0, 0, 0, 0, 0)) is None
    assert sprt.remaining((0, 0, 500)) is None
    one = sprt.remaining((0, 0, 1, 0, 0))
    assert one is not None
    assert 2 <= one.interval[0] < one.median < one.interval[1]
    assert all(games % 2 == 0 for games in (*one.interval, one.median))
