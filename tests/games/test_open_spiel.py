"""OpenSpiel's games through the adapter against the same games played in pyspiel directly."""

import pickle
import sys
from typing import Any

import numpy as np
import pytest
import torch

import games
from games.draws import Draws, sample
from games.errors import GameError
from games.game import concatenate
from games.open_spiel.adapter import OpenSpielGame, OpenSpielState, make_open_spiel

pyspiel = pytest.importorskip("pyspiel")

GAMES = [
    ("tic_tac_toe", {}),
    ("connect_four", {}),
    ("kuhn_poker", {}),
    ("kuhn_poker", {"players": 3}),
    ("leduc_poker", {"players": 2}),
    ("repeated_leduc_poker", {}),
    ("liars_dice", {"numdice": 1}),
    ("backgammon", {}),
    ("dark_hex", {"board_size": 2}),
    ("phantom_ttt", {}),
    ("hearts", {}),
    ("blotto", {"coins": 4, "fields": 3}),
    ("matrix_pd", {}),
    ("matching_pennies_3p", {}),
    ("oshi_zumo", {"coins": 5, "size": 2, "horizon": 20}),
    ("goofspiel", {"num_cards": 4}),
    ("goofspiel", {"num_cards": 4, "players": 3, "imp_info": True, "points_order": "descending"}),
    ("markov_soccer", {"horizon": 30}),
    ("turn_based_simultaneous_game", {"game": "goofspiel(num_cards=3,imp_info=True)"}),
    ("repeated_game", {"stage_game": "matrix_pd()", "num_repetitions": 3}),
]
EVERY = pytest.mark.parametrize(("target", "arguments"), GAMES, ids=[f"{name}{list(a.values())}" for name, a in GAMES])


def make(target: str, arguments: dict) -> OpenSpielGame:
    return make_open_spiel(target, arguments, torch.device("cpu"))


def load(target: str, arguments: dict) -> Any:
    return pyspiel.load_game(f"{target}({','.join(f'{key}={value}' for key, value in arguments.items())})")


def movers(game: OpenSpielGame, state: OpenSpielState, *, chance: bool) -> tuple[torch.Tensor, torch.Tensor]:
    seats = torch.arange(game.spec.seats) >= game.spec.players
    rows, columns = (state.acting & (seats == chance)).nonzero(as_tuple=True)
    return rows, columns


def choose(game: OpenSpielGame, state: OpenSpielState, draws: Draws) -> torch.Tensor:
    """Draw uniform legal actions `[B, S]`, and chance's from its probabilities."""
    actions = torch.full((len(state), game.spec.seats), -7)
    rows, seats = movers(game, state, chance=False)
    actions[rows, seats] = sample(game.legal(state, rows, seats), draws.rows(rows).uniform(seats))
    rows, seats = movers(game, state, chance=True)
    if len(rows):
        actions[rows, seats] = sample(game.chance(state, rows), draws.rows(rows).uniform(seats))
    return actions


def advance(truth: list, actions: torch.Tensor) -> None:
    for state, row in zip(truth, actions.tolist(), strict=True):
        if state.is_terminal():
            continue
        if state.is_chance_node():
            state.apply_action(row[-1])
        elif state.is_simultaneous_node():
            state.apply_actions(row[: state.num_players()])
        else:
            state.apply_action(row[state.current_player()])


