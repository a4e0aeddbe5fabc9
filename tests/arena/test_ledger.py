"""The ledger under kills, damage, full disks and other processes."""

import itertools
import json
import math
import os
import random
import resource
import select
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import files
from agents.files import StorageError, write_atomically
from arena import records
from arena.ledger import EMPTY, Entry, Ledger, LedgerError, LedgerStorageError, Record, RunFolder

FLOATS = [0.1, 1 / 3, -0.0, 5e-324, 1.7976931348623157e308, 2.0**-1074, 1e16 + 2]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)
json_objects = st.dictionaries(st.text(), json_values, max_size=4)


def entry(number: int, note: Any = None) -> Entry:
    return Entry("payoff", {"number": number, "mean": number / 7}, {"seconds": note})


def filled(folder: Path, count: int = 20) -> list[Record]:
    """Write and seal a run of `count` records."""
    with Ledger.create(folder) as ledger:
        for number in range(count):
            ledger.append([entry(number)])
        return list(ledger.records())


def killed(folder: Path, count: int = 20) -> None:
    """Write a run of `count` records in a process that is killed."""

    def write(report: Callable[[str], None]) -> None:
        ledger = Ledger.create(folder)
        for number in range(count):
            ledger.append([entry(number)])
        os.kill(os.getpid(), signal.SIGKILL)

    child, output = start(write)
    finish(child, output)


def start(work: Callable[[Callable[[str], None]], None]) -> tuple[int, int]:
    """Run `work(report)` in a child process; return its id and the pipe that its reports, one a line, come through."""
    output, its_end = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(output)
            work(lambda line: (os.write(its_end, f"{line}\n".encode()), None)[1])
            status = 0
        finally:
            os._exit(status)
    os.close(its_end)
    return child, output


def finish(child: int, output: int) -> list[str]:
    with os.fdopen(output) as pipe:
        lines = pipe.read().splitlines()
    os.waitpid(child, 0)
    return lines


def refused(message: str) -> None:
    assert len(message) < 300
    assert "\n" not in message


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


# What is written is what is read.


def test_records_round_trip_through_a_writer_and_a_reader(tmp_path: Path):
    entries = [Entry("start", {"floats": FLOATS, "seed": 2**70}), Entry("note", {}, {"when": 1.5}), entry(3)]
    with Ledger.create(tmp_path / "run") as ledger:
        appended = ledger.append(entries)
        assert len(ledger) == 3
    for opened in (Ledger.open(tmp_path / "run"), Ledger.read(tmp_path / "run")):
        with opened:
            assert list(opened.records()) == appended
            assert repr(next(opened.records()).body["floats"]) == repr(FLOATS)  # equal would not tell 0.0 from -0.0
            assert [record.seq for record in opened.records(after=1)] == [2, 3]
            assert opened.digest == appended[-1].digest


@settings(max_examples=60)
@given(st.lists(st.tuples(st.text(), json_objects, json_objects), max_size=4))
def test_any_json_survives_the_chain(entries: list[tuple[str, dict[str, Any], dict[str, Any]]]):
    rows = records.chain((Entry(*one) for one in entries), None)
    read = [row.record() for row in records.verified([tuple(row) for row in rows], "ledger")]
    # Equal texts tell 1 from 1.0 and 0.0 from -0.0.
    assert [json.dumps([x.kind, x.body, x.note], sort_keys=True) for x in read] == [
        json.dumps(one, sort_keys=True) for one in entries
    ]


def test_a_caller_cannot_change_what_was_recorded(tmp_path: Path):
    with Ledger.create(tmp_path) as ledger:
        ledger.append([entry(1)])[0].body["mean"] = 9
        next(ledger.records()).body["mean"] = 9
        assert next(ledger.records()).body["mean"] == 1 / 7


