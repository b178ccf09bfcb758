"""Who is told of the stages of the work, how often, and what becomes of the work where telling fails."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import (
    Audio,
    explain,
    explain_track,
    make_index,
    run_audit,
    similar,
    tag,
    tagger,
    top_component,
    write_page,
)
from audiolime_ext import why as why_near
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.errors import UsageError
from audiolime_ext.progress.progress import Progress
from audiolime_ext.progress.stages import reporting, stage, tracked
from factorizations.oracle import OracleFactorization
from tests.audit_collection import clean, make_collection

SR = 8000
DRUMS, BASS = (np.sin(np.arange(3 * SR) * step).astype(np.float32) / 4 for step in (1.5, 0.05))
ORACLE = OracleFactorization({"drums": (DRUMS, SR), "bass": (BASS, SR)})
SONG = ORACLE.mixture
ALONE = Settings(n_donors=0, n_same=0)


def loud(batch: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((batch**2).mean(axis=1, keepdims=True)))


MODEL = tagger(loud, sr=SR, labels=["loud"], window_s=1.0, version="1")
UNNAMED = tagger(loud, sr=SR, window_s=1.0, version="1")


class Clock:
    """Time passes only when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Told(list[Progress]):
    """A function that keeps what it is told."""

    def __call__(self, at: Progress) -> None:
        self.append(at)

    @property
    def stages(self) -> list[str]:
        return [name for name, _ in groupby(at.stage for at in self)]


class Stop(Exception):
    """What a function raises that wants the work to end."""


def stopping(at: Progress) -> None:
    raise Stop(at.stage)


def test_explaining_a_song_has_stages_each_told_from_its_first_to_its_last(tmp_path: Path) -> None:
    told = Told()
    explain(SONG.write(tmp_path / "song.wav"), MODEL, factorization="nmf:2", labels=["loud"], progress=told)
    assert told.stages[0] == "decoding"
    assert told.stages.index("decoding") < told.stages.index("asking the model")
    for name in told.stages:
        of = [at for at in told if at.stage == name]
        assert of[0].done == 0
        assert of[-1].total is None or of[-1].done == of[-1].total
    assert [at.total for at in told if at.stage == "asking the model"][-1] == 4


def test_spleeter_counts_its_blocks() -> None:
    told = Told()
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 20 * 44100)).astype(np.float32)
    explain(Audio(noise, 44100), loud, labels=[0], factorization="spleeter:2stems", progress=told)
    blocks = [at for at in told if at.stage == "separating"]
    assert [(at.total, at.unit) for at in blocks[:1]] == [(2, "block")]
    assert blocks[-1].done == 2


def everything(folder: Path) -> dict[str, Any]:
    """Every public function that takes long, called with a function that is told."""
    SONG.write(folder / "song.wav")
    manifest = make_collection(folder / "songs", 4)
    found = explain(SONG, MODEL, factorization=ORACLE, labels=["loud"])
    index = make_index(manifest.parent, MODEL, index=folder / "i.index", workers=0)
    named: dict[str, Any] = {"factorization": ORACLE, "labels": ["loud"]}
    song = folder / "song.wav"
    return {
        "explain": lambda told: explain(song, MODEL, **named, progress=told),
        "explain_track": lambda told: explain_track(song, MODEL, cache=False, **named, progress=told),
        "top_component": lambda told: top_component(song, MODEL, **named, progress=told),
        "tag": lambda told: tag(song, MODEL, progress=told),
        "make_index": lambda told: make_index(
            manifest.parent, MODEL, index=folder / "n.index", workers=0, progress=told
        ),
        "run_audit": lambda told: run_audit(manifest, clean, store=folder / "s.sqlite", workers=0, progress=told),
        "similar": lambda told: similar(song, index, model=MODEL, k=1, progress=told),
        "why": lambda told: why_near((SONG, ORACLE), (SONG, ORACLE), model=UNNAMED, cache=False, progress=told),
        "write_page": lambda told: write_page(found, folder / "page.html", progress=told),
    }


@pytest.mark.filterwarnings("ignore")
def test_whatever_takes_long_tells_and_ends_with_the_error_of_the_function_that_is_told(tmp_path: Path) -> None:
    for name, call in everything(tmp_path).items():
        with pytest.raises(Stop):
            call(stopping)
        told = Told()
        call(told)
        assert told, name


def test_a_page_that_was_ended_is_not_there(tmp_path: Path) -> None:
    found = explain(SONG, MODEL, factorization=ORACLE, labels=["loud"])
    with pytest.raises(Stop, match="encoding"):
        write_page(found, tmp_path / "page.html", progress=stopping)
    assert list(tmp_path.iterdir()) == []


