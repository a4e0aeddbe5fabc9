from math import comb
from xml.etree import ElementTree

import pytest
import torch
from hand import after, legal
from open_spiel_twin import assert_same_as_open_spiel, assert_same_spec
from tree_twin import assert_tree_agrees

from games import GameError, LiarsDice, build_tree, check_game, make
from games.playout import play

LIAR = 12
VARIANTS = [(1, 2), (1, 3), (2, 2), (2, 6), (3, 2), (3, 6)]
HEADER = "liars_dice(numdice={},dice_sides={})"


def bid(quantity: int, face: int, sides: int = 6) -> int:
    return (quantity - 1) * sides + face - 1


def roll(*faces: int) -> tuple[int, ...]:
    return tuple(face - 1 for face in faces)


@pytest.mark.parametrize(
    ("dice", "bids", "gain"),
    [
        ((3, 6), [(1, 3)], 1),
        ((3, 6), [(2, 3)], 1),
        ((3, 6), [(2, 4)], -1),
        ((3, 6), [(1, 4)], 1),
        ((3, 6), [(2, 6)], -1),
        ((6, 6), [(2, 1)], 1),
        ((3, 5), [(1, 3), (1, 5)], -1),
        ((3, 5), [(1, 3), (2, 5)], 1),
        ((3, 5), [(1, 1), (1, 4), (1, 6)], -1),
        ((2, 2), [(1, 1), (1, 4), (2, 2)], 1),
    ],
)
def test_games_played_out_with_one_die_each(dice, bids, gain):
    state = after(LiarsDice(), *roll(*dice), *(bid(*one) for one in bids), LIAR)
    assert state.terminated.item()
    assert state.rewards.tolist() == [[gain, -gain]]


@pytest.mark.parametrize(
    ("quantity", "face", "true"), [(3, 2, True), (4, 2, True), (5, 2, False), (1, 3, True), (2, 4, False), (2, 1, True)]
)
def test_all_dice_count_and_the_highest_face_counts_as_any(quantity, face, true):
    """Hands 2 2 1 and 4 2 1: two ones, three twos and one four, which is wild."""
    game = LiarsDice(dice=3, sides=4)
    state = after(game, *roll(2, 2, 1), *roll(4, 2, 1), bid(quantity, face, sides=4), game.bids)
    assert state.rewards.tolist() == [[1.0, -1.0] if true else [-1.0, 1.0]]


@pytest.mark.parametrize(
    ("moves", "allowed"),
    [
        ((), range(6)),
        (roll(4), range(6)),
        (roll(4, 4), range(LIAR)),
        ((*roll(4, 4), bid(1, 1)), range(1, LIAR + 1)),
        ((*roll(4, 4), bid(1, 4), bid(2, 2)), range(8, LIAR + 1)),
        ((*roll(4, 4), bid(2, 6)), [LIAR]),
    ],
)
def test_a_bid_names_more_dice_or_as_many_of_a_higher_face(moves, allowed):
    game = LiarsDice()
    assert legal(game, after(game, *moves)) == list(allowed)


