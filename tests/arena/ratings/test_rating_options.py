"""Ratings with draws modelled, a seat's advantage, any prior and anchors, against other optimisers and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm

from arena.ratings import ELO, Floats, Results, fit, rate
from games.errors import UserError

MODELS = ("half", "davidson", "rao-kupper")


def results_of(wins, draws, losses) -> Results:
    cells = [np.array(counts, dtype=np.int64) for counts in (wins, draws, losses)]
    for cell in cells:
        np.fill_diagonal(cell, 0)
    return Results(tuple(f"p{k}" for k in range(len(cells[0]))), cells[0], cells[1], cells[2])


def chances(model: str, lead: float, draw: float) -> tuple[float, float, float]:
    """The three models, written out from their papers with strengths as positive numbers."""
    mine, theirs = np.exp(lead / 2), np.exp(-lead / 2)
    if model == "davidson":
        total = mine + theirs + draw * np.sqrt(mine * theirs)
        return mine / total, draw * np.sqrt(mine * theirs) / total, theirs / total
    if model == "rao-kupper":
        win, loss = mine / (mine + draw * theirs), theirs / (theirs + draw * mine)
        tie = (draw**2 - 1) * mine * theirs / ((mine + draw * theirs) * (theirs + draw * mine))
        return win, tie, loss
    return mine / (mine + theirs), 0.0, theirs / (mine + theirs)


def negative_log_posterior(point, results: Results, model: str, *, seat: bool, prior: float) -> float:
    """Of strengths, then the seat's advantage, then the logarithm of the draw parameter (of theta - 1)."""
    n = len(results.names)
    strengths = point[:n] - point[:n].mean()
    advantage = point[n] if seat else 0.0
    draw = np.exp(point[-1]) + (model == "rao-kupper") if model != "half" else 0.0
    total = 0.0
    for i in range(n):
        for j in range(n):
            win, tie, loss = chances(model, strengths[i] - strengths[j] + advantage, draw)
            if model == "half":
                score = results.wins[i, j] + results.draws[i, j] / 2
                total -= score * np.log(win) + (results.losses[i, j] + results.draws[i, j] / 2) * np.log(loss)
            elif i != j:
                counted = (results.wins[i, j], win), (results.draws[i, j], tie), (results.losses[i, j], loss)
                total -= sum(count * np.log(chance) for count, chance in counted)
        total -= prior / 2 * (np.log(expit(strengths[i])) + np.log(expit(-strengths[i])))
    return total


def square(n: int, most: int):
    return st.lists(st.lists(st.integers(0, most), min_size=n, max_size=n), min_size=n, max_size=n)


fields = st.integers(2, 5).flatmap(lambda n: st.tuples(square(n, 12), square(n, 6), square(n, 12)))


@pytest.mark.parametrize("seat", [False, True])
@pytest.mark.parametrize("model", MODELS)
@settings(max_examples=12, deadline=None)
@given(drawn=fields)
def test_the_posterior_is_greatest_there_by_another_optimiser(model: str, seat: bool, drawn: tuple):
    results = results_of(*drawn)
    if min(results.wins.sum(), results.draws.sum(), results.losses.sum()) == 0:
        return
    found, n = fit(results, draw_model=model, seat_advantage=seat), len(results.names)
    assert found.converged
    point = [*found.elo / ELO]
    if found.seat_advantage is not None:
        point.append(found.seat_advantage.value / ELO)
    if found.draw is not None:
        point.append(np.log(found.draw.value - (model == "rao-kupper")))
    arguments = {"results": results, "model": model, "seat": seat, "prior": 1.0}

    def objective(x) -> float:
        return negative_log_posterior(x, **arguments)

    other = minimize(objective, np.zeros(len(point)), options={"gtol": 1e-7})
    assert objective(np.array(point)) <= other.fun + 1e-7
    np.testing.assert_allclose(point[:n], other.x[:n] - other.x[:n].mean(), atol=1e-3)
    np.testing.assert_allclose(point[n:], other.x[n:], atol=1e-3)
    # A step to either side along any parameter is no better, and the curvature is that of the intervals.
    for k in range(len(point)):
        step = np.eye(len(point))[k] * 1e-4
        slope = (objective(point + step) - objective(point - step)) / 2e-4
        assert abs(slope) < 1e-3


