"""Whatever a model does while it runs, the run is left intact."""

from __future__ import annotations

import json
import locale
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tqdm import tqdm

from audiolime_ext import Audio, explain, registry, tag, tagger
from audiolime_ext.errors import AudiolimeError, ModelError
from audiolime_ext.guest import as_guest
from audiolime_ext.prediction.repeatability import repeatability
from audiolime_ext.registry import Plugin
from factorizations.bands import make as make_bands

ROOT = Path(__file__).parents[1]
SONG = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 8000)).astype(np.float32), 8000, "song")
RUDE = """
import ctypes, os, subprocess, sys
import numpy as np
from audiolime_ext import tagger
from factorizations.bands import make


def rude(where):
    print("printed", where)
    os.write(1, b"written by C\\n")
    ctypes.CDLL(None).printf(b"printed by C\\n")  # which holds it back to the end
    subprocess.run(["echo", "said by a child"], check=True)
    os.chdir("/")
    np.seterr(all="raise")
    np.random.seed(0)


def answer(batch):
    rude("by the model")
    level = np.sqrt((batch**2).mean(axis=1))
    level = level / (1 + level)
    batch *= 0
    return np.stack([level, 1 - level], axis=1)


class Bands:
    spec, scope, references, fingerprint = "rude_models:bands", "blocks", (), "1"

    def factorize(self, audio, *, start_s=0.0, duration_s=None):
        rude("by the separator")
        return make("3").factorize(audio, start_s=start_s, duration_s=duration_s)


bands = Bands()
model = tagger(answer, sr=8000, labels=["loud", "soft"], window_s=0.5, version="1")
leaves = tagger(lambda batch: sys.exit("bye"), sr=8000, labels=["loud", "soft"], window_s=0.5, version="1")
vanishes = tagger(lambda batch: os._exit(0), sr=8000, labels=["loud", "soft"], window_s=0.5, version="1")
rude("at import")
"""


def quiet(batch: np.ndarray) -> np.ndarray:
    level = np.sqrt((batch**2).mean(axis=1))
    level = level / (1 + level)
    return np.stack([level, 1 - level], axis=1)


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    SONG.write(tmp_path / "song.wav")
    (tmp_path / "rude_models.py").write_text(RUDE)
    for name in ("loud", "soft"):
        (tmp_path / "songs" / name).mkdir(parents=True)
        for i in range(2):
            gain = 1.0 if name == "loud" else 0.1
            Audio(np.roll(SONG.samples, i, axis=1) * gain, 8000).write(tmp_path / "songs" / name / f"{name}{i}.wav")
    return tmp_path


