"""Out of memory: which part of the work it was, of whichever library, and what needs less."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from audiolime_ext import Audio, Stems, explain, tag, tagger
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import plan_audit, run_audit
from audiolime_ext.cli import main
from audiolime_ext.errors import ModelError, OutOfMemory
from audiolime_ext.guest import is_out_of_memory
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.registry import build
from tests.audit_collection import LABELS, confounded, make_collection
from tests.audit_collection import SR as AUDIT_SR

SR = 8000
SONG = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 2 * SR)).astype(np.float32), SR, "song")
CONFOUNDED = "tests.audit_collection:confounded"
MORE_THAN_THERE_IS = 10**14
GREEDY = """
import numpy as np
from audiolime_ext import tagger


def answer(batch):
    np.empty((len(batch), 10**14))


model = tagger(answer, sr=8000, labels=["a", "b"], window_s=0.5, batch_size=4, version="1")
"""


def greedy(batch: np.ndarray) -> np.ndarray:
    return np.empty((len(batch), MORE_THAN_THERE_IS))


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({}, r"2 signals of 16000 samples .*; give it fewer .*: --batch-size 1, .*; or choose a shorter excerpt"),
        ({"window_s": 1.0}, r"2 signals of 8000 samples at once \(.*\); give it fewer .* tagger\(…, batch_size=1\)$"),
        ({"batch_size": 1}, r"1 signal of 16000 samples at once \(.*\); choose a shorter excerpt, which is its window"),
        ({"batch_size": 1, "window_s": 1.0}, r"1 signal .*; it needs more than is free for a single window"),
    ],
)
def test_a_model_is_to_hear_fewer_signals_or_shorter_ones(options: dict[str, Any], advice: str) -> None:
    model = tagger(greedy, **{"batch_size": 2, **options})
    noise = np.zeros((2, 1, 1, SR if "window_s" in options else 2 * SR), np.float32)
    with pytest.raises(OutOfMemory, match=f"^out of memory while the model heard {advice}"):
        predict(model, noise)


@pytest.mark.parametrize(
    ("said", "is_so"),
    [
        ("CUDA out of memory. Tried to allocate 20.00 MiB", True),
        ("[enforce fail at alloc_cpu.cpp:114] . DefaultCPUAllocator: can't allocate memory", True),
        ("std::bad_alloc", True),
        ("RESOURCE_EXHAUSTED: Out of memory allocating 8 bytes", True),
        ("memory format of the input is not the network's", False),
    ],
)
def test_libraries_say_it_in_their_own_words(said: str, is_so: bool) -> None:
    def model(batch: np.ndarray) -> np.ndarray:
        raise RuntimeError(said)

    with pytest.raises(OutOfMemory if is_so else ModelError, match=r"the model heard|the predict function raised"):
        tag(SONG, tagger(model))
    assert is_out_of_memory(RuntimeError(said)) == is_so


def test_onnx_runtime_says_it_too(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Unsqueeze", ["x", "axis"], ["h"]),
        helper.make_node("Expand", ["h", "shape"], ["e"]),
        helper.make_node("ReduceMean", ["e"], ["y"], axes=[1], keepdims=0),
    ]
    constants = {"axis": [2], "shape": [1, 1, MORE_THAN_THERE_IS]}
    graph = helper.make_graph(
        nodes,
        "greedy",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", "t"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "m"])],
        [numpy_helper.from_array(np.array(values), name) for name, values in constants.items()],
    )
    save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "m.onnx")
    with pytest.raises(OutOfMemory, match=r"m\.onnx heard 2 signals of 1 s at once \(.*Failed to allocate"):
        build("model", f"onnx:{tmp_path / 'm.onnx'}?sr=8000&labels=a;b")


def test_a_separator_that_needs_too_much_is_named() -> None:
    class Greedy:
        spec, scope, references, fingerprint = "mine:greedy", "blocks", (), "1"

        def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
            return Stems(("all",), np.empty((1, 1, MORE_THAN_THERE_IS), np.float32), SR)

    with pytest.raises(OutOfMemory, match=r"^out of memory while mine:greedy separated \(.*\); choose a shorter exc"):
        explain(SONG, lambda batch: batch[:, :1], factorization=Greedy())  # type: ignore[arg-type]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory")
def test_a_recording_that_memory_does_not_hold_is_named(tmp_path: Path) -> None:
    with (tmp_path / "long.wav").open("wb") as file:
        file.truncate(1 << 31)  # a hole, which takes no room on the disk
    program = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))\n"
        "from audiolime_ext.cli import main\n"
        "sys.exit(main(['tag', 'long.wav', '-t', 'operator:abs']))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("audiolime: error: out of memory while reading long.wav; a recording is held in mem")


@pytest.mark.parametrize("command", ["explain song.wav -f hpss", "tag song.wav", "audit songs -f hpss --workers 0"])
def test_the_command_line_asks_about_as_many_signals_at_a_time_as_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    Path("greedy_models.py").write_text(GREEDY)
    for gain, name in enumerate(("song.wav", "songs/a/1.wav", "songs/b/2.wav"), start=1):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Audio(SONG.samples * np.float32(gain), SR).write(name)
    given = [*command.split(), "-t", "greedy_models:model"]
    for options, heard in (
        ([], "4 signals"),
        (["--batch-size", "3"], "3 signals"),
        (["--batch-size", "1"], "1 signal"),
    ):
        assert main([*given, *options]) == 1
        assert f"out of memory while the model heard {heard} of 4000 samples at once" in capsys.readouterr().err


@pytest.mark.usefixtures("published")
def test_a_tagger_of_its_own_class_hears_as_many_at_a_time_as_is_said() -> None:
    given = load_model("musicnn:MSD_musicnn")
    fewer = load_model(given, batch_size=2)
    assert (given.batch_size, fewer.batch_size, fewer.fingerprint) == (16, 2, given.fingerprint)


def test_workers_hear_as_many_at_a_time_as_is_said(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 4)
    few = Settings(n_donors=1, n_same=0, kinds=("own",), noise=False)
    plan = plan_audit(manifest, CONFOUNDED, settings=few, workers=1, batch_size=3)
    engine = plan.engine()
    try:
        assert engine.work.batch_size == 3  # type: ignore[attr-defined]
    finally:
        engine.stop()
    heard = []

    def counted(batch: np.ndarray) -> np.ndarray:
        heard.append(len(batch))
        return np.asarray(confounded(batch))

    model = tagger(counted, sr=AUDIT_SR, labels=LABELS, version="counted")
    assert run_audit(manifest, model, store=tmp_path / "few.sqlite", settings=few, batch_size=3).done.all()
    assert max(heard) == 3


def test_where_workers_lack_memory_fewer_are_advised(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 4)
    few = Settings(n_donors=0, n_same=0, noise=False)
    plan = plan_audit(manifest, CONFOUNDED, "tests.audit_collection:greedy", ignore=["stems"], settings=few, workers=2)
    results = plan.run(tmp_path / "greedy.sqlite")
    assert len(results.failures) == 4
    assert results.failures[0].reason.endswith("; or use fewer workers, which leaves more to each (--workers)")
