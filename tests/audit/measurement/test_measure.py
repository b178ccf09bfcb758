"""Measuring one recording, held to a model whose every answer can be computed by hand.

Stems are sines at frequencies of their own; the model's log-odds are a linear function of their amplitudes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audiolime_ext import tagger
from audiolime_ext.audit.measurement.heard import Ears, Heard
from audiolime_ext.audit.measurement.measure import Measured, Settings, measure
from audiolime_ext.audit.measurement.placebos import AGAIN, PLACEBOS
from audiolime_ext.audit.store.records import Entry
from audiolime_ext.collection.engine.jobs import DonorError, Job
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.targets import log_odds
from factorizations.bands import make as make_bands

SR = 8000
N = 2000
ALL = ("bass", "drums", "guitar", "piano", *(f"stem {i}" for i in range(6)))
BINS = {name: 40 + 60 * i for i, name in enumerate(ALL)}
WEIGHTS = dict(zip(ALL, (1.0, 6.0, -4.0, 2.0, 0.5, -0.5, 1.5, -1.5, 3.0, -3.0), strict=True))
BIAS = -0.5
Levels = Mapping[str, float]


def amplitudes(batch: NDArray[Any]) -> NDArray[np.float64]:
    """Of every sine, (n_batch, n_stems)."""
    spectrum = np.fft.rfft(np.asarray(batch, np.float64), axis=-1)
    return np.asarray(2 / batch.shape[-1] * np.abs(spectrum[:, [*BINS.values()]]))


def scores(batch: NDArray[Any]) -> NDArray[np.float64]:
    odds = BIAS + amplitudes(batch) @ np.array([*WEIGHTS.values()])
    return np.asarray(1 / (1 + np.exp(-np.stack([odds, -odds], axis=1))))


def loudness(batch: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.mean(np.square(batch, dtype=np.float64), axis=1))[:, None])


LINEAR = tagger(scores, sr=SR, labels=["yes", "no"], version="1")
LEVEL = tagger(loudness, sr=SR, labels=["rms"], version="1")


def g(levels: Levels, scale: float = 1.0) -> float:
    """The log-odds of a mix."""
    return BIAS + scale * sum(WEIGHTS[name] * level for name, level in levels.items())


def rms(levels: Levels) -> float:
    return float(np.sqrt(sum(level**2 for level in levels.values()) / 2))


def heard(levels: Levels, n_samples: int = N) -> Heard:
    clock = np.arange(n_samples) / N
    stems = [level * np.sin(2 * np.pi * BINS[name] * clock) for name, level in levels.items()]
    facts: dict[str, Any] = {"sr": SR, "n_channels": 1, "residual_db": None, "notes": []}
    return Heard(tuple(levels), np.array(stems, np.float32)[:, None], np.zeros((1, n_samples), np.float32), facts)


def entry(i: int) -> Entry:
    return Entry(f"/nowhere/{i}.wav", f"{i:064x}", ("yes",), f"song {i}", 0.0, N / SR)


class Found:
    """What was measured, by name."""

    def __init__(self, measured: Measured) -> None:
        self.facts, self.n_asked = measured.facts, measured.n_asked
        self.rows = {
            (m.measure, m.component, m.donor): np.array(m.values, np.float64).tolist() for m in measured.measurements
        }

    def g(self, measure: str, component: str = "", donor: int | None = None) -> float:
        """The log-odds of the first label."""
        key = measure, component, None if donor is None else entry(donor).key
        return float(log_odds(np.array(self.rows[key], np.float64))[0])

    def names(self, measure: str) -> set[tuple[str, int | None]]:
        at = {entry(i).key: i for i in range(9)}
        return {(name, None if key is None else at[key]) for kind, name, key in self.rows if kind == measure}


def measured(
    *songs: Levels | Heard, model: Model = LINEAR, settings: Settings | None = None, n_samples: int = N
) -> Found:
    """The first song, given the stems of the others."""
    ears = Ears(model, None)
    for i, song in enumerate(songs):
        ears._kept[entry(i).key] = song if isinstance(song, Heard) else heard(song, n_samples)
    donors = tuple(entry(i) for i in range(1, len(songs)))
    return Found(measure(Job(entry(0), donors), ears, settings or Settings()))


HOST = {"bass": 0.2, "drums": 0.1, "guitar": 0.15}


def test_necessity_sufficiency_and_weights_are_exact() -> None:
    found = measured(HOST)
    assert found.facts["exact"] is True
    assert found.g("score") == pytest.approx(g(HOST), abs=1e-5)
    assert found.g("silence") == pytest.approx(BIAS, abs=1e-5)
    for name, level in HOST.items():
        share = WEIGHTS[name] * level
        assert found.g("score") - found.g("without", name) == pytest.approx(share, abs=1e-5)
        assert found.g("alone", name) - found.g("silence") == pytest.approx(share, abs=1e-5)
        assert found.rows["attribution", name, None] == pytest.approx([share, -share], abs=1e-5)
        assert found.rows["presence", name, None] == pytest.approx(
            [20 * np.log10(level / 2**0.5 / rms(HOST))], abs=1e-3
        )
    assert {kind for kind, *_ in found.rows} & {"own", "matched"} == set()


def test_transplants_have_the_donors_ratio_or_the_hosts_level() -> None:
    donor = {"bass": 0.05, "drums": 0.08, "piano": 0.06}
    found = measured(HOST, donor)
    for name in ("bass", "drums"):
        rest, theirs = ({k: x for k, x in song.items() if k != name} for song in (HOST, donor))
        own = {**rest, name: donor[name] * rms(rest) / rms(theirs)}
        assert found.g("own", name, 1) == pytest.approx(g(own), abs=1e-5)
        assert found.g("matched", name, 1) == pytest.approx(g(HOST), abs=1e-5), "a sine is a sine"
    theirs = {k: x for k, x in donor.items() if k != "piano"}
    piano = {**HOST, "piano": donor["piano"] * rms(HOST) / rms(theirs)}
    assert found.g("own", "piano", 1) == pytest.approx(g(piano), abs=1e-5)
    assert found.rows["own", "guitar", entry(1).key] == pytest.approx(found.rows["without", "guitar", None], abs=1e-6)
    assert found.names("own") == {(name, 1) for name in ("bass", "drums", "guitar", "piano")}
    assert found.names("matched") == {("bass", 1), ("drums", 1)}, "the host has no piano whose level could be met"
    assert found.names("own before") == found.names("matched before") == set()


def test_a_mix_that_would_clip_is_scaled_before_and_after() -> None:
    host, donor = {"bass": 0.8, "guitar": 0.1}, {"drums": 0.3, "bass": 0.2}
    seen: list[float] = []

    def listen(batch: NDArray[Any]) -> NDArray[np.float64]:
        seen.append(float(np.abs(batch).max()))
        return scores(batch)

    model = tagger(listen, sr=SR, labels=["yes", "no"], version="2")
    found = measured(host, donor, model=model, settings=Settings(noise=False))
    loud = {**host, "drums": 0.3 * rms(host) / rms({"bass": 0.2})}
    peak = float(np.abs(heard(loud).whole).max())
    assert peak > 1.5
    assert found.g("own", "drums", 1) == pytest.approx(g(loud, 1 / peak), abs=1e-4)
    assert found.g("own before", "drums", 1) == pytest.approx(g(host, 1 / peak), abs=1e-4)
    assert max(seen) <= 1.0
    assert ("bass", 1) not in found.names("own before")


def test_controls_are_at_the_level_that_remains() -> None:
    found = measured({**HOST, "piano": 1e-5})
    whole = {**HOST, "piano": 1e-5}
    for name in HOST:
        rest = {k: x for k, x in whole.items() if k != name}
        assert found.g("equal level", name) == pytest.approx(g(whole, rms(rest) / rms(whole)), abs=1e-4)
    assert found.names("equal level") == found.names("white noise") == {(name, None) for name in HOST}, "no piano"
    levels = measured(HOST, model=LEVEL)
    for name in HOST:
        without = levels.rows["without", name, None][0]
        assert levels.rows["equal level", name, None] == pytest.approx([without], rel=1e-5)
        for kind in ("white noise", "spectral noise"):
            assert levels.rows[kind, name, None] == pytest.approx([rms(HOST)], rel=0.05), "as loud as the component"
    assert levels.rows["without", "bass", None][0] < 0.9 * rms(HOST), "so a missing noise would be seen"


def test_noise_is_the_same_each_time_and_has_the_spectrum_that_its_name_says() -> None:
    first, again, other = (measured(HOST, settings=Settings(seed=seed)) for seed in (0, 0, 1))
    assert first.rows == again.rows
    assert first.rows["white noise", "drums", None] != other.rows["white noise", "drums", None]
    assert first.g("spectral noise", "drums") == pytest.approx(g(HOST), abs=1e-4), "that of a sine is a sine"
    assert first.g("white noise", "drums") == pytest.approx(first.g("without", "drums"), abs=0.2)
    assert abs(first.g("white noise", "drums") - g(HOST)) > 0.3
    assert not {kind for kind, *_ in measured(HOST, settings=Settings(noise=False)).rows} & {
        "white noise",
        "spectral noise",
    }


def test_beyond_eight_components_masks_are_drawn_and_what_has_a_name_is_still_exact() -> None:
    song = {name: 0.05 + 0.01 * i for i, name in enumerate(ALL)}
    found = measured(song, settings=Settings(max_evals=100, noise=False))
    assert found.facts["exact"] is False
    assert found.n_asked <= 100 + 3 * len(song) + 5
    for name, level in song.items():
        share = WEIGHTS[name] * level
        assert found.g("without", name) == pytest.approx(g(song) - share, abs=1e-5)
        assert found.g("alone", name) == pytest.approx(BIAS + share, abs=1e-5)
        assert found.rows["attribution", name, None][0] == pytest.approx(share, abs=1e-4), "a linear game has no error"
    eight = measured(dict.fromkeys(ALL[:8], 0.1), settings=Settings(noise=False))
    assert (eight.facts["exact"], eight.n_asked) == (True, 256 + 8 + 5), "with one repeat and four placebos"


def test_scores_are_means_over_windows() -> None:
    halves = tagger(scores, sr=SR, labels=["yes", "no"], version="3", window_s=N / SR)
    long = heard({"drums": 0.2}, 2 * N)
    long.stems[..., N:] = 0
    found = measured(long, model=halves)
    expected = (1 / (1 + np.exp(-np.array([g({"drums": 0.2}), BIAS])))).mean()
    assert found.rows["score", "", None][0] == pytest.approx(expected, abs=1e-6)


def test_background_is_on_in_every_mix() -> None:
    song = heard(HOST)
    noise = heard({"piano": 0.02}).stems[0]
    found = measured(replace(song, background=noise), {"drums": 0.1, "bass": 0.1})
    off = 0.02 * WEIGHTS["piano"]
    for kind, name, levels in (("silence", "", {}), ("score", "", HOST), ("alone", "drums", {"drums": 0.1})):
        assert found.g(kind, name) == pytest.approx(g(levels) + off, abs=1e-4)
    rest = np.hypot(rms({k: x for k, x in HOST.items() if k != "drums"}), 0.02 / 2**0.5)
    own = {**HOST, "drums": 0.1 * rest / rms({"bass": 0.1})}
    assert found.g("own", "drums", 1) == pytest.approx(g(own) + off, abs=1e-4)


def test_placebos_are_the_recording_nudged_moved_and_asked_again() -> None:
    found = measured({**HOST, "piano": 1e-3})
    whole = {**HOST, "piano": 1e-3}
    assert found.rows["again", "", None] == pytest.approx(found.rows["score", "", None], abs=1e-6)
    late = 1 - round(0.01 * SR) / N  # the end that is lost is no longer in the amplitudes
    gains = [late * 10 ** (db / 20) for db in (0.5, -0.5)]
    assert any(found.g("nudged") == pytest.approx(g(whole, gain), abs=0.02) for gain in gains)
    assert found.names("nudged") == found.names("again") == {("", None)}
    assert found.names("moved") == {(name, None) for name in HOST}, "the piano lies below −30 dB"
    faded = 1 - round(0.01 * SR) / N
    for name, level in HOST.items():
        assert found.g("moved", name) == pytest.approx(g({**whole, name: faded * level}), abs=0.02)


def test_the_first_question_is_asked_alone_and_its_repeat_in_a_batch() -> None:
    sizes: list[int] = []

    def listen(batch: NDArray[Any]) -> NDArray[np.float64]:
        sizes.append(len(batch))
        answers = scores(batch)
        return answers if len(batch) == 1 else 0.5 * answers

    found = measured(HOST, model=tagger(listen, sr=SR, labels=["yes", "no"], version="4"))
    assert (sizes[0], sizes[1] > 1) == (1, True)
    np.testing.assert_allclose(found.rows["score", "", None], 0.5 * np.array(found.rows["again", "", None]), rtol=1e-6)


@pytest.mark.parametrize("n_components", [2, 3, 4, 5, 8])
@pytest.mark.parametrize("settings", [Settings(), Settings(kinds=("own",), noise=False)])
def test_placebos_are_at_most_four_and_a_quarter_more_questions(n_components: int, settings: Settings) -> None:
    song = dict.fromkeys(ALL[:n_components], 0.1)
    n_donors = settings.n_donors + settings.n_same
    found = measured(*[song] * (1 + n_donors), settings=settings)
    rows = [kind for kind, *_ in found.rows if kind in PLACEBOS]
    placebos = [kind for kind in rows if kind != AGAIN]
    assert len(placebos) == min(4, 1 + n_components)
    assert len(rows) == len(placebos) + 1
    assert len(rows) <= 0.25 * (found.n_asked - len(rows))


def test_a_donor_that_is_too_short_is_named_and_one_sample_of_rounding_is_none() -> None:
    exact = measured(HOST, HOST)
    short = heard(HOST, N - 1)
    found = measured(HOST, short)
    assert found.g("own", "drums", 1) == pytest.approx(exact.g("own", "drums", 1), abs=1e-3)
    longer = heard(HOST, 2 * N)
    longer.stems[..., N:] = 1
    assert measured(HOST, longer).rows == exact.rows, "what is beyond the host's end is not heard"
    with pytest.raises(DonorError, match="shorter than the recording that it is put into") as caught:
        measured(HOST, heard(HOST, N - 2))
    assert caught.value.donor == entry(1).key


def test_recordings_of_any_rate_and_start_can_be_donors_of_each_other(tmp_path: Path) -> None:
    """Rounding start and end to the model's samples makes excerpts of one duration differ by a sample."""
    entries = []
    for i, (sr, start_s) in enumerate([(44100, 0.0), (44100, 0.0003), (48000, 0.00041), (22050, 0.00019)]):
        path = tmp_path / f"{i}.wav"
        soundfile.write(path, np.random.default_rng(i).normal(0, 0.1, sr), sr)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        entries.append(Entry(str(path), sha256, ("rms",), f"song {i}", start_s, 0.31237))
    ears = Ears(LEVEL, make_bands("2"))
    lengths = {ears.hear(e).background.shape[-1] for e in entries}
    assert len(lengths) == 2, "else this tests nothing"
    for host in entries:
        others = tuple(e for e in entries if e is not host)
        found = measure(Job(host, others), ears, Settings(noise=False))
        assert {m.donor for m in found.measurements if m.measure == "own"} == {e.key for e in others}


def test_a_donor_that_cannot_be_read_is_named_and_a_host_is_not() -> None:
    ears = Ears(LINEAR, make_bands("2"))
    ears._kept[entry(0).key] = heard(HOST)
    with pytest.raises(DonorError, match=r"1\.wav") as caught:
        measure(Job(entry(0), (entry(1),)), ears, Settings())
    assert caught.value.donor == entry(1).key
    with pytest.raises(AudioError, match=r"1\.wav"):
        measure(Job(entry(1), (entry(0),)), ears, Settings())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"n_donors": -1}, "n_donors must not be negative, not -1"),
        ({"seed": -3}, "seed must not be negative, not -3"),
        ({"kinds": ("owned",)}, "unknown kind of transplant 'owned'; did you mean 'own'"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Settings(**given)
