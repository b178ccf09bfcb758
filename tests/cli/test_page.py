"""``audiolime page`` asks as ``audiolime explain`` does, and refuses what a page cannot show."""

from __future__ import annotations

import html
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from audiolime_ext import explain, explain_track, write_page
from audiolime_ext.cli import main
from audiolime_ext.errors import UsageError
from audiolime_ext.report.song.view import Note
from tests.cli.test_bad_input import USAGE, refusal
from tests.cli.test_commands import furnish, run, strict

WINDOWED = ("-f", "oracle:stems", "-m", "studio_models:windowed", "--audio", "none")


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A furnished folder, which is the current one, and a cache of its own."""
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    return tmp_path


def command_on(page: str) -> list[str]:
    """The command that a page names as its own."""
    told = re.search(r'data-copy="(audiolime [^"]*)"', Path(page).read_text(encoding="utf-8"))
    assert told is not None
    return shlex.split(html.unescape(told[1]))


ASKED: list[tuple[str, dict[str, Any]]] = [
    ("--target log-odds --labels loud", {"target": "log-odds", "labels": ["loud"]}),
    ("--contrast quiet loud", {"target": ("quiet", "loud")}),
    ("--baseline noise --labels loud", {"baseline": "noise", "labels": ["loud"]}),
    ("--baseline song.wav --labels loud", {"baseline": "song.wav", "labels": ["loud"]}),
    ("--method lime --seed 2 --at 1 2", {"method": "lime", "seed": 2, "at": [1, 2]}),
]


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(("words", "asked"), ASKED)
def test_a_page_asks_what_it_is_told_to(capsys: pytest.CaptureFixture[str], words: str, asked: dict[str, Any]) -> None:
    run(capsys, "page", "song.wav", *WINDOWED, *words.split())
    track = explain_track("song.wav", "studio_models:windowed", factorization="oracle:stems", **asked)
    Path("own").mkdir()
    write_page(track, "own/song.html", audio=None)
    assert Path("song.html").read_bytes() == Path("own/song.html").read_bytes()


SHOWN = [
    "--segments 2 --at 1 --labels loud",
    "--min-score .1",
    "--notes notes.csv --blind --labels loud",
    "--title -loud- --audio flac --no-mixture --source-url https://example.org/a?b=c&d",
    "-o other.html",
    "second.wav -o both.html",
]


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("words", [*(words for words, _ in ASKED), *SHOWN])
def test_the_command_on_a_page_makes_it_again(capsys: pytest.CaptureFixture[str], words: str) -> None:
    Path("second.wav").write_bytes(Path("song.wav").read_bytes())
    Path("notes.csv").write_text("time,text\n1,a bang\n")
    run(capsys, "page", "song.wav", *words.replace("--title ", "--title=").split(), *WINDOWED)
    (page,) = Path().glob("*.html")
    first = page.read_bytes()
    program, *again = command_on(str(page))
    page.unlink()
    assert program == "audiolime"
    run(capsys, *again)
    assert page.read_bytes() == first


@pytest.mark.usefixtures("studio")
def test_a_page_says_that_its_command_lacks_notes_that_are_in_no_file() -> None:
    track = explain_track("song.wav", "studio_models:windowed", factorization="oracle:stems", labels=["loud"])
    for notes, said in (([Note(1.0, "a bang")], True), ([], False)):
        text = write_page(track, "song.html", audio=None, notes=notes).read_text(encoding="utf-8")
        assert ("The listener’s notes are left out: they were not read from a file." in text) == said


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("url", ["javascript:alert(1)", "example.org/song", "https://", "http://[", "file:///song"])
def test_only_addresses_of_the_web_become_links(capsys: pytest.CaptureFixture[str], url: str) -> None:
    said = refusal(capsys, "page", "song.wav", *WINDOWED, "--source-url", url, code=USAGE)
    assert "is not the address of a recording; give one that begins with https:// or http://" in said
    assert not Path("cache/results").exists()
    track = explain_track("song.wav", "studio_models:windowed", factorization="oracle:stems", labels=["loud"])
    with pytest.raises(UsageError, match="is not the address of a recording"):
        write_page(track, "song.html", source_url=url)


@pytest.mark.usefixtures("studio")
def test_a_page_of_one_window_may_be_cut_into_segments(capsys: pytest.CaptureFixture[str]) -> None:
    cut = ("--segments", "2", "--labels", "loud")
    run(capsys, "page", "song.wav", *WINDOWED, "--at", "1", *cut, "-o", "out")
    excerpt = explain(
        "song.wav", "studio_models:windowed", factorization="oracle:stems", labels=["loud"], start_s=1, segments=2
    )
    assert len(excerpt.names) == 4
    write_page(excerpt, "song.html", audio=None)
    assert Path("out/song.html").read_bytes() == Path("song.html").read_bytes()
    assert "song.html" in Path("out/index.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--segments", "2"), "--segments cuts one excerpt, and a page of more than one window shows each as a whole"),
        (("--segments", "beats"), "name one window with --at S, or leave --segments out"),
        (("--segments", "2", "--at", "0", "1"), "name one window with --at S"),
        (("--segments", "2", "--at", "1", "--duration", "1"), "leave out --start and --duration"),
        (("--segments", "2", "--at", "1", "--min-score", ".2"), "--min-score is for pages without --segments"),
        (("--segments", "bars", "--at", "1"), "unknown kind of segments 'bars'"),
        (("--target", "odds"), "unknown target 'odds'"),
        (("--contrast", "quiet", "loud", "--target", "score"), "--target one label; give one of the two"),
        (("--contrast", "loud", "loud"), "'loud' is contrasted with itself"),
        (("--baseline", "gone.wav"), "the baseline must be silence, noise, floor or a recording"),
        (("--method", "shaply"), "did you mean 'shapley'"),
    ],
)
def test_what_a_page_cannot_show_is_refused(
    capsys: pytest.CaptureFixture[str], args: tuple[str, ...], message: str
) -> None:
    assert message in refusal(capsys, "page", "song.wav", *WINDOWED, *args, code=USAGE)


@pytest.mark.usefixtures("studio")
def test_wrong_usage_is_said_once_for_many_pages(capsys: pytest.CaptureFixture[str]) -> None:
    Path("second.wav").write_bytes(Path("song.wav").read_bytes())
    refusal(capsys, "page", "song.wav", "second.wav", *WINDOWED, "--labels", "lowd", "-o", "out", code=USAGE)


@pytest.mark.usefixtures("studio")
def test_page_json_says_what_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    made = {"factorizations": ["oracle:stems", "hpss"], "model": "studio_models:windowed"}
    both = (*WINDOWED, "-f", "hpss", "--json")
    Path("other.wav").write_bytes(Path("song.wav").read_bytes())
    for files, options, index, pages in (
        (["song.wav"], (), None, {"song.html": ["song.wav"]}),
        (["song.wav", "other.wav"], ("-o", "both.html"), None, {"both.html": ["song.wav", "other.wav"]}),
        (
            ["song.wav", "other.wav"],
            ("-o", "out"),
            str(Path("out/index.html")),
            {str(Path(f"out/{name}.html")): [f"{name}.wav"] for name in ("song", "other")},
        ),
    ):
        found = strict(run(capsys, "page", *files, *both, *options))
        assert found == {"index": index, "pages": [{"page": page, "files": of, **made} for page, of in pages.items()]}
        assert all(Path(page).is_file() for page in pages)


@pytest.mark.usefixtures("studio")
def test_a_page_says_that_it_replaces_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    told = [run(capsys, "page", "song.wav", *WINDOWED, "--audio", "none") for _ in "ab"]
    first = "open song.html in a browser"
    assert told == [f"{first}\n", f"{first}; it replaces the file that was there\n"]


@pytest.mark.usefixtures("studio")
def test_page_json_names_only_what_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", "song.wav", "missing.wav", *WINDOWED, "--json", "-o", "out"]) == 5
    assert [page["files"] for page in strict(capsys.readouterr().out)["pages"]] == [["song.wav"]]
    assert main(["page", "gone.wav", "song.wav", *WINDOWED, "--start", "9", "--json", "-o", "none"]) == 5
    assert strict(capsys.readouterr().out) == {"index": None, "pages": []}


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("output", ["new/song.pdf", "song.mp3", "song.htlm"])
def test_the_ending_of_another_kind_of_file_is_refused(capsys: pytest.CaptureFixture[str], output: str) -> None:
    said = refusal(capsys, "page", "song.wav", *WINDOWED, "-o", output, code=USAGE)
    assert f"-o {output} is no page; end its name in .html, or in / where it is a new folder" in said
    assert not Path("cache/results").exists()


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("output", ["new.pdf/", "there.d", "2026.11", "there.pdf"])
def test_a_folder_may_be_called_as_one_likes(capsys: pytest.CaptureFixture[str], output: str) -> None:
    Path("there.pdf").mkdir()
    run(capsys, "page", "song.wav", *WINDOWED, "--labels", "loud", "-o", output)
    assert (Path(output) / "song.html").is_file()


@pytest.mark.usefixtures("studio")
def test_a_split_stands_beside_itself_on_no_page(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, "page", "song.wav", *WINDOWED, "-f", "hpss", "-f", "hpss", code=USAGE)
    assert "-f hpss is given twice; name each way to split once" in said
