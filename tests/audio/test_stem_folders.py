"""Folders of stems in the layouts that published data and separators have."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext import Audio, load_audio
from audiolime_ext.audio.stem_folders import read_stem_folder
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.registry import build
from factorizations.oracle import OracleFactorization, make

SR = 8000


def noise(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(0, 0.1, (2, SR)).astype(np.float32)


def write(path: Path, *seeds: int) -> Path:
    """The sum of some noises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return Audio(np.asarray(sum(map(noise, seeds)), np.float32), SR).write(path)


def check(oracle: OracleFactorization, audio: Audio, **expected: NDArray[np.float32]) -> None:
    """The stems are these and sum to the recording."""
    stems = oracle.factorize(audio)
    assert set(stems.names) == set(expected)
    for name, samples in expected.items():
        np.testing.assert_allclose(stems[name].samples, samples, atol=1e-6)
    np.testing.assert_allclose(stems.mixture, audio.samples, atol=1e-5)


def test_a_song_of_musdb18_hq_needs_no_musdb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "musdb", None)
    sources = ("bass", "drums", "other", "vocals")
    for subset, song in (("train", "Band - First"), ("test", "Band - Second")):
        for seed, source in enumerate(sources):
            write(tmp_path / subset / song / f"{source}.wav", seed)
        write(tmp_path / subset / song / "mixture.wav", 0, 1, 2, 3)
    expected = {source: noise(seed) for seed, source in enumerate(sources)}
    spec = f"musdb:{tmp_path}#1"
    audio = load_audio(spec)
    assert (audio.name, audio.path) == ("Band - Second", spec)
    oracle = make(spec)
    assert (oracle.spec, "musdb18" in oracle.references[0]) == (f"oracle:{spec}", True)
    check(oracle, audio, **expected)
    check(make(str(tmp_path / "test" / "Band - Second")), audio, **expected)


@pytest.mark.parametrize("model", ["_htdemucs_6s", "_UVR-MDX-NET-Inst_HQ_3", ""])
def test_names_of_separators_name_the_stem_in_brackets(tmp_path: Path, model: str) -> None:
    for seed, source in enumerate(("Vocals", "Drums", "No Drums")):
        write(tmp_path / f"1_My Song (live)_({source}){model}.wav", seed)
    write(tmp_path / "1_My Song (live).wav", 0, 1, 2)
    found = read_stem_folder(tmp_path)
    assert set(found.stems) == {"vocals", "drums", "no drums"}
    assert found.mixture == tmp_path / "1_My Song (live).wav"
    check(make(str(tmp_path)), load_audio(found.mixture), vocals=noise(0), drums=noise(1), **{"no drums": noise(2)})


def test_separators_stems_that_are_not_of_one_song_and_one_model_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "models" / "A_(Vocals)_one.wav", 0)
    write(tmp_path / "models" / "A_(Vocals)_two.wav", 1)
    with pytest.raises(UsageError, match=r"A_\(Vocals\)_one\.wav and A_\(Vocals\)_two\.wav are both 'vocals'; keep"):
        make(str(tmp_path / "models"))
    write(tmp_path / "songs" / "A_(Vocals)_one.wav", 0)
    write(tmp_path / "songs" / "B_(Vocals)_one.wav", 1)
    with pytest.raises(UsageError, match=r"stems of 2 songs \(A, B\); give each song a folder"):
        make(str(tmp_path / "songs"))


def test_a_stem_with_brackets_among_others_is_a_stem_as_any(tmp_path: Path) -> None:
    write(tmp_path / "guitar_(left)_take 2.wav", 0)
    write(tmp_path / "bass.wav", 1)
    assert set(read_stem_folder(tmp_path).stems) == {"guitar_(left)_take 2", "bass"}


METADATA = """\
album: '[]'
artist: Band
has_bleed: 'no'
mix_filename: Band_Song_MIX.wav
raw_dir: Band_Song_RAW
stem_dir: Band_Song_STEMS
stems:
  S01:
    component: ''
    filename: Band_Song_STEM_01.wav
    instrument: drum set
    raw:
      R01: {filename: Band_Song_RAW_01_01.wav, instrument: snare drum}
  S02: {component: bass, filename: Band_Song_STEM_02.wav, instrument: electric bass}
  S03: {component: melody, filename: Band_Song_STEM_03.wav, instrument: clean electric guitar}
  S04: {component: '', filename: Band_Song_STEM_04.wav, instrument: clean electric guitar}
title: Song
"""


@pytest.fixture
def medleydb(tmp_path: Path) -> Path:
    song = tmp_path / "Audio" / "Band_Song"
    for number in range(1, 5):
        write(song / "Band_Song_STEMS" / f"Band_Song_STEM_{number:02}.wav", number)
    write(song / "Band_Song_STEMS" / "._Band_Song_STEM_01.wav", 9)
    write(song / "Band_Song_RAW" / "Band_Song_RAW_01_01.wav", 1)
    write(song / "Band_Song_MIX.wav", 1, 2, 3, 4)
    (song / "Band_Song_METADATA.yaml").write_text(METADATA)
    return song