def test_a_seat_sees_its_seat_its_dice_in_order_of_face_and_what_was_bid():
    game = LiarsDice(dice=2, sides=3)
    state = after(game, *roll(3, 1), *roll(2, 2), bid(1, 2, sides=3), bid(3, 1, sides=3))
    first, second = game.observe(state, torch.tensor([0, 0]), torch.tensor([0, 1])).tolist()
    bids = [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    assert first == [*(1, 0), *(1, 0, 0), *(0, 0, 1), *bids]
    assert second == [*(0, 1), *(0, 1, 0), *(0, 1, 0), *bids]
    assert game.information_state(state, 0, 0) == "13 1-2 3-1"
    assert game.draw(state, 0) == "dice 1 3 / 2 2, bids 1-2 3-1"


def test_dice_are_sorted_once_all_are_rolled():
    game = LiarsDice(dice=2)
    texts = [game.draw(after(game, *roll(*faces)), 0) for faces in ((5,), (5, 2), (5, 2, 6), (5, 2, 6, 1))]
    assert [text.removesuffix(", bids -") for text in texts] == [
        "dice 5 - / - -",
        "dice 5 2 / - -",
        "dice 5 2 / 6 -",
        "dice 2 5 / 1 6",
    ]
    assert game.information_state(after(game, *roll(5, 2, 6)), 0, 1) == "6-1"


@pytest.mark.parametrize(("dice", "sides"), [(1, 2), (1, 3), (1, 4), (1, 5), (2, 2)])
def test_the_tree_has_as_many_histories_and_information_sets_as_a_closed_form_says(dice, sides):
    """Bids only rise, so a run of them is a set of bids, and all but the empty one can be called."""
    tree, runs = build_tree(LiarsDice(dice=dice, sides=sides)), 2 ** (2 * dice * sides)
    rolls = [sides**rolled for rolled in range(2 * dice + 1)]
    assert tree.nodes == sum(rolls[:-1]) + rolls[-1] * (2 * runs - 1)
    assert len(tree.leaf_node) == rolls[-1] * (runs - 1)
    assert tree.infosets == len(tree.observations) == comb(sides + dice - 1, dice) * runs


def test_known_values_with_one_die_each():
    """OpenSpiel's NashConv of uniformly random seats."""
    tree = build_tree(LiarsDice())
    assert (tree.nodes, tree.infosets) == (294_883, 24_576)
    assert tree.nash_conv(tree.plan(tree.uniform())) == pytest.approx(1.5614886463844804, abs=1e-12)


@pytest.mark.parametrize(
    ("dice", "sides"), [(1, 2), (1, 3), (1, 4), (2, 2), pytest.param(1, 6, marks=pytest.mark.slow)]
)
def test_random_policies_are_as_exploitable_as_openspiel_says(dice, sides):
    assert_tree_agrees(LiarsDice(dice=dice, sides=sides), HEADER.format(dice, sides))


def test_same_as_open_spiel():
    twin = pytest.importorskip("pyspiel").load_game("liars_dice")
    assert_same_spec(LiarsDice(), twin)
    assert_same_as_open_spiel(LiarsDice(), twin, games=1000)


@pytest.mark.parametrize(("dice", "sides"), VARIANTS)
def test_same_as_open_spiel_with_other_dice(dice, sides):
    twin, game = pytest.importorskip("pyspiel").load_game(HEADER.format(dice, sides)), LiarsDice(dice=dice, sides=sides)
    assert_same_spec(game, twin)
    assert_same_as_open_spiel(game, twin, games=100)


@pytest.mark.parametrize(("dice", "sides"), [(1, 6), *VARIANTS])
def test_a_seat_sees_openspiels_information_state_tensor(dice, sides):
    twin, game = pytest.importorskip("pyspiel").load_game(HEADER.format(dice, sides)), LiarsDice(dice=dice, sides=sides)
    for seed in range(10):
        playout, other = play(game, torch.arange(1), seed=seed, limit=game.spec.max_moves), twin.new_initial_state()
        for move in playout.moves:
            if move.state.terminated.item():
                break
            if len(move.seats):
                assert move.observation[0].tolist() == other.information_state_tensor(int(move.seats))
            other.apply_action(int(move.actions[move.state.acting]))
        assert other.is_terminal()


@pytest.mark.parametrize(("dice", "sides"), VARIANTS)
def test_other_dice_keep_what_every_game_keeps(dice, sides):
    report = check_game(LiarsDice(dice=dice, sides=sides))
    assert report.passed, str(report)


@pytest.mark.parametrize(("dice", "sides"), VARIANTS)
def test_the_rules_say_the_same_as_torch_expressions(dice, sides):
    compiled, plain = LiarsDice(dice=dice, sides=sides), LiarsDice(dice=dice, sides=sides)
    plain.compiles = False
    ours, theirs = (play(game, torch.arange(200), seed=1, limit=game.spec.max_moves + 1) for game in (compiled, plain))
    for move, other in zip(ours.moves, theirs.moves, strict=True):
        assert torch.equal(move.state.words, other.state.words)  # pyright: ignore[reportAttributeAccessIssue]
        assert torch.equal(move.observation, other.observation)
        assert torch.equal(move.legal, other.legal)
    assert torch.equal(ours.returns, theirs.returns)


@pytest.mark.parametrize(
    "arguments", ["dice=0", "dice=4", "dice=True", "dice=1.5", "sides=1", "sides=7", "sides='six'", "sides=None"]
)
def test_other_arguments_are_refused_with_a_sentence(arguments):
    key = arguments.partition("=")[0]
    with pytest.raises(GameError, match=rf"^expected {key} to be a whole number from \d to \d but got"):
        make(f"liars_dice({arguments})")


def test_its_name_makes_the_same_game_again():
    game = make("liars_dice(sides=4)")
    assert game.spec.name == "liars_dice(sides=4)"
    assert make(game.spec.name).spec == game.spec


def test_the_picture_shows_both_hands_and_numbers_the_bids():
    game = LiarsDice(dice=2, sides=3)
    moves = (*roll(3, 1), *roll(2, 2), bid(1, 2, sides=3), bid(3, 1, sides=3), game.bids)
    drawings = [game.svg(after(game, *moves[:count]), 0) for count in range(len(moves) + 1)]
    pictures = [ElementTree.fromstring(drawing) for drawing in drawings]
    pips = [sum(element.tag.endswith("circle") for element in picture.iter()) for picture in pictures]
    assert [count - pips[0] for count in pips] == [0, 3, 4, 6, 8, 8, 8, 8]
    words = [element.text for element in pictures[-1].iter() if element.tag.endswith("text")]
    assert [word for word in words if word in {"1", "2", "3"}] == ["1", "2"]
    assert words[-1] == "seat 0 calls liar"
