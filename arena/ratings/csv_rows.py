"""Results from CSV: a million plain rows at once, and any others one by one."""

import csv
import io
from collections.abc import Callable

import numpy as np

from arena.ratings.rows import (
    COUNTED,
    PLAYERS,
    SINGLE,
    Collector,
    Rows,
    as_count,
    as_name,
    as_score,
    refuse,
)
from arena.ratings.scale import Counts
from games.errors import UserError

_WIDEST = 64
"""Bytes of a field up to which rows are read at once."""

_BLOCK = 1 << 14
_MASKS = np.array([(1 << 8 * k) - 1 for k in range(9)], dtype=np.uint64)
"""What keeps the first 0 to 8 bytes of a little-endian word."""

_Words = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]


def read_csv(data: bytes, source: str) -> Rows:
    """Return the rows of a CSV file with a header: columns `first,second,score` or `first,second,wins,draws,losses`.

    In any order; others are ignored. Raises `UserError` naming `source` and the line of what is wrong.
    """
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        came = f"byte {data[error.start]:#04x}"
        raise refuse(f"{source}, line {line}", "text in UTF-8", came, "save it so") from None
    rows = _at_once(data)
    return rows if rows is not None else _one_by_one(data.decode(), source)


def _columns(header: list[str], source: str) -> tuple[list[int], bool]:
    """Return where the players' columns and then the results' are, and whether those are counts."""
    names = [name.strip().lower() for name in header]
    for wanted in (COUNTED, SINGLE):
        if set(PLAYERS + wanted) <= set(names) and all(names.count(name) == 1 for name in PLAYERS + wanted):
            return [names.index(name) for name in PLAYERS + wanted], wanted is COUNTED
    raise refuse(
        f"{source}, line 1",
        "a header with the columns first,second,score or first,second,wins,draws,losses",
        repr(",".join(header)),
        "name the columns so",
    )


def _one_by_one(text: str, source: str) -> Rows:
    """Read whatever CSV there is, and say where it is wrong."""
    reader, collector = csv.reader(io.StringIO(text, newline=""), strict=True), Collector()
    columns, counted, width = None, False, 0
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise refuse(f"{source}, line {line}", "comma-separated values", str(error), "correct it") from None
        where = f"{source}, line {line}"
        if not any(field.strip() for field in row):
            continue
        if columns is None:
            (columns, counted), width = _columns(row, source), len(row)
            continue
        if len(row) != width:
            raise refuse(where, f"{width} columns as in the header", f"{len(row)}: {','.join(row)!r}", "correct it")
        first, second, *values = (row[column] for column in columns)
        names = as_name(first, "first", where), as_name(second, "second", where)
        if counted:
            wins, draws, losses = (as_count(value, what, where) for value, what in zip(values, COUNTED, strict=True))
            collector.add(*names, (wins, draws, losses))
        else:
            collector.add(*names, as_score(values[0].strip(), where))
    if columns is None:
        raise UserError(f"{source} is empty: expected a header such as first,second,score and rows below it")
    return collector.rows()


def _at_once(data: bytes) -> Rows | None:
    """Read plain rows, all together; None where anything is out of the ordinary, for the slow reader to look at.

    Plain: no quotes nor zero bytes, as many commas in every line, no empty line, and names of a moderate length.
    """
    if b'"' in data or b"\0" in data:
        return None
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
        if b"\r" in data:
            return None
    header, _, body = data.partition(b"\n")
    if not body:
        return None
    try:
        columns, counted = _columns(header.decode().split(","), "")
    except UserError:
        return None
    padded = np.frombuffer(body + b"\n" * (not body.endswith(b"\n")) + bytes(8), dtype=np.uint8)
    ends = np.flatnonzero(padded == ord("\n"))
    commas, width = np.flatnonzero(padded == ord(",")), header.count(b",")
    if width == 0 or len(commas) != len(ends) * width:
        return None
    commas = commas.reshape(-1, width)
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (commas[:, 0] < starts).any() or (commas[:, -1] > ends).any():
        return None
    edges = np.column_stack([starts - 1, commas, ends])
    fields = [(edges[:, column] + 1, edges[:, column + 1]) for column in columns]
    g = len(ends)
    names = _distinct(padded, *(np.concatenate(part) for part in zip(*fields[:2], strict=True)))
    values = [_distinct(padded, *field) for field in fields[2:]]
    if names is None or any(value is None for value in values):
        return None
    try:
        texts, places = _named(*names)
        if counted:
            read = [
                _looked_up(value, lambda text, what=what: as_count(text, what, ""))
                for value, what in zip(values, COUNTED, strict=True)
            ]
            counts = [column[:, 0] for column in read]
        else:
            counts = list(_looked_up(values[0], lambda text: as_score(text, "")).T)
    except UserError:
        return None
    wins, draws, losses = (np.ascontiguousarray(column) for column in counts)
    return Rows(texts, places[:g], places[g:], wins, draws, losses)


