"""ONNX Runtime: how many threads it may have, what is said where it is missing, and Ctrl-C during a run."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.networks.graph import IR_VERSION, OPSET
from audiolime_ext.networks.runtime import MOST_THREADS, run, session
from audiolime_ext.prediction.taggram import tag
from audiolime_ext.registry import build


def looping(n_rounds: int) -> bytes:
    """A model whose answer to signals (n_batch, n_samples) is their mean, kept through so many rounds of a loop."""
    on, count = [helper.make_tensor_value_info("on", TensorProto.BOOL, [])], TensorProto.INT64
    body = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}_out"]) for name in ("on", "kept")],
        "body",
        [helper.make_tensor_value_info("i", count, []), *on, helper.make_tensor_value_info("kept", 1, None)],
        [
            helper.make_tensor_value_info("on_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("kept_out", 1, None),
        ],
    )
    graph = helper.make_graph(
        [
            helper.make_node("Loop", ["n", "yes", "x"], ["z"], body=body),
            helper.make_node("ReduceMean", ["z"], ["y"], axes=[1]),
        ],
        "looping",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n_batch", "n_samples"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n_batch", 1])],
        [helper.make_tensor("n", count, [], [n_rounds]), helper.make_tensor("yes", TensorProto.BOOL, [], [True])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return bytes(model.SerializeToString())


def interrupt_a_run() -> None:
    """Send this process a real Ctrl-C once a model runs, or after ten seconds."""
    for _ in range(1000):
        if any(thread.name == "ONNX Runtime" for thread in threading.enumerate()):
            time.sleep(0.2)
            break
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.timeout(60)
def test_ctrl_c_ends_a_loop_without_end() -> None:
    running = session(looping(1 << 62))
    threading.Thread(target=interrupt_a_run).start()
    with pytest.raises(KeyboardInterrupt):
        run(running, ["y"], {"x": np.ones((1, 4), np.float32)})
    assert not any(thread.name == "ONNX Runtime" for thread in threading.enumerate())


def test_answers_and_errors_are_those_of_the_runtime_in_every_thread() -> None:
    running, x = session(looping(3)), np.ones((2, 4), np.float32)
    with ThreadPoolExecutor(1) as pool:
        for answer in (run(running, ["y"], {"x": x}), pool.submit(run, running, ["y"], {"x": x}).result()):
            np.testing.assert_array_equal(answer, [[[1], [1]]])
    with pytest.raises(Exception, match="INVALID_ARGUMENT"):
        run(running, ["y"], {"x": x[0]})


@pytest.mark.parametrize("asked", ["0", "-1", "many", "1.5", "99999999", "0000000001234", str(MOST_THREADS + 1)])
def test_a_number_of_threads_that_cannot_be_is_wrong_usage(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_THREADS", asked)
    with pytest.raises(UsageError, match=rf"^AUDIOLIME_THREADS is '{asked}'; it must be a whole number from 1 to 256"):
        session(looping(3))


@pytest.mark.parametrize(("asked", "n_threads"), [("", 0), (" 2 ", 2)])
def test_threads_are_those_of_the_environment_unless_a_number_is_given(
    asked: str, n_threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIOLIME_THREADS", asked)
    assert session(looping(3)).get_session_options().intra_op_num_threads == n_threads
    assert session(looping(3), threads=1).get_session_options().intra_op_num_threads == 1
    with pytest.raises(UsageError, match=r"^threads is '1000'; it must be a whole number from 1 to 256"):
        session(looping(3), threads=1000)


def test_it_is_told_as_such_where_a_network_is_built_when_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_THREADS", "many")
    with pytest.raises(UsageError, match=r"^AUDIOLIME_THREADS is 'many'"):
        tag((np.ones(48_000, np.float32), 16_000), "musicnn:MTT_vgg")


def test_a_runtime_that_cannot_be_imported_is_named_and_no_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.onnx").write_bytes(looping(3))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    made = (
        partial(build, "factorization", "cerberus"),
        partial(build, "model", f"onnx:{tmp_path}/own.onnx?sr=8000&labels=a"),
    )
    for make in made:
        with pytest.raises(MissingError, match=r"^the package onnxruntime, which runs all models, cannot be imported"):
            make()
