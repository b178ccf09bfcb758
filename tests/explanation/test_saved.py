"""Explanations on disk: they come back whole, or are refused with a word of help."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, Explanation, explain, explain_track, tagger
from audiolime_ext.errors import OutputError, UsageError
from audiolime_ext.explanation.form import FILE_NAME
from audiolime_ext.explanation.provenance import Provenance, versions_line
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.stems import Stems
from factorizations.oracle import OracleFactorization

SR = 8000


@pytest.fixture(scope="module")
def explanation() -> Explanation:
    """LIME on four of many masks: it has an intercept, a fidelity that may be missing, notes and warnings."""
    rng = np.random.default_rng(0)
    stems = {f"stem {i}": (rng.normal(0, 0.1 * 2**i, (2, SR)).astype(np.float32), SR) for i in range(2)}
    oracle = OracleFactorization(stems)
    levels = tagger(lambda batch: np.abs(batch)[:, [100, 200]], labels=["a", "é 🎸"], version="1")
    return explain(oracle.mixture, levels, factorization=oracle, segments=4, method="lime", max_evals=64)


def test_what_was_saved_is_what_is_loaded(explanation: Explanation, tmp_path: Path) -> None:
    loaded = Explanation.load(explanation.save(tmp_path / "new" / "folder"))
    ours, theirs = explanation.to_dict(), loaded.to_dict()
    np.testing.assert_allclose(theirs.pop("level_db"), ours.pop("level_db"), atol=1e-4)
    assert theirs == ours
    assert str(loaded) == str(explanation)
    for name in explanation.names:
        np.testing.assert_allclose(loaded.audio(name).samples, explanation.audio(name).samples, atol=1e-6)
    np.testing.assert_array_equal(loaded.neighborhood.masks, explanation.neighborhood.masks)


@pytest.mark.parametrize("baseline", ["noise", "floor", "recording"])
def test_a_baseline_is_kept_whatever_it_was_made_of(tmp_path: Path, baseline: str) -> None:
    rng = np.random.default_rng(0)
    stems = {name: (rng.normal(0, 0.1, (1, SR)).astype(np.float32), SR) for name in ("guitar", "bass")}
    oracle, other = OracleFactorization(stems), Audio(rng.normal(0, 2.0, (1, SR)).astype(np.float32), SR, "other")
    off: Any = other if baseline == "recording" else baseline
    model = tagger(lambda batch: np.abs(batch)[:, [100]], labels=["a"])
    e = (
        explain(other, model, factorization="bands:2", baseline=off)
        if baseline == "recording"
        else explain(oracle.mixture, model, factorization=oracle, baseline=off)
    )
    loaded = Explanation.load(e.save(tmp_path / "saved"))
    assert loaded.provenance.settings.baseline == e.provenance.settings.baseline
    masks = e.neighborhood.masks
    saved, again = e.components.heard_mixes(masks), loaded.components.heard_mixes(masks)
    np.testing.assert_allclose(again, saved, atol=1e-6)
    assert np.abs(saved[0]).max() > 1e-5, "off is not silence"
    assert loaded.warnings == e.warnings


def test_silence_takes_no_files(explanation: Explanation, tmp_path: Path) -> None:
    assert not list(explanation.save(tmp_path / "saved").glob("off-*"))
    assert Explanation.load(tmp_path / "saved").components.off is None


def as_before(folder: Path) -> None:
    """What a folder was in format 1, before baselines, noise and the second control of the level were kept."""
    content: dict[str, Any] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    origin, checks = content["provenance"], content["checks"]
    settings = origin.pop("settings")
    del origin["labels"], content["components"]["off"], checks["noise"], content["neighborhood"]["outputs"]
    origin |= {"tagger": origin.pop("model"), "requested_method": settings["method"], "contrast": None}
    origin |= {name: settings[name] for name in ("target", "max_evals", "seed", "settle", "baseline")}
    checks["moments"] = checks.pop("shifts")
    content["format"] = 1
    level = checks["level"]
    del level["restored"]
    level["softer"] = level["louder"] = level["without"][0]
    (folder / FILE_NAME).write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("baseline", ["silence", "noise"])
def test_a_folder_of_an_earlier_version_loads_and_says_what_it_lacks(tmp_path: Path, baseline: str) -> None:
    rng = np.random.default_rng(0)
    oracle = OracleFactorization({n: (rng.normal(0, 0.1, (1, SR)).astype(np.float32), SR) for n in "ab"})
    loudness = tagger(lambda batch: np.sqrt((batch**2).mean(axis=1, keepdims=True)), labels=["loud"])
    e = explain(oracle.mixture, loudness, factorization=oracle, baseline=baseline)
    assert e.checks.level is not None
    as_before(e.save(tmp_path / "saved"))
    loaded = Explanation.load(tmp_path / "saved")
    lacks = [one for one in loaded.warnings if "without the sound of its baseline (noise)" in one]
    assert bool(lacks) is (baseline == "noise")
    assert loaded.weights() == e.weights()
    assert loaded.checks.level is not None
    assert not [one for one in loaded.remarks() if "level" in one]
    assert loaded.to_dict()["level"]["rest_at_full_level"] is None


def test_the_noise_of_a_model_is_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    oracle = OracleFactorization({n: (rng.normal(0, 0.1, (1, SR)).astype(np.float32), SR) for n in "ab"})
    noisy = tagger(lambda batch: rng.normal(0.5, 0.1, (len(batch), 2)), labels=["a", "b"])
    e = explain(oracle.mixture, noisy, factorization=oracle)
    loaded = Explanation.load(e.save(tmp_path / "saved"))
    assert str(loaded) == str(e)
    assert loaded.to_dict() == e.to_dict() | {"level_db": loaded.to_dict()["level_db"]}
    np.testing.assert_allclose(
        loaded.attribute("banzhaf").attribution.std_errors,  # type: ignore[arg-type]
        e.attribute("banzhaf").attribution.std_errors,  # type: ignore[arg-type]
    )


def test_a_folder_holds_json_and_flac_and_no_pickle(explanation: Explanation, tmp_path: Path) -> None:
    explanation.save(tmp_path / "saved")
    names = sorted(path.name for path in (tmp_path / "saved").iterdir())
    assert names == [FILE_NAME, "stem-0.flac", "stem-1.flac"]
    text = (tmp_path / "saved" / FILE_NAME).read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda constant: pytest.fail(f"{constant} is no JSON"))


def test_saving_below_a_file_is_refused(explanation: Explanation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        explanation.save(tmp_path / "file" / "saved")


def without_a_stem(folder: Path) -> None:
    (folder / "stem-1.flac").unlink()


def with_a_cut_stem(folder: Path) -> None:
    content = (folder / "stem-0.flac").read_bytes()
    (folder / "stem-0.flac").write_bytes(content[: len(content) // 2])


def with_another_stem(folder: Path) -> None:
    import soundfile

    soundfile.write(folder / "stem-0.flac", np.zeros((100, 2)), SR)


def with_words(folder: Path) -> None:
    (folder / FILE_NAME).write_text("words")


def with_a_list(folder: Path) -> None:
    (folder / FILE_NAME).write_text("[]")


def without_weights(folder: Path) -> None:
    content: dict[str, Any] = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    del content["attribution"]["weights"]
    (folder / FILE_NAME).write_text(json.dumps(content))


@pytest.mark.parametrize(
    "damage", [without_a_stem, with_a_cut_stem, with_another_stem, with_words, with_a_list, without_weights]
)
def test_a_damaged_folder_is_refused(explanation: Explanation, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    explanation.save(tmp_path / "saved")
    damage(tmp_path / "saved")
    with pytest.raises(
        UsageError,
        match=r"saved holds no saved explanation, or a damaged one \(.*\); name a folder that save\(\) wrote",
    ):
        Explanation.load(tmp_path / "saved")


def test_another_format_is_named(explanation: Explanation, tmp_path: Path) -> None:
    explanation.save(tmp_path / "saved")
    content = json.loads((tmp_path / "saved" / FILE_NAME).read_text(encoding="utf-8"))
    (tmp_path / "saved" / FILE_NAME).write_text(json.dumps({**content, "format": 99}))
    with pytest.raises(UsageError, match="was saved in format 99; this version reads format 2 and earlier ones"):
        Explanation.load(tmp_path / "saved")


def test_settings_come_back_whole_and_explain_the_same_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    oracle = OracleFactorization({n: (rng.normal(0, 0.1, (1, SR)).astype(np.float32), SR) for n in "abc"})
    model = tagger(lambda batch: np.abs(batch)[:, [100, 200]], labels=["x", "y"], version="1")
    options: dict[str, Any] = {"method": "lime", "target": ("x", "y"), "baseline": "floor", "segments": (0.25, 0.5)}
    options |= {"max_evals": 70, "seed": 3, "settle": None, "level_check": False, "shifts": True}
    e = explain(oracle.mixture, model, factorization=oracle, **options)
    assert vars(e.provenance.settings) == options
    loaded = Explanation.load(e.save(tmp_path / "saved"))
    assert loaded.provenance == e.provenance
    again = explain(oracle.mixture, model, factorization=oracle, **vars(loaded.provenance.settings))
    np.testing.assert_array_equal(again.attribution.weights, e.attribution.weights)
    with pytest.raises(TypeError, match="unknown settings: colour"):
        Settings.from_dict({**options, "colour": "red"})


class Halves:
    """A separator without a spec; one of these has another fingerprint than the other."""

    spec: str | None = None
    scope: Scope = "window"
    references: tuple[str, ...] = ()

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        first, end = audio.span(start_s, duration_s)
        half = audio.samples[:, first:end] / 2
        return Stems(("one", "other"), np.stack([half, half]), audio.sr)


def peak(batch: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(batch).max(axis=1, keepdims=True))


def test_two_states_of_a_model_that_was_given_as_an_object_are_told_apart(tmp_path: Path) -> None:
    song = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 2 * SR)).astype(np.float32), SR)
    found = []
    for version in ("run-7", "run-8"):
        model = tagger(peak, labels=["peak"], window_s=1.0, version=version)
        e = explain(song, model, factorization=Halves(f"halves-{version}"))
        track = explain_track(song, model, factorization=Halves(f"halves-{version}"), cache=False)
        weights = e.to_dict()["versions"]["weights"]
        assert weights == track.to_dict()["versions"]["weights"] == e.provenance.versions["weights"]
        assert weights == {"own separator Halves": f"halves-{version}", "own model peak": version}
        loaded = Explanation.load(e.save(tmp_path / f"{version}"))
        assert loaded.provenance == e.provenance
        assert versions_line([loaded.provenance]).endswith(f"own model peak {version}")
        found.append(loaded.to_dict()["versions"])
    assert all(one != other for i, one in enumerate(found) for other in found[:i])


def test_a_function_without_a_version_is_named_as_unknown_and_is_not_asked_again(tmp_path: Path) -> None:
    song = Audio(np.random.default_rng(0).normal(0, 0.1, (1, SR)).astype(np.float32), SR)
    asked: list[np.ndarray] = []

    def counted(batch: np.ndarray) -> np.ndarray:
        asked.extend(batch)
        return peak(batch)

    e = explain(song, counted, factorization="bands:2")
    assert len(asked) == e.n_evals + e.checks.n_evals
    loaded = Explanation.load(e.save(tmp_path / "saved"))
    assert loaded.to_dict()["versions"]["weights"]["own model counted"] is None
    assert versions_line([loaded.provenance]).endswith("own model counted (version unknown)")
    assert loaded.provenance.model_state == "own model counted (version unknown)"


def test_an_estimator_is_known_by_a_hash() -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    song = Audio(np.random.default_rng(0).normal(0, 0.1, (1, SR)).astype(np.float32), SR)
    found = []
    for slope in (1.0, 2.0):
        fitted = linear.LinearRegression().fit([[0.0], [1.0]], [0.0, slope])
        e = explain(song, tagger(fitted, front_end=peak), factorization="bands:2")
        found.append(e.to_dict()["versions"]["weights"]["own model LinearRegression"])
    assert None not in found
    assert found[0] != found[1]


def test_the_versions_of_several_results_are_each_listed_once() -> None:
    told = {"audiolime_ext": "0.3", "numpy": "2.1"}
    one, other = (
        Provenance(
            None, "", SR, 1, None, None, versions={**told, "weights": {"bands:2": "b", "own model net": version}}
        )
        for version in ("1", "2")
    )
    assert (one.model_state, other.model_state) == ("own model net 1", "own model net 2")
    line = "audiolime_ext 0.3, NumPy 2.1, bands:2 b, own model net 1, own model net 2"
    assert versions_line([one, other, one]) == line
