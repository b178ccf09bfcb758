"""Manifests: read whole, or refused with everything that is wrong."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from audiolime_ext.collection.manifest import Row, load_manifest
from audiolime_ext.collection.table import cell_of
from audiolime_ext.errors import UsageError

LABELS = ("guitar", "piano", "female vocalists")
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a table beside five recordings and a folder of stems."""
    for name in ("a.wav", "b.wav", "c.wav", "d.wav", "小提琴.flac"):
        (tmp_path / name).touch()
    (tmp_path / "stems").mkdir()

    def table(text: str | bytes, name: str = "manifest.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return table


def refusal(path: Path, **how: object) -> list[str]:
    with pytest.raises(UsageError, match="cannot be used") as caught:
        load_manifest(path, **how)  # type: ignore[arg-type]
    return [line.strip() for line in str(caught.value).splitlines()]


def test_every_column_is_read_and_paths_are_relative_to_the_manifest(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        "path,label,split,song,start_s,duration_s,stems\n"
        "a.wav,Guitar;female vocalists,test,song 1,0,10.5,stems\n"
        "小提琴.flac,piano,,,,,\n"
    )
    monkeypatch.chdir("/")
    manifest = load_manifest(os.path.relpath(path), labels=LABELS)
    first, second = manifest.rows
    assert first == Row(
        Path(os.path.relpath(tmp_path)) / "a.wav",
        ("guitar", "female vocalists"),
        2,
        "test",
        "song 1",
        0.0,
        10.5,
        Path(os.path.relpath(tmp_path)) / "stems",
    )
    assert second.song == str(second.path), "without a group each recording is its own song"
    assert manifest.labels == ("female vocalists", "guitar", "piano")
    assert manifest.songs("guitar") == ("song 1",)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"\xef\xbb\xbfPath,Label\r\na.wav,guitar\r\n\r\nb.wav,piano\r\n", "excel.csv"),
        ("path\tlabel\na.wav\tguitar\nb.wav\tpiano\n", "tabs.tsv"),
        ('path,label\n"a.wav","guitar"\n" b.wav ","piano ; "\n', "quoted.csv"),
    ],
)
def test_tables_of_other_programs_are_read(write: Write, text: str | bytes, name: str) -> None:
    assert [(row.path.name, row.labels) for row in load_manifest(write(text, name)).rows] == [
        ("a.wav", ("guitar",)),
        ("b.wav", ("piano",)),
    ]


def test_columns_are_mapped_and_others_ignored(write: Write) -> None:
    path = write("file,label,genre,bpm\na.wav,x,guitar,90\nb.wav,x,piano,91\n")
    manifest = load_manifest(path, columns={"path": "file", "label": "genre"}, ignore=["bpm"])
    assert manifest.labels == ("guitar", "piano")