def agree(game: OpenSpielGame, state: OpenSpielState, truth: list) -> None:
    """Compare everything that the face tells with pyspiel's own answers."""
    players = range(game.spec.players)
    for row, expected in enumerate(truth):
        acting = state.acting[row].tolist()
        assert state.terminated[row] == expected.is_terminal()
        if expected.is_terminal():
            assert not any(acting)
        elif expected.is_simultaneous_node():
            assert all(acting[: game.spec.players])
            assert not any(acting[game.spec.players :])
        else:
            mover = game.spec.players if expected.is_chance_node() else expected.current_player()
            assert [seat for seat, moves in enumerate(acting) if moves] == [mover]
        if expected.is_chance_node():
            probabilities = game.chance(state, torch.tensor([row]))[0]
            assert {o: float(probabilities[o]) for o in probabilities.nonzero()[:, 0].tolist()} == dict(
                expected.chance_outcomes()
            )
        kind = expected.get_game().get_type()
        for seat in players:
            if kind.provides_information_state_string:
                assert game.information_state(state, row, seat) == expected.information_state_string(seat)
            seen = game.observe(state, torch.tensor([row]), torch.tensor([seat]))[0]
            recall = kind.provides_information_state_tensor
            tensor = expected.information_state_tensor(seat) if recall else expected.observation_tensor(seat)
            assert seen.flatten().tolist() == np.float32(tensor).tolist()
            if acting[seat]:
                legal = game.legal(state, torch.tensor([row]), torch.tensor([seat]))[0]
                assert legal.nonzero()[:, 0].tolist() == expected.legal_actions(seat)


@EVERY
def test_random_games_agree_with_pyspiel(target: str, arguments: dict) -> None:
    game = make(target, arguments)
    direct = load(target, arguments)
    batch = 3
    draws = Draws.of(5, "test", torch.arange(batch))
    state, truth = game.reset(draws), [direct.new_initial_state() for _ in range(batch)]
    paid = torch.zeros(batch, game.spec.players, dtype=torch.float64)
    moves = 0
    while not state.done.all():
        if moves < 30 or moves % 20 == 0:
            agree(game, state, truth)
        actions = choose(game, state, draws.at(moves))
        finished = state.done
        state, moves = game.step(state, actions), moves + 1
        assert not state.rewards[finished].any()
        paid += state.rewards
        advance(truth, actions)
    agree(game, state, truth)
    assert moves <= game.spec.max_moves
    least, most = game.spec.utility
    for row, expected in enumerate(truth):
        assert paid[row].tolist() == pytest.approx(expected.returns())
        assert paid[row].min() >= least
        assert paid[row].max() <= most
        if game.spec.zero_sum:
            assert abs(float(paid[row].sum())) < 1e-9


@EVERY
def test_spec_tells_what_openspiel_tells(target: str, arguments: dict) -> None:
    spec = make(target, arguments).spec
    direct = load(target, arguments)
    kind = direct.get_type()
    assert (spec.players, spec.actions) == (direct.num_players(), direct.num_distinct_actions())
    assert spec.zero_sum == (kind.utility == pyspiel.GameType.Utility.ZERO_SUM)
    assert not spec.sampled_chance
    assert spec.chance_outcomes == direct.max_chance_outcomes()
    assert spec.seats == spec.players + (spec.chance_outcomes > 0)
    assert spec.cloneable


@pytest.mark.parametrize(
    ("target", "arguments", "name"),
    [
        ("leduc_poker", {}, "open_spiel:leduc_poker"),
        ("leduc_poker", {"players": 2}, "open_spiel:leduc_poker(players=2)"),
        ("go", {"komi": 7, "board_size": 5}, "open_spiel:go(board_size=5, komi=7.0)"),
        ("nim", {"pile_sizes": "1;3"}, "open_spiel:nim(pile_sizes='1;3')"),
        ("misere", {"game": "tic_tac_toe"}, "open_spiel:misere(game='tic_tac_toe()')"),
        ("misere", {"game": "go(komi=1.5,board_size=4)"}, "open_spiel:misere(game='go(board_size=4,komi=1.5)')"),
    ],
)
def test_a_name_makes_the_same_game_again(target: str, arguments: dict, name: str) -> None:
    assert make(target, arguments).spec.name == name
    assert games.make(name).spec == make(target, arguments).spec


@pytest.mark.parametrize(
    ("target", "perfect"),
    [("tic_tac_toe", True), ("backgammon", True), ("kuhn_poker", False), ("matrix_rps", False), ("dark_hex", False)],
)
def test_perfect_information_is_openspiels(target: str, perfect: bool) -> None:
    assert make(target, {}).spec.perfect_information is perfect