def test_digests_are_equal_whatever_the_notes_and_differ_with_body_kind_or_order(tmp_path: Path):
    def digest(name: str, *entries: Entry) -> str:
        with Ledger.create(tmp_path / name) as ledger:
            ledger.append(entries)
            return ledger.digest

    same = digest("a", entry(1, note="x"), entry(2))
    assert digest("b", entry(1), entry(2, note=7.5)) == same
    assert digest("c", Entry("payoff", {"mean": 1 / 7, "number": 1}), entry(2)) == same
    others = [
        digest("d", entry(2), entry(1)),
        digest("e", entry(1), entry(3)),
        digest("f", entry(1), Entry("other", entry(2).body)),
        digest("g", entry(1)),
    ]
    assert len({same, EMPTY, *others}) == 6


def test_one_transaction_or_many_give_one_digest(tmp_path: Path):
    with Ledger.create(tmp_path / "a") as together, Ledger.create(tmp_path / "b") as apart:
        together.append([entry(number) for number in range(3)])
        for number in range(3):
            apart.append([entry(number)])
        assert together.digest == apart.digest


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_lacks_are_refused_and_leave_the_ledger_as_it_was(tmp_path: Path, number: float):
    with Ledger.create(tmp_path) as ledger:
        ledger.append([entry(1)])
        with pytest.raises(LedgerError, match="'training' holds NaN or an infinity") as error:
            ledger.append([entry(2), Entry("training", {"losses": [0.5, number]})])
        refused(str(error.value))
        ledger.append([entry(2)])
    assert len(Ledger.read(tmp_path)) == 2


def test_keys_that_json_would_change_are_refused(tmp_path: Path):
    with Ledger.create(tmp_path) as ledger, pytest.raises(TypeError, match="must be strings"):
        ledger.append([Entry("payoff", {"cells": [{1: 2}]})])


def test_a_reader_and_a_closed_writer_cannot_append(tmp_path: Path):
    filled(tmp_path)
    writer = Ledger.open(tmp_path)
    writer.close()
    writer.close()
    for ledger in (writer, Ledger.read(tmp_path)):
        with pytest.raises(RuntimeError):
            ledger.append([entry(1)])


# Beginning.


def test_create_refuses_a_folder_that_holds_records_and_open_one_that_holds_none(tmp_path: Path):
    with pytest.raises(LedgerError, match="there is no run in"):
        Ledger.open(tmp_path / "run")
    assert not (tmp_path / "run").exists()
    Ledger.create(tmp_path / "run").close()
    with pytest.raises(LedgerError, match="before its first record") as error:
        Ledger.open(tmp_path / "run")
    refused(str(error.value))
    assert list(Ledger.read(tmp_path / "run").records()) == []
    filled(tmp_path / "run", 2)
    with pytest.raises(LedgerError, match=r"redqueen resume .*run`") as error:
        Ledger.create(tmp_path / "run")
    refused(str(error.value))
    with Ledger.open(tmp_path / "run") as ledger:
        assert len(ledger) == 2


def test_create_takes_an_empty_database_file_for_an_attempt(tmp_path: Path):
    (tmp_path / "ledger.sqlite").touch()
    assert len(filled(tmp_path)) == 20


