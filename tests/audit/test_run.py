"""Audits end to end: what they find, and that nothing stops, doubles or falsifies them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, AudiolimeError, Stems, load_audio, tagger
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import plan_audit, run_audit
from audiolime_ext.audit.store.records import Measurement
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.verdicts import judge, marks
from audiolime_ext.cli import main
from audiolime_ext.collection.engine.jobs import Job
from audiolime_ext.collection.engine.policy import Policy
from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.factorization.contract import Scope
from tests.audit_collection import SR, clean, confounded, make_collection

ROOT = Path(__file__).parents[2]
CONFOUNDED, BOMB = "tests.audit_collection:confounded", "tests.audit_collection:bomb"
FEW = Settings(n_donors=2, n_same=1, kinds=("own",), noise=False)


def table(store: Path) -> tuple[list[tuple[str, str]], list[tuple[str, Measurement]]]:
    """Everything in a store that must not depend on how it came there."""
    with AuditStore.read(store) as opened:
        return [(r.task, r.name) for r in opened.recordings()], list(opened.measurements())


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_collection(tmp_path_factory.mktemp("collection"), 24)


@pytest.fixture(scope="module")
def undisturbed(manifest: Path) -> Path:
    store = manifest.with_name("undisturbed.sqlite")
    run_audit(manifest, confounded, store=store, settings=FEW, workers=0)
    return store


def test_a_classifier_that_listens_to_the_drums_is_found_out_and_a_clean_one_is_not(
    manifest: Path, undisturbed: Path, tmp_path: Path
) -> None:
    first = judge(Results.read(undisturbed).transplants(), limit=0.36)[0]
    assert (first.label, first.component, first.status) == ("guitar", "drums", "shown")
    results = run_audit(manifest, clean, store=tmp_path / "clean.sqlite", settings=FEW, workers=0)
    found = {(v.label, v.component) for v in judge(results.transplants(), limit=0.36) if v.is_finding}
    assert not {component for _, component in found} & {"drums", "bass"}


def test_processes_write_the_table_that_one_process_writes(manifest: Path, undisturbed: Path, tmp_path: Path) -> None:
    run_audit(manifest, CONFOUNDED, store=tmp_path / "two.sqlite", settings=FEW, workers=2)
    recordings, measurements = table(tmp_path / "two.sqlite")
    assert (recordings, measurements) == table(undisturbed)
    assert len(recordings) == 24


def test_recordings_shorter_than_a_window_are_filled_up_in_every_mix_and_told(manifest: Path, tmp_path: Path) -> None:
    lengths = set()

    def listener(batch: np.ndarray) -> np.ndarray:
        lengths.add(batch.shape[1])
        return np.asarray(confounded(batch))

    repeating = tagger(listener, sr=SR, labels=confounded.labels, window_s=1.28, fill="repeat", version="1")
    results = run_audit(manifest, repeating, store=tmp_path / "short.sqlite", settings=FEW, workers=0)
    assert results.done.all()
    assert lengths == {round(1.28 * SR)}
    said = "24 recordings are shorter than the model's window; the first, 000.wav: 1.00 s are less than the model's "
    assert said + "window of 1.28 s: repeated until it is full" in marks(results)
    first = load_audio(results.entries[0].path).samples
    repeated = np.concatenate([first, first], axis=1)[:, : round(1.28 * SR)]
    np.testing.assert_allclose(results.scores[0], confounded(repeated)[0], atol=1e-5)


def test_an_excerpt_that_is_too_short_in_a_longer_recording_is_no_short_recording(
    manifest: Path, tmp_path: Path
) -> None:
    model = tagger(confounded, sr=SR, labels=confounded.labels, window_s=0.8, version="1")
    results = run_audit(manifest, model, store=tmp_path / "cut.sqlite", settings=FEW, workers=0, duration_s=0.5)
    assert not results.done.any()
    assert results.failures[0].reason == "'000.wav' is 0.500 s long; the model needs at least 0.800 s"
    store = tmp_path / "whole.sqlite"
    assert run_audit(manifest, model, store=store, settings=FEW, workers=0).entries[0].duration_s == 1.0


def test_silence_is_skipped_and_damage_is_told(tmp_path: Path) -> None:
    make_collection(tmp_path, 8)
    hiss = np.random.default_rng(0).normal(0, 1e-5, (3, SR)).astype(np.float32)
    for i, level in ((2, 0.0), (5, 1.0)):
        loud = load_audio(tmp_path / f"{i:03d}.wav").samples
        late = np.concatenate([loud, level * hiss.reshape(1, -1), loud], axis=1)
        Audio(late, SR).write(tmp_path / f"{i:03d}.wav")
    damaged = (tmp_path / "003.wav").read_bytes() + b"\1and something else"
    (tmp_path / "003.wav").write_bytes(damaged)
    lines = (tmp_path / "manifest.csv").read_text().splitlines()
    lines = [line.rpartition(",")[0] for line in lines]
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    results = run_audit(
        tmp_path / "manifest.csv",
        confounded,
        "bands:2",
        store=tmp_path / "a.sqlite",
        settings=FEW,
        workers=0,
        duration_s=1,
    )
    assert [failure.name for failure in results.failures] == ["002.wav", "005.wav"]
    nothing, little = (failure.reason for failure in results.failures)
    assert nothing == "'002' is silent from 2 s to 3 s; choose another start"
    assert re.fullmatch(
        r"'005' is silent from 2 s to 3 s \(\d\d dB below its loudest such excerpt\); choose .*", little
    )
    (told,) = (mark for mark in marks(results) if "damaged" in mark)
    assert told.startswith("1 recording is damaged, or not read to the end; the first, 003.wav: behind the end of ")


def test_an_audit_that_is_run_again_measures_nothing_twice(manifest: Path, undisturbed: Path, tmp_path: Path) -> None:
    store, asked = tmp_path / "again.sqlite", []

    def counted(batch: np.ndarray) -> np.ndarray:
        asked.append(len(batch))
        return np.asarray(confounded(batch))

    model = tagger(counted, sr=SR, labels=["guitar", "piano"], version="counted")
    run_audit(manifest, model, store=store, settings=FEW)
    n_asked = len(asked)
    run_audit(manifest, model, store=store, settings=FEW)
    assert n_asked > 24
    assert len(asked) == n_asked + 1  # whether the model can be audited at all is tried again
    assert len(table(store)[0]) == 24


def test_recordings_that_are_added_leave_what_was_done_as_it_was(tmp_path: Path) -> None:
    manifest, store = make_collection(tmp_path, 12), tmp_path / "growing.sqlite"
    lines = manifest.read_text().splitlines()
    smaller = manifest.with_name("smaller.csv")
    smaller.write_text("\n".join(lines[:9]) + "\n")
    run_audit(smaller, confounded, store=store, settings=FEW)
    before = dict.fromkeys(key for key, _ in table(store)[0])
    kept = table(store)[1]
    results = run_audit(manifest, confounded, store=store, settings=FEW)
    assert len(before) == 8
    assert results.done.sum() == 12
    assert [row for row in table(store)[1] if row[0] in before] == kept


def test_a_manifest_of_one_song_is_told_before_the_work(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text(re.sub(r"song \d+", "the song", manifest.read_text()))
    assert plan_audit(manifest, CONFOUNDED, workers=0).notes == ()
    (note,) = plan_audit(tmp_path / "one.csv", CONFOUNDED, root=manifest.parent, workers=0).notes
    assert note.startswith("all 24 recordings are of one song, ")


def test_shards_draw_the_donors_that_the_whole_draws(manifest: Path, undisturbed: Path, tmp_path: Path) -> None:
    whole = table(undisturbed)
    rows = []
    for number in (1, 2, 3):
        store = tmp_path / f"{number}.sqlite"
        run_audit(manifest, confounded, store=store, settings=FEW, shard=(number, 3))
        assert 7 <= len(table(store)[0]) <= 9
        rows += table(store)[1]
    assert sorted(rows, key=repr) == sorted(whole[1], key=repr)


def test_one_recording_that_crashes_its_process_costs_no_other(tmp_path: Path) -> None:
    poisoned, healthy = (
        make_collection(tmp_path / name, 16, poisoned=at) for name, at in (("poisoned", 5), ("healthy", None))
    )
    settings = Settings(n_donors=3, n_same=1, kinds=("own",), noise=False)
    store = tmp_path / "poisoned.sqlite"
    results = run_audit(poisoned, CONFOUNDED, BOMB, store=store, ignore=["stems"], settings=settings, workers=2)
    assert [failure.name for failure in results.failures] == ["005.wav"]
    assert "crashes the process" in results.failures[0].reason
    assert results.done.sum() == 15
    assert not any("005.wav" in str(row) for row in table(store)[0])
    # … and the others are measured as if it had never been there
    lines = [line for line in poisoned.read_text().splitlines() if not line.startswith("005")]
    without = poisoned.with_name("without.csv")
    without.write_text("\n".join(lines) + "\n")
    other = tmp_path / "without.sqlite"
    run_audit(without, CONFOUNDED, BOMB, store=other, ignore=["stems"], settings=settings, workers=1)
    assert table(store) == table(other)
    assert healthy.exists()


def test_a_job_for_processes_that_have_broken_shares_their_fate(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 16, poisoned=5)
    plan = plan_audit(manifest, CONFOUNDED, BOMB, ignore=["stems"], settings=FEW, workers=2)
    healthy, poisoned = (Job(plan.entries[i], probe="stems") for i in (0, 5))
    engine = plan.engine()
    try:
        assert isinstance(engine.submit(poisoned).exception(), BrokenExecutor)
        assert isinstance(engine.submit(healthy).exception(), BrokenExecutor)
        engine.restart()
        assert engine.submit(healthy).exception() is None
    finally:
        engine.stop()


def test_a_dozen_sigkills_neither_lose_nor_double_a_recording(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 180, duration_s=0.5)
    killed, calm = tmp_path / "killed.sqlite", tmp_path / "calm.sqlite"
    command = [sys.executable, "-m", "audiolime_ext", "audit", str(manifest), "-t", CONFOUNDED, "-f", "oracle"]
    command += ["--workers", "2", "--n-donors", "2", "--same", "1", "--kinds", "own", "--no-noise"]
    rng = np.random.default_rng(3)
    targets = np.sort(rng.choice(np.arange(3, 170), 12, replace=False))
    for target in targets:
        process = subprocess.Popen([*command, "-o", str(killed)], cwd=ROOT, stderr=subprocess.DEVNULL)
        while _n_done(killed) < target and process.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.02))  # anywhere within a recording, or within a commit
        assert process.poll() is None, "it ended before it could be killed"
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert subprocess.run([*command, "-o", str(killed)], cwd=ROOT, check=False, capture_output=True).returncode == 0
    assert subprocess.run([*command, "-o", str(calm)], cwd=ROOT, check=False, capture_output=True).returncode == 0
    assert table(killed) == table(calm)
    assert len(table(killed)[0]) == 180


def _n_done(store: Path) -> int:
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=5) as connection:
            return int(connection.execute("SELECT COUNT(*) FROM recordings").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_workers_end_when_their_driver_is_killed(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 60)
    store = tmp_path / "orphans.sqlite"
    command = [sys.executable, "-m", "audiolime_ext", "audit", str(manifest), "-t", CONFOUNDED, "-f", "oracle"]
    process = subprocess.Popen([*command, "-o", str(store)], cwd=ROOT, stderr=subprocess.DEVNULL)
    while _n_done(store) < 4:
        time.sleep(0.01)
    children = _children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(children) >= 2
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_recording_that_takes_too_long_is_recorded_and_the_others_are_measured(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 8, poisoned=3)
    results = run_audit(
        manifest,
        CONFOUNDED,
        "tests.audit_collection:sleeper",
        ignore=["stems"],
        store=tmp_path / "late.sqlite",
        settings=Settings(n_donors=0, n_same=0, kinds=("own",), noise=False),
        policy=Policy(timeout_s=4.0),
        workers=2,
    )
    assert [failure.name for failure in results.failures] == ["003.wav"]
    assert "took longer than 4 s" in results.failures[0].reason
    assert results.done.sum() == 7


class _Fickle:
    """True stems of one component that cannot be made the first times."""

    spec = None
    scope: Scope = "blocks"
    references = ()

    def __init__(self, n_failures: int, fingerprint: object) -> None:
        self.left, self.fingerprint = n_failures, str(fingerprint)  # a new one is in no cache

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        first, end = audio.span(start_s, duration_s)
        if audio.name == "002" and self.left:
            self.left -= 1
            raise OSError("the disk is tired")
        return Stems(("all",), audio.samples[None, :, first:end], audio.sr)


def test_failures_are_tried_again_as_often_as_was_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = make_collection(tmp_path, 6)

    def audited(n_failures: int, store: str, retries: int = 0) -> Results:
        nothing = Settings(n_donors=0, n_same=0)
        options: dict[str, Any] = {"ignore": ["stems"], "settings": nothing, "policy": Policy(retries=retries)}
        return run_audit(manifest, confounded, _Fickle(n_failures, tmp_path), store=tmp_path / store, **options)

    given_up = audited(2, "1.sqlite", retries=1)
    assert [failure.tries for failure in given_up.failures] == [2]
    assert "the disk is tired" in given_up.failures[0].reason
    mended = audited(2, "2.sqlite", retries=2)
    assert not mended.failures
    assert mended.done.all()
    # a failure is not forgotten, and not tried again unasked
    assert len(audited(0, "1.sqlite").failures) == 1
    connection = sqlite3.connect(shutil.copy(tmp_path / "1.sqlite", tmp_path / "earlier.sqlite"))
    connection.executescript("DROP TABLE seals; PRAGMA user_version = 0")
    connection.close()
    assert not audited(0, "earlier.sqlite").failures
    assert "an earlier version could not measure 1 recording" in capsys.readouterr().err
    assert not audited(0, "1.sqlite", retries=2).failures


def test_an_audit_stops_at_the_first_failure_if_it_is_told_to(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 6)
    store = tmp_path / "stop.sqlite"
    nothing = Settings(n_donors=0, n_same=0)
    audit = plan_audit(manifest, confounded, _Fickle(9, tmp_path), ignore=["stems"], settings=nothing)
    with pytest.raises(AudiolimeError, match=r"002\.wav: unexpected OSError: the disk is tired \(stopped there"):
        audit.run(store, Policy("stop"))
    names = [entry.name for entry in audit.in_drawn_order]
    assert sorted(name for _, name in table(store)[0]) == sorted(names[: names.index("002.wav")])


def test_an_audit_that_is_interrupted_holds_a_sample_of_all_classes(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 24)
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([lines[0], *sorted(lines[1:], key=lambda line: line.split(",")[1])]) + "\n")
    audit = plan_audit(manifest, confounded, "hpss", ignore=["stems"])
    assert len({entry.labels for entry in audit.mine[:8]}) == 1
    assert len({entry.labels for entry in audit.in_drawn_order[:8]}) == 2


def test_a_model_that_cannot_be_audited_is_refused_before_the_work(manifest: Path, tmp_path: Path) -> None:
    logits = tagger(lambda batch: np.full((len(batch), 2), 7.0), sr=SR, labels=["guitar", "piano"], version="1")
    with pytest.raises(ModelError, match="log-odds need scores between 0 and 1"):
        run_audit(manifest, logits, store=tmp_path / "s.sqlite")
    nameless = tagger(lambda batch: np.full((len(batch), 2), 0.5), sr=SR, version="1")
    with pytest.raises(UsageError, match="needs a model that states its labels and its rate"):
        run_audit(manifest, nameless, store=tmp_path / "s.sqlite")
    with pytest.raises(UsageError, match="answers a layer's activations, which decide nothing"):
        run_audit(manifest, "musicnn:MTT_vgg?layer=pool5", store=tmp_path / "s.sqlite")
    with pytest.raises(UsageError, match="the model lives in this process only"):
        run_audit(manifest, clean, store=tmp_path / "s.sqlite", workers=2)
    others = tagger(lambda batch: np.full((len(batch), 2), 0.5), sr=SR, labels=["jazz", "rock"], version="1")
    with pytest.raises(UsageError, match="unknown label 'guitar'"):
        run_audit(manifest, others, store=tmp_path / "s.sqlite")
    assert not (tmp_path / "s.sqlite").exists()


def test_the_rate_of_an_audit_is_the_models_or_that_of_one_that_states_none(manifest: Path) -> None:
    rateless = tagger(confounded, labels=confounded.labels, version="1")
    with pytest.raises(UsageError, match=r"states no rate: .*, or give --sr HZ \(sr=…\)"):
        plan_audit(manifest, rateless)
    assert plan_audit(manifest, rateless, sr=SR).ears.model.sr == SR
    with pytest.raises(UsageError, match="the rate 16000 does not fit: the model listens at 8000 Hz; leave it out"):
        plan_audit(manifest, confounded, sr=16000)
    with pytest.raises(UsageError, match="states no labels and rate: give"):
        plan_audit(manifest, lambda batch: batch[:, :2], sr=None)


def test_stores_of_other_models_and_settings_are_refused_with_the_way_out(manifest: Path, undisturbed: Path) -> None:
    with pytest.raises(
        UsageError, match=r"another audit: .*model fingerprint .*clicks 1.* now .*clicks 2.*Name a new store"
    ):
        run_audit(manifest, "tests.audit_collection:retrained", store=undisturbed, settings=FEW, workers=0)
    with pytest.raises(UsageError, match="another audit: settings"):
        run_audit(manifest, confounded, store=undisturbed, settings=Settings(), workers=0)


def test_a_store_keeps_the_map_of_classes_to_labels_and_another_map_is_another_audit(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 4)
    manifest.write_text(manifest.read_text().replace("guitar", "git").replace("piano", "keys"))
    how: dict[str, Any] = {"store": tmp_path / "s.sqlite", "settings": FEW, "workers": 0}
    with pytest.raises(UsageError, match=r"the model's labels are guitar, piano.*--map 'git=guitar'"):
        run_audit(manifest, confounded, **how)
    found = run_audit(manifest, confounded, label_map={"git": "guitar", "keys": "piano"}, **how)
    assert found.classes == ("guitar", "piano")
    assert found.identity.settings["label_map"] == "git=guitar;keys=piano"
    again = run_audit(manifest, confounded, label_map="keys=Piano;git=guitar", **how)
    assert again.identity == found.identity
    only = 'settings: label_map "git=guitar;keys=piano", now "git=piano;keys=guitar". Name a new store'
    with pytest.raises(UsageError, match=re.escape(f"another audit: {only}")):
        run_audit(manifest, confounded, label_map="keys=guitar;git=piano", **how)


def test_the_command_line_audits_estimates_and_explains_what_is_wrong(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    store = str(tmp_path / "cli.sqlite")
    given = ["audit", str(manifest), "-t", CONFOUNDED, "-f", "oracle", "-o", store, "--workers", "0"]
    assert main([*given, "--dry-run"]) == 0
    told = capsys.readouterr().out
    amounts = r"\d+ (s|min)( \(\d+ (s|min) to \d+ (s|min), as fast or slow as those that were timed\))?"
    free = r"with 1 worker, if the machine stays as free as it is now; [\d.]+ kB of results. No result was kept\n"
    assert re.fullmatch(rf"24 recordings, about \d+ predictions: measuring takes about {amounts} {free}", told)
    assert not (tmp_path / "cli.sqlite").exists()
    assert main(given) == 0
    assert "'guitar' depends on drums" in capsys.readouterr().out
    for wrong, code, message in (
        (["--shard", "3/2"], 2, "write I/N with 1 ≤ I ≤ N"),
        (["--column", "label"], 2, "write OURS=THEIRS"),
        (["--threshold", "2"], 2, "a number between 0 and 1 is needed"),
    ):
        try:
            found = main([*given, *wrong])
        except SystemExit as stop:
            found = int(stop.code or 0)
        assert found == code
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("separator", "besides"), [("bands:2", ", and the stems that were made so far in the cache"), ("oracle", "")]
)
def test_who_interrupts_an_audit_is_told_that_stems_are_kept(tmp_path: Path, separator: str, besides: str) -> None:
    def interrupted(batch: Any) -> Any:
        raise KeyboardInterrupt

    manifest = make_collection(tmp_path, 4)
    audit = plan_audit(manifest, confounded, separator, ignore=() if separator == "oracle" else ["stems"])
    audit.ears.model = tagger(interrupted, sr=SR, labels=confounded.labels, version="1")
    store = tmp_path / "s.sqlite"
    told = f"0 of 4 recordings done and kept in {store}{besides}; run the same command again to go on"
    with pytest.raises(KeyboardInterrupt, match=f"^{re.escape(told)}$"):
        audit.run(store)
    assert sum(map(audit.ears.is_kept, audit.entries)) == (0 if separator == "oracle" else 4)


def test_all_that_is_wrong_with_a_manifest_is_told_line_by_line(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    wrong = manifest.with_name("wrong.csv")
    wrong.write_text("path,label\n000.wav,guitar\n001.wav,piano\ngone.wav,guitar\n002.wav,pinao\n")
    assert main(["audit", str(wrong), "-t", CONFOUNDED, "-f", "oracle", "-o", str(tmp_path / "s.sqlite")]) == 2
    first, *others = capsys.readouterr().err.splitlines()
    assert first.endswith("cannot be used, 2 problems:")
    assert [line[:9] for line in others] == ["  line 4:", "  line 5:"]
    assert not (tmp_path / "s.sqlite").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_audit_that_is_told_to_end_says_so_and_goes_on(tmp_path: Path, number: int, code: int) -> None:
    manifest = make_collection(tmp_path, 60)
    store = tmp_path / "interrupted.sqlite"
    command = [sys.executable, "-m", "audiolime_ext", "audit", str(manifest), "-t", CONFOUNDED, "-f", "oracle"]
    process = subprocess.Popen(
        [*command, "-o", str(store)], cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while _n_done(store) < 4:
        time.sleep(0.01)
    os.killpg(process.pid, number)  # as a terminal does: the workers get it, too
    _, told = process.communicate(timeout=60)
    assert process.returncode == code
    assert not re.search("Traceback|leaked", told)
    n = _n_done(store)
    assert 4 <= n < 60
    words = {130: "interrupted", 143: "ended by SIGTERM"}[code]
    kept = f"{n} of 60 recordings done and kept in {store}; run the same command again to go on"
    assert told.splitlines()[-1] == f"audiolime: {words}; {kept}"
    assert plan_audit(manifest, CONFOUNDED, workers=0).run(store).done.all()
