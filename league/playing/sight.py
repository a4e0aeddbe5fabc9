"""What a seat may see of a game: never more than the seat knows, whoever looks over its shoulder.

Where seats know all there is, that is the game's own drawing. Where something is hidden, only what
`Game.information_state` tells is shown, in plainer words for our own games; of a live world, the seat's observation.
"""

import re
from collections.abc import Callable

import numpy as np
import torch

from games.boards.phantom_tic_tac_toe import PhantomTicTacToe
from games.cards.goofspiel import HiddenGoofspiel
from games.cards.kuhn_poker import KuhnPoker
from games.cards.leduc_poker import LeducPoker
from games.cards.liars_dice import LiarsDice
from games.draws import Draws
from games.game import Game, State
from games.matrices.matrix import MatrixGame
from games.matrices.repeated_game import RepeatedGame

_ROUNDS = 10
"""How many of the latest rounds of a repeated game are shown."""

_NUMBERS, _PLANES = 100, 8
"""An observation of more numbers is not listed; one of so many planes at most is shown as a board."""

_CHESS = re.compile(r"[pnbrqkPNBRQK1-8]+(/[pnbrqkPNBRQK1-8]+){7} [wb] ")

_OPEN_WORLDS = ("chess", "connect_four", "go", "tictactoe")
"""PettingZoo's classic games in which nothing is hidden: no description of PettingZoo's says so."""


def hides(game: Game) -> bool:
    """Return whether a seat may know less than the drawing shows."""
    if isinstance(game, RepeatedGame):
        return game.noise > 0
    return not (game.spec.perfect_information or isinstance(game, MatrixGame))


def tells(game: Game, actor: int, seat: int) -> bool:
    """Return whether `seat` comes to know every choice of `actor`, a seat or, as the last one, chance.

    Of a game that is not ours, and hides something, only the seat's own choices are surely known to it.
    """
    if actor == seat or not hides(game):
        return True
    chance = actor == game.spec.players
    if isinstance(game, KuhnPoker | LeducPoker | LiarsDice):
        return not chance
    if isinstance(game, HiddenGoofspiel | RepeatedGame):
        return chance
    return not game.spec.cloneable and _world(game) in _OPEN_WORLDS


def sight(game: Game, state: State, seat: int) -> str:
    """Return what `seat` sees in the only row of `state`, where it is to move."""
    if not game.spec.cloneable:
        return _live(game, state, seat)
    if not hides(game):
        return _labelled(game, game.draw(state, 0)) + _payments(game, state)
    known = game.information_state(state, 0, seat)
    for kind, say in _WORDS.items():
        if isinstance(game, kind):
            return say(known)
    if isinstance(game, RepeatedGame):
        return _trembling(game, known)
    return known.strip() or "(You know nothing yet.)"


def whole(game: Game, state: State) -> str:
    """Return all of a position, for when the game is over; "" of a live world that shows none of itself."""
    if not game.spec.cloneable and "ansi" not in game.spec.name:
        return ""
    drawing = game.draw(state, 0).rstrip()
    return drawing if hides(game) else _labelled(game, drawing)


def _labelled(game: Game, drawing: str) -> str:
    """Write into a board, or beside it, how its cells or columns are called."""
    if _CHESS.match(drawing):
        return _chessboard(drawing)
    lines = drawing.split("\n")
    cells = [line.split() for line in lines]
    height, widths = len(lines), {len(line) for line in lines}
    if len(widths) == 1 and height > 1:
        (width,) = widths
        if height * width == game.spec.actions <= 10:
            return _numbered(drawing)
        if width == game.spec.actions <= 10:
            return "\n".join([*lines, "".join(map(str, range(width)))])
    width = len(cells[0])
    if all(len(row) == width and {len(cell) for cell in row} == {1} for row in cells) and 1 < width <= 26:
        letters = "".join(map(chr, range(ord("a"), ord("a") + width)))
        if height * width == game.spec.actions and game.action_name(0, width) == "a2":
            return "\n".join(
                [f"   {' '.join(letters)}", *(f"{n:2} {line}".rstrip() for n, line in enumerate(lines, 1))]
            )
    return drawing


def _chessboard(text: str) -> str:
    """Draw a position in Forsyth-Edwards Notation, which stays below it."""
    ranks = text.split(" ", 1)[0].split("/")
    squares = [re.sub(r"\d", lambda match: "." * int(match[0]), rank) for rank in ranks]
    rows = [f"{8 - line} {' '.join(rank)}" for line, rank in enumerate(squares)]
    return "\n".join([*rows, "  a b c d e f g h", text])


def _numbered(board: str) -> str:
    """Write into every empty cell its number; with one sign a cell, `"x.."` becomes `"x 1 2"`."""
    lines = board.split("\n")
    width = len(lines[0])
    return "\n".join(
        " ".join(str(y * width + x) if cell == "." else cell for x, cell in enumerate(line))
        for y, line in enumerate(lines)
    )


def _payments(game: Game, state: State) -> str:
    """Say how to read a table of payoffs, where there is one."""
    stage = game.stage if isinstance(game, RepeatedGame) else game
    begun = isinstance(game, RepeatedGame) and bool(state.rounds[0])  # pyright: ignore[reportAttributeAccessIssue]
    if not isinstance(stage, MatrixGame) or begun or stage.spec.players != 2:
        return ""
    return "\nA line is a move of seat 0, a column one of seat 1; each pair is what seat 0 and seat 1 are paid."


