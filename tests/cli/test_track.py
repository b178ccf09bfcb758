"""``audiolime explain --track``, ``--at`` and ``audiolime cache``, as a user meets them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from audiolime_ext.cli import main
from tests.cli.test_bad_input import INTERRUPTED, USAGE, interrupted, refusal, write_bad_audio
from tests.cli.test_commands import furnish, run, shell, strict

WINDOWED = ("-f", "oracle:stems", "-t", "studio_models:windowed")


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A furnished folder, which is the current one, and a cache of its own."""
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.usefixtures("studio")
def test_a_track_is_summed_up_and_written(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "explain", "song.wav", *WINDOWED, "--track", "--labels", "loud", "-o", "out")
    assert "song, 0.00 s to 3.00 s: 3 windows of 1.00 s" in out
    assert re.search(r"^loud +0\.\d\d ", out, re.MULTILINE)
    assert out.splitlines()[-1] == f"all numbers: {Path('out/song/track.json')}"
    found = strict(Path("out/song/track.json").read_text(encoding="utf-8"))
    assert (found["kind"], found["file"], found["times_s"]) == ("track", "song.wav", [0, 1, 2])
    assert found == strict(run(capsys, "explain", "song.wav", *WINDOWED, "--track", "--labels", "loud", "--json"))


@pytest.mark.usefixtures("studio")
def test_places_are_shown_as_a_table_for_the_first_label(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "explain", "song.wav", *WINDOWED, "--at", "1.5", "0", "--labels", "loud", "quiet")
    rows = out.splitlines()[3:6]
    assert rows[0].split() == ["start", "window", "loud", "explanation"]
    assert [row.split()[0] for row in rows[1:]] == ["0:00.0", "0:01.5"]
    assert all("hum (+0." in row for row in rows[1:])


@pytest.mark.usefixtures("studio")
def test_labels_are_those_that_reach_the_score(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\nloud " not in run(capsys, "explain", "song.wav", *WINDOWED, "--track")
    assert "\nloud " in run(capsys, "explain", "song.wav", *WINDOWED, "--track", "--min-score", "0.05")
    assert "\nloud " in run(capsys, "explain", "song.wav", *WINDOWED, "--track", "--top-labels", "2")


@pytest.mark.usefixtures("studio")
def test_one_excerpt_still_has_three_labels_unless_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("-f", "oracle:stems", "-t", "studio_models:odd", "--json")
    assert len(strict(run(capsys, "explain", "song.wav", *options))["labels"]) == 3
    assert len(strict(run(capsys, "explain", "song.wav", *options, "--top-labels", "2"))["labels"]) == 2


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--track", "--at", "1"), "--track explains every window and --at some of them; give one of the two"),
        (("--at", "1", "--start", "2"), "--at says where windows begin, .* leave out --start and --duration"),
        (("--at", "1", "--duration", "2"), "leave out --start and --duration"),
        (("--at", "one"), r"argument --at: a number of seconds is needed, such as 12\.5, not 'one'"),
        (("--at", "-1"), "argument --at: -1 s is before the recording begins"),
        (("--at",), "argument --at: expected at least one argument"),
        (("--track", "--segments", "2"), "--segments is for one excerpt; leave it out, or leave out --track and --at"),
        (("--at", "1", "--settle", "1", "--labels", "loud"), "--settle is for one excerpt"),
        (("--track", "--shifts"), "--shifts is for one excerpt"),
        (("--contrast", "loud", "quiet", "--target", "log-odds"), "--target one label; give one of the two"),
        (("--track", "--faithfulness"), "--faithfulness is for one excerpt"),
        (("--track", "--donors", "song.wav"), "--donors is for one excerpt"),
        (("--min-score", "0.2"), "--min-score is for whole recordings; add --track or --at"),
        (("--no-cache",), "--no-cache is for whole recordings"),
        (("--track", "--min-score", "high"), r"argument --min-score: a score is needed, such as 0\.3, not 'high'"),
        (("--track", "--labels", "lowd"), "did you mean 'loud'"),
    ],
)
def test_contradictions_are_refused(capsys: pytest.CaptureFixture[str], args: tuple[str, ...], message: str) -> None:
    assert re.search(message, refusal(capsys, "explain", "song.wav", *WINDOWED, *args, code=USAGE))


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("file", "args", "message"),
    [
        ("song.wav", ("--at", "2.5"), "does not lie within 'song', which is 3.000 s long"),
        ("click.wav", ("--track",), "'click' is 0.050 s long; the model needs at least 0.100 s"),
        ("silent.wav", ("--track",), "'silent' is silent where it is to be explained"),
        ("missing.wav", ("--track",), "cannot read missing.wav: No such file or directory"),
        ("text.wav", ("--track",), "text.wav cannot be read as audio"),
        ("cut.wav", ("--track",), "cut.wav is cut short"),
    ],
)
def test_bad_audio_is_told_on_one_line(
    capsys: pytest.CaptureFixture[str], file: str, args: tuple[str, ...], message: str
) -> None:
    write_bad_audio(Path.cwd())
    assert message in refusal(capsys, "explain", file, "-f", "hpss", *WINDOWED[2:], *args, code=4)


