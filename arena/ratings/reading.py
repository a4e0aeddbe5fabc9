"""Files of anyone's results: CSV, JSON Lines and PGN."""

import json
from pathlib import Path

from arena.ratings.csv_rows import read_csv
from arena.ratings.pgn import read_pgn
from arena.ratings.rows import COUNTED, PLAYERS, Collector, Rows, as_count, as_name, as_score, refuse
from games.errors import UserError

_BY_SUFFIX = {".csv": read_csv, ".pgn": read_pgn}
_JSON_LINES = (".jsonl", ".ndjson", ".json")


def read_rows(path: str | Path) -> Rows:
    """Return the rows of a file of results, in their order.

    By its suffix: `.csv`, `.jsonl` (or `.ndjson`, `.json`) and `.pgn`; any other file is looked into. CSV has a header
    with the columns `first,second,score` (1, 0.5 or 0 for first) or `first,second,wins,draws,losses`; JSON Lines has
    objects with the same keys; PGN has the tags White, Black and Result.

    Raises `UserError` for what cannot be read, with the file and the line, what was expected and what came.
    """
    place = Path(path)
    if place.is_dir():
        raise UserError(f"{place} is a folder: expected a file of results in CSV, JSON Lines or PGN")
    data = place.read_bytes()
    suffix = place.suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix](data, str(path))
    if suffix in _JSON_LINES or data.lstrip()[:1] == b"{":
        return read_json_lines(data, str(path))
    return (read_pgn if data.lstrip()[:1] == b"[" else read_csv)(data, str(path))


def read_json_lines(data: bytes, source: str) -> Rows:
    """Return the rows of JSON Lines, one object a line; raises `UserError` naming `source` and the line."""
    collector, empty = Collector(), True
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        empty, where = False, f"{source}, line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise refuse(where, "one JSON object", f"what is no JSON ({error})", "correct it") from None
        counted = isinstance(row, dict) and all(key in row for key in COUNTED)
        if not isinstance(row, dict) or not all(key in row for key in PLAYERS) or not (counted or "score" in row):
            came = repr(line.strip().decode(errors="replace"))
            keys = "the keys first, second and score, or first, second, wins, draws and losses"
            raise refuse(where, f"an object with {keys}", came, "name them so")
        first, second = (as_name(row[key], key, where) for key in PLAYERS)
        if counted:
            wins, draws, losses = (as_count(row[key], key, where) for key in COUNTED)
            collector.add(first, second, (wins, draws, losses))
        else:
            collector.add(first, second, as_score(row["score"], where))
    if empty:
        raise UserError(f"{source} is empty: expected an object with first, second and score a line")
    return collector.rows()
