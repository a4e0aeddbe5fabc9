"""Copies of games: counted where nobody draws anything, and nowhere else."""

import numpy as np
import pytest
import torch
from torch import Tensor

from agents.agent import Agent, Random
from arena.encounter import Cast, Charge, Encounter, Result, play_encounters, rotations
from arena.repeats import Repeated, Repeats, courses
from arena.replay import replay
from games import make
from games.draws import Draws
from games.turn import Turn


class First(Random):
    """Takes the first legal action."""

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        return ((legal.cumsum(1) == 1) & legal).double()


def played(
    name: str, agents: list[Agent], deals: int, *, plies: int = 0, blocks: int = 1, order: tuple[int, ...] = ()
) -> list[Result]:
    game, lineup = make(name), order or tuple(range(len(agents)))
    encounters = [Encounter(deals * block, deals, lineup) for block in range(blocks)]
    settings = {"seatings": rotations(game.spec), "seed": 3, "plies": plies}
    return play_encounters(game, Cast(agents.__getitem__), encounters, **settings)


def found(results: list[Result], plies: int = 0) -> list[Repeated]:
    repeats = Repeats(plies)
    for result in results:
        repeats.add(result)
    return repeats.repeated()


def test_agents_that_draw_nothing_play_one_game_a_seating() -> None:
    assert found(played("tic_tac_toe", [First(), First()], 100)) == [Repeated((0, 1), 200, 2)]
    assert found(played("tic_tac_toe", [First(), First()], 25, blocks=4)) == [Repeated((0, 1), 200, 2)]


def test_openings_part_games_no_further_than_there_are_openings() -> None:
    results = played("tic_tac_toe", [First(), First()], 100, plies=1)
    assert found(results, 1) == [Repeated((0, 1), 200, 18)]  # nine first moves in either seating
    distinct = {(rotation, *map(int, choices)) for rotation, _, choices in results[0].games()}
    assert len(distinct) == 18
    assert found(played("tic_tac_toe", [First(), First()], 20, plies=4), 4) == []


@pytest.mark.parametrize("plies", [0, 1, 2, 3])
@pytest.mark.parametrize("name", ["tic_tac_toe", "rock_paper_scissors", "kuhn_poker", "goofspiel(cards=3)"])
def test_what_is_drawn_is_no_copy_however_often_it_happens(name: str, plies: int) -> None:
    """Random agents have few games to choose from, and chance few deals: what falls alike is still an observation."""
    assert found(played(name, [Random(), Random()], 200, plies=plies), plies) == []


@pytest.mark.parametrize("name", ["kuhn_poker", "leduc_poker"])
@pytest.mark.parametrize("plies", [0, 2])
def test_deals_that_differ_part_the_games_of_agents_that_draw_nothing(name: str, plies: int) -> None:
    assert found(played(name, [First(), First()], 100, plies=plies), plies) == []


def test_one_game_that_went_otherwise_shows_that_something_is_drawn() -> None:
    results = played("tic_tac_toe", [First(), First()], 50)
    assert found(results)
    other = played("tic_tac_toe", [First(), Random()], 1)
    assert found([*results, *other]) == []
    assert found([*other, *results]) == []


def test_a_game_that_a_fault_ended_shows_nothing() -> None:
    (result,) = played("tic_tac_toe", [First(), First()], 10)
    returns = result.returns.copy()
    returns[0, 4] = -1, 1
    cut = Result(result.encounter, returns, result.counts, result.actions, (Charge(0, 0, 4, "crash", ""),))
    assert found([cut]) == [Repeated((0, 1), 20, 3)]


def test_pairs_in_either_order_and_seatings_apart() -> None:
    (one,) = played("tic_tac_toe", [First(), First()], 10)
    (two,) = played("tic_tac_toe", [First(), First()], 10, order=(1, 0))
    assert found([one, two]) == [Repeated((0, 1), 40, 2)]