def test_create_refuses_the_remains_of_a_run_whose_database_is_gone(tmp_path: Path):
    filled(tmp_path)
    (tmp_path / "ledger.sqlite").unlink()
    with pytest.raises(LedgerError, match=r"without ledger\.sqlite"):
        Ledger.create(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(LedgerStorageError) as error:
            Ledger.create(folder)
        refused(str(error.value))


# Damage.


def test_every_flipped_byte_of_a_sealed_ledger_is_refused_by_name(tmp_path: Path):
    filled(tmp_path / "run")
    database = tmp_path / "run" / "ledger.sqlite"
    good = database.read_bytes()
    for position in [*range(100), *range(100, len(good), 97)]:
        database.write_bytes(good[:position] + bytes([good[position] ^ 0xFF]) + good[position + 1 :])
        for use in (Ledger.read, Ledger.open):
            with pytest.raises(LedgerError, match=r"ledger\.sqlite") as error:
                use(tmp_path / "run")
            refused(str(error.value).replace(str(tmp_path), ""))
    for changed in (good + b"\0", good[:-1], good[:4096]):
        database.write_bytes(changed)
        with pytest.raises(LedgerError, match=r"ledger\.sqlite"):
            Ledger.open(tmp_path / "run")
    database.write_bytes(good)
    with Ledger.open(tmp_path / "run") as ledger:
        assert len(ledger) == 20


def test_a_flipped_byte_inside_a_row_is_refused_without_the_seal(tmp_path: Path):
    rows = filled(tmp_path, 3)
    database = tmp_path / "ledger.sqlite"
    (tmp_path / "ledger.sha256").unlink()
    good = database.read_bytes()
    with closing(sqlite3.connect(database)) as connection:
        stored = connection.execute("SELECT kind || body || note || digest || guard FROM records").fetchall()
    assert len(stored) == len(rows)
    for (text,), bit in itertools.product(stored, (1, 0x80)):
        begin = good.index(text.encode())
        for position in range(begin - 7, begin + len(text)):
            database.write_bytes(good[:position] + bytes([good[position] ^ bit]) + good[position + 1 :])
            with pytest.raises(LedgerError, match=r"ledger\.sqlite is damaged"):
                Ledger.read(tmp_path)
    database.write_bytes(good)
    assert len(Ledger.read(tmp_path)) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM records WHERE seq = 2",
        "DELETE FROM records WHERE seq = 3",
        "UPDATE records SET seq = 7 WHERE seq = 3",
        "UPDATE records SET note = '{}' WHERE seq = 1",
        "UPDATE records SET body = 5 WHERE seq = 1",
        "UPDATE records SET digest = (SELECT digest FROM records WHERE seq = 2) WHERE seq = 1",
        "DROP TABLE records",
    ],
)
def test_a_ledger_edited_with_sqlite_is_refused(tmp_path: Path, statement: str):
    filled(tmp_path, 3)
    (tmp_path / "ledger.sha256").unlink()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
        connection.execute(statement)
        connection.commit()
    with pytest.raises(LedgerError, match=r"damaged|lost records"):
        Ledger.read(tmp_path)
    with pytest.raises(LedgerError, match=r"damaged|lost records"):
        Ledger.open(tmp_path)


