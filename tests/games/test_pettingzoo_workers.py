"""Environments in worker processes: the same games, whatever befalls the workers, and no process left behind."""

import gc
import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import torch

from games import GameError
from games import make as make_game
from games.draws import Draws
from games.playout import play

pytest.importorskip("pettingzoo")
import pettingzoo_worlds as worlds


def make(name, **arguments) -> Any:
    """Return the game as what it is: its workers are not of every game."""
    return make_game(name, **arguments)


def troubled(**arguments):
    inside = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    return f"pettingzoo:{worlds.FILE}:Troubled({inside})"


def pids(game):
    return [worker.process.pid for worker in game._crew._workers if worker.process]


def gone(process):
    """Whether a process is no more, not even as a zombie, within a few seconds."""
    for _ in range(100):
        if not Path(f"/proc/{process}").exists():
            return True
        time.sleep(0.05)
    return False


def transcript(game, games=6, *, seed=0, befall=lambda move: None):
    """Play games at random and return all that they show: what seats see, may do, do and are paid."""
    numbers = torch.arange(games)
    state, told = game.reset(Draws.of(seed, "test", numbers)), []
    choices = torch.Generator().manual_seed(seed)
    for move in range(30):
        befall(move)
        rows, seats = state.acting.nonzero().unbind(1)
        legal, seen = game.legal(state, rows, seats), game.observe(state, rows, seats)
        drawn = torch.rand(legal.shape, generator=choices) * legal
        actions = torch.zeros(games, game.spec.players, *game.spec.action_shape, dtype=game.spec.action_type)
        actions[rows, seats] = drawn if game.spec.bounds else drawn.argmax(1)
        told.append((legal.tolist(), seen.tolist(), actions.tolist(), state.rewards.tolist(), state.truncated.tolist()))
        if state.done.all():
            return told
        state = game.step(state, actions)
    raise AssertionError("the games do not end")


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize(
    "name",
    [
        "pettingzoo:classic/tictactoe-v3",
        "pettingzoo:mpe2/simple_spread-v3(N=2, max_cycles=10, continuous_actions=True)",
    ],
)
def test_workers_play_the_same_games(name, workers):
    assert transcript(make(name, workers=workers)) == transcript(make(name))


def test_a_worker_that_is_killed_between_steps_is_replaced_and_its_games_go_on():
    name, before = troubled(), []
    game = make(name, workers=2)

    def kill(move):
        if move in (2, 3):
            before.append(pids(game)[1])
            os.kill(before[-1], signal.SIGKILL)

    assert transcript(game, befall=kill) == transcript(make(name))
    assert len({*before, *pids(game)}) == 4  # the first worker was left alone, the second one replaced twice
    assert all(gone(process) for process in before)


@pytest.mark.parametrize("how", ["die", "vanish", "hang"])
def test_a_worker_whose_environment_fails_once_is_replaced_and_its_games_go_on(how, tmp_path):
    name = troubled(how=how, at=3, once=str(tmp_path / "happened"))
    game = make(name, workers=2, deadline=1.0)
    told = transcript(game)
    assert (tmp_path / "happened").exists()
    assert told == transcript(make(name))


@pytest.mark.parametrize(
    ("how", "at", "sentence"),
    [
        ("die", 3, r"worker 0 of .*Troubled.* died \(signal 9\) in game 0 at move 3, and again when it was started"),
        ("vanish", 0, r"died \(exit status 3\) in game 0 at its reset, and again"),
        ("exit", 1, r"raised SystemExit: 3 in game 0 at move 1"),
        ("hang", 2, r"took longer than the deadline of 1 seconds in game 0 at move 2, and again .* with deadline="),
        ("raise", 4, r"raised ZeroDivisionError: the rule is broken in game 0 at move 4, in '.*', line"),
    ],
)
def test_an_environment_that_fails_again_is_named_with_its_game_move_and_worker(how, at, sentence):
    game = make(troubled(how=how, at=at), workers=1, deadline=1.0)
    with pytest.raises(GameError, match=sentence) as error:
        transcript(game, 2)
    assert "\n" not in str(error.value)
    left = pids(game)
    del game, error
    gc.collect()
    assert all(gone(process) for process in left)


def test_other_games_can_be_played_after_a_failure():
    name = troubled(how="die", at=2, share=0.5)
    game, failed = make(name, workers=2), 0
    state = game.reset(Draws.of(1, "other", torch.arange(100, 110)))
    for seed in range(4):
        try:
            transcript(game, 1, seed=seed)
        except GameError:
            failed += 1
    assert 0 < failed < 4
    assert game.step(state, torch.ones(10, 2, dtype=torch.int64)).rewards[:, 1].eq(1).all()


def test_games_that_do_not_repeat_from_their_seed_are_not_passed_off_as_the_same():
    game = make(troubled(secret=True), workers=1)
    state = game.reset(Draws.of(0, "test", torch.arange(2)))
    state = game.step(state, torch.ones(2, 2, dtype=torch.int64))
    os.kill(pids(game)[0], signal.SIGKILL)
    with pytest.raises(GameError, match="does not repeat game 1 at move 1 from its seed and actions, so worker 0"):
        game.step(state[:1], torch.ones(1, 2, dtype=torch.int64))


