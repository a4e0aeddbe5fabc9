"""Games that are worth a look, chosen from all that were played, and their positions move by move."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np

from arena.encounter import Result
from arena.replay import Step, replay
from games.game import Game
from league.reporting.dark import adapted
from league.reporting.drawing import printable, visible

MOST_GAMES = 8
_UPSETS = 4
_FAULTS = 3
_BYTES = 1_900_000
"""Of all games' pictures together; what would go beyond is drawn as text, or left out."""

_BYTES_A_GAME = 1_300_000
_MOST_POSITIONS = 120


_Drawing = Callable[[], tuple[str, str]]


class Seen(NamedTuple):
    """What is kept of an encounter to choose by: its record's number, lineup, who beat whom, longest game, faults."""

    seq: int
    lineup: tuple[int, ...]
    beat: frozenset[tuple[int, int]]
    longest: int
    faults: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Chosen:
    """A game and why it was chosen: `find` tells where in the record's result it is, as rotation and deal."""

    seq: int
    why: str
    find: Callable[[Result], tuple[int, int]]


@dataclass(frozen=True)
class Frame:
    """A position: what led to it, its picture as a data address or "", and itself as text."""

    caption: str
    image: str
    text: str


@dataclass(frozen=True)
class Replay:
    """A game to step through: why it was chosen, who sat where, how it ended, and its positions."""

    why: str
    seats: tuple[str, ...]
    outcome: str
    frames: tuple[Frame, ...]
    note: str = ""


def seen(seq: int, result: Result) -> Seen:
    """Return what is kept of a result."""
    lineup, ahead = result.encounter.lineup, result.above.any((0, 1))
    beat = frozenset((lineup[one], lineup[other]) for one, other in zip(*np.nonzero(ahead), strict=True))
    faults = dict.fromkeys((lineup[charge.place], charge.kind) for charge in result.charges)
    return Seen(seq, lineup, beat, int(result.counts.max(initial=0)), tuple(faults))


def choose(encounters: Sequence[Seen], order: Sequence[int], names: Sequence[str]) -> list[Chosen]:
    """Choose games: of the best two, upsets of the best, faults, and the longest. `order` are agents, best first."""
    rank, out = {agent: place for place, agent in enumerate(order)}, []
    if len(order) > 1:
        best = set(order[:2])
        first = next((e for e in encounters if best <= set(e.lineup)), None)
        if first is not None:
            out.append(Chosen(first.seq, f"the best two meet: {names[order[0]]} and {names[order[1]]}", _decided))
    for agent in order[:_UPSETS]:
        losses = [(rank.get(by, -1), -e.seq, by, e) for e in encounters for by, whom in e.beat if whom == agent]
        below, _, by, upset = max(losses, key=lambda loss: loss[:2], default=(-1, 0, -1, None))
        if upset is not None and below > rank[agent]:
            why = f"an upset: {_ranked(agent, rank, names)} loses to {_ranked(by, rank, names)}"
            out.append(Chosen(upset.seq, why, _lost(agent, by)))
    told: set[tuple[int, str]] = set()
    for encounter in encounters:
        for agent, kind in encounter.faults:
            if (agent, kind) not in told and len(told) < _FAULTS:
                told.add((agent, kind))
                out.append(Chosen(encounter.seq, f"a fault of {names[agent]}: {kind}", _charged(agent, kind)))
    if encounters:
        longest = max(encounters, key=lambda e: (e.longest, -e.seq))
        out.append(Chosen(longest.seq, "the longest game", _longest))
    return out[:MOST_GAMES]


def _ranked(agent: int, rank: dict[int, int], names: Sequence[str]) -> str:
    return f"{names[agent]} (place {rank[agent] + 1})" if agent in rank else names[agent]


def _decided(result: Result) -> tuple[int, int]:
    decided = np.argwhere(result.above.any((2, 3)))
    return (int(decided[0][0]), int(decided[0][1])) if len(decided) else (0, 0)


def _lost(agent: int, by: int) -> Callable[[Result], tuple[int, int]]:
    def find(result: Result) -> tuple[int, int]:
        lineup = np.array(result.encounter.lineup)
        above = np.asarray(result.above[:, :, lineup == by][..., lineup == agent].any((2, 3)))
        plain = above.copy()
        for charge in result.charges:  # a game that a fault ended is told elsewhere
            plain[charge.rotation, charge.deal] = False
        rotation, deal = np.argwhere(plain if plain.any() else above)[0]
        return int(rotation), int(deal)

    return find


