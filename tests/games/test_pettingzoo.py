"""PettingZoo's environments as games: what they pay, who moves, how they end, and states that cannot be taken back."""

import copy
import gc
import json
import math
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from games import GameError, check_game, from_pettingzoo, make
from games.draws import Draws
from games.game import concatenate
from games.names import parse
from games.playout import play

pytest.importorskip("pettingzoo")
import pettingzoo_worlds as worlds
from gymnasium import spaces
from pettingzoo.utils import aec_to_parallel, parallel_to_aec


def here(attribute: str) -> str:
    return f"pettingzoo:{worlds.FILE}:{attribute}"


def start(game, count=1, seed=0):
    return game.reset(Draws.of(seed, "test", torch.arange(count)))


def everywhere(game, state, action):
    """Return one action for every seat of every row."""
    shape = (len(state), game.spec.players, *game.spec.action_shape)
    return torch.full(shape, action, dtype=game.spec.action_type)


def returns(game, action=1):
    """Play one game, all seats always taking one action; return what each was paid, and the states."""
    state = start(game)
    states, paid = [state], state.rewards
    while not state.done.all():
        state = game.step(state, everywhere(game, state, action))
        states.append(state)
        paid = paid + state.rewards
    return paid[0].tolist(), states


def test_a_return_is_all_that_an_agent_was_ever_paid_between_its_turns_too():
    game = make(here("Ladder"))
    paid, states = returns(game)
    # moves a b c a b c a c: three, two and three of their own, and 10 for each of the next one's while there
    assert paid == [33, 22, 23]
    assert [state.acting[0].nonzero().flatten().tolist() for state in states] == [
        *([0], [1], [2], [0], [1], [2], [0], [2], [])
    ]
    assert [state.rewards[0].tolist() for state in states[:3]] == [[0, 0, 0], [1, 10, 0], [0, 1, 10]]


def test_what_is_paid_while_the_dead_leave_counts():
    paid, _ = returns(make(here("Ladder(paid_when_dead=True)")))
    assert paid == [133, 22, 123]


def test_wrappers_that_change_what_an_environment_tells_are_heard():
    paid, _ = returns(make(here("wrapped_ladder")))
    assert paid == [66, 44, 46]


def test_a_game_that_its_environment_cuts_short_is_truncated_and_otherwise_terminated():
    for cut in (True, False):
        _, states = returns(make(here(f"Ladder(cut={cut})")))
        ends = [(bool(state.terminated), bool(state.truncated)) for state in states]
        assert set(ends[:-1]) == {(False, False)}
        assert ends[-1] == (not cut, cut)


def test_agents_of_a_parallel_environment_leave_one_by_one():
    paid, states = returns(make(here("Leaving")))
    assert paid == [1, 3, 6]
    assert [state.acting[0].tolist() for state in states] == [
        [True] * 3,
        [False, True, True],
        [False] * 2 + [True],
        [False] * 3,
    ]
    assert states[-1].truncated.all()  # y was cut short, though the others were not


def test_max_moves_cuts_a_game_short():
    game = make(here("Ladder(max_moves=4)"))
    assert game.spec.max_moves == 4
    paid, states = returns(game)
    assert (len(states), paid) == (5, [12, 21, 11])
    assert states[-1].truncated.all()
    assert not states[-1].acting.any()
    after = game.step(states[-1], everywhere(game, states[-1], 1))
    assert not after.rewards.any()
    assert after.truncated.all()


def test_a_live_state_is_used_once_and_an_old_one_is_refused():
    game = make("pettingzoo:classic/tictactoe-v3")
    state = start(game, 3)
    rows, seats = torch.arange(3), torch.zeros(3, dtype=torch.int64)
    legal = game.legal(state, rows, seats)
    after = game.step(state, everywhere(game, state, 4))
    for use in (
        lambda: game.step(state, everywhere(game, state, 4)),
        lambda: game.legal(state, rows, seats),
        lambda: game.observe(state, rows, seats),
        lambda: game.draw(state, 0),
        lambda: game.svg(state, 0),
        lambda: game.information_state(state, 0, 0),
        lambda: game.step(state[:1], everywhere(game, state[:1], 4)),
    ):
        with pytest.raises(GameError, match=r"newest state of a game of pettingzoo:classic/tictactoe-v3 .* outdated"):
            use()
    assert legal.all()
    assert game.legal(after, rows, seats + 1)[:, 4].logical_not().all()


