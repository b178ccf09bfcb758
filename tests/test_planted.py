"""Planted models: whoever built them knows what they listen to, and every explanation must say just that.

Each runs on true stems in every form that these come in. Nothing here is approximate: the stems are certain, the models
are one line, and a weight that is off by rounding is the only error allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, explain, tagger
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from factorizations.oracle import OracleFactorization

SR, SECONDS = 16000, 3.0
TONES_HZ = {"bass": 100, "guitar": 440, "drums": 3000}
GAIN = 0.2


def stems(sr: int, n_channels: int) -> dict[str, Audio]:
    turns = 2 * np.pi * np.arange(round(SECONDS * sr)) / sr
    waves = {name: (GAIN * np.sin(hz * turns)).astype(np.float32) for name, hz in TONES_HZ.items()}
    return {name: Audio(np.tile(wave, (n_channels, 1)), sr, name) for name, wave in waves.items()}


def in_memory(folder: Path, sr: int = SR, n_channels: int = 1) -> tuple[Any, OracleFactorization]:
    oracle = OracleFactorization({name: (stem.samples, sr) for name, stem in stems(sr, n_channels).items()})
    return oracle.mixture, oracle


def in_stereo_at_another_rate(folder: Path) -> tuple[Any, OracleFactorization]:
    return in_memory(folder, 44100, 2)


def in_a_folder(folder: Path) -> tuple[Any, OracleFactorization]:
    for name, stem in stems(SR, 1).items():
        stem.write(folder / f"{name}.wav")
    oracle = OracleFactorization.from_folder(folder)
    oracle.mixture.write(folder / "mixture.wav")
    return folder / "mixture.wav", OracleFactorization.from_folder(folder)


def in_a_track(folder: Path) -> tuple[Any, OracleFactorization]:
    """Like a track of the musdb package (whose own are tested in ``test_musdb``)."""
    parts = stems(44100, 2)
    sources = {name: SimpleNamespace(audio=stem.samples.T, rate=44100) for name, stem in parts.items()}
    mixed = np.sum([stem.samples for stem in parts.values()], axis=0).T
    track = SimpleNamespace(audio=mixed, rate=44100, sources=sources, name="tones", path=None)
    return track, OracleFactorization.from_musdb(track)


FORMS = [in_memory, in_stereo_at_another_rate, in_a_folder, in_a_track]


def strengths(batch: np.ndarray) -> np.ndarray:
    """1 for each tone that sounds, shape (n, 3): bass, guitar, drums."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), list(TONES_HZ.values())) / SR)
    return np.asarray(np.abs(batch @ turns) * 2 / batch.shape[1] / GAIN)


MODELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "drums": lambda s: s[:, 2],
    "drums and bass": lambda s: (s[:, 2] > 0.5) & (s[:, 0] > 0.5),
    "drums xor bass": lambda s: (s[:, 2] > 0.5) ^ (s[:, 0] > 0.5),
    "how loud the guitar is": lambda s: 0.7 * s[:, 1] ** 2,
    "two or more": lambda s: (s > 0.5).sum(axis=1) >= 2,
    "nothing at all": lambda s: np.full(len(s), 0.4),
    "silence too": lambda s: 0.3 + 0.2 * s[:, 0] - 0.2 * s[:, 2],
}
WEIGHTS: dict[str, list[float]] = {
    "drums": [0, 0, 1],
    "drums and bass": [0.5, 0, 0.5],
    "drums xor bass": [0, 0, 0],
    "how loud the guitar is": [0, 0.7, 0],
    "two or more": [1 / 3, 1 / 3, 1 / 3],
    "nothing at all": [0, 0, 0],
    "silence too": [0.2, 0, -0.2],
}


def judge(batch: np.ndarray) -> np.ndarray:
    heard = strengths(batch)
    return np.stack([np.asarray(model(heard), float) for model in MODELS.values()], axis=1)


@pytest.fixture(scope="module", params=FORMS, ids=lambda form: form.__name__)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Explanation:
    audio, oracle = request.param(tmp_path_factory.mktemp("stems"))
    model = tagger(judge, sr=SR, labels=list(MODELS))
    return explain(audio, model, factorization=oracle, labels=list(MODELS))


@pytest.mark.parametrize("name", MODELS)
def test_every_planted_model_gets_its_weights(found: Explanation, name: str) -> None:
    weights = found.weights(name)
    np.testing.assert_allclose([weights[source] for source in TONES_HZ], WEIGHTS[name], atol=1e-4)


@pytest.mark.parametrize(("name", "top"), [("drums", "drums"), ("how loud the guitar is", "guitar")])
def test_its_source_is_on_top_and_is_what_one_hears(found: Explanation, name: str, top: str) -> None:
    best = found.top(label=name)
    assert best.components == (top,)
    clip = best.listen()
    expected = stems(clip.sr, clip.n_channels)[top]
    np.testing.assert_allclose(clip.samples, expected.samples, atol=1e-4)


