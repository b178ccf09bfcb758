"""What is wrong with the model ends an audit at the first recording; what is wrong with a recording costs only that."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import tagger
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import plan_audit, run_audit
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.cli import main
from audiolime_ext.collection.engine.policy import Policy
from audiolime_ext.errors import AudiolimeError, MissingError, ModelError, OutOfMemory, UnfitModel, UsageError
from tests.audit_collection import LABELS, SR, confounded, make_collection

FEW = Settings(n_donors=1, n_same=0, kinds=("own",), noise=False)
N = 6


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_collection(tmp_path_factory.mktemp("collection"), N)


def stored(store: Path) -> tuple[int, int]:
    """How many recordings are done, and how many failed."""
    with AuditStore.read(store) as opened:
        return len(list(opened.recordings())), len(list(opened.failures()))


def is_noise(batch: np.ndarray) -> np.ndarray:
    """Which signals have no low tone, as all recordings of the collection have."""
    power = np.abs(np.fft.rfft(batch, axis=-1)) ** 2
    return np.asarray(power[:, :200].sum(axis=1) < 0.1 * power.sum(axis=1))


def answers(batch: np.ndarray) -> np.ndarray:
    return np.asarray(confounded(batch))


def above_one(batch: np.ndarray) -> np.ndarray:
    return np.where(is_noise(batch)[:, None], answers(batch), 1.5)


def without_axis(batch: np.ndarray) -> np.ndarray:
    return answers(batch) if len(batch) == 1 else answers(batch)[0]


def third_column(batch: np.ndarray) -> np.ndarray:
    return answers(batch) if len(batch) == 1 else np.repeat(answers(batch), 2, axis=1)


def text(batch: np.ndarray) -> Any:
    return answers(batch) if len(batch) == 1 else [["guitar", "piano"]] * len(batch)


def raising(batch: np.ndarray) -> np.ndarray:
    if len(batch) > 1:
        raise RuntimeError("this network hears one signal at a time")
    return answers(batch)


def nan_for_silence(batch: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        level = np.sqrt((batch**2).mean(axis=1, keepdims=True))
        return np.asarray(answers(batch) * level / level)


def hungry(batch: np.ndarray) -> np.ndarray:
    return answers(batch) if len(batch) == 1 else np.empty((len(batch), 10**14))


def leaving(batch: np.ndarray) -> np.ndarray:
    if len(batch) > 1:
        os._exit(0)
    return answers(batch)


UNFIT = [
    (above_one, UnfitModel, "log-odds need scores between 0 and 1; the model answered"),
    (without_axis, UnfitModel, r"answered an array of shape \(2,\)"),
    (third_column, UnfitModel, r"answered an array of shape \(\d+, 4\)"),
    (text, UnfitModel, "answered text, such as guitar"),
    (raising, ModelError, "one signal at a time.*; it fails for noise, too, and so would for every recording"),
    (nan_for_silence, ModelError, "answered nan.*; it fails for silence, about which an audit asks for every"),
    (hungry, OutOfMemory, "out of memory while the model heard .*; it fails for noise, too"),
    (leaving, ModelError, r"called os\._exit\(0\) .*; it fails for noise, too"),
]


@pytest.mark.parametrize(("answer", "kind", "message"), UNFIT, ids=[answer.__name__ for answer, *_ in UNFIT])
def test_a_model_that_is_unfit_ends_the_audit_at_the_first(
    manifest: Path, tmp_path: Path, answer: Any, kind: type[AudiolimeError], message: str
) -> None:
    asked = []

    def counted(batch: np.ndarray) -> Any:
        asked.append(len(batch))
        return answer(batch)

    model, store = tagger(counted, sr=SR, labels=LABELS, version="1"), tmp_path / "s.sqlite"
    with pytest.raises(
        kind, match=f"(?s){message}.*found at .*; what was done is kept in .*s.sqlite and not done again"
    ):
        run_audit(manifest, model, store=store, settings=FEW)
    assert len(asked) < 8
    assert stored(store) == (0, 0)
    # once it is mended, the same audit goes on
    mended = tagger(answers, sr=SR, labels=LABELS, version="1")
    assert run_audit(manifest, mended, store=store, settings=FEW).done.all()


def test_what_was_done_is_kept_where_a_model_turns_out_to_be_unfit(manifest: Path, tmp_path: Path) -> None:
    asked = []

    def later(batch: np.ndarray) -> np.ndarray:
        asked.append(len(batch))
        return 3 * answers(batch) if len(asked) > 12 else answers(batch)

    store = tmp_path / "s.sqlite"
    with pytest.raises(UnfitModel, match="log-odds need scores"):
        run_audit(manifest, tagger(later, sr=SR, labels=LABELS, version="1"), store=store, settings=FEW)
    n_done, n_failed = stored(store)
    assert 0 < n_done < N
    assert n_failed == 0


def picky(batch: np.ndarray, about: str) -> np.ndarray:
    """Cannot answer what is very loud in the treble, which only the spoiled recording is."""
    treble = np.abs(np.diff(batch, axis=1)).max(axis=1) > 1.5
    if about == "raises" and treble.any():
        raise RuntimeError("too shrill")
    if about == "width" and treble.any():
        return np.repeat(answers(batch), 2, axis=1)
    return np.where(treble[:, None], np.nan, answers(batch))


@pytest.mark.parametrize("about", ["raises", "nan", "width"])
def test_what_a_model_cannot_answer_of_one_recording_costs_only_that(tmp_path: Path, about: str) -> None:
    from scipy.io import wavfile

    manifest = make_collection(tmp_path / "songs", N)
    shrill = np.where(np.arange(SR) % 2, 0.95, -0.95).astype(np.float32)
    wavfile.write(tmp_path / "songs" / "003.wav", SR, shrill)
    for stem in (tmp_path / "songs" / "003-stems").iterdir():
        stem.unlink()
    wavfile.write(tmp_path / "songs" / "003-stems" / "piano.wav", SR, shrill)
    model = tagger(lambda batch: picky(batch, about), sr=SR, labels=LABELS, version="1")
    nothing_put_in = Settings(n_donors=0, n_same=0, noise=False)
    results = run_audit(manifest, model, store=tmp_path / "s.sqlite", settings=nothing_put_in)
    assert [failure.name for failure in results.failures] == ["003.wav"]
    assert "fails for" not in results.failures[0].reason
    assert results.done.sum() == N - 1


def test_a_length_that_a_model_cannot_hear_costs_only_recordings_of_that_length(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, N)
    lines = manifest.read_text().splitlines()
    lines = [f"{line},{'0.5' if line.startswith('003') else '1.0'}" for line in lines]
    manifest.write_text("\n".join([lines[0].rpartition(",")[0] + ",duration_s", *lines[1:]]) + "\n")

    def whole_seconds(batch: np.ndarray) -> np.ndarray:
        return answers(batch.reshape(len(batch), -1, SR)[:, 0])

    model = tagger(whole_seconds, sr=SR, labels=LABELS, version="1")
    results = run_audit(manifest, model, store=tmp_path / "s.sqlite", settings=Settings(n_donors=0, n_same=0))
    assert [failure.name for failure in results.failures] == ["003.wav"]
    assert results.done.sum() == N - 1


MODELS = """
import os
from pathlib import Path
from audiolime_ext import tagger
from tests.audit.measurement.test_fitness import above_one, answers