def run(studio: Path, *args: str) -> subprocess.CompletedProcess[str]:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # as for most people
    return subprocess.run(
        [sys.executable, "-m", "audiolime_ext", *args],
        cwd=studio,
        env={**buffered, "PYTHONPATH": f"{ROOT}{os.pathsep}{studio}", "AUDIOLIME_CACHE": str(studio / "cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


RUDELY = ("-f", "rude_models:bands", "-t", "rude_models:model")


@pytest.mark.parametrize(
    "command",
    [
        ("explain", "song.wav", *RUDELY, "--json", "-o", "out"),
        ("explain", "song.wav", *RUDELY, "--json", "--track"),
        ("tag", "song.wav", *RUDELY[2:], "--json"),
        ("audit", "songs", *RUDELY, "--json", "--workers", "1", "--n-donors", "1", "--same", "0", "-o", "audit.sqlite"),
    ],
)
def test_rude_models_leave_data_on_stdout_and_the_rest_on_stderr(studio: Path, command: tuple[str, ...]) -> None:
    done = run(studio, *command)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    for said in ("printed at import", "printed by the model", "written by C", "printed by C", "said by a child"):
        assert said in done.stderr
    assert ("printed by the separator" in done.stderr) == ("-f" in command)


def test_a_page_is_written_where_it_was_asked_for(studio: Path) -> None:
    done = run(studio, "page", "song.wav", *RUDELY, "-o", "page.html", "--audio", "none")
    assert (done.returncode, done.stdout) == (0, "open page.html in a browser\n"), done.stderr
    assert (studio / "page.html").is_file()


@pytest.mark.parametrize(
    "command", ["explain song.wav -f hpss", "page song.wav -f hpss", "tag song.wav", "audit songs -f hpss"]
)
@pytest.mark.parametrize(("model", "call"), [("leaves", "sys.exit('bye')"), ("vanishes", "os._exit(0)")])
def test_a_model_that_ends_the_program_is_an_error(studio: Path, command: str, model: str, call: str) -> None:
    done = run(studio, *command.split(), "-t", f"rude_models:{model}")
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"audiolime: error: the predict function called {call} when given a float32 array of shape")
    assert last.endswith("; it must answer, or raise an error, and not end the program")


def test_a_model_that_ends_the_workers_of_an_audit_is_an_error(studio: Path) -> None:
    """The driver asks it once and gets an answer; every worker is told to leave."""
    (studio / "late_models.py").write_text(
        "import os\nfrom multiprocessing import parent_process\nfrom audiolime_ext import tagger\n"
        "from rude_models import answer\n"
        "leave = lambda batch: answer(batch) if parent_process() is None else os._exit(0)\n"
        "model = tagger(leave, sr=8000, labels=['loud', 'soft'], window_s=0.5, version='1')\n"
    )
    done = run(studio, "audit", "songs", "-f", "bands:2", "-t", "late_models:model", "--workers", "1", "-o", "a.sqlite")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the predict function called os._exit(0)" in done.stderr


@pytest.mark.parametrize("call", ["os._exit(0)", "sys.exit(0)"])
def test_a_module_that_ends_the_program_is_an_error(studio: Path, call: str) -> None:
    (studio / "leaving.py").write_text(f"import os, sys\n{call}\n")
    done = run(studio, "tag", "song.wav", "-t", "leaving:predict")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"module 'leaving' called {call} when imported; import it by itself" in done.stderr


def test_a_plugin_that_ends_the_program_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    leaving = Plugin("model", "musicnn", lambda argument: os._exit(0), "", {}, {})
    monkeypatch.setattr(registry, "plugin", lambda *named: leaving)
    with pytest.raises(AudiolimeError, match=r"the model musicnn:x called os\._exit\(0\) when it was built; it must"):
        registry.build("model", "musicnn:x")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_children_that_a_guest_forks_end_as_they_do() -> None:
    before = os._exit
    with as_guest():
        child = os.fork()
        if child == 0:
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        with pytest.raises(SystemExit):
            os._exit(0)
    assert os._exit is before


def test_what_is_no_guest_ends_the_program_while_one_runs() -> None:
    """As the thread does that ends a worker of an audit when its driver is gone."""
    program = (
        "import os, threading, time\n"
        "from audiolime_ext.guest import as_guest\n"
        "with as_guest():\n"
        "    threading.Thread(target=lambda: os._exit(7)).start()\n"
        "    time.sleep(60)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=50).returncode == 7


def test_no_thread_of_a_guest_ends_the_program_as_if_all_were_done() -> None:
    program = (
        "import os, threading, time\n"
        "from audiolime_ext.guest import as_guest\n"
        "with as_guest():\n"
        "    threading.Thread(target=lambda: os._exit(0)).start()\n"
        "    time.sleep(60)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=50).returncode == 1


def test_what_passes_whoever_catches_exceptions_is_an_error_of_the_model() -> None:
    class PanicException(BaseException):
        """As Rust's."""

    def panics(batch: np.ndarray) -> np.ndarray:
        raise PanicException("index out of bounds")

    with pytest.raises(ModelError, match="PanicException: index out of bounds"):
        tag(SONG, tagger(panics, sr=8000, labels=["loud", "soft"], version="1"))


def test_a_separator_that_ends_the_program_is_an_error() -> None:
    class Leaving:
        spec, scope, references, fingerprint = "mine:leaving", "blocks", (), "1"

        def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> None:
            sys.exit(0)

    with pytest.raises(
        AudiolimeError, match=r"the factorization mine:leaving called sys\.exit\(0\); it must return stems"
    ):
        explain(SONG, quiet, factorization=Leaving())  # type: ignore[arg-type]


def test_a_rude_model_is_explained_as_a_quiet_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def rude(batch: np.ndarray) -> np.ndarray:
        os.chdir("/")
        np.seterr(all="raise")
        np.random.seed(0)  # noqa: NPY002
        answer = quiet(batch)
        batch *= 0
        return answer

    options = {"factorization": make_bands("6"), "segments": 2, "max_evals": 200, "method": "shapley"}  # a sample
    found, wanted = (explain(SONG, tagger(fn, sr=8000, version="1"), **options) for fn in (rude, quiet))  # type: ignore[arg-type]
    np.testing.assert_array_equal(found.attribution.weights, wanted.attribution.weights)
    assert not found.attribution.exact
    assert (Path.cwd(), np.geterr()["divide"]) == (tmp_path, "warn")


def test_a_model_that_raises_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def rude(batch: np.ndarray) -> np.ndarray:
        os.chdir("/")
        np.seterr(all="raise")
        raise RuntimeError("tired")

    before = sys.stdout, np.geterr()
    with pytest.raises(ModelError, match=r"raised RuntimeError .*: tired"):
        tag(SONG, tagger(rude))
    assert (sys.stdout, np.geterr()) == before
    assert Path.cwd() == tmp_path


@pytest.mark.skipif(os.name != "posix", reason="this system has no umask")
def test_new_files_and_numbers_are_written_as_before() -> None:
    mask, speaking = os.umask(0o027), locale.setlocale(locale.LC_ALL)

    def rude(batch: np.ndarray) -> np.ndarray:
        os.umask(0o777)
        locale.setlocale(locale.LC_ALL, "POSIX")
        return quiet(batch)

    try:
        locale.setlocale(locale.LC_ALL, "C.UTF-8")
        tag(SONG, tagger(rude))
        assert locale.setlocale(locale.LC_ALL) == "C.UTF-8"
        assert os.umask(mask) == 0o027
    finally:
        locale.setlocale(locale.LC_ALL, speaking)
        os.umask(mask)


def test_chance_stays_chance() -> None:
    """Were the global generator put back after each call, a model with dropout left on would seem to answer alike."""
    np.random.seed(1)  # noqa: NPY002

    def dropout(batch: np.ndarray) -> np.ndarray:
        return np.asarray(quiet(batch) * (np.random.rand(len(batch), 2) > 0.5))  # noqa: NPY002

    mixes = np.random.default_rng(0).normal(size=(4, 1, 1, 100)).astype(np.float32)
    assert not repeatability(tagger(dropout), mixes).alike


def test_what_a_guest_prints_stands_above_a_progress_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with tqdm(total=2, desc="tagging", file=sys.stderr, ascii=True) as bar:
        with as_guest():
            print("one")
            print("two", end="")
        bar.update()
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.replace("\r", "\n").splitlines()
    assert "one" in lines  # on a line of its own, and not behind the bar
    assert "two" in err


def test_guests_in_threads_that_overlap_leave_everything_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    before, both = sys.stdout, threading.Barrier(2, timeout=60)

    def first() -> None:
        with as_guest():
            both.wait()
        both.wait()

    def second() -> None:
        both.wait()
        with as_guest():
            print("in the second")
            both.wait()

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(first), pool.submit(second)]:
            future.result(timeout=60)
    assert sys.stdout is before
    print("ours")
    assert capsys.readouterr() == ("ours\n", "in the second\n")
