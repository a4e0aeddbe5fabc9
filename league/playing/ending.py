"""How a game ended: for a program, and in words."""

import math
from typing import Any

from games.game import GameSpec
from league.playing.dialogue import Dialogue
from league.playing.sight import whole
from league.playing.sitting import Sitting
from league.playing.table import Event, Table

_LEFT = {
    "quit": "You left the game, which is not over.",
    "end of input": "There is nothing more to read, so the game ends here; it is not over.",
    "interrupted": "Interrupted; the game is not over.",
}


_SHORT = 24
"""A longer name of an agent is not repeated at every move."""


class Broken(Exception):
    """The agent called `name` in `seat` broke a rule: `kind` is a word for it, `sentence` says how."""

    def __init__(self, seat: int, name: str, kind: str, sentence: str) -> None:
        super().__init__(seat, name, kind, sentence)
        self.seat, self.name, self.kind, self.sentence = seat, name, kind, sentence


def outcome(sitting: Sitting, table: Table, ended: str, broken: Broken | None) -> dict[str, Any]:
    """Return the result as a JSON object: see `play_game`."""
    spec, over = sitting.game.spec, ended in ("finished", "cut short")
    returns: list[float | None] | None = table.now.paid[0].tolist() if over else None
    if broken is not None or ended == "resigned":
        returns = given_up(spec, sitting.seat if broken is None else broken.seat)
    known = [event for event in table.events if over or sitting.knows(event)]
    following = (sitting.seat + 1) % spec.players
    return {
        "game": spec.name,
        "seed": sitting.seed,
        "seat": sitting.seat,
        "seats": [sitting.names.get(seat, "you") for seat in range(spec.players)],
        "ended": ended,
        "fault": None
        if broken is None
        else {"seat": broken.seat, "agent": broken.name, "kind": broken.kind, "message": broken.sentence},
        "moves": [_move(event, spec) for event in known],
        "returns": returns,
        "again": sitting.command(seat=following),
        "repeat": sitting.command(seat=sitting.seat, seed=sitting.seed),
    }


def given_up(spec: GameSpec, seat: int) -> list[float | None]:
    """Return what a game pays that `seat` gave up or lost by a fault, as in a tournament.

    That seat is paid the least there is. The others share what it lost in a zero-sum game, and elsewhere None is known.
    """
    least = spec.utility[0] if math.isfinite(spec.utility[0]) else None
    share = -least / (spec.players - 1) if least is not None and spec.zero_sum and spec.players > 1 else None
    return [least if place == seat else share for place in range(spec.players)]


def verdict(dialogue: Dialogue, sitting: Sitting, table: Table) -> None:
    """Show how a game stood when it was over, and what it paid."""
    if drawing := whole(sitting.game, table.now.state):
        dialogue.say(f"\n{drawing}")
    cut = "The game was cut short. " if bool(table.now.state.truncated[0]) else ""
    dialogue.tell("\n" + cut + _paid(sitting, table.now.paid[0].tolist()))


def conclude(dialogue: Dialogue, sitting: Sitting, table: Table, result: dict[str, Any]) -> None:
    """Say why a game ended that is not over, what was played, and how to play again."""
    ended, fault = result["ended"], result["fault"]
    over = ended in ("finished", "cut short")
    if fault is not None:
        won = "you win" if sitting.game.spec.players == 2 else f"the game is lost to seat {fault['seat']}"
        dialogue.tell(f"\n{sitting.who(fault['seat'])} broke the rules, so {won}: {fault['message']}.")
    elif ended == "resigned":
        dialogue.tell("\nYou resigned: the game is lost.")
    elif not over:
        dialogue.tell(f"\n{_LEFT[ended]}")
    if result["moves"]:
        dialogue.say("\nThe game:" if over else "\nThe game so far, as your seat knows it:")
        for line in _history(sitting, table.events, dialogue.width, complete=over):
            dialogue.say(line)
    other = " in the next seat" if sitting.game.spec.players > 1 else ""
    dialogue.say(f"\nTo play again{other}:\n  {result['again']}")
    dialogue.say(f"To play this very game again:\n  {result['repeat']}")


def _paid(sitting: Sitting, returns: list[float]) -> str:
    own, spec = returns[sitting.seat], sitting.game.spec
    if spec.zero_sum and spec.players == 2:
        if own == 0:
            return "It is a draw."
        return f"You {'won' if own > 0 else 'lost'} {abs(own):g}."
    others = [f"{sitting.who(seat)}: {paid:g}" for seat, paid in enumerate(returns) if seat != sitting.seat]
    return "; ".join([f"You were paid {own:g}", *others]) + "."


def _history(sitting: Sitting, events: list[Event], width: int, *, complete: bool) -> list[str]:
    """Return all moves, those chosen at once together, on lines of that width."""
    steps: dict[int, list[str]] = {}
    for event in events:
        if complete or sitting.knows(event):
            steps.setdefault(event.step, []).append(f"{_short(sitting, event.seat)} {event.name}")
    lines: list[str] = []
    for number, moves in enumerate(steps.values(), 1):
        entry = f"{number}. {', '.join(moves)}"
        if lines and len(lines[-1]) + len(entry) + 2 <= width:
            lines[-1] += f"; {entry}"
        else:
            lines.append(entry)
    return lines


def _short(sitting: Sitting, seat: int) -> str:
    if seat == sitting.seat:
        return "you"
    if seat == sitting.game.spec.players:
        return "chance"
    name = sitting.names[seat]
    return f"seat {seat}" if len(sitting.names) > 1 or len(name) > _SHORT else name


def _move(event: Event, spec: GameSpec) -> dict[str, Any]:
    seat = "chance" if event.seat == spec.players else event.seat
    return {"step": event.step, "seat": seat, "action": event.action.tolist(), "name": event.name}
