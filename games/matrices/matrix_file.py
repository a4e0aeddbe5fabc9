"""Games in normal form whose payoffs stand in a file."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from games.about import About
from games.entry import Entry
from games.errors import GameError
from games.matrices.matrix import NOTHING_TO_SEE, MatrixGame
from games.names import Name, shorten

_TABLES = Path(__file__).parent / "tables"
"""The files that come with the package."""


def matrix_file(*, path: str, digest: str | None = None, device: torch.device | str = "cpu") -> MatrixGame:
    """Return the game whose payoffs stand in a file.

    path: a csv file, `[A1, A2]`, what the row seat is paid in a zero-sum game; or a npy or json file, `[A1, A2]` or
        `[A1, ..., AP, P]`. A name that is no file here is looked for among those that come with the package.
    digest: the file's BLAKE2b hash of eight bytes in hexadecimal digits, which the game's own name holds, so that the
        name makes the same game again or none.

    Raises `GameError` when the file cannot be read, holds no table, or is not the one with this digest.
    """
    if not isinstance(path, str):
        raise GameError(f"expected path to be text but got {shorten(repr(path))}; write path='payoffs.csv'")
    place, content = _read(path)
    found = hashlib.blake2b(content, digest_size=8).hexdigest()
    if digest is not None and digest != found:
        raise GameError(
            f"expected {place} to have the digest {shorten(repr(digest))} but it has {found!r}: the file has "
            "changed; bring the old one back, or leave the digest out"
        )
    payoffs = _READERS[Path(path).suffix.lower()](place, content)
    try:
        return MatrixGame(
            payoffs, name=str(Name("matrix_file", arguments={"digest": found, "path": path})), device=device
        )
    except GameError as error:
        raise GameError(f"{place} holds no game: {error}") from None


def _read(path: str) -> tuple[str, bytes]:
    """Return how to call a file, and what stands in it."""
    place = shorten(repr(path))
    if Path(path).suffix.lower() not in _READERS:
        raise GameError(f"expected a file that ends in {', '.join(_READERS)} but got {place}; save the payoffs as one")
    try:
        file = Path(path).expanduser()
        if not file.exists() and file.name == path:
            file = _TABLES / path if (_TABLES / path).exists() else file
        return place, file.read_bytes()
    except (OSError, RuntimeError, ValueError) as cause:  # the latter two for an unknown ~user and a zero byte
        why = getattr(cause, "strerror", None) or cause
        raise GameError(
            f"expected a file of payoffs at {place} but reading it failed ({why}); "
            "check the path, which starts at the current folder"
        ) from None


def _from_csv(place: str, content: bytes) -> np.ndarray:
    lines = csv.reader(io.StringIO(_text(place, content)), skipinitialspace=True)
    table: list[list[float]] = []
    try:
        for words in lines:
            if words:
                table.append([_entry(place, lines.line_num, words, column) for column in range(len(words))])
                if len(words) != len(table[0]):
                    raise GameError(
                        f"expected line {lines.line_num} of {place} to hold {len(table[0])} numbers like those before "
                        f"but it holds {len(words)}; make the lines equally long"
                    )
    except csv.Error as cause:
        raise GameError(f"expected numbers between commas in {place} but {cause}; correct the file") from None
    if not table:
        raise GameError(f"expected numbers between commas in {place} but it is empty; write a line for each row")
    return np.array(table)


def _entry(place: str, line: int, words: list[str], column: int) -> float:
    try:
        return float(words[column])
    except ValueError:
        raise GameError(
            f"expected numbers between commas in {place} but line {line} has {shorten(repr(words[column]))} in column "
            f"{column + 1}; leave headings and names out"
        ) from None


def _from_json(place: str, content: bytes) -> np.ndarray:
    try:
        table = np.array(json.loads(_text(place, content)))
    except json.JSONDecodeError as cause:
        raise GameError(
            f"expected lists of numbers in {place} but line {cause.lineno} is not JSON ({cause.msg}); correct the file"
        ) from None
    except (ValueError, RecursionError, OverflowError):
        raise GameError(
            f"expected lists of numbers in {place}, those of one depth equally long, but they are not; correct the file"
        ) from None
    return _numbers(place, table)


def _from_npy(place: str, content: bytes) -> np.ndarray:
    try:
        table = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except Exception:  # a damaged header raises whatever its parts do
        raise GameError(
            f"expected an array of numbers in {place} but it is not one that numpy.save wrote; save it again"
        ) from None
    return _numbers(place, table)


def _numbers(place: str, table: np.ndarray) -> np.ndarray:
    if table.dtype.kind not in "iuf":
        raise GameError(
            f"expected numbers in {place} but its entries are of type {shorten(str(table.dtype))}; store real numbers"
        )
    return table


def _text(place: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise GameError(f"expected text in {place} but byte {cause.start} is not UTF-8; save it as UTF-8") from None


_READERS: dict[str, Callable[[str, bytes], np.ndarray]] = {".csv": _from_csv, ".npy": _from_npy, ".json": _from_json}

GAMES = {
    "matrix_file": Entry(
        factory=matrix_file,
        example="matrix_file(path='shapleys_game.json')",
        about=About(
            summary="one simultaneous move, paid by a table in a file",
            rules="The file at `path` is csv: what the row seat of a zero-sum game is paid, a line a row; or npy or "
            "json: [A1, A2] likewise, or [A1, ..., AP, P] for any game of P seats. shapleys_game.json comes with the "
            "package. The game's name holds a digest of the file, and makes the same game again or, where the file has "
            "changed, none.",
            observation=NOTHING_TO_SEE,
            actions="the row, the column, ... of the table",
            known="every game of this kind has an equilibrium in mixed strategies; the only one of Shapley's game "
            "plays each action with probability 1/3, at 1/3 each, and fictitious play goes round it for ever",
            sources=(
                'L. S. Shapley, "Some topics in two-person games", Advances in Game Theory, 1964',
                "shapleys_game.json agrees with OpenSpiel's matrix_shapleys_game",
            ),
        ),
    )
}