def _charged(agent: int, kind: str) -> Callable[[Result], tuple[int, int]]:
    def find(result: Result) -> tuple[int, int]:
        lineup = result.encounter.lineup
        charge = next(c for c in result.charges if lineup[c.place] == agent and c.kind == kind)
        return charge.rotation, charge.deal

    return find


def _longest(result: Result) -> tuple[int, int]:
    rotation, deal = divmod(int(result.counts.argmax()), result.counts.shape[1])
    return rotation, deal


class Projector:
    """Turns chosen games into replays, within the bytes that there are for all of them."""

    def __init__(self, game: Game, names: Sequence[str], *, seed: int, plies: int) -> None:
        self.game, self.names, self.seed, self.plies = game, names, seed, plies
        self.left = _BYTES
        self.shown: set[tuple[int, int, int]] = set()

    def show(self, chosen: Chosen, result: Result) -> Replay | None:
        """Return a chosen game's replay, or None where it was shown before."""
        rotation, deal = chosen.find(result)
        if (chosen.seq, rotation, deal) in self.shown:
            return None
        self.shown.add((chosen.seq, rotation, deal))
        choices = next(made for r, d, made in result.games() if (r, d) == (rotation, deal))
        seats = np.roll(result.encounter.lineup, rotation).tolist()
        drawings, captions = list[_Drawing](), ["the start"]
        for number, step in enumerate(
            replay(self.game, choices, seed=self.seed, deal=result.encounter.first + deal), 1
        ):
            drawings.append(self._drawing(step))
            captions.append(self._moves(number, step, seats))
        kept, note = list(zip(drawings, captions[:-1], strict=True)), ""
        if len(kept) > _MOST_POSITIONS:
            half, gone = _MOST_POSITIONS // 2, len(kept) - _MOST_POSITIONS
            note = f"{gone:,} positions between moves {half - 1} and {half + gone} are left out"
            kept = kept[:half] + kept[-half:]
        frames = self._frames(kept)
        names = tuple(str(self.names[agent]) for agent in seats)
        return Replay(chosen.why, names, self._outcome(result, rotation, deal), frames, note)

    def _moves(self, number: int, step: Step, seats: Sequence[int]) -> str:
        """Say what was chosen, by whom."""
        drawn = not self.game.spec.chance_outcomes and number <= self.plies
        said = []
        for seat, action in zip(step.seats, step.actions, strict=True):
            name = self.game.action_name(seat, int(action)) if self.game.spec.discrete else _plain(action)
            said.append(f"{'drawn for ' if drawn else ''}{self.names[seats[seat]]}: {printable(name)}")
        return f"move {number}, {'; '.join(said)}"

    def _drawing(self, step: Step) -> _Drawing:
        """Return what draws a position: when it is asked to, or at once in a world that goes on and cannot go back."""
        if self.game.spec.cloneable:
            return partial(self._draw, step)
        drawn = self._draw(step)
        return lambda: drawn

    def _draw(self, step: Step) -> tuple[str, str]:
        """Return a position as text and as a picture's address."""
        text = "\n".join(map(visible, self.game.draw(step.state, 0).splitlines()))
        return text, _address(adapted(self.game.svg(step.state, 0)))

    def _frames(self, kept: Sequence[tuple[_Drawing, str]]) -> tuple[Frame, ...]:
        """Draw positions: as pictures where these fit, else as text where that fits, else those that do."""
        frames = [Frame(caption, image, text) for draw, caption in kept for text, image in [draw()]]
        if sum(len(frame.image) for frame in frames) > min(self.left, _BYTES_A_GAME):
            frames = [replace(frame, image="") for frame in frames]
        fitting = []
        for frame in frames:
            size = len(frame.image) + 2 * len(frame.text.encode()) + len(frame.caption.encode()) + 200
            if size > self.left:
                break
            self.left -= size
            fitting.append(frame)
        return tuple(fitting)

    def _outcome(self, result: Result, rotation: int, deal: int) -> str:
        """Say what each agent was paid, and whose fault ended the game."""
        returns, lineup = result.returns[rotation, deal], result.encounter.lineup
        paid = ", ".join(
            f"{self.names[agent]} {'not counted' if np.isnan(value) else format(value, '+g').replace('-', '−')}"
            for agent, value in zip(lineup, returns, strict=True)
        )
        for charge in result.charges:
            if (charge.rotation, charge.deal) == (rotation, deal):
                return f"{paid}; ended by {self.names[lineup[charge.place]]}: {printable(charge.message)[:300]}"
        return paid


def _plain(action: np.ndarray) -> str:
    return ", ".join(f"{value:.4g}" for value in np.atleast_1d(action).tolist())


def _address(svg: str) -> str:
    # As an image of its own, a game's picture can run nothing and disturb nothing in the page.
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