def test_one_game_cannot_be_stepped_in_two_rows():
    game = make("pettingzoo:classic/tictactoe-v3")
    state = start(game, 2)[torch.tensor([0, 1, 0])]
    with pytest.raises(GameError, match="two rows hold one game"):
        game.step(state, everywhere(game, state, 4))
    game.step(state[1:], everywhere(game, state[1:], 4))  # nothing was stepped


def test_rows_can_be_chosen_joined_and_stepped_apart():
    game = make(here("Ladder"))
    whole, split = start(game, 4), start(game, 4)
    for _ in range(8):
        whole = game.step(whole, everywhere(game, whole, 1))
        halves = [split[torch.tensor([3, 1])], split[torch.tensor([True, False, True, False])]]
        halves = [game.step(half, everywhere(game, half, 1)) for half in halves]
        split = concatenate(halves)[torch.tensor([2, 1, 3, 0])]
        assert torch.equal(split.rewards, whole.rewards)
        assert torch.equal(split.acting, whole.acting)
    assert whole.done.all()
    assert split.done.all()


def test_environments_are_used_again_when_nobody_holds_their_games():
    made = []

    def factory():
        made.append(worlds.Leaving())
        return made[-1]

    game = from_pettingzoo(factory)
    for _ in range(5):
        state = start(game, 3)
        state = game.step(state, everywhere(game, state, 0))
        del state
    assert len(made) == 3
    held = start(game, 3)
    start(game, 2)
    assert len(made) == 5
    assert game.step(held, everywhere(game, held, 0)).rewards.eq(1).all()


def test_more_games_than_a_batch_make_room():
    game = make(here("Ladder"))
    small = start(game, 2)
    large = start(game, 3 * game.spec.batch)
    for _ in range(8):
        small, large = (game.step(state, everywhere(game, state, 2)) for state in (small, large))
    assert small.done.all()
    assert large.done.all()
    rows, seats = torch.arange(2), torch.zeros(2, dtype=torch.int64)
    assert game.observe(large, rows, seats).shape == (2, 4)


def test_a_live_state_can_be_neither_pickled_nor_copied():
    state = start(make(here("Ladder")))
    for attempt in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be copied or stored"):
            attempt(state)


def test_what_a_seat_sees_when_it_does_not_move_is_asked_for():
    game = make(here("Ladder"))
    state = start(game, 2)
    rows, seats = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1, 2, 2])
    seen = game.observe(state, rows, seats)
    assert seen[:, 0].tolist() == [0, 1, 2, 2]
    assert seen[0, 1] == seen[1, 1] == seen[2, 1] != seen[3, 1]  # the draw of the game's own seed
    for _ in range(5):
        state = game.step(state, everywhere(game, state, 0))
    assert game.observe(state, rows, seats)[1].tolist() == [0, 0, 0, 0]  # b has left
    assert game.observe(state, rows, seats)[0, 2:].tolist() == [2, 2]


def test_a_game_is_the_same_in_any_batch_and_is_seeded_by_its_number():
    game = make(here("Ladder"))
    numbers = torch.tensor([5, 900, 7])
    whole = game.reset(Draws.of(3, "test", numbers))
    seen = game.observe(whole, torch.arange(3), torch.zeros(3, dtype=torch.int64))
    for row, number in enumerate(numbers):
        alone = game.reset(Draws.of(3, "test", number[None]))
        zero = torch.zeros(1, dtype=torch.int64)
        assert torch.equal(game.observe(alone, zero, zero)[0], seen[row])
    assert len({tuple(line) for line in seen.tolist()}) == 3


