"""A person plays a game to its end, or leaves it."""

import io
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, TextIO

import torch
from torch import Tensor

from agents.agent import Fault
from games.draws import Draws
from games.errors import UserError
from games.game import Game
from games.names import parse, shorten
from games.polling import polled
from games.registry import known, make
from league.live import duration
from league.playing.company import Company, charge
from league.playing.dialogue import Dialogue
from league.playing.ending import Broken, conclude, outcome, verdict
from league.playing.hints import Decision, in_words
from league.playing.menu import Menu, Names, Unclear, labelled, menu
from league.playing.naming import action_name
from league.playing.sight import hides, sight
from league.playing.sitting import Sitting
from league.playing.table import Seated, Table

_HELP = """A move is its name or its number; the beginning of a name will do where it tells moves apart.
? or moves: all legal moves; ? and the beginning of a name: those. hint: what an agent would do here.
undo: take your last move back. help: the rules and this. resign: give the game up. quit: leave it."""

_PATIENCE, _AGAIN = 2.0, 30.0
"""Seconds of thought after which a person is told of them, and until they are told again."""


class _Left(Exception):
    """The person ends the game; `how` is what the result says of it."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class _Undone(Exception):
    """The person has taken a move back."""


def play_game(
    name: str,
    *,
    against: Sequence[str] = (),
    seat: int | str = 0,
    seed: int | None = None,
    hints: bool = False,
    hint_from: str | None = None,
    reading: TextIO | None = None,
    writing: TextIO | None = None,
) -> dict[str, Any]:
    """Let a person play the game called `name`, and return what came of it.

    against: the agents' names, one for all other seats or one for each, in order of seat. seat: the person's, or
    `random`. seed: what chance and the agents draw from; drawn itself unless given. hints: show one at every move.
    hint_from: who gives them, the first opponent unless told. reading, writing: the dialogue, the standard streams
    unless given.

    Returns a JSON object: `game`, `seed`, `seat`, `seats` (who sat where), `ended` (finished, cut short, resigned,
    fault, quit, end of input or interrupted), `fault`, `moves` (those of players and chance; of an unfinished game what
    the person came to know), `returns` or null where it is not known, `again` and `repeat` (the commands for the other
    seat and for the same game).

    Raises:
        UserError: where there is no such game, agent or seat.
    """
    game = make(name)
    number = secrets.randbelow(2**32) if seed is None else seed
    own = _seat(seat, game, number)
    others = [place for place in range(game.spec.players) if place != own]
    names = dict(zip(others, _lineup(against, others, game), strict=True))
    if hints and not (hint_from or names):
        raise UserError("expected somebody to give hints but nobody else plays: name an agent with --hint-from")
    sitting = Sitting(name, game, own, names, number, tuple(against), hints, hint_from)
    with ExitStack() as stack:
        stack.callback(getattr(game, "close", lambda: None))
        company = Company(sitting, stack)
        return _Session(sitting, company, Dialogue(reading or sys.stdin or io.StringIO(), writing or sys.stdout)).run()


def _seat(seat: int | str, game: Game, seed: int) -> int:
    """Return the person's seat."""
    players = game.spec.players
    if seat == "random":
        bits = Draws.of(seed, "person", torch.zeros(1, dtype=torch.int64)).uniform()
        return int(bits[0] * players)
    text = str(seat)
    if not text.isdecimal() or len(text) > 9 or int(text) >= players:
        last = f"0 to {players - 1}" if players > 1 else "0"
        raise UserError(
            f"expected --seat to be {last}, or random, but got {shorten(repr(text))}: {shorten(game.spec.name)} has "
            f"{players} seat{'s' * (players > 1)}"
        )
    return int(text)


def _lineup(against: Sequence[str], others: Sequence[int], game: Game) -> list[str]:
    """Return the name of the agent in each of the other seats."""
    if len(against) == 1 and others:
        return list(against) * len(others)
    if len(against) != len(others):
        count = len(others)
        seats = f"{count} other seat{'s' * (count != 1)}"
        wanted = "give --against AGENT" + " once for all of them, or once for each" * (count > 1)
        raise UserError(
            f"expected an agent for the {seats} of {shorten(game.spec.name)} but {len(against)} were named: "
            f"{wanted if count else 'leave --against out'}"
        )
    return list(against)


