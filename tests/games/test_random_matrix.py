import numpy as np
import pytest
from scipy import stats

from games import GameError, MatrixGame, make
from games.matrices.random_matrix import random_general_sum, random_zero_sum, standard_normal


def test_payoffs_are_the_same_on_every_machine():
    """Stored bit for bit: a name that makes another game than before breaks every run that holds it."""
    drawn = standard_normal(4, seed=7, purpose="random_zero_sum")
    stored = "-0x1.d5c8e259acceap-2 0x1.8845b3a877659p-2 -0x1.7b88db2d91e29p-1 -0x1.ee88c623daa01p+0"
    assert [number.hex() for number in drawn.tolist()] == stored.split()
    assert random_zero_sum(rows=2, columns=2, seed=7).payoffs[..., 0].ravel().tolist() == drawn.tolist()


def test_payoffs_are_standard_normal_and_independent():
    drawn = standard_normal(200_000, seed=0, purpose="test")
    assert stats.kstest(drawn, "norm").pvalue > 1e-3
    for other in (np.roll(drawn, 1), np.roll(drawn, 2), standard_normal(200_000, seed=1, purpose="test")):
        assert abs(np.corrcoef(drawn, other)[0, 1]) < 4 / np.sqrt(len(drawn))
    tail = (np.abs(drawn) > 3).mean()
    assert abs(tail - 2 * stats.norm.sf(3)) < 4 * np.sqrt(2 * stats.norm.sf(3) / len(drawn))


def test_a_zero_sum_game_has_its_shape_and_its_seed():
    game = random_zero_sum(rows=3, columns=5, seed=1)
    assert game.payoffs.shape == (3, 5, 2)
    assert game.spec.zero_sum
    assert not np.array_equal(game.payoffs, random_zero_sum(rows=3, columns=5, seed=2).payoffs)


def test_seats_of_a_general_sum_game_are_paid_independently():
    game = random_general_sum(actions=[20, 30, 40], seed=3)
    assert game.payoffs.shape == (20, 30, 40, 3)
    assert (game.spec.players, game.spec.actions, game.spec.zero_sum) == (3, 40, False)
    correlations = np.corrcoef(game.payoffs.reshape(-1, 3).T) - np.eye(3)
    assert np.abs(correlations).max() < 4 / np.sqrt(20 * 30 * 40)


@pytest.mark.parametrize(
    "name", ["random_zero_sum(columns=2, rows=1, seed=5)", "random_general_sum(actions=[1, 2, 3, 1], seed=0)"]
)
def test_its_name_makes_the_same_game(name):
    game, again = make(name), make(make(name).spec.name)
    assert isinstance(game, MatrixGame)
    assert isinstance(again, MatrixGame)
    assert game.spec.name == name
    assert np.array_equal(game.payoffs, again.payoffs)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("random_zero_sum(rows=2)", "'columns' is missing"),
        ("random_zero_sum(rows=0, columns=2)", "expected rows to be a whole number from 1 to .* but got 0"),
        ("random_zero_sum(rows=1000000, columns=1000000)", "expected at most 33,554,432 payoffs"),
        ("random_zero_sum(rows=2, columns=2, seed=-1)", "expected seed to be a whole number from 0"),
        ("random_zero_sum(rows=2, columns=2, seed='a')", "expected seed to be a whole number from 0"),
        ("random_general_sum(actions=3)", r"expected actions to list .* but got 3; write actions=\[2, 3\]"),
        ("random_general_sum(actions=[3])", "each of 2 to 16 seats"),
        ("random_general_sum(actions=[2, 2.0])", r"expected actions\[1\] to be a whole number from 1"),
        ("random_general_sum(actions=[9] * 3)", "expected arguments"),
        (f"random_general_sum(actions={[8] * 16})", "expected at most 33,554,432 payoffs"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(name, sentence):
    with pytest.raises(GameError, match=sentence) as error:
        make(name)
    assert len(str(error.value)) < 300