def test_intervals_of_all_parameters_come_from_the_inverse_of_the_curvature():
    random = np.random.default_rng(5)
    results = results_of(*random.integers(1, 9, size=(3, 4, 4)))
    for model in ("davidson", "rao-kupper"):
        found = fit(results, draw_model=model, seat_advantage=True)
        assert found.draw is not None
        assert found.draw.interval is not None
        assert found.seat_advantage is not None
        assert found.seat_advantage.interval is not None
        seat, draw = found.seat_advantage.value / ELO, np.log(found.draw.value)
        # In the plane of mean 0, with the draw parameter's logarithm.
        basis = np.linalg.svd(np.eye(4) - 0.25)[0][:, :3]

        def objective(x, model=model, found=found, seat=seat, draw=draw, basis=basis) -> float:
            inner = np.exp(draw + x[4]) - (model == "rao-kupper")
            point = [*(found.elo / ELO + basis @ x[:3]), seat + x[3], np.log(inner)]
            return negative_log_posterior(np.array(point), results, model, seat=True, prior=1.0)

        h, axes = 1e-3, np.eye(5) * 1e-3
        curvature = np.array(
            [
                [
                    (objective(a + b) - objective(a - b) - objective(b - a) + objective(-a - b)) / (4 * h * h)
                    for a in axes
                ]
                for b in axes
            ]
        )
        spread = np.linalg.inv(curvature)
        np.testing.assert_allclose(found.covariance, basis @ spread[:3, :3] @ basis.T * ELO**2, rtol=1e-3, atol=0.5)
        half = norm.ppf(0.975) * np.sqrt(np.diag(spread))
        np.testing.assert_allclose(found.seat_advantage.interval, ELO * (seat + half[3] * np.array([-1, 1])), rtol=1e-3)
        np.testing.assert_allclose(found.draw.interval, np.exp(draw + half[4] * np.array([-1, 1])), rtol=1e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 6).flatmap(lambda n: st.tuples(square(n, 9), square(n, 9))))
def test_where_nothing_is_drawn_every_draw_model_gives_the_same_ratings(drawn: tuple):
    wins, losses = drawn
    results = results_of(wins, np.zeros_like(wins), losses)
    plain = rate(results.wins + results.losses.T, np.zeros_like(results.wins))
    for model in MODELS:
        found = fit(results, draw_model=model)
        np.testing.assert_allclose(found.elo, plain.elo, atol=1e-6)
        np.testing.assert_allclose(found.covariance, plain.covariance, atol=1e-4)
        if model != "half":
            assert found.draw is not None
            assert found.draw.value == (0.0 if model == "davidson" else 1.0)
            assert found.draw.interval is None


@settings(max_examples=20, deadline=None)
@given(fields, st.randoms(use_true_random=False), st.sampled_from(MODELS), st.booleans())
def test_relabelling_the_players_relabels_their_ratings(drawn: tuple, random, model: str, seat: bool):
    results = results_of(*drawn)
    if min(results.wins.sum(), results.draws.sum(), results.losses.sum()) == 0:
        return
    order = list(range(len(results.names)))
    random.shuffle(order)
    there = np.ix_(order, order)
    moved = results_of(results.wins[there], results.draws[there], results.losses[there])
    found, again = (fit(played, draw_model=model, seat_advantage=seat) for played in (results, moved))
    np.testing.assert_allclose(again.elo, found.elo[order], atol=1e-5)
    np.testing.assert_allclose(again.los, found.los[there], atol=1e-7)
    if found.seat_advantage is not None and again.seat_advantage is not None:
        assert again.seat_advantage.value == pytest.approx(found.seat_advantage.value, abs=1e-5)


@settings(max_examples=20, deadline=None)
@given(fields, st.sampled_from(MODELS))
def test_exchanging_the_seats_turns_the_advantage_and_nothing_else(drawn: tuple, model: str):
    results = results_of(*drawn)
    if min(results.wins.sum(), results.draws.sum(), results.losses.sum()) == 0:
        return
    swapped = results_of(results.losses.T, results.draws.T, results.wins.T)
    found, other = (fit(played, draw_model=model, seat_advantage=True) for played in (results, swapped))
    np.testing.assert_allclose(found.elo, other.elo, atol=1e-5)
    assert found.seat_advantage is not None
    assert other.seat_advantage is not None
    assert found.seat_advantage.value == pytest.approx(-other.seat_advantage.value, abs=1e-5)