def test_few_copies_are_not_worth_a_word() -> None:
    assert found(played("tic_tac_toe", [First(), First()], 4)) == []
    assert found(played("tic_tac_toe", [First(), First()], 5)) == [Repeated((0, 1), 10, 2)]
    assert found(played("iterated_prisoners_dilemma(rounds=5)", [First(), First()], 9)) == [Repeated((0, 1), 9, 1)]


@pytest.mark.parametrize(
    ("name", "plies"),
    [
        ("tic_tac_toe", 3),
        ("kuhn_poker", 3),
        ("leduc_poker", 4),
        ("goofspiel(cards=3)", 2),
        ("rock_paper_scissors", 1),
        ("open_spiel:kuhn_poker(players=3)", 4),
        ("open_spiel:tic_tac_toe", 12),
    ],
)
def test_the_ledger_tells_which_choices_were_drawn(name: str, plies: int) -> None:
    """As many as players made before move `plies`, chance's counted, which a replay of each game tells."""
    game = make(name)
    (result,) = played(name, [Random() for _ in range(game.spec.players)], 12, plies=plies)
    assert result.opened is not None
    read = Result.from_json(result.to_json())
    assert read.opened is not None
    assert read.opened.tolist() == result.opened.tolist()
    games = torch.arange(12)
    state, length = game.deal(game.reset(Draws.of(3, "reset", games)), Draws.of(3, "chance", games), games * 0)
    assert state is not None
    before_any = length.tolist()
    for rotation, deal, choices in result.games():
        steps = list(replay(game, choices, seed=3, deal=deal))
        assert sum(len(step.actions) for step in steps) == len(choices)
        if not game.spec.chance_outcomes:
            expected = sum(len(step.actions) for step in steps[:plies])
        elif game.spec.name.startswith(("kuhn", "open_spiel:kuhn")):
            expected = min(plies - before_any[deal], len(choices))  # after the deal, players alone move
        else:
            continue
        assert result.opened[rotation, deal] == expected


def test_openings_that_bring_games_to_their_end_are_counted() -> None:
    repeats = Repeats(9)
    for result in played("tic_tac_toe", [First(), First()], 10, plies=9):
        repeats.add(result)
    assert (repeats.games, repeats.drawn) == (20, 20)
    repeats = Repeats(1)
    for result in played("rock_paper_scissors", [First(), First()], 50, plies=1):
        repeats.add(result)
    assert (repeats.games, repeats.drawn, repeats.repeated()) == (50, 50, [])
    repeats = Repeats(3)
    for result in played("tic_tac_toe", [First(), First()], 10, plies=3):
        repeats.add(result)
    assert (repeats.games, repeats.drawn) == (20, 0)


def test_a_ledger_that_does_not_tell_openings_is_passed_over() -> None:
    (result,) = played("tic_tac_toe", [First(), First()], 50, plies=1)
    body = {key: value for key, value in result.to_json().items() if key != "opened"}
    assert found([Result.from_json(body)], 1) == []
    (plain,) = played("tic_tac_toe", [First(), First()], 50)
    assert "opened" not in plain.to_json()


def test_games_are_told_apart_whatever_type_the_ledger_keeps_their_choices_in() -> None:
    (result,) = played("tic_tac_toe", [First(), First()], 8)
    wide = Result(result.encounter, result.returns, result.counts, result.actions.astype(np.int32))
    assert [one.whole for one in courses(result)] == [one.whole for one in courses(wide)]


class Answering(Random):
    """Draws its first move, in either seat, and then takes the first legal action."""

    def act(self, turn: Turn) -> Tensor:
        drawn, first = super().act(turn), turn.legal.int().argmax(dim=1)
        move = turn.draws.move
        return torch.where(torch.as_tensor(move) < 2, drawn, first)


def test_an_agents_own_first_move_is_no_opening() -> None:
    """It chooses from nine games, as an opening of one move would; but it draws, and each draw is an observation."""
    assert found(played("tic_tac_toe", [Answering(), First()], 100)) == []
