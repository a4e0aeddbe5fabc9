"""The ledger: the append-only sequence of records that is a run's whole state, in one SQLite file.

Every record carries the hash of all before it, so two runs did the same if and only if their last digests are equal.
What differs between equal runs (times, machines) lies in a record's note, outside that chain.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from agents.files import refusal, sweep, write_atomically
from arena.folder import Head, LedgerError, LedgerStorageError, RunFolder, WriterLock, read_head

__all__ = ["EMPTY", "Entry", "Ledger", "LedgerError", "LedgerStorageError", "Record"]

EMPTY = "0" * 64
"""The digest of a ledger without records."""

_APPLICATION = int.from_bytes(b"RedQ")
_VERSION = 1
_TABLE = """
CREATE TABLE records (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, note TEXT NOT NULL,
    digest TEXT NOT NULL, guard TEXT NOT NULL
)"""
_SELECT = "SELECT seq, kind, body, note, digest, guard FROM records ORDER BY seq"
_INSERT = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)"
_BUSY_MS = 5000

# What SQLite reports when the place refuses and the file is not to blame (https://www.sqlite.org/rescode.html).
_STORAGE = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOMEM,
}


class Entry(NamedTuple):
    """What is to be recorded: `body` enters the digest, `note` does not. Both are JSON objects."""

    kind: str
    body: Mapping[str, Any]
    note: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Record:
    """An entry as it stands in the ledger; `seq` counts from 1, `digest` covers this record and all before it."""

    seq: int
    kind: str
    body: dict[str, Any]
    note: dict[str, Any]
    digest: str


class _Row(NamedTuple):
    seq: int
    kind: str
    body: str
    note: str
    digest: str
    guard: str

    def record(self) -> Record:
        return Record(self.seq, self.kind, json.loads(self.body), json.loads(self.note), self.digest)


class Ledger:
    """A run's records: `create` and `open` make the run's only writer, `read` a reader of what is committed.

    Every record was checked against the chain when the ledger was opened. A writer must be closed (or used in a
    `with` statement) to be sealed; a killed one loses nothing that `append` returned from.
    """

    def __init__(self, folder: RunFolder, rows: list[_Row], *, writer: "_Writer | None" = None) -> None:
        self.folder = folder
        self._rows = rows
        self._writer = writer

    @classmethod
    def create(cls, folder: Path | str) -> Self:
        """Begin a run in `folder`, which is made where it is absent and may hold an attempt without any record.

        Raises `LedgerError` when it holds records, something foreign or another writer.
        """
        place = RunFolder(Path(folder))
        with _sentences(place.root):
            _refuse_foreign(place)
            place.make()
        ledger = cls._write(place, new=True)
        if ledger._rows:
            count = len(ledger)
            ledger.close()
            raise LedgerError(
                f"{place.root} already holds a run of {count} records: go on with `redqueen resume {place.root}`, "
                "or name another folder"
            )
        return ledger

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Go on with the run in `folder`.

        Raises `LedgerError` when it holds none, was damaged, is foreign or has another writer.
        """
        place = RunFolder(Path(folder))
        _require(place)
        ledger = cls._write(place, new=False)
        if not ledger._rows:
            ledger.close()
            raise LedgerError(
                f"{place.root} was stopped before its first record, so there is nothing to go on with: "
                "start the run again in the same folder"
            )
        return ledger

    @classmethod
    def read(cls, folder: Path | str) -> Self:
        """Return what is committed in `folder` now, while another process may be writing; possibly no record yet.

        Raises `LedgerError` when it holds no ledger, was damaged or is foreign.
        """
        place = RunFolder(Path(folder))
        _require(place)
        with _sentences(place.database):
            if not place.lock.exists():
                _refuse_foreign(place)
            return cls(place, _read_rows(place))

    @classmethod
    def _write(cls, place: RunFolder, *, new: bool) -> Self:
        with _sentences(place.database):
            if not place.lock.exists():
                _refuse_foreign(place)
            lock = WriterLock(place)
            try:
                _refuse_foreign(place)
                lock.sign()
                sweep(place.root)
                if new and _is_absent(place.database):
                    _refuse_remains(place)
                    write_atomically(place.database, _blank())
                return cls(place, *_writer(place, lock))
            except BaseException:
                lock.release()
                raise

    def append(self, entries: Sequence[Entry | tuple[str, Mapping[str, Any], Mapping[str, Any]]]) -> list[Record]:
        """Append `entries` in one transaction, and return their records when they are durable: all or none.

        Raises `LedgerStorageError` when the disk refuses, `LedgerError` when a number is NaN or infinite; the ledger is
        then as before.
        """
        if self._writer is None:
            raise RuntimeError(f"{self.folder.root} was opened for reading, or closed")
        rows, previous = [], self.digest
        for seq, entry in enumerate(map(Entry._make, map(_complete, entries)), len(self) + 1):
            body, note = (_canonical(value, entry.kind) for value in (entry.body, entry.note))
            previous = _digest(previous, seq, entry.kind, body)
            rows.append(_Row(seq, entry.kind, body, note, previous, _guard(previous, note)))
        if rows:
            with _sentences(self.folder.database):
                self._writer.commit(rows)
            self._rows += rows
        return [row.record() for row in rows]

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the records whose `seq` is greater than `after`, in order."""
        return (row.record() for row in self._rows[after:])

    @property
    def digest(self) -> str:
        """The last record's digest, 64 hex digits: equal for two runs that did the same."""
        return self._rows[-1].digest if self._rows else EMPTY

    def __len__(self) -> int:
        return len(self._rows)

    def close(self) -> None:
        """Seal the ledger and let others write. What cannot be sealed is durable all the same."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class _Writer:
    """The one connection that writes, and the steps around it that make every kill harmless."""

    def __init__(self, place: RunFolder, lock: WriterLock, connection: sqlite3.Connection, head: Head) -> None:
        self._place, self._lock, self._connection, self._head = place, lock, connection, head
        self._sealed = place.read_seal() is not None

    def commit(self, rows: list[_Row]) -> None:
        self._unseal()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_INSERT, rows)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._head.write(rows[-1].seq, rows[-1].digest)

    def settle(self) -> None:
        """Bring a killed writer's log into the database, so that this one begins with an empty log."""
        if not self._place.wal_is_empty():
            self._unseal()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        try:
            with suppress(sqlite3.Error, OSError, LedgerError):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.close()
            self._head.close()
            with suppress(sqlite3.Error, OSError, LedgerStorageError):
                if not self._sealed and self._place.wal_is_empty():
                    self._place.write_seal()
        finally:
            self._lock.release()

    def _unseal(self) -> None:
        if self._sealed:
            self._place.remove_seal()
            self._sealed = False
