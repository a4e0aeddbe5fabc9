"""The ledger: the append-only sequence of records that is a run's whole state.

Two runs did the same if and only if their last digests are equal. What may differ between equal runs (times, machines)
lies in the records' notes, outside the chain of digests, and is protected by a checksum of its own.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from agents.files import StorageError, write_atomically
from arena.database import INSERT, blank, fingerprint, open_to_write, read_now, refuse_foreign, sentences
from arena.folder import Head, LedgerError, LedgerStorageError, RunFolder, WriterLock
from arena.records import EMPTY, Entry, Record, Row, chain

__all__ = ["EMPTY", "Entry", "Ledger", "LedgerError", "LedgerStorageError", "Record", "RunFolder"]


class Ledger:
    """A run's records. `create` and `open` make the run's only writer; `read` makes a reader of what is committed.

    Every record is checked against the chain when the ledger is opened. A writer is closed, or used in a `with`
    statement, to seal the file; one that is killed instead loses nothing that `append` returned from. For one thread.
    """

    def __init__(self, folder: RunFolder, rows: list[Row], writer: "_Writer | None" = None) -> None:
        self.folder = folder
        self._rows = rows
        self._writer = writer

    @classmethod
    def create(cls, folder: Path | str) -> Self:
        """Begin a run in `folder`, which is made where it is absent; an attempt without any record may lie there.

        Raises `LedgerError` when the folder holds records, a foreign file or another writer.
        """
        return cls._write(RunFolder(folder), new=True)

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Go on with the run in `folder`.

        Raises `LedgerError` when there is none, or it was damaged, is foreign or has another writer.
        """
        place = RunFolder(folder)
        _require(place)
        ledger = cls._write(place, new=False)
        if not ledger._rows:
            ledger.close()
            raise LedgerError(
                f"{folder} holds a run that was stopped before its first record, so there is nothing to go on with: "
                "start it again in the same folder"
            )
        return ledger

    @classmethod
    def read(cls, folder: Path | str) -> Self:
        """Return what is committed in `folder` now, possibly nothing yet; another process may be writing.

        Raises `LedgerError` when there is no ledger, or it was damaged or is foreign.
        """
        place = RunFolder(folder)
        _require(place)
        with sentences(place.database):
            if not place.lock.exists():
                refuse_foreign(place)
            return cls(place, read_now(place))

    @classmethod
    def _write(cls, place: RunFolder, *, new: bool) -> Self:
        with sentences(place.database):
            if not place.lock.exists():  # so no writer can be at work, and what is there is left as it is
                _refuse_present(place, new=new)
            if new:
                place.make()
            lock = WriterLock(place)
            try:
                _refuse_present(place, new=new)
                lock.sign()
                place.sweep()
                if new and not place.is_started():
                    _refuse_remains(place)
                    write_atomically(place.database, blank())
                writer = _Writer(place, lock)
                return cls(place, writer.rows, writer)
            except BaseException:
                lock.release()
                raise

    def append(self, entries: Sequence[Entry | tuple[str, Mapping[str, Any], Mapping[str, Any]]]) -> list[Record]:
        """Append `entries` in one transaction, all or none, and return their records once these are durable.

        Raises `LedgerStorageError` when the disk refuses and `LedgerError` when a number is NaN or infinite; the ledger
        is then as it was.
        """
        if self._writer is None:
            raise RuntimeError(f"{self.folder.root} was opened for reading, or is closed")
        rows = chain((Entry(*entry) for entry in entries), self._rows[-1] if self._rows else None)
        if rows:
            with sentences(self.folder.database):
                self._writer.commit(rows)
            self._rows += rows
        return [row.record() for row in rows]

    def records(self, after: int = 0) -> Iterator[Record]:
        """Yield the records whose `seq` is greater than `after`, in order."""
        return (row.record() for row in self._rows[after:])

    @property
    def digest(self) -> str:
        """The last record's digest, 64 hex digits: what two runs that did the same have in common."""
        return self._rows[-1].digest if self._rows else EMPTY

    def __len__(self) -> int:
        return len(self._rows)

    def close(self) -> None:
        """Seal the ledger and let others write. What cannot be sealed for want of space is durable all the same."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class _Writer:
    """The one connection that writes, with the order of steps around it that makes a kill between any two harmless."""

    def __init__(self, place: RunFolder, lock: WriterLock) -> None:
        self._place, self._lock = place, lock
        self._connection, self.rows = open_to_write(place)
        try:
            self._sealed = place.read_seal() is not None
            if not place.wal_is_empty():
                self._checkpoint()
            self._head = Head(place)
        except BaseException:
            self._connection.close()
            raise

    def commit(self, rows: list[Row]) -> None:
        self._unseal()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(INSERT, rows)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._head.write(rows[-1].seq, rows[-1].digest)

    def close(self) -> None:
        try:
            with suppress(sqlite3.Error, OSError):
                if not self._place.wal_is_empty():
                    self._connection.execute("PRAGMA busy_timeout = 500")  # readers are gone in milliseconds
                    self._checkpoint()
            self._connection.close()
            self._head.close()
            with suppress(sqlite3.Error, OSError, LedgerError, StorageError):
                if not self._sealed and self._place.wal_is_empty():
                    self._place.write_seal(fingerprint(self._place))
        finally:
            self._lock.release()

    def _checkpoint(self) -> None:
        # Into the database and out of the log; where a reader still needs the log, it stays and nothing is lost.
        self._unseal()
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _unseal(self) -> None:
        if self._sealed:
            self._place.remove_seal()
            self._sealed = False


def _require(place: RunFolder) -> None:
    if not place.database.exists():
        raise LedgerError(f"there is no run in {place.root}: name a folder that holds {place.database.name}")


def _refuse_present(place: RunFolder, *, new: bool) -> None:
    """Refuse a database that is foreign and, for a new run, one that holds records; changes nothing."""
    refuse_foreign(place)
    if new and place.is_started() and (rows := read_now(place)):
        raise LedgerError(
            f"{place.root} already holds a run of {len(rows)} records: go on with `redqueen resume {place.root}`, "
            "or name another folder"
        )


def _refuse_remains(place: RunFolder) -> None:
    remains = [path.name for path in (place.wal, place.seal, place.head) if path.exists()]
    if remains:
        raise LedgerError(
            f"{place.root} holds {remains[0]} without {place.database.name}: restore that file, or name another folder"
        )