def test_a_fresh_environment_a_game_leaves_no_traces():
    made = []

    def factory():
        made.append(worlds.Leaving())
        return made[-1]

    game = from_pettingzoo(factory, fresh=True)
    for _ in range(3):
        returns(game, 0)
    assert len(made) == 3  # the one that told the spaces played first


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("pettingzoo:classic/tictactoe_v3", "pettingzoo:classic/tictactoe-v3"),
        ("pettingzoo:classic/tictactoe", "pettingzoo:classic/tictactoe-v3"),
        ("pettingzoo:mpe/simple_spread-v3(N=2)", "pettingzoo:mpe2/simple_spread-v3(N=2)"),
        ("pettingzoo:mpe2/simple_spread", "pettingzoo:mpe2/simple_spread-v3"),
        ("pettingzoo:classic/rps-v2(api='parallel')", "pettingzoo:classic/rps-v2"),
        ("pettingzoo:classic/rps-v2(max_moves=9, api='aec')", "pettingzoo:classic/rps-v2(api='aec', max_moves=9)"),
        (
            "pettingzoo:classic/tictactoe-v3(zero_sum=True, utility=(-1, 1))",
            "pettingzoo:classic/tictactoe-v3(utility=(-1, 1), zero_sum=True)",
        ),
        (here("Ladder(cut=False)"), here("Ladder(cut=False)")),
    ],
)
def test_a_name_is_written_in_one_way_and_makes_the_same_game_again(given, canonical):
    game = make(given)
    assert game.spec.name == canonical
    assert make(canonical).spec == game.spec


def test_a_live_world_says_what_it_is():
    spec = make("pettingzoo:classic/tictactoe-v3").spec
    assert (spec.players, spec.actions, spec.observation_shape) == (2, 9, (3, 3, 2))
    assert (spec.cloneable, spec.zero_sum, spec.symmetric, spec.perfect_information) == (False,) * 4
    assert spec.utility == (-math.inf, math.inf)
    assert spec.batch <= 64
    told = make("pettingzoo:classic/tictactoe-v3(zero_sum=True, utility=(-1, 1))").spec
    assert (told.zero_sum, told.utility) == (True, (-1.0, 1.0))


def test_both_apis_of_an_environment_play_the_same_game():
    together, in_turn = make("pettingzoo:classic/rps-v2"), make("pettingzoo:classic/rps-v2(api='aec')")
    assert returns(together, 1)[0] == returns(in_turn, 1)[0]
    state = start(together), start(in_turn)
    assert [one.acting[0].tolist() for one in state] == [[True, True], [True, False]]
    moves = [torch.tensor([[0, 1]])], [torch.tensor([[0, 0]]), torch.tensor([[0, 1]])]
    paid = []
    for game, one, actions in zip((together, in_turn), state, moves, strict=True):
        for action in actions:
            one = game.step(one, action)
        paid.append(one.rewards[0].tolist())
    assert paid == [[-1, 1], [-1, 1]]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("pettingzoo:classic/tictactoe-v9", "no environment 'classic/tictactoe-v9'; it has classic/tictactoe-v3"),
        ("pettingzoo:classic/tictactow-v3", "no environment .* did you mean 'classic/tictactoe-v3'"),
        ("pettingzoo:zzzzzz", "no environment 'zzzzzz'; write it as FAMILY/NAME-vN"),
        ("pettingzoo:classic/rps-v2(api='both')", "expected api to be 'parallel' or 'aec' but got 'both'"),
        ("pettingzoo:classic/tictactoe-v3(api='parallel')", "has no parallel environment, only aec"),
        ("pettingzoo:classic/tictactoe-v3(sides=4)", "making .* raised TypeError: .*'sides'; correct its arguments"),
        ("pettingzoo:classic/rps-v2(max_moves=0)", "expected max_moves to be a whole number from 1"),
        ("pettingzoo:classic/rps-v2(zero_sum=1)", "expected zero_sum to be True or False but got 1"),
        ("pettingzoo:classic/rps-v2(fresh='yes')", "expected fresh to be True or False"),
        ("pettingzoo:classic/rps-v2(utility=(1, 0))", "expected utility to be the least and the greatest return"),
        ("pettingzoo:atari/pong-v3", "cannot be imported .*; try `pip install 'pettingzoo\\[atari\\]'`"),
        ("pettingzoo:object/ladder", "made of a Python object, which its name cannot make again"),
        (
            here("Ladder")[: -len(":Ladder")],
            "expected what makes the environment after .*; write it as pettingzoo:file.py:make",
        ),
        (here("Ladderr"), "expected 'Ladderr' in .* did you mean 'Ladder'"),
        (here("Ladder(api='aec')"), "steps in its own way: leave api='aec' out"),
        (here("Ladder(depth=3)"), "making .* raised TypeError: .*'depth'"),
        (here("raises(size=9)"), "making .* raised ValueError: size 9 is too much"),
        (here("number"), "expected number of .* to be a function or class .* but it is a int"),
        (here("something_else"), "to make a PettingZoo AECEnv or ParallelEnv but it made a dict"),
        (f"{worlds.FILE}:Ladder", "a subclass of games.Game but it is not; .* write it as pettingzoo:"),
        (f"{worlds.FILE}:wrapped_ladder", "to make a games.Game .* write it as pettingzoo:"),
        (here("Nameless"), "does not list its possible_agents"),
        (here("Unbounded"), "expected continuous actions within finite bounds but those of agent 0"),
        (here("Motley"), "theirs are Box and Discrete; wrap the environment"),
        (here("Wordy"), "expected observations of a fixed size .* Sequence"),
    ],
)
def test_what_cannot_be_played_is_refused_in_one_sentence(name, sentence):
    with pytest.raises(GameError, match=sentence) as error:
        make(name)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 330


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "Troubled(how='raise')",
            r"raised ZeroDivisionError: the rule is broken in game 0 at move 3, in '.*worlds.py', line",
        ),
        ("Troubled(how='exit')", "raised SystemExit: 3 in game 0 at move 3"),
        ("Troubled(how='raise', at=0)", "raised ZeroDivisionError: .* in game 0 at its reset"),
        ("Troubled(how='infinite')", r"expected finite rewards but .* paid \[inf, inf\] in game 0; correct"),
        (
            "Troubled(how='idle')",
            "expected legal actions but the mask of agent 'x' of .* has none in game 0; correct the mask",
        ),
        ("Immortal", "raised RuntimeError: the steps of dead agents with None do not remove them"),
        ("Stranger", "raised LookupError: agent 'stranger' is not among possible_agents"),
    ],
)
def test_an_environment_that_fails_is_named_with_its_game_and_move(name, sentence):
    game = make(here(name))
    with pytest.raises(GameError, match=sentence):
        play(game, torch.arange(1), seed=0, limit=20)


