"""What differs from the original audioLIME is what its table says, row by row; else the same is answered.

The original's side was observed by asking it (`tests.compat.original`), with the probes of `tests.compat.behaviour`.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

from audiolime_ext.compat import (
    LimeAudioExplainer,
    SoundLIMEFactorization,
    SpleeterFactorization,
    TimeOnlyFactorization,
    audiolime,
    bind,
)
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.stems import Stems
from factorizations.oracle import OracleFactorization
from tests.compat.behaviour import PROBES, SR, Dialect, Recorder, bound, observed, of_sources_and_segments
from tests.compat.original import STORED, as_json, combinations, explained

HEAD = "| subject | audioLIME 0.0.3 | here | why |"
EXPECTED: dict[str, tuple[Any, Any]] = {  # the original's answer and ours to the probe of each row
    "a model's rate": (48000, 24000),
    "predictions": (1000, 32),
    "all on": (1.0, 2.0),
    "separation": ([16000, 1], [44100, 2]),
    "end": (SR - 1, SR + 1),
    "borders": (False, True),
    "under a second": ("ZeroDivisionError", 2),
    "gaps": (4, "UsageError"),
    "integer `random_state`": (False, True),
    "no `random_state`": (False, True),
    "`random_seed`": (True, False),
    "`labels`": ("ValueError", [0, 1]),
    "no `labels`": ("TypeError", [6, 5, 4, 3, 2]),
    "`local_exp` of top labels": ([[0, 2], [2, 0]], [[2, 0], [2, 0]]),
    "negative only": ([6], [3]),
    "`num_components`": ("AssertionError", 2),
    "label not explained": ("KeyError", "UsageError"),
    "`highest_weights`": ([0.0], [0.01]),
    "`model_regressor`": (True, False),
    "`distance`": ([], [0]),
    "a silent excerpt": (2, "AudioError"),
}


def separated(mix: Any, stems: Any, cut: Any = 1) -> Any:
    if cut is None:
        return SpleeterFactorization(np.asarray(mix), None, model_name="hpss")
    oracle = OracleFactorization({name: (stem, SR) for name, stem in stems.items()}, mixture=(mix, SR))
    return bind(oracle, (mix, SR), temporal_segmentation_params=cut)


class Listening:
    """A separator that remembers what it was given."""

    spec: str | None = None
    fingerprint = "listening"
    scope: Scope = "blocks"
    references: tuple[str, ...] = ()
    heard: tuple[int, int] = (0, 0)

    def factorize(self, audio: Any, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        self.heard = audio.sr, audio.n_channels
        first, end = audio.span(start_s, duration_s)
        return Stems(("all",), audio.samples[None, :, first:end], audio.sr)


def heard(path: str) -> list[int]:
    separator = Listening()
    bind(separator, path).get_number_components()
    return list(separator.heard)


OURS = Dialect(LimeAudioExplainer, separated, heard)


@cache
def stored() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return found


def table() -> list[list[str]]:
    """The rows of the table, cell by cell."""
    lines = (audiolime.__doc__ or "").split(HEAD)[1].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]


def test_every_row_of_the_table_has_a_probe_and_an_observation_of_the_original() -> None:
    subjects = [row[0] for row in table()]
    assert {len(row) for row in table()} == {4}
    assert subjects == list(PROBES) == list(EXPECTED) == list(stored()["behaviour"])


@pytest.mark.parametrize("subject", EXPECTED)
@pytest.mark.filterwarnings("ignore:R.2 score is not well-defined")
def test_it_differs_as_the_table_says(subject: str) -> None:
    original, ours = EXPECTED[subject]
    assert stored()["behaviour"][subject] == original != ours
    assert observed(PROBES[subject], OURS) == ours


# What is the same


def test_the_reference_is_of_all_51_combinations() -> None:
    assert [case["options"] for case in stored()["cases"]] == combinations()
    assert len(combinations()) == 51


@pytest.mark.parametrize("number", range(51))
@pytest.mark.filterwarnings("ignore:R.2 score is not well-defined")
def test_the_original_answers_the_same_to_1e_5(number: int) -> None:
    case = stored()["cases"][number]
    require_same(as_json(explained(LimeAudioExplainer, case["options"])), case["answer"])


def test_sources_in_segments_get_the_originals_weights_by_the_originals_numbers() -> None:
    require_same(as_json(of_sources_and_segments(OURS)), stored()["sources_and_segments"])


def require_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    for label, pairs in theirs["weights"].items():
        found = dict(map(tuple, ours["weights"][label]))
        assert found.keys() == dict(map(tuple, pairs)).keys()
        np.testing.assert_allclose([found[i] for i, _ in pairs], [weight for _, weight in pairs], rtol=0, atol=1e-5)
    for what in ("intercept", "score", "local_pred"):
        mine, original = (np.array([one[what][label] for label in theirs[what]], float) for one in (ours, theirs))
        np.testing.assert_allclose(mine, original, rtol=0, atol=1e-5)
    assert [ours[what] for what in ("top_labels", "first_rows", "positive")] == [
        theirs[what] for what in ("top_labels", "first_rows", "positive")
    ]


def test_another_answer_would_be_seen() -> None:
    case = stored()["cases"][0]
    ours = as_json(explained(LimeAudioExplainer, {**case["options"], "kernel_width": 0.26}))
    found, expected = (dict(map(tuple, one["weights"]["1"])) for one in (ours, case["answer"]))
    assert max(abs(found[i] - expected[i]) for i in expected) > 1e-5


def test_a_function_is_asked_at_16_khz_in_batches_of_48000_samples_for_3_s() -> None:
    listener = Recorder()
    hiss = np.random.default_rng(0).normal(0, 0.1, (2, 4 * 44100))
    of = bind("hpss", (hiss, 44100), duration_s=3.0)
    LimeAudioExplainer().explain_instance(of, listener, labels=[0], batch_size=3)
    assert [batch.shape for batch in listener.batches] == [(3, 48000), (1, 48000)]


@pytest.mark.parametrize("n_segments", [1, 3])
def test_component_number_segment_times_sources_plus_source_is_that_source_in_that_segment(n_segments: int) -> None:
    """By the original's arithmetic: the sum of what is odd or even modulo the sources is a source."""
    of = bound(OURS, 4, 3 * SR, n_segments)
    sources = of.original_components
    length = 3 * SR // n_segments
    assert of.temporal_segments == [(i * length, (i + 1) * length) for i in range(n_segments)]
    for index, heard_alone in enumerate(of.retrieve_components()):
        segment, source = divmod(index, 4)
        expected = np.zeros(3 * SR, np.float32)
        expected[segment * length : (segment + 1) * length] = sources[source][segment * length : (segment + 1) * length]
        away = np.ones(3 * SR, bool)
        for edge in range(length, 3 * SR, length):
            away[edge - SR // 100 : edge + SR // 100] = False  # crossfades
        np.testing.assert_allclose(heard_alone[away], expected[away], atol=1e-6)
        assert of.get_ordered_component_names()[index] == f"tone {source}{segment}"
        assert of.parts.names[index].startswith(f"tone {source}")


def test_the_source_that_the_model_listens_to_is_found_by_index_modulo_sources() -> None:
    of = bound(OURS, 4, 3 * SR, 3)
    third = np.exp(-2j * np.pi * 600 * np.arange(3 * SR) / SR)
    late = np.arange(3 * SR) >= 2 * SR

    def hears_the_third_in_the_last_second(batch: Any) -> Any:
        return np.abs((batch * late) @ third)[:, None] / SR

    e = LimeAudioExplainer().explain_instance(of, hears_the_third_in_the_last_second, labels=[0], num_samples=500)
    _, numbers = e.get_sorted_components(0, num_components=1, return_indeces=True)
    assert divmod(int(numbers[0]), 4) == (2, 2)
    assert e.as_list(0)[0][0] == "tone 2 2.00–3.00 s"
    assert e.components.names[numbers[0]] == "tone 2 2.00–3.00 s"
    alone = e.audio(numbers)
    assert np.abs(alone.samples[0, : SR - 200]).max() < 1e-6 < np.abs(alone.samples[0, -SR // 2 :]).max()
    mask = np.arange(12) == numbers[0]
    assert e.neighborhood.masks.shape[1] == 12
    np.testing.assert_allclose(e.components.heard_mixes(mask[None])[0, 0], e.factorization.components[numbers[0]])


def test_soundlimes_rectangles_go_band_by_band_from_the_lowest_within_each_segment() -> None:
    time = np.arange(2 * SR) / SR
    mix = np.sum([0.1 * np.sin(2 * np.pi * hz * time) for hz in (1000, 3000, 5000, 7000)], axis=0)
    of = SoundLIMEFactorization((mix.astype(np.float32), SR), frequency_segments=4, temporal_segments=2)
    assert of.get_number_components() == 8
    for index, alone in enumerate(of.retrieve_components()):
        segment, band = divmod(index, 4)
        spectrum = np.abs(np.fft.rfft(alone))
        assert int(np.argmax(spectrum)) // 2 == pytest.approx(1000 + 2000 * band, abs=10)
        silent = alone[(1 - segment) * SR :][: SR - SR // 50] if segment == 0 else alone[: SR - SR // 50]
        assert np.abs(silent[SR // 50 :]).max() < 1e-6


def test_without_segments_the_classes_cut_one_a_second_ten_at_most() -> None:
    hiss = np.random.default_rng(0).normal(0, 0.1, 12 * SR).astype(np.float32)
    of = TimeOnlyFactorization(hiss[: 3 * SR])
    assert of.get_ordered_component_names() == ["T0", "T1", "T2"]
    np.testing.assert_array_equal(
        of.retrieve_components([1])[0][SR + 200 : 2 * SR - 200], hiss[SR + 200 : 2 * SR - 200]
    )
    assert TimeOnlyFactorization(hiss).get_number_components() == 10
    assert SpleeterFactorization(hiss[:SR], None, None, model_name="bands:2").get_number_components() == 2
