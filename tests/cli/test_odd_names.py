"""Files with the names that people meet go through every command, and every table and page names them."""

from __future__ import annotations

import csv
import os
import re
import sys
import urllib.parse
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from audiolime_ext import Audio, load_audio, tagger
from audiolime_ext.audio.encoding import encode
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.cli import main
from audiolime_ext.files.names import exact, legible
from audiolime_ext.report.audit.names import Names

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are text, and fewer are allowed")

SR = 8000
TURNING = "[\u202a-\u202e\u2066-\u2069\u2028\x85\udc80-\udcff]"
NO_TEXT = os.fsdecode(b"bad\xff\xfe")
TURNED = "song\u202e3pm"
TOLD = r"song\xe2\x80\xae3pm"
STEMS = [
    "a b",
    "Песня",
    "emoji😀",
    "new\nline",
    "-dash",
    "100%",
    "c#4",
    "what?",
    "semi;colon",
    "q'uo\"te",
    "<b>x<img src=y>",
    "name ",
    "a:b",
    "back\\slash",
    r"as\xff written",
    "two.dots.v1",
    "歌" * 80 + "abcd",
    "COM1",
    "=1+1",
    "index",
    NO_TEXT,
    TURNED,
    "two\u2028lines\x85",
]
OPTIONS = ("-t", "tests.cli.test_odd_names:listener", "-f", "bands:mel-2")


def high(batch: np.ndarray) -> np.ndarray:
    rise = np.abs(np.diff(batch)).mean(axis=1, keepdims=True)
    return np.asarray(np.concatenate([rise, 0.2 - rise], axis=1).clip(0.01, 0.99), np.float32)


listener = tagger(high, sr=SR, labels=["hiss", "hum"], version="1")


