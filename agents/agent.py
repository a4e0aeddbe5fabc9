"""What takes a seat."""

from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from games.choices import uniform_actions
from games.draws import Draws, sample
from games.errors import UserError
from games.extensive.tree import Floats, GameTree
from games.turn import Turn


class AgentError(UserError):
    """An agent's name, file or move cannot be used."""


class Fault(AgentError):
    """A user's agent broke a rule of play: it crashed, was late, or answered what it may not.

    kind: a word that faults are counted by; the message is a sentence. What cannot be printed in it is escaped: an
    agent's own words are neither to command a terminal nor to break a file.
    """

    def __init__(self, message: str, kind: str) -> None:
        super().__init__("".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in message))
        self.kind = kind

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it was made of, so that it can come from another process."""
        return type(self), (str(self), self.kind)


class Agent(Protocol):
    """Anything that can take a seat."""

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin new games, forgetting the old: `seats [m]` in the games `draws.games [m]`."""
        ...

    def act(self, turn: Turn) -> Tensor:
        """Choose a legal action in each of the turn's n pairs: `[n, *action_shape]`."""
        ...


@runtime_checkable
class Evaluable(Protocol):
    """An agent whose behaviour is known in every information set, so that it can be evaluated exactly."""

    def behaviour(self, tree: GameTree) -> Floats:
        """Return its behaviour `[K]` in all seats."""
        ...


@runtime_checkable
class Drawing(Protocol):
    """An agent that draws random numbers while it thinks, so that it may choose otherwise when it is asked again."""

    def drawn(self, seed: int) -> Evaluable:
        """Return the agent that always chooses as this one would with the random numbers of `seed`."""
        ...


class Policy:
    """A function from observations to action probabilities; as an agent, it samples from them and has no memory."""

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return `[n, A]` for `observation [n, *obs]`, zero outside `legal [n, A]`, each row adding up to one."""
        raise NotImplementedError

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin nothing: a policy does not remember."""

    def act(self, turn: Turn) -> Tensor:
        """Sample an action in each pair from the game's own random numbers: `[n]` int64."""
        table = self.probabilities(turn.observation, turn.legal, turn.seats)
        return sample(table, turn.draws.uniform(turn.seats))

    def behaviour(self, tree: GameTree) -> Floats:
        """Return its behaviour `[K]`, read on all observations in one call."""
        return tree.read(self.probabilities)


class Random(Policy):
    """Chooses uniformly among the legal actions, of whatever kind they are."""

    def act(self, turn: Turn) -> Tensor:
        """Draw an action in each pair: `[n, *action_shape]`."""
        if turn.game.spec.discrete and type(self).probabilities is not Random.probabilities:
            return super().act(turn)
        return uniform_actions(turn.game.spec, turn.legal, turn.draws, turn.seats)

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return one over the number of legal actions."""
        return legal / legal.sum(-1, keepdim=True)
