"""One file that nobody can read, or that kills or keeps whoever does, costs no other recording its measurement."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiolime_ext import Audio, Stems, tagger
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import Audit, plan_audit, run_audit
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.cli import main
from audiolime_ext.collection.engine.driver import DEATHS
from audiolime_ext.collection.engine.jobs import Job
from audiolime_ext.collection.engine.policy import Policy
from factorizations.bands import make as make_bands
from tests.audit_collection import LABELS, SR, confounded, make_collection
from tests.collection.engine.test_patience import KilledWorker, OwnExecutor

CONFOUNDED = "tests.audit_collection:confounded"
N = 6
SETTINGS = Settings(n_donors=3, n_same=2, kinds=("own",), noise=False)
NOISE = np.random.default_rng(9).normal(0, 0.1, SR).astype(np.float32)


@pytest.fixture(autouse=True)
def nothing_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))  # or the stems of an earlier run stand in


def encoded(samples: np.ndarray, kind: str, subtype: str | None = None, sr: int = SR) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, sr, format=kind, subtype=subtype)
    return file.getvalue()


def false_total() -> bytes:
    content = encoded(NOISE, "FLAC", "PCM_16")
    facts = int.from_bytes(content[18:26], "big")
    return content[:18] + (facts + 20_000).to_bytes(8, "big") + content[26:]


def odd_tag() -> bytes:
    av = pytest.importorskip("av")
    file = io.BytesIO()
    with av.open(file, "w", format="ipod") as container:
        container.metadata["title"] = "title XXXX"
        stream = container.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.resize(NOISE, (1, 1024)), format="fltp", layout="mono")
        for i in range(100):
            frame.rate, frame.pts = 44100, 1024 * i
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    before, tag, after = file.getvalue().partition(b"XXXX")
    assert tag, "else this tests nothing"
    return before + b"\xff\xfe\xe9\xe8" + after


POISONS: dict[str, tuple[str, Callable[[], bytes], str | None]] = {
    "a tag that is not UTF-8": ("poison.m4a", odd_tag, None),  # None: it can be measured itself
    "an MP3 that is cut": ("poison.mp3", lambda: encoded(NOISE, "MP3", sr=44100)[:27], "cut short"),
    "a false total": ("poison.flac", false_total, "its header promises 3.50 s"),
    "no bytes": ("poison.wav", lambda: b"", "is empty"),
    "no samples": ("poison.wav", lambda: encoded(NOISE[:0], "WAV"), "holds no samples"),
    "one sample": ("poison.wav", lambda: encoded(NOISE[:1], "WAV"), "0.000 s"),
    "text": ("poison.mp3", lambda: b"not found\n" * 99, "cannot be read as audio"),
    "NaN": ("poison.wav", lambda: encoded(NOISE * np.nan, "WAV", "FLOAT"), "NaN"),
    "three channels": ("poison.wav", lambda: encoded(np.stack([NOISE] * 3, axis=1), "WAV"), "3 channels"),
    "next to nothing": ("poison.wav", lambda: encoded(NOISE * 1e-42, "WAV", "FLOAT"), None),
}


def collection(folder: Path, name: str, content: bytes, *, span: bool) -> tuple[Path, Path]:
    """A manifest with the poison in its first line, and one without it; `span`: with the excerpts."""
    first, *lines = [line.rpartition(",")[0] for line in make_collection(folder, N).read_text().splitlines()]
    (folder / name).write_bytes(content)
    healthy = folder / "healthy.csv"
    end = ",0,0.5" if span else ""
    head = first + (",start_s,duration_s" if span else "")
    healthy.write_text("\n".join([head, *(line + end for line in lines)]) + "\n")
    poisoned = folder / "poisoned.csv"
    poisoned.write_text("\n".join([head, f"{name},piano,poison{end}", *(line + end for line in lines)]) + "\n")
    return poisoned, healthy


@pytest.mark.parametrize("span", [True, False], ids=["with excerpts", "without"])
@pytest.mark.parametrize("poison", POISONS)
def test_a_file_that_cannot_be_read_is_named_and_costs_no_other(tmp_path: Path, poison: str, span: bool) -> None:
    name, content, reason = POISONS[poison]
    poisoned, healthy = collection(tmp_path, name, content(), span=span)
    options: dict[str, Any] = {"store": tmp_path / "a.sqlite", "settings": SETTINGS, "workers": 0, "duration_s": 0.5}
    found = run_audit(poisoned, confounded, "bands:2", **options)
    assert found.done[1:].all()
    if reason is None:
        assert found.done[0]
    else:
        (failure,) = found.failures
        assert failure.name == name
        assert any(said in failure.reason for said in (reason, "does not lie within", "are too short"))
    again = run_audit(healthy, confounded, "bands:2", **options)
    assert again.done.all()
    assert not again.failures


class Odd(Exception):
    """Cannot be made again from what it says, as where it comes from another process."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)


