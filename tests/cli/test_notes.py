"""Remarks of a listener, as spreadsheets of any country save them; what no player could go to is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from audiolime_ext.cli.notes import read_notes
from tests.cli.test_bad_input import USAGE, refusal
from tests.cli.test_commands import furnish, run

WINDOWED = ("-f", "oracle:stems", "-m", "studio_models:windowed", "--audio", "none", "--notes", "notes.csv")


@pytest.fixture(autouse=True)
def _studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A furnished folder, which is the current one, and a cache of its own."""
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize(
    ("lines", "notes"),
    [
        ("6,here, now, go\n", [(6.0, "here, now, go")]),
        ('6,"here, now"\n', [(6.0, "here, now")]),
        ("6;hier, jetzt\n", [(6.0, "hier, jetzt")]),
        ("time;text\r\n6,5;hier; jetzt\r\n0:09,25;los\r\n", [(6.5, "hier; jetzt"), (9.25, "los")]),
        ('"Zeit";"Text"\n6;a\n', None),  # the header is refused by name
        ("6\ta, b\n", [(6.0, "a, b")]),
        ("6,a; b\n7,c\n", [(6.0, "a; b"), (7.0, "c")]),
        ("\ufeff6,a\n", [(6.0, "a")]),
    ],
)
def test_commas_semicolons_and_tabs_separate_and_a_text_keeps_its_own(
    lines: str, notes: list[tuple[float, str]] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("notes.csv").write_text(lines, encoding="utf-8", newline="")
    if notes is None:
        said = refusal(capsys, "page", "song.wav", *WINDOWED, code=USAGE)
        assert said.endswith("a header begins with time); got ['Zeit', 'Text']")
    else:
        assert [(note.t, note.text) for note in read_notes(Path("notes.csv")).values()] == notes


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("time,text\n1.5,fine\n\n9:59,never\n", "notes.csv, line 4: 9:59.0 is beyond the end of song.wav, which is"),
        ("-1,before it begins\n2,x\n", "notes.csv, line 1: a time and a text are needed"),
        (
            "0:75,x\n",
            "notes.csv, line 1: a time and a text are needed, such as 1:23,the choir (seconds, m:ss or h:mm:ss",
        ),
        ("time,text\n0:03:04,x\n", "notes.csv, line 2: 3:04.0 is beyond the end"),
        (f"{'9' * 400}:00,x\n", "notes.csv, line 1: a time and a text are needed"),
        ("0:1.5:01,x\n", "notes.csv, line 1: a time and a text are needed"),
        ("0:60:01,x\n", "notes.csv, line 1: a time and a text are needed"),
        ("1;  ; \n", "notes.csv, line 1: a time and a text are needed"),
        ("abc,hello\n1,x\n", "notes.csv, line 1: a time and a text are needed"),
        ("1,sch\xf6n\n", "notes.csv is not UTF-8 (invalid start byte at byte 5); save it as UTF-8"),
    ],
)
def test_remarks_beyond_the_recording_are_refused_before_any_work(
    capsys: pytest.CaptureFixture[str], lines: str, message: str
) -> None:
    Path("notes.csv").write_text(lines, encoding="latin-1")
    said = refusal(capsys, "page", "song.wav", *WINDOWED, code=USAGE)
    assert message in said
    assert not Path("song.html").exists()
    assert not Path("cache/results").exists()


@pytest.mark.parametrize(
    ("t", "passage", "message"),
    [
        ("0.9", ("--start", "1"), "0:00.9 is outside the passage, which is 0:01.0 to 0:03.0"),
        ("2.1", ("--duration", "2"), "0:02.1 is outside the passage, which is 0:00.0 to 0:02.0"),
        ("2.6", ("--start", "1", "--duration", "1.5"), "0:02.6 is outside the passage, which is 0:01.0 to 0:02.5"),
        ("2.6", ("--at", "1", "--segments", "2"), "the note at 0:02.6 is outside what is explained, 0:01.0 to 0:02.0"),
    ],
)
def test_remarks_outside_the_passage_are_refused(
    capsys: pytest.CaptureFixture[str], t: str, passage: tuple[str, ...], message: str
) -> None:
    Path("notes.csv").write_text(f"{t},a bang\n")
    said = refusal(capsys, "page", "song.wav", *WINDOWED, "--labels", "loud", *passage, code=USAGE)
    assert message in said
    assert not Path("song.html").exists()


def test_remarks_within_the_passage_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    Path("notes.csv").write_text("1,begin\n2.5,end\n")
    run(capsys, "page", "song.wav", *WINDOWED, "--start", "1", "--duration", "1.5", "--labels", "loud")
    assert Path("song.html").read_text(encoding="utf-8").count("data-seek=") == 2


@pytest.mark.parametrize("output", ["both.html", "out"])
def test_remarks_on_several_recordings_are_refused(capsys: pytest.CaptureFixture[str], output: str) -> None:
    Path("second.wav").write_bytes(Path("song.wav").read_bytes())
    Path("notes.csv").write_text("1,a bang\n")
    said = refusal(capsys, "page", "song.wav", "second.wav", *WINDOWED, "-o", output, code=USAGE)
    assert "--notes are remarks on one recording; name one FILE, or leave --notes out" in said