def test_everything_that_is_wrong_is_said_at_once_by_line(write: Write) -> None:
    path = write(
        "path,label,start_s,duration_s,stems,groop\n"
        "a.wav,guitar,0,10,,\n"
        "gone.wav,piano,,,,\n"
        "./a.wav,piano,0,10,,\n"
        "b.wav,pianoo,,,,\n"
        "c.wav,pianoo,,,,\n"
        'd.wav,,"1,5",0,stams,\n'
        ",piano,-1,1_0,,\n"
        "b.wav,piano\n"
    )
    said = refusal(path, labels=LABELS)
    assert said[0].endswith("cannot be used, 12 problems:")
    for expected in (
        "line 3: there is no file 'gone.wav'; paths are relative",
        "line 4: the same excerpt of 'a.wav' as on line 2",
        "lines 5, 6: unknown label 'pianoo'; did you mean 'piano'?",
        "line 7: no label",
        "line 7: start_s '1,5'; write seconds, 0 or more",
        "line 7: duration_s '0'; write seconds, more than 0",
        "line 7: there is no folder 'stams' of stems",
        "line 8: no path",
        "line 8: start_s '-1'",
        "line 8: duration_s '1_0'",
        "line 9: 2 cells where the header has 6",
    ):
        assert any(line.startswith(expected) for line in said), (expected, said)
    assert len(said) == 13
    assert said[-1].startswith("the model's labels are guitar, piano, female vocalists; where a class has another name")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_what_is_no_file_is_called_what_it_is(write: Write) -> None:
    path = write("path,label,stems\nstems,guitar,\npipe.wav,piano,\nzero.wav,piano,\na.wav,guitar,b.wav\n")
    os.mkfifo(path.with_name("pipe.wav"))
    path.with_name("zero.wav").symlink_to("/dev/zero")
    assert refusal(path)[1:] == [
        "line 2: 'stems' is a folder; name a file",
        "line 3: 'pipe.wav' is a pipe; name a file",
        "line 4: 'zero.wav' is a device; name a file",
        "line 5: 'b.wav' is a file and no folder of stems; name one, or leave the cell empty",
    ]
    with pytest.raises(UsageError, match=r"zero\.wav cannot be read: it is a device; name a file that can"):
        load_manifest(path.with_name("zero.wav"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_table_that_a_shell_hands_over_is_read_from_its_pipe(write: Write) -> None:
    path = write("path,label\na.wav,guitar\nb.wav,piano\n")
    pipe = path.with_name("pipe")
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(path.read_bytes()))
    writer.start()
    assert [row.path.name for row in load_manifest(pipe).rows] == ["a.wav", "b.wav"]
    writer.join()


def test_excerpts_of_one_file_are_no_duplicates(write: Write) -> None:
    path = write("path,label,start_s\na.wav,guitar,0\na.wav,guitar,10\nb.wav,piano,\n")
    assert len(load_manifest(path).rows) == 3


def test_a_line_number_is_that_of_the_file(write: Write) -> None:
    path = write('path,label,split\na.wav,guitar,"two\nlines"\n\ngone.wav,piano,\n')
    assert refusal(path)[1].startswith("line 5: there is no file 'gone.wav'")


def test_thousands_of_problems_make_no_endless_report(write: Write) -> None:
    said = refusal(write("path,label\n" + "".join(f"{i}.wav,guitar\n" for i in range(5000))))
    assert "5000 problems" in said[0]
    assert len(said) == 52
    assert said[-1].startswith("… and 4950 more")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; its first line names columns: path, label"),
        ("\n \n", "is empty"),
        ("path,label\n", "it names no recordings"),
        ("path,label\na.wav,guitar\nb.wav,guitar\n", "one class only, 'guitar'"),
        ("path,lable\na.wav,guitar\n", "unknown column 'lable'; did you mean 'label'"),
        ("path;label\na.wav;guitar;rock\n", "line 2: 3 cells where the header has 2; quote cells that hold semicolons"),
        (
            "file|genre\na.wav|guitar\n",
            r"1 problem:\n  line 1: the first line names none of the known columns; it has 'file",
        ),
        (
            "a.wav,guitar\nb.wav,piano\n",
            r"1 problem:\n .* it has 'a.wav', 'guitar'. Name path and label there, separat",
        ),
        ("path,label,label\na.wav,guitar,x\n", "two columns for 'label'"),
        (b"path,label\n\xff\xfe,x\n", r"is not UTF-8 \(invalid start byte at byte 11\); save it as UTF-8"),
        (
            "path,label\n".encode("utf-16-le"),
            r"is not UTF-8 \(a null byte, as in UTF-16 .* at byte 1\); save it as UTF-8",
        ),
        ("path,label\n".encode("utf-16")[:-1], r"is not UTF-16 \(truncated data at byte \d+\); save it as UTF-8"),
        ('path,label\n"a.wav,guitar\n', "not valid CSV"),
        (
            f"path,label\na.wav,guitar\nb.wav,{'x' * 200_000}\n",
            r"manifest\.csv, line 3: not valid CSV \(a cell of more than 131072 characters\); check its quotation",
        ),
        (f"path,label,{'x' * 200_000}\na.wav,guitar,\n", r"line 1: not valid CSV \(a cell of more than 131072"),
        (f"{'[' * 100_000}\n", r"the first line names none of the known columns; it has '\[{900,1000}…$"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(write: Write, text: str | bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        load_manifest(write(text))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-be with a mark"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_table_is_read_as_spreadsheets_save_it(write: Write, encoding: str, separator: str, ending: str) -> None:
    rows = [("Path", "genre", "note"), ("a.wav", '"guitar;rock, and more"', "é, ü; ő"), ("b.wav", "piano", "")]
    lines = [separator.join(f'"{cell}"' if "ő" in cell else cell for cell in row) for row in rows]
    text = "\r\n".join(lines) + "\r\n"
    marked = encoding.endswith("mark")
    content = f"\ufeff{text}".encode("utf-16-be") if marked else text.encode(encoding)
    manifest = load_manifest(write(content, f"manifest.{ending}"), columns={"label": "genre"})
    assert [(row.path.name, row.labels) for row in manifest.rows] == [
        ("a.wav", ("guitar", "rock, and more")),
        ("b.wav", ("piano",)),
    ]
    assert [note.split(": ")[1] for note in manifest.notes] == ["ignored unknown columns"]


def test_a_wrong_mapping_is_refused(write: Write) -> None:
    path = write("path,label\na.wav,guitar\nb.wav,piano\n")
    with pytest.raises(UsageError, match="there is no column 'genre' to map; there are path, label"):
        load_manifest(path, columns={"label": "genre"})
    with pytest.raises(UsageError, match="unknown column to map 'lable'; did you mean 'label'"):
        load_manifest(path, columns={"lable": "label"})
    with pytest.raises(UsageError, match="there is no file"):
        load_manifest(path.with_name("gone.csv"))


def test_a_folder_per_class_is_a_manifest(tmp_path: Path) -> None:
    for name in ("piano/2.wav", "piano/deep/1.flac", "guitar/1.wav", "guitar/notes.txt", ".hidden/1.wav", "README"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    rows = load_manifest(tmp_path, labels=["Guitar", "Piano"]).rows
    assert [(str(row.path.relative_to(tmp_path)), row.labels) for row in rows] == [
        ("guitar/1.wav", ("Guitar",)),
        ("piano/2.wav", ("Piano",)),
        ("piano/deep/1.flac", ("Piano",)),
    ]


def test_a_folder_with_loose_or_missing_recordings_is_refused(tmp_path: Path) -> None:
    for name in ("guitar/1.wav", "loose.wav", "drumm/1.wav", "piano/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    said = "\n".join(refusal(tmp_path, labels=["guitar", "piano", "drums"]))
    for expected in ("'loose.wav' is in no class", "'drumm'; did you mean 'drums'?", "'piano' holds no audio"):
        assert expected in said


def test_columns_that_are_none_of_ours_are_ignored_and_named_in_one_line(write: Write) -> None:
    path = write("path,label,bpm,groop\na.wav,guitar,90,1\nb.wav,piano,91,2\n")
    manifest = load_manifest(path)
    assert [row.labels for row in manifest.rows] == [("guitar",), ("piano",)]
    assert manifest.notes == (f"{path}: ignored unknown columns: 'bpm', 'groop' (did you mean 'group'?)",)
    assert load_manifest(path, ignore=["bpm", "groop"]).notes == ()


def test_a_class_may_hold_a_semicolon(write: Write) -> None:
    path = write('path,label\na.wav,rock\\;pop;jazz\nb.wav,"AC\\DC;drum & bass\\; dub"\n')
    manifest = load_manifest(path)
    assert [row.labels for row in manifest.rows] == [("rock;pop", "jazz"), ("AC\\DC", "drum & bass; dub")]
    assert [cell_of(row.labels) for row in manifest.rows] == ["rock\\;pop;jazz", "AC\\DC;drum & bass\\; dub"]
    assert (
        load_manifest(path, labels=["Rock;Pop", "jazz", "AC\\DC", "drum & bass; dub"]).rows[0].labels[0] == "Rock;Pop"
    )


@pytest.mark.skipif(os.name == "nt", reason="there file names are text")
def test_a_file_whose_name_is_no_text_is_named_as_we_write_it(write: Write, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.wav")
    (tmp_path / name).touch()
    (tmp_path / r"a\xe9.wav").touch()
    manifest = load_manifest(write("path,label\ncaf\\xe9.wav,guitar\na\\xe9.wav,piano\n"))
    assert [row.path.name for row in manifest.rows] == [name, r"a\xe9.wav"]


def test_paths_may_be_relative_to_another_folder(write: Write, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    path = write("path,label,stems\na.wav,guitar,stems\nb.wav,piano,\n", "tables/manifest.csv")
    assert [row.path for row in load_manifest(path, root=tmp_path).rows] == [tmp_path / "a.wav", tmp_path / "b.wav"]
    with pytest.raises(UsageError, match=r"no file 'a\.wav'; .*or to another: --root DIR"):
        load_manifest(path)
    with pytest.raises(UsageError, match=r"is no table, and --root DIR \(root=DIR\) is what .* leave it out"):
        load_manifest(tmp_path, root=tmp_path)


def test_what_is_no_recording_in_a_folder_of_classes_is_named_once(tmp_path: Path) -> None:
    for name in ("piano/1.OPUS", "piano/._1.OPUS", "guitar/a/1.aifc", "guitar/a/1.txt", "README", ".git/1.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    manifest = load_manifest(tmp_path)
    assert [row.path.name for row in manifest.rows] == ["1.aifc", "1.OPUS"]
    (note,) = manifest.notes
    assert note.startswith(f"skipped in {tmp_path}: ")
    assert "2 × not an audio file by its ending (README, guitar/a/1.txt)" in note
    assert "2 × hidden (.git, piano/._1.OPUS)" in note


def test_a_name_that_no_file_can_have_is_told_by_line(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    (tmp_path / "m.csv").write_text(f"path,label,stems\na.wav,rock,{'x' * 5000}\n{'y' * 5000}.wav,rock,\n")
    with pytest.raises(UsageError) as told:
        load_manifest(tmp_path / "m.csv")
    assert "line 2" in str(told.value)
    assert "line 3" in str(told.value)
