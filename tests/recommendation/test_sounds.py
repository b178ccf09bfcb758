"""Where the sound of a song is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audiolime_ext import Audio, similar
from audiolime_ext.collection.songs import Song
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.recommendation.sounds import file_of, why_no_file
from tests.recommendation.planted import collection


def test_a_song_is_where_any_of_its_paths_is(tmp_path: Path) -> None:
    (tmp_path / "copy.wav").write_bytes(b"x")
    assert file_of(tmp_path, Song("k", "gone.wav", ("copy.wav",))) == tmp_path / "copy.wav"
    assert file_of(tmp_path, Song("k", "gone.wav")) is None
    assert file_of(tmp_path, Song("k")) is None


def test_similar_knows_the_sound_of_each_query_once(tmp_path: Path) -> None:
    waves = np.random.default_rng(0).uniform(-0.1, 0.1, (4, 1, 800)).astype(np.float32)
    paths = [Audio(wave, 8000).write(tmp_path / f"{n}.wav") for n, wave in enumerate(waves)]
    songs = tuple(Song(sha256_of(path), path.name, title=f"song {n}") for n, path in enumerate(paths))
    index = collection(np.eye(4), folder=tmp_path, songs=songs)
    found = similar(["song 0", str(paths[1]), str(paths[0]), np.ones(4)], index, k=1, hubs=None)
    assert found.queries == ("song 0", "song 1", "the vector")
    assert found.sounds == (tmp_path / "0.wav", paths[1], None)


def test_a_file_that_a_catalogue_names_and_that_is_missing_is_told_by_name() -> None:
    assert why_no_file(Song("s0000.wav")) == "its file s0000.wav is not there"
    assert why_no_file(Song("TRAAAW0128F429D538")) == "no file of it is known"
    assert why_no_file(Song("9f2c", "a.ogg")) == "its file is gone"