def test_the_deadline_is_for_one_environments_step_and_not_for_a_batch():
    name = f"pettingzoo:{worlds.FILE}:Slow(seconds=0.3)"
    game = make(name, workers=1, deadline=1.0)
    began = time.monotonic()
    transcript(game, 6)
    assert time.monotonic() - began > 6 * 0.3


def test_more_games_than_a_batch_make_room_in_every_process():
    game, alone = make(troubled(), workers=2), make(troubled())
    many = 2 * game.spec.batch + 3
    assert game._table.capacity < many
    assert transcript(game, many) == transcript(alone, many)
    assert game._table.capacity >= many


def test_what_idle_seats_see_and_pictures_come_through_workers_even_new_ones():
    name = f"pettingzoo:{worlds.FILE}:Ladder(render_mode='ansi')"
    game, alone = make(name, workers=2), make(name)
    rows, seats = torch.tensor([0, 1, 2]), torch.tensor([2, 1, 0])
    shown = []
    for one in (game, alone):
        state = one.reset(Draws.of(0, "test", torch.arange(3)))
        state = one.step(state, torch.ones(3, 3, dtype=torch.int64))
        if one is game:
            os.kill(pids(game)[0], signal.SIGKILL)
        shown.append((one.observe(state, rows, seats).tolist(), [one.draw(state, row) for row in range(3)]))
        state = one.step(state, torch.ones(3, 3, dtype=torch.int64))
        shown[-1] += (state.rewards.tolist(),)
    assert shown[0] == shown[1]


def test_closing_a_game_ends_its_workers_and_so_does_forgetting_it():
    for end in (lambda game: game.close(), lambda game: None):
        game = make(troubled(), workers=2)
        transcript(game, 2)
        left = pids(game)
        assert len(left) == 2
        end(game)
        del game
        gc.collect()
        assert all(gone(process) for process in left)


def test_a_closed_game_can_be_played_again():
    game = make(troubled(), workers=1)
    told = transcript(game, 2)
    before = pids(game)
    game.close()
    assert pids(game) == []
    assert transcript(game, 2) == told
    after = pids(game)
    assert after != before
    del game
    gc.collect()
    assert gone(after[0])


SCRIPT = """
import os, sys, time, torch
from games import make
from games.draws import Draws
game = make({name!r}, workers=2, deadline=30.0)
state = game.reset(Draws.of(0, "test", torch.arange(4)))
state = game.step(state, torch.ones(4, 2, dtype=torch.int64))
print(*[worker.process.pid for worker in game._crew._workers], flush=True)
{end}
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("", 0),
        ("raise RuntimeError", 1),
        ("os.kill(os.getpid(), 9)", -9),
        ("os._exit(7)", 7),
        ("import signal; signal.setitimer(0, 0.3); game.step(state, torch.ones(4, 2, dtype=torch.int64))", -14),
    ],
    ids=["end", "exception", "killed", "exit", "killed while a worker hangs"],
)
def test_no_worker_outlives_its_interpreter(end, status):
    script = SCRIPT.format(name=troubled(how="hang", at=2), end=end)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == status, ran.stderr
    left = [int(word) for word in ran.stdout.split()]
    assert len(left) == 2
    assert all(gone(process) for process in left)


def test_a_terminals_interrupt_is_left_to_the_process_that_plays():
    game = make(troubled(), workers=1)
    told = transcript(game, 2, befall=lambda move: os.kill(pids(game)[0], signal.SIGINT))
    before = pids(game)
    assert told == transcript(make(troubled()), 2)
    assert pids(game) == before


def test_a_game_can_be_played_after_an_interrupt_at_any_time():
    name = troubled()
    expected = transcript(make(name), 3)
    for seconds in (0.001, 0.2, 0.5, 1.0):  # before the workers are ready, and when they are at work
        game = make(name, workers=2)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        before = signal.signal(signal.SIGALRM, signal.default_int_handler)
        try:
            with pytest.raises(KeyboardInterrupt):
                [transcript(game, 3) for _ in count()]
        finally:
            signal.signal(signal.SIGALRM, before)
        assert transcript(game, 3) == expected


def test_what_workers_print_does_not_reach_the_answer_of_a_command(capfd):
    game = make(f"pettingzoo:{worlds.FILE}:Talkative", workers=1)
    transcript(game, 1)
    game.close()
    written = capfd.readouterr()
    assert written.out == ""
    assert "hello from an environment" in written.err


def test_playouts_and_conformance_take_workers():
    game = make(troubled(), workers=2)
    ours, alone = (play(one, torch.arange(5), seed=2, limit=20) for one in (game, make(troubled())))
    assert torch.equal(ours.returns, alone.returns)


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        (
            "pettingzoo:classic/rps-v2",
            {"workers": -1},
            "expected workers to be a whole number from 0 to 256 but got -1",
        ),
        ("pettingzoo:classic/rps-v2", {"workers": 1, "deadline": 0}, "expected deadline to be a number of seconds"),
        ("kuhn_poker", {"workers": 2}, "kuhn_poker is stepped in this process, .* takes no workers; leave workers out"),
    ],
)
def test_workers_that_cannot_be_are_refused(name, arguments, sentence):
    with pytest.raises(GameError, match=sentence):
        make(name, **arguments)
