"""Published data sets are audited as they come: small ones, laid out exactly as their publishers do."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audiolime_ext import tagger
from audiolime_ext.audit.run import run_audit
from audiolime_ext.cli import main
from audiolime_ext.collection.importers import FORMATS, fma, format_of, jamendo, magnatagatune
from audiolime_ext.collection.manifest import Manifest, load_manifest
from audiolime_ext.errors import UsageError

SR = 8000
Touch = Callable[..., Path]


@pytest.fixture
def touch(tmp_path: Path) -> Touch:
    def make(*names: str) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return make


def told(manifest: Manifest) -> list[tuple[str, tuple[str, ...]]]:
    return [(row.path.name, row.labels) for row in manifest.rows]


JAMENDO = """\
TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS
track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---punkrock
track_0000215\tartist_000014\talbum_000031\t15/215.mp3\t151.4\tgenre---metal\tinstrument---piano
track_0000382\tartist_000020\talbum_000046\t82/382.mp3\t211.1\tmood/theme---happy\tgenre---rock
track_0000387\tartist_000020\talbum_000046\t87/387.mp3\t90.0\tmood/theme---dark
"""


def test_mtg_jamendos_table_is_read(touch: Touch) -> None:
    folder = touch("audio/14/214.mp3", "audio/15/215.low.mp3", "audio/82/382.mp3")
    table = folder / "autotagging.tsv"
    table.write_text(JAMENDO)
    assert told(load_manifest(table, root=folder / "audio")) == [
        ("214.mp3", ("genre---punkrock",)),
        ("215.low.mp3", ("genre---metal", "instrument---piano")),
        ("382.mp3", ("mood/theme---happy", "genre---rock")),
    ]
    manifest = load_manifest(table, root=folder / "audio", labels=["Rock", "genre---metal", "piano"])
    assert told(manifest) == [("215.low.mp3", ("genre---metal", "piano")), ("382.mp3", ("Rock",))]
    assert manifest.rows[1].line == 4
    assert manifest.notes == (
        f"2 recordings of {table} have no tag that the model knows and are left out: 14/214.mp3, 87/387.mp3",
        f"3 tags of {table} that the model does not know are ignored: genre---punkrock, mood/theme---dark, "
        "mood/theme---happy",
    )
    with pytest.raises(
        UsageError, match=r"none of its files was found, such as .*14/214\.mp3; name the folder .*--root"
    ):
        load_manifest(table)
    with pytest.raises(UsageError, match="the model knows none of its classes, such as genre---metal"):
        load_manifest(table, labels=["cat", "dog"])


def write_magnatagatune(folder: Path) -> Path:
    tags = ["no voice", "singer", "hard rock"]
    rows = [
        ("2", "0", "1", "0", "f/american_bach_soloists-j_s__bach_solo_cantatas-01-bwv54__i_aria-30-59.mp3"),
        ("6", "1", "0", "0", "f/american_bach_soloists-j_s__bach_solo_cantatas-01-bwv54__i_aria-146-175.mp3"),
        ("29", "0", "1", "1", "1/a_band-a_record-02-a_song-0-29.mp3"),
        ("30", "0", "0", "0", "1/a_band-a_record-02-a_song-29-58.mp3"),
        ("31", "1", "0", "0", "2/gone-0-29.mp3"),
    ]
    table = folder / "annotations_final.csv"
    with table.open("w", newline="") as file:
        csv.writer(file, delimiter="\t", quoting=csv.QUOTE_ALL).writerows([("clip_id", *tags, "mp3_path"), *rows])
    for row in rows[:-1]:
        path = folder / row[-1]
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return table


def test_magnatagatunes_table_is_read_and_clips_of_a_song_are_one_song(tmp_path: Path) -> None:
    table = write_magnatagatune(tmp_path)
    manifest = load_manifest(table, labels=["singer", "hard rock", "no voice", "flute"])
    assert [row.labels for row in manifest.rows] == [("singer",), ("no voice",), ("singer", "hard rock")]
    first, second, third = (row.song for row in manifest.rows)
    assert first == second == "f/american_bach_soloists-j_s__bach_solo_cantatas-01-bwv54__i_aria"
    assert third == "1/a_band-a_record-02-a_song"
    assert manifest.notes == (
        f"1 recording of {table} has no file and is left out: {tmp_path / '2/gone-0-29.mp3'}",
        f"1 recording has no tag in {table} and is left out: 1/a_band-a_record-02-a_song-29-58.mp3",
    )


FMA = """\
,album,album,set,set,track,track,track,track
,comments,title,split,subset,bit_rate,genre_top,genres,genres_all
track_id,,,,,,,,
2,0,"AWOL, A Way Of Life",training,small,256000,Hip-Hop,[21],[21]
5,0,AWOL,validation,small,256000,Rock,"[12, 45]","[12, 45, 38]"
10,0,Constant Hitmaker,test,medium,192000,,[45],"[38, 45]"
135,1,mp3,training,large,256000,Rock,[12],[12]
"""
GENRES = """\
genre_id,#tracks,parent,title,top_level
12,32923,0,Rock,12
21,8389,0,Hip-Hop,21
38,1,0,Experimental,38
45,96,38,Loud-Rock,12
"""


@pytest.fixture
def fma_metadata(touch: Touch) -> Path:
    folder = touch("fma_small/000/000002.mp3", "fma_small/000/000005.mp3", "fma_small/000/000010.mp3")
    (folder / "fma_metadata").mkdir()
    (folder / "fma_metadata" / "genres.csv").write_text(GENRES)
    table = folder / "fma_metadata" / "tracks.csv"
    table.write_text(FMA)
    return table


def test_fmas_table_is_read_and_its_files_are_found(fma_metadata: Path) -> None:
    manifest = load_manifest(fma_metadata)
    assert told(manifest) == [("000002.mp3", ("Hip-Hop",)), ("000005.mp3", ("Rock",))]
    assert [row.split for row in manifest.rows] == ["training", "validation"]
    assert manifest.notes == (
        f"1 recording of {fma_metadata} has no file and is left out: "
        f"{fma_metadata.parent.parent / 'fma_small/000/000135.mp3'}",
        f"1 recording has no top genre in {fma_metadata} and is left out: 000/000010.mp3",
    )
    assert load_manifest(fma_metadata, root=fma_metadata.parent.parent / "fma_small").rows == manifest.rows


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("genres", [("Hip-Hop",), ("Rock", "Loud-Rock"), ("Loud-Rock",)]),
        ("genres_all", [("Hip-Hop",), ("Rock", "Loud-Rock", "Experimental"), ("Experimental", "Loud-Rock")]),
    ],
)
def test_fmas_genres_are_named_by_its_other_table(
    fma_metadata: Path, label: str, expected: list[tuple[str, ...]]
) -> None:
    assert [row.labels for row in load_manifest(fma_metadata, columns={"label": label}).rows] == expected
    (fma_metadata.parent / "genres.csv").unlink()
    with pytest.raises(UsageError, match=r"cannot read .*genres\.csv .*, which names FMA's genres"):
        load_manifest(fma_metadata, columns={"label": label})


DESCRIBED = """\
,album,album,artist,set,set,track,track,track,track
,date_released,title,name,split,subset,date_recorded,duration,genre_top,title
track_id,,,,,,,,,
2,2009-01-05 00:00:00,AWOL - A Way Of Life,AWOL,training,small,2008-11-26 00:00:00,168,Hip-Hop,Food
5,,"AWOL - A
Way Of Life",AWOL,test,small,2008-11-26 00:00:00,206,Hip-Hop,This World
10,2008-02-06 00:00:00,Constant Hitmaker,Kurt Vile,test,medium,,161,Pop,Freeway
20,,Niris,Nicky Cook,training,large,,311,,Spiritual Level
26,,Niris,Nicky Cook,training,large,,181,,Where is your Love?
"""


@pytest.fixture
def fma_folder(touch: Touch) -> Path:
    folder = touch(*(f"fma_large/000/0000{number}.mp3" for number in ("02", "05", "10", "20")))
    (folder / "fma_metadata").mkdir()
    (folder / "fma_metadata" / "tracks.csv").write_text(DESCRIBED)
    return folder


def test_fmas_tracks_come_with_what_the_table_says_of_them(fma_folder: Path) -> None:
    found = fma.tracks(fma_folder)
    table, audio = fma_folder / "fma_metadata" / "tracks.csv", fma_folder / "fma_large"
    assert found.rows[:2] == (
        fma.Track(
            *(2, audio / "000/000002.mp3", "000/000002.mp3", "training", "small"),
            *("Food", "AWOL", "AWOL - A Way Of Life", "Hip-Hop", 2009),
        ),
        fma.Track(
            *(5, audio / "000/000005.mp3", "000/000005.mp3", "test", "small"),
            *("This World", "AWOL", "AWOL - A Way Of Life", "Hip-Hop", 2008),
        ),
    )
    assert [(track.year, track.genre) for track in found.rows[2:]] == [(2008, "Pop"), (None, None)]
    assert found.notes == (f"1 track of {table} has no file and is left out: 000/000026.mp3",)
    assert fma.tracks(fma_folder / "fma_metadata") == found, "the folder of the table is as good"


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        ("", [2, 5, 10, 20]),
        ("?subset=full", [2, 5, 10, 20]),
        ("?subset=medium", [2, 5, 10]),
        ("?subset=small", [2, 5]),
        ("?split=test", [5, 10]),
        ("?subset=small&split=test", [5]),
    ],
)
def test_a_subset_of_fma_holds_the_smaller_ones(fma_folder: Path, options: str, numbers: list[int]) -> None:
    assert [track.number for track in fma.make(f"{fma_folder}{options}").rows] == numbers


@pytest.mark.parametrize(
    ("argument", "says"),
    [
        ("?subset=small", "names no folder; write fma:DIR"),
        ("{}?subset=smal", "unknown subset of FMA's 'smal'; did you mean 'small'"),
        ("{}?split=validation", "names no track of this subset and split"),
        ("{}?parts=1", "unknown option 'parts'"),
        ("{}/fma_large", "there is no file .*fma_large/fma_metadata/tracks.csv, nor .*name the folder that holds FMA"),
    ],
)
def test_what_is_not_of_fma_is_refused(fma_folder: Path, argument: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        fma.make(argument.format(fma_folder))


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("title,name", "title,nome", "tracks.csv cannot be read: it has no column 'artist name'; get a complete copy"),
        (DESCRIBED[40:], "", "tracks.csv cannot be read: it has no column"),
        ("\n20,", "\nx,", "line 8 does not begin with a number"),
        ("Way Of Life", "x" * 200_000, "line 4: not valid CSV"),
    ],
)
def test_a_damaged_table_of_fmas_is_refused(fma_folder: Path, before: str, after: str, says: str) -> None:
    (fma_folder / "fma_metadata" / "tracks.csv").write_text(DESCRIBED.replace(before, after, 1))
    with pytest.raises(UsageError, match=says):
        fma.tracks(fma_folder)


def test_fma_without_its_audio_is_refused(fma_folder: Path) -> None:
    (fma_folder / "fma_large").rename(fma_folder / "elsewhere")
    with pytest.raises(UsageError, match=r"none of its files was found, such as .*000002\.mp3; put the folder"):
        fma.tracks(fma_folder)


def test_columns_of_a_known_table_need_no_names(fma_metadata: Path) -> None:
    with pytest.raises(UsageError, match="the columns of FMA's table are known; leave 'path' out"):
        load_manifest(fma_metadata, columns={"path": "track_id"})
    with pytest.raises(UsageError, match="unknown column of FMA's for the label 'genre'"):
        load_manifest(fma_metadata, columns={"label": "genre"})


def test_each_table_is_known_by_its_first_lines_and_ours_by_none(fma_metadata: Path, tmp_path: Path) -> None:
    (tmp_path / "jamendo.tsv").write_text(JAMENDO)
    (tmp_path / "ours.csv").write_text("path,label\na.wav,x\n")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "latin.csv").write_bytes(b"\xff\xfe")
    found = {path.name: format_of(path) for path in (*tmp_path.glob("*.?sv"), fma_metadata)}
    found["annotations_final.csv"] = format_of(write_magnatagatune(tmp_path))
    assert found == {
        "jamendo.tsv": jamendo,
        "annotations_final.csv": magnatagatune,
        "tracks.csv": fma,
        "ours.csv": None,
        "empty.csv": None,
        "latin.csv": None,
    }
    assert len({kind.NAME for kind in FORMATS}) == len(FORMATS)


def high(batch: NDArray[np.float32]) -> NDArray[np.float32]:
    rise = np.abs(np.diff(batch)).mean(axis=1, keepdims=True)
    return np.asarray(np.concatenate([rise, 0.2 - rise], axis=1).clip(0.01, 0.99), np.float32)


listener = tagger(high, sr=SR, labels=["hiss", "hum"], version="1")


def sound(path: Path, label: str, seed: int) -> None:
    hiss = np.random.default_rng(seed).normal(0, 0.1, (1, SR)).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = hiss if label == "hiss" else np.cumsum(hiss, axis=1, dtype=np.float32) / np.float32(20)
    soundfile.write(path, samples.T, SR)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (JAMENDO + "track_1\tartist\n", "line 6 has 2 cells, not 6 or more"),
        ('"clip_id"\t"rock"\t"mp3_path"\n"1"\t"1"\n', "line 2 has 2 cells, not 3"),
        (FMA + "x,0,a,training,small,1,Rock,[],[]\n", "line 8 does not begin with a number"),
        (FMA + '2,0,a,training,small,1,Rock,"[1",[]\n', r"line 8 names genres in another form than \[21, 45\]"),
        (FMA + f"2,0,a,training,small,1,Rock,{'[' * 100_000},[]\n", "line 8 names genres in another form"),
        (FMA + "2,0,a,training,small,1,Rock,[[1]],[]\n", "line 8 names genres in another form"),
        (FMA + f"2,0,{'a' * 200_000},training,small,1,Rock,[1],[]\n", "line 8: not valid CSV .a cell of more than"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "table.csv").write_text(text)
    (tmp_path / "genres.csv").write_text(GENRES)
    columns = {"label": "genres"} if text.startswith(",") else {}
    with pytest.raises(UsageError, match=f"table.csv cannot be read: .*({says})"):
        load_manifest(tmp_path / "table.csv", columns=columns)


@pytest.mark.parametrize(
    "genres", ["genre_id,title\n21\n", "number,title\n21,Rock\n", f"genre_id,title\n21,{'x' * 200_000}\n", ""]
)
def test_a_damaged_table_of_genres_is_refused(fma_metadata: Path, genres: str) -> None:
    fma_metadata.with_name("genres.csv").write_text(genres)
    with pytest.raises(UsageError, match=r"cannot read .*genres\.csv .*, which names FMA's genres"):
        load_manifest(fma_metadata, columns={"label": "genres"})


@pytest.mark.parametrize("text", [JAMENDO, FMA, '"clip_id"\t"rock"\t"mp3_path"\n'])
def test_a_table_that_is_too_large_is_not_read(tmp_path: Path, text: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(text)
    assert format_of(table) is not None
    with table.open("r+b") as file:
        file.truncate(10**10)
    assert format_of(table) is None
    with pytest.raises(UsageError, match="it holds 10 GB, and no more than 100 MB is read"):
        load_manifest(table)


def test_tracks_of_mirdata_are_audited_as_they_are(tmp_path: Path) -> None:
    tracks = {}
    for i, label in enumerate(["hiss", "hum", "hiss", "hum"]):
        sound(tmp_path / f"{i}.wav", label, i)
        tracks[str(i)] = SimpleNamespace(
            track_id=str(i), audio_path=str(tmp_path / f"{i}.wav"), genre=label, artist="x"
        )
    tracks["silent"] = SimpleNamespace(track_id="silent", audio_path=None, genre="hum", artist="x")
    with pytest.warns(UserWarning, match="1 recording of tracks has no file and is left out: track silent"):
        found = run_audit(tracks, listener, "bands:2", store=tmp_path / "audit.sqlite")
    assert int(found.done.sum()) == 4
    grouped = load_manifest(tracks.values(), columns={"label": "genre", "group": "artist"})
    assert {row.song for row in grouped.rows} == {"x"}


def test_files_of_one_name_that_are_left_out_are_told_apart(tmp_path: Path) -> None:
    tracks = [SimpleNamespace(audio_path=str(tmp_path / name / "0.wav"), genre=()) for name in ("jazz", "rock")]
    for track, genre in ((f"{name}/0.wav", name) for name in ("a", "b")):
        sound(tmp_path / track, "hum", 0)
        tracks.append(SimpleNamespace(audio_path=str(tmp_path / track), genre=genre))
    (note,) = load_manifest(tracks).notes
    assert note == (
        f"2 recordings have no class in tracks and are left out: {tmp_path}/jazz/0.wav, {tmp_path}/rock/0.wav"
    )


@pytest.mark.parametrize(
    ("tracks", "columns", "says"),
    [
        ([SimpleNamespace(audio_path="a", genre="x", tags=["y"])], {}, "There are genre, tags; say"),
        ([SimpleNamespace(audio_path="a", mood="x")], {}, "There are mood; say"),
        ([SimpleNamespace(audio_path="a", mood="x")], {"label": "moods"}, "has no 'moods'; it has mood"),
        ([SimpleNamespace(audio_path="a", mood="x")], {"lable": "mood"}, "did you mean 'label'"),
        ([object()], {}, "tracks of mirdata, which have an audio_path"),
        ([], {}, "tracks of mirdata, which have an audio_path"),
    ],
)
def test_tracks_that_do_not_say_what_they_are_are_refused(
    tracks: list[object], columns: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        load_manifest(tracks, columns=columns)


def test_a_published_table_is_audited_by_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS"]
    for i, label in enumerate(["hiss", "hum", "hiss", "hum"]):
        sound(tmp_path / "audio" / f"0{i}" / f"{i}.mp3", label, i)
        lines.append(f"track_{i}\tartist\talbum\t0{i}/{i}.mp3\t1.0\tgenre---{label}\tgenre---polka")
    lines.append("track_9\tartist\talbum\t09/9.mp3\t1.0\tgenre---hum")
    table = tmp_path / "autotagging.tsv"
    table.write_text("\n".join(lines) + "\n")
    command = ["audit", str(table), "--root", str(tmp_path / "audio"), "-t", "tests.collection.test_importers:listener"]
    assert main([*command, "-f", "bands:2", "--workers", "0"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"4 of 4 recordings are in {table.with_suffix('.sqlite')}")
    warnings = [line for line in err.splitlines() if line.startswith("audiolime: warning: ")]
    assert warnings == [
        f"audiolime: warning: 1 recording of {table} has no file and is left out: {tmp_path / 'audio/09/9.mp3'}",
        f"audiolime: warning: 1 tag of {table} that the model does not know is ignored: genre---polka",
    ]
