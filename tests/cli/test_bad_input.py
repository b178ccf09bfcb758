"""Whatever goes wrong: the right exit code, one helpful line on stderr, no traceback, nothing left behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiolime_ext import Audio, load_audio
from audiolime_ext.cli import main
from tests.cli.test_commands import EXPLAIN, SR, furnish, shell, strict

ROOT = Path(__file__).parents[2]
USAGE, MISSING, AUDIO, FAILED, INTERRUPTED = 2, 3, 4, 1, 130
WINDOWED = ("-f", "oracle:stems", "-t", "studio_models:windowed")


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A furnished folder, which is the current one."""
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return tmp_path


HALF = ("-t", "studio_models:loud", "--sr", "16000", "--start", "0.5", "--duration", "1")


def refusal(capsys: pytest.CaptureFixture[str], *args: str, code: int) -> str:
    """The one line on stderr with which a command ends; lines of code that it shows are indented below."""
    assert Path.cwd() != ROOT, "other tests write there meanwhile: ask in a folder of the test's own"
    before = sorted(Path.cwd().rglob("*"))
    try:
        found = main(args)
    except SystemExit as left:  # argparse
        found = int(str(left.code))
    out, err = capsys.readouterr()
    assert (found, out) == (code, ""), err
    line, *shown = err.splitlines()
    assert all(one.startswith("    ") or not one for one in shown), err
    assert line.startswith("audiolime: error: ")
    assert [path for path in sorted(Path.cwd().rglob("*")) if "__pycache__" not in str(path)] == [
        path for path in before if "__pycache__" not in str(path)
    ], "something was left behind"
    return line