@pytest.mark.parametrize(("name", "together"), [("drums and bass", 1.0), ("drums xor bass", -2.0)])
def test_where_two_act_together_the_pair_comes_first(found: Explanation, name: str, together: float) -> None:
    (pair, value), *others = found.interactions(name).items()
    assert set(pair) == {"drums", "bass"}
    assert value == pytest.approx(together, abs=1e-4)
    assert max(abs(other) for _, other in others) < 1e-4
    (remark,) = [remark for remark in found.remarks(name) if "together" in remark]
    assert "bass" in remark
    assert "drums" in remark


def test_a_pair_is_not_named_where_the_weights_say_it_all(found: Explanation) -> None:
    assert not [remark for name in ("drums", "silence too") for remark in found.remarks(name) if "together" in remark]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing at all", "nothing here argues for nothing at all (score 0.40, silence 0.40)"),
        ("drums xor bass", "the model does not say drums xor bass here (score 0.000, silence 0.000)"),
    ],
)
def test_where_no_source_argues_it_abstains(found: Explanation, name: str, said: str) -> None:
    best = found.top(label=name)
    assert not best
    assert best.message == said


@pytest.mark.parametrize(("name", "sources"), [("drums and bass", {"drums", "bass"}), ("two or more", set(TONES_HZ))])
def test_equal_sources_are_named_together(found: Explanation, name: str, sources: set[str]) -> None:
    best = found.top(label=name)
    assert set(best.components) == sources
    assert not best.told_apart
    assert ", not told apart (+0." in best.message


def test_sources_that_offset_each_other_are_not_said_to_make_the_score(found: Explanation) -> None:
    assert found.top(label="silence too").message == (
        "silence too (score 0.30, silence 0.30) is nearly as for silence: "
        "what there is comes most from bass (+0.20) against drums (-0.20)"
    )


def test_a_score_that_is_silences_own_is_said(found: Explanation) -> None:
    remarks = " ".join(found.remarks("silence too"))
    assert "the model says this for silence too (0.30; here 0.30)" in remarks
    assert "nothing to explain by presence" not in remarks, "the bass adds what the drums take away"
    assert any("nothing to explain by presence" in remark for remark in found.remarks("nothing at all"))
    assert not any("nothing to explain" in remark for remark in found.remarks("drums xor bass"))


SOURCES_HZ = {**TONES_HZ, "piano": 1000}


@pytest.fixture(scope="module")
def four() -> OracleFactorization:
    turns = 2 * np.pi * np.arange(round(SECONDS * SR)) / SR
    waves = {name: (GAIN * np.sin(hz * turns)).astype(np.float32) for name, hz in SOURCES_HZ.items()}
    return OracleFactorization({name: (wave, SR) for name, wave in waves.items()})


def rock(batch: np.ndarray) -> np.ndarray:
    """Half of it is the drums; or else, drums and bass together make half of it and the guitar a fifth."""
    turns = np.exp(-2j * np.pi * np.outer(np.arange(batch.shape[1]), list(SOURCES_HZ.values())) / SR)
    bass, guitar, drums, piano = (np.abs(batch @ turns) * 2 / batch.shape[1] / GAIN).T
    both = 0.5 * ((drums > 0.5) & (bass > 0.5)) + 0.2 * guitar
    return 0.99 * np.stack([0.5 * drums + 0.2 * guitar + 0.15 * bass + 0.15 * piano, both], axis=1)


ROCK = tagger(rock, sr=SR, labels=["rock", "rhythm"])


def cut_up(four: OracleFactorization, **options: Any) -> Explanation:
    return explain(four.mixture, ROCK, factorization=four, **{"labels": list(ROCK.labels or ()), **options})


def test_a_source_is_not_outweighed_by_another_because_it_is_cut(four: OracleFactorization) -> None:
    e = cut_up(four, segments=10)
    assert e.attribution.method == "owen"
    assert [name for name in e.names if " " not in name] == ["bass", "guitar", "piano"]
    best = e.top()
    assert (best.components, best.told_apart) == (("drums",), True)
    assert best.weights == pytest.approx((0.495,), abs=1e-3)
    assert str(best).startswith("rock comes most from drums (+0.50), ")
    row = next(line for line in str(e).splitlines() if line.startswith("rock "))
    assert row.split(maxsplit=3)[3].startswith("drums +0.50, guitar +0.20, ")
    clip = best.listen().samples
    np.testing.assert_allclose(clip, four.samples[list(four.names).index("drums")], atol=1e-4)


def test_what_two_sources_do_together_is_said_beside_owen_values_too(four: OracleFactorization) -> None:
    e = cut_up(four, segments=10)
    (pair, together), *_ = e.interactions("rhythm").items()
    assert set(pair) == {"bass", "drums"}
    assert together == pytest.approx(0.495, abs=1e-3)
    said = "rhythm: bass and drums interact: together they add on average 0.50 more to the score than the sum of what"
    assert f"{said} each adds without the other; no single weight shows this" in e.remarks("rhythm")


