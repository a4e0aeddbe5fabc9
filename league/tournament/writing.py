"""A tournament's games in forms that other tools read: a line or row a game, or PGN."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from arena.encounter import Result
from arena.ledger import Ledger
from arena.replay import replay
from games import make
from games.errors import UserError
from games.game import Game
from league.tournament.plan import Tournament

FORMATS = ("jsonl", "csv", "parquet", "pgn")


@dataclass(frozen=True)
class Played:
    """One recorded game: who sat where, what each seat earned (None where it does not count), and what was chosen.

    deal counts those of the encounter from 0; game is the number that its chance is drawn by.
    """

    encounter: int
    rotation: int
    deal: int
    game: int
    seats: list[str]
    returns: list[float | None]
    points: list[float]
    fault: dict[str, str] | None
    actions: NDArray[Any]

    def row(self) -> dict[str, Any]:
        """Return the game as a flat row; with two seats, `first,second,score` are what `redqueen rate` reads."""
        row: dict[str, Any] = {"encounter": self.encounter, "deal": self.deal, "rotation": self.rotation}
        row["game"] = self.game
        if len(self.seats) == 2:
            row |= {"first": self.seats[0], "second": self.seats[1], "score": self.points[0]}
        else:
            row |= {f"seat_{seat}": name for seat, name in enumerate(self.seats)}
        row |= {f"return_{seat}": value for seat, value in enumerate(self.returns)}
        fault = self.fault or {"agent": None, "kind": None}
        row |= {"fault_agent": fault["agent"], "fault_kind": fault["kind"]}
        return row | {"actions": " ".join(map(str, self.actions.ravel().tolist()))}

    def to_json(self) -> dict[str, Any]:
        """Return the game as a JSON object."""
        pair = {"first": self.seats[0], "second": self.seats[1], "score": self.points[0]}
        return {**(pair if len(self.seats) == 2 else {}), **vars(self), "actions": self.actions.tolist()}


def games_of(run: str) -> tuple[Tournament, Iterator[Played]]:
    """Return a tournament and its games, in the order in which they were recorded."""
    records = list(Ledger.read(run).records())
    state = Tournament(records)
    names = [agent["name"] for agent in state.agents]
    results = (Result.from_json(record.body) for record in records if record.kind == "encounter")
    return state, (game for number, result in enumerate(results) for game in _games(number, result, names))


def _games(number: int, result: Result, names: list[str]) -> Iterator[Played]:
    charges = {(charge.rotation, charge.deal): charge for charge in result.charges}
    lineup = [names[agent] for agent in result.encounter.lineup]
    points = result.points
    for rotation, deal, actions in result.games():
        charge = charges.get((rotation, deal))
        returns = np.roll(result.returns[rotation, deal], rotation).tolist()
        yield Played(
            encounter=number,
            rotation=rotation,
            deal=deal,
            game=result.encounter.first + deal,
            seats=np.roll(np.array(lineup, dtype=object), rotation).tolist(),
            returns=[None if np.isnan(value) else value for value in returns],
            points=np.roll(points[rotation, deal], rotation).tolist(),
            fault=None
            if charge is None
            else {"agent": lineup[charge.place], "kind": charge.kind, "message": charge.message},
            actions=actions,
        )


def write_games(run: str, format: str) -> bytes:
    """Return the file of a tournament's games in one of FORMATS."""
    state, games = games_of(run)
    writers: dict[str, Callable[[], bytes]] = {
        "jsonl": lambda: "".join(json.dumps(game.to_json()) + "\n" for game in games).encode(),
        "csv": lambda: _csv(games),
        "parquet": lambda: _parquet(games),
        "pgn": lambda: _pgn(state, games),
    }
    return writers[format]()


def _csv(games: Iterator[Played]) -> bytes:
    text = io.StringIO()
    writer: csv.DictWriter[str] | None = None
    for game in games:
        row = game.row()
        if writer is None:
            writer = csv.DictWriter(text, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    return text.getvalue().encode()


def _parquet(games: Iterator[Played]) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UserError("Parquet needs pyarrow: `pip install 'redqueen[parquet]'`, or use --format csv") from None
    file = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist([game.row() for game in games]), file)
    return file.getvalue()


def _pgn(state: Tournament, games: Iterator[Played]) -> bytes:
    """Write games in Portable Game Notation (Edwards, 1994), moves by the names that the game gives them.

    Chess's are its own, Standard Algebraic Notation; the tag Variant names any other game.
    """
    game = make(state.about["game"])
    if game.spec.players != 2 or not game.spec.perfect_information or not game.spec.discrete:
        raise UserError(
            f"PGN is for games of two who see everything, and {game.spec.name} is none: use --format jsonl or csv"
        )
    return "\n".join(_pgn_game(state, game, played) for played in games).encode()


def _pgn_game(state: Tournament, game: Game, played: Played) -> str:
    result = {1.0: "1-0", 0.5: "1/2-1/2", 0.0: "0-1"}.get(played.points[0], "*")
    tags = {
        "Event": f"Red Queen {state.about['format']}",
        "Site": "?",
        "Date": "????.??.??",
        "Round": f"{played.encounter + 1}.{played.deal + 1}.{played.rotation + 1}",
        "White": played.seats[0],
        "Black": played.seats[1],
        "Result": result,
    }
    if game.spec.name != "open_spiel:chess":
        tags["Variant"] = game.spec.name
    if played.fault is not None:
        tags["Termination"] = f"{played.fault['kind']} by {played.fault['agent']}"
    escaped = {key: value.replace("\\", "\\\\").replace('"', '\\"') for key, value in tags.items()}
    words = []
    steps = replay(game, played.actions, seed=state.about["seed"], deal=played.game)
    moves = [
        game.move_name(step.state, 0, seat, int(action)).replace(" ", "_")
        for step in steps
        for seat, action in zip(step.seats, step.actions, strict=True)
    ]
    for number, move in enumerate(moves):
        words += [f"{number // 2 + 1}. {move}" if number % 2 == 0 else move]
    lines, line = [], ""
    for word in [*words, result]:
        if len(line) + len(word) > 79:
            lines, line = [*lines, line], ""
        line = f"{line} {word}".strip()
    head = "\n".join(f'[{key} "{value}"]' for key, value in escaped.items())
    return f"{head}\n\n" + "\n".join([*lines, line]) + "\n"