def test_ending_an_audit_blames_no_recording_and_it_goes_on(tmp_path: Path) -> None:
    """The error is raised while a recording is measured, where errors of the model are kept as that recording's."""

    def stop(at: Progress) -> None:
        if at.stage == "decoding" and at.outer is not None and at.outer.done >= 2:
            raise Stop

    manifest, store, told = make_collection(tmp_path, 6), tmp_path / "s.sqlite", Told()
    with pytest.raises(Stop):
        run_audit(manifest, clean, store=store, workers=0, settings=ALONE, progress=stop)
    half = Results.read(store)
    assert (int(half.done.sum()), half.failures) == (2, ())
    run_audit(manifest, clean, store=store, workers=0, settings=ALONE, progress=told)
    auditing = [at for at in told if at.stage == "auditing"]
    assert (auditing[0].done, auditing[0].before, auditing[-1].done) == (2, 2, 6)


def test_an_error_of_the_function_passes_a_model_that_catches_everything() -> None:
    def catching(batch: np.ndarray) -> np.ndarray:
        with suppress(BaseException):
            list(tracked([1], "inner work", "step"))
        return loud(batch)

    def stop_inside(at: Progress) -> None:
        if at.stage == "inner work":
            raise Stop

    with pytest.raises(Stop):
        explain(SONG, tagger(catching, labels=["loud"], sr=SR), factorization=ORACLE, progress=stop_inside)


def test_a_function_is_told_ten_times_a_second_and_of_the_first_and_the_last() -> None:
    clock, told = Clock(), Told()
    with reporting(told, clock=clock), stage("counting", 1000, "number") as counting:
        for _ in range(1000):
            clock.now += 0.003
            counting.advance()
    assert told[0].done == 0
    assert told[-1].done == 1000
    assert 29 <= len(told) <= 32  # in three seconds
    assert told[-1].elapsed_s == pytest.approx(3.0)


def test_a_stage_in_one_of_its_name_is_not_told_and_others_know_where_they_are() -> None:
    told = Told()
    with reporting(told), stage("separating", 3, "s"), stage("separating", 5, "block"), stage("asking", 2, "mix"):
        pass
    assert {(at.stage, at.unit, at.outer and at.outer.stage) for at in told} == {
        ("separating", "s", None),
        ("asking", "mix", "separating"),
    }


def test_a_log_gets_a_plain_line_every_half_minute(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with reporting(clock=clock), stage("measuring", 72, "recording") as measuring:
        for _ in range(70):
            clock.now += 1.0
            measuring.advance()
            with stage("asking the model", 8, "mix") as asking:
                asking.advance(3)
    shown = capsys.readouterr().err
    assert shown.splitlines() == [
        "audiolime: measuring: 30 of 72 recordings, 1.0 a second, 40 s left",
        "audiolime: measuring: 60 of 72 recordings, 1.0 a second, 10 s left",
    ]
    assert "\r" not in shown


def test_a_line_says_what_a_long_step_is_at(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with reporting(clock=clock), stage("explaining", 12, "window"), stage("separating", 200, "s") as separating:
        clock.now = 31.0
        separating.advance(40)
    told = "audiolime: explaining: 0 of 12 windows (separating: 40 of 200 s of sound)\n"
    assert capsys.readouterr().err == told


def test_short_stages_one_after_another_are_no_reason_for_silence(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with reporting(clock=clock):
        for _ in range(4):
            with stage("explaining", 1, "window") as explaining:
                clock.now += 10.0
                explaining.advance()
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("why_not", ["told", "disabled"])
def test_nothing_is_shown_where_nothing_is_wanted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, why_not: str
) -> None:
    clock = Clock()
    if why_not == "disabled":
        monkeypatch.setenv("TQDM_DISABLE", "1")
    with reporting(False if why_not == "told" else None, clock=clock), reporting(), stage("measuring") as measuring:
        clock.now = 100.0
        measuring.advance()
    assert capsys.readouterr().err == ""


def test_workers_leave_telling_to_the_driver(tmp_path: Path) -> None:
    told = Told()
    with ThreadPoolExecutor(1) as pool:
        context = copy_context()
        pool.submit(context.run, lambda: None).result()
        model = "tests.audit_collection:confounded"
        run_audit(make_collection(tmp_path, 4), model, store=tmp_path / "s.sqlite", executor=pool, progress=told)
    assert set(told.stages) <= {"reading the manifest", "decoding", "auditing", "asking the model"}
    assert all(at.outer is None for at in told if at.stage != "decoding")
    assert [at.done for at in told if at.stage == "auditing"][-1] == 4


def test_a_thread_with_a_copy_of_the_context_tells_whoever_is_told() -> None:
    told = Told()

    def work() -> None:
        with stage("encoding", 1, "piece") as encoding:
            encoding.advance()

    with reporting(told), ThreadPoolExecutor(1) as pool:
        pool.submit(copy_context().run, work).result()
    assert told.stages == ["encoding"]


def test_what_is_no_function_is_refused_before_the_work() -> None:
    with pytest.raises(UsageError, match=r"progress must be a function of one Progress, False .* not 'bar'"):
        explain("nothing.wav", MODEL, progress="bar")  # type: ignore[arg-type]
