"""The ledger's SQLite file: how it begins, how it is recognised, and how its rows are read and checked."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from agents.files import AGAIN, refusal
from arena.folder import LedgerError, LedgerStorageError, RunFolder
from arena.records import Row, verified
from games.names import shorten

INSERT = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)"
_SELECT = "SELECT seq, kind, body, note, digest, guard FROM records ORDER BY seq"
_TABLE = """CREATE TABLE records (
    seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, body TEXT NOT NULL, note TEXT NOT NULL,
    digest TEXT NOT NULL, guard TEXT NOT NULL
)"""

_APPLICATION = int.from_bytes(b"RedQ", "big")
_VERSION = 1

# What SQLite reports when the place refuses and the file is not to blame (https://www.sqlite.org/rescode.html).
_PLACE = {
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


def blank() -> bytes:
    """Return the file of a ledger without records, to be put in place whole."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute(_TABLE)
        image = bytearray(connection.serialize())
    # The header's write and read version: 2 is WAL, which no database in memory has (sqlite.org/fileformat.html, 1.3).
    image[18] = image[19] = 2
    return bytes(image)


def refuse_foreign(folder: RunFolder) -> None:
    """Raise `LedgerError` when `ledger.sqlite` is there but is not a ledger that this version reads; changes nothing.

    Only for a process that has no connection to it: opening and closing the file by hand drops the locks of every
    SQLite connection of the same process (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    """
    if folder.is_started():
        with open(folder.database, "rb") as file:
            header = file.read(100)
        if not header.startswith(b"SQLite format 3\0") or len(header) < 100:
            raise _foreign(folder, "is no SQLite file")
        _refuse_other(
            folder, application=int.from_bytes(header[68:72], "big"), version=int.from_bytes(header[60:64], "big")
        )


def open_to_write(folder: RunFolder) -> tuple[sqlite3.Connection, list[Row]]:
    """Return a connection whose commits return when they are on the disk, and the verified rows.

    Transactions on it begin and end by statement only. Raises `LedgerError` where the file is foreign or damaged.
    """
    seal, head = folder.read_seal(), folder.read_head()
    if seal is not None:
        with closing(_connect(folder, "mode=ro&immutable=1")) as image:
            _check_seal(folder, image, seal)
    connection = _connect(folder, "mode=rw")
    try:
        connection.execute("PRAGMA synchronous = FULL")
        return connection, _rows(folder, connection, head)
    except BaseException:
        connection.close()
        raise


def read_now(folder: RunFolder) -> list[Row]:
    """Return the verified rows that are committed, whether or not another process is writing; leaves no lock behind.

    Raises `LedgerError` where the file is foreign or damaged.
    """
    while (seal := folder.read_seal()) is not None and folder.wal_is_empty():
        try:
            return _read_sealed(folder, seal)
        except (sqlite3.DatabaseError, LedgerError):
            if folder.read_seal() == seal:
                raise
            # A writer came between: what was read may have been half of its work.
    head = folder.read_head()
    with closing(_connect(folder, "mode=ro")) as connection:
        return _rows(folder, connection, head)


def fingerprint(folder: RunFolder) -> str:
    """Return the SHA-256 in hex of the database, which nobody is writing."""
    with closing(_connect(folder, "mode=ro&immutable=1")) as image:
        return _fingerprint(folder, image)


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn what SQLite and the operating system raise about `path` into `LedgerError` and `LedgerStorageError`."""
    try:
        yield
    except OSError as error:
        raise LedgerStorageError(refusal(path, error)) from error
    except (sqlite3.ProgrammingError, sqlite3.IntegrityError):
        raise
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _PLACE:
            raise LedgerStorageError(
                f"{shorten(str(path))} could not be read or written ({error}): "
                f"free space on its disk and check its permissions, then {AGAIN}; nothing that was recorded is lost"
            ) from error
        raise LedgerError(f"{path} is damaged ({error}): restore the run's folder from a copy") from error


def _connect(folder: RunFolder, mode: str) -> sqlite3.Connection:
    """Open the existing database with the URI parameters `mode`."""
    return sqlite3.connect(f"{folder.database.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)


def _read_sealed(folder: RunFolder, seal: str) -> list[Row]:
    head = folder.read_head()
    with closing(_connect(folder, "mode=ro&immutable=1")) as image:
        rows = _rows(folder, image, head)
        # Checked after reading: the file that matches now has not been written to since the seal was read.
        _check_seal(folder, image, seal)
        return rows


def _check_seal(folder: RunFolder, image: sqlite3.Connection, seal: str) -> None:
    if _fingerprint(folder, image) != seal:
        raise LedgerError(
            f"{folder.database} is damaged: it is not as its run left it (its SHA-256 differs from "
            f"{folder.seal.name}); restore the run's folder from a copy"
        )


def _fingerprint(folder: RunFolder, image: sqlite3.Connection) -> str:
    # Read through SQLite for the sake of other connections' locks, see `refuse_foreign`.
    data = image.serialize()
    surplus = folder.database.stat().st_size - len(data)
    return hashlib.sha256(data).hexdigest() if surplus == 0 else f"{surplus} bytes too many"


def _rows(folder: RunFolder, connection: sqlite3.Connection, head: tuple[int, str] | None) -> list[Row]:
    """Return the rows; `head` must have been read before the rows are, so that they cannot be behind it."""
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    _refuse_other(folder, application=application, version=version)
    rows = verified(connection.execute(_SELECT).fetchall(), str(folder.database))
    faults = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if faults != "ok":
        raise LedgerError(
            f"{folder.database} is damaged ({faults.splitlines()[-1][:80]}): restore the run's folder from a copy"
        )
    if head is not None and (len(rows) < head[0] or rows[head[0] - 1].digest != head[1]):
        raise LedgerError(
            f"{folder.database} has lost records: it holds {len(rows)} where {head[0]} had been written; restore "
            f"{folder.wal.name} if it was moved away, else the run's folder from a copy"
        )
    return rows


def _refuse_other(folder: RunFolder, *, application: int, version: int) -> None:
    if application != _APPLICATION or version < 1:
        raise _foreign(folder, "belongs to another application")
    if version > _VERSION:
        raise LedgerError(
            f"{folder.database} was written by a newer Red Queen (format {version}, this one reads {_VERSION}): "
            "upgrade redqueen to use it"
        )


def _foreign(folder: RunFolder, why: str) -> LedgerError:
    return LedgerError(
        f"{folder.database} is not a Red Queen ledger (it {why}): name the folder of a run, or a new one"
    )
