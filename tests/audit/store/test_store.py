"""The store of an audit: nothing lost, nothing doubled, nothing mistaken for something else."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading, Recording
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.collection.engine.jobs import Failure, Task
from audiolime_ext.errors import CorruptError, MissingError, OutputError, UsageError

IDENTITY = Identity("mine:tag", "f1", "hpss", "2", ("guitar", "piano"), {"thresholds": None, "delta": 0.5})
TASKS = [Task(f"{i:064x}", 0.0, 10.0) for i in range(6)]
SONG = Entry("a.wav", f"{0:064x}", ("guitar",), "song", 0.0, 10.0)
FOUND = [
    Measurement("presence", "drums", (-3.5,)),
    Measurement("transplant own", "drums", (0.25, -1.5), donor="song 2"),
    Measurement("transplant own", "drums", (0.5, None), donor="song 1"),
    Measurement("sufficiency", "bass", (None, 2.0)),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.sqlite"


Everything = tuple[list[Recording], list[tuple[str, Measurement]], list[Failure]]


def everything(path: Path) -> Everything:
    with AuditStore.read(path) as store:
        return store.recordings(), list(store.measurements()), store.failures()


def test_what_was_put_is_read_in_an_order_that_does_not_depend_on_when(tmp_path: Path) -> None:
    tables = []
    for order in ([0, 1, 2, 3], [3, 1, 0, 2]):
        path = tmp_path / f"{order[0]}.sqlite"
        with AuditStore.create_or_resume(path, IDENTITY) as store:
            for i in order:
                measurements = FOUND if order[0] else FOUND[::-1]
                assert store.put(TASKS[i], f"song {9 - i}", measurements, {"sr": 44100, "i": i})
            store.fail(TASKS[5], "poisoned", "the process died")
        tables.append(everything(path))
    assert tables[0] == tables[1]
    recordings, kept, _ = tables[0]
    assert recordings[0] == Recording(TASKS[3].key, "song 6", {"sr": 44100, "i": 3})
    assert [(m.measure, m.donor) for key, m in kept if key == TASKS[0].key] == [
        ("presence", None),
        ("sufficiency", None),
        ("transplant own", "song 1"),
        ("transplant own", "song 2"),
    ]
    assert (TASKS[0].key, FOUND[2]) in kept


def test_one_measure_can_be_read_alone(path: Path) -> None:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        store.put(TASKS[0], "a", FOUND)
        assert list(store.measurements("presence")) == [(TASKS[0].key, FOUND[0])]
        assert list(store.measurements("unheard of")) == []


def test_recordings_are_read_one_by_one_with_all_that_is_theirs(path: Path) -> None:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        for i, found in ((2, FOUND), (0, []), (1, FOUND[:2])):
            store.put(TASKS[i], f"song {i}", found, {"i": i})
        in_order = sorted(FOUND, key=lambda m: (m.measure, m.component, m.donor or ""))
        expected = [(TASKS[0].key, []), (TASKS[1].key, FOUND[:2]), (TASKS[2].key, in_order)]
        assert [(recording.task, found) for recording, found in store.one_by_one()] == expected
        some = [TASKS[2].key, "never measured", TASKS[0].key]
        assert [(recording.task, found) for recording, found in store.one_by_one(some)] == [expected[2], expected[0]]
        assert next(store.one_by_one())[0] == Recording(TASKS[0].key, "song 0", {"i": 0})


def test_what_is_done_is_neither_due_nor_written_again(path: Path) -> None:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        assert store.missing([*TASKS, TASKS[0]]) == TASKS
        assert store.put(TASKS[1], "a", FOUND[:1])
        assert not store.put(TASKS[1], "b", FOUND), "the first stays"
        store.fail(TASKS[1], "a", "too late")
    before = everything(path)
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        assert store.missing(TASKS) == [TASKS[0], *TASKS[2:]]
    assert everything(path) == before
    assert before[1:] == ([(TASKS[1].key, FOUND[0])], [])


def test_other_content_excerpt_or_detail_is_another_task() -> None:
    task = Task("ab", 0, 10)
    others = [Task("ac", 0, 10), Task("ab", 1, 10), Task("ab", 0, 5), Task("ab", 0), Task("ab", 0, 10, "donors: x")]
    assert len({task.key, *(other.key for other in others)}) == 6
    assert task.key == Task("ab", None, 10.0).key
    for other in (task, *others):
        assert Task.from_key(other.key).key == other.key


def test_failures_are_counted_until_a_success_takes_their_place(path: Path) -> None:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        store.fail(TASKS[0], "a", "timed out")
        assert store.missing(TASKS[:1]) == []
        assert store.missing(TASKS[:1], max_tries=2) == TASKS[:1]
        store.fail(TASKS[0], "a", "the process died")
        assert store.missing(TASKS[:1], max_tries=2) == []
        (failure,) = store.failures()
        assert (failure.name, failure.reason, failure.tries) == ("a", "the process died", 2)
        store.put(TASKS[0], "a", FOUND)
        assert store.failures() == []


@pytest.mark.parametrize(
    ("measurements", "says"),
    [
        ([FOUND[0], FOUND[0]], "two measurements of the same"),
        ([Measurement("necessity", "drums", (float("nan"), 1.0))], "is not finite"),
        ([Measurement("necessity", "drums", (1e300, 1.0))], "is not finite"),
        ([Measurement("necessity", "drums", (1.0, 2.0, 3.0))], "3 values; give one, or one for each of 2 labels"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_nonsense_is_refused_and_leaves_nothing(path: Path, measurements: list[Measurement], says: str) -> None:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        with pytest.raises(ValueError, match=says):
            store.put(TASKS[0], "a", [FOUND[3], *measurements])
        assert store.recordings() == []
        assert store.put(TASKS[0], "a", FOUND)


def test_a_recording_whose_writing_fails_half_way_leaves_nothing(path: Path) -> None:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        store._connection.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON measurements "
            "WHEN NEW.measure = (SELECT id FROM names WHERE name = 'bad') BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
        )
        bad = Measurement("bad", "a new name", (1.0, 2.0))
        with pytest.raises(OutputError, match="disk is full; nothing was left half-written"):
            store.put(TASKS[0], "a", [*FOUND, bad])
        assert (store.recordings(), list(store.measurements())) == ([], [])
        store._connection.execute("DROP TRIGGER full")
        store.put(TASKS[0], "a", [*FOUND, bad])
        assert (TASKS[0].key, bad) in list(store.measurements())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model_fingerprint": "f2"}, 'model fingerprint "f1", now "f2"'),
        ({"factorization": "spleeter:2stems"}, 'factorization "hpss", now "spleeter:2stems"'),
        ({"labels": ("piano", "guitar")}, "labels"),
        ({"settings": {"thresholds": [0.5], "delta": 0.5}}, "settings"),
        ({"version": 2}, "version 1, now 2"),
    ],
)
def test_a_store_of_another_audit_is_refused_with_the_way_out(path: Path, change: dict[str, object], says: str) -> None:
    AuditStore.create_or_resume(path, IDENTITY).close()
    with pytest.raises(UsageError, match=f"(?s){says}.*Name a new store"):
        AuditStore.create_or_resume(path, replace(IDENTITY, **change))  # type: ignore[arg-type]
    AuditStore.create_or_resume(
        path, replace(IDENTITY, settings=dict(reversed(list(IDENTITY.settings.items()))))
    ).close()


def test_a_store_of_another_version_is_not_read_either(path: Path) -> None:
    AuditStore.create_or_resume(path, replace(IDENTITY, version=0)).close()
    with pytest.raises(UsageError, match="version 0, now 1"):
        AuditStore.read(path)


def test_other_files_are_refused_and_left_alone(path: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder, and no audit's store"):
        AuditStore.read(tmp_path)
    with pytest.raises(MissingError, match="there is no audit at"):
        AuditStore.read(path)
    assert list(tmp_path.iterdir()) == []
    path.touch()
    with pytest.raises(MissingError, match="holds no audit yet"):
        AuditStore.read(path)
    path.write_bytes(b"RIFF" * 2000)
    theirs = tmp_path / "theirs.sqlite"
    with sqlite3.connect(theirs) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    for file in (path, theirs):
        before = file.read_bytes()
        with pytest.raises(UsageError, match="is not an audit store"):
            AuditStore.read(file)
        with pytest.raises(UsageError, match="is not an audit store"):
            AuditStore.create_or_resume(file, IDENTITY)
        assert file.read_bytes() == before
    with pytest.raises(OutputError, match="cannot write"):
        AuditStore.create_or_resume(path / "audit.sqlite", IDENTITY)  # a file is no folder
    AuditStore.create_or_resume(tmp_path / "made" / "audit.sqlite", IDENTITY).close()
    with pytest.raises(OutputError, match="cannot use"):
        AuditStore.create_or_resume(tmp_path, IDENTITY)


def test_a_second_writer_is_refused_and_a_reader_is_not(path: Path) -> None:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        store.put(TASKS[0], "a", FOUND)
        with pytest.raises(UsageError, match="another audit is writing to"):
            AuditStore.create_or_resume(path, IDENTITY)
        with AuditStore.read(path) as reader:
            reading = reader.measurements()
            next(reading)
            store.put(TASKS[1], "b", FOUND)  # a reader that pauses does not keep the writer waiting
            with pytest.raises(UsageError, match="only the process that opened a store for writing"):
                reader.put(TASKS[2], "c", FOUND)
    AuditStore.create_or_resume(path, IDENTITY).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_a_forked_process_may_not_write(path: Path) -> None:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        child = os.fork()
        if child == 0:
            try:
                store.put(TASKS[0], "a", FOUND)
            except UsageError:
                os._exit(7)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert store.recordings() == []


def test_names_that_are_no_text_are_kept_legibly(path: Path) -> None:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        store.put(TASKS[0], "caf\udce9 小提琴", FOUND, {"path": "caf\udce9"})
        (found,) = store.recordings()
        assert (found.name, found.facts) == ("caf\\xe9 小提琴", {"path": "caf\udce9"})


def task(i: int) -> Task:
    return Task(f"{i:08d}")


def many(due: Task) -> list[Measurement]:
    """Enough to fill several pages."""
    return [Measurement("necessity", f"component {i}", (float(due.sha256), float(i))) for i in range(200)]


def write_on_and_on(path: Path, log: Path) -> None:
    """Runs in a process of its own; notes what was committed once it was."""
    noted = os.open(log, os.O_WRONLY | os.O_APPEND)
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        for due in store.missing(map(task, range(3000))):
            store.put(due, due.sha256, many(due))
            os.write(noted, f"{due.sha256}\n".encode())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_sigkill_at_any_moment_loses_and_doubles_nothing(path: Path, tmp_path: Path) -> None:
    rng, log, hot = np.random.default_rng(0), tmp_path / "committed", 0
    log.touch()
    processes = multiprocessing.get_context("fork")  # the writer opens the store itself; nothing starts faster
    for round_number in range(20):
        size = log.stat().st_size
        writer = processes.Process(target=write_on_and_on, args=(path, log))
        writer.start()
        deadline = time.monotonic() + 20
        while round_number > 2 and log.stat().st_size == size and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.06))  # the first kills may meet the making of the file
        writer.kill()
        writer.join()
        assert writer.exitcode == -signal.SIGKILL
        hot += path.with_name(f"{path.name}-journal").exists()
        committed = log.read_text().splitlines()
        if committed:
            with AuditStore.read(path) as store:
                names = [recording.name for recording in store.recordings()]
                assert sorted(set(names)) == names, "nothing doubled"
                assert set(committed) <= set(names), "nothing lost"
                assert len(names) <= len(committed) + round_number + 1, "at most the one that was just committed"
                counts: dict[str, int] = {}
                for key, found in store.measurements():
                    counts[key] = counts.get(key, 0) + 1
                    assert str(int(found.values[0] or 0)).zfill(8) in key
                assert set(counts.values()) <= {200}, "never half a recording"
                assert len(counts) == len(names)
    assert len(committed) >= 20
    assert hot, "no kill met a transaction; the moments are no test"
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        assert store.missing([task(i) for i in range(len(names))]) == []


@pytest.mark.parametrize(("n_labels", "n_donors"), [(10, 10), (50, 5)])
def test_ten_thousand_recordings_stay_under_200_mb(path: Path, n_labels: int, n_donors: int) -> None:
    rng, components = np.random.default_rng(0), ("piano", "guitar", "bass", "drums", "residual")
    identity = replace(IDENTITY, labels=tuple(f"label {i}" for i in range(n_labels)))

    def numbers(n: int = n_labels) -> tuple[float, ...]:
        return tuple(rng.normal(0, 2, n).tolist())

    n = 60
    with AuditStore.create_or_resume(path, identity) as store:
        for i in range(n):
            found = [Measurement(measure, "", numbers()) for measure in ("score", "silence", "at lower level")]
            for name in components:
                found.append(Measurement("presence", name, numbers(1)))
                found += [Measurement(m, name, numbers()) for m in ("weight", "necessity", "sufficiency", "noise")]
                found += [
                    Measurement(f"transplant {kind}", name, numbers(), f"some folder/song {(i * 7 + k) % n:05d}.wav")
                    for kind in ("own", "matched")
                    for k in range(n_donors)
                ]
            facts = {"sr": 44100, "n_channels": 2, "path": f"some folder/some album/song {i:05d}.wav"}
            store.put(Task(f"{i:064x}", 0, 10, "a" * 64), f"some folder/song {i:05d}.wav", found, facts)
    assert path.stat().st_size / n * 10_000 < 200e6, path.stat().st_size / n * 10_000
    print(f"{path.stat().st_size / n / 100:.0f} MB per 10,000 recordings")


DAMAGES: dict[str, Callable[[AuditStore], Any]] = {
    "UPDATE identity SET value = '7' WHERE name = 'labels'": lambda store: store.identity,
    "UPDATE identity SET name = 'x' WHERE name = 'labels'": lambda store: store.identity,
    "UPDATE identity SET value = 'x'": lambda store: store.identity,
    "UPDATE recordings SET facts = '7'": AuditStore.recordings,
    "UPDATE recordings SET name = x'ff00'": AuditStore.recordings,
    "UPDATE recordings SET facts = '['": lambda store: list(store.one_by_one()),
    "UPDATE recordings SET facts = '{\"a\": NaN}'": AuditStore.recordings,
    "UPDATE failures SET tries = 'often'": AuditStore.failures,
    "UPDATE failures SET tries = -1": AuditStore.failures,
    "UPDATE measurements SET of = 'x'": lambda store: store.vectors("necessity"),
    "UPDATE measurements SET numbers = x'00'": lambda store: list(store.measurements()),
    "DELETE FROM names WHERE name = 'drums'": lambda store: list(store.one_by_one()),
    "DROP TABLE names": lambda store: list(store.measurements()),
    "DROP TABLE recordings": lambda store: store.missing([Task("1")]),
    "ALTER TABLE measurements RENAME COLUMN of TO more": lambda store: list(store.one_by_one()),
    "INSERT INTO reading VALUES ('[1]')": AuditStore.reading,
    "INSERT INTO reading VALUES ('{\"thresholds\": [0.5]}')": AuditStore.reading,
    "INSERT INTO manifest VALUES (0, '{\"path\": 7}')": AuditStore.entries,
    """INSERT INTO manifest VALUES (0, '{"path": "a", "sha256": "1", "labels": [], "song": "a", "start_s": -1.0,
    "duration_s": 1.0}')""": AuditStore.entries,
}
UNSEAL = "DROP TABLE seals; PRAGMA user_version = 0"


