"""A factorization that does its work once: its excerpts are those of the factorization itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Audio, Stems, with_residual
from audiolime_ext.cache import Cache, Store
from audiolime_ext.factorization import kept as module
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.kept import KeptStems
from audiolime_ext.factorization.stems import RESIDUAL

SR = 1000


class Gates:
    """``low`` and, where the recording is positive, ``high``; from second 5 on something of it is missed."""

    spec, references = None, ()

    def __init__(self, scope: Scope = "blocks", fingerprint: str = "gates-1") -> None:
        self.scope: Scope = scope
        self.fingerprint = fingerprint
        self.asked: list[tuple[float, float | None]] = []

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        self.asked.append((start_s, duration_s))
        first, end = audio.span(start_s, duration_s)
        mixture = audio.samples[:, first:end]
        found = np.where(np.arange(first, end) < 5 * audio.sr, 1.0, 0.9).astype(np.float32)
        low, high = np.minimum(mixture, 0) * found, np.maximum(mixture, 0) * found
        if not high.any():
            return with_residual(mixture, ["low"], low[None], audio.sr)
        return with_residual(mixture, ["low", "high"], np.stack([low, high]), audio.sr)


@pytest.fixture
def recording() -> Audio:
    samples = np.random.default_rng(0).normal(0, 0.1, (2, 9 * SR + 17)).astype(np.float32)
    samples[:, : 2 * SR] = -np.abs(samples[:, : 2 * SR])  # nothing is high at first
    return Audio(samples, SR, "noise")


@pytest.fixture(autouse=True)
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART_S", 2.0)


EXCERPTS = [(0.0, 1.0), (1.5, 1.0), (1.0, 7.5), (4.9, 0.3), (6.0, 3.017), (0.0, None)]


@pytest.mark.parametrize("scope", ["blocks", "recording", "window"])
@pytest.mark.parametrize("kept_on_disk", [False, True])
def test_an_excerpt_equals_that_of_the_factorization_itself(
    recording: Audio, tmp_path: Path, scope: Scope, kept_on_disk: bool
) -> None:
    store = Store(Cache(tmp_path, 10**8) if kept_on_disk else None)
    kept, alone = KeptStems(Gates(scope), recording, store), Gates(scope)
    for start_s, duration_s in EXCERPTS:
        found = kept.factorize(recording, start_s=start_s, duration_s=duration_s)
        expected = alone.factorize(recording, start_s=start_s, duration_s=duration_s)
        by_name = {name: found[name].samples for name in found.names}
        for name in expected.names:
            np.testing.assert_allclose(by_name.pop(name), expected[name].samples, atol=1e-6)
        assert not any(samples.any() for samples in by_name.values()), "a stem of another part is silent here"
        assert (RESIDUAL in found.names) is (RESIDUAL in expected.names)


def test_parts_are_made_once_and_only_those_needed(recording: Audio, tmp_path: Path) -> None:
    first = Gates()
    kept = KeptStems(first, recording, Store(Cache(tmp_path, 10**8)))
    for start_s in (2.5, 3.5, 4.5, 2.1):
        kept.factorize(recording, start_s=start_s, duration_s=1.0)
    assert first.asked == [(2.0, 2.0), (4.0, 2.0)]
    second = Gates()
    KeptStems(second, recording, Store(Cache(tmp_path, 10**8))).factorize(recording, start_s=3.5, duration_s=1.0)
    assert second.asked == [], "another process finds them on disk"


@pytest.mark.parametrize("change", ["fingerprint", "recording", "no fingerprint"])
def test_other_work_is_done_anew(recording: Audio, tmp_path: Path, change: str) -> None:
    store = Store(Cache(tmp_path, 10**8))
    fingerprint = "" if change == "no fingerprint" else "gates-1"
    KeptStems(Gates(fingerprint=fingerprint), recording, store).factorize(recording, duration_s=1.0)
    assert bool(list(tmp_path.glob("stems-*"))) is (change != "no fingerprint")
    other = Gates(fingerprint="gates-2" if change == "fingerprint" else fingerprint)
    song = Audio(recording.samples * np.float32(0.5), SR) if change == "recording" else recording
    KeptStems(other, song, store).factorize(song, duration_s=1.0)
    assert len(other.asked) == 1


def test_a_changed_array_under_an_old_hash_of_the_file_is_another_recording(recording: Audio) -> None:
    one = Audio(recording.samples, SR, "song", "song.wav", "file hash")
    other = Audio(recording.samples[:, ::-1], SR, "song", "song.wav", "file hash")
    assert KeptStems(Gates(), one).content != KeptStems(Gates(), other).content


def test_a_few_places_make_no_parts_but_use_those_there_are(recording: Audio) -> None:
    gates = Gates()
    kept = KeptStems(gates, recording, whole=False)
    kept.factorize(recording, start_s=2.5, duration_s=1.0)
    assert gates.asked == [(2.5, 1.0)]
    assert len(list(kept.in_parts(2000, 4000))) == 1
    kept.factorize(recording, start_s=2.5, duration_s=1.0)
    assert gates.asked == [(2.5, 1.0), (2.0, 2.0)]


@pytest.mark.parametrize("scope", ["blocks", "recording"])
def test_pieces_are_consecutive_and_sum_to_the_recording(recording: Audio, scope: Scope) -> None:
    gates = Gates(scope)
    pieces = list(KeptStems(gates, recording).in_parts(500, 8500))
    mixture = np.concatenate([piece.mixture for piece in pieces], axis=1)
    np.testing.assert_allclose(mixture, recording.samples[:, 500:8500], atol=1e-6)
    assert [piece.samples.shape[-1] for piece in pieces] == [1500, 2000, 2000, 2000, 500]
    assert len(gates.asked) == 5


def test_no_more_than_two_parts_are_in_memory(recording: Audio) -> None:
    kept = KeptStems(Gates(), recording)
    for _ in kept.in_parts(0, recording.n_samples):
        assert len(kept._parts) <= 2


def test_another_recording_has_a_keeper_of_its_own(recording: Audio) -> None:
    gates = Gates()
    kept, other = KeptStems(gates, recording), Audio(-recording.samples, SR, "other")
    for _ in range(2):
        kept.factorize(recording, duration_s=1.0)
        kept.factorize(other, duration_s=1.0)
    assert len(gates.asked) == 2