def test_a_killed_run_whose_log_was_damaged_or_moved_has_lost_records_and_says_so(tmp_path: Path):
    killed(tmp_path / "run")
    wal = (tmp_path / "run" / "ledger.sqlite-wal").read_bytes()
    assert len(wal) > 20 * 4096
    for position in (0, 20, 40, len(wal) // 2, len(wal) - 2000, None):
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        shutil.copytree(tmp_path / "run", tmp_path / "copy")
        (tmp_path / "copy" / "ledger.sqlite-shm").unlink()
        if position is None:
            (tmp_path / "copy" / "ledger.sqlite-wal").unlink()
        else:
            changed = wal[:position] + bytes([wal[position] ^ 0xFF]) + wal[position + 1 :]
            (tmp_path / "copy" / "ledger.sqlite-wal").write_bytes(changed)
        with pytest.raises(LedgerError, match="lost records") as error:
            Ledger.open(tmp_path / "copy")
        refused(str(error.value).replace(str(tmp_path), ""))
    with Ledger.open(tmp_path / "run") as ledger:
        assert len(ledger) == 20


def test_a_head_that_is_absent_empty_behind_or_torn_refuses_nothing(tmp_path: Path):
    filled(tmp_path, 3)
    head = (tmp_path / "ledger.head").read_bytes()
    first = next(Ledger.read(tmp_path).records())
    with Ledger.create(tmp_path / "behind") as ledger:
        ledger.append([entry(0)])
    behind = (tmp_path / "behind" / "ledger.head").read_bytes()
    assert first.digest.encode() in behind
    for text in (b"", behind, head[:40], head.replace(b"3", b"9", 1), b"\xff" + head[1:]):
        (tmp_path / "ledger.head").write_bytes(text)
        assert len(Ledger.read(tmp_path)) == 3
    (tmp_path / "ledger.head").unlink()
    with Ledger.open(tmp_path) as ledger:
        assert len(ledger) == 3


# Foreign files.


def _text(path: Path) -> None:
    path.write_text("a diary, not a database " * 20)


def _short(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")


def _other_application(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE records (seq INTEGER PRIMARY KEY); PRAGMA user_version = 1")


def _other_application_in_wal(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode = WAL; CREATE TABLE records (seq INTEGER PRIMARY KEY)")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        application = int.from_bytes(b"RedQ", "big")
        connection.executescript(f"PRAGMA application_id = {application}; PRAGMA user_version = 2; CREATE TABLE x (y)")


@pytest.mark.parametrize("make", [_text, _short, _other_application, _other_application_in_wal, _newer])
@pytest.mark.parametrize("use", [Ledger.create, Ledger.open, Ledger.read])
def test_foreign_files_are_refused_and_left_untouched(
    tmp_path: Path, make: Callable[[Path], None], use: Callable[[Path], Ledger]
):
    make(tmp_path / "ledger.sqlite")
    before = contents(tmp_path)
    with pytest.raises(LedgerError, match="newer Red Queen" if make is _newer else "not a Red Queen ledger") as error:
        use(tmp_path)
    refused(str(error.value).replace(str(tmp_path), ""))
    assert contents(tmp_path) == before


def test_reading_a_sealed_run_leaves_its_folder_as_it_was(tmp_path: Path):
    filled(tmp_path / "run")
    before = sorted(path.name for path in (tmp_path / "run").iterdir())
    Ledger.read(tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == before


# Other processes.


def test_a_second_writer_is_refused_by_name_until_the_first_is_gone(tmp_path: Path):
    def hold(report: Callable[[str], None]) -> None:
        ledger = Ledger.create(tmp_path / "run")
        ledger.append([entry(1)])
        report("holding")
        time.sleep(60)

    child, output = start(hold)
    select.select([output], [], [], 60)
    for use in (Ledger.open, Ledger.create):
        with pytest.raises(LedgerError, match=rf"run is being written by process {child}\b") as error:
            use(tmp_path / "run")
        refused(str(error.value).replace(str(tmp_path), ""))
    os.kill(child, signal.SIGKILL)
    assert finish(child, output) == ["holding"]
    with Ledger.open(tmp_path / "run") as ledger:
        assert len(ledger) == 1


LOOK = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM records').fetchall(); c.close()"


def test_a_second_writer_in_the_same_process_is_refused_and_harms_nothing(tmp_path: Path):
    with Ledger.create(tmp_path) as ledger:
        for number in range(5):
            ledger.append([entry(number)])
            with pytest.raises(LedgerError, match="is being written by process"):
                Ledger.open(tmp_path)
            assert len(Ledger.read(tmp_path)) == number + 1
            # A last connection that closes takes the log away, so it must be seen that this writer lives.
            subprocess.run([sys.executable, "-c", LOOK, tmp_path / "ledger.sqlite"], check=True)
            assert (tmp_path / "ledger.sqlite-wal").exists()
    assert len(Ledger.read(tmp_path)) == 5


def test_a_reader_sees_whole_transactions_while_another_process_writes(tmp_path: Path):
    def write(report: Callable[[str], None]) -> None:
        for _ in range(6):
            with Ledger.open(tmp_path) as ledger:  # opening and closing again moves the log and the seal about
                for _ in range(30):
                    ledger.append([entry(len(ledger) + i) for i in range(3)])

    filled(tmp_path, 3)
    child, output = start(write)
    seen = [3]
    while not select.select([output], [], [], 0)[0]:
        ledger = Ledger.read(tmp_path)
        assert len(ledger) % 3 == 0
        seen.append(len(ledger))
    assert finish(child, output) == []
    assert seen == sorted(seen)
    assert len(set(seen)) > 3
    assert len(Ledger.read(tmp_path)) == 3 + 6 * 30 * 3


# Kills.


def test_what_append_returned_from_survives_a_kill_at_any_time(tmp_path: Path):
    def write(report: Callable[[str], None]) -> None:
        ledger = Ledger.open(tmp_path) if exists else Ledger.create(tmp_path)
        report(str(len(ledger)))
        for lap in itertools.count():
            if lap % 7 == 6:
                ledger.close()
                ledger = Ledger.open(tmp_path)
            ledger.append([entry(len(ledger) + i, note=time.time()) for i in range(3)])
            report(str(len(ledger)))

    times, exists, least = random.Random(5), False, 0
    for _ in range(30):
        child, output = start(write)
        select.select([output], [], [], 60)
        time.sleep(times.random() * 0.02)
        os.kill(child, signal.SIGKILL)
        least = int(finish(child, output)[-1])
        ledger = Ledger.read(tmp_path)
        assert len(ledger) in (least, least + 3)
        assert [record.body["number"] for record in ledger.records()] == list(range(len(ledger)))
        exists = len(ledger) > 0
    assert least > 30


CALLS = ("fsync", "replace", "unlink", "pwrite", "ftruncate", "mkdir")


def session(folder: Path, report: Callable[[str], None]) -> None:
    """Begin a run, close it, open it, go on and close it."""
    with Ledger.create(folder) as ledger:
        report("0")
        for _ in range(2):
            ledger.append([entry(len(ledger)), entry(len(ledger) + 1)])
            report(str(len(ledger)))
    with Ledger.open(folder) as ledger:
        ledger.append([entry(len(ledger))])
        report(str(len(ledger)))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_around_any_call_to_the_system_leaves_a_folder_to_go_on_with(tmp_path: Path, after: bool):
    def write(report: Callable[[str], None]) -> None:
        calls = 0

        def deadly(call: Callable[..., Any]) -> Callable[..., Any]:
            def wrapper(*arguments: Any, **named: Any) -> Any:
                nonlocal calls
                calls += 1
                result = call(*arguments, **named) if after else None
                if calls == fatal:
                    os.kill(os.getpid(), signal.SIGKILL)
                return result if after else call(*arguments, **named)

            return wrapper

        for name in CALLS:
            setattr(os, name, deadly(getattr(os, name)))
        session(folder, report)
        report("finished")

    for fatal in itertools.count(1):
        folder = tmp_path / str(fatal)
        reports = finish(*start(write))
        if "finished" in reports:
            break
        least = int(reports[-1]) if reports else 0
        found = list(Ledger.read(folder).records()) if (folder / "ledger.sqlite").exists() else []
        assert least <= len(found) <= least + 2
        with Ledger.open(folder) if found else Ledger.create(folder) as ledger:
            ledger.append([entry(len(ledger))])
        assert [record.body["number"] for record in Ledger.read(folder).records()] == list(range(len(found) + 1))
        assert not list(folder.rglob("*partial"))
        assert (folder / "ledger.sha256").exists()
    assert len(list(tmp_path.iterdir())) > 20


def test_a_reader_in_the_middle_keeps_a_closing_writer_from_sealing_and_loses_nothing(tmp_path: Path):
    ledger = Ledger.create(tmp_path)
    ledger.append([entry(0)])
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM records").fetchall()
        ledger.append([entry(1)])
        ledger.close()
        assert not (tmp_path / "ledger.sha256").exists()
        assert len(Ledger.read(tmp_path)) == 2
        reader.execute("COMMIT")
    with Ledger.open(tmp_path) as ledger:
        assert len(ledger) == 2
    assert (tmp_path / "ledger.sha256").exists()


def test_a_seal_with_a_later_log_is_a_folder_copied_in_a_bad_order_and_no_damage(tmp_path: Path):
    def write(report: Callable[[str], None]) -> None:
        with Ledger.open(tmp_path) as ledger:
            ledger.append([entry(4)] if len(ledger) == 4 else [])
            os.kill(os.getpid(), signal.SIGKILL)

    filled(tmp_path, 4)
    seal = (tmp_path / "ledger.sha256").read_bytes()
    finish(*start(write))
    (tmp_path / "ledger.sha256").write_bytes(seal)
    assert len(Ledger.read(tmp_path)) == 5
    finish(*start(write))
    assert len(Ledger.read(tmp_path)) == 5
    with Ledger.open(tmp_path) as ledger:
        assert len(ledger) == 5


def test_a_seal_with_a_log_that_a_power_cut_brought_back_is_no_damage(tmp_path: Path):
    ledger = Ledger.create(tmp_path)
    for number in range(4):
        ledger.append([entry(number)])
    wal = (tmp_path / "ledger.sqlite-wal").read_bytes()
    ledger.close()
    (tmp_path / "ledger.sqlite-wal").write_bytes(wal)
    assert len(Ledger.read(tmp_path)) == 4
    with Ledger.open(tmp_path) as ledger:
        ledger.append([entry(4)])
    assert len(Ledger.read(tmp_path)) == 5


# Full disks.


@pytest.mark.parametrize("limit", [0, 10_000, 40_000, 60_000, 200_000])
def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path, limit: int):
    def write(report: Callable[[str], None]) -> None:
        with Ledger.create(tmp_path / "old") as old:
            old.append([entry(0)])
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        ledger = None
        try:
            ledger = Ledger.open(tmp_path / "old")
            while True:
                ledger.append([Entry("training", {"number": len(ledger), "text": "x" * 500})] * 2)
                report(str(len(ledger)))
        except LedgerStorageError as error:
            report(str(error))
        if ledger is not None:
            ledger.close()
        try:
            Ledger.create(tmp_path / "new")
        except LedgerStorageError as error:
            report(str(error))

    lines = finish(*start(write))
    sentences = [line for line in lines if not line.isdecimal()]
    assert sentences
    assert all("room" in line or "free space" in line for line in sentences)
    for line in sentences:
        refused(line.replace(str(tmp_path), ""))
    least = max([1, *map(int, filter(str.isdecimal, lines))])
    if limit >= 60_000:
        assert least > 10
    with Ledger.open(tmp_path / "old") as ledger:
        assert len(ledger) == least
        ledger.append([entry(1)])
    assert len(Ledger.read(tmp_path / "old")) == least + 1
    with Ledger.create(tmp_path / "new") as ledger:
        ledger.append([entry(0)])


def test_an_atomic_write_is_the_old_file_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "weights"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    monkeypatch.setattr(files.os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match=r"no room to write .*weights") as error:
        write_atomically(path, b"newest")
    refused(str(error.value).replace(str(tmp_path), ""))
    monkeypatch.undo()
    assert contents(tmp_path).keys() == {"weights"}
    assert path.read_bytes() == b"new"
    with pytest.raises(StorageError, match="cannot be used"):
        write_atomically(tmp_path / "absent" / "weights", b"")


def test_a_writer_sweeps_what_a_kill_left_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    filled(tmp_path)
    place = RunFolder(tmp_path)
    (place.jobs / "7").mkdir()
    monkeypatch.setattr(Path, "unlink", lambda path: None)
    monkeypatch.setattr(files.os, "replace", lambda *paths: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    for folder in (place.root, place.snapshots, place.jobs / "7"):
        with pytest.raises(StorageError):
            write_atomically(folder / "weights", b"half")
    monkeypatch.undo()
    (place.snapshots / "mine.partial").touch()
    assert len(list(tmp_path.rglob("*partial"))) == 4
    Ledger.open(tmp_path).close()
    assert [path.name for path in tmp_path.rglob("*partial")] == ["mine.partial"]
