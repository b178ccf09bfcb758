"""Maps of windows that are kept: nothing is made twice, nothing depends on it, and nothing stale is found."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, relevance
from audiolime_ext.cache import Cache
from audiolime_ext.cli.ending import Told, listening
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.prediction.similarity import cosine_to
from tests.gradients.networks import N_BANDS, SR, Celled, Network, logistic, one_place, relu

N = 4
SOUND = Audio(np.random.default_rng(0).normal(0, 0.1, (1, N * SR)).astype(np.float32), SR, "song")
WEIGHTS = 4 * one_place(slice(None), slice(0, 6))


class Known(Network):
    """A network that can be told from others."""

    spec, fingerprint = "planted:low", "1"  # type: ignore[assignment]


class KnownCells(Celled):
    """Likewise."""

    spec, fingerprint = "planted:cells", "1"  # type: ignore[assignment]


def low() -> Known:
    return Known(logistic(WEIGHTS, -3.0), labels=["low"])


HOW: dict[str, dict[str, Any]] = {
    "integrated": {},
    "gradients": {"n_draws": 3},
    "smooth-integrated": {"n_draws": 3},
    "grad-cam": {"layer": "cells"},
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path))
    found = Cache.of_user()
    assert found is not None
    return found


def same(one: Relevance, other: Relevance) -> bool:
    arrays = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("values", "per_window"))
    return arrays and one.to_dict() == other.to_dict()


@pytest.mark.parametrize("method", HOW)
def test_to_the_last_bit_the_same_without_the_cache_with_it_and_continued(method: str, cache: Cache) -> None:
    network = KnownCells() if method == "grad-cam" else low()
    asked = {"method": method, **HOW[method]}
    plain = relevance(SOUND, network, cache=False, **asked)
    assert cache.entries() == []
    relevance(SOUND, network, at=[1.0, 3.0], **asked)
    assert len(cache.entries()) == 2
    network.batches.clear()
    continued = relevance(SOUND, network, **asked)
    made = len(network.batches)
    assert len(cache.entries()) == N
    assert same(plain, continued)
    network.batches.clear()
    assert same(plain, relevance(SOUND, network, **asked))
    assert (made > 0, network.batches) == (True, []), "what is kept is not asked about again"


def test_the_sentences_that_count_windows_are_those_of_all() -> None:
    quiet = replace(SOUND, samples=SOUND.samples * np.repeat([1, 0.01, 0.01, 1], SR).astype(np.float32))
    for _ in range(2):
        found = relevance(quiet, low(), near=0.3)
        assert "2 of 4 windows are not explained: the value differs from the baseline's by less than 0.3" in found.notes
        assert not any("1 of 1" in note for note in found.notes)


def changed(**given: Any) -> Known:
    network = low()
    vars(network).update(given)
    return network


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (changed(fingerprint="2"), {}),
        (changed(spec="planted:other"), {}),
        (changed(batch_size=3), {}),
        (changed(labels=["high"]), {}),
        (low(), {"near": 0.01}),
        (low(), {"n_steps": 8}),
        (low(), {"most_steps": 128}),
        (low(), {"target": "log-odds"}),
        (low(), {"baseline": "mean"}),
        (low(), {"method": "gradients"}),
        (low(), {"start_s": 0.5}),
    ],
)
def test_another_question_finds_no_entry(network: Known, options: dict[str, Any], cache: Cache) -> None:
    relevance(SOUND, low())
    network.batches.clear()
    relevance(SOUND, network, **options)
    n = N - 1 if "start_s" in options else N
    assert len(cache.entries()) == N + n
    assert network.batches


def test_another_seed_is_another_question_where_there_is_noise_and_the_same_where_there_is_none(cache: Cache) -> None:
    for seed in (0, 1):
        relevance(SOUND, low(), seed=seed)
    assert len(cache.entries()) == N
    for seed in (0, 1):
        relevance(SOUND, low(), method="gradients", n_draws=2, seed=seed)
    assert len(cache.entries()) == 3 * N


def test_another_name_or_start_of_the_same_sound_finds_it(cache: Cache) -> None:
    relevance(SOUND, low())
    later = Audio(SOUND.samples[:, SR:], SR, "cut")
    network = low()
    found = relevance(later, network)
    assert network.batches == []
    assert found.recording == "cut"


def test_a_damaged_entry_is_made_anew(cache: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    network = low()
    plain = relevance(SOUND, network)
    place = cache.entries()[0].folder / "values.npy"
    content = bytearray(place.read_bytes())
    content[-1] ^= 1
    place.write_bytes(bytes(content))
    network.batches.clear()
    assert same(plain, relevance(SOUND, network))
    assert network.batches
    assert "is damaged" in capsys.readouterr().err
    assert len(cache.entries()) == N


def test_what_cannot_be_told_from_others_is_not_kept(cache: Cache) -> None:
    relevance(SOUND, Network(logistic(WEIGHTS, -3.0), labels=["low"]))
    assert cache.entries() == []


def test_a_similarity_is_known_by_its_vectors(cache: Cache) -> None:
    rng = np.random.default_rng(4)
    embedder = Known(relu(rng.normal(0, 0.1, (8, 61, N_BANDS)), rng.normal(0, 1, (4, 8))))
    for towards in ([1.0, 0, 0, 0], [0, 1.0, 0, 0], [1.0, 0, 0, 0]):
        cosine = cosine_to(np.array(towards), centre=np.full(4, 0.1))
        relevance(SOUND, embedder, target=cosine.target("similarity to A"), near=0)
    assert len(cache.entries()) == 2 * N


def test_a_run_that_was_interrupted_goes_on_and_says_what_was_kept(capsys: pytest.CaptureFixture[str]) -> None:
    class Stopped(Known):
        """Told to end when its third window is begun."""

        batch_size = 9  # of which nodes are a multiple

        def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
            if len(features) == 1 and self.batches.count(1) == 4:  # the value and the baseline's of two windows
                os.kill(os.getpid(), signal.SIGTERM)
            return super().vjp(features, cotangent_fn, wrt=wrt)

    with listening(), pytest.raises(Told) as stopped:
        relevance(SOUND, Stopped(logistic(WEIGHTS, -3.0), labels=["low"]))
    assert stopped.value.exit_code == 143
    assert stopped.value.kept.startswith("2 of 4 windows done and kept in ")
    assert stopped.value.kept.endswith("; run the same command again to go on")
    told: list[Any] = []
    Stopped.vjp = Network.vjp  # type: ignore[method-assign]
    again = Stopped(logistic(WEIGHTS, -3.0), labels=["low"])
    assert same(relevance(SOUND, again), relevance(SOUND, again, cache=False))
    assert capsys.readouterr().err == "audiolime: 2 of 4 windows kept from before\n"
    relevance(SOUND, again, progress=told.append)
    assert (told[0].stage, told[0].done, told[0].total, told[0].before) == ("explaining", 4, 4, 4)


def test_who_wants_to_hear_nothing_is_not_told_what_was_kept(capsys: pytest.CaptureFixture[str]) -> None:
    relevance(SOUND, low(), at=[0.0])
    relevance(SOUND, low(), at=[0.0, 1.0], progress=False)
    relevance(SOUND, low(), at=[0.0, 1.0, 2.0], progress=lambda _: None)
    assert capsys.readouterr().err == ""
    relevance(SOUND, low())
    assert capsys.readouterr().err == "audiolime: 3 of 4 windows kept from before\n"


@pytest.mark.parametrize("cache", [False, True])
def test_an_interruption_before_anything_is_kept_says_nothing_of_it(cache: bool) -> None:
    class Stopped(Known):
        def vjp(self, features: Any, cotangent_fn: Any, *, wrt: str | None = None) -> Any:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        relevance(SOUND, Stopped(logistic(WEIGHTS, -3.0), labels=["low"]), cache=cache)
    assert stopped.value.args == ()


def test_windows_are_asked_about_one_by_one() -> None:
    """So what is in memory besides the maps does not grow with the recording."""
    network = low()
    network.batch_size = 1000
    relevance(SOUND, network, n_steps=256, cache=False)
    assert max(network.batches) == 256
