"""Chance that OpenSpiel only samples: seeded game by game, so that it repeats, and never listed."""

import pytest
import torch

from games import Draws, GameError, build_tree, make

pyspiel = pytest.importorskip("pyspiel")

SAMPLED = ["negotiation", "tarok", "bridge_uncontested_bidding", "stones_and_gems"]


@pytest.mark.parametrize("name", SAMPLED)
def test_a_sampled_start_is_openspiels_own_under_the_rows_seed(name: str) -> None:
    game, draws = make(f"open_spiel:{name}"), Draws.of(1, "reset", torch.arange(5))
    state = game.reset(draws)
    for row, bits in enumerate(draws.bits().tolist()):
        truth = pyspiel.load_game(name, {"rng_seed": bits & 0x7FFFFFFF}).new_initial_state()
        while truth.is_chance_node():
            truth.apply_action(0)
        assert game.draw(state, row) == str(truth)


@pytest.mark.parametrize("name", SAMPLED[:3])
def test_games_of_one_match_are_dealt_differently_and_alike_in_any_batch(name: str) -> None:
    game = make(f"open_spiel:{name}")
    dealt = game.reset(Draws.of(1, "reset", torch.arange(6)))
    texts = [game.draw(dealt, row) for row in range(6)]
    assert len(set(texts)) == 6
    assert game.draw(game.reset(Draws.of(1, "reset", torch.tensor([4]))), 0) == texts[4]
    assert game.draw(game.reset(Draws.of(2, "reset", torch.tensor([4]))), 0) != texts[4]


def test_the_quantities_of_negotiation_are_as_likely_as_its_rules_say() -> None:
    game = make("open_spiel:negotiation")
    count = 3000
    state = game.reset(Draws.of(0, "reset", torch.arange(count)))
    pools = [line.split(": ")[1] for row in range(count) for line in game.draw(state, row).split("\n")[1:2]]
    quantities = torch.tensor([[int(number) for number in pool.split()] for pool in pools])
    frequencies = torch.bincount(quantities.flatten(), minlength=6) / quantities.numel()
    assert (frequencies - 1 / 6).abs().max() < 0.02


def test_a_step_that_must_draw_asks_for_the_draws() -> None:
    game = make("open_spiel:stones_and_gems")
    draws = Draws.of(1, "reset", torch.arange(2))
    with pytest.raises(GameError, match="step needs the draws of the rows"):
        game.step(game.reset(draws), torch.zeros(2, 1, dtype=torch.int64))


def test_sampled_chance_has_no_tree_and_says_so() -> None:
    game = make("open_spiel:negotiation")
    assert game.spec.sampled_chance
    assert game.spec.seats == game.spec.players
    with pytest.raises(GameError, match="a game tree needs chance moves that are listed"):
        build_tree(game)
