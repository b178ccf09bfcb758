"""The command line as a user meets it: tables, JSON, clips, several files, any file name."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from audiolime_ext import Audio, load_audio
from audiolime_ext.cli import main
from audiolime_ext.cli.options import output_folders
from audiolime_ext.factorization.contract import factorize_in_parts

SR = 16000
SECONDS = 3.0
LOUD = "-t", "studio_models:loud", "--sr", "16000"

MODELS = """
import os
import time

import numpy as np
from pathlib import Path

from audiolime_ext import tagger

LABELS = ["loud", "quiet"]


def plain(batch):
    level = np.sqrt((batch**2).mean(axis=1))
    return np.stack([level, 1 - level], axis=1)


loud = tagger(plain, labels=LABELS)
windowed = tagger(plain, sr=16000, labels=LABELS, window_s=1.0)
odd = tagger(lambda batch: np.repeat(plain(batch)[:, :1], 4, axis=1), labels=["a/b", "../up", "<b>rock</b>", "小提琴"])


def drifting(batch):
    gain = float(Path("gain.txt").read_text()) if Path("gain.txt").exists() else 1.0
    return gain * plain(batch)


def nan(batch):
    return plain(batch) * np.nan


def flat(batch):
    return np.zeros((7, 3))


def failing(batch):
    raise ValueError("the song\\nis not my taste")


def sleeping(batch):
    Path("asked").touch()
    time.sleep(60)
    return plain(batch)
"""

EXPLANATION_KEYS = {
    "schema_version",
    "file",
    "sha256",
    "input",
    "start_s",
    "duration_s",
    "sr",
    "n_channels",
    "n_windows",
    "factorization",
    "model",
    "target",
    "method",
    "exact",
    "seed",
    "n_evals",
    "n_segments",
    "boundaries_s",
    "uncut",
    "interactions",
    "settings",
    "n_checks",
    "confusion",
    "cross_check",
    "settled",
    "level",
    "missing",
    "values",
    "leading",
    "shift_spread",
    "additivity",
    "repeatability",
    "residual",
    "components",
    "level_db",
    "labels",
    "scores",
    "weights",
    "std_errors",
    "completeness_gap",
    "top",
    "notes",
    "warnings",
    "versions",
}


def furnish(folder: Path) -> None:
    """A song of two stems, the stems, and some models, in `folder`."""
    rng = np.random.default_rng(0)
    time = np.arange(round(SECONDS * SR)) / SR
    hum = np.stack([0.2 * np.sin(2 * np.pi * 220 * time), 0.1 * np.sin(2 * np.pi * 220 * time)]).astype(np.float32)
    hiss = rng.normal(0, 0.02, (2, len(time))).astype(np.float32)
    Audio(hum + hiss, SR).write(folder / "song.wav")
    (folder / "stems").mkdir()
    Audio(hum, SR).write(folder / "stems" / "hum.wav")
    Audio(hiss, SR).write(folder / "stems" / "hiss.wav")
    (folder / "studio_models.py").write_text(MODELS, encoding="utf-8")


EXPLAIN = ("-f", "oracle:stems", "-t", "studio_models:loud")


def shell(*args: str | bytes, cwd: Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "audiolime_ext", *args]
    return subprocess.run(command, cwd=cwd, capture_output=True, check=False, timeout=120, **options)


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A furnished folder, which is the current one."""
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return tmp_path


def strict(text: str) -> Any:
    """JSON without the NaN and Infinity that Python's reader would let pass."""

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    return json.loads(text, parse_constant=refuse)


def run(capsys: pytest.CaptureFixture[str], *args: str, code: int = 0) -> str:
    """What a command prints, its exit code checked."""
    found = main(args)
    out, err = capsys.readouterr()
    assert found == code, err
    return out


@pytest.mark.usefixtures("studio")
def test_explain_prints_a_table_and_says_which_source_makes_the_tag(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "explain", "song.wav", *EXPLAIN, "--labels", "loud")
    assert re.search("^loud .* hum ", out, re.MULTILINE)
    assert "oracle:stems and studio_models:loud" in out


