"""An augmentation is recognised where it has become a concept, and only there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio
from audiolime_ext.audio.recording import load_audio
from audiolime_ext.concepts.artefacts.augmenting import N_DRAWS, augmented, name_of, recognised
from audiolime_ext.concepts.discovery.drawing import Structure
from audiolime_ext.concepts.finding import find_concepts
from audiolime_ext.concepts.judgement.testing import Concept, Pool
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.errors import UsageError
from tests.concepts.listener import N_BANDS, SR, Listener
from tests.concepts.planted import collection

BAR = SR // 4
N_SONGS, N_FEATURES, PER_SONG = 12, 16, 8
DOES = np.eye(N_FEATURES)[0] * 4  # what the augmentation does in the layer


def muted(samples: np.ndarray, sr: int, rng: np.random.Generator) -> np.ndarray:
    begin = int(rng.integers(0, samples.shape[1] // 2))
    samples[:, begin : begin + sr // 10] = 0
    return samples


def pool(seed: int) -> Pool:
    """Two classes of songs; in the first of each class's patches there is what the augmentation does."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(2 * N_SONGS * PER_SONG, N_FEATURES))
    found[::PER_SONG] += DOES
    songs = np.repeat(np.arange(2 * N_SONGS), PER_SONG)
    return Pool(found, songs, np.repeat(["a", "b"], N_SONGS * PER_SONG))


def concepts() -> list[Concept]:
    places = {"learnt": 0, "other": 1, "another": 2}
    return [Concept(name, "a", Structure(10, 1), np.arange(10) * PER_SONG + place) for name, place in places.items()]


def movements(seed: int, towards: np.ndarray) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 1])
    found = 0.3 * rng.normal(size=(30, N_FEATURES)) + towards
    return dict.fromkeys("ab", (found, np.repeat(np.arange(10), 3)))


def test_what_the_augmentation_does_is_recognised_and_the_rest_is_not() -> None:
    learnt, *others = recognised(pool(0), concepts(), movements(0, 0.5 * DOES), n_null=1000)
    assert learnt.discovered
    assert learnt.towards > learnt.high
    assert (learnt.concept, learnt.of, learnt.n_songs) == ("learnt", "a", 10)
    assert learnt.share == 1
    assert not any(one.discovered for one in others)


def test_windows_that_are_moved_away_are_not_moved_towards() -> None:
    learnt = recognised(pool(0), concepts(), movements(0, -0.5 * DOES), n_null=1000)[0]
    assert learnt.discovered
    assert learnt.towards < learnt.low


def test_an_augmentation_that_moves_nowhere_is_hardly_ever_recognised() -> None:
    found = [
        one.discovered
        for seed in range(20)
        for one in recognised(pool(seed), concepts(), movements(seed, np.zeros(N_FEATURES)), n_null=300)
    ]
    assert sum(found) <= 3


def test_it_is_drawn_anew_for_each_window_and_a_seed_says_all() -> None:
    windows = np.ones((2, 1, 8000), np.float32)
    found, again = (augmented(muted, windows, 8000, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(found, again)
    assert found.shape == (N_DRAWS, 2, 1, 8000)
    assert len({one.tobytes() for one in found.reshape(6, -1)}) == 6
    assert (windows == 1).all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda samples, sr, rng: samples[:, :-1], "must return as many finite samples"),
        (lambda samples, sr, rng: samples * np.nan, "NaN"),
        (lambda samples, sr: samples, "raised TypeError"),
        ("mask", "augmentation is a str; give a function"),
    ],
)
def test_what_is_no_augmentation_is_refused(wrong: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        name_of(wrong, sr=8000, n_samples=800, n_channels=1)


def test_another_augmentation_of_the_same_name_is_another() -> None:
    given: dict[str, int] = {"sr": 8000, "n_samples": 8000, "n_channels": 1}
    first = name_of(muted, **given)
    assert first == name_of(muted, **given)

    def other(samples: np.ndarray, sr: int, rng: np.random.Generator) -> np.ndarray:
        return samples / 2

    other.__name__ = "muted"
    assert name_of(other, **given) != first
    assert name_of(other, **given).split()[0] == "muted"


def with_bars(folder: Path) -> Path:
    """Noise, of which a quarter of a second is silent in songs of class a."""
    for path in sorted(collection(folder, beep=False).rglob("a*.wav")):
        song = load_audio(path)
        begin = np.random.default_rng(int(path.stem[1:])).integers(0, song.n_samples - BAR)
        samples = song.samples.copy()
        samples[:, begin : begin + BAR] = 0
        Audio(samples, song.sr).write(path)
    return folder


def mask(samples: np.ndarray, sr: int, rng: np.random.Generator) -> np.ndarray:
    begin = rng.integers(0, samples.shape[1] - BAR)
    samples[:, begin : begin + BAR] = 0
    return samples


def hears_silence() -> Listener:
    """Its first unit rises in frames that are silent; the others hear bands, and mean little."""
    rng = np.random.default_rng(0)
    inward = rng.normal(size=(N_BANDS, 8)) / N_BANDS
    inward[:, 0] = -4 / N_BANDS
    mixing = rng.normal(0, 0.05, (8, 3))
    mixing[0] = [2.0, 0, 0]
    outward = np.array([[4.0, -4.0], [0.1, 0.1], [-0.1, 0.1]])
    return replace(Listener(inward, mixing, outward, -np.eye(1, 8)[0]), fingerprint="hears silence")


def test_the_bar_of_a_mask_is_told_to_be_the_augmentations(tmp_path: Path) -> None:
    options: dict[str, Any] = {"splits": ["slic:6", "slic:10"], "duration_s": 1.0, "workers": 0, "progress": False}
    songs = with_bars(tmp_path / "songs")
    for augmentation in (mask, nothing):
        given = {**options, "augmentation": augmentation, "store": tmp_path / f"{augmentation.__name__}.concepts"}
        found = find_concepts(measure_concepts(songs, hears_silence(), "hidden", **given), n_clusters=6, n_null=1000)
        does = {
            name for name, some in found.flags.items() if "what the augmentation does" in [flag.kind for flag in some]
        }
        holds = {one.name: sum(patch.silent for _, patch in one.patches) for one in found.kept}
        bar = max(holds, key=lambda name: holds[name])
        assert bar.startswith("a ")
        assert holds[bar] >= 6
        assert {one.concept for one in found.moved} == set(holds)
        assert (bar in does) if augmentation is mask else not does


def nothing(samples: np.ndarray, sr: int, rng: np.random.Generator) -> np.ndarray:
    return samples
