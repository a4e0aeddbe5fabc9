import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from agents.agent import Agent, Fault, Random
from arena.encounter import Cast, Encounter, Result, play_encounters, rotations
from arena.repeats import courses
from arena.replay import replay
from games import make
from games.draws import Draws
from games.turn import Turn

GAMES = [
    "tic_tac_toe",
    "kuhn_poker",
    "leduc_poker",
    "goofspiel(cards=4)",
    "iterated_prisoners_dilemma(rounds=5, noise=0.1)",
    "random_general_sum(actions=[2, 3, 2], seed=0)",
    "open_spiel:kuhn_poker(players=3)",
    "open_spiel:tic_tac_toe",
]


class Faulty(Random):
    """A process of its own, as far as it can be told apart: it answers for one game at a time, and fails in some."""

    batched = False

    def __init__(self, when: Sequence[int]) -> None:
        self.when, self.closed = when, False

    def act(self, turn: Turn) -> Tensor:
        assert len(turn) == 1
        if int(turn.draws.games[0]) in self.when:
            raise Fault("it fell over", "crash")
        return super().act(turn)

    def close(self) -> None:
        self.closed = True


class Panicky(Random):
    """Answers for many games at once, and for none where one of them is to fail."""

    def __init__(self, when: int) -> None:
        self.when = when

    def act(self, turn: Turn) -> Tensor:
        if (turn.draws.games == self.when).any():
            raise Fault("it saw its game", "crash")
        return super().act(turn)

    def close(self) -> None:
        pass


def played(name: str, lineups: Sequence[tuple[int, ...]], cast: Cast | None = None, plies: int = 0) -> list[Result]:
    game = make(name)
    encounters = [Encounter(4 * place, 4, lineup) for place, lineup in enumerate(lineups)]
    cast = cast or Cast(lambda _: Random())
    return play_encounters(game, cast, encounters, seatings=rotations(game.spec), seed=3, plies=plies)


def same(one: Result, other: Result) -> bool:
    return json.dumps(one.to_json()) == json.dumps(other.to_json())


def lineup(name: str) -> tuple[int, ...]:
    return tuple(range(make(name).spec.players))


@pytest.mark.parametrize("name", GAMES)
def test_a_record_gives_the_result_back_and_its_games_can_be_gone_through_again(name: str) -> None:
    game = make(name)
    (result,) = played(name, [lineup(name)], plies=1)
    again = Result.from_json(json.loads(json.dumps(result.to_json())))
    assert same(result, again)
    assert again.encounter == result.encounter
    for rotation, deal, choices in again.games():
        *steps, end = replay(game, choices, seed=3, deal=deal)
        assert sum(len(step.seats) for step in steps) == len(choices)
        assert bool(end.state.done[0])
        assert np.roll(end.paid, -rotation).tolist() == pytest.approx(result.returns[rotation, deal].tolist())


@pytest.mark.parametrize("name", GAMES)
def test_an_encounter_is_the_same_alone_or_beside_others(name: str) -> None:
    seats = lineup(name)
    lineups = [seats, tuple(agent + 1 for agent in seats), seats[::-1]]
    together = played(name, lineups)
    game = make(name)
    for place, expected in enumerate(together):
        (alone,) = play_encounters(
            game, Cast(lambda _: Random()), [expected.encounter], seatings=rotations(game.spec), seed=3
        )
        assert same(alone, expected)
        assert alone.encounter.first == 4 * place


def test_every_agent_sits_everywhere_and_seatings_of_a_deal_share_its_opening_and_its_chance() -> None:
    class Fixed(Random):
        """Plays its own legal action of the highest number, so that only opening and chance differ between games."""

        def act(self, turn: Turn) -> Tensor:
            return turn.legal.shape[1] - 1 - turn.legal.flip(1).int().argmax(1)

    for name, plies in (("tic_tac_toe", 3), ("leduc_poker", 0)):
        game = make(name)
        (result,) = play_encounters(
            game, Cast(lambda _: Fixed()), [Encounter(0, 20, (0, 1))], seatings=2, seed=0, plies=plies
        )
        games = {(rotation, deal): choices.tolist() for rotation, deal, choices in result.games()}
        for deal in range(20):
            assert games[0, deal] == games[1, deal]
            assert result.returns[0, deal].tolist() == result.returns[1, deal, ::-1].tolist()
        came = {(*games[0, deal], *result.returns[0, deal].tolist()) for deal in range(20)}
        assert len(came) > 2
        assert (result.points[:, :, 0].sum(0) == 1).all()


