"""What is asked about becomes a vector: by name, by content, or by the index's own model."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Audio, tagger
from audiolime_ext.collection.index import Index
from audiolime_ext.collection.songs import Song
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.errors import AudioError, UsageError
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.recommendation.queries import Asking
from tests.recommendation.planted import collection

SR = 8000


def bands(batch: np.ndarray) -> np.ndarray:
    """Energies of four bands: as plain an embedding as there is."""
    spectra = np.abs(np.fft.rfft(batch, axis=1)) ** 2
    return np.asarray(np.sqrt(np.stack([part.mean(axis=1) for part in np.array_split(spectra, 4, axis=1)], axis=1)))


MODEL = tagger(bands, sr=SR, labels=["a", "b", "c", "d"], window_s=0.5, version="bands 1")


def tone(hz: float, seconds: float = 2.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * SR)) / SR)).astype(np.float32)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """Three tones in files, and their vectors."""
    songs, vectors = [], []
    for hz in (300, 1500, 3500):
        path = Audio(tone(hz)[None], SR).write(tmp_path / f"{hz}.wav")
        vectors.append(song_vector(path, MODEL).mean)
        songs.append(Song(sha256_of(path), path.name, title=f"Tone {hz}", artist="Sine"))
    of = {"songs": tuple(songs), "model": "queries_model:bands", "fingerprint": MODEL.fingerprint}
    return collection(vectors, folder=tmp_path, labels="abcd", **of)


@pytest.mark.parametrize("given", ["1500.wav", "./1500.wav", "tone  1500", "Sine - Tone 1500", "SINE – TONE 1500"])
def test_a_song_has_several_names(index: Index, given: str) -> None:
    query = Asking(index).query(given)
    assert (query.position, query.name) == (1, "Sine – Tone 1500")
    assert query.vector.tolist() == index.vectors[1].tolist()


def test_a_song_is_known_by_its_key_and_as_an_object(index: Index) -> None:
    assert Asking(index).query(index.songs[2].key).position == 2
    assert Asking(index).query(index.songs[2]).position == 2
    with pytest.raises(UsageError, match="'Strange' is not in the index; give its file"):
        Asking(index).query(Song("0", title="Strange"))


def test_a_file_whose_content_is_indexed_is_that_song_whatever_its_name(index: Index, tmp_path: Path) -> None:
    """It is not even decoded: there is no model here to hear it."""
    other = tmp_path / "renamed.bin"
    other.write_bytes((tmp_path / "3500.wav").read_bytes())
    assert Asking(index).query(other).position == 2


def test_a_song_whose_file_has_gone_is_still_known_by_its_path(index: Index, tmp_path: Path) -> None:
    (tmp_path / "1500.wav").unlink()
    assert Asking(index).query(str(tmp_path / "1500.wav")).position == 1


def test_what_is_not_in_the_index_is_heard_by_its_model(index: Index, tmp_path: Path) -> None:
    new = Audio(tone(1400)[None], SR).write(tmp_path / "new.wav")
    for given in (new, (tone(1400), SR)):
        query = Asking(index, MODEL).query(given)
        assert query.position is None
        assert (query.song is None) == isinstance(given, tuple), "of a file its tags are known"
        assert query.vector == pytest.approx(song_vector(new, MODEL).mean, rel=1e-5)
    assert Asking(index, MODEL).query(new).name == "new.wav"


def test_a_vector_is_taken_as_it_is(index: Index) -> None:
    assert Asking(index).query(np.arange(4.0)).vector.tolist() == [0, 1, 2, 3]


def test_only_the_part_that_songs_were_heard_of_is_heard(index: Index) -> None:
    part = Index(index.folder, index.model, index.fingerprint, index.labels, index.songs, index.vectors, 0, 1.0)
    low_in_the_middle = np.concatenate([tone(3500, 1.0), tone(300, 1.0), tone(3500, 1.0)])
    heard = Asking(part, MODEL).query((low_in_the_middle, SR)).vector
    assert heard.argmax() == 0
    assert Asking(index, MODEL).query((low_in_the_middle, SR)).vector.argmax() == 3


def test_a_module_that_only_the_index_names_is_not_imported(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "queries_model.py").write_text(
        "from tests.recommendation.test_queries import MODEL as bands\nimport pathlib\npathlib.Path('ran').touch()\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    with pytest.raises(UsageError, match=r"names the model queries_model:bands.*add --trust"):
        Asking(index).query((tone(1400), SR))
    assert not (tmp_path / "ran").exists()
    assert Asking(index, trust=True).query((tone(1400), SR)).vector.shape == (4,)


def test_another_version_of_the_model_is_refused(index: Index) -> None:
    newer = tagger(bands, sr=SR, labels=["a", "b", "c", "d"], window_s=0.5, version="bands 2")
    with pytest.raises(UsageError, match="made by another model or version"):
        Asking(index, newer).query((tone(1400), SR))


def test_a_catalogue_without_a_model_hears_nothing(index: Index) -> None:
    bare = Index(index.folder, "", "", None, index.songs, index.vectors)
    with pytest.raises(UsageError, match="ask by the name of one of its songs, or by a vector"):
        Asking(bare).query((tone(1400), SR))


def test_silence_is_no_query(index: Index) -> None:
    with pytest.raises(AudioError, match="is silent; a song without sound is like no other"):
        Asking(index, MODEL).query((np.zeros(SR, np.float32), SR))


def test_a_query_shorter_than_a_window_is_filled_up_and_that_is_said(index: Index) -> None:
    assert any("filled" in note for note in Asking(index, MODEL).query((tone(1400, 0.3), SR)).notes)


def test_paths_that_differ_in_case_only_are_two_songs() -> None:
    songs = (Song("1", "a.ogg"), Song("2", "A.ogg"))
    asking = Asking(collection(np.eye(2), songs=songs))
    assert (asking.query("a.ogg").position, asking.query("A.ogg").position) == (0, 1)