SR, LABELS = 8000, ["guitar", "piano"]


def dying(batch):
    if len(batch) > 1:
        os.abort()
    return answers(batch)


dying = tagger(dying, sr=SR, labels=LABELS, version="1")
high = tagger(above_one, sr=SR, labels=LABELS, version="1")
if Path("only-one").exists():
    here = os.getpid() == int(Path("only-one").read_text())
    moody = tagger(answers, sr=SR, labels=LABELS, version="1" if here else "2")
"""


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{Path(__file__).parents[3]}")  # of the workers
    Path("unfit_models.py").write_text(MODELS)
    Path("only-one").write_text(str(os.getpid()))
    return tmp_path


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("on_error", ["record", "stop"])
def test_the_command_line_says_it_once(
    studio: Path, manifest: Path, capsys: pytest.CaptureFixture[str], workers: str, on_error: str
) -> None:
    given = ["audit", str(manifest), "-t", "unfit_models:high", "-f", "oracle", "--on-error", on_error]
    assert main([*given, "-o", "s.sqlite", "--workers", workers]) == 1
    out, err = capsys.readouterr()
    (line,) = [line for line in err.splitlines() if line.startswith("audiolime")]
    assert out == ""
    assert line.startswith("audiolime: error: log-odds need scores between 0 and 1; the model answered")
    assert stored(studio / "s.sqlite") == (0, 0)


def test_workers_with_another_model_end_the_audit(studio: Path, manifest: Path) -> None:
    plan = plan_audit(manifest, "unfit_models:moody", settings=FEW, workers=2)
    with pytest.raises(UsageError, match="moody is another model in the worker than in the driver"):
        plan.run(studio / "s.sqlite")
    assert stored(studio / "s.sqlite") == (0, 0)


def test_a_model_that_crashes_its_process_for_noise_ends_the_audit(studio: Path, manifest: Path) -> None:
    plan = plan_audit(manifest, "unfit_models:dying", settings=FEW, workers=2)
    with pytest.raises(UnfitModel, match=r"the model crashes the process that asks it about noise.*found at"):
        plan.run(studio / "s.sqlite")
    assert stored(studio / "s.sqlite") == (0, 0)


def test_workers_that_lack_the_model_end_the_audit(studio: Path, manifest: Path) -> None:
    plan = plan_audit(manifest, "unfit_models:high", settings=FEW, workers=1)
    Path("unfit_models.py").write_text("import no_such_package\n")
    with pytest.raises(MissingError, match=r"needs 'no_such_package', which is not installed.*found at"):
        plan.run(studio / "s.sqlite", Policy(retries=3))
    assert stored(studio / "s.sqlite") == (0, 0)
    assert Results.read(studio / "s.sqlite").failures == ()


def test_of_several_files_the_first_ends_the_command_where_the_model_is_unfit(
    studio: Path, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(manifest.with_name(f"{i:03d}.wav")) for i in range(3)]
    Path("flat.py").write_text("import numpy as np\ndef flat(batch):\n    return np.zeros((7, 3))\n")
    assert main(["tag", *files, "-t", "flat:flat"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "answered an array of shape (7, 3)" in line