def test_a_repeated_game_does_not_tell_its_whole_state() -> None:
    game = make("repeated_game", {"stage_game": "matrix_pd()", "num_repetitions": 3})
    assert not game.spec.perfect_information
    step = game.step(game.reset(Draws.of(0, "test", torch.arange(1))), torch.tensor([[1, 0]]))
    assert step.rewards.tolist() == [[10.0, 0.0]]
    assert game.step(step, torch.tensor([[1, 1]])).rewards.tolist() == [[1.0, 1.0]]


@pytest.mark.parametrize(("target", "arguments"), [("leduc_poker", {}), ("goofspiel", {"num_cards": 3})])
def test_stepping_changes_nothing_that_was_stored(target: str, arguments: dict) -> None:
    game = make(target, arguments)
    draws = Draws.of(1, "test", torch.arange(4))
    state, stored = game.reset(draws), []
    for move in range(20):
        actions = choose(game, state, draws.at(move))
        stored.append((state, [str(one) for one in state.states], state.acting.clone(), actions, actions.clone()))
        state = game.step(state, actions)
    for state, texts, acting, actions, copy in stored:
        assert [str(one) for one in state.states] == texts
        assert torch.equal(state.acting, acting)
        assert torch.equal(actions, copy)
        again = game.step(state, actions)
        assert torch.equal(again.rewards, game.step(state, actions).rewards)


def test_finished_rows_stay_as_they_are() -> None:
    game = make("kuhn_poker", {})
    draws = Draws.of(2, "test", torch.arange(32))
    state = game.reset(draws)
    for move in range(4):
        state = game.step(state, choose(game, state, draws.at(move)))
    assert 0 < int(state.done.sum()) < 32
    after = game.step(state, choose(game, state, draws.at(4)))
    done = state.done
    assert all(a is b for a, b in zip(after.states[done.numpy()], state.states[done.numpy()], strict=True))
    assert not after.acting[done].any()
    assert not after.rewards[done].any()
    assert (after.returns[done.numpy()] == state.returns[done.numpy()]).all()


def test_rows_can_be_taken_joined_and_chosen() -> None:
    game = make("leduc_poker", {})
    draws = Draws.of(3, "test", torch.arange(6))
    state = game.reset(draws)
    for move in range(3):
        state = game.step(state, choose(game, state, draws.at(move)))
    rows = torch.tensor([4, 1, 4])
    taken = state[rows]
    assert [str(one) for one in taken.states] == [str(state.states[row]) for row in rows]
    actions = choose(game, state, draws.at(3))
    assert torch.equal(game.step(taken, actions[rows]).acting, game.step(state, actions)[rows].acting)
    joined = concatenate([state[:2], state[2:]])
    assert torch.equal(joined.acting, state.acting)
    keep = torch.tensor([True, False] * 3)
    mixed = state.where(keep, game.step(state, actions))
    assert mixed.states[0] is state.states[0]
    assert mixed.states[1] is not state.states[1]
    assert [int(mover) for mover in mixed[keep].mover] == [int(mover) for mover in state[keep].mover]


def test_a_batch_answers_rows_and_seats_as_asked() -> None:
    game = make("leduc_poker", {})
    draws = Draws.of(4, "test", torch.arange(5))
    state = game.reset(draws)
    for move in range(2):
        state = game.step(state, choose(game, state, draws.at(move)))
    rows, seats = torch.tensor([3, 0, 3]), torch.tensor([1, 0, 0])
    seen = game.observe(state, rows, seats)
    assert seen.shape == (3, *game.spec.observation_shape)
    assert seen.dtype == torch.float32
    for line, row, seat in zip(seen, rows.tolist(), seats.tolist(), strict=True):
        one: Any = state.states[row]
        assert line.tolist() == one.information_state_tensor(seat)
    legal = game.legal(state, rows, seats)
    assert legal.dtype == torch.bool
    assert legal.tolist() == [[False, False, False], [False, True, True], [False, True, True]]
    nothing = torch.empty(0, dtype=torch.int64)
    assert game.legal(state, nothing, nothing).shape == (0, 3)
    assert game.observe(state, nothing, nothing).shape == (0, 30)
    assert game.chance(state, nothing).shape == (0, 6)


