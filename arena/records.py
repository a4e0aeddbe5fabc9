"""Records and the chain that binds them: each digest covers the record and all before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from arena.folder import LedgerError

EMPTY = "0" * 64
"""The digest of no records."""


class Entry(NamedTuple):
    """What is to be recorded: `body` enters the digest, `note` does not. Both are JSON objects."""

    kind: str
    body: Mapping[str, Any]
    note: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Record:
    """An entry as it stands in the ledger: `seq` counts from 1, `digest` is 64 hex digits."""

    seq: int
    kind: str
    body: dict[str, Any]
    note: dict[str, Any]
    digest: str


class Row(NamedTuple):
    """A record as it is stored: `body` and `note` in canonical JSON, `guard` a checksum over digest and note."""

    seq: int
    kind: str
    body: str
    note: str
    digest: str
    guard: str

    def record(self) -> Record:
        """Return the record that the row stores; its body and note are the caller's own."""
        return Record(self.seq, self.kind, json.loads(self.body), json.loads(self.note), self.digest)


def chain(entries: Iterable[Entry], last: Row | None) -> list[Row]:
    """Return the rows that record `entries` after the row `last`.

    Raises `LedgerError` where a number is NaN or infinite.
    """
    rows = []
    seq, digest = (last.seq, last.digest) if last else (0, EMPTY)
    for kind, body, note in entries:
        seq += 1
        body_text, note_text = _canonical(body, kind), _canonical(note, kind)
        digest = _digest(digest, seq, kind, body_text)
        rows.append(Row(seq, kind, body_text, note_text, digest, _guard(digest, note_text)))
    return rows


def verified(rows: Iterable[tuple[Any, ...]], source: str) -> list[Row]:
    """Return the stored `rows`; raises `LedgerError` that names `source` where one is missing or was changed."""
    checked: list[Row] = []
    digest = EMPTY
    for seq, row in enumerate(map(Row._make, rows), start=1):
        texts = all(isinstance(value, str) for value in row[1:])
        digest = _digest(digest, seq, row.kind, row.body) if texts else ""
        if row.seq != seq or row.digest != digest or row.guard != _guard(digest, row.note):
            raise LedgerError(
                f"{source} is damaged: record {seq} is missing or not as it was written; "
                "restore the run's folder from a copy"
            )
        checked.append(row)
    return checked


def _canonical(value: Mapping[str, Any], kind: str) -> str:
    """Return the one text of a JSON object: sorted keys, no spaces, floats by the digits that give them back."""
    _check_keys(value)
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise LedgerError(
            f"a record '{kind}' holds NaN or an infinity where a finite number was expected, so it was not written: "
            "look for a diverging computation, such as too high a learning rate"
        ) from error


def _check_keys(value: Any) -> None:
    # JSON would turn the key 1 into "1", so what is read back would not be what was written.
    if isinstance(value, str | int | float):
        return
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"the keys of a record must be strings, not {list(value)!r}")
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        _check_keys(item)


def _digest(previous: str, seq: int, kind: str, body: str) -> str:
    return hashlib.blake2b(json.dumps([previous, seq, kind, body]).encode(), digest_size=32).hexdigest()


def _guard(digest: str, note: str) -> str:
    return hashlib.blake2b(json.dumps([digest, note]).encode(), digest_size=16).hexdigest()
