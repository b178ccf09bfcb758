"""Our own separator: any recording, fixed chunks, notes beside stems, and weights that are checked."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path

import numpy as np
import onnx
import pytest

from audiolime_ext import explain, tagger
from audiolime_ext.audio.recording import Audio, level_db, load_audio
from audiolime_ext.cli import main
from audiolime_ext.errors import AudioError, CorruptError, MissingError, UsageError
from audiolime_ext.factorization.holding import confusion_of
from audiolime_ext.factorization.kept import KeptStems
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.registry import formerly_meant, options, split_spec
from audiolime_ext.report.player.media import encode_media
from audiolime_ext.report.player.player import player_html
from examples.cerberus.scores import si_sdr
from factorizations.cerberus import MERGED, WEIGHTS, CerberusFactorization

FOUR = ("piano", "guitar", "bass", "drums")
LARGEST_FILE = 15e6  # bytes of weights in the package


@pytest.fixture(scope="module")
def cerberus() -> CerberusFactorization:
    """With its four sources apart."""
    return CerberusFactorization(merge="none", threads=1)


@pytest.fixture(scope="module")
def song(feelings: dict[str, Path]) -> Audio:
    """20 s at 16 kHz, so that nothing is resampled."""
    import soxr

    clip = load_audio(feelings["guitar"])
    return Audio(np.ascontiguousarray(soxr.resample(clip.samples.T, clip.sr, 16000).T), 16000, "feelings")


def altered(tmp_path: Path, **metadata: str | None) -> Path:
    """The shipped weights with other metadata; None removes a field."""
    model = onnx.load(str(WEIGHTS))
    kept = {each.key: each.value for each in model.metadata_props} | metadata
    onnx.helper.set_model_props(model, {key: value for key, value in kept.items() if value is not None})
    path = tmp_path / "altered.onnx"
    onnx.save(model, str(path))
    return path


def test_the_weights_are_small_and_describe_themselves(cerberus: CerberusFactorization) -> None:
    about = cerberus.about
    assert WEIGHTS.stat().st_size <= LARGEST_FILE
    assert about.sources == FOUR
    assert about.sr == 16000
    assert "examples/cerberus" in about.recipe
    assert about.licence == "BSD-3-Clause"
    model = onnx.load(str(WEIGHTS))
    assert model.ir_version <= 8
    assert [each.version for each in model.opset_import if not each.domain] == [17]


def test_a_real_recording(cerberus: CerberusFactorization, feelings: dict[str, Path]) -> None:
    """Its guitars go neither to the bass nor to the drums. (Some go to the piano: see the model card.)"""
    guitar, rest = (load_audio(feelings[name]).excerpt(0, 19) for name in ("guitar", "rest"))
    mixture = guitar.samples + rest.samples
    stems = cerberus.factorize(Audio(mixture, guitar.sr))
    melodic = stems["piano"].samples + stems["guitar"].samples
    assert si_sdr(melodic, guitar.samples) > si_sdr(mixture, guitar.samples) + 2
    assert si_sdr(stems["bass"].samples, guitar.samples) < -15
    assert si_sdr(stems["drums"].samples, guitar.samples) < -15


@pytest.mark.parametrize(
    ("sr", "n_channels", "duration_s"), [(8000, 1, 3), (16000, 1, 1), (44100, 2, 2), (48000, 1, 0.02)]
)
def test_any_rate_channels_and_length(
    cerberus: CerberusFactorization, sr: int, n_channels: int, duration_s: float
) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (n_channels, round(sr * duration_s))).astype(np.float32)
    stems = cerberus.factorize(Audio(noise, sr))
    assert stems.names[:4] == FOUR
    assert stems.samples.shape[1:] == noise.shape
    np.testing.assert_allclose(stems.mixture, noise, atol=1e-5)


def test_silence_stays_silent(cerberus: CerberusFactorization) -> None:
    stems = cerberus.factorize(Audio(np.zeros((1, 32000), np.float32), 16000))
    assert not stems.samples.any()
    assert np.isfinite(stems.samples).all()


def test_level_does_not_matter(cerberus: CerberusFactorization, song: Audio) -> None:
    loud = cerberus.factorize(song, start_s=2, duration_s=3)
    soft = cerberus.factorize(Audio(song.samples * np.float32(0.01), song.sr), start_s=2, duration_s=3)
    np.testing.assert_allclose(soft.samples * 100, loud.samples, atol=2e-3)


def test_channels_are_separated_on_their_own(cerberus: CerberusFactorization, song: Audio) -> None:
    stereo = cerberus.factorize(song, start_s=2, duration_s=3)
    left = cerberus.factorize(Audio(song.samples[:1], song.sr), start_s=2, duration_s=3)
    np.testing.assert_allclose(stereo.samples[:, :1], left.samples, atol=1e-5)


def test_an_excerpt_is_cut_from_the_whole(cerberus: CerberusFactorization, song: Audio) -> None:
    whole = cerberus.factorize(song)
    for start_s, duration_s in [(0.0, 1.0), (7.5, 3.0), (9.99, 0.5), (18.9, 1.0)]:
        part = cerberus.factorize(song, start_s=start_s, duration_s=duration_s)
        first, end = song.span(start_s, duration_s)
        np.testing.assert_allclose(part.samples, whole.samples[..., first:end], atol=1e-6)


def test_seams_between_chunks_are_not_heard(cerberus: CerberusFactorization, song: Audio) -> None:
    """Another grid of chunks gives nearly the same stems: the network hears enough around each moment."""
    about = cerberus.about
    shift = about.step // 2 * about.hop_length
    delayed = Audio(np.pad(song.samples, ((0, 0), (shift, 0))), song.sr)
    here, there = cerberus.factorize(song), cerberus.factorize(delayed, start_s=shift / song.sr)
    middle = slice(2 * song.sr, 18 * song.sr)  # the beginning is preceded by silence in one of them
    assert level_db(here.samples[:4, :, middle].sum(axis=0), song.samples[:, middle]) > -6  # silence has no seams
    error = level_db(here.samples[:4, :, middle] - there.samples[:4, :, middle], song.samples[:, middle])
    assert error < -15


def test_all_chunks_together_lose_nothing(cerberus: CerberusFactorization, song: Audio) -> None:
    ask = cerberus._ask
    try:
        cerberus._ask = lambda spectrum: ask(spectrum)._replace(masks=np.full((2, 4, *spectrum.shape[1:]), 0.25))  # type: ignore[method-assign]
        stems = cerberus.factorize(song)
    finally:
        del cerberus._ask
    np.testing.assert_allclose(stems.samples[:4].sum(axis=0), song.samples, atol=1e-5)
    assert stems.names == FOUR


def test_sources_can_be_merged(cerberus: CerberusFactorization, song: Audio) -> None:
    merged = load_factorization("cerberus?merge=piano+guitar,bass+drums")
    assert merged.spec == "cerberus?merge=piano+guitar,bass+drums"
    assert merged.fingerprint != cerberus.fingerprint
    stems, apart = (each.factorize(song, start_s=2, duration_s=2) for each in (merged, cerberus))
    assert stems.names == ("piano+guitar", "bass+drums", "residual")
    np.testing.assert_allclose(stems.samples[0], apart.samples[:2].sum(axis=0), atol=1e-5)


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("cerberus", ("piano+guitar", "bass", "drums", "residual")),
        ("cerberus?merge=piano+guitar", ("piano+guitar", "bass", "drums", "residual")),
        ("cerberus?merge=none", ("piano", "guitar", "bass", "drums", "residual")),
        ("cerberus?merge=bass+drums", ("piano", "guitar", "bass+drums", "residual")),
    ],
)
def test_piano_and_guitar_are_one_stem_unless_asked_for_apart(song: Audio, spec: str, names: tuple[str, ...]) -> None:
    made = load_factorization(spec)
    assert made.spec == spec
    assert made.factorize(song, start_s=2, duration_s=2).names == names
    measured = confusion_of(spec)
    assert measured is not None
    assert measured.stems == names
    assert measured == made.confusion  # type: ignore[attr-defined]


def test_merged_by_default_are_the_pairs_that_measurement_does_not_tell_apart() -> None:
    measured = confusion_of("cerberus?merge=none")
    assert measured is not None
    assert measured.not_told_apart == MERGED


def test_sources_apart_are_those_of_earlier_versions(cerberus: CerberusFactorization) -> None:
    """So that what was kept and saved under that fingerprint is not taken for merged stems, nor lost."""
    content = hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()
    groups = (("piano",), ("guitar",), ("bass",), ("drums",))
    assert cerberus.fingerprint == hashlib.sha256(f"1 {groups} {content}".encode()).hexdigest()[:16]
    assert formerly_meant("cerberus") == "cerberus?merge=none"
    assert formerly_meant("cerberus?merge=piano+guitar") is formerly_meant("cerberus:own.onnx") is None


def test_notes_of_a_merged_stem_are_those_of_its_sources(cerberus: CerberusFactorization, song: Audio) -> None:
    merged = CerberusFactorization(threads=1).factorize(song, start_s=2, duration_s=3)
    apart = cerberus.factorize(song, start_s=2, duration_s=3).transcription
    assert merged.transcription is not None
    assert apart is not None
    assert len(apart.notes["guitar"])
    np.testing.assert_array_equal(merged.transcription.notes["guitar"], apart.notes["guitar"])
    html = player_html(encode_media([merged]), name="song", model_sr=16000)
    assert html.count('class="al-roll" d="M') >= 1
    assert f"piano: {apart.describe('piano')}; guitar: {apart.describe('guitar')}" in html


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("cerberus?merge=piano+flute", "unknown source to merge 'flute'.*piano, guitar, bass, drums"),
        ("cerberus?merge=piano+guitar,guitar+bass", "'guitar' is merged twice"),
        ("cerberus?merge=piano", "two sources or more"),
        ("cerberus?merge=", "option 'merge' is empty"),
        ("cerberus?join=piano+guitar", "unknown option 'join'"),
        ("cerberus?merge=piano+guitar&merge=bass+drums", "given twice"),
    ],
)
def test_bad_options_say_what_is_allowed(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_factorization(spec)


def test_specs_are_split_at_colon_or_question_mark() -> None:
    assert split_spec("cerberus:a.onnx?merge=piano+guitar") == ("cerberus", "a.onnx?merge=piano+guitar")
    assert options("a.onnx", ["merge"]) == ("a.onnx", {})


def test_own_weights(cerberus: CerberusFactorization, tmp_path: Path, song: Audio) -> None:
    path = altered(tmp_path, stable="no", results="by ear")
    own = load_factorization(f"cerberus:{path}")
    assert own.spec == f"cerberus:{path}"
    assert own.fingerprint != cerberus.fingerprint
    assert CerberusFactorization(path).instruments == FOUR  # nothing was measured of them
    assert confusion_of(str(own.spec)) is None
    assert own.factorize(song, start_s=1, duration_s=1).notes == ("cerberus is experimental: by ear",)


def test_weights_that_are_not_there() -> None:
    with pytest.raises(MissingError, match=r"there are no weights at nowhere\.onnx"):
        load_factorization("cerberus:nowhere.onnx")


def test_truncated_weights(tmp_path: Path) -> None:
    (tmp_path / "half.onnx").write_bytes(WEIGHTS.read_bytes()[:5_000_000])
    with pytest.raises(CorruptError, match=r"half\.onnx is damaged or not an ONNX file"):
        CerberusFactorization(tmp_path / "half.onnx")


def test_a_file_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "song.wav").write_bytes(b"RIFF....WAVE")
    with pytest.raises(CorruptError, match="damaged or not an ONNX file"):
        CerberusFactorization(tmp_path / "song.wav")


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"format": None}, "is not a file of weights for Cerberus"),
        ({"sr": None}, "metadata are incomplete"),
        ({"sr": "fast"}, "metadata are incomplete"),
        ({"stable": "perhaps"}, "metadata are incomplete"),
        ({"sources": "piano,guitar"}, "does not go with"),
        ({"n_fft": "2048"}, "does not go with"),
        ({"margin_frames": "200"}, "contradict each other"),
        ({"hop_length": "1000"}, "contradict each other"),
    ],
)
def test_metadata_that_do_not_go_with_the_network(tmp_path: Path, metadata: dict[str, str], message: str) -> None:
    with pytest.raises(CorruptError, match=message):
        CerberusFactorization(altered(tmp_path, **metadata))


def test_the_excerpt_must_lie_within(cerberus: CerberusFactorization, song: Audio) -> None:
    with pytest.raises(AudioError, match="does not lie within"):
        cerberus.factorize(song, start_s=19, duration_s=2)


def test_strokes_lie_where_they_are_heard(cerberus: CerberusFactorization) -> None:
    """Noise bursts like a snare drum's, over a soft tone."""
    rng, time_s = np.random.default_rng(0), np.arange(6 * 16000) / 16000
    samples = 0.02 * np.sin(2 * np.pi * 110 * time_s)
    for onset_s in np.arange(0.5, 5.5, 0.5):
        at = round(onset_s * 16000)
        samples[at : at + 3200] += 0.4 * rng.normal(size=3200) * np.exp(-np.arange(3200) / 600)
    stems = cerberus.factorize(Audio(samples[None].astype(np.float32), 16000), start_s=1.0, duration_s=4.0)
    assert stems.transcription is not None
    struck = np.concatenate([rows[:, 0] for rows in stems.transcription.strokes.values()])
    assert len(struck)
    nearest = np.abs(struck[:, None] - np.arange(0.0, 4.1, 0.5)).min(axis=1)
    assert np.mean(nearest < 0.05) > 0.8
    assert level_db(stems["drums"].samples, stems.mixture) > -3


