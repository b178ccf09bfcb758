"""Catalogues bring their own vectors, in the forms that people have, and nothing of them is lost unsaid."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from audiolime_ext.collection.indexing.brought import Brought, columns, read_vectors
from audiolime_ext.collection.songs import Song
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.files import reading

Write = Callable[..., Path]

SPOTIFY = """\
,track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,key,mode,tempo,time_signature,track_genre
0,5SuOikwiRyPMVoIQDJUgSV,Gen Hoshino,Comedy,Comedy,73,230666,False,0.676,1,0,87.917,4,acoustic
1,4qPNDBW1i3p13qLCt0Ki3A,Ben Woodward;Ane,Ghost,"Ghost, Acoustic",55,149610,False,0.42,1,1,77.489,4,acoustic
2,1iJBSr7s7jYXzM8EGcbK5b,Ingrid Michaelson,To Begin Again,To Begin Again,57,210826,False,0.438,0,1,76.332,4,acoustic
81,5SuOikwiRyPMVoIQDJUgSV,Gen Hoshino,Comedy,Comedy,70,230666,False,0.676,1,0,87.917,4,j-pop
"""


@pytest.fixture
def csv(tmp_path: Path) -> Write:
    def write(text: str, name: str = "songs.csv", encoding: str = "utf-8") -> Path:
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / name

    return write


@pytest.fixture
def npz(tmp_path: Path) -> Write:
    def write(**arrays: Any) -> Path:
        np.savez(tmp_path / "songs.npz", **arrays)
        return tmp_path / "songs.npz"

    return write


@pytest.fixture
def parquet(tmp_path: Path) -> Write:
    def write(**arrays: Any) -> Path:
        pyarrow.parquet.write_table(pyarrow.table(arrays), tmp_path / "songs.parquet")
        return tmp_path / "songs.parquet"

    return write


def floats(values: Any) -> Any:
    return np.array(values, np.float32)


def keys(found: Brought) -> list[str]:
    return [song.key for song in found.songs]


def test_spotifys_table_is_read_as_it_is_published(csv: Write) -> None:
    path = csv(SPOTIFY)
    found = read_vectors(path)
    assert found.labels == ("danceability", "mode", "tempo", "time_signature")
    assert found.songs[1] == Song(
        "4qPNDBW1i3p13qLCt0Ki3A",
        title="Ghost, Acoustic",
        artist="Ben Woodward; Ane",
        album="Ghost",
        genre="acoustic",
        duration_s=149.61,
    )
    np.testing.assert_array_equal(found.vectors[:, 2], floats([87.917, 77.489, 76.332]))
    assert (found.vectors.dtype, found.vectors.flags.c_contiguous) == (np.dtype(np.float32), True)
    assert found.notes == (
        f"features of {path}: danceability, mode, tempo, time_signature; "
        "not 'Unnamed: 0', popularity, key, explicit ('False' in line 2 is no number)",
        "1 row names a song again: 5SuOikwiRyPMVoIQDJUgSV",
    )
    assert found.folder == path.parent


def test_features_may_be_named_and_come_in_that_order(csv: Write) -> None:
    named = ["tempo", "popularity", "key"]
    text = "\n".join(SPOTIFY.splitlines()[:-1])
    found = read_vectors(csv(text), features=named)
    assert found.labels == tuple(named)
    np.testing.assert_array_equal(found.vectors[0], floats([87.917, 73, 1]))
    with pytest.raises(UsageError, match="unknown column to take as a feature 'temp'; did you mean 'tempo'"):
        read_vectors(csv(text), features=["temp"])
    with pytest.raises(UsageError, match="'tempo' is named twice"):
        read_vectors(csv(text), features=["tempo", "tempo"])
    with pytest.raises(UsageError, match=r"column explicit is no feature \('False' in line 2 is no number\); name"):
        read_vectors(csv(text), features=["explicit"])


@pytest.mark.parametrize(
    ("name", "is_feature"),
    [
        *(("Tempo", True), ("valence", True), ("keyness", True), ("mode", True), ("acidity", True), ("12", True)),
        *(("index", False), ("Unnamed: 0", False), ("deezer_item_id", False), ("ID", False), ("uri", False)),
        *(("popularity", False), ("Duration_MS", False), ("year", False), ("__index_level_0__", False), ("", False)),
    ],
)
def test_the_name_of_a_column_says_whether_it_may_be_a_feature(csv: Write, name: str, is_feature: bool) -> None:
    found = read_vectors(csv(f"track_id,{name},energy\na,1,0.5\nb,2,0.7\n"))
    assert found.labels == ((name, "energy") if is_feature else ("energy",))


def test_key_is_the_songs_unless_ids_or_a_mode_say_that_it_is_musical(csv: Write) -> None:
    assert keys(read_vectors(csv("key,energy\n7,1\n8,2\n"))) == ["7", "8"]
    assert keys(read_vectors(csv("key,id,energy\n7,a,1\n7,b,2\n"))) == ["a", "b"]
    assert keys(read_vectors(csv("key,mode,path,energy\n7,1,a.wav,1\n7,1,b.wav,2\n"))) == ["a.wav", "b.wav"]


def test_columns_that_a_spreadsheet_leaves_empty_are_no_harm(csv: Write) -> None:
    found = read_vectors(csv("id,energy,,\na,1,,\nb,2,,\n"))
    assert found.labels == ("energy",)
    assert found.notes[0].endswith("; not 'Unnamed: 2', 'Unnamed: 3'")


def test_without_keys_songs_are_named_by_path_else_by_artist_and_title(csv: Write) -> None:
    found = read_vectors(csv("path,artist,title,energy\na.wav,Ane,Rest,1\n,Ane,Rest,2\n,,Rest,3\n,Ane,,4\n"))
    assert keys(found) == ["a.wav", "Ane – Rest", "Rest"]
    assert [song.path for song in found.songs] == ["a.wav", None, None]
    assert found.notes[1:] == ("1 row has no name and is left out: line 5",)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_of_any_spreadsheet_are_read(csv: Write, separator: str, encoding: str) -> None:
    text = "ID,Titel x,Title,Year,Energy\na,1,Ezer Év,2011-05-03,.5\n\n".replace(",", separator)
    found = read_vectors(csv(text, "songs.tsv", encoding))
    assert found.songs == (Song("a", title="Ezer Év", year=2011),)
    assert found.labels == ("Titel x", "Energy")


def test_rows_with_a_number_missing_are_left_out_and_named(csv: Write) -> None:
    rows = ["a,1,2", "b,,2", "c,nan,2", "d,1,N/A", "e,1e39,2", "f,-inf,2", "g,3,4"]
    found = read_vectors(csv("id,energy,tempo\n" + "\n".join(rows)))
    assert keys(found) == ["a", "g"]
    assert found.notes[1] == (
        "5 rows have a number that is missing or too large and are left out: line 3 (energy), line 4 (energy), line 5 "
        "(tempo), …"
    )


def test_a_song_with_two_vectors_is_refused_and_one_that_is_named_twice_is_one(csv: Write) -> None:
    found = read_vectors(csv("id,energy\na,1\na,1.0\nb,1\n"))
    assert keys(found) == ["a", "b"]
    assert found.notes[1] == "1 row names a song again: a"
    with pytest.raises(
        UsageError, match=r"2 problems:\n  line 3 names 'a' with other numbers than line 2; .*\n  line 5 names 'b'"
    ):
        read_vectors(csv("id,energy\na,1\na,2\nb,1\nb,2\n"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; its first line names columns"),
        ("\n , \n", "is empty"),
        ("id,energy\n", "has no songs; write a row for each song"),
        ("id,title\na,b\n", "no column of numbers that could be a feature; write numbers with a point"),
        ("id;energy\na;0,5\n", r"could be a feature \(energy: '0,5' in line 2 is no number\); write numb"),
        ("id,energy\na,1_0\n", "'1_0' in line 2 is no number"),
        ("id,energy\na,٣\n", "'٣' in line 2 is no number"),
        ("id,energy\na,\nb,\n", r"could be a feature \(energy: it is empty\)"),
        ("id,energy\na,1,2\nb\n", r"2 problems:\n  line 2: 3 cells where the header has 2; .*\n  line 3: 1 cell where"),
        ("id,energy,energy\na,1,2\n", "'energy' is the name of two columns"),
        ("id,energy\na,nan\nb,1e99\n", "no vector that can be used: 2 rows have a number that is missing or too large"),
        ("energy\n1\n", "has no vector that can be used: 1 row has no name and is left out: line 2"),
        ('id,energy\na,"1\n', "line 2: not valid CSV"),
        ("id,energy\na\0,1\n", "cannot be read: .*null byte"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(csv: Write, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_vectors(csv(text))


def test_of_a_cell_that_is_no_number_the_beginning_is_shown(csv: Write) -> None:
    found = read_vectors(csv(f"id,lyrics,energy\na,{'la ' * 1000},1\n"))
    assert found.notes[0].endswith(f"; not lyrics ('{('la ' * 14)[:40]}' in line 2 is no number)")


def test_what_is_shown_is_one_line(csv: Write) -> None:
    found = read_vectors(csv('id,title,"ene\nrgy"\na,"Two\nlines\x1b",1\n'))
    assert found.songs[0].title == "Two lines"
    assert found.notes == (f"features of {found.folder / 'songs.csv'}: 'ene\\x0argy'",)


ECHONEST = """\
,echonest,echonest,echonest,echonest,echonest,echonest,echonest
,audio_features,audio_features,metadata,metadata,metadata,ranks,temporal_features
,acousticness,danceability,album_date,artist_name,release,artist_hotttnesss_rank,000
track_id,,,,,,,
2,0.4166,0.6758,,AWOL,AWOL - A Way Of Life,,0.1
10,0.9516,0.6581,2008-03-11,Kurt Vile,Constant Hitmaker,2.5,0.2
"""
TRACKS = """\
,album,album,artist,set,set,track,track,track
,date_released,title,name,split,subset,date_recorded,genre_top,title
track_id,,,,,,,,
2,2009-01-05 00:00:00,AWOL,AWOL,training,small,,Hip-Hop,Food
"""


OTHER = ECHONEST.replace("track_id,,,,,,,\n", "").replace("\n,acou", "\ntrack_id,acou")  # three rows of names


@pytest.mark.parametrize("text", [ECHONEST, OTHER])
def test_fmas_echonest_has_features(csv: Write, text: str) -> None:
    path = csv(text, "echonest.csv")
    found = read_vectors(path)
    assert found.labels == ("acousticness", "danceability")
    np.testing.assert_array_equal(found.vectors, floats([[0.4166, 0.6758], [0.9516, 0.6581]]))
    assert found.songs == (
        Song("2", artist="AWOL", album="AWOL - A Way Of Life"),
        Song("10", artist="Kurt Vile", album="Constant Hitmaker", year=2008),
    )
    table = path.with_name("tracks.csv")
    assert found.notes[1] == f"there is no {table}, so FMA's songs have numbers in place of titles"


def test_fmas_own_table_names_its_songs(csv: Write, tmp_path: Path) -> None:
    (tmp_path / "fma_metadata").mkdir()
    (tmp_path / "fma_small" / "000").mkdir(parents=True)
    (tmp_path / "fma_small" / "000" / "000002.mp3").touch()
    csv(TRACKS, "fma_metadata/tracks.csv")
    found = read_vectors(csv(ECHONEST, "fma_metadata/echonest.csv"))
    first, second = found.songs
    assert first == Song("2", first.path, (), "Food", "AWOL", "AWOL", "Hip-Hop", 2009)
    assert first.path is not None
    assert (found.folder / first.path).resolve() == tmp_path / "fma_small" / "000" / "000002.mp3"
    assert (second.title, second.artist, second.path) == (None, "Kurt Vile", None)
    assert len(found.notes) == 1
    csv("track_id\n", "fma_metadata/tracks.csv")
    with pytest.raises(UsageError, match=r"tracks\.csv, which names FMA's songs, cannot be read: it has no column"):
        read_vectors(tmp_path / "fma_metadata" / "echonest.csv")


def test_a_damaged_echonest_is_refused(csv: Write) -> None:
    for n in (1, 2):
        with pytest.raises(UsageError, match=r"echonest\.csv cannot be read: it lacks some of its three rows of names"):
            read_vectors(csv("\n".join(ECHONEST.splitlines()[:n]), "echonest.csv"))
    with pytest.raises(UsageError, match="has no songs"):
        read_vectors(csv("\n".join(ECHONEST.splitlines()[:4]), "echonest.csv"))
    with pytest.raises(UsageError, match="line 6: 1 cell where the header has 8"):
        read_vectors(csv(ECHONEST.partition(",Kurt")[0].replace("10,0.9516,0.6581,2008-03-11", "10"), "echonest.csv"))


def test_arrays_of_numpy_are_read(npz: Write) -> None:
    vectors = np.arange(6, dtype=np.float64).reshape(3, 2)
    path = npz(
        vectors=vectors,
        keys=np.array(["a", "b", "c"]),
        paths=np.array(["1.ogg", "", "3.ogg"]),
        titles=np.array(["Rest", "", "Feelings"]),
        artist=np.array(["Ane;Bo", "", ""]),
        years=np.array([2011, 0, 1999]),
        durations_s=np.array([1.5, np.nan, 2]),
        extra=np.zeros(3),
    )
    found = read_vectors(path)
    assert found.songs == (
        Song("a", "1.ogg", (), "Rest", "Ane; Bo", None, None, 2011, 1.5),
        Song("b"),
        Song("c", "3.ogg", (), "Feelings", None, None, None, 1999, 2.0),
    )
    np.testing.assert_array_equal(found.vectors, vectors.astype(np.float32))
    assert found.labels is None
    assert found.notes == (f"arrays of {path} that mean nothing here: extra",)


def test_arrays_may_name_their_features(npz: Write) -> None:
    path = npz(vectors=[[0, 0], [1, 2]], paths=np.array(["a", "b"]), labels=np.array(["energy", "tempo"]))
    assert read_vectors(path).labels == ("energy", "tempo"), "and zeros are numbers as others"
    chosen = read_vectors(path, features=["tempo"])
    np.testing.assert_array_equal(chosen.vectors, floats([[0], [2]]))
    with pytest.raises(UsageError, match="unknown label to take as a feature 'temp'"):
        read_vectors(path, features=["temp"])


def test_vectors_without_a_direction_or_with_holes_are_left_out(npz: Write) -> None:
    vectors = np.array([[1, 2], [0, 0], [np.nan, 1], [1, np.inf]], np.float32)
    found = read_vectors(npz(vectors=vectors, keys=np.array(list("abcd"))))
    assert keys(found) == ["a"]
    assert found.notes == (
        "2 rows have a number that is missing or too large and are left out: row 3 (number 1), row 4 (number 2)",
        "1 row is all zeros and is left out: row 2",
    )


NAMES = np.array(["a", "b"])


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"keys": NAMES}, "has no array 'vectors'; write numbers, one row for each song"),
        ({"vectors": np.zeros(2), "keys": NAMES}, r"has float64 of shape \(2,\) as 'vectors'"),
        ({"vectors": np.ones((2, 2), bool), "keys": NAMES}, r"has bool of shape \(2, 2\) as 'vectors'"),
        ({"vectors": np.ones((2, 2), complex), "keys": NAMES}, "has complex128 of shape"),
        ({"vectors": np.ones((0, 2)), "keys": NAMES[:0]}, "has no songs"),
        ({"vectors": np.ones((2, 0)), "keys": NAMES}, "has no numbers"),
        ({"vectors": np.ones((2, 2))}, "no vector that can be used: 2 rows have no name"),
        ({"vectors": np.ones((3, 2)), "keys": NAMES}, r"its array 'keys' has the shape \(2,\), not \(3,\)"),
        ({"vectors": np.ones((2, 2)), "keys": NAMES.astype(bytes)}, r"'keys' holds \|S1, not text; write np.array"),
        ({"vectors": np.ones((2, 2)), "keys": NAMES.astype(object)}, r"pickled objects, .* write text as np.array"),
        ({"vectors": np.array([[1], [1, 2]], object), "keys": NAMES}, "pickled objects"),
        ({"vectors": np.ones((2, 2)), "keys": NAMES, "labels": np.array(["x", "x"])}, "two of its labels are alike"),
    ],
)
def test_arrays_that_cannot_be_used_are_refused(npz: Write, arrays: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_vectors(npz(**arrays))


def test_features_of_arrays_without_labels_cannot_be_chosen(npz: Write) -> None:
    with pytest.raises(UsageError, match="no array 'labels'"):
        read_vectors(npz(vectors=np.ones((2, 2)), keys=NAMES), features=["tempo"])


def test_what_is_no_npz_or_lies_about_its_size_is_refused(npz: Write, tmp_path: Path) -> None:
    path = tmp_path / "songs.npz"
    for content in (b"", b"no archive", b"PK\x03\x04 nothing"):
        path.write_bytes(content)
        with pytest.raises(UsageError, match="cannot be read: it is no NPZ file, or damaged"):
            read_vectors(path)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**13, 4)})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vectors.npy", header.getvalue())
    with pytest.raises(UsageError, match="cannot be read"):
        read_vectors(path)


@pytest.mark.parametrize("kind", ["npz", "parquet", "csv"])
def test_what_grows_beyond_bounds_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch, npz: Write, parquet: Write, csv: Write, kind: str
) -> None:
    path = {
        "npz": lambda: npz(vectors=np.zeros((10_000, 100)), keys=np.arange(10_000)),
        "parquet": lambda: parquet(id=["a"] * 10_000, tempo=[1.0] * 10_000),
        "csv": lambda: csv("id,tempo\n" + "a,1\n" * 10_000),
    }[kind]()
    monkeypatch.setattr(reading, "_MOST", 20_000)
    monkeypatch.setattr("audiolime_ext.collection.indexing.brought.spreadsheets.MOST", 20_000)
    with pytest.raises(UsageError, match=r"cannot be read: it holds .*, and no more than 20 kB is read"):
        read_vectors(path)


LISTS = [pyarrow.list_(pyarrow.float32()), pyarrow.large_list(pyarrow.float64()), pyarrow.list_(pyarrow.float32(), 2)]


@pytest.mark.parametrize("kind", [*LISTS, pyarrow.list_(pyarrow.int16()), pyarrow.list_(pyarrow.float16())])
def test_parquet_has_a_column_of_vectors(parquet: Write, kind: Any) -> None:
    one = np.float16 if kind == pyarrow.list_(pyarrow.float16()) else int
    missing = [None, None] if kind == LISTS[2] else None  # older versions of Arrow write no list of fixed size without
    numbers = [[one(1), one(2)], missing, [one(3), None], [one(5), one(6)], [one(0), one(0)]]
    vectors = pyarrow.array(numbers, kind)
    path = parquet(
        track_id=list("abcde"),
        embedding=vectors,
        artists=[["Ane", "Bo"], None, None, ["Cy"], []],
        duration_ms=[1500, None, 1, 2, 3],
        tempo=[1.0, 2, 3, 4, 5],
    )
    found = read_vectors(path)
    assert found.songs == (Song("a", artist="Ane; Bo", duration_s=1.5), Song("d", artist="Cy", duration_s=0.002))
    np.testing.assert_array_equal(found.vectors, floats([[1, 2], [5, 6]]))
    assert found.labels is None
    assert found.notes == (
        f"columns of {path} beside its vectors that mean nothing here: tempo",
        "2 rows have a number that is missing or too large and are left out: row 2 (number 1), row 3 (number 2)",
        "1 row is all zeros and is left out: row 5",
    )
    assert read_vectors(path, features=["tempo"]).labels == ("tempo",)


def test_parquet_has_columns_of_numbers(parquet: Write) -> None:
    path = parquet(
        id=pyarrow.array(["a", "b"]).dictionary_encode(),
        year=[2011, None],
        tempo=pyarrow.array([120, None], pyarrow.int64()),
        energy=pyarrow.array([0.5, 0.7], pyarrow.float32()),
        explicit=[True, False],
        nothing=pyarrow.array([None, None], pyarrow.float64()),
    )
    found = read_vectors(path)
    assert found.songs == (Song("a", year=2011),)
    assert found.notes == (
        f"features of {path}: tempo, energy; not explicit (it holds bool), nothing (it is empty)",
        "1 row has a number that is missing or too large and is left out: row 2 (tempo)",
    )


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"id": ["a", "b", "c"], "vector": [[1.0, 2], None, [1.0]]}, "row 1 has 2 numbers, row 3 has 1 number;"),
        ({"id": ["a"], "vector": [[1.0]], "embedding": [[1.0]]}, "two columns of vectors, vector and embedding"),
        ({"id": ["a"], "vector": [["x"]]}, r"no column of numbers .*\(vector: it holds list<.*string>\)"),
        ({"id": ["a"], "vector": pyarrow.array([None], LISTS[0])}, "no vector that can be used: 1 row has a number"),
        ({"id": ["a"], "vector": [pyarrow.scalar([], LISTS[0])]}, "has no numbers"),
        ({"id": pyarrow.array([], pyarrow.string()), "vector": pyarrow.array([], LISTS[0])}, "has no songs"),
        ({"id": ["a"]}, "no column of numbers that could be a feature"),
    ],
)
def test_parquet_that_cannot_be_used_is_refused(parquet: Write, table: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read_vectors(parquet(**table))


def test_parquet_with_two_columns_of_one_name_is_refused(tmp_path: Path) -> None:
    table = pyarrow.Table.from_arrays([pyarrow.array([1.0])] * 2, names=["tempo", "tempo"])
    pyarrow.parquet.write_table(table, tmp_path / "songs.parquet")
    with pytest.raises(UsageError, match="'tempo' is the name of two columns"):
        read_vectors(tmp_path / "songs.parquet")


def test_damaged_parquet_is_refused(parquet: Write) -> None:
    path = parquet(id=["a"] * 1000, tempo=np.random.default_rng(0).random(1000))
    content = path.read_bytes()
    for damaged in (b"", b"PAR1", content[:-30], content[:4] + bytes(len(content) - 400) + content[-396:]):
        path.write_bytes(damaged)
        with pytest.raises(UsageError, match="cannot be read"):
            read_vectors(path)


def test_parquet_needs_a_package(monkeypatch: pytest.MonkeyPatch, parquet: Write) -> None:
    path = parquet(id=["a"], tempo=[1.0])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingError, match=r"pip install 'audiolime-ext\[parquet\]'"):
        read_vectors(path)


@pytest.mark.parametrize("kind", ["npz", "parquet", "csv"])
def test_whatever_is_damaged_is_refused_or_has_songs_with_vectors(
    npz: Write, parquet: Write, csv: Write, kind: str
) -> None:
    path = {
        "npz": lambda: npz(vectors=np.ones((5, 2)), keys=np.array(list("abcde"))),
        "parquet": lambda: parquet(id=list("abcde"), vector=[[1.0, 2.0]] * 5, artist=["x"] * 5),
        "csv": lambda: csv(ECHONEST),
    }[kind]()
    content, rng = path.read_bytes(), np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(content[: int(rng.integers(len(content)))] if rng.random() < 0.1 else content)
        for at in rng.integers(0, len(damaged) or 1, 3):
            damaged[at : at + 1] = bytes([rng.integers(128)])
        path.write_bytes(damaged)
        assert_refused_or_right(path)


def test_headers_of_arrays_that_are_damaged_are_refused_or_right(tmp_path: Path) -> None:
    """Damage that the archive's checksums do not show."""
    rng, arrays = np.random.default_rng(0), {"vectors": np.ones((5, 2)), "keys": np.array(list("abcde"))}
    for _ in range(300):
        with zipfile.ZipFile(tmp_path / "songs.npz", "w") as archive:
            for name, array in arrays.items():
                member = io.BytesIO()
                np.save(member, array)
                damaged = bytearray(member.getvalue())
                for at in rng.integers(0, 140, int(rng.integers(3))):
                    damaged[at : at + 1] = bytes([rng.integers(256)])
                archive.writestr(f"{name}.npy", bytes(damaged))
        assert_refused_or_right(tmp_path / "songs.npz")


def assert_refused_or_right(path: Path) -> None:
    with suppress(UsageError):
        found = read_vectors(path)
        assert len(found.songs) == len(found.vectors) > 0
        assert np.isfinite(found.vectors).all()


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"songs\.json must end in \.npz, \.parquet, \.csv, \.tsv"):
        read_vectors(tmp_path / "songs.json")
    for ending in ("npz", "parquet", "csv"):
        with pytest.raises(UsageError, match=r"cannot be read: .*No such file"):
            read_vectors(tmp_path / f"songs.{ending}")
        (tmp_path / f"folder.{ending}").mkdir()
        with pytest.raises(UsageError, match="cannot be read: it is a folder"):
            read_vectors(tmp_path / f"folder.{ending}")


def test_the_docstring_names_all_columns_that_are_known() -> None:
    told = columns.__doc__ or ""
    assert [name for field, names in columns.NAMES.items() for name in (field, *names) if name not in told] == []