def damaged_store(path: Path, *statements: str) -> Path:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        store.put(Task("1"), "a.wav", [Measurement("necessity", "drums", (1.0, None))], {"sr": 44100})
        store.fail(Task("2"), "b.wav", "no sound")
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.executescript(statement)
    connection.close()
    return path


@pytest.mark.parametrize("form", ["", UNSEAL])
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_refused_by_name(path: Path, damage: str, form: str) -> None:
    damaged_store(path, form, damage)
    with pytest.raises(CorruptError, match=r"audit\.sqlite is damaged"), AuditStore.read(path) as store:
        DAMAGES[damage](store)


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE recordings SET name = 'b.wav'", "recordings"),
        ("DELETE FROM measurements", "measurements"),
        ("INSERT INTO measurements SELECT * FROM measurements", "measurements"),
        ("UPDATE names SET name = 'bass' WHERE name = 'drums'", "names"),
        ("UPDATE failures SET reason = 'too long'", "failures"),
        ("DELETE FROM manifest", "manifest"),
        ("UPDATE reading SET content = '{}'", "reading"),
        ("UPDATE identity SET value = '\"mine:rag\"' WHERE name = 'model'", "identity"),
        ("DELETE FROM seals", "identity"),
    ],
)
def test_rows_that_were_changed_or_lost_are_noticed(path: Path, change: str, table: str) -> None:
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        store.describe([SONG], Reading((0.5, 0.5)))
    damaged_store(path, change)
    before = path.read_bytes()
    says = f"rows of its table {table} were changed or lost"
    with pytest.raises(CorruptError, match=says):
        AuditStore.read(path)
    with pytest.raises(UsageError if "mine:rag" in change else CorruptError, match="another audit|" + says):
        AuditStore.create_or_resume(path, IDENTITY)
    assert path.read_bytes() == before