@pytest.mark.parametrize("name", ["tic_tac_toe", "kuhn_poker"])
def test_a_fault_costs_its_agent_that_game_and_no_other(name: str) -> None:
    agents: list[Agent] = [Random(), Faulty([1, 6])]
    (result, other) = played(name, [(0, 1), (1, 0)], Cast(lambda number: agents[number]))
    honest, _ = played(name, [(0, 1), (1, 0)])
    least, most = make(name).spec.utility
    assert [(charge.place, charge.deal, charge.kind) for charge in result.charges] == [(1, 1, "crash")] * 2
    assert [(charge.place, charge.deal, charge.message) for charge in other.charges] == [(0, 2, "it fell over")] * 2
    assert result.returns[:, 1].tolist() == [[most, least]] * 2
    assert (result.returns[:, [0, 2, 3]] == honest.returns[:, [0, 2, 3]]).all()
    assert result.points[:, 1].tolist() == [[1.0, 0.0]] * 2
    assert isinstance(agents[1], Faulty)
    assert agents[1].closed


def test_where_payoffs_are_not_zero_sum_a_fault_is_no_gain_for_the_others() -> None:
    name = "iterated_prisoners_dilemma(rounds=5)"
    agents: list[Agent] = [Random(), Faulty([1])]
    (result,) = played(name, [(0, 1)], Cast(lambda number: agents[number]))
    assert np.isnan(result.returns[0, 1, 0])
    assert result.returns[0, 1, 1] == make(name).spec.utility[0]
    assert result.points[0, 1].tolist() == [1.0, 0.0]
    assert not np.isnan(result.returns[0, [0, 2, 3]]).any()
    assert same(result, Result.from_json(result.to_json()))


def test_a_fault_among_many_games_at_once_costs_no_more_than_one_by_one() -> None:
    agents: list[Agent] = [Random(), Panicky(2)]
    (result,) = played("tic_tac_toe", [(0, 1)], Cast(lambda number: agents[number]))
    honest = played("tic_tac_toe", [(0, 1)])[0]
    assert [(charge.rotation, charge.deal) for charge in result.charges] == [(0, 2), (1, 2)]
    assert (result.returns[:, [0, 1, 3]] == honest.returns[:, [0, 1, 3]]).all()


@pytest.mark.parametrize("plies", [0, 1])
@pytest.mark.parametrize("place", [0, 1])
def test_an_agent_that_cannot_even_start_loses_every_game(plies: int, place: int) -> None:
    agents: list[Agent] = [Random(), Random()]
    agents[place] = Stillborn()
    (result,) = played("tic_tac_toe", [(0, 1)], Cast(lambda number: agents[number]), plies)
    assert len(result.charges) == 8
    assert (result.returns[..., 1 - place] == 1).all()
    assert not len(result.actions)


def test_games_that_a_fault_ended_did_not_end_within_their_opening() -> None:
    agents: list[Agent] = [Random(), Faulty(range(100))]
    (result,) = played("tic_tac_toe", [(0, 1)], Cast(lambda number: agents[number]), 1)
    assert len(result.charges) == 8
    assert all(course.charged and not course.drawn for course in courses(result))


class Stillborn(Faulty):
    """Cannot even start."""

    def __init__(self) -> None:
        super().__init__([])

    def start(self, seats: Tensor, draws: Draws) -> None:
        raise Fault("no such program", "start")


@pytest.mark.parametrize("faulty", [Stillborn, lambda: Faulty(range(100))])
@pytest.mark.parametrize("name", ["iterated_prisoners_dilemma(rounds=5)", "matching_pennies", "open_spiel:kuhn_poker"])
def test_of_two_at_fault_in_the_same_moment_each_loses_half_of_the_games(
    name: str, faulty: Callable[[], Agent]
) -> None:
    for lineup in ((0, 1), (1, 0)):
        agents = [faulty(), faulty()]
        (result,) = played(name, [lineup], Cast(agents.__getitem__))
        assert len(result.charges) == result.counts.size
        assert result.points.mean((0, 1)).tolist() == [0.5, 0.5]


def test_equal_totals_are_no_lead_whatever_their_order() -> None:
    draws = np.random.default_rng(0)
    for _ in range(200):
        paid = draws.integers(0, 10, 10) / 10
        returns = np.stack([paid, draws.permutation(paid)], axis=1)[None]
        result = Result(Encounter(0, 10, (0, 1)), returns, np.ones((1, 10), np.int64), np.zeros(10))
        points = result.points.mean((0, 1))
        assert result.lead == points[0] - points[1]
        more = Result(result.encounter, returns + np.array([1e-6, 0.0]), result.counts, result.actions)
        assert more.lead == pytest.approx(1e-6, rel=1e-3)


def test_points_of_a_game_of_three_are_shares_of_the_others_beaten() -> None:
    returns = np.array([[[1.0, 0.0, 0.0], [2.0, 2.0, 2.0], [0.0, 1.0, 2.0]]])
    result = Result(Encounter(0, 3, (4, 5, 6)), returns, np.zeros((1, 3), np.int64), np.zeros(0, np.int64))
    assert result.points.tolist() == [[[1, 0.25, 0.25], [0.5, 0.5, 0.5], [0, 0.5, 1]]]
    assert torch.equal(torch.tensor(result.above[0, 0]), torch.tensor([[0, 1, 1], [0, 0, 0], [0, 0, 0]]).bool())
