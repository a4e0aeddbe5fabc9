"""What a seat of an OpenSpiel game sees, where it is OpenSpiel's words, and what it leaves out."""

import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import torch

from games import Draws, Game, GameError, build_tree, check_game, make
from games.open_spiel.adapter import OpenSpielGame, OpenSpielState
from games.open_spiel.quirks import QUIRKS, Quirk
from games.open_spiel.sight import Tensors, Words
from games.playout import play

pyspiel = pytest.importorskip("pyspiel")


def made(name: str) -> OpenSpielGame:
    game = make(f"open_spiel:{name}")
    assert isinstance(game, OpenSpielGame)
    return game


@pytest.mark.parametrize("name", ["coin_game", "liars_dice_ir", "morpion_solitaire", "quoridor", "coordinated_mp"])
def test_words_are_shown_as_their_bits_and_can_be_read_back(name: str) -> None:
    game = made(name)
    playout = play(game, torch.arange(2), seed=0, limit=15)
    recall = game.kind.provides_information_state_string and name != "quoridor"
    for move in playout.moves:
        bits = move.observation.numpy()
        assert bits.shape[1:] == game.spec.observation_shape
        for line, row, seat in zip(bits, move.rows.tolist(), move.seats.tolist(), strict=True):
            one: Any = cast(OpenSpielState, move.state).states[row]
            text = one.information_state_string(seat) if recall else one.observation_string(seat)
            written = np.packbits(line.astype(np.uint8), axis=1).tobytes()
            assert written.rstrip(b"\0").decode() == text
            assert written[-8:] == b"\0" * 8


def test_words_without_room_still_look_different() -> None:
    words = Words(pyspiel.load_game("liars_dice_ir"))
    room, texts = words.shape[0] - 8, ["x" * 100 + end for end in "ab"]
    words._say = lambda state, seat: texts[seat].encode()
    one, other = words.read([None, None], [0, 1])
    assert (one[:room] == other[:room]).all()
    assert (one[room:] != other[room:]).any()
    assert (words.read([None], [0])[0] == one).all()


def test_a_game_of_words_makes_the_tree_that_openspiel_tells_of() -> None:
    tree = build_tree(made("coordinated_mp"))
    states = {state.information_state_string() for state in _decisions(pyspiel.load_game("coordinated_mp"))}
    assert len(tree.infoset_seat) == len(states)


def _decisions(game: Any) -> Iterator[Any]:
    ahead = [game.new_initial_state()]
    while ahead:
        state = ahead.pop()
        if not state.is_terminal():
            if state.is_player_node():
                yield state
            ahead += [state.child(action) for action in state.legal_actions()]


@pytest.mark.parametrize("name", ["liars_dice_ir(numdice=1)", "phantom_ttt_ir"])
def test_a_game_of_imperfect_recall_has_no_tree(name: str) -> None:
    with pytest.raises(GameError):
        build_tree(made(name), limit=100_000)


def _failing(game: Game, *, games: int = 4) -> set[str]:
    return {check.name for check in check_game(game, games=games).failures}


def _remembering(name: str) -> Game:
    game = made(name)
    perfect = game.kind.information == game.kind.Information.PERFECT_INFORMATION
    game.spec = replace(game.spec, forgets="", perfect_information=perfect)
    return game


@pytest.mark.parametrize("name", ["dark_hex", pytest.param("hive", marks=pytest.mark.slow), "repeated_leduc_poker"])
def test_a_game_that_is_said_to_forget_fails_without_that_word(name: str) -> None:
    assert _failing(made(name)) == set()
    assert _failing(_remembering(name)) & {"distinct observations", "legal actions are known"}


