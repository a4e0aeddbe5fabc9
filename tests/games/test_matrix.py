import numpy as np
import pytest
import torch
from hand import start
from open_spiel_twin import assert_same_as_open_spiel, assert_same_spec

from games import GameError, MatrixGame, make, rock_paper_scissors
from games.matrices.pictures import CHOSEN

DILEMMA = [[[5, 5], [0, 10]], [[10, 0], [1, 1]]]


def odd_one_out(prize: float = 0) -> np.ndarray:
    """Three seats choose 0 or 1; whoever stands alone wins one, and the first seat a prize when all choose 1."""
    payoffs = np.zeros((2, 2, 2, 3))
    for joint in np.ndindex(2, 2, 2):
        payoffs[joint] = [float(joint.count(own) == 1) for own in joint]
    payoffs[1, 1, 1, 0] += prize
    return payoffs


def test_every_joint_action_is_paid_exactly():
    payoffs = np.random.default_rng(0).normal(size=(2, 3, 4, 3))
    game = MatrixGame(payoffs)
    joint = torch.cartesian_prod(torch.arange(2), torch.arange(3), torch.arange(4))
    state = game.step(start(game, len(joint)), joint)
    assert state.terminated.all()
    assert torch.equal(state.rewards, torch.tensor(payoffs.reshape(-1, 3)))


def test_a_seat_with_fewer_actions_has_the_rest_masked():
    game = MatrixGame([[1, 2, 3], [4, 5, 6]])
    assert game.spec.actions == 3
    legal = game.legal(start(game), torch.tensor([0, 0]), torch.tensor([0, 1]))
    assert legal.tolist() == [[True, True, False], [True, True, True]]


def test_two_dimensions_are_the_row_seats_payoff_in_a_zero_sum_game():
    game = MatrixGame([[1, 2], [3, -4]])
    state = game.step(start(game), torch.tensor([[1, 1]]))
    assert state.rewards.tolist() == [[-4.0, 4.0]]
    assert game.spec.zero_sum
    assert game.spec.utility == (-4.0, 4.0)


@pytest.mark.parametrize(
    ("payoffs", "zero_sum", "symmetric"),
    [
        ([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], True, True),
        ([[1, -1], [-1, 1]], True, False),
        (DILEMMA, False, True),
        ([[[2, 1], [0, 0]], [[0, 0], [1, 2]]], False, False),
        ([[1, 2, 3], [4, 5, 6]], True, False),
        (np.zeros((2, 2, 2, 3)), True, True),
        (odd_one_out(), False, True),
        (odd_one_out(prize=1), False, False),
    ],
)
def test_zero_sum_and_symmetry_are_read_from_the_array(payoffs, zero_sum, symmetric):
    spec = MatrixGame(payoffs).spec
    assert (spec.zero_sum, spec.symmetric) == (zero_sum, symmetric)


def test_its_name_makes_the_same_game():
    game = make(MatrixGame(DILEMMA).spec.name)
    assert isinstance(game, MatrixGame)
    assert game.payoffs.tolist() == DILEMMA


def test_actions_are_named_for_all_seats_or_for_each():
    assert rock_paper_scissors().action_name(1, 2) == "Scissors"
    game = MatrixGame([[1, 2]], action_names=[["stay"], ["left", "right"]])
    assert (game.action_name(0, 0), game.action_name(1, 1)) == ("stay", "right")
    assert game.action_name(0, 1) == "1", "an action that only the other seat has"
    assert MatrixGame([[1, 2]]).action_name(1, 1) == "1"


def test_the_table_is_drawn_before_the_move_and_what_it_paid_after():
    game = MatrixGame([[1, 2]], action_names=[["stay"], ["left", "right"]])
    before, after = start(game), game.step(start(game), torch.tensor([[0, 1]]))
    assert game.draw(before, 0) == "       left  right\nstay  1, -1  2, -2"
    assert game.draw(after, 0) == "stay, right: 2, -2"
    assert game.svg(before, 0).count(CHOSEN) == 0
    assert game.svg(after, 0).count(CHOSEN) == 1
    assert all(word in game.svg(before, 0) for word in ("stay", "left", "right", ">1,<", ">-1<"))


def test_a_table_of_three_seats_is_listed_and_a_large_one_summed_up():
    game = MatrixGame(odd_one_out())
    assert game.draw(start(game), 0).splitlines()[1] == "0, 0, 1: 0, 0, 1"
    assert len(game.draw(start(game), 0).splitlines()) == 8
    large = MatrixGame(np.arange(81).reshape(9, 9))
    assert large.draw(start(large), 0) == "9 x 9 actions, payoffs from -80 to 80"
    assert "9 x 9 actions" in large.svg(start(large), 0)


@pytest.mark.parametrize(
    "payoffs",
    ["no", [[1, 2], [3]], [], [[]], [1, 2], [[[1, 2, 3]]], [[float("nan"), 1]], [[1e999, 1]], None, [["x" * 999]]],
)
def test_payoffs_that_are_no_game_are_refused_in_one_sentence(payoffs):
    with pytest.raises(GameError, match="payoffs must") as error:
        MatrixGame(payoffs)
    assert len(str(error.value)) < 300


def test_names_that_do_not_fit_are_refused():
    with pytest.raises(GameError, match=r"action_names must hold \[2, 2\] names.* got lists of \[1, 2\]"):
        MatrixGame(DILEMMA, action_names=[["a"], ["b", "c"]])


@pytest.mark.parametrize(("game", "twin"), [(rock_paper_scissors(), "matrix_rps"), (MatrixGame(DILEMMA), "matrix_pd")])
def test_same_as_open_spiel(game, twin):
    twin = pytest.importorskip("pyspiel").load_game(twin)
    assert_same_spec(game, twin)
    assert_same_as_open_spiel(game, twin, games=200)