@pytest.mark.usefixtures("studio")
def test_explain_json_is_one_object_with_the_documented_keys(capsys: pytest.CaptureFixture[str]) -> None:
    found = strict(run(capsys, "explain", "song.wav", *EXPLAIN, "--labels", "loud", "1", "--json"))
    assert set(found) == EXPLANATION_KEYS
    assert (found["file"], found["labels"], found["components"]) == ("song.wav", ["loud", "quiet"], ["hiss", "hum"])
    assert np.array(found["weights"]).shape == (2, 2)
    assert set(found["scores"]) == {"full", "empty"}
    nothing: dict[str, Any] = {"component": None, "weight": None, "components": [], "weights": [], "file": None}
    assert [set(entry) for entry in found["top"]] == [{"label", *nothing}] * 2
    assert found["top"][1] == {"label": "quiet", **nothing}
    assert (found["exact"], found["seed"], found["n_evals"]) == (True, None, 4)


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("segments", ["1", "6"])
def test_explain_json_of_lime_adds_the_kernel_and_never_holds_nan(
    capsys: pytest.CaptureFixture[str], segments: str
) -> None:
    options = ("--method", "lime", "--segments", segments, "--max-evals", "64")
    found = strict(run(capsys, "explain", "song.wav", *EXPLAIN, *options, "--json"))
    assert {"kernel", "intercept", "fidelity"} < set(found)
    assert found["method"] == "lime"
    assert found["exact"] == (segments == "1")
    assert (found["fidelity"][0] is None) == (segments == "1"), "four masks cannot judge three coefficients"