class _Session:
    """One sitting: the table, and what the person at it has been shown."""

    def __init__(self, sitting: Sitting, company: Company, dialogue: Dialogue) -> None:
        self.sitting, self.company, self.dialogue = sitting, company, dialogue
        self.game, self.seat = sitting.game, sitting.seat
        self.table = Table(sitting.game, sitting.seed)
        name = parse(sitting.name)
        self.about = known()[name.target].about if name.kind == "own" else sitting.game.about
        self.decisions: list[Decision] = []
        self._shown = 0
        self._by_label: bool | None = None

    def run(self) -> dict[str, Any]:
        """Play to the end and return the result."""
        ended, broken = "finished", None
        try:
            self._welcome()
            while not self.table.over or self._reconsiders():
                self._go_on()
        except _Left as left:
            ended = left.how
        except Broken as fault:
            ended, broken = "fault", fault
        except KeyboardInterrupt:
            self.dialogue.say()
            ended = "finished" if self.table.over else "interrupted"
        if self.table.over and bool(self.table.now.state.truncated[0]):
            ended = "cut short"
        result = outcome(self.sitting, self.table, ended, broken)
        conclude(self.dialogue, self.sitting, self.table, result)
        return result

    def _welcome(self) -> None:
        about, others = self.about, self.sitting.names
        self.dialogue.tell(f"{shorten(self.game.spec.name)}: {about.summary}")
        self.dialogue.tell(about.rules)
        company = "".join(f"; seat {place} is {shorten(other)}" for place, other in others.items())
        self.dialogue.tell(f"\nYou have seat {self.seat}{company}.")
        if not self.game.spec.cloneable:
            self.dialogue.tell("You are shown what your seat sees. It is a live world: no move can be taken back.")
        elif hides(self.game):
            self.dialogue.tell("You are shown what your seat knows, and the rest when the game is over.")
        how = "by its name or number" if self.game.spec.discrete else "as a line of numbers"
        self.dialogue.tell(f"Type a move {how}. ? lists the moves, help tells the rest, quit leaves.")
        self._report()

    def _reconsiders(self) -> bool:
        """Show how the game ended, and let a person at a terminal take their last move back."""
        verdict(self.dialogue, self.sitting, self.table)
        if self.dialogue.typed and self._undoable():
            line = self.dialogue.ask("Press Enter to end, or type undo to take your last move back: ")
            try:
                if (line or "").casefold() == "undo":
                    self._undo()
            except _Undone:
                return True
        return False

    def _go_on(self) -> None:
        """Let everyone move who must."""
        now, choices = self.table.now, {}
        if self.seat in now.acting:
            try:
                choices[self.seat] = self._choose()
            except _Undone:
                return
        for seated in self.company.seated:
            if moving := [place for place in now.acting if place in seated.seats]:
                choices |= self._answer(seated, moving[0])
        if self.seat in choices:
            last = self.decisions.pop()
            self.decisions.append(Decision(last.observation, last.legal, choices[self.seat]))
        self.table.play(choices)
        self._report()

    def _answer(self, seated: Seated, seat: int) -> dict[int, Tensor]:
        try:
            with polled(self._patience(seated.name)):
                return seated.act(self.table)
        except Exception as error:
            if (sentence := charge(error)) is None:
                raise
            kind = error.kind if isinstance(error, Fault) else "illegal"
            raise Broken(seat, seated.name, kind, sentence) from error

    def _patience(self, name: str) -> Callable[[], None]:
        """Return what tells a person at a terminal now and then that the agent of that name is still thinking."""
        began = time.monotonic()
        due = began + _PATIENCE

        def look() -> None:
            nonlocal due
            if self.dialogue.typed and time.monotonic() >= due:
                spent = duration(time.monotonic() - began)
                self.dialogue.tell(f"{shorten(name)} is thinking, for {spent} by now; Ctrl-C ends the game.")
                due += _AGAIN

        return look

    def _choose(self) -> Tensor:
        """Show the person the position and return the action that they choose."""
        game, state = self.game, self.table.now.state
        seats = torch.tensor([self.seat], device=game.device)
        legal = game.legal(state, self.table.row, seats)
        self.decisions.append(Decision(game.observe(state, self.table.row, seats), legal))
        choice = menu(game, state, self.seat, legal[0].cpu(), by_label=self._by_label is not False)
        if self._by_label is None:
            self._by_label = labelled(choice)
        self.dialogue.say()
        self.dialogue.say(sight(game, state, self.seat))
        self.dialogue.say()
        self.dialogue.tell(choice.brief())
        if self.sitting.hints:
            self._hint(choice)
        while True:
            line = self.dialogue.ask("Your move: ")
            if line is None:
                raise _Left("end of input")
            if self._obey(line, choice):
                continue
            try:
                return choice.find(line).to(game.device)
            except Unclear as unclear:
                self.dialogue.tell(str(unclear))

    def _obey(self, line: str, choice: Menu) -> bool:
        """Do what a line commands; false where it is no command, and so a move."""
        word = line.casefold()
        if not word:
            self.dialogue.tell("Type a move, or ? for the moves there are.")
        elif word == "moves" or word.startswith("?"):
            self.dialogue.tell(choice.full("" if word == "moves" else line[1:].strip()))
        elif word == "help":
            self.dialogue.tell(f"{self.about.rules}\n{_HELP}")
        elif word == "hint":
            self._hint(choice)
        elif word == "undo":
            self._undo()
        elif word == "resign":
            raise _Left("resigned")
        elif word in ("quit", "exit", "q"):
            raise _Left("quit")
        else:
            return False
        return True

    def _undo(self) -> None:
        """Return to the person's last decision; raises `_Undone` where there is one."""
        if not self.game.spec.cloneable:
            self.dialogue.tell(
                "This is a live world, which cannot be copied, so no move can be taken back; --seed begins it again."
            )
            return
        mine = self._undoable()
        if not mine:
            self.dialogue.tell("You have made no move that could be taken back.")
            return
        before = self.table.past[mine[-1]]
        taken = next(event for event in self.table.events[before.events :] if event.seat == self.seat)
        self.table.take_back(mine[-1])
        del self.decisions[len(mine) - 1 :]  # they are asked anew
        self._shown = len(self.table.events)
        for seated in self.company.seated:
            seated.forget()
        self.dialogue.tell(f"Your {taken.name} is taken back, and what came after it.")
        raise _Undone

    def _undoable(self) -> list[int]:
        """Return the places of the positions in which the person has moved."""
        return [place for place, frame in enumerate(self.table.past) if self.seat in frame.acting]

    def _hint(self, choice: Menu) -> None:
        """Say what the adviser would do here."""
        title = self.company.adviser
        if title is None:
            self.dialogue.tell("Nobody is there to give hints: begin the game with --hint-from AGENT.")
            return
        try:
            with polled(self._patience(title)):
                found = self.company.advise(self.table, self.decisions)
        except Exception as error:
            if (sentence := charge(error)) is None:
                raise
            self.dialogue.tell(f"{shorten(title)} gives no hint: {sentence}")
            return
        if isinstance(found, dict):
            name = action_name(self.game, self.table.now.state, self.seat, found[self.seat])
            self.dialogue.tell(f"{shorten(title)} would play {name}.")
        elif isinstance(choice, Names):
            table = found.cpu()[list(choice.names)]
            self.dialogue.tell(f"{shorten(title)} would play {in_words(table, list(choice.names.values()))}.")

    def _report(self) -> None:
        """Tell what has happened since the person was last told, as far as their seat comes to know it."""
        for line in self.sitting.lines(self.table.events[self._shown :]):
            self.dialogue.tell(line)
        self._shown = len(self.table.events)