def sound(path: Path, seed: int) -> None:
    hiss = np.random.default_rng(seed).normal(0, 0.1, (1, SR)).astype(np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        encode(hiss if seed % 2 else np.cumsum(hiss, axis=1, dtype=np.float32) / np.float32(20), SR, "WAV", "FLOAT")
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for seed, stem in enumerate(STEMS):
        sound(tmp_path / "songs" / f"{stem}.wav", seed)
    for name in ("._a b.wav", ".DS_Store", "cover.jpg"):
        (tmp_path / "songs" / name).write_bytes(b"no sound")
    (tmp_path / "songs" / "dangling.wav").symlink_to("nowhere.wav")
    os.mkfifo(tmp_path / "songs" / "fifo.wav")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_each_gets_a_page_of_its_own_and_a_link_that_opens_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", "songs", *OPTIONS, "--labels", "hiss", "--audio", "none", "--no-cache", "-o", "pages"]) == 0
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning == (
        "audiolime: warning: skipped in songs: 1 × not an audio file by its ending (cover.jpg); 2 × hidden (.DS_Store, "
        "._a b.wav); 2 × no file that can be read (a broken link, a pipe, a device) (dangling.wav, fifo.wav)"
    )
    index = Path("pages/index.html").read_text(encoding="utf-8")
    links = [os.fsdecode(urllib.parse.unquote_to_bytes(link)) for link in re.findall(r'<a href="([^"]+)"', index)]
    assert len(set(links)) == len(STEMS)
    assert {path.name for path in Path("pages").iterdir()} == {"index.html", *links}
    assert "index.html" not in links
    assert r">bad\xff\xfe</a>" in index
    assert f">{TOLD}</a>" in index
    for path in Path("pages").iterdir():
        assert not re.search(TURNING, path.read_text(encoding="utf-8"))
    page = (Path("pages") / f"{NO_TEXT}.html").read_text(encoding="utf-8")
    assert r"audiolime page &#39;bad\xff\xfe.wav&#39;" in page


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("command", ["tag", "explain", "separate"])
def test_every_command_takes_a_folder_and_tells_each_on_a_line(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    options = {"tag": OPTIONS[:2], "explain": (*OPTIONS, "-o", "out"), "separate": (*OPTIONS[2:], "-o", "out")}
    assert main([command, "songs", *options[command]]) == 0
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 1
    assert out.encode().decode().count(r"bad\xff\xfe") >= 1
    assert out.count(r"new\x0aline") >= 1
    assert out.count(TOLD) >= 1
    assert not re.search(TURNING, out)
    assert command == "tag" or len(list(Path("out").iterdir())) == len(STEMS)


@pytest.mark.usefixtures("folder")
def test_what_is_told_can_be_given_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tag", "songs", *OPTIONS[:2]]) == 0
    told = [line.split(": tests.")[0] for line in capsys.readouterr().out.splitlines() if ": tests." in line]
    assert sorted(exact(name) for name in told) == sorted(f"songs/{stem}.wav" for stem in STEMS)
    assert main(["tag", *told, *OPTIONS[:2]]) == 0
    again = [line.split(": tests.")[0] for line in capsys.readouterr().out.splitlines() if ": tests." in line]
    assert len(again) == len(STEMS)


@pytest.mark.parametrize("name", [TURNED, "new\nline", "two\u2028lines\x85", NO_TEXT])
def test_whatever_is_wrong_the_name_is_told_on_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (folder / name).mkdir()
    (folder / f"{name}.csv").write_bytes(b"path,label\n\xff")
    (folder / f"{name}.sqlite").write_bytes(b"no store")
    (folder / f"{name}.wav").write_bytes(b"no sound")
    song = "songs/a b.wav"
    wrong = [
        ["tag", f"{name}.wav", *OPTIONS[:2]],
        ["tag", name, *OPTIONS[:2]],
        ["tag", f"gone {name}.wav", *OPTIONS[:2]],
        ["tag", song, *OPTIONS[:2], "--genres", f"{name}.csv"],
        ["page", song, *OPTIONS, "--notes", f"{name}.csv"],
        ["page", song, *OPTIONS, "-o", f"{name}.csv/page.html"],
        ["explain", f"{name}.wav", f"{name}.wav", *OPTIONS, "-o", "out"],
        ["explain", song, *OPTIONS, "--baseline", f"{name}.wav"],
        ["explain", song, "-t", OPTIONS[1], "-f", f"oracle:{name}"],
        ["rerun", name],
        ["rerun", f"{name}.csv"],
        ["audit", f"{name}.csv", *OPTIONS],
        ["audit", f"gone {name}.csv", *OPTIONS],
        ["audit", name, *OPTIONS],
        ["audit", "gate", f"{name}.sqlite"],
        ["audit", "report", f"gone {name}.sqlite", "-o", "out"],
        ["audit", "export", f"{name}.sqlite", "-o", "out.csv"],
        ["audit", "merge", f"{name}.sqlite", "-o", "out.sqlite"],
    ]
    for command in wrong:
        assert main(command) != 0
        told = capsys.readouterr().err
        assert not re.search(TURNING, told), command
        assert legible(name) in told, command


def test_an_error_is_one_line_and_names_the_file_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("new\nline.wav", f"{NO_TEXT}.wav"):
        (folder / name).write_bytes(b"no sound")
    assert main(["tag", "new\nline.wav", f"{NO_TEXT}.wav", *OPTIONS[:2]]) == 5
    first, second, _ = capsys.readouterr().err.splitlines()
    assert first.startswith(r"audiolime: error: new\x0aline.wav cannot be read as audio")
    assert second.startswith(r"audiolime: error: bad\xff\xfe.wav cannot be read as audio")


def test_an_audit_and_all_that_is_made_of_it_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    seed = 0
    for stem in (*STEMS, "0"):
        for label in ("hum", "hiss"):
            sound(tmp_path / "classes" / label / f"{stem}.wav", seed)
            seed += 1
    for label in ("hum", "hiss"):
        (tmp_path / "classes" / label / "broken.wav").write_bytes(f"no sound but {label}".encode())
        (tmp_path / "classes" / label / os.fsdecode(b"\xe9.wav")).write_bytes(f"nor this: {label}".encode())
    few = ("--workers", "0", "--n-donors", "1", "--same", "0")
    assert main(["audit", "classes", *OPTIONS, "-o", "a.sqlite", *few]) == 5
    err = capsys.readouterr().err
    for name in ("hum/broken.wav", "hiss/broken.wav", r"hum/\xe9.wav", r"hiss/\xe9.wav"):
        assert f"audiolime: warning: {name}: classes/{name} cannot be read as audio" in err
    with AuditStore.read("a.sqlite") as store:
        names = {recording.name for recording in store.recordings()}
        assert len(names) == 2 * (len(STEMS) + 1)
        assert {"hum/0.wav", "hiss/0.wav", r"hum/bad\xff\xfe.wav", r"hiss/new\x0aline.wav"} <= names
        paths = {entry.path for entry in store.entries()}
        assert f"classes/hum/{NO_TEXT}.wav" in paths
    assert main(["audit", "export", "a.sqlite", "-o", "a.csv"]) == 0
    with Path("a.csv").open(encoding="utf-8", newline="") as file:
        exported = {row["path"] for row in csv.DictReader(file)}
    assert {exact(path) for path in exported} == {path for path in paths if not re.search(r"broken|/\udce9", path)}
    assert main(["audit", "report", "a.sqlite", "-o", "report", "--no-audio"]) == 0
    assert "hiss" in Path("report/index.html").read_text(encoding="utf-8")
    named = Names(Results.read("a.sqlite"))
    called = {(named.recording(i), named.song(i)) for i in range(2 * len(STEMS))}
    assert (r"hum/bad\xff\xfe.wav", r"classes/hum/bad\xff\xfe.wav") in called
    assert main(["audit", "gate", "a.sqlite", "--junit", "gate.xml"]) in (6, 7)
    assert "\\udc" not in capsys.readouterr().out
    assert not re.search(TURNING, Path("gate.xml").read_text(encoding="utf-8"))
    assert r"hum/\xe9.wav" in ElementTree.tostring(ElementTree.parse("gate.xml").getroot(), encoding="unicode")
    parquet = pytest.importorskip("pyarrow.parquet")
    assert main(["audit", "export", "a.sqlite", "-o", "a.parquet"]) == 0
    assert set(parquet.read_table("a.parquet")["path"].to_pylist()) == exported


def test_stems_may_be_called_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, stem in enumerate(STEMS):
        sound(tmp_path / "stems" / f"{stem}.wav", seed)
    stems = np.stack([load_audio(path).samples for path in Path("stems").iterdir()])
    total = np.asarray(stems.sum(axis=0), np.float32)
    Audio(total, SR).write("song.wav")
    assert main(["separate", "song.wav", "-f", "oracle:stems", "-o", "out"]) == 0
    assert len(list(Path("out/song").iterdir())) == len(STEMS)


@pytest.mark.usefixtures("folder")
def test_the_current_folder_is_audited(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(4):
        sound(Path("classes") / ("hum", "hiss")[seed % 2] / f"{seed}.wav", seed)
    monkeypatch.chdir("classes")
    assert main(["audit", ".", *OPTIONS, "--workers", "0"]) == 0
    assert (Path.cwd().parent / "classes.sqlite").is_file()
