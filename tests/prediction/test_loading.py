"""What the user named becomes an object: a function, a spec string, or something of the user's own."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, Stems, explain, explain_track, make_index, tagger
from audiolime_ext.cache import identity
from audiolime_ext.errors import UsageError
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.loading import load_model
from factorizations.hpss import HPSSFactorization

SPEC = "tests.fuzz.fuzzed_models:loud"


class Own:
    """A model that somebody wrote."""

    spec = fingerprint = sr = labels = window_s = hop_s = min_s = None
    lead_s, n_channels, batch_size, references = 0.0, 1, 8, ()

    def __call__(self, batch: Any) -> Any:
        return np.abs(batch).mean(axis=1, keepdims=True)


class Fixed(Own):
    """One whose batches have a size that nobody may set."""

    batch_size = property(lambda self: 8)


def test_a_tagger_that_a_spec_names_remembers_it_and_a_function_has_none() -> None:
    assert load_model(SPEC).spec == SPEC
    assert load_model(lambda batch: batch.mean(axis=1, keepdims=True)).spec is None


def test_a_function_listens_at_the_rate_that_is_given() -> None:
    def mean(batch: Any) -> Any:
        return batch.mean(axis=1, keepdims=True)

    assert load_model(mean, sr=8000).sr == 8000
    assert load_model(mean).sr is None
    assert load_model(tagger(mean), sr=8000).sr == 8000
    assert load_model(tagger(mean, sr=4000), sr=8000).sr == 4000


@pytest.mark.parametrize("given", [tagger(lambda batch: batch, batch_size=8), Own()])
def test_another_batch_size_is_a_copys(given: Any) -> None:
    assert load_model(given, batch_size=2).batch_size == 2
    assert given.batch_size == 8
    assert load_model(given).batch_size == 8


def test_a_batch_size_that_cannot_be_set_is_told() -> None:
    with pytest.raises(UsageError, match=r"batch_size of Fixed cannot be changed \(.*\); set it where the model is"):
        load_model(Fixed(), batch_size=2)


def test_a_factorization_is_taken_as_it_is_or_built_from_its_spec() -> None:
    given = HPSSFactorization()
    assert load_factorization(given) is given
    assert load_factorization("hpss").fingerprint == given.fingerprint


@pytest.mark.parametrize("nonsense", ["json:loads", HPSSFactorization, None, "drums"[:0].join])
def test_something_that_is_no_factorization_is_refused(nonsense: Any) -> None:
    with pytest.raises(UsageError, match=r"has a method factorize\(audio"):
        load_factorization(nonsense)


def test_the_factorization_that_the_error_shows_is_one() -> None:
    with pytest.raises(UsageError, match="This is one") as refused:
        load_factorization("json:loads")
    shown = textwrap.dedent(str(refused.value).partition("\n")[2])
    room: dict[str, Any] = {"estimates": lambda mixture: mixture[None] / 4}
    exec(shown, room)
    separator = room["Separator"]()
    assert load_factorization(separator) is separator
    assert explain(SONG, Own(), factorization=separator).names == ("vocals", "residual")


class Halves:
    """A separator that says nothing of itself."""

    def factorize(self, audio: Audio, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        first, end = audio.span(start_s, duration_s)
        half = audio.samples[:, first:end] / 2
        return Stems(("one", "other"), np.stack([half, half]), audio.sr)


class Alone(Halves):
    """One that is given a recording alone."""

    references = ("@article{own}",)

    def factorize(self, audio: Audio) -> Stems:  # type: ignore[override]
        return super().factorize(audio)


SONG = (np.random.default_rng(0).normal(0, 0.1, 12000).astype(np.float32), 8000)


@pytest.mark.parametrize("given", [Halves(), Alone()])
def test_a_separator_that_says_too_little_is_met_halfway_and_results_say_so(given: Any) -> None:
    made = load_factorization(given)
    assert (made.spec, made.fingerprint, made.scope) == (None, "", "window")
    assert made.references == getattr(given, "references", ())
    assert identity(made) is None  # nothing of it is kept
    told = f"{type(given).__name__} does not say what its stems depend on: they are made anew for each excerpt"
    found = explain(SONG, Own(), factorization=given, start_s=0.25, duration_s=1.0)
    assert found.names == ("one", "other")
    assert any(told in note for note in found.notes)
    windows, other = tagger(Own(), window_s=0.5), load_factorization(Halves())  # type: ignore[arg-type]
    assert any(told in note for note in explain_track(SONG, windows, factorization=given, cache=False).notes)
    assert explain(SONG, Own(), factorization=given, cross_check=other, labels=[0]).cross_check is not None
    with pytest.raises(UsageError, match="cannot check itself"):
        explain(SONG, Own(), factorization=given, cross_check=given)


def test_what_is_kept_for_long_needs_a_separator_with_a_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "songs").mkdir()
    _ = Audio(SONG[0][None], 8000).write(tmp_path / "songs" / "a.wav")
    with pytest.raises(UsageError, match="has no fingerprint, so one that was changed could not be told from it"):
        make_index(tmp_path / "songs", tagger(Own(), sr=8000, version="1"), index=tmp_path / "i", stems=Halves())


def test_what_a_separator_returns_in_place_of_stems_is_told_with_what_makes_stems() -> None:
    class Arrays:
        def factorize(self, audio: Audio) -> Any:
            return {"vocals": audio.samples}

    with pytest.raises(UsageError, match=r"Arrays gave dict in place of audiolime_ext\.Stems; return such: .*with_"):
        explain(SONG, Own(), factorization=Arrays())  # type: ignore[arg-type]