class _Tripping:
    """Frequency bands; stumbles over the poison, not by an error of ours."""

    spec, scope, references, fingerprint = "tests.collection.engine.test_culprits:tripping", "blocks", (), "1"

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        if audio.name == "poison":
            raise Odd("tripped", "over it")
        return make_bands("2").factorize(audio, start_s=start_s, duration_s=duration_s)


tripping = _Tripping()


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_of_any_class_is_that_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    poisoned, _ = collection(tmp_path, "poison.wav", encoded(NOISE, "WAV"), span=True)
    audit = plan_audit(poisoned, CONFOUNDED, tripping.spec, settings=SETTINGS, workers=workers)
    found = audit.run(tmp_path / "a.sqlite")
    assert [(failure.name, failure.reason) for failure in found.failures] == [("poison.wav", "unexpected Odd: tripped")]
    assert found.done.sum() == N


def shrill(batch: np.ndarray) -> np.ndarray:
    """Whether there is a tone at 3 kHz, of which the poison alone is made."""
    power = np.abs(np.fft.rfft(batch, axis=1)) ** 2
    at = round(3000 * batch.shape[1] / SR)
    return np.asarray(power[:, at] > 0.05 * power.sum(axis=1) + 1e-9)


def whistle() -> bytes:
    return encoded(0.3 * np.sin(2 * np.pi * 3000 * np.arange(SR) / SR) + 0.01 * NOISE, "WAV", "FLOAT")


def test_a_host_whose_donor_the_model_cannot_bear_gets_another_and_it_is_said(tmp_path: Path) -> None:
    def picky(batch: np.ndarray) -> np.ndarray:
        if shrill(batch).any():
            raise RuntimeError("too shrill")
        return np.asarray(confounded(batch))

    poisoned, _ = collection(tmp_path, "poison.wav", whistle(), span=True)
    model, told = tagger(picky, sr=SR, labels=LABELS, version="picky"), list[str]()
    found = plan_audit(poisoned, model, "bands:2", settings=SETTINGS).run(tmp_path / "a.sqlite", say=told.append)
    assert [failure.name for failure in found.failures] == ["poison.wav"]
    assert found.done.sum() == N
    assert told
    assert all(line.startswith("poison.wav cannot be put into 00") and "too shrill" in line for line in told)


class Deadly(OwnExecutor):
    """Its workers die as `kills` says of a job, the how many-th time that it is given."""

    def __init__(self, kills: Callable[[Job, int], bool]) -> None:
        super().__init__(lambda *_: False)
        self.kills, self.times = kills, dict[Job, int]()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **more: Any) -> Future[Any]:
        if len(args) == 2:
            job = args[1]
            self.times[job] = self.times.get(job, 0) + 1
            if self.kills(job, self.times[job]):
                future: Future[Any] = Future()
                future.set_exception(KilledWorker())
                return future
        return super().submit(fn, *args, **more)


def deadly(folder: Path, kills: Callable[[Job, int], bool]) -> Audit:
    manifest = make_collection(folder, N)
    return plan_audit(manifest, CONFOUNDED, settings=SETTINGS, executor=Deadly(kills), at_once=2)


def is_(number: int, path: str) -> bool:
    return path.endswith(f"{number:03d}.wav")


