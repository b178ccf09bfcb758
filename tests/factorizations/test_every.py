"""One suite for every registered factorization. A new one is added to CASES (or ELSEWHERE) and inherits all of it."""

import functools
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import registry
from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.errors import AudioError
from audiolime_ext.factorization.contract import Factorization, factorize_in_parts
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.factorization.stems import RESIDUAL, Stems
from factorizations.spleeter_network import SpleeterConfig
from tests.random_checkpoints import NARROW, configuration, mirrored, write_checkpoint

Case = Callable[[Path, Audio], str]


def oracle_folder(folder: Path, audio: Audio) -> str:
    """A folder of two stems that miss a little of the recording."""
    left = audio.samples * np.float32(0.6)
    Audio(left, audio.sr).write(folder / "one.wav")
    Audio(audio.samples * np.float32(0.39), audio.sr).write(folder / "two.wav")
    return f"oracle:{folder}"


def own_model(folder: Path, audio: Audio) -> str:
    """A model with random weights, in the layout of those that somebody trained."""
    config = SpleeterConfig(("voice", "rest"), down="ReLU", up="LeakyReLU", filters=NARROW)
    write_checkpoint(folder / "checkpoints", config)
    (folder / "own.json").write_text(configuration(config, model_dir="checkpoints"))
    return f"spleeter:{folder}"