def test_games_and_states_survive_a_pickle() -> None:
    game = make("leduc_poker", {})
    draws = Draws.of(5, "test", torch.arange(2))
    state = game.step(game.reset(draws), torch.tensor([[0, 0, 3], [0, 0, 5]]))
    other_game, other = pickle.loads(pickle.dumps((game, state)))
    assert other_game.spec == game.spec
    assert [str(one) for one in other.states] == [str(one) for one in state.states]


def test_positions_and_actions_have_openspiels_words() -> None:
    game = make("tic_tac_toe", {})
    state = game.step(game.reset(Draws.of(0, "test", torch.arange(1))), torch.tensor([[4, 0]]))
    assert game.draw(state, 0) == "...\n.x.\n..."
    assert game.action_name(0, 4) == "x(1,1)"
    assert game.information_state(state, 0, 1) == "4"
    poker = make("leduc_poker", {})
    assert [poker.action_name(0, action) for action in range(3)] == ["Fold", "Call", "Raise"]
    assert poker.action_name(2, 5) == "Chance outcome:5"


@pytest.mark.parametrize(
    ("target", "arguments", "words"),
    [
        ("leduk", {}, "OpenSpiel has no game 'leduk'; did you mean 'leduc_poker'?"),
        ("leduc_poker", {"player": 3}, "has no argument 'player'; did you mean 'players'?"),
        ("leduc_poker", {"foo": 3}, "has no argument 'foo'; it takes action_mapping, players"),
        ("tic_tac_toe", {"size": 3}, "has no argument 'size'; it takes no arguments"),
        ("leduc_poker", {"players": 99}, "is played by 2 to 10 players, not 99"),
        ("leduc_poker", {"players": "two"}, "expects a whole number for players, not 'two'"),
        ("leduc_poker", {"players": True}, "expects a whole number for players, not True"),
        ("leduc_poker", {"players": 10**12}, "expects a whole number for players"),
        (
            "universal_poker",
            {"betting": "x"},
            "universal_poker(betting='x'): betting should be limit or nolimit",
        ),
        ("connect_four", {"rows": -1}, "OpenSpiel refuses open_spiel:connect_four(rows=-1)"),
        ("connect_four", {"rows": 0}, "lists no moves to play"),
        ("breakthrough", {"rows": 0}, "OpenSpiel refuses open_spiel:breakthrough(rows=0): rows_ > 1"),
        ("misere", {}, "Missing parameter game; it takes game"),
        ("misere", {"game": "tic_tac_to"}, "OpenSpiel has no game 'tic_tac_to'; did you mean 'tic_tac_toe'?"),
        ("misere", {"game": "go(komi="}, "cannot read game=go(komi=: Missing closing bracket"),
        ("nfg_game", {}, "it takes filename"),
        ("mfg_garnet", {}, "is a mean-field game"),
        ("misere", {"game": "negotiation"}, "draws its chance moves inside OpenSpiel, with no list of outcomes"),
        ("tarok", {"rng_seed": 1}, "is seeded game by game, by the match; leave rng_seed out"),
        ("crossword", {}, "is played by structures and not by numbered actions"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_sentence(
    target: str, arguments: dict, words: str, capfd: pytest.CaptureFixture
) -> None:
    with pytest.raises(GameError) as refused:
        make(target, arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300
    assert capfd.readouterr() == ("", "")


def test_a_missing_library_is_named_with_its_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspiel", None)
    with pytest.raises(GameError, match="needs OpenSpiel, which is not installed; install it with `pip install open_"):
        make("kuhn_poker", {})


@EVERY
def test_every_kind_keeps_the_face(target: str, arguments: dict) -> None:
    report = games.check_game(make(target, arguments), games=4)
    assert report.passed, str(report)