def _kuhn(known: str) -> str:
    card, betting = known[0], known[1:]
    moves = ", ".join({"p": "Pass", "b": "Bet"}[letter] for letter in betting)
    return (
        f"Your card: {'JQK'[int(card)]}, of J, Q and K.\nBetting: {moves or 'none yet'}. Pot: {2 + betting.count('b')}."
    )


def _leduc(known: str) -> str:
    told = dict(re.findall(r"\[(\w+): ?([^]]*)\]", known))
    names = {"0": "Fold", "1": "Call", "2": "Raise"}
    rounds = [", ".join(names[digit] for digit in told[key].split()) or "none yet" for key in ("Round1", "Round2")]
    public = told.get("Public")
    lines = [f"Your card: {_leduc_card(told['Private'])}. Public card: {_leduc_card(public) if public else 'not yet'}."]
    lines.append(f"Betting in round 1: {rounds[0]}." + f" In round 2: {rounds[1]}." * (public is not None))
    return "\n".join([*lines, f"Pot: {told['Pot']}."])


def _leduc_card(number: str) -> str:
    return f"{'JQK'[int(number) // 2]}{'12'[int(number) % 2]}"


def _liars_dice(known: str) -> str:
    dice, *bids = known.split()
    return f"Your dice: {' '.join(dice)}.\nBids: {', '.join(bids) or 'none yet'}."


def _hidden_goofspiel(known: str) -> str:
    told = dict(line.split(":", 1) for line in known.splitlines() if ":" in line)
    hand = next(value for key, value in told.items() if key.endswith("hand"))
    prizes, winners, points = (told[key].split() for key in ("Point card sequence", "Win sequence", "Points"))
    rounds = zip(prizes, winners, strict=False)
    won = ", ".join(f"{prize} by {'nobody' if int(seat) < 0 else f'seat {seat}'}" for prize, seat in rounds)
    return (
        f"Prize at hand: {prizes[-1]}. Won before: {won or 'nothing yet'}.\n"
        f"Points: seat 0 has {points[0]}, seat 1 has {points[1]}.\nYour hand: {hand.strip()}."
    )


def _phantom(known: str) -> str:
    board, tries = known.rsplit("\n", 1)
    cells = ", ".join(attempt.split(",")[1] for attempt in tries.split())
    return f"{_numbered(board)}\nThis is what you know of the board. Cells that you have tried: {cells or 'none yet'}."


_WORDS: dict[type[Game], Callable[[str], str]] = {
    KuhnPoker: _kuhn,
    LeducPoker: _leduc,
    LiarsDice: _liars_dice,
    HiddenGoofspiel: _hidden_goofspiel,
    PhantomTicTacToe: _phantom,
}
"""What makes plainer words of an information state: a function of that alone, so that nothing else can be told."""


def _trembling(game: RepeatedGame, known: str) -> str:
    """Show the rounds of a game in which hands may slip: what was played, and what the seat itself chose."""
    rounds = [part.strip() for part in known.split(";") if part.strip()]
    if not rounds:
        start = game.stage.reset(Draws.of(0, "picture", torch.arange(1, device=game.device)))
        return game.stage.draw(start, 0) + _payments(game.stage, start)
    shown = list(enumerate(rounds, 1))[-_ROUNDS:]
    return "\n".join([*(f"round {number}: {played}" for number, played in shown), "(in brackets what you chose)"])


def _live(game: Game, state: State, seat: int) -> str:
    """Show a seat's observation; a text of the environment's own only where nothing in it can be hidden."""
    if _world(game) in _OPEN_WORLDS and "ansi" in game.spec.name:
        return game.draw(state, 0).rstrip()
    row = torch.zeros(1, dtype=torch.int64)
    seen = game.observe(state, row, row + seat)[0].cpu().numpy()
    if seen.ndim == 3 and (board := _planes(seen)):
        return board
    if seen.size > _NUMBERS:
        return f"You see {' x '.join(map(str, seen.shape))} numbers, too many to show."
    return f"You see {np.array2string(seen, precision=3, suppress_small=True)}"


def _planes(seen: np.ndarray) -> str:
    """Show planes of ones and zeros as a board, each cell as the number of its plane; "" where they are not such."""
    if seen.shape[0] > seen.shape[2]:
        seen = np.moveaxis(seen, 2, 0)
    count, height, width = seen.shape
    whole = np.isin(seen, (0, 1)).all() and (seen.sum(0) <= 1).all()
    if not whole or not 1 < count <= _PLANES or min(height, width) < 2:
        return ""
    cells = (seen * np.arange(1, count + 1)[:, None, None]).sum(0).astype(int)
    board = "\n".join(" ".join(str(cell) if cell else "." for cell in line) for line in cells.tolist())
    return f"{board}\nA number is the plane of your observation that holds the cell; the first is often your own."


def _world(game: Game) -> str:
    """Return the bare name of one of PettingZoo's classic games, or "" of anything else."""
    match = re.match(r"pettingzoo:(?:classic/)?(\w+)_v\d+", game.spec.name.replace("-v", "_v"))
    return match[1] if match else ""