def test_two_players_in_closed_form():
    # Without a prior: the odds of the decisive games, and Davidson's nu where d / 2 solves them.
    wins, draws, losses = np.array([[0, 30], [0, 0]]), np.array([[0, 12], [0, 0]]), np.array([[0, 10], [0, 0]])
    found = fit(results_of(wins, draws, losses), draw_model="davidson", prior=0)
    assert found.elo[0] - found.elo[1] == pytest.approx(ELO * np.log(3))
    assert found.draw is not None
    assert found.draw.value == pytest.approx(12 / np.sqrt(30 * 10))
    rao = fit(results_of(wins, draws, losses), draw_model="rao-kupper", prior=0)
    assert rao.draw is not None
    # p_win = s(d - t) and p_loss = s(-d - t) are 30/52 and 10/52.
    win, loss = np.log(30 / 22), np.log(10 / 42)
    assert rao.elo[0] - rao.elo[1] == pytest.approx(ELO * (win - loss) / 2)
    assert rao.draw.value == pytest.approx(np.exp(-(win + loss) / 2))


def test_the_seat_alone_in_closed_form():
    # Equals who meet in both seats: the first's score is all there is, 60 %.
    found = fit(results_of([[0, 6], [6, 0]], np.zeros((2, 2)), [[0, 4], [4, 0]]), seat_advantage=True)
    assert found.seat_advantage is not None
    assert found.seat_advantage.interval is not None
    assert found.seat_advantage.value == pytest.approx(ELO * np.log(1.5))
    half = norm.ppf(0.975) / np.sqrt(20 * 0.6 * 0.4)
    expected = ELO * (np.log(1.5) + half * np.array([-1, 1]))
    np.testing.assert_allclose(found.seat_advantage.interval, expected, rtol=1e-6)
    np.testing.assert_allclose(found.elo, 0, atol=1e-9)


def field(seed: int = 1, n: int = 6) -> Results:
    return results_of(*np.random.default_rng(seed).integers(0, 9, size=(3, n, n)))


def test_one_anchor_moves_the_scale_and_takes_the_intervals_from_there():
    results = field()
    free, anchored = fit(results), fit(results, anchors={"p2": 2000})
    np.testing.assert_allclose(anchored.elo, free.elo - free.elo[2] + 2000, atol=1e-6)
    assert anchored.elo[2] == anchored.low[2] == anchored.high[2] == 2000
    differences = np.diag(free.covariance) + free.covariance[2, 2] - 2 * free.covariance[2]
    np.testing.assert_allclose(np.diag(anchored.covariance), differences, atol=1e-6)
    np.testing.assert_allclose(anchored.los, free.los, atol=1e-9)


def test_several_anchors_keep_their_ratings_and_the_others_are_the_best_beside_them():
    results = field(2)
    anchors = {"p0": 100.0, "p3": -50.0, "p5": 30.0}
    found = fit(results, anchors=anchors)
    np.testing.assert_allclose(found.elo[[0, 3, 5]], [100, -50, 30])
    np.testing.assert_allclose(np.diag(found.covariance)[[0, 3, 5]], 0, atol=1e-9)
    free = [1, 2, 4]

    def objective(x) -> float:
        strengths = np.empty(6)
        strengths[[0, 3, 5]], strengths[free] = np.array([100, -50, 30]) / ELO, x
        return negative_log_posterior(strengths, results, "half", seat=False, prior=1.0)

    other = minimize(objective, np.zeros(3), options={"gtol": 1e-8})
    np.testing.assert_allclose(found.elo[free], other.x * ELO, atol=1e-2)
    assert found.los[0, 3] == 1
    assert found.los[3, 0] == 0


def test_superiority_of_two_players_is_that_of_their_difference():
    ratings = fit(field(3))
    spread = ratings.covariance
    for i, j in ((0, 1), (4, 2)):
        deviation = np.sqrt(spread[i, i] + spread[j, j] - 2 * spread[i, j])
        assert ratings.los[i, j] == pytest.approx(norm.cdf((ratings.elo[i] - ratings.elo[j]) / deviation))
    np.testing.assert_allclose(ratings.los + ratings.los.T, 1)


