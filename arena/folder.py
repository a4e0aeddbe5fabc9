"""A run's folder: where its files lie, who may write to it, and the two witnesses of what its ledger holds."""

import fcntl
import hashlib
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from agents.files import StorageError, sync_folder, write_atomically
from games.errors import UserError


class LedgerError(UserError):
    """A run's folder or its ledger cannot be used as asked: absent, foreign, held by another writer or damaged."""


class LedgerStorageError(LedgerError, StorageError):
    """The ledger cannot be written or read where it lies; what was committed before is still there."""


@dataclass(frozen=True)
class RunFolder:
    """The paths of a run.

    `ledger.sqlite` is the state. Beside it lie two witnesses, neither of which is ever needed to go on:

    - `ledger.sha256`, the seal: written when a writer closes, removed durably before the next one first writes. So
      where it exists, `ledger.sqlite` must match it byte for byte.
    - `ledger.head`: the last record's number and digest, written after its commit and not synced, so it is never
      ahead of the ledger. A ledger that is behind it has lost records, such as a killed run's write-ahead log.
    """

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "ledger.sqlite"

    @property
    def wal(self) -> Path:
        return self.root / "ledger.sqlite-wal"

    @property
    def seal(self) -> Path:
        return self.root / "ledger.sha256"

    @property
    def head(self) -> Path:
        return self.root / "ledger.head"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def log(self) -> Path:
        return self.root / "log.txt"

    @property
    def snapshots(self) -> Path:
        return self.root / "snapshots"

    @property
    def jobs(self) -> Path:
        return self.root / "jobs"

    def make(self) -> None:
        """Make the folder and those inside it, durably."""
        for folder in (self.root, self.snapshots, self.jobs):
            if not folder.is_dir():
                folder.mkdir(parents=True)
                sync_folder(folder.parent)

    def wal_is_empty(self) -> bool:
        """Whether everything committed is in `ledger.sqlite` itself."""
        return not self.wal.exists() or self.wal.stat().st_size == 0

    def read_seal(self) -> str | None:
        """Return the SHA-256 that `ledger.sqlite` must have, in hex, or None where the ledger is not sealed."""
        try:
            return self.seal.read_text(errors="replace").partition(" ")[0]
        except FileNotFoundError:
            return None

    def write_seal(self) -> None:
        """Seal the closed ledger; `sha256sum -c ledger.sha256` checks it too."""
        with closing(self.connect("mode=ro&immutable=1")) as connection:
            line = f"{self.fingerprint(connection)}  {self.database.name}\n"
        write_atomically(self.seal, line.encode())

    def remove_seal(self) -> None:
        """Break the seal; on return, no power cut brings it back."""
        self.seal.unlink(missing_ok=True)
        sync_folder(self.root)

    def fingerprint(self, connection: sqlite3.Connection) -> str:
        """Return the SHA-256 of `ledger.sqlite` as a hex string.

        It is read through SQLite, because a process that opens and closes the file itself drops the locks of every
        SQLite connection that it has to it (https://www.sqlite.org/howtocorrupt.html, section 2.2).
        """
        image = connection.serialize()
        spare = self.database.stat().st_size - len(image)
        return hashlib.sha256(image).hexdigest() if spare == 0 else f"{spare} bytes too many"

    def connect(self, mode: str) -> sqlite3.Connection:
        """Open the existing database under the URI parameters `mode`; transactions begin and end by statement."""
        return sqlite3.connect(f"{self.database.absolute().as_uri()}?{mode}", uri=True, isolation_level=None)


class WriterLock:
    """The right to write to a run. The kernel takes it back when the process ends, however it ends.

    A process forked while it is held shares it; processes started afresh do not.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._handle = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._handle, 32, 0).decode(errors="replace").strip()
            os.close(self._handle)
            who = f"process {holder}" if holder.isdecimal() else "another process"
            raise LedgerError(
                f"{folder.root} is being written by {who}: wait for it or stop it, then run the same command again"
            ) from None

    def sign(self) -> None:
        """Write down who holds the lock, for the one who is refused."""
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the right back."""
        os.close(self._handle)


class Head:
    """The writer's hand on `ledger.head`."""

    def __init__(self, folder: RunFolder) -> None:
        self._handle = os.open(folder.head, os.O_RDWR | os.O_CREAT, 0o666)

    def write(self, seq: int, digest: str) -> None:
        """Note the last committed record. Not synced, and no failure: a head that is behind refuses nothing."""
        text = f"{seq:016d} {digest}"
        with suppress(OSError):
            os.pwrite(self._handle, f"{text} {_check(text)}\n".encode(), 0)

    def close(self) -> None:
        os.close(self._handle)


def read_head(folder: RunFolder) -> tuple[int, str] | None:
    """Return the number and digest of a record that was committed, or None where the head is absent or half written."""
    try:
        text, _, check = folder.head.read_text(errors="replace").strip().rpartition(" ")
    except FileNotFoundError:
        return None
    if not text or check != _check(text):
        return None
    seq, _, digest = text.partition(" ")
    return int(seq), digest


def _check(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