def test_a_store_of_an_earlier_form_is_read_and_gets_its_sums_when_it_is_written_to(path: Path) -> None:
    damaged_store(path, UNSEAL)
    before = everything(path)
    assert len(before[2]) == 1
    with AuditStore.create_or_resume(path, IDENTITY) as store:
        assert store.n_forgotten == 1, "what an earlier version could not measure is tried again"
    assert everything(path) == (*before[:2], [])
    damaged_store(path, "UPDATE recordings SET name = 'b.wav'")
    with pytest.raises(CorruptError, match="table recordings were changed"):
        AuditStore.read(path)


def test_a_store_of_a_newer_form_is_refused_as_such(path: Path) -> None:
    damaged_store(path, "PRAGMA user_version = 2")
    for opening in (AuditStore.read, lambda path: AuditStore.create_or_resume(path, IDENTITY)):
        with pytest.raises(UsageError, match=r"written by a newer version .* update audiolime_ext"):
            opening(path)


def test_every_flipped_bit_is_noticed_or_does_no_harm(path: Path) -> None:
    whole = damaged_store(path).read_bytes()
    before, refused = everything(path), 0
    for at in range(0, len(whole), 37):
        content = bytearray(whole)
        content[at] ^= 1 << at % 8
        path.write_bytes(content)
        try:
            assert everything(path) == before, f"byte {at}"
        except (UsageError, CorruptError):
            refused += 1
    assert refused > 20
