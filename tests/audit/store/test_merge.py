"""Merging shards: the store of one run, whatever the order, as often as one likes."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest

from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import run_audit
from audiolime_ext.audit.store.merge import merge
from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading, Recording
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.cli import main
from audiolime_ext.collection.engine.jobs import Failure
from audiolime_ext.errors import CorruptError, MissingError, UsageError
from tests.audit_collection import confounded, make_collection

FEW = Settings(n_donors=2, n_same=1, kinds=("own",), noise=False)
IDENTITY = Identity("mine:tag", "f1", "hpss", "2", ("guitar", "piano"))
SONGS = [Entry(f"/a/{i}.wav", f"{i:064x}", (("guitar", "piano")[i % 2],), f"song {i}", 0.0, 1.0) for i in range(6)]
Everything = tuple[list[Recording], list[tuple[str, Measurement]], list[Failure], list[Entry], Reading]


def everything(path: Path) -> Everything:
    with AuditStore.read(path) as store:
        return store.recordings(), list(store.measurements()), store.failures(), store.entries(), store.reading()


def write(
    path: Path,
    done: list[Entry],
    *,
    failed: list[Entry] | None = None,
    entries: list[Entry] | None = None,
    reading: Reading | None = None,
    identity: Identity = IDENTITY,
    tries: int = 1,
) -> Path:
    with AuditStore.create_or_resume(path, identity) as store:
        store.describe(SONGS if entries is None else entries, reading or Reading())
        for entry in done:
            store.put(
                entry.task, entry.name, [Measurement("score", "", (int(entry.sha256, 16) / 8, 0.5))], {"sr": 8000}
            )
        for entry in (failed or []) * tries:
            store.fail(entry.task, entry.name, "broken")
    return path


def test_merged_shards_are_the_store_of_one_run(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 10)
    (tmp_path / "003.wav").write_bytes(b"no audio")

    def audit(name: str, shard: tuple[int, int] | None = None) -> Path:
        store = tmp_path / f"{name}.sqlite"
        run_audit(manifest, confounded, store=store, settings=FEW, workers=0, shard=shard)
        return store

    whole, shards = audit("whole"), [audit(f"{i}", (i, 3)) for i in (1, 2, 3)]
    assert [len(everything(shard)[0]) for shard in shards] != [9, 9, 9], "each did a part"
    for order in (shards, shards[::-1]):
        out = tmp_path / f"merged {order[0].stem}.sqlite"
        assert merge(order, out) == 9
        assert everything(out) == everything(whole)
        assert merge([*order, out], out) == 0
        assert everything(out) == everything(whole)
    assert [failure.name for failure in everything(out)[2]] == ["003.wav"]


def test_a_store_grows_by_what_it_lacks(tmp_path: Path) -> None:
    one = write(tmp_path / "one", SONGS[:2], entries=SONGS[:3])
    two = write(tmp_path / "two", SONGS[1:4], entries=SONGS[1:])
    out = tmp_path / "out"
    assert (merge([one], out), merge([two], out), merge([one, two], out)) == (2, 2, 0)
    recordings, measurements, _, entries, _ = everything(out)
    assert entries == SONGS
    assert [recording.task for recording in recordings] == [entry.key for entry in SONGS[:4]]
    assert [found.values for _, found in measurements] == [(i / 8, 0.5) for i in range(4)]


def test_a_success_takes_a_failures_place_and_tries_are_not_counted_twice(tmp_path: Path) -> None:
    one = write(tmp_path / "one", [SONGS[0]], failed=SONGS[1:3], tries=2)
    two = write(tmp_path / "two", [SONGS[1]], failed=SONGS[2:4])
    for order in ([one, two], [two, one]):
        out = tmp_path / f"from {order[0].name}"
        for _ in range(2):
            merge(order, out)
            assert [(f.name, f.tries) for f in everything(out)[2]] == [("2.wav", 2), ("3.wav", 1)]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"identity": replace(IDENTITY, model_fingerprint="f2")}, 'model fingerprint "f2", now "f1"'),
        ({"entries": [replace(SONGS[0], labels=("piano",))]}, "0.wav is guitar of 'song 0' in .*one and piano of"),
        ({"entries": [replace(SONGS[0], song="song 1")]}, "run both again with one manifest"),
        ({"reading": Reading((0.5, 0.5))}, "have different thresholds"),
    ],
)
def test_what_is_not_of_one_audit_is_refused_before_anything_is_written(
    tmp_path: Path, other: dict[str, object], says: str
) -> None:
    one, two = write(tmp_path / "one", SONGS[:2]), write(tmp_path / "two", SONGS[:1], **other)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=says):
        merge([one, two], tmp_path / "out")
    assert not (tmp_path / "out").exists()
    before = everything(one)
    with pytest.raises(UsageError, match=r"fingerprint|with one manifest|different thresholds"):
        merge([two], one)
    assert everything(one) == before


def test_paths_may_differ_from_machine_to_machine(tmp_path: Path) -> None:
    here = [replace(entry, path=f"/here/{i}.wav", song=f"/here/{i}.wav") for i, entry in enumerate(SONGS)]
    there = [replace(entry, path=f"/there/{i}.wav", song=f"/there/{i}.wav") for i, entry in enumerate(SONGS)]
    one, two = write(tmp_path / "one", here[:3], entries=here), write(tmp_path / "two", there[3:], entries=there)
    assert merge([one, two], tmp_path / "out") == 6
    assert everything(tmp_path / "out")[3] == here


def test_the_command_tells_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write(tmp_path / "one", SONGS[:2], failed=SONGS[5:])
    out = tmp_path / "out"
    assert main(["audit", "merge", str(one), "-o", str(out)]) == 0
    told = capsys.readouterr()
    assert told.out == f"2 of 6 recordings are in {out}, 2 of them new\n"
    assert "warning: 5.wav: broken" in told.err
    assert main(["audit", "merge", str(tmp_path / "none"), "-o", str(out)]) == 3
    assert "there is no audit at" in capsys.readouterr().err
    with pytest.raises(UsageError, match="nothing to merge into"):
        merge([out], out)
    with pytest.raises(MissingError, match="there is no audit"):
        merge([tmp_path / "none"], tmp_path / "new")
    with AuditStore.create_or_resume(out, IDENTITY), pytest.raises(UsageError, match="another audit is writing"):
        merge([one], out)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_a_merge_that_is_killed_leaves_the_target_as_it_was(tmp_path: Path) -> None:
    songs = [replace(SONGS[i % 6], path=f"/a/{i}.wav", sha256=f"{i:064x}", song=f"song {i}") for i in range(30)]
    one, two = (write(tmp_path / name, songs[i::2], entries=songs) for i, name in enumerate(("one", "two")))
    whole, there = tmp_path / "whole", write(tmp_path / "there", songs[:1], entries=songs)
    merge([one, two], whole)
    processes, after = multiprocessing.get_context("fork"), set[str]()
    for round_number in range(8):
        new = tmp_path / "new"
        new.unlink(missing_ok=True)
        for out, before in ((new, None), (there, everything(there))):
            process = processes.Process(target=merge, args=([one, two], out))
            process.start()
            time.sleep(0.01 * round_number)
            process.kill()
            process.join()
            if not out.exists():
                after.add("none")
            elif before is not None and everything(out) == before:
                after.add("before")
            else:
                assert everything(out)[:2] == everything(whole)[:2]
                after.add("whole")
    assert {"none", "before"} <= after
    merge([one, two], new)
    assert everything(new) == everything(whole)


def test_merging_into_a_store_of_an_earlier_form_keeps_its_failures(tmp_path: Path) -> None:
    out, one = write(tmp_path / "out", SONGS[:1], failed=SONGS[1:2]), write(tmp_path / "one", SONGS[2:3])
    connection = sqlite3.connect(out)
    connection.executescript("DROP TABLE seals; PRAGMA user_version = 0")
    connection.close()
    assert merge([one], out) == 1
    assert [failure.name for failure in everything(out)[2]] == ["1.wav"]


def test_a_merge_that_fails_leaves_no_file_and_no_lock_that_holds(tmp_path: Path) -> None:
    one = write(tmp_path / "one", SONGS[:2])
    with sqlite3.connect(write(tmp_path / "two", SONGS[2:])) as connection:
        connection.execute("DELETE FROM measurements WHERE recording = 2")
    connection.close()
    out = write(tmp_path / "out", SONGS[5:])
    before, names = out.read_bytes(), {path.name for path in tmp_path.iterdir()}
    with pytest.raises(CorruptError, match="two is damaged"):
        merge([one, tmp_path / "two"], out)
    assert (out.read_bytes(), {path.name for path in tmp_path.iterdir()}) == (before, names)
    (tmp_path / "link").symlink_to(out)
    assert merge([one], tmp_path / "link") == 2
    assert (tmp_path / "link").is_symlink()
    assert len(everything(out)[0]) == 3