@pytest.mark.usefixtures("studio")
def test_several_tracks_are_printed_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    write_bad_audio(Path.cwd())
    assert main(["explain", "song.wav", "silent.wav", *WINDOWED, "--track", "--json"]) == 5
    out, err = capsys.readouterr()
    assert strict(out)["file"] == "song.wav"
    assert "silent.wav: 'silent' is silent" in err


@pytest.mark.usefixtures("studio")
def test_the_cache_is_listed_and_cleared(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "cache", "list") == f"0 B of at most 5.0 GB in {Path.cwd() / 'cache' / 'results'}\n"
    run(capsys, "explain", "song.wav", *WINDOWED, "--track")
    header, *rows, total = run(capsys, "cache", "list").splitlines()
    assert header.split() == ["recording", "kept", "made", "with", "entries", "size", "last", "used"]
    (row,) = rows  # a function without a version keeps no answers
    assert row.split()[:4] == ["song", "stems", "oracle:stems", "1"]
    assert re.match(r"\d+\.\d kB of at most 5\.0 GB in ", total)
    found = strict(run(capsys, "cache", "list", "--json"))
    assert [entry["kind"] for entry in found["results"]] == ["stems"]
    assert found["bytes"] == found["results"][0]["bytes"] > 300_000
    assert re.match(r"removed 1 result, \d+\.\d kB, from ", run(capsys, "cache", "clear"))
    assert strict(run(capsys, "cache", "clear", "--json"))["entries"] == 0


@pytest.mark.usefixtures("studio")
def test_no_cache_keeps_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "explain", "song.wav", *WINDOWED, "--track", "--no-cache")
    assert not Path("cache").exists()


@pytest.mark.usefixtures("studio")
def test_a_limit_that_is_no_size_is_wrong_usage(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE_MAX", "plenty")
    for command in (("explain", "song.wav", *WINDOWED, "--track"), ("cache", "list"), ("cache", "clear")):
        assert "AUDIOLIME_CACHE_MAX='plenty' is not a size" in refusal(capsys, *command, code=USAGE)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_interrupting_a_track_ends_with_one_line(studio: Path) -> None:
    options = ("-f", "oracle:stems", "-t", "studio_models:sleeping", "--track", "-o", "out")
    process = interrupted(studio, "explain", "song.wav", *options, once="asked")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (INTERRUPTED, b"")
    assert err.decode().splitlines() == ["audiolime: interrupted; nothing is left half-written"]
    assert not (studio / "out").exists()


def test_help_explains_the_options(studio: Path) -> None:
    found = shell("explain", "--help", cwd=studio).stdout.decode()
    assert {"--track", "--at", "--min-score", "--no-cache"} <= set(re.findall(r"--[a-z-]+", found))
    assert "AUDIOLIME_CACHE_MAX" in shell("cache", "--help", cwd=studio).stdout.decode()