@pytest.mark.parametrize(("max_evals", "cut"), [(815, False), (816, True)])
def test_stems_are_left_whole_where_the_budget_does_not_hold_one_in_segments(
    four: OracleFactorization, max_evals: int, cut: bool
) -> None:
    e = cut_up(four, segments=10, max_evals=max_evals)
    assert e.n_evals + e.checks.n_evals <= max_evals
    assert e.attribution.method == ("owen" if cut else "shapley")
    note = "the 4 stems are left whole: cutting one of them in 10 takes 816 evaluations (--max-evals)"
    assert (note in e.notes) is not cut
    assert (e.names == four.names) is not cut
    assert e.top().components == ("drums",)
    assert e.attribution.exact is not cut


def test_stems_that_matter_and_are_left_whole_are_named_with_the_budget_that_cuts_them(
    four: OracleFactorization,
) -> None:
    few = cut_up(four, segments=4, max_evals=250, level_check=False, labels="rhythm")
    (note,) = few.notes
    assert note == "guitar is left whole: cutting all stems that matter in 4 takes 356 evaluations (--max-evals)"
    enough = cut_up(four, segments=4, max_evals=356, level_check=False, labels="rhythm")
    assert enough.notes == ()
    assert enough.components.groups == (4, 4, 4, 1), "the piano does not matter"


def test_onsets_do_not_make_sampled_values_of_all_pieces(four: OracleFactorization) -> None:
    clicks = np.zeros_like(four.samples[0])
    clicks[:, [round(second * SR) for second in (0.5, 1.1, 1.7, 2.3)]] = 0.9
    parts = {**{name: (wave, SR) for name, wave in zip(four.names, four.samples, strict=True)}, "clicks": (clicks, SR)}
    oracle = OracleFactorization(parts)
    e = explain(oracle.mixture, ROCK, factorization=oracle, segments="onsets", max_evals=60)
    assert e.components.n_segments > 2
    assert e.attribution.exact
    assert e.names == oracle.names
    assert [note for note in e.notes if note.startswith("the 5 stems are left whole")]


class Promises:
    """A separator that does not keep the contract."""

    spec, fingerprint, scope, references = None, "promises", "blocks", ()

    def __init__(self, names: list[str], gain: float = 0.5, short: int = 0) -> None:
        self.names, self.gain, self.short = names, gain, short

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Any:
        from audiolime_ext import Stems

        first, end = audio.span(start_s, duration_s)
        part = audio.samples[:, first : end - self.short] * np.float32(self.gain)
        return Stems(tuple(self.names), np.stack([part, part]), audio.sr)


@pytest.mark.parametrize(
    ("separator", "complaint"),
    [
        (Promises(["a", "a"]), r"two stems are called 'a' \(of a, a\); give each its own name"),
        (Promises(["a"]), r"with one name each; got shape \(2, 1, 48000\) and the names a"),
        (Promises(["a", "b"], gain=0.45), r"stems of Promises do not sum to the recording \(off by up to 0\.059\)"),
        (Promises(["a", "b"], gain=float("nan")), "Promises: the stem 'a' holds NaN or infinity"),
        (Promises(["a", "b"], short=10), r"gave stems of shape \(1, 47990\) for an excerpt of \(1, 48000\)"),
    ],
)
def test_a_separator_that_breaks_its_word_is_refused(separator: Any, complaint: str) -> None:
    mixture, _ = in_memory(Path())
    with pytest.raises(UsageError, match=complaint):
        explain(mixture, tagger(judge, sr=SR), factorization=separator)


def test_thirty_components_by_shapley_are_estimates_with_error_bars() -> None:
    mixture, oracle = in_memory(Path())
    model = tagger(judge, sr=SR, labels=list(MODELS))
    e = explain(mixture, model, factorization=oracle, labels="drums", segments=10, method="shapley", max_evals=400)
    assert not e.attribution.exact
    assert e.n_evals + e.checks.n_evals <= 400
    assert e.attribution.std_errors is not None
    assert np.isfinite(e.attribution.weights).all()
    assert np.isfinite(e.attribution.std_errors).all()
    assert {name.split()[0] for name in e.top(10).components} == {"drums"}
    with pytest.raises(UsageError, match="61 evaluations are too few for 30 components; allow at least 62"):
        explain(mixture, model, factorization=oracle, segments=10, method="shapley", max_evals=61)


def test_where_either_is_enough_leaving_one_out_says_that_no_single_one_makes_it(tmp_path: Path) -> None:
    audio, oracle = in_memory(tmp_path)

    def either(batch: np.ndarray) -> np.ndarray:
        return np.asarray(0.9 * np.any(strengths(batch)[:, :2] > 0.5, axis=1)[:, None])

    model = tagger(either, sr=SR, labels=["either"])
    e = explain(audio, model, factorization=oracle, method="leave-one-out")
    assert str(e.top()) == "no single source makes either (score 0.90, silence 0.00), all together do"