def write_bad_audio(folder: Path) -> None:
    """Files that are not as they should be, named for what is wrong with them."""
    song = load_audio(folder / "song.wav").samples
    content = (folder / "song.wav").read_bytes()
    (folder / "empty.wav").write_bytes(b"")
    (folder / "header.wav").write_bytes(content[:60])
    (folder / "cut.wav").write_bytes(content[: len(content) // 2])
    (folder / "text.wav").write_text("la la la\n" * 100)
    (folder / "folder.wav").mkdir()
    soundfile.write(folder / "none.wav", np.zeros((0, 2)), SR)
    Audio(song[:, : SR // 5], SR).write(folder / "blink.wav")
    Audio(song[:, : SR // 20], SR).write(folder / "click.wav")
    Audio(0 * song, SR).write(folder / "silent.wav")
    broken = song.copy()
    broken[0, SR] = np.nan
    Audio(broken, SR).write(folder / "nan.wav")
    soundfile.write(folder / "surround.wav", np.zeros((SR, 8)), SR)


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("command", ["tag", "explain", "separate", "page"])
def test_a_folder_without_audio_is_said_with_what_is_in_it(capsys: pytest.CaptureFixture[str], command: str) -> None:
    Path("songs").mkdir()
    Path("songs/._a.wav").touch()
    output = () if command == "tag" else ("-o", "out")
    said = refusal(capsys, command, "songs", *output, code=USAGE)
    assert "songs is a folder without recordings (skipped in songs: 1 × hidden (._a.wav)); name files" in said


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("command", ["tag", "explain", "separate"])
@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("missing.wav", r"cannot read missing\.wav: No such file or directory; name an audio file \(wav, flac, ogg"),
        ("empty.wav", r"empty\.wav is empty \(0 bytes\)"),
        ("header.wav", r"header\.wav cannot be read as audio"),
        ("cut.wav", r"cut\.wav is cut short: its header promises 3\.00 s, it holds 1\.50 s; get a complete copy"),
        ("text.wav", r"text\.wav cannot be read as audio \(Format not recognised\); wav, flac, ogg and mp3 can"),
        ("none.wav", r"none\.wav holds no samples"),
        ("nan.wav", r"nan\.wav holds NaN or infinite samples \(the first at 1\.000 s, 1 in all\)"),
        ("surround.wav", r"surround\.wav has 8 channels; mono and stereo can be used\. Mix it down first"),
    ],
)
def test_audio_that_cannot_be_used(capsys: pytest.CaptureFixture[str], command: str, file: str, message: str) -> None:
    write_bad_audio(Path.cwd())
    options = {"tag": EXPLAIN[2:], "explain": (*EXPLAIN, "-o", "out"), "separate": ("-f", "hpss", "-o", "out")}
    assert re.search(message, refusal(capsys, command, file, *options[command], code=AUDIO))


@pytest.mark.usefixtures("studio")
def test_audio_of_less_than_a_tenth_of_a_second_is_refused_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    write_bad_audio(Path.cwd())
    for command, options in (("tag", WINDOWED[2:]), ("explain", ("-f", "hpss", *WINDOWED[2:]))):
        line = refusal(capsys, command, "click.wav", *options, code=AUDIO)
        assert "'click' is 0.050 s long; the model needs at least 0.100 s" in line


@pytest.mark.usefixtures("studio")
def test_a_blink_is_enough_for_a_model_that_hears_any_length(capsys: pytest.CaptureFixture[str]) -> None:
    write_bad_audio(Path.cwd())
    assert main(["explain", "blink.wav", "-f", "hpss", "-t", "studio_models:loud", "--json"]) == 0
    assert strict(capsys.readouterr().out)["duration_s"] == 0.2


@pytest.mark.usefixtures("studio")
def test_silence_cannot_be_explained_but_is_tagged_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    write_bad_audio(Path.cwd())
    line = refusal(capsys, "explain", "silent.wav", "-f", "hpss", *WINDOWED[2:], code=AUDIO)
    assert "'silent' is silent from 0 s to 1 s" in line
    assert main(["tag", "silent.wav", *WINDOWED[2:], "--json"]) == 0
    out, err = capsys.readouterr()
    assert strict(out)["mean"] == [0.0, 1.0]
    words = "is silent; these are the model's scores for silence"
    assert err == f"audiolime: warning: silent.wav: the excerpt from 0 s on {words}\n"
    song = load_audio("song.wav").samples
    Audio(np.concatenate([1e-4 * song, song], axis=1), SR).write("faint.wav")
    assert main(["tag", "faint.wav", *HALF]) == 0
    assert capsys.readouterr().err.endswith(
        "dB below the loudest one of 'faint'; these are the model's scores for next to nothing\n"
    )
    Audio(np.concatenate([0 * song, song], axis=1), SR).write("late.wav")
    assert main(["tag", "late.wav", *HALF]) == 0
    assert capsys.readouterr().err == f"audiolime: warning: late.wav: the excerpt from 0.5 s on {words}\n"


@pytest.mark.usefixtures("studio")
def test_a_low_rate_works_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    song = load_audio("song.wav")
    Audio(song.samples[:, ::2], 8000).write("telephone.wav")
    assert main(["tag", "telephone.wav", *WINDOWED[2:]]) == 0
    err = capsys.readouterr().err
    assert err.splitlines() == [
        "audiolime: warning: telephone.wav has a rate of 8000 Hz and the model listens at 16000 Hz: "
        "it hears nothing above 4 kHz"
    ]
    assert main(["explain", "telephone.wav", "-f", "hpss", *WINDOWED[2:], "--json"]) == 0
    (warning,) = [found for found in strict(capsys.readouterr().out)["warnings"] if "8000 Hz" in found]
    assert "nothing above 4 kHz" in warning


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--labels", "lowd"), r"unknown label 'lowd'; did you mean 'loud'\? \(allowed: loud, quiet\)"),
        (("--labels", "7"), r"unknown label '7'.*\(allowed: loud, quiet\)"),
        (("--method", "shaply"), r"unknown method 'shaply'; did you mean 'shapley'"),
        (("-f", "hppss"), r"unknown factorization 'hppss'; did you mean 'hpss'\?"),
        (("-f", "hpss:3"), r"hpss takes no argument, not '3'; write just: hpss"),
        (("-f", "nmf:0"), r"nmf:0 is not possible; write nmf:N with N from 2 to 64"),
        (("-f", "slic:20?compactness=soft"), r"compactness is 'soft'; it must be a number above 0"),
        (("-f", "demucs:htdemucs_5s"), r"unknown Demucs model 'htdemucs_5s'; did you mean 'htdemucs"),
        (("-f", "openunmix:umxhd"), r"unknown Open-Unmix model 'umxhd'; did you mean 'umxhq"),
        (("-f", "openunmix:no/where"), r"no/where is not a folder; name one that holds separator\.json"),
        (("-f", "oracle"), r"oracle needs a folder with one file for each stem: oracle:DIR"),
        (("-f", "oracle:nowhere"), r"oracle: nowhere is not a folder"),
        (("-f", "spleeter:3stems"), r"unknown .*3stems"),
        (("-f", "studio_models:plain"), r"a factorization has a method factorize"),
        (("-t", "musicn:MSD_musicnn"), r"unknown model 'musicn'; did you mean 'musicnn'\?"),
        (("-t", "musicnn:MSD"), r"unknown .*'MSD'"),
        (("-t", "no_such_module:predict"), r"unknown model 'no_such_module'; there is no module 'no_such_module' in"),
        (("-t", "studio_models:lowd"), r"unknown name in studio_models 'lowd'; did you mean 'loud'\?"),
        (("-t", "studio_models:LABELS"), r"a predict function is needed"),
        (("-t", "studio_broken:predict"), r"module 'studio_broken' raised ZeroDivisionError when imported"),
        (("--start", "-1"), r"argument --start: -1 s is before the recording begins; give 0 or more"),
        (("--start", "nan"), r"argument --start: a number of seconds is needed, such as 12\.5, not 'nan'"),
        (("--duration", "0"), r"argument --duration: an excerpt of 0 s holds nothing; give more than 0"),
        (("--duration", "three"), r"argument --duration: a number of seconds is needed, such as 12\.5, not 'three'"),
        (("--top-labels", "0"), r"argument --top-labels: a whole number of at least 1 is needed, not '0'"),
        (("--segments", "0"), r"argument --segments: a whole number of at least 1 is needed, not '0'"),
        (("--segments", "151"), r"151 time segments in 3\.000 s; from 1 to 150 are possible"),
        (("--seed", "-1"), r"argument --seed: a whole number of at least 0 is needed, not '-1'"),
        (("--max-evals", "1"), r"argument --max-evals: a whole number of at least 2 is needed"),
        (("--max-evals", "3"), r"3 evaluations are too few for 2 components"),
        (
            ("--segments", "100", "--max-evals", "200", "--method", "shapley"),
            r"200 evaluations are too few for 200 components",
        ),
        (("--sr", "0"), r"argument --sr: a whole number of at least 1 is needed"),
        (("-t", "studio_models:windowed", "--sr", "8000"), r"--sr 8000 does not fit: .* at 16000 Hz; leave"),
        (("--nonsense",), r"unrecognized arguments: --nonsense; see audiolime --help"),
        (("--labels",), r"argument --labels: expected at least one argument; see audiolime explain --help"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], args: tuple[str, ...], message: str) -> None:
    Path("studio_broken.py").write_text("1 / 0\n")
    assert re.search(message, refusal(capsys, "explain", "song.wav", *EXPLAIN, *args, code=USAGE))


@pytest.mark.usefixtures("studio")
def test_wrong_usage_is_said_once_for_many_files(capsys: pytest.CaptureFixture[str]) -> None:
    Path("second.wav").write_bytes(Path("song.wav").read_bytes())
    for args in (("--labels", "lowd"), ("--method", "shaply"), ("-f", "hppss")):
        refusal(capsys, "explain", "song.wav", "second.wav", *EXPLAIN, *args, code=USAGE)


@pytest.mark.usefixtures("studio")
def test_a_file_that_was_taken_for_a_label_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    line = refusal(capsys, "explain", "--labels", "loud", "song.wav", code=USAGE)
    assert "required: FILE (put it in front: --labels takes all that follows)" in line


@pytest.mark.usefixtures("studio")
def test_a_command_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "required: COMMAND; see audiolime --help" in refusal(capsys, code=USAGE)
    assert "invalid choice: 'explian'" in refusal(capsys, "explian", code=USAGE)


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    "args", [("--start", "3"), ("--start", "2.5", "--duration", "1"), ("--start", "99"), ("--duration", "3.1")]
)
@pytest.mark.parametrize("command", ["tag", "explain", "separate"])
def test_an_excerpt_past_the_end(capsys: pytest.CaptureFixture[str], command: str, args: tuple[str, ...]) -> None:
    options = {"tag": EXPLAIN[2:], "explain": EXPLAIN, "separate": ("-f", "oracle:stems", "-o", "out")}
    line = refusal(capsys, command, "song.wav", *options[command], *args, code=AUDIO)
    assert "does not lie within 'song', which is 3.000 s long; choose another start or a shorter duration" in line


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("nan", r"the predict function answered nan for label number 0 of signal 0 in a batch of shape"),
        ("flat", r"answered an array of shape \(7, 3\) .* it must answer \(\d, n_labels\), one row per signal"),
        ("failing", r"raised ValueError when given a float32 array of shape .*: the song is not my taste"),
    ],
)
@pytest.mark.parametrize("command", ["tag", "explain"])
def test_a_model_that_fails(capsys: pytest.CaptureFixture[str], command: str, model: str, message: str) -> None:
    options = ("-f", "oracle:stems") if command == "explain" else ()
    found = refusal(capsys, command, "song.wav", *options, "-t", f"studio_models:{model}", code=FAILED)
    assert re.search(message, found)


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.usefixtures("studio")
def test_debug_shows_the_users_own_traceback(capsys: pytest.CaptureFixture[str], place: str) -> None:
    command = ["explain", "song.wav", "-f", "oracle:stems", "-t", "studio_models:failing"]
    assert main(["--debug", *command] if place == "before" else [*command, "--debug"]) == FAILED
    err = capsys.readouterr().err
    assert "studio_models.py" in err
    assert 'raise ValueError("the song' in err
    told = [line for line in err.splitlines() if not line.startswith("    ")][-1]
    assert told.startswith("audiolime: error: the predict function raised ValueError")
    assert main(["--debug", "tag", "song.wav", "song.wav", "-t", "studio_models:failing"]) == 5
    assert capsys.readouterr().err.count('raise ValueError("the song') == 2