CASES: dict[str, Case] = {
    "bands:N": lambda folder, audio: "bands:8",
    "bands:mel-N": lambda folder, audio: "bands:mel-8",
    "cerberus": lambda folder, audio: "cerberus",
    "hpss": lambda folder, audio: "hpss",
    "nmf:N": lambda folder, audio: "nmf:8",
    "oracle:DIR": oracle_folder,
    "ova:SEPARATOR:SOURCE": lambda folder, audio: "ova:cerberus:drums",
    "slic:N": lambda folder, audio: "slic:20",
    "spleeter:2stems": lambda folder, audio: "spleeter:2stems",
    "spleeter:4stems": lambda folder, audio: "spleeter:4stems",
    "spleeter:5stems": lambda folder, audio: "spleeter:5stems",
    "spleeter:2stems-16kHz": lambda folder, audio: "spleeter:2stems-16kHz",
    "spleeter:4stems-16kHz": lambda folder, audio: "spleeter:4stems-16kHz",
    "spleeter:5stems-16kHz": lambda folder, audio: "spleeter:5stems-16kHz",
    "spleeter:PATH": own_model,
}
ELSEWHERE = {  # of packages that are extras; tests/adapters runs the same suite on them
    "demucs:": "test_demucs.py",
    "openunmix:": "test_openunmix.py",
}
FORMS = {"stereo-44100": (44100, 2), "mono-44100": (44100, 1), "stereo-48000": (48000, 2), "mono-22050": (22050, 1)}
ONE_FORM = {  # rates and channels are what variants share with bands:N, cerberus and spleeter:2stems
    "bands:mel-N": "stereo-48000",
    "ova:SEPARATOR:SOURCE": "stereo-48000",
    "spleeter:4stems": "stereo-44100",
    "spleeter:5stems": "mono-44100",
    "spleeter:2stems-16kHz": "mono-44100",
    "spleeter:4stems-16kHz": "mono-44100",
    "spleeter:5stems-16kHz": "stereo-44100",
    "spleeter:PATH": "mono-44100",
}
PAIRS = [(spec, form) for spec in CASES for form in FORMS if ONE_FORM.get(spec, form) == form]


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A spec and the form of the song."""
    spec, form = request.param
    return spec, form


@functools.cache
def song_in(form: str, path: Path) -> Audio:
    import soxr

    sr, n_channels = FORMS[form]
    clip = load_audio(path)
    samples = clip.samples if n_channels == 2 else clip.samples.mean(axis=0, keepdims=True)
    if sr != clip.sr:
        samples = np.ascontiguousarray(soxr.resample(samples.T, clip.sr, sr).T)
    return Audio(samples, sr, form)


@pytest.fixture(scope="module")
def song(case: tuple[str, str], ezer_ev: Path) -> Audio:
    return song_in(case[1], ezer_ev)


@pytest.fixture(scope="module")
def factorization(
    case: tuple[str, str], song: Audio, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Factorization]:
    spec, folder = case[0], tmp_path_factory.mktemp("stems")
    published_elsewhere = spec.startswith(("spleeter:4stems", "spleeter:5stems"))
    with mirrored(folder) if published_elsewhere else nullcontext():
        yield load_factorization(CASES[spec](folder, song))


@pytest.fixture(scope="module")
def whole(factorization: Factorization, song: Audio) -> Stems:
    """Stems of the whole song."""
    return factorization.factorize(song)


def test_every_registered_factorization_has_a_case() -> None:
    registered = {
        spec for name in registry.names("factorization") for spec in registry.plugin("factorization", name).specs
    }
    elsewhere = {spec for spec in registered if spec.startswith(tuple(ELSEWHERE))}
    assert registered - elsewhere == set(CASES)


@pytest.mark.parametrize("module", ELSEWHERE.values())
def test_the_suite_runs_on_those_that_are_tested_elsewhere(module: str) -> None:
    source = (Path(__file__).parents[1] / "adapters" / module).read_text(encoding="utf-8")
    assert "from tests.adapters.separators import *" in source


def test_it_keeps_the_protocol(factorization: Factorization) -> None:
    assert isinstance(factorization, Factorization)
    assert factorization.scope in ("blocks", "recording", "window")
    assert factorization.spec is not None
    again = load_factorization(factorization.spec)
    assert (again.spec, again.fingerprint) == (factorization.spec, factorization.fingerprint)
    assert all(entry.startswith("@") for entry in factorization.references)


@pytest.mark.parametrize(("start_s", "duration_s"), [(0.0, None), (3.0, 3.0), (17.3, None), (11.0, 2.5)])
def test_stems_sum_to_the_mixture(
    factorization: Factorization, song: Audio, whole: Stems, start_s: float, duration_s: float | None
) -> None:
    everything = (start_s, duration_s) == (0.0, None)
    stems = whole if everything else factorization.factorize(song, start_s=start_s, duration_s=duration_s)
    excerpt = song.excerpt(start_s, duration_s).samples
    assert stems.samples.shape == (len(stems.names), *excerpt.shape)
    assert stems.samples.dtype == np.float32
    assert stems.sr == song.sr
    assert len(set(stems.names)) == len(stems.names)
    assert RESIDUAL not in stems.names[:-1]
    np.testing.assert_allclose(stems.mixture, excerpt, atol=1e-5)
    for stem in stems.samples:
        assert np.abs(stem).max() < 4


def test_the_same_second_gives_the_same_stems_whatever_excerpt_was_asked_for(
    factorization: Factorization, song: Audio, whole: Stems
) -> None:
    if factorization.scope == "window":  # then only the same excerpt does
        once, again = (factorization.factorize(song, start_s=5.0, duration_s=3.0) for _ in range(2))
        np.testing.assert_array_equal(once.samples, again.samples)
        assert once.names == again.names
        return
    for start_s, duration_s in [(0.0, 1.0), (5.0, 3.0), (11.37, 1.5), (19.0, None)]:
        part = factorization.factorize(song, start_s=start_s, duration_s=duration_s)
        first, end = song.span(start_s, duration_s)
        for name in set(whole.names) | set(part.names):
            expected = whole[name].samples[:, first:end] if name in whole.names else 0.0
            found = part[name].samples if name in part.names else 0.0
            np.testing.assert_allclose(found, expected, atol=1e-5, err_msg=f"{name} from {start_s} s")


def test_parts_of_a_long_recording_join_without_a_seam(factorization: Factorization, song: Audio, whole: Stems) -> None:
    joined = np.concatenate([part.samples for part in factorize_in_parts(factorization, song, part_s=7.0)], axis=-1)
    np.testing.assert_allclose(joined, whole.samples, atol=1e-5)


def test_it_does_not_change_the_recording(factorization: Factorization, song: Audio) -> None:
    before = song.samples.copy()
    factorization.factorize(song, start_s=2.0, duration_s=1.0)
    np.testing.assert_array_equal(song.samples, before)


@pytest.mark.parametrize(("start_s", "duration_s"), [(19.0, 3.0), (-1.0, 2.0), (3.0, 0.0)])
def test_an_excerpt_beyond_the_recording_is_refused(
    factorization: Factorization, song: Audio, start_s: float, duration_s: float
) -> None:
    with pytest.raises(AudioError, match="does not lie within"):
        factorization.factorize(song, start_s=start_s, duration_s=duration_s)