def test_a_weaker_prior_holds_back_less_until_there_is_none():
    results = results_of([[0, 9], [0, 0]], np.zeros((2, 2)), [[0, 1], [0, 0]])
    gaps = [float(np.ptp(fit(results, prior=prior).elo)) for prior in (100, 10, 1, 0.1, 0)]
    assert gaps == sorted(gaps)
    assert gaps[-1] == pytest.approx(ELO * np.log(9))


def lopsided(kind: str) -> Results:
    wins = np.zeros((4, 4), dtype=np.int64)
    wins[0, 1] = wins[1, 0] = wins[2, 3] = wins[3, 2] = 5
    if kind == "perfect":
        wins[0, 2] = 5
    return results_of(wins, np.zeros((4, 4)), np.zeros((4, 4)))


def one_way() -> Results:
    """Two players of whom one always sits first, so that its strength and the seat's advantage are one number."""
    return results_of([[0, 3], [0, 0]], np.zeros((2, 2)), [[0, 2], [0, 0]])


@pytest.mark.parametrize(
    ("results", "options", "sentence"),
    [
        (lopsided("apart"), {"prior": 0}, "never met the rest.*give one, such as 1"),
        (lopsided("perfect"), {"prior": 0}, "took all the points, or none, from the rest"),
        (lopsided("apart"), {"prior": -1}, "a prior of 0 or more virtual draws"),
        (lopsided("apart"), {"prior": np.nan}, "a prior of 0 or more virtual draws"),
        (lopsided("apart"), {"draw_model": "davidsson"}, "did you mean 'davidson'"),
        (lopsided("apart"), {"anchors": {"p9": 0}}, "'p9' has no games; did you mean"),
        (lopsided("apart"), {"anchors": {"p1": np.inf}}, "within 100,000 Elo, not inf"),
        (lopsided("apart"), {"seat_advantage": True}, "the first took all of the 20 games"),
        (results_of([[0, 0], [0, 0]], [[0, 3], [0, 0]], [[0, 0], [0, 0]]), {"draw_model": "davidson"}, "all were"),
        (one_way(), {"prior": 0, "seat_advantage": True}, "leave the seat out or give a larger prior"),
    ],
)
def test_what_the_games_do_not_bound_is_refused_in_a_sentence(results: Results, options: dict, sentence: str):
    with pytest.raises(UserError, match=sentence):
        fit(results, **options)


def test_a_seat_that_means_nothing_has_no_advantage():
    results = Results.without_seats(("a", "b"), [[0, 2], [1, 0]], [[0, 0], [0, 0]])
    with pytest.raises(UserError, match="who had the first seat"):
        fit(results, seat_advantage=True)


def test_counts_from_rows_by_seat_and_merged_by_name():
    names, first, second = ("a", "b"), [0, 1, 0, 0], [1, 0, 0, 1]
    one = Results.of_rows(names, (first, second, [1, 1, 1, 0], [0, 0, 0, 2], [0, 0, 0, 0]))
    assert one.wins.tolist() == [[0, 1], [1, 0]]
    assert one.draws.tolist() == [[0, 2], [0, 0]]
    assert one.notes == ("1 game of a player against itself left out",)
    both = Results.merged([one, Results.without_seats(("b", "c"), [[0, 4], [1, 0]], [[0, 1], [1, 0]])])
    assert both.names == ("a", "b", "c")
    assert not both.seated
    assert both.games.tolist() == [[0, 4, 0], [4, 0, 6], [0, 6, 0]]
    assert both.scores.tolist() == [[0, 2, 0], [2, 0, 4.5], [0, 1.5, 0]]


def test_groups_that_never_met_and_who_beat_whom_in_a_circle():
    pairs = lopsided("perfect").pairs(seated=False)
    assert pairs.groups() == [[0, 1, 2, 3]]
    assert pairs.unbeaten() == [[0, 1], [2, 3]]
    assert lopsided("apart").pairs(seated=True).groups() == [[0, 1], [2, 3]]


def test_no_players_and_no_games():
    nobody: Floats = fit(results_of(*np.zeros((3, 0, 0)))).elo
    assert nobody.shape == (0,)
    assert fit(results_of(*np.zeros((3, 3, 3)))).elo.tolist() == [0, 0, 0]
