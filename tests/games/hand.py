"""Playing by hand, and listing every continuation at once."""

import torch
from torch import Tensor

from games import Draws, Game
from games.game import AnyState


def start(game: Game[AnyState], count: int = 1) -> AnyState:
    return game.reset(Draws.of(0, "rules", torch.arange(count)))


def joint(game: Game, action: int, count: int = 1) -> Tensor:
    """One action for whoever acts: the others' entries are ignored."""
    return torch.full((count, game.spec.seats), action)


def after(game: Game[AnyState], *actions: int) -> AnyState:
    """The state of one turn-based game after some actions, chance's among them."""
    state = start(game)
    for action in actions:
        assert not state.done.item(), "the game is over before the last action"
        state = game.step(state, joint(game, action))
    return state


def legal(game: Game[AnyState], state: AnyState) -> list[int]:
    """What whoever acts in row 0 may do."""
    seat = int(state.acting[0].long().argmax())
    if seat == game.spec.players:
        return game.chance(state, torch.tensor([0]))[0].nonzero()[:, 0].tolist()
    return game.legal(state, torch.tensor([0]), torch.tensor([seat]))[0].nonzero()[:, 0].tolist()


def children(game: Game[AnyState], state: AnyState) -> tuple[AnyState, Tensor, Tensor]:
    """Every continuation of every row of a turn-based game: states, the rows they come from, the actions taken."""
    allowed = torch.zeros(len(state), max(game.spec.actions, game.spec.chance_outcomes), dtype=torch.bool)
    rows, seats = state.acting[:, : game.spec.players].nonzero().T
    allowed[rows, : game.spec.actions] = game.legal(state, rows, seats)
    if game.spec.chance_outcomes:
        rows = state.acting[:, -1].nonzero()[:, 0]
        allowed[rows, : game.spec.chance_outcomes] = game.chance(state, rows) > 0
    parents, actions = allowed.nonzero().T
    return game.step(state[parents], actions[:, None].expand(-1, game.spec.seats)), parents, actions