@pytest.mark.parametrize(
    "name",
    [
        "liars_dice_ir",
        "phantom_ttt_ir",
        "stones_and_gems",
        "repeated_game(num_repetitions=4, stage_game='matrix_pd')",
    ],
)
def test_one_observation_follows_different_histories_of_its_seat(name: str) -> None:
    game = made(name)
    assert game.spec.forgets
    past: dict[tuple[int, bytes], set[tuple]] = {}
    own: dict[tuple[int, int], tuple] = {}
    for move in play(game, torch.arange(1024), seed=1, limit=12).moves:
        for seen, row, seat in zip(move.observation, move.rows.tolist(), move.seats.tolist(), strict=True):
            look, before = seen.numpy().tobytes(), own.get((row, seat), ())
            past.setdefault((seat, look), set()).add(before)
            own[row, seat] = (*before, look, int(move.actions[row, seat]))
    assert max(map(len, past.values())) > 1


def test_quoridors_tensor_hides_its_walls_and_its_words_show_them() -> None:
    game = made("quoridor")
    assert game.spec.perfect_information
    assert _failing(game) == set()
    game.sight = Tensors(game._game, recall=False)
    game.spec = replace(game.spec, observation_shape=game.sight.shape)
    assert _failing(game) == {"legal actions are known"}


def test_phantom_gos_words_name_less_than_its_tensor_shows() -> None:
    game = made("phantom_go(board_size=5)")
    assert _failing(game) == set()
    game._quirk = Quirk()
    assert _failing(game) == {"hidden information"}


@pytest.mark.parametrize("name", ["coop_box_pushing(horizon=3)", "laser_tag(horizon=3)"])
def test_chance_moves_more_often_than_openspiel_says(name: str) -> None:
    game = made(name)
    assert _failing(game) == set()
    direct = game._game
    game.spec = replace(game.spec, max_moves=direct.max_game_length() + direct.max_chance_nodes_in_history())
    assert _failing(game, games=16) == {"length"}


@pytest.mark.parametrize("name", ["chess", "crazyhouse"])
def test_naming_an_action_that_is_not_legal_crashes_openspiel_and_is_not_asked(name: str) -> None:
    ask = f"import pyspiel; s = pyspiel.load_game({name!r}).new_initial_state(); s.action_to_string(0, 9)"
    assert subprocess.run([sys.executable, "-c", ask], check=False).returncode < 0
    game = made(name)
    assert (game.action_name(0, 9), game.action_name(0, game._decision.legal_actions()[0])) == ("9", "a3")


def test_every_quirk_is_tested_here() -> None:
    reasons = {name for name, quirk in QUIRKS.items() if quirk != Quirk()}
    tested = {"chess", "crazyhouse", "coop_box_pushing", "laser_tag", "dark_hex", "hive"}
    tested |= {"repeated_leduc_poker", "liars_dice_ir", "phantom_ttt_ir", "stones_and_gems", "repeated_game"}
    assert reasons == tested | {"quoridor", "phantom_go"}


def test_a_wrapped_game_keeps_its_quirks() -> None:
    assert made("misere(game='dark_hex')").spec.forgets == made("dark_hex").spec.forgets


def test_a_page_tells_what_openspiel_tells() -> None:
    about = made("leduc_poker(players=3)").about
    assert about.summary == "Leduc Poker, as OpenSpiel plays it."
    assert "2 to 10 players" in about.rules
    assert "players=3" in about.rules
    assert "unless given, players=2" in about.rules
    assert "private_card [8], community_card [8], betting [2, 7, 2]" in about.observation
    assert about.actions == "OpenSpiel's action ids: 0 Fold, 1 Call, 2 Raise; chance's are OpenSpiel's outcome ids"
    assert about.sources[0].endswith(", leduc_poker")
    other = made("misere(game='tic_tac_toe')").about
    assert "game=tic_tac_toe()" in other.rules
    assert "chance" not in other.actions
    assert "leaves out which stones are falling" in made("stones_and_gems").about.observation


def test_random_texts_never_depend_on_the_global_generator() -> None:
    random.seed(5)
    shape = made("tarok").spec.observation_shape
    random.seed(6)
    assert made("tarok").spec.observation_shape == shape
    assert made("tarok").reset(Draws.of(0, "reset", torch.arange(1))).acting.any()
