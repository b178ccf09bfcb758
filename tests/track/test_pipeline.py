"""Whole recordings: every window as it would be explained alone, planted truths first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiolime_ext import Audio, Stems, TrackExplanation, explain, explain_track, load_audio, tagger
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.cache import Cache
from audiolime_ext.errors import AudioError, ModelError, UsageError
from audiolime_ext.factorization import kept as kept_module
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.stems import with_residual
from audiolime_ext.models.musicnn import MusicnnModel
from audiolime_ext.prediction.repeatability import N_ASKED
from audiolime_ext.prediction.taggram import tag
from audiolime_ext.registry import build
from audiolime_ext.track import size
from factorizations.oracle import OracleFactorization

SR = 16000
LABELS = ["bass", "guitar", "drums"]
HZ = [100, 440, 3000]


def tone(hz: float, gains: list[float], sr: int = SR) -> tuple[np.ndarray, int]:
    """A tone whose level changes every second."""
    time_s = np.arange(len(gains) * sr) / sr
    return (0.2 * np.repeat(gains, sr) * np.sin(2 * np.pi * hz * time_s)).astype(np.float32), sr


def strengths(batch: np.ndarray) -> np.ndarray:
    """Amplitude of each instrument's tone, shape (n, 3)."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), HZ) / SR)
    return np.asarray(np.abs(batch @ turns) * 2 / batch.shape[1] / 0.2)