def failed_of(results: Results) -> list[str]:
    assert results.done.sum() + len(results.failures) == N
    return [failure.name for failure in results.failures]


def test_workers_that_are_killed_by_something_else_condemn_no_recording(tmp_path: Path) -> None:
    """Each job dies beside others, and then alone, but for the last time that it may."""
    audit = deadly(tmp_path, lambda job, time: job.probe is None and len(job.donors) > 1 and time <= DEATHS)
    assert failed_of(audit.run(tmp_path / "s.sqlite")) == []


def test_a_part_that_is_killed_once_is_tried_again(tmp_path: Path) -> None:
    audit = deadly(tmp_path, lambda job, time: time <= (1 if job.probe or len(job.donors) <= 1 else 2))
    assert failed_of(audit.run(tmp_path / "s.sqlite")) == []


def test_a_recording_that_always_kills_its_worker_alone_is_condemned(tmp_path: Path) -> None:
    audit = deadly(tmp_path, lambda job, _: is_(2, job.host.path) and len(job.donors) > 1)
    assert failed_of(audit.run(tmp_path / "s.sqlite")) == ["002.wav"]


def test_a_donor_that_kills_the_model_is_not_the_fault_of_its_hosts(tmp_path: Path) -> None:
    """The stems of the poison can be made; the model dies of any mix that it is in."""

    def kills(job: Job, _: int) -> bool:
        return job.probe is None and any(is_(2, entry.path) for entry in (job.host, *job.donors))

    results = deadly(tmp_path, kills).run(tmp_path / "s.sqlite", say=lambda _: None)
    assert failed_of(results) == ["002.wav"]
    assert "the model crashes on it" in results.failures[0].reason


def test_a_donor_that_takes_too_long_is_not_the_fault_of_its_hosts(tmp_path: Path) -> None:
    def hangs(_fn: object, *args: Any) -> bool:
        if len(args) != 2:
            return False
        job = args[1]
        return any(is_(2, entry.path) for entry in (job.host, *job.donors))

    manifest = make_collection(tmp_path, N)
    audit = plan_audit(manifest, CONFOUNDED, settings=SETTINGS, executor=OwnExecutor(hangs), at_once=2)
    results = audit.run(tmp_path / "s.sqlite", Policy(timeout_s=0.5, patience_s=60))
    assert failed_of(results) == ["002.wav"]
    assert "took longer than 0.5 s" in results.failures[0].reason


def test_links_in_a_circle_folders_and_pipes_are_told_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = make_collection(tmp_path, 2)
    (tmp_path / "a.wav").symlink_to("b.wav")
    (tmp_path / "b.wav").symlink_to("a.wav")
    (tmp_path / "c.wav").mkdir()
    names = {"a.wav": "there is no file 'a.wav'", "c.wav": "'c.wav' is a folder"}
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "d.wav")
        names["d.wav"] = "'d.wav' is a pipe"
    rows = [f"{name},guitar,{name},000-stems" for name in names]
    manifest.write_text(manifest.read_text() + "\n".join(rows) + "\n")
    assert main(["audit", str(manifest), "-t", CONFOUNDED, "-f", "oracle", "-o", str(tmp_path / "s.sqlite")]) == 2
    told = capsys.readouterr().err
    for line, said in zip(itertools.count(4), names.values(), strict=False):
        assert f"line {line}: {said}" in told


def test_a_model_that_hears_one_length_is_not_refused_for_the_first_recording(tmp_path: Path) -> None:
    def half_a_second(batch: np.ndarray) -> np.ndarray:
        if batch.shape[1] != SR // 2:
            raise ValueError("another length")
        return np.asarray(confounded(batch))

    poisoned, _ = collection(tmp_path, "poison.wav", encoded(NOISE[:50], "WAV"), span=False)
    model = tagger(half_a_second, sr=SR, labels=LABELS, version="half")
    found = run_audit(poisoned, model, "bands:2", store=tmp_path / "a.sqlite", settings=SETTINGS, duration_s=0.5)
    assert [failure.name for failure in found.failures] == ["poison.wav"]
    assert found.done.sum() == N