@pytest.mark.parametrize("named", [".", "Band_Song_STEMS"])
def test_stems_of_medleydb_are_named_by_their_instruments(medleydb: Path, named: str) -> None:
    pytest.importorskip("yaml")
    oracle = make(str(medleydb / named))
    check(
        oracle,
        load_audio(medleydb / "Band_Song_MIX.wav"),
        **{
            "drum set": noise(1),
            "electric bass": noise(2),
            "clean electric guitar 1": noise(3),
            "clean electric guitar 2": noise(4),
        },
    )
    assert any("1 × hidden (._Band_Song_STEM_01.wav)" in note for note in oracle.notes)


def test_what_medleydb_lacks_is_said(medleydb: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(MissingError, match=r"audiolime-ext\[medleydb\]"):
        make(str(medleydb))
    monkeypatch.undo()
    pytest.importorskip("yaml")
    write(medleydb / "Band_Song_STEMS" / "Band_Song_STEM_05.wav", 5)
    with pytest.raises(UsageError, match=r"does not name the instrument of Band_Song_STEM_05\.wav"):
        make(str(medleydb))
    metadata = medleydb / "Band_Song_METADATA.yaml"
    metadata.write_text("stems: 3")
    with pytest.raises(UsageError, match="names no stems as MedleyDB's files do"):
        make(str(medleydb))
    metadata.unlink()
    with pytest.raises(UsageError, match=r"Band_Song_METADATA\.yaml, which names the instruments, is not beside it"):
        make(str(medleydb))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("stems: " + "[" * 100_000, "it is nested too deeply"),
        ("a: &a [ha, ha]\nb: &b [*a, *a]\nstems: {S01: {filename: 1.wav, instrument: *b}}", "repeats a part of itself"),
        ("stems: {", "while parsing a flow"),
        ("x" * 2_000_000, "it holds 2 MB, and no more than 1 MB is read"),
        (None, "it is a folder"),
    ],
)
def test_metadata_of_medleydb_without_measure_are_refused(medleydb: Path, text: str | None, says: str) -> None:
    pytest.importorskip("yaml")
    metadata = medleydb / "Band_Song_METADATA.yaml"
    if text is None:
        metadata.unlink()
        metadata.mkdir()
    else:
        metadata.write_text(text)
    with pytest.raises(UsageError, match=f"(?s)names no stems as MedleyDB's files do .*{says}"):
        make(str(medleydb))


def test_a_folder_for_each_stem_is_summed(tmp_path: Path) -> None:
    song = tmp_path / "0f0c7a3e-b1c2"
    write(song / "vocals" / "11.wav", 1)
    write(song / "vocals" / "22.wav", 2)
    write(song / "bass" / "33.wav", 3)
    (song / "empty").mkdir()
    (song / "data.json").write_text('{"stems": []}')
    oracle = make(str(song))
    audio = Audio(noise(1) + noise(2) + noise(3), SR, "mix")
    check(oracle, audio, vocals=noise(1) + noise(2), bass=noise(3))
    assert oracle.notes[0] == "vocals is the sum of 2 files"
    assert "data.json" in oracle.notes[1]
    assert "1 × a folder (empty)" in oracle.notes[1]


def test_every_kind_of_audio_is_a_stem_in_upper_case_too(tmp_path: Path) -> None:
    write(tmp_path / "bass.wav", 1)
    import soundfile

    soundfile.write(tmp_path / "drums.CAF", noise(2).T, SR, format="CAF", subtype="FLOAT")
    soundfile.write(tmp_path / "vocals.AU", noise(3).T, SR, format="AU", subtype="FLOAT")
    check(
        make(str(tmp_path)), Audio(noise(1) + noise(2) + noise(3), SR), bass=noise(1), drums=noise(2), vocals=noise(3)
    )


def test_the_files_of_a_folder_are_known_by_what_they_are(tmp_path: Path) -> None:
    write(tmp_path / "plain" / "b.wav", 1)
    write(tmp_path / "plain" / "mix.wav", 1, 2)
    write(tmp_path / "plain" / "a.wav", 2)
    assert [name for name, _ in read_stem_folder(tmp_path / "plain").files] == ["a.wav", "b.wav", "mix.wav"]
    write(tmp_path / "summed" / "bass" / "1.wav", 1)
    assert [name for name, _ in read_stem_folder(tmp_path / "summed").files] == ["bass/1.wav"]


def test_a_spec_names_any_of_them(tmp_path: Path) -> None:
    write(tmp_path / "song" / "bass" / "1.wav", 1)
    write(tmp_path / "song" / "drums" / "1.wav", 2)
    assert set(build("factorization", f"oracle:{tmp_path / 'song'}").names) == {"bass", "drums"}
