"""What a seat of an OpenSpiel game sees: a tensor of OpenSpiel's, or its words as bits where it has no tensor."""

import hashlib
import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from games.open_spiel.quirks import quirk

if TYPE_CHECKING:
    import pyspiel

_REST = 8
"""Bytes of the digest that stands for what of a text is too long to be shown."""

_GAMES, _BLOCK = 16, 16
"""Texts are given room for the longest of this many random games, in blocks of so many bytes."""


class Sight(Protocol):
    """A way to look at states: its `name`, the `shape` of one observation, and what stands where in it."""

    name: str
    shape: tuple[int, ...]
    layout: str

    def read(self, states: "Sequence[pyspiel.State]", seats: Sequence[int]) -> np.ndarray:
        """Return what each of `seats [n]` sees in `states [n]`: `[n, *shape]` float32."""
        ...


class Tensors:
    """OpenSpiel's information state tensor, or its observation tensor."""

    def __init__(self, game: "pyspiel.Game", *, recall: bool) -> None:
        self._game, self._recall = game, recall
        shape = game.information_state_tensor_shape() if recall else game.observation_tensor_shape()
        self.shape = tuple(shape)
        parts = ", ".join(f"{part.name} {list(part.shape)}" for part in self._observer().tensors_info())
        self.name = f"{'information state' if recall else 'observation'} tensor"
        self.layout = f"OpenSpiel's {self.name}: {parts}"

    def read(self, states: "Sequence[pyspiel.State]", seats: Sequence[int]) -> np.ndarray:
        """Return the tensors, each read from the one buffer that OpenSpiel's observer fills."""
        observer, seen = self._observer(), bytearray()
        look, buffer = observer.set_from, memoryview(observer)
        for state, seat in zip(states, seats, strict=True):
            look(state, seat)
            seen += buffer
        return np.frombuffer(seen, dtype=np.float32).reshape(len(states), *self.shape)

    def _observer(self) -> Any:
        import pyspiel

        kind = pyspiel.IIGObservationType(
            perfect_recall=self._recall, public_info=True, private_info=pyspiel.PrivateInfoType.SINGLE_PLAYER
        )
        return pyspiel._Observation(self._game, self._game.make_observer(kind, {}))


class Words:
    """OpenSpiel's text of what a seat knows, a byte a row and a bit a column: `[bytes + 8, 8]`.

    The last rows are a digest of what of the text had no room, so that different texts always look different.
    """

    def __init__(self, game: "pyspiel.Game") -> None:
        self._recall = game.get_type().provides_information_state_string and not quirk(game).blind
        longest = max((len(self._say(state, seat)) for state, seat in _visited(game)), default=0)
        self._room = -(-longest // _BLOCK) * _BLOCK
        self.shape = (self._room + _REST, 8)
        self.name = f"{'information state' if self._recall else 'observation'} string"
        self.layout = f"OpenSpiel's {self.name} in UTF-8, one byte a row, then a digest of what had no room"

    def read(self, states: "Sequence[pyspiel.State]", seats: Sequence[int]) -> np.ndarray:
        """Return the texts as bits."""
        table = np.zeros((len(states), self._room + _REST), dtype=np.uint8)
        for line, state, seat in zip(table, states, seats, strict=True):
            text = self._say(state, seat)
            line[: min(len(text), self._room)] = np.frombuffer(text[: self._room], dtype=np.uint8)
            if rest := text[self._room :]:
                line[self._room :] = np.frombuffer(hashlib.blake2b(rest, digest_size=_REST).digest(), dtype=np.uint8)
        return np.unpackbits(table[:, :, None], axis=2).astype(np.float32)

    def _say(self, state: "pyspiel.State", seat: int) -> bytes:
        return (state.information_state_string(seat) if self._recall else state.observation_string(seat)).encode()


def sight(game: "pyspiel.Game") -> Sight:
    """Return the way to look at `game` that tells most, a tensor if there is one."""
    kind = game.get_type()
    if kind.provides_information_state_tensor:
        return Tensors(game, recall=True)
    if kind.provides_observation_tensor and not quirk(game).blind:
        return Tensors(game, recall=False)
    return Words(game)


def _visited(game: "pyspiel.Game") -> "Iterator[tuple[pyspiel.State, int]]":
    """Yield the states of a few random games with each seat that acts there; the same ones every time."""
    pick = random.Random(0).choice
    for _ in range(_GAMES):
        state = game.new_initial_state()
        while not state.is_terminal():
            if state.is_simultaneous_node():
                seats = range(state.num_players())
                yield from ((state, seat) for seat in seats)
                state.apply_actions([pick(state.legal_actions(seat) or [0]) for seat in seats])
                continue
            if not state.is_chance_node():
                yield state, state.current_player()
            state.apply_action(pick(state.legal_actions()))