def test_a_game_goes_on_after_another_one_failed():
    game = make(here("Troubled(how='raise', share=0.5)"))
    failed = 0
    for number in range(12):
        try:
            assert play(game, torch.tensor([number]), seed=0, limit=20).last.done.all()
        except GameError:
            failed += 1
    assert 0 < failed < 12


def test_an_environment_of_ones_own_plays_one_game_at_a_time():
    game = from_pettingzoo(worlds.Ladder())
    assert game.spec.name == "pettingzoo:object/ladder"
    assert game.spec.batch == 1
    assert returns(game)[0] == [33, 22, 23]
    old = start(game)
    assert returns(game)[0] == [33, 22, 23]
    with pytest.raises(GameError, match="outdated"):
        game.step(old, everywhere(game, old, 1))
    with pytest.raises(GameError, match="one game at a time, not 2; give a function that makes environments"):
        start(game, 2)


def test_a_function_of_ones_own_makes_as_many_environments_as_there_are_games():
    game = from_pettingzoo(worlds.wrapped_ladder, max_moves=50, utility=(0, 100))
    assert game.spec.name == "pettingzoo:object/wrapped_ladder"
    assert (game.spec.max_moves, game.spec.utility) == (50, (0.0, 100.0))
    state = start(game, 3)
    for _ in range(8):
        state = game.step(state, everywhere(game, state, 1))
    assert state.done.all()
    for wrong in (3, worlds.something_else):
        with pytest.raises(GameError, match=r"expected .* AECEnv|expected a PettingZoo environment"):
            from_pettingzoo(wrong)


@pytest.mark.filterwarnings("ignore")
def test_environments_turned_from_one_api_into_the_other_play_as_they_were():
    straight, _ = returns(from_pettingzoo(worlds.Leaving))
    turned, states = returns(from_pettingzoo(lambda: parallel_to_aec(worlds.Leaving())))
    assert turned == straight
    assert all(state.acting.sum() <= 1 for state in states)
    rps = make("pettingzoo:classic/rps-v2(api='aec')")
    again = from_pettingzoo(lambda: aec_to_parallel(rps._crew._terms.source.make()))  # type: ignore[attr-defined]
    assert returns(again, 2)[0] == returns(rps, 2)[0]