def test_explain_writes_clips_that_can_be_played_and_says_where(
    studio: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(capsys, "explain", "song.wav", *EXPLAIN, "-o", "out", "--labels", "loud", "quiet")
    assert f"listen to loud: {Path('out/song/loud.wav')}" in out
    assert sorted(path.name for path in Path("out/song").iterdir()) == ["explanation.json", "loud.wav", "mixture.wav"]
    np.testing.assert_allclose(load_audio("out/song/loud.wav").samples, load_audio("stems/hum.wav").samples, atol=1e-6)
    written = strict(Path("out/song/explanation.json").read_text(encoding="utf-8"))
    assert written["top"][0]["file"] == str(Path("out/song/loud.wav"))
    assert [path.name for path in studio.iterdir() if path.name.startswith(".")] == []


def test_labels_never_lead_out_of_the_folder(studio: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("-f", "oracle:stems", "-t", "studio_models:odd", "--top-labels", "4")
    run(capsys, "explain", "song.wav", *options, "-o", "out")
    names = {path.name for path in Path("out/song").iterdir()}
    assert names == {"a-b.wav", "up.wav", "b-rock-b.wav", "小提琴.wav", "mixture.wav", "explanation.json"}
    assert {path.name for path in studio.iterdir()} >= {"out", "song.wav"}
    assert {path.name for path in Path("out").iterdir()} == {"song"}


@pytest.mark.usefixtures("studio")
def test_html_in_labels_is_shown_as_text() -> None:
    from audiolime_ext import explain

    page = explain("song.wav", "studio_models:odd", factorization="oracle:stems", top_labels=4)._repr_html_()
    assert "<b>rock" not in page
    assert "&lt;b&gt;rock" in page


@pytest.mark.usefixtures("studio")
def test_tag_json_holds_every_window(capsys: pytest.CaptureFixture[str]) -> None:
    found = strict(run(capsys, "tag", "song.wav", "-t", "studio_models:windowed", "--json", "--start", "0.5"))
    assert set(found) == {"file", "model", "labels", "times_s", "scores", "padded", "counted", "mean", "notes"}
    assert found["counted"] == [True, True, False]
    assert found["times_s"] == [0.5, 1.5, 2.5]
    assert found["padded"] == [False, False, True]
    assert np.array(found["scores"]).shape == (3, 2)
    np.testing.assert_allclose(found["mean"], np.mean(found["scores"][:2], axis=0))


@pytest.mark.usefixtures("studio")
def test_what_is_wrong_with_a_file_or_filled_up_or_left_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    short, silent = load_audio("song.wav").excerpt(0.0, 0.5), np.zeros((1, SR), np.float32)
    short.write("short.wav")
    loud = load_audio("song.wav").excerpt(0.0, 1.0).samples
    Audio(np.concatenate([loud, np.repeat(silent, len(loud), axis=0)], axis=1), SR).write("half.wav")
    with Path("short.wav").open("ab") as file:
        file.write(b"\1 and what is no chunk")
    for command in (["tag"], ["explain", "-f", "bands:2"], ["explain", "-f", "bands:2", "--track"]):
        assert main([*command, "short.wav", "-t", "studio_models:windowed"]) == 0
        told = "".join(capsys.readouterr())
        assert told.count("0.50 s are less than the model's window of 1.00 s: filled up with silence") == 1
        assert told.count("behind the end of short.wav, at 0.50 s, lie 22 bytes that are not read") == 1
    assert main(["tag", "half.wav", "-t", "studio_models:windowed", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == "audiolime: warning: half.wav: 1 of 2 windows is silent, and not in the mean\n"
    found = strict(out)
    assert found["counted"] == [True, False]
    assert found["mean"] == found["scores"][0]


@pytest.mark.usefixtures("studio")
def test_tag_prints_the_leading_labels(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "tag", "song.wav", "-t", "studio_models:windowed", "--top-labels", "1")
    assert "quiet" in out
    assert "loud" not in out


@pytest.mark.usefixtures("studio")
def test_tag_prints_the_labels_that_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    lines = run(capsys, "tag", "song.wav", "-m", "studio_models:windowed", "--labels", "QUIET").splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["quiet"]
    for other in (["--top-labels", "2"], ["--json"]):
        assert main(["tag", "song.wav", "-m", "studio_models:windowed", "--labels", "1", *other]) == 2
        assert "--labels chooses rows of the table" in capsys.readouterr().err


@pytest.mark.usefixtures("studio")
def test_separate_writes_stems_that_sum_to_the_recording(capsys: pytest.CaptureFixture[str]) -> None:
    Path("stems/hiss.wav").unlink()
    found = strict(run(capsys, "separate", "song.wav", "-f", "oracle:stems", "-o", "out", "--json", "--start", "1"))
    assert found["stems"] == {name: str(Path(f"out/song/{name}.wav")) for name in ("hum", "residual")}
    stems = [load_audio(path) for path in found["stems"].values()]
    assert all(soundfile.info(path).subtype == "FLOAT" for path in found["stems"].values())
    total = np.sum([stem.samples for stem in stems], axis=0)
    np.testing.assert_allclose(total, load_audio("song.wav").excerpt(1.0).samples, atol=1e-6)


@pytest.mark.usefixtures("studio")
def test_separate_in_parts_is_separate_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run(capsys, "separate", "song.wav", "-f", "hpss", "-o", "whole")
    in_parts = functools.partial(factorize_in_parts, part_s=0.7)
    monkeypatch.setattr("audiolime_ext.factorization.contract.factorize_in_parts", in_parts)
    run(capsys, "separate", "song.wav", "-f", "hpss", "-o", "parts")
    for path in Path("parts/song").iterdir():
        content = path.read_bytes()
        assert content[content.index(b"PEAK") + 12 :][:4] == bytes(4), "the same stems at any time"
    for name in ("harmonic", "percussive"):
        whole, parts = (load_audio(f"{folder}/song/{name}.wav").samples for folder in ("whole", "parts"))
        assert whole.shape == load_audio("song.wav").samples.shape
        np.testing.assert_allclose(parts, whole, atol=1e-5)


@pytest.mark.usefixtures("studio")
def test_stems_of_any_name_stay_in_the_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("studio_stems.py").write_text(
        "from audiolime_ext import load_audio\n"
        "from factorizations.oracle import OracleFactorization\n"
        "song = load_audio('song.wav')\n"
        "half = (song.samples / 2, song.sr)\n"
        "split = OracleFactorization({'../a/b': half, '..': half})\n"
    )
    found = strict(run(capsys, "separate", "song.wav", "-f", "studio_stems:split", "-o", "out", "--json"))
    assert found["stems"] == {"../a/b": str(Path("out/song/a-b.wav")), "..": str(Path("out/song/label.wav"))}
    assert {path.name for path in Path("out/song").iterdir()} == {"a-b.wav", "label.wav"}


@pytest.mark.usefixtures("studio")
def test_list_names_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "list")
    for word in ("spleeter:2stems", "oracle:DIR", "hpss", "musicnn:MSD_musicnn", "package.module:name"):
        assert word in out
    rows = strict(run(capsys, "list", "--json"))
    assert all(set(row) == {"kind", "spec", "ready", "needs", "about"} for row in rows)


def test_what_a_model_can_answer_is_listed(capsys: pytest.CaptureFixture[str], published: None) -> None:
    out = run(capsys, "list", "musicnn:MTT_musicnn").splitlines()
    assert out[:3] == [
        "musicnn:MTT_musicnn hears 2.99 s at a time, 1 channel, at 16000 Hz",
        "50 labels:",
        "  guitar",
    ]
    assert len(out) == 52
    assert strict(run(capsys, "list", "vibenet", "--json"))["labels"][-1] == "valence"
    nameless = run(capsys, "list", "musicnn:MTT_musicnn?layer=penultimate")
    assert nameless.endswith("its outputs have no names: only positions, such as those of an embedder\n")


def test_list_says_which_extra_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in ("keras", "torch") else name)
    rows = {row["spec"]: row for row in strict(run(capsys, "list", "--json"))}
    assert rows["hpss"]["ready"]
    for spec, extra in {"keras:PATH.keras?sr=…&labels=…": "keras", "hf:DIR": "huggingface"}.items():
        assert not rows[spec]["ready"]
        assert rows[spec]["needs"] == f"pip install 'audiolime-ext[{extra}]'"


def test_list_says_what_other_packages_would_download(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    rows = {row["spec"]: row for row in strict(run(capsys, "list", "--json"))}
    for spec, needs in {
        "demucs:htdemucs": "weights adefossez/HTDemucs of the Hugging Face hub (a download at first use)",
        "openunmix:umxhq": "weights umxhq of Zenodo's record 3370489 (a download of 142 MB at first use)",
        "openunmix:DIR": "nothing",
    }.items():
        assert (rows[spec]["needs"], rows[spec]["ready"]) == (needs, needs == "nothing")


@pytest.mark.usefixtures("studio")
def test_of_several_files_each_gets_a_line_and_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("second.wav").write_bytes(Path("song.wav").read_bytes())
    out = run(capsys, "explain", "song.wav", "second.wav", *EXPLAIN, "--json", "-o", "out")
    assert [strict(line)["file"] for line in out.splitlines()] == ["song.wav", "second.wav"]
    assert {path.name for path in Path("out").iterdir()} == {"song", "second"}


def test_that_the_rate_was_assumed_is_told_once_for_all_files(studio: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (studio / "second.wav").write_bytes(Path("song.wav").read_bytes())
    assert main(["tag", "song.wav", "second.wav", "-t", "studio_models:loud"]) == 0
    own = "the model was asked at the recording's own rate, 16000 Hz; if it was trained at another, say so: sr=16000"
    assert capsys.readouterr().err == f"audiolime: warning: {own} (--sr 16000)\n"


@pytest.mark.parametrize("command", ["tag", "explain", "separate"])
def test_one_bad_file_of_several_is_told_and_the_others_are_done(
    studio: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    Path("bad.wav").write_text("no sound")
    Path("last.wav").write_bytes(Path("song.wav").read_bytes())
    options = {
        "tag": ("-t", "studio_models:loud", "--sr", "16000", "--json"),
        "explain": (*EXPLAIN, "--json"),
        "separate": ("-f", "oracle:stems", "-o", "out", "--json"),
    }
    code = main([command, "song.wav", "bad.wav", "missing.wav", "last.wav", *options[command]])
    out, err = capsys.readouterr()
    assert code == 5
    assert [strict(line)["file"] for line in out.splitlines()] == ["song.wav", "last.wav"]
    first, second, total = err.splitlines()
    assert first.startswith("audiolime: error: bad.wav cannot be read as audio")
    assert second.startswith("audiolime: error: cannot read missing.wav")
    assert total == "audiolime: 2 of 4 files failed"
    assert command != "separate" or {path.name for path in (studio / "out").iterdir()} == {"song", "last"}


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("twice", ["song.wav", "./song.wav", "stems/../song.wav"])
def test_a_file_that_is_given_twice_is_refused_before_any_work(capsys: pytest.CaptureFixture[str], twice: str) -> None:
    assert main(["explain", "song.wav", twice, *EXPLAIN, "-o", "out"]) == 2
    assert f"song.wav and {twice} are one file, given twice; name it once" in capsys.readouterr().err
    assert not Path("out").exists()


APART = {
    "song.wav": "song.wav",
    "song.flac": "song.flac",
    "a/song.wav": "a-song.wav",
    "b/song.wav": "b-song.wav",
    "other.wav": "other",
    "other-2.wav": "other-2",
}


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize("command", ["explain", "explain --at 0", "separate"])
@pytest.mark.parametrize("turned", [False, True])
def test_files_that_share_a_name_are_told_apart_whichever_comes_first(
    capsys: pytest.CaptureFixture[str], command: str, turned: bool
) -> None:
    for number, name in enumerate(APART):
        Path(name).parent.mkdir(exist_ok=True)
        sound = load_audio("stems/hum.wav" if number % 2 else "stems/hiss.wav")
        soundfile.write(name, sound.samples.T, sound.sr)
    files = list(APART)[::-1] if turned else list(APART)
    options = ("-t", "studio_models:windowed") if command != "separate" else ()
    out = run(capsys, *command.split()[:1], *files, *command.split()[1:], "-f", "hpss", *options, "-o", "out")
    assert {path.name for path in Path("out").iterdir()} == set(APART.values())
    if command == "explain":
        named = re.findall(r"^(\S+), \d\.\d\d s to", out, re.MULTILINE)
        assert named == [{"other.wav": "other", "other-2.wav": "other-2"}.get(file, file) for file in files]
        for file, folder in APART.items():
            assert strict((Path("out") / folder / "explanation.json").read_text(encoding="utf-8"))["file"] == file


@pytest.mark.parametrize("files", [("Song.wav", "song.wav"), ("song.wav", "Song.wav")])
def test_names_that_differ_in_case_alone_are_numbered_in_one_order(files: tuple[str, str]) -> None:
    assert output_folders(files, "out") == {"Song.wav": Path("out/Song.wav"), "song.wav": Path("out/song.wav-2")}


def test_no_name_leaves_its_folder() -> None:
    files = ["/a/0.wav", "../0.wav", "0.wav", "musdb:/a/ROOT#4", "musdb:/b/ROOT#4"]
    names = {folder.name for folder in output_folders(files, "out").values()}
    assert names == {"a-0.wav", "0.wav", "0.wav-2", "a-ROOT#4", "b-ROOT#4"}


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    "name", ["my song.wav", "🎸 Ezer Év.wav", "-dash.wav", "...wav", "a'b\"c.wav", f"{'x' * 200}.wav"]
)
def test_files_may_have_any_name(capsys: pytest.CaptureFixture[str], name: str) -> None:
    Path("song.wav").rename(name)
    options = (*EXPLAIN, "-o", "out", "--json")
    found = strict(run(capsys, "explain", *options, "--", name))
    assert found["file"] == name
    (folder,) = Path("out").iterdir()
    assert (folder / "mixture.wav").exists()
    run(capsys, "separate", "-f", "oracle:stems", "-o", "stems of it", "--", name)
    assert len(list(Path("stems of it").rglob("*.wav"))) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere file names are text")
def test_a_file_name_that_is_no_text_goes_through(studio: Path) -> None:
    name = b"caf\xe9.wav"
    Path("song.wav").rename(os.fsdecode(name))
    for options in (("-o", "out"), ("--json", "-o", "out")):
        found = shell("explain", name, *EXPLAIN, *options, cwd=studio)
        assert (found.returncode, found.stderr) == (0, b"")
    assert os.fsencode(strict(found.stdout.decode())["file"].encode(errors="surrogateescape")) == name
    found = shell("separate", name, "-f", "oracle:stems", "-o", "stems of it", cwd=studio)
    assert (found.returncode, found.stderr) == (0, b"")
    assert len(list(Path("stems of it").rglob("*.wav"))) == 2
    result = os.fsencode(next(Path("out").rglob("explanation.json")))
    assert shell("rerun", "--trust", result, cwd=studio).stdout == b"same\n"


def test_standard_input_can_be_explained(studio: Path) -> None:
    if not Path("/dev/stdin").exists():
        pytest.skip("there is no /dev/stdin")
    found = shell("tag", "/dev/stdin", *LOUD, cwd=studio, input=Path("song.wav").read_bytes())
    assert (found.returncode, found.stderr) == (0, b"")


def test_a_reader_that_goes_away_is_no_error_message(studio: Path) -> None:
    Path("second.wav").write_bytes(Path("song.wav").read_bytes())
    command = f"{sys.executable} -m audiolime_ext tag song.wav second.wav {' '.join(LOUD)} | head -1"
    found = subprocess.run(command, shell=True, cwd=studio, capture_output=True, check=False, timeout=60)
    assert (found.stdout, found.stderr) == (b"song.wav: studio_models:loud, 1 window\n", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_output_that_cannot_be_printed_is_one_line(studio: Path) -> None:
    command = f"{sys.executable} -m audiolime_ext tag song.wav {' '.join(LOUD)} > /dev/full"
    found = subprocess.run(command, shell=True, cwd=studio, capture_output=True, check=False, timeout=60)
    assert found.returncode == 1
    told = "audiolime: error: cannot write to stdout: No space left on device; send it elsewhere"
    assert found.stderr.decode().splitlines() == [told]


@pytest.mark.usefixtures("studio")
def test_rerun_says_same(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--segments", "4", "--max-evals", "64", "--seed", "3", "--start", "0.25", "--duration", "2")
    run(capsys, "explain", "song.wav", *EXPLAIN, *options, "-o", "out")
    assert run(capsys, "rerun", "--trust", "out/song/explanation.json") == "same\n"
    Path("result.json").write_text(run(capsys, "explain", "song.wav", *EXPLAIN, "--method", "lime", "--json"))
    assert run(capsys, "rerun", "--trust", "result.json") == "same\n"


@pytest.mark.usefixtures("studio")
def test_rerun_of_a_result_whose_spec_meant_other_stems_is_of_those(capsys: pytest.CaptureFixture[str]) -> None:
    """As it was saved when ``cerberus`` gave piano and guitar apart."""
    made = ("-f", "cerberus?merge=none", "-t", "studio_models:loud", "--json")
    result = json.loads(run(capsys, "explain", "song.wav", *made))
    result["factorization"] = "cerberus"
    result["versions"]["weights"]["cerberus"] = result["versions"]["weights"].pop("cerberus?merge=none")
    Path("result.json").write_text(json.dumps(result))
    out = run(capsys, "rerun", "--trust", "result.json")
    assert out == "cerberus then gave the stems that cerberus?merge=none gives today\nsame\n"
    Path("result.json").write_text(run(capsys, "explain", "song.wav", "-f", "cerberus", *made[2:]))
    assert run(capsys, "rerun", "--trust", "result.json") == "same\n"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there are no devices")
def test_rerun_reads_files_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rerun", "/dev/zero"]) == 2
    assert "cannot read /dev/zero: it is a device; name one result" in capsys.readouterr().err


@pytest.mark.usefixtures("studio")
def test_rerun_says_what_is_different(capsys: pytest.CaptureFixture[str]) -> None:
    drifting = ("-f", "oracle:stems", "-t", "studio_models:drifting")
    Path("result.json").write_text(run(capsys, "explain", "song.wav", *drifting, "--json"))
    assert run(capsys, "rerun", "--trust", "result.json") == "same\n"
    Path("gain.txt").write_text("0.5")
    out = run(capsys, "rerun", "--trust", "result.json", code=1)
    assert out.startswith("different: studio_models:drifting has changed (other weights or another version); scores d")
    Path("gain.txt").unlink()
    song = load_audio("song.wav")
    Audio(song.samples * np.float32(0.9), song.sr).write("song.wav")
    out = run(capsys, "rerun", "--trust", "result.json", code=1)
    assert out.startswith("different: the file song.wav has changed; ")
    assert "scores differ by up to 0.01" in out
    Audio(song.samples[:, : song.sr], song.sr).write("song.wav")
    out = run(capsys, "rerun", "--trust", "result.json", code=1)
    assert out.startswith("different: the file song.wav has changed; the excerpt from 0 s to 3 s does not lie within")


@pytest.mark.usefixtures("studio")
def test_rerun_does_not_call_a_result_the_same_that_holds_fewer_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "explain", "song.wav", *EXPLAIN, "-o", "out")
    result = strict(Path("out/song/explanation.json").read_text(encoding="utf-8"))
    for name, cut in (("weights", []), ("scores", {"full": [], "empty": []})):
        Path("result.json").write_text(json.dumps({**result, name: cut}))
        assert f"{name} have another shape" in run(capsys, "rerun", "--trust", "result.json", code=1)
    ragged: dict[str, Any] = {"weights": [[1.0], []], "scores": {**result["scores"], "full": [1.0, 2.0, 3.0]}}
    for name, rows in ragged.items():
        Path("result.json").write_text(json.dumps({**result, name: rows}))
        assert f"{name} have another shape: rows of several lengths" in run(
            capsys, "rerun", "--trust", "result.json", code=1
        )
    Path("result.json").write_text(json.dumps(result, sort_keys=True))
    assert run(capsys, "rerun", "--trust", "result.json") == "same\n"


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("versions", {"weights": {}}, "lacks the fingerprint of oracle:stems and studio_models:loud"),
        ("boundaries_s", [0.0], r"has boundaries_s [0.0]; they go from 0 to duration_s"),
        ("boundaries_s", [0.0, 99.0], r"has boundaries_s [0.0, 99.0]; they go from 0 to duration_s"),
        ("kind", "track", "is the result of a whole recording; rerun repeats those of one excerpt"),
    ],
)
def test_rerun_of_what_was_edited_is_refused(
    capsys: pytest.CaptureFixture[str], name: str, value: Any, complaint: str
) -> None:
    run(capsys, "explain", "song.wav", *EXPLAIN, "-o", "out")
    result = strict(Path("out/song/explanation.json").read_text(encoding="utf-8"))
    Path("result.json").write_text(json.dumps({**result, name: value}))
    assert main(["rerun", "result.json"]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    ("key", "spec"),
    [
        ("model", "named_as_a_model:thing"),
        ("factorization", "named_as_a_factorization:thing"),
        ("factorization", "ova:named_within_another:thing:drums"),
    ],
)
def test_rerun_imports_no_module_that_only_the_result_names(
    capsys: pytest.CaptureFixture[str], key: str, spec: str
) -> None:
    made = json.loads(run(capsys, "explain", "song.wav", "-f", "bands:2", "-t", "studio_models:loud", "--json"))
    named = spec.removeprefix("ova:").partition(":")[0]
    Path(f"{named}.py").write_text("open('harm', 'w')")
    changed = {**made, "model": "musicnn:MSD_musicnn", key: spec}
    weights = {changed["model"]: "0", changed["factorization"]: "0"}
    Path("result.json").write_text(json.dumps({**changed, "versions": {**made["versions"], "weights": weights}}))
    assert main(["rerun", "result.json"]) == 2
    told = capsys.readouterr().err
    assert f"result.json names the {key} {named}:thing, which would import the module {named} and run its code" in told
    assert "if you trust it, add --trust" in told
    assert not Path("harm").exists()
    assert main(["rerun", "--trust", "result.json"]) == 2
    assert Path("harm").exists(), "with --trust it is imported"


@pytest.mark.usefixtures("studio")
def test_rerun_of_what_cannot_be_repeated_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "explain", "song.wav", *EXPLAIN, "-o", "out")
    good = strict(Path("out/song/explanation.json").read_text(encoding="utf-8"))
    cases = {
        "its file and model existed in memory only": json.dumps({**good, "file": None, "model": None}),
        "does not hold one result": "[]",
        "schema_version 2": json.dumps({**good, "schema_version": 99}),
        "missing required field `weights`": json.dumps({key: value for key, value in good.items() if key != "weights"}),
        "Extra data": f"{json.dumps(good)}\n{json.dumps(good)}",
    }
    cases |= {
        "Expected `str`, got `int` - at `$.factorization`": json.dumps({**good, "factorization": 7}),
        "Expected `float`, got `null` - at `$.weights[0][1]`": json.dumps({**good, "weights": [[0.5, None]]}),
        "nested too deeply": "[" * 100000,
        "the number NaN is not finite": json.dumps({**good, "start_s": float("nan")}),
    }
    for message, content in cases.items():
        Path("result.json").write_text(content)
        assert main(["rerun", "--trust", "result.json"]) == 2
        assert message in capsys.readouterr().err
    assert main(["rerun", "nothing.json"]) == 2
    assert "cannot read nothing.json: No such file" in capsys.readouterr().err
    Path("song.wav").unlink()
    assert main(["rerun", "--trust", "out/song/explanation.json"]) == 4
    assert "song.wav, which out/song/explanation.json is about, is not here" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["tag", "separate", "explain", "similar", "demo", "rerun", "checkpoints", "list"])
def test_every_command_has_help_and_takes_debug(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    out = capsys.readouterr().out
    assert out.startswith(f"usage: audiolime {command}")
    assert "--debug" in out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("audiolime 0.")


@pytest.mark.usefixtures("studio")
def test_the_published_models_answer_on_the_command_line(ezer_ev: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--start", "3", "--labels", "female vocalists", "--json")
    found = strict(run(capsys, "explain", str(ezer_ev), *options))
    assert set(found) == EXPLANATION_KEYS
    assert (found["factorization"], found["model"]) == ("spleeter:2stems", "musicnn:MSD_musicnn")
    assert found["top"][0]["component"] == "vocals"


@pytest.mark.usefixtures("studio")
@pytest.mark.parametrize(
    "options",
    [
        ("--contrast", "0", "1"),
        ("--target", "log-odds", "--baseline", "noise"),
        ("--segments", "6", "--max-evals", "150", "--settle", "1", "--labels", "0"),
        ("--segments", "0.5,1.25", "--method", "leave-one-out", "--no-level-check"),
        ("--baseline", "song.wav", "--shifts", "--start", "0.5", "--duration", "1"),
    ],
)
def test_every_way_to_ask_is_repeated_by_rerun(capsys: pytest.CaptureFixture[str], options: tuple[str, ...]) -> None:
    Path("two_scores.py").write_text(
        "import numpy as np\n"
        "def both(batch):\n"
        "    level = np.tanh(np.sqrt((batch**2).mean(axis=1)))\n"
        "    return np.stack([level, 1 - level**2], axis=1)\n"
    )
    run(capsys, "explain", "song.wav", "-f", "oracle:stems", "-t", "two_scores:both", *options, "-o", "out")
    assert run(capsys, "rerun", "--trust", "out/song/explanation.json") == "same\n"


@pytest.mark.usefixtures("studio")
def test_faithfulness_is_a_table_for_people_and_an_object_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert "top component" in run(capsys, "explain", "song.wav", *EXPLAIN, "--faithfulness")
    found = strict(run(capsys, "explain", "song.wav", *EXPLAIN, "--faithfulness", "all", "--json"))["faithfulness"]
    assert found["n_further_evals"] == 0
    assert found["labels"][0]["measures"]["completeness_gap"] == pytest.approx(0.0, abs=1e-9)