@pytest.fixture(scope="module")
def band() -> OracleFactorization:
    """Seven and a half seconds: the bass plays throughout, the guitar from second 2 on, the drums in second 4 only."""
    stems = {
        "bass": tone(100, [1] * 8),
        "guitar": tone(440, [0, 0, 1, 1, 1, 1, 0.5, 0.5]),
        "drums": tone(3000, [0, 0, 0, 0, 1, 0, 0, 0]),
    }
    return OracleFactorization({name: (samples[: 15 * SR // 2], SR) for name, (samples, _) in stems.items()})


class Split:
    """A factorization made of a function from (mixture, first sample) to stems by name; it counts what it is asked."""

    spec, references, fingerprint = None, (), "split-1"

    def __init__(
        self, parts: Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]], scope: Scope = "blocks"
    ) -> None:
        self.parts, self.scope, self.n_asked = parts, scope, 0

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        self.n_asked += 1
        first, end = audio.span(start_s, duration_s)
        mixture = audio.samples[:, first:end]
        found = self.parts(mixture, np.arange(first, end) / audio.sr)
        return with_residual(mixture, list(found), np.stack(list(found.values())), audio.sr)


def signs(mixture: np.ndarray, _: np.ndarray) -> dict[str, np.ndarray]:
    return {"high": np.maximum(mixture, 0), "low": np.minimum(mixture, 0)}


class Listener:
    """A model of one second windows that counts the signals it is given."""

    def __init__(self, judge: Callable[[np.ndarray], np.ndarray] = lambda s: s, **options: Any) -> None:
        self.n_asked, self.batches, self.judge = 0, list[int](), judge

        def answer(batch: np.ndarray) -> np.ndarray:
            self.n_asked += len(batch)
            self.batches.append(len(batch))
            return self.judge(strengths(batch))

        self.model = tagger(answer, **{"sr": SR, "labels": LABELS, "window_s": 1.0, **options})


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of results that is empty."""
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "results"


def agree(track: TrackExplanation, audio: Any, model: Any, factorization: Any, **options: Any) -> None:
    """Every window has the weights, scores and components that `explain` gives it alone."""
    for window in track.windows:
        alone = explain(
            audio,
            model,
            factorization=factorization,
            labels=None if "target" in options else list(track.labels),
            start_s=window.start_s,
            duration_s=window.duration_s,
            level_check=False,
            **options,
        )
        assert alone.names == window.names
        np.testing.assert_allclose(window.attribution.weights, alone.attribution.weights, atol=1e-5)
        np.testing.assert_allclose(window.neighborhood.scores, alone.neighborhood.scores, atol=1e-5)
        np.testing.assert_allclose(window.levels_db, alone.components.levels_db, atol=1e-3)


def means_explain_the_mean_score(track: TrackExplanation) -> None:
    for label in track.all_labels:
        full, empty = track.mean_score(label)
        assert sum(track.mean(label).values()) == pytest.approx(full - empty, abs=1e-9)


def test_a_planted_model_gets_its_weights_in_every_window(band: OracleFactorization) -> None:
    listener = Listener()
    track = explain_track(band.mixture, listener.model, factorization=band, cache=False)
    assert track.labels == ("bass", "guitar", "drums")  # by mean; each is heard somewhere
    assert track.names == ("bass", "guitar", "drums")
    np.testing.assert_allclose(track.times_s, np.arange(7.0))
    np.testing.assert_allclose(track.weights("guitar")["guitar"], [0, 0, 1, 1, 1, 1, 0.5], atol=1e-5)
    np.testing.assert_allclose(track.weights("drums")["drums"], [0, 0, 0, 0, 1, 0, 0], atol=1e-5)
    assert str(track.leaders("guitar")) == "guitar leads guitar in 5 of 5 windows; 2 more stay below 0.3"
    means_explain_the_mean_score(track)
    agree(track, band.mixture, listener.model, band)


def test_the_last_window_that_is_not_whole_is_tagged_but_not_explained(band: OracleFactorization) -> None:
    track = explain_track(band.mixture, Listener().model, factorization=band, cache=False)
    assert track.taggram.padded.tolist() == [False] * 7 + [True]
    assert len(track.windows) == 7
    assert track.notes == ("the last window, from 7.00 s on, is not whole: tagged, but not explained nor in any mean",)
    assert track.mean("bass")["bass"] == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("spec", ["spleeter:2stems", "hpss", "bands:4"])
@pytest.mark.usefixtures("published")
def test_excerpt_and_track_agree_for_the_published_tagger(ezer_ev: Path, spec: str) -> None:
    model, separator = build("model", "musicnn:MSD_musicnn"), build("factorization", spec)
    track = explain_track(ezer_ev, model, factorization=separator, start_s=5.5, duration_s=9.3, cache=False)
    assert len(track.windows) == 3
    agree(track, ezer_ev, model, separator)
    means_explain_the_mean_score(track)
    whole = ~track.taggram.padded
    np.testing.assert_allclose(track.full, track.taggram.scores[whole], atol=1e-4)


@pytest.mark.usefixtures("published")
def test_excerpt_and_track_agree_across_the_borders_of_parts(
    feelings: dict[str, Path], monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    model = musicnn()
    oracle = OracleFactorization(feelings)
    monkeypatch.setattr(kept_module, "PART_S", 4.0)
    track = explain_track(oracle.mixture, model, factorization=oracle, labels=["guitar"])
    assert len(list(own_cache.glob("stems-*"))) == 5
    agree(track, oracle.mixture, model, oracle)


def musicnn() -> MusicnnModel:
    """The published tagger from the user's own cache, wherever a test keeps its results."""
    from audiolime_ext.models.musicnn import CHECKPOINT

    named = os.environ.pop("AUDIOLIME_CACHE", None)
    try:
        from audiolime_ext.networks.checkpoints import locate

        return MusicnnModel("MSD_musicnn", folder=locate(CHECKPOINT))
    finally:
        if named is not None:
            os.environ["AUDIOLIME_CACHE"] = named


def test_at_explains_the_windows_that_begin_at_these_seconds(band: OracleFactorization) -> None:
    listener = Listener()
    track = explain_track(band.mixture, listener.model, factorization=band, at=[4.25, 0.5, 4.25], cache=False)
    assert track.times_s.tolist() == [0.5, 4.25]
    assert len(track.taggram.times_s) == 8
    agree(track, band.mixture, listener.model, band)
    assert explain_track(band.mixture, listener.model, factorization=band, at=2, cache=False).times_s.tolist() == [2.0]


def test_labels_are_those_that_the_chosen_windows_reach(band: OracleFactorization) -> None:
    """The guitar comes in at second 2, the drums play in second 4 only."""
    ask: Any = partial(explain_track, band.mixture, Listener().model, factorization=band, cache=False)
    assert ask(at=[0.0, 1.0]).labels == ("bass",)
    assert sorted(ask(at=4.0).labels) == sorted(ask().labels) == ["bass", "drums", "guitar"]
    assert ask(at=[0.0], top_labels=1).labels == ("bass",)
    note = "no label reaches 1.5 in a window that was chosen ('bass' reaches 1.00): those of highest mean are explained"
    assert note in ask(at=[0.0], min_score=1.5).notes


OPTIONS: dict[str, dict[str, Any]] = {
    "noise": {"baseline": "noise"},
    "floor": {"baseline": "floor"},
    "other": {"baseline": Audio(tone(440, [1] * 8)[0][None], SR, "another")},
    "log-odds": {"target": "log-odds"},
    "lime": {"method": "lime"},
    "leave-one-out": {"method": "leave-one-out"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_excerpt_and_track_agree_whatever_is_asked(band: OracleFactorization, name: str) -> None:
    listener = Listener(lambda s: np.clip(0.1 + 0.5 * s[:, :1] * s[:, 1:2] + 0.2 * s[:, 2:], 0, 1), labels=["it"])
    separator, options = Split(signs), OPTIONS[name]
    track = explain_track(band.mixture, listener.model, factorization=separator, labels="it", cache=False, **options)
    agree(track, band.mixture, listener.model, separator, **options)


def test_excerpt_and_track_agree_where_masks_are_sampled(band: OracleFactorization) -> None:
    listener = Listener(lambda s: np.sqrt(s[:, :1] * s[:, 1:2]), labels=["it"])
    options: dict[str, Any] = {"max_evals": 120, "seed": 3}
    track = explain_track(band.mixture, listener.model, factorization="bands:8", labels=0, cache=False, **options)
    assert not track.exact
    assert track.std_errors is not None
    assert (track.std_errors > 0).any()
    assert track.to_dict()["seed"] == 3
    agree(track, band.mixture, listener.model, "bands:8", **options)


def test_a_contrast_and_a_function_can_be_targets(band: OracleFactorization) -> None:
    listener = Listener()
    contrast = explain_track(band.mixture, listener.model, factorization=band, target=("guitar", "bass"), cache=False)
    assert contrast.labels == ("guitar − bass",)
    np.testing.assert_allclose(contrast.mean()["bass"], -1, atol=1e-5)
    assert contrast.leaders().n_reached == 7, "every window"
    energy = explain_track(
        band.mixture, listener.model, factorization=band, target=lambda s: (s**2).sum(axis=1), cache=False
    )
    assert len(energy.labels) == 1
    means_explain_the_mean_score(energy)


@pytest.mark.parametrize(("hop_s", "n_windows"), [(0.5, 14), (2.0, 4)])
def test_windows_may_overlap_or_leave_gaps(band: OracleFactorization, hop_s: float, n_windows: int) -> None:
    listener = Listener(hop_s=hop_s, lead_s=0.01)
    track = explain_track(band.mixture, listener.model, factorization=band, cache=False)
    assert len(track.windows) == n_windows
    agree(track, band.mixture, listener.model, band)


def test_a_last_window_that_lacks_no_more_than_a_lead_is_explained(band: OracleFactorization) -> None:
    listener = Listener(lead_s=0.01)
    excerpt = band.mixture.excerpt(0.0, 2.995)
    separator = Split(signs)
    track = explain_track(excerpt, listener.model, factorization=separator, cache=False)
    assert [round(window.duration_s, 3) for window in track.windows] == [1.0, 1.0, 0.995]
    agree(track, excerpt, listener.model, separator)
    np.testing.assert_allclose(track.full, track.taggram.scores, atol=1e-5)
    within = explain_track(band.mixture, listener.model, factorization=band, duration_s=2.995, cache=False)
    np.testing.assert_allclose(within.full, within.taggram.scores, atol=1e-5)


def test_a_tagger_without_windows_hears_everything_at_once(band: OracleFactorization) -> None:
    listener = Listener(window_s=None)
    track = explain_track(band.mixture, listener.model, factorization=band, cache=False)
    assert [(window.start_s, window.duration_s) for window in track.windows] == [(0.0, 7.5)]
    agree(track, band.mixture, listener.model, band)


@pytest.mark.parametrize(("sr", "n_channels"), [(96000, 2), (44100, 1), (8000, 1)])
def test_any_rate_and_mono_will_do(band: OracleFactorization, sr: int, n_channels: int) -> None:
    samples = resample_span(band.mixture.samples, SR, sr, 0, round(7.5 * sr))
    song, listener = Audio(np.repeat(samples, n_channels, axis=0), sr, "song"), Listener()
    separator = Split(signs)
    track = explain_track(song, listener.model, factorization=separator, cache=False)
    agree(track, song, listener.model, separator)
    assert [sr < SR] == [bool(track.warnings)]


# What is not the same everywhere


def missing(mixture: np.ndarray, time_s: np.ndarray) -> dict[str, np.ndarray]:
    """One stem that is all there is in the first 2 s, most of it until 4 s, and half of it then; "late" comes last."""
    gain = np.select([time_s < 2, time_s < 4], [1.0, 0.9999], 0.5).astype(np.float32)
    late = np.where(time_s > 6, mixture * np.float32(0.25), np.float32(0))
    found = {"main": mixture * gain}
    return {**found, "late": late} if late.any() else found


@pytest.mark.parametrize("part_s", [1.5, 60.0])
def test_a_residual_may_be_switched_here_and_background_there(
    band: OracleFactorization, monkeypatch: pytest.MonkeyPatch, part_s: float
) -> None:
    monkeypatch.setattr(kept_module, "PART_S", part_s)
    listener, separator = Listener(), Split(missing)
    track = explain_track(band.mixture, listener.model, factorization=separator, cache=False)
    assert track.names == ("main", "late", "residual")
    present = [["main"]] * 4 + [["main", "residual"]] * 2 + [["main", "late", "residual"]]
    if part_s == 1.5:
        assert [list(window.names) for window in track.windows] == present
    np.testing.assert_allclose(track.weights("bass")["residual"], [0, 0, 0, 0, 0.5, 0.5, 0.25], atol=1e-3)
    assert (track.levels_db[:4, 2] == -200).all()
    residual = track.to_dict()["residual"]
    assert residual["switched"] == [False] * 4 + [True] * 3
    assert residual["level_db"][2:5] == pytest.approx([-80, -80, -6], abs=0.1)
    assert "residual is switched in 3 of 7 windows; its weight is 0 in the others" in track.notes
    means_explain_the_mean_score(track)
    for i, window in enumerate(track.windows):
        alone = explain(
            band.mixture, listener.model, factorization=separator, start_s=window.start_s, level_check=False
        )
        for name in track.names:
            expected = alone.weights("bass").get(name, 0.0)
            assert track.weights("bass")[name][i] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("scope", ["recording", "window"])
def test_other_scopes_are_separated_as_they_must_be(band: OracleFactorization, scope: Scope) -> None:
    def halves_of_the_window(mixture: np.ndarray, time_s: np.ndarray) -> dict[str, np.ndarray]:
        first = np.arange(len(time_s)) < len(time_s) / 2
        return {"first half": mixture * first, "second half": mixture * ~first}

    listener, separator = Listener(), Split(halves_of_the_window if scope == "window" else signs, scope)
    track = explain_track(band.mixture, listener.model, factorization=separator, cache=False)
    assert separator.n_asked == (7 if scope == "window" else 1)
    agree(track, band.mixture, listener.model, separator)
    assert ("each window was split anew: parts of one name need not be one sound" in track.notes) is (scope == "window")
    assert len(list(track.stems())) == (7 if scope == "window" else 1)


def test_silent_windows_have_a_score_but_no_weights() -> None:
    samples, _ = tone(100, [1, 0, 1, 1])
    oracle = OracleFactorization({"bass": (samples, SR), "guitar": (samples * np.float32(0.1), SR)})
    listener = Listener(lambda s: 0.4 + 0.5 * s[:, :1], labels=["low"])
    track = explain_track(oracle.mixture, listener.model, factorization=oracle, baseline="floor", cache=False)
    assert [window.silent for window in track.windows] == [False, True, False, False]
    assert track.weights()["bass"][1] == 0
    assert [scores[1] for scores in track.score()] == pytest.approx([0.4, 0.4], abs=1e-3)
    said = "1 of 4 windows is silent (60 dB or more below the loudest): without weights, and in no mean"
    assert said in track.notes
    assert "silent" in track.table()
    assert track.leaders().n_reached == 4
    assert track.leaders().counts == {"bass": 3}
    means_explain_the_mean_score(track)
    assert json.loads(json.dumps(track.to_dict(), allow_nan=False))["silent"] == [False, True, False, False]
    with pytest.raises(AudioError, match="is silent from 1 s to 2 s"):
        track.at(1.5)


def test_hiss_beside_music_is_silence_unless_somebody_asks_for_it() -> None:
    samples, _ = tone(100, [1, 3e-4, 1, 3e-4])
    oracle = OracleFactorization({"bass": (samples, SR), "guitar": (samples * np.float32(0.1), SR)})
    calm = Listener(lambda s: 0.4 + 0.5 * (s[:, :1] < 0.1), labels=["calm"])
    track = explain_track(oracle.mixture, calm.model, factorization=oracle, cache=False)
    assert [window.silent for window in track.windows] == [False, True, False, True]
    assert track.labels == ("calm",)
    assert track.mean_score() == pytest.approx((0.4, 0.9)), "the model says it of silence"
    assert track.highest() in {0, 2}
    assert "0.40" in str(track)
    assert "0.65" not in str(track), "the mean of all windows"
    asked = explain_track(oracle.mixture, calm.model, factorization=oracle, at=[1.0], cache=False)
    assert not asked.windows[0].silent
    (told,) = asked.warnings
    assert told == "the excerpt from 1 s on lies 70 dB below the loudest one of 'mixture': " + (
        "there is next to nothing to explain"
    )


def test_a_label_that_only_silence_reaches_is_not_explained() -> None:
    samples, _ = tone(100, [1, 0, 0, 1])
    oracle = OracleFactorization({"bass": (samples, SR), "guitar": (samples * np.float32(0.1), SR)})
    listener = Listener(lambda s: np.stack([s[:, 0] / 2, s[:, 0] < 0.1], axis=1), labels=["low", "calm"])
    track = explain_track(oracle.mixture, listener.model, factorization=oracle, cache=False)
    assert track.labels == ("low",)
    assert track.taggram.counted.tolist() == [True, False, False, True]


# Labels


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ({}, ("bass", "guitar", "drums")),
        ({"min_score": 1.5}, ("bass", "guitar", "drums")),
        ({"min_score": 1.5, "top_labels": 1}, ("bass",)),
        ({"top_labels": 2}, ("bass", "guitar")),
        ({"labels": ["DRUMS", 0], "top_labels": 1}, ("drums", "bass")),
        ({"duration_s": 3.0}, ("bass", "guitar")),
        ({"duration_s": 2.0}, ("bass",)),
    ],
)
def test_labels_are_those_asked_for_or_those_that_lead(
    band: OracleFactorization, options: dict[str, Any], labels: tuple[str, ...]
) -> None:
    track = explain_track(band.mixture, Listener().model, factorization=band, cache=False, **options)
    assert track.labels == labels
    fallen_back = options == {"min_score": 1.5}
    note = "no label reaches 1.5 in any window ('drums' reaches 1.00): those of highest mean are explained"
    assert (note in track.notes) is fallen_back


# The cache


def test_nothing_is_computed_twice(band: OracleFactorization, own_cache: Path) -> None:
    first, again = Listener(version="1"), Listener(version="1")
    separator = Split(signs)
    cold = explain_track(band.mixture, first.model, factorization=separator)
    kinds = sorted({path.name.split("-")[0] for path in own_cache.iterdir()})
    assert kinds == ["answers", "repeatability", "stems", "taggram"]
    n_asked = separator.n_asked
    warm = explain_track(band.mixture, again.model, factorization=separator)
    assert (again.n_asked, separator.n_asked) == (0, n_asked)
    assert warm.to_dict() == cold.to_dict()
    assert str(warm) == str(cold)
    np.testing.assert_array_equal(warm.at(3.0).audio("low").samples, cold.at(3.0).audio("low").samples)
    assert separator.n_asked == n_asked, "the stems are read, too"
    options: dict[str, Any] = {"target": ("drums", "bass"), "method": "lime", "max_evals": 500, "seed": 1}
    other = explain_track(band.mixture, again.model, factorization=separator, **options)
    assert again.n_asked == 0, "another question about the same answers"
    agree(other, band.mixture, first.model, separator, **options)


@pytest.mark.parametrize(
    "change",
    [{"baseline": "floor"}, {"version": "2"}, {"duration_s": 3.0}, {"fingerprint": "split-2"}],
)
def test_changed_work_is_done_anew(band: OracleFactorization, own_cache: Path, change: dict[str, Any]) -> None:
    explain_track(band.mixture, Listener(version="1").model, factorization=Split(signs))
    other, separator = Listener(version=change.pop("version", "1")), Split(signs)
    separator.fingerprint = change.pop("fingerprint", "split-1")
    explain_track(band.mixture, other.model, factorization=separator, **change)
    assert other.n_asked > 0
    assert own_cache.exists()


def test_answers_to_some_masks_serve_only_the_settings_they_were_asked_with(
    band: OracleFactorization, own_cache: Path
) -> None:
    for options, n_new in [
        ({"method": "leave-one-out"}, 8 + N_ASKED + 7 * 5),
        ({}, 7 * 8),
        ({"method": "leave-one-out"}, 0),
        ({"method": "banzhaf", "seed": 7}, 0),
        ({"method": "leave-one-out", "max_evals": 6}, 7 * 5),
    ]:
        listener = Listener(version="1")
        track = explain_track(band.mixture, listener.model, factorization=band, **options)  # type: ignore[arg-type]
        assert listener.n_asked == n_new
        np.testing.assert_allclose(track.weights("guitar")["guitar"], [0, 0, 1, 1, 1, 1, 0.5], atol=1e-5)
    assert own_cache.exists()


def test_what_does_not_say_what_it_is_keeps_nothing(band: OracleFactorization, own_cache: Path) -> None:
    explain_track(band.mixture, Listener().model, factorization=Split(signs))
    assert {path.name.split("-")[0] for path in own_cache.iterdir()} == {"stems"}
    nameless = Split(signs)
    nameless.fingerprint = ""
    Cache.of_user().clear()  # type: ignore[union-attr]
    explain_track(band.mixture, Listener(version="1").model, factorization=nameless)
    assert {path.name.split("-")[0] for path in own_cache.iterdir()} == {"repeatability", "taggram"}


@pytest.mark.parametrize("how", ["cache=False", "AUDIOLIME_CACHE_MAX=0"])
def test_the_disk_can_be_left_alone(
    band: OracleFactorization, own_cache: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how != "cache=False":
        monkeypatch.setenv("AUDIOLIME_CACHE_MAX", "0")
    explain_track(band.mixture, Listener(version="1").model, factorization=band, cache=how != "cache=False")
    assert not own_cache.exists()


def test_a_cache_that_cannot_be_written_is_a_warning_on_stderr_and_no_part_of_the_result(
    band: OracleFactorization, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "file"))
    track = explain_track(band.mixture, Listener(version="1").model, factorization=band)
    assert track.warnings == ()
    assert "audiolime: warning: cannot keep results in" in capsys.readouterr().err
    assert track.weights("bass")["bass"].tolist() == pytest.approx([1] * 7, abs=1e-5)


def test_damaged_results_are_made_anew(band: OracleFactorization, own_cache: Path) -> None:
    cold = explain_track(band.mixture, Listener(version="1").model, factorization=band)
    for path in own_cache.glob("*/*.npy"):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    again = Listener(version="1")
    warm = explain_track(band.mixture, again.model, factorization=band)
    assert again.n_asked == 8 + N_ASKED + 7 * 8
    assert warm.to_dict() == cold.to_dict()


def test_an_interrupted_run_goes_on_where_it_stopped(band: OracleFactorization, own_cache: Path) -> None:
    def impatient(listener: Listener) -> Callable[[np.ndarray], np.ndarray]:
        def judge(s: np.ndarray) -> np.ndarray:
            if listener.n_asked > 40 + N_ASKED:  # besides the taggram's 8: two blocks of two windows, eight masks each
                raise KeyboardInterrupt
            return s

        return judge

    listener = Listener(version="1", batch_size=8)
    listener.judge = impatient(listener)
    with pytest.raises(KeyboardInterrupt):
        explain_track(band.mixture, listener.model, factorization=band)
    assert not list(own_cache.glob(".*")), "nothing is left half-written"
    again = Listener(version="1", batch_size=8)
    track = explain_track(band.mixture, again.model, factorization=band)
    assert again.n_asked == 7 * 8 - 2 * 2 * 8
    np.testing.assert_allclose(track.weights("guitar")["guitar"], [0, 0, 1, 1, 1, 1, 0.5], atol=1e-5)


CHILD = """
import os, signal, sys
import numpy as np
from pathlib import Path
from audiolime_ext import Audio, explain_track, tagger
from factorizations.oracle import OracleFactorization

n_asked, last = 0, int(sys.argv[1])


def loud(batch):
    global n_asked
    n_asked += len(batch)
    if n_asked > last:
        os.kill(os.getpid(), signal.SIGKILL)
    return np.abs(batch).max(axis=1, keepdims=True)


rng = np.random.default_rng(0)
oracle = OracleFactorization({name: (rng.normal(0, 0.1, 20 * 8000).astype(np.float32), 8000) for name in "ab"})
model = tagger(loud, window_s=1.0, version="1", labels=["loud"])
track = explain_track(oracle.mixture, model, factorization=oracle)
print(n_asked, len(track.windows))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_run_that_is_killed_goes_on_where_it_stopped(own_cache: Path) -> None:
    def run(last: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", CHILD, str(last)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    assert run(64).returncode == -signal.SIGKILL  # 20 for the taggram, 4, 32 for eight windows; the next block is lost
    assert len(list(own_cache.glob("answers-*"))) == 1
    found = run(10**6)
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["48", "20"]  # four masks of the twelve windows that were left


def test_places_share_their_answers_with_other_places(band: OracleFactorization, own_cache: Path) -> None:
    explain_track(band.mixture, Listener(version="1").model, factorization=band, at=[1.0, 2.5])
    again = Listener(version="1")
    explain_track(band.mixture, again.model, factorization=band, at=[2.5, 4.0])
    assert again.n_asked == 8
    assert not list(own_cache.glob("stems-*")), "three places are no reason to separate all of it"


# What cannot be done is said


@pytest.mark.parametrize(
    ("options", "complaint", "error"),
    [
        ({"at": 6.6}, r"from 6\.6 s to 7\.6 s does not lie within 'mixture', which is 7\.500 s long", AudioError),
        ({"at": [1, -1]}, "does not lie within", AudioError),
        ({"at": 0.5, "start_s": 1.0}, r"at 0\.5 s is not within the excerpt, 1 s to 7\.5 s", AudioError),
        ({"at": []}, "at is empty", UsageError),
        ({"start_s": 7.0}, r"'mixture' is 0\.500 s long; the model needs at least 1\.000 s", AudioError),
        ({"start_s": 8.0}, "does not lie within", AudioError),
        ({"labels": []}, "labels is empty", UsageError),
        ({"labels": ["gitar"]}, "did you mean 'guitar'", UsageError),
        ({"top_labels": 0}, "top_labels must be at least 1", UsageError),
        ({"min_score": float("nan")}, "min_score must be a number", UsageError),
        ({"method": "shaply"}, "did you mean 'shapley'", UsageError),
        ({"target": "scroe"}, "did you mean 'score'", UsageError),
        ({"baseline": "nosie"}, "the baseline must be silence, noise, floor or a recording", UsageError),
        ({"max_evals": 3}, "3 evaluations are too few for 3 components", UsageError),
    ],
)
def test_what_cannot_be_done_is_said(
    band: OracleFactorization, options: dict[str, Any], complaint: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=complaint):
        explain_track(band.mixture, Listener().model, factorization=band, cache=False, **options)


def test_places_need_a_tagger_with_windows(band: OracleFactorization) -> None:
    with pytest.raises(UsageError, match="the model has no window, so `at` does not say what to explain"):
        explain_track(band.mixture, Listener(window_s=None).model, factorization=band, at=1.0, cache=False)


@pytest.mark.parametrize("at", [None, 1.0])
def test_a_silent_recording_has_nothing_to_explain(at: float | None) -> None:
    listener = Listener()
    with pytest.raises(AudioError, match="'nothing' is silent where it is to be explained"):
        explain_track(
            Audio(np.zeros((1, 4 * SR), np.float32), SR, "nothing"), listener.model, factorization="hpss", at=at
        )
    assert listener.n_asked == 0


@pytest.mark.usefixtures("published")
def test_a_song_of_two_seconds_is_repeated_for_the_published_tagger(band: OracleFactorization) -> None:
    short = band.mixture.excerpt(1.0, 2.0)
    track = explain_track(short, musicnn(), factorization="hpss", cache=False)
    assert "2.00 s are less than the model's window of 2.99 s: repeated until it is full" in track.notes
    repeated = Audio(np.tile(short.samples, 2)[:, :47872], SR)
    np.testing.assert_allclose(track.taggram.scores, tag(repeated, musicnn()).scores, atol=1e-6)
    (window,) = track.windows
    np.testing.assert_allclose(window.neighborhood.full, track.taggram.scores[0], atol=1e-5)
    with pytest.raises(AudioError, match=r"is 0\.050 s long; the model needs at least 0\.100 s"):
        explain_track(band.mixture.excerpt(1.0, 0.05), musicnn(), factorization="hpss", cache=False)


def test_a_model_that_fails_is_told_as_ever(band: OracleFactorization) -> None:
    with pytest.raises(ModelError, match="answered nan"):
        explain_track(
            band.mixture, Listener(lambda s: s * np.nan).model, factorization=band, labels=["bass"], cache=False
        )


def test_a_recording_that_is_too_long_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, band: OracleFactorization
) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, band.mixture.samples.T, SR)
    monkeypatch.setattr(size, "LONGEST_S", 3.6)
    for source in (path, band.mixture):
        with pytest.raises(AudioError, match=r"is longer than 0\.001 h; cut it into shorter files"):
            explain_track(source, Listener().model, factorization="hpss", cache=False)


def test_the_stems_of_a_window_are_part_of_its_explanation(band: OracleFactorization) -> None:
    listener = Listener()
    track = explain_track(band.mixture, listener.model, factorization=band, labels=["guitar"], cache=False)
    n_asked = listener.n_asked
    opened = track.at(4.5)
    alone = explain(band.mixture, listener.model, factorization=band, labels=["guitar"], start_s=4.0, level_check=False)
    for name in alone.names:
        np.testing.assert_allclose(opened.audio(name).samples, alone.audio(name).samples, atol=1e-6)
    unlike = {"versions", "n_checks", "repeatability"}
    ours, theirs = opened.to_dict(), alone.to_dict()
    assert {key for key in theirs if ours[key] != theirs[key]} <= unlike
    assert str(opened) == str(alone)
    assert listener.n_asked == n_asked + 8 + N_ASKED, "only explain asked"


def test_consecutive_stems_sum_to_the_excerpt(band: OracleFactorization) -> None:
    track = explain_track(
        band.mixture, Listener().model, factorization=band, start_s=1.25, duration_s=5.0, at=2.0, cache=False
    )
    mixture = np.concatenate([stems.mixture for stems in track.stems()], axis=1)
    np.testing.assert_allclose(mixture, band.mixture.excerpt(1.25, 5.0).samples, atol=1e-6)


def test_a_file_is_named_in_the_result(tmp_path: Path, band: OracleFactorization) -> None:
    path = tmp_path / "song.wav"
    soundfile.write(path, band.mixture.samples.T, SR, subtype="FLOAT")
    track = explain_track(path, Listener().model, factorization="hpss", cache=False)
    found = track.to_dict()
    assert (found["file"], found["sha256"], found["factorization"]) == (str(path), load_audio(path).sha256, "hpss")
