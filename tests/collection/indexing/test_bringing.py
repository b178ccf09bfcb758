"""An index of vectors that a catalogue brings: each row with its own song, or with none."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.cli import main
from audiolime_ext.collection.index import load_index
from audiolime_ext.collection.indexing.making import make_index
from audiolime_ext.errors import UsageError
from tests.song_collection import NAMED, make_songs, named, song, write_song

ROWS = (  # as Spotify names its columns
    "track_id,track_name,artists,energy,tempo\n"
    "a,Feelings (Remaster),Sectoid;Other,0.5,120\n"
    "b,Air,Bach,0.1,60\n"
    "c,Gone,Nobody,0.9,180\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "features.csv"
    path.write_text(ROWS)
    return path


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    """Three recordings, whose names are in a table beside them."""
    folder = make_songs(tmp_path / "songs", 3)
    (folder / "songs.csv").write_text(
        "path,title,artist\nalbum 0/000.wav,Air,Johann Bach\nalbum 0/001.wav,Feelings,Sectoid\n"
        "album 0/002.wav,Air,Bach\n"
    )
    return folder / "songs.csv"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_without_recordings_every_row_is_a_song(table: Path, tmp_path: Path) -> None:
    found = make_index(None, index=tmp_path / "x.index", vectors=table)
    assert [one.key for one in found.songs] == ["a", "b", "c"]
    assert found.songs[0].name == "Sectoid; Other – Feelings (Remaster)"
    assert (found.model, found.labels, found.songs[0].path) == ("", ("energy", "tempo"), None)
    np.testing.assert_allclose(found.vectors, [[0.5, 120], [0.1, 60], [0.9, 180]], rtol=1e-6)


def test_rows_are_given_to_the_recordings_that_they_name_and_what_is_left_is_named(
    table: Path, songs: Path, tmp_path: Path
) -> None:
    with warnings.catch_warnings(record=True) as told:
        found = make_index(songs, index=tmp_path / "x.index", vectors=table)
    notes = [str(one.message) for one in told]
    assert [(str(one.path)[-7:], one.title) for one in found.songs] == [("001.wav", "Feelings"), ("002.wav", "Air")]
    np.testing.assert_allclose(found.vectors, [[0.5, 120], [0.1, 60]], rtol=1e-6)
    assert any(note.startswith("1 recording has no row and is left out: ../songs/album 0/000.wav (") for note in notes)
    assert "1 row is given to no recording: Nobody – Gone" in notes


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_path_says_more_than_a_name(tmp_path: Path) -> None:
    folder = make_songs(tmp_path / "songs", 2)
    (tmp_path / "v.csv").write_text("path,energy\nsongs/album 0/001.wav,0.25\nsongs/none.wav,0.5\n")
    found = make_index(folder, index=tmp_path / "x.index", vectors=tmp_path / "v.csv")
    assert [(Path(str(one.path)).name, one.duration_s) for one in found.songs] == [("001.wav", None)]
    alone = make_index(None, index=tmp_path / "y.index", vectors=tmp_path / "v.csv")
    assert [one.path for one in alone.songs] == [None, "../songs/album 0/001.wav"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_paths_may_be_relative_to_another_folder(tmp_path: Path) -> None:
    folder = make_songs(tmp_path / "songs", 2)
    (tmp_path / "elsewhere").mkdir()
    vectors = tmp_path / "elsewhere" / "v.csv"
    vectors.write_text("path,energy\nalbum 0/001.wav,0.25\nalbum 0/none.wav,0.5\n")
    found = make_index(folder, index=tmp_path / "x.index", vectors=vectors, root=folder)
    assert [str(one.path)[-7:] for one in found.songs] == ["001.wav"]
    alone = make_index(None, index=tmp_path / "y.index", vectors=vectors, root=folder)
    assert [one.path for one in alone.songs] == [None, "../songs/album 0/001.wav"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_other_numbers_take_the_place_of_those_that_were_there(table: Path, tmp_path: Path) -> None:
    index = tmp_path / "x.index"
    before = make_index(None, index=index, vectors=table)
    table.write_text(ROWS.replace("0.1,60", "0.2,61").replace("c,Gone,Nobody,0.9,180\n", ""))
    after = make_index(None, index=index, vectors=table)
    np.testing.assert_allclose(after.vectors, [[0.5, 120], [0.2, 61]], rtol=1e-6)
    assert after.state != before.state
    table.write_text(ROWS.replace("tempo", "speed"))
    with pytest.raises(UsageError, match=r"index of another model or with other settings: labels"):
        make_index(None, index=index, vectors=table)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_model_that_made_the_vectors_hears_queries_and_must_answer_as_many_numbers(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    np.savez(tmp_path / "v.npz", vectors=vectors, keys=np.array(list("abcde")))
    found = make_index(None, NAMED, index=tmp_path / "x.index", vectors=tmp_path / "v.npz")
    assert (found.model, found.labels) == (NAMED, named.labels)
    np.testing.assert_array_equal(found.vectors, vectors)
    np.savez(tmp_path / "w.npz", vectors=vectors[:, :3], keys=np.array(list("abcde")))
    with pytest.raises(UsageError, match=r"answers 4 numbers, and the catalogue.s vectors have 3"):
        make_index(None, NAMED, index=tmp_path / "y.index", vectors=tmp_path / "w.npz")
    with pytest.raises(UsageError, match="named by a spec"):
        make_index(None, named, index=tmp_path / "y.index", vectors=tmp_path / "v.npz")
    with pytest.raises(UsageError, match="source names no recordings"):
        make_index(None, named, index=tmp_path / "y.index")


def test_nothing_is_paired_at_random(songs: Path, tmp_path: Path) -> None:
    write_song(songs.parent / "other.wav", song(9))
    (tmp_path / "v.csv").write_text("title,artist,energy\nEntirely,Different,0.5\n")
    with pytest.raises(UsageError, match=r"no row of the catalogue names a recording of .* \(no name in the catalogue"):
        make_index(songs, index=tmp_path / "x.index", vectors=tmp_path / "v.csv")
    assert not (tmp_path / "x.index").exists()


def test_the_command_says_what_was_left_out(
    table: Path, songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", str(songs), "--vectors", str(table), "--features", "energy", "-o", str(tmp_path / "x")]) == 0
    out, err = capsys.readouterr()
    assert out == f"2 of 2 songs are in {tmp_path / 'x'}, each with 1 number of the catalogue\n"
    assert "warning: 1 row is given to no recording: Nobody – Gone" in err
    assert main(["index", "--vectors", str(table)]) == 0
    assert len(load_index(tmp_path / "features.index").songs) == 3
    for wrong in (["--vectors", str(table), "--windows"], ["--workers", "2"], [str(songs), "--features", "energy"]):
        assert main(["index", *wrong]) == 2


@pytest.mark.parametrize(("option", "value"), [("stems", "hpss"), ("workers", 2), ("middle_s", 30)])
def test_options_for_songs_that_are_heard_are_refused(tmp_path: Path, option: str, value: Any) -> None:
    options = {option: value}
    with pytest.raises(UsageError, match=f"{option} is for songs that are heard; with vectors none is"):
        make_index(None, index=tmp_path / "x.index", vectors=tmp_path / "v.csv", **options)