@pytest.mark.parametrize(
    "name",
    ["pettingzoo:classic/tictactoe-v3(zero_sum=True, utility=(-1, 1))", "pettingzoo:classic/rps-v2", here("Buttons")],
)
def test_a_world_conforms_and_skips_visibly_what_would_copy_its_states(name):
    report = check_game(make(name), games=16)
    assert report.passed, str(report)
    skipped = {check.name: check.detail for check in report.checks if check.outcome == "skipped"}
    for check in ("purity", "row indexing", "ignored actions"):
        assert "spec.cloneable is false" in skipped[check]


def test_trees_refuse_a_live_world_with_a_sentence():
    from games import build_tree

    with pytest.raises(GameError, match="pettingzoo:classic/tictactoe-v3"):
        build_tree(make("pettingzoo:classic/tictactoe-v3"))


def test_pictures_are_the_environments_own_where_it_renders():
    plain, text, image = (
        make(here(f"Ladder{mode}")) for mode in ("", "(render_mode='ansi')", "(render_mode='rgb_array')")
    )
    drawn = plain.draw(start(plain), 0)
    assert drawn.startswith("move 0 of game 0\na moves and sees [")
    assert text.draw(start(text), 0) == "taken {'a': 0, 'b': 0, 'c': 0}"
    assert "data:image/png;base64," in image.svg(start(image), 0)
    for game in (plain, text):
        assert game.svg(start(game), 0).startswith("<svg")
    state = returns(plain)[1][-1]
    assert plain.draw(state, 0) == "move 8 of game 0\nover"


def test_games_without_pettingzoo_say_how_to_install_it(tmp_path):
    code = (
        "import sys; sys.modules['pettingzoo'] = None; import games\n"
        "assert games.make('kuhn_poker').spec.players == 2\n"
        "for call in (lambda: games.make('pettingzoo:classic/rps-v2'), lambda: games.from_pettingzoo(print)):\n"
        "    try: call()\n"
        "    except games.GameError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    lines = ran.stdout.splitlines()
    assert len(lines) == 2
    needs = (
        "needs PettingZoo 1.27 or newer, which is not installed; install it with `pip install 'redqueen[pettingzoo]'`"
    )
    for line in lines:
        assert line.endswith(needs)


def test_games_without_mpe2_say_how_to_install_it(tmp_path):
    code = (
        "import sys; sys.modules['mpe2'] = None; import games\n"
        "try: games.make('pettingzoo:mpe2/simple_spread-v3')\n"
        "except games.GameError as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "for mpe2 is not installed: install it with `pip install 'redqueen[pettingzoo]'`" in ran.stdout


def test_a_page_tells_of_an_environment():
    from games.registry import page

    told = page("pettingzoo:mpe2/simple_spread-v3(N=2)")
    assert told["players"] == 2
    assert "agent_0, agent_1" in told["summary"]
    assert "states cannot be copied" in told["kind"]
    json.dumps(told, allow_nan=False)


def test_a_forgotten_game_lets_go_of_its_memory():
    def files():
        return sum(
            "memfd:redqueen" in str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()
        )

    gc.collect()
    before = files()
    game = make(here("Ladder"))
    state = start(game, 2)
    assert files() > before
    del game, state
    gc.collect()
    assert files() == before


def test_the_names_of_files_and_libraries_are_told_apart():
    assert parse(here("Ladder(cut=True)")).kind == "file"
    assert parse("pettingzoo:classic/rps-v2").kind == "library"


@pytest.mark.filterwarnings("ignore")
def test_the_worlds_of_these_tests_keep_pettingzoos_own_rules():
    from pettingzoo.test import api_test, parallel_api_test

    api_test(worlds.Ladder(), num_cycles=20)
    for kind in (worlds.Leaving, worlds.Buttons, worlds.Dials):
        parallel_api_test(kind(), num_cycles=20)
    assert isinstance(worlds.Buttons().action_space("x"), spaces.MultiDiscrete)