def test_notes_are_kept_with_the_stems(cerberus: CerberusFactorization, song: Audio) -> None:
    kept = KeptStems(cerberus, song)
    cut, alone = (each.factorize(song, start_s=4.0, duration_s=3.0).transcription for each in (kept, cerberus))
    assert cut is not None
    assert alone is not None
    assert sum(len(rows) for rows in alone.notes.values()) > 3
    for name, rows in alone.notes.items():  # a note that began before the excerpt is known to the whole only
        assert abs(len(cut.notes[name]) - len(rows)) <= 3
        ours, theirs = (each[each[:, 0] > 0.1] for each in (cut.notes[name], rows))
        np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_notes_are_saved_and_drawn(cerberus: CerberusFactorization, song: Audio, tmp_path: Path) -> None:
    model = tagger(lambda batch: np.abs(batch).mean(axis=-1, keepdims=True), sr=16000, window_s=3.0, labels=["loud"])
    e = explain(song.excerpt(2.0, 4.0), model, factorization=cerberus, labels=["loud"])
    again = type(e).load(e.save(tmp_path / "saved"))
    before, after = e.components.excerpt.transcription, again.components.excerpt.transcription
    assert before is not None
    assert after is not None
    assert sum(len(rows) for rows in before.notes.values()) > 3
    for name, rows in (*before.strokes.items(), *before.notes.items()):
        np.testing.assert_allclose({**after.strokes, **after.notes}[name], rows, atol=1e-3)
    html = player_html(encode_media([e.components.excerpt]), name="song", model_sr=16000)
    assert 'class="al-roll" d="M' in html
    assert before.describe("guitar") in html
    assert "cymbals" in html


def test_the_command_works_without_a_network_or_caches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, song: Audio, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "empty"))
    recording = song.write(tmp_path / "song.wav")
    (tmp_path / "my_loudness.py").write_text(
        "import numpy as np\nfrom audiolime_ext import tagger\n"
        "model = tagger(lambda x: np.abs(x).mean(-1, keepdims=True), sr=16000, window_s=3.0, labels=['loud'])\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert main(["explain", str(recording), "-f", "cerberus", "-t", "my_loudness:model"]) == 0
    assert "guitar" in capsys.readouterr().out