def _distinct(data: np.ndarray, starts: Counts, ends: Counts) -> tuple[list[str], Counts] | None:
    """Return the distinct fields, and which of them each field `[g]` is; None where one is too long.

    Fields are told apart by hashes of their words of eight bytes; equal hashes of different fields give None.
    """
    lengths = ends - starts
    longest = int(lengths.max(initial=0))
    if longest > _WIDEST:
        return None
    every = np.ndarray((len(data) - 7,), dtype="<u8", buffer=data, strides=(1,))
    words = np.empty((max(-(-longest // 8), 1), len(starts)), dtype=np.uint64)
    for begin in range(0, len(starts), _BLOCK):  # a block's arrays stay in the cache
        block = slice(begin, begin + _BLOCK)
        for k, word in enumerate(words):
            inside = _MASKS[np.minimum(np.maximum(lengths[block] - 8 * k, 0), 8)]
            word[block] = every[np.minimum(starts[block] + 8 * k, len(every) - 1)] & inside
    keys = words[0]
    for word in words[1:]:
        keys = (keys ^ (keys >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15) ^ word
    codes, one_of_each = _codes(keys)
    if len(words) > 1 and any((word != word[one_of_each][codes]).any() for word in words):
        return None
    texts = [bytes(data[starts[k] : ends[k]]).decode() for k in one_of_each]
    return texts, codes


def _codes(keys: _Words) -> tuple[Counts, Counts]:
    """Return a number from 0 up for each of the `keys [g]`, and where a key of each number is.

    A table indexed by a hash; a sort where its places do not suffice.
    """
    bits = 20
    for factor in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93):
        slots = ((keys * np.uint64(factor)) >> np.uint64(64 - bits)).astype(np.int64)
        where = np.full(1 << bits, -1, dtype=np.int64)
        where[slots] = np.arange(len(keys))  # the last key of a slot stays
        if (keys[where[slots]] == keys).all():
            taken = np.flatnonzero(where >= 0)
            number = np.empty(1 << bits, dtype=np.int64)
            number[taken] = np.arange(len(taken))
            return number[slots], where[taken]
    _, one_of_each, codes = np.unique(keys, return_index=True, return_inverse=True)
    return codes, one_of_each


def _named(texts: list[str], codes: Counts) -> tuple[tuple[str, ...], Counts]:
    """Return the names without spaces around them, in order of appearance, and each field's place among them."""
    stripped = [as_name(text, "", "") for text in texts]
    place = {name: k for k, name in enumerate(dict.fromkeys(stripped))}
    merged = np.array([place[name] for name in stripped], dtype=np.int64)[codes] if texts else codes
    half = len(merged) // 2
    appears = np.full(len(place), len(merged), dtype=np.int64)
    order = np.arange(half)[::-1]
    appears[merged[half:][order]] = 2 * order + 1
    mine = np.full(len(place), len(merged), dtype=np.int64)
    mine[merged[:half][order]] = 2 * order
    ranks = np.argsort(np.minimum(appears, mine), kind="stable")
    number = np.empty_like(ranks)
    number[ranks] = np.arange(len(ranks))
    known = list(place)
    return tuple(known[k] for k in ranks), number[merged]


def _looked_up(field: tuple[list[str], Counts] | None, read: Callable[[str], int | tuple[int, ...]]) -> Counts:
    """Return what every field reads as `[g, ...]`."""
    assert field is not None
    texts, codes = field
    return np.array([np.atleast_1d(read(text.strip())) for text in texts], dtype=np.int64)[codes]