@pytest.mark.usefixtures("studio")
def test_a_separator_that_fails_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    Path("studio_splitter.py").write_text(
        "class Splitter:\n"
        "    spec, fingerprint, scope, references = None, 'x', 'blocks', ()\n"
        "    def factorize(self, audio, *, start_s=0.0, duration_s=None):\n"
        "        raise KeyError('vocals')\n"
        "splitter = Splitter()\n"
    )
    spec = "studio_splitter:splitter"
    line = refusal(capsys, "explain", "song.wav", "-f", spec, "-t", "studio_models:loud", code=FAILED)
    assert "KeyError: 'vocals'" in line
    assert "KeyError: 'vocals'" in refusal(capsys, "separate", "song.wav", "-f", spec, "-o", "out", code=FAILED)


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("command", ["explain", "separate", "page"])
def test_stems_that_are_not_finite_are_refused_and_none_is_written(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    Path("broken_splitter.py").write_text(
        "import numpy as np\n"
        "from audiolime_ext import Stems\n"
        "class Splitter:\n"
        "    spec, fingerprint, scope, references = None, 'x', 'blocks', ()\n"
        "    def factorize(self, audio, *, start_s=0.0, duration_s=None):\n"
        "        first, end = audio.span(start_s, duration_s)\n"
        "        part = audio.samples[:, first:end]\n"
        "        return Stems(('good', 'bad'), np.stack([part, part * np.inf]), audio.sr)\n"
        "splitter = Splitter()\n"
    )
    options = () if command == "separate" else ("-t", "studio_models:loud")
    out = "out.html" if command == "page" else "out"
    line = refusal(capsys, command, "song.wav", "-f", "broken_splitter:splitter", *options, "-o", out, code=USAGE)
    assert "Splitter: the stem 'bad' holds NaN or infinity" in line


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("command", ["explain", "separate"])
def test_a_folder_that_cannot_be_written_is_said_before_the_work(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    Path("file").write_text("")
    options = ("-f", "oracle:stems", *(("-t", "studio_models:sleeping") if command == "explain" else ()))
    line = refusal(capsys, command, "song.wav", *options, "-o", "file/out", code=FAILED)
    assert re.search(r"cannot write file/out: .*file is not a folder; name another folder", line)


@pytest.mark.usefixtures("studio")
def test_a_file_where_the_songs_folder_should_be_is_said_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    Path("out/song").write_text("in the way")
    for command in (
        ("explain", "song.wav", *EXPLAIN[:3], "studio_models:failing"),
        ("separate", "song.wav", "-f", "oracle:stems"),
    ):
        line = refusal(capsys, *command, "-o", "out", code=FAILED)
        assert f"cannot write {Path('out/song')}: {Path('out/song').absolute()} is not a folder" in line


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    "command",
    [
        "page song.wav -f oracle:stems -t studio_models:failing -o folder.html",
        "page song.wav stems/hum.wav -f oracle:stems -t studio_models:failing -o pages",
        "tag song.wav -t studio_models:failing --genres genres.csv --figure folder.png",
        "tag song.wav -t studio_models:failing --genres genres.csv --figure nowhere/figure.png",
        "audit nowhere.csv -t studio_models:failing -f oracle -o folder.html",
        f"audit nowhere.csv -t studio_models:failing -f oracle -o {'x' * 250}",
        "audit gate nowhere.sqlite --junit folder.html",
        "audit report nowhere.sqlite -o pages",
        "demo -o song.wav",
    ],
)
def test_an_output_that_cannot_be_written_is_said_before_the_work(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    Path("genres.csv").write_text("song.wav,jazz\n")
    for name in ("folder.html", "folder.png", "pages/index.html"):
        Path(name).mkdir(parents=True)
    assert "cannot write " in refusal(capsys, *command.split(), code=FAILED)


def limited(n_bytes: int) -> Any:
    """For a child process: no file may grow beyond so many bytes, as on a disk that is nearly full."""

    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    return limit


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no RLIMIT_FSIZE")
@pytest.mark.parametrize("n_bytes", [0, 1000, 100_000])
@pytest.mark.parametrize("command", ["explain", "separate"])
def test_a_full_disk_leaves_nothing_behind(studio: Path, command: str, n_bytes: int) -> None:
    options = {"explain": (*EXPLAIN, "--json"), "separate": ("-f", "oracle:stems")}[command]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    found = shell(
        command, "song.wav", *options, "-o", "deep/out", cwd=studio, preexec_fn=limited(n_bytes), env=environment
    )
    assert (found.returncode, found.stdout) == (FAILED, b""), found.stderr
    (line,) = found.stderr.decode().splitlines()
    assert re.search(r"^audiolime: error: cannot write .*nothing was left half-written", line)
    assert {path.name for path in studio.iterdir()} == {"song.wav", "stems", "studio_models.py"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no RLIMIT_FSIZE")
def test_a_full_disk_leaves_the_last_result_whole(studio: Path) -> None:
    assert shell("explain", "song.wav", *EXPLAIN, "-o", "out", cwd=studio).returncode == 0
    before = {path.name: path.read_bytes() for path in (studio / "out" / "song").iterdir()}
    options = (*EXPLAIN, "--start", "1", "-o", "out")
    found = shell("explain", "song.wav", *options, cwd=studio, preexec_fn=limited(100_000))
    assert found.returncode == FAILED
    assert {path.name: path.read_bytes() for path in (studio / "out" / "song").iterdir()} == before
    assert [path.name for path in (studio / "out").iterdir()] == ["song"]


def interrupted(studio: Path, *args: str, once: Path | str) -> subprocess.Popen[bytes]:
    """The command after SIGINT, sent as soon as a file that matches `once` is there."""
    command = [sys.executable, "-m", "audiolime_ext", *args]
    process = subprocess.Popen(command, cwd=studio, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(studio.glob(str(once))):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never came that far"
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    return process


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_interrupting_the_model_ends_with_one_line(studio: Path) -> None:
    options = ("-f", "oracle:stems", "-t", "studio_models:sleeping", "-o", "out")
    process = interrupted(studio, "explain", "song.wav", *options, once="asked")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (INTERRUPTED, b"")
    assert err.decode().splitlines() == ["audiolime: interrupted; nothing is left half-written"]
    assert not (studio / "out").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_interrupting_while_stems_are_written_leaves_nothing(studio: Path) -> None:
    (studio / "studio_slow.py").write_text(
        "import time\n"
        "from factorizations.oracle import OracleFactorization\n"
        "class Slow(OracleFactorization):\n"
        "    scope = 'blocks'\n"
        "    def factorize(self, audio, *, start_s=0.0, duration_s=None):\n"
        "        if start_s:\n"
        "            time.sleep(60)\n"
        "        return super().factorize(audio, start_s=start_s, duration_s=duration_s)\n"
        "slow = Slow.from_folder('stems')\n"
        "from functools import partial\n"
        "from audiolime_ext.factorization import contract\n"
        "contract.factorize_in_parts = partial(contract.factorize_in_parts, part_s=1.0)\n"
    )
    options = ("-f", "studio_slow:slow", "-o", "deep/out")
    process = interrupted(studio, "separate", "song.wav", *options, once="deep/out/.song.*.part/hum.wav")
    _, err = process.communicate(timeout=30)
    assert process.returncode == INTERRUPTED
    assert err.decode().splitlines()[-1] == "audiolime: interrupted; nothing is left half-written"
    assert not (studio / "deep").exists()


@pytest.mark.usefixtures("studio")
def test_what_a_checkpoint_lacks_is_said_with_exit_code_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "empty cache"))
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    line = refusal(capsys, "explain", "song.wav", "-f", "hpss", "-t", "musicnn:MSD_musicnn", code=MISSING)
    assert "AUDIOLIME_OFFLINE" in line
    line = refusal(capsys, "separate", "song.wav", "-f", "spleeter:2stems", "-o", "out", code=MISSING)
    assert "--from" in line


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("spec", ["demucs:htdemucs", "openunmix:umxhq"])
def test_a_separator_without_its_extra_is_said_with_exit_code_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, spec: str
) -> None:
    package = spec.partition(":")[0]
    monkeypatch.setitem(sys.modules, package, None)
    line = refusal(capsys, "separate", "song.wav", "-f", spec, "-o", "out", code=MISSING)
    assert f"pip install 'audiolime-ext[{package}]'" in line


@pytest.mark.usefixtures("studio")
def test_what_is_no_onnx_model_is_said_with_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    Path("words.onnx").write_text("These are words.")
    line = refusal(capsys, "tag", "song.wav", "-t", "onnx:words.onnx?sr=16000&labels=a;b", code=MISSING)
    assert "words.onnx is damaged, or no ONNX model" in line


@pytest.mark.usefixtures("studio", "published")
def test_unknown_labels_of_the_published_tagger_suggest_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("-f", "oracle:stems", "-t", "musicnn:MSD_musicnn", "--labels", "femal vocalists")
    assert "did you mean 'female vocalists'" in refusal(capsys, "explain", "song.wav", *options, code=USAGE)


@pytest.mark.usefixtures("studio", "published")
def test_a_blink_is_repeated_for_the_published_tagger_and_a_click_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    write_bad_audio(Path.cwd())
    assert main(["tag", "blink.wav"]) == 0
    assert "0.20 s are less than the model's window of 2.99 s: repeated until it is full" in capsys.readouterr().err
    line = refusal(capsys, "tag", "click.wav", code=AUDIO)
    assert "'click' is 0.050 s long; the model needs at least 0.100 s" in line


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("command", ["explain", "page", "tag", "separate"])
def test_where_no_file_is_there_nothing_is_fetched(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")  # a model that is looked for is missing, too: exit code 3
    output = () if command == "tag" else ("-o", "out.html" if command == "page" else "out")
    long = f"{'x' * 300}.wav"
    for file, reason in ((long, "File name too long"), ("missing.wav", "No such file or directory")):
        said = refusal(capsys, command, file, "gone.wav", *output, code=AUDIO)
        assert f"cannot read {file}: {reason}; name an audio file" in said
