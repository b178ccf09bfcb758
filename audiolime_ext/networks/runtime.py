"""ONNX Runtime, which evaluates all networks: sessions, threads, and runs that Ctrl-C ends.

A model that somebody brings may hold a loop that never ends, and Python sees no Ctrl-C while C code runs. So `run` lets
another thread do the work, and waits for it where it can be interrupted.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import Any

from numpy.typing import NDArray

from audiolime_ext.errors import MissingError, UsageError

MOST_THREADS = 256
"""Threads within a model: more of them than there are cores make it slower, and very many end the program."""

_GRACE_S = 5.0  # for the operator that is running when Ctrl-C comes


def session(model: bytes, *, threads: int | None = None, weights: Mapping[str, NDArray[Any]] | None = None) -> Any:
    """An ``onnxruntime.InferenceSession`` on the CPU that prints nothing: what goes wrong is raised.

    Its telemetry, which newer versions have on Linux, too, is off unless ``ORT_DISABLE_TELEMETRY`` says otherwise.

    Parameters
    ----------
    model : bytes
        Bytes of an ``.onnx`` file.
    threads : int or None
        Threads within an operator, from 1 to 256; None: the number in ``AUDIOLIME_THREADS``, else what the runtime
        chooses (one per physical core).
    weights : mapping of str to ndarray, or None
        Tensors that the model declares external, by name; they must outlive the session.

    Raises
    ------
    MissingError
        If ONNX Runtime cannot be imported.
    UsageError
        If the number of threads is none.
    """
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = _n_threads(threads)
    if weights:
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in weights.values()]
        options.add_external_initializers(list(weights), values)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def answering(model: bytes, tensor: str) -> bytes:
    """The bytes of an ``.onnx`` file whose only output is a tensor that a node of `model` computes."""
    import onnx

    changed = onnx.load_model_from_string(model)
    del changed.graph.output[:]
    changed.graph.output.append(onnx.ValueInfoProto(name=tensor))
    return bytes(changed.SerializeToString())


def run(session: Any, outputs: Sequence[str], inputs: Mapping[str, NDArray[Any]]) -> list[Any]:
    """What a session answers, its `outputs` by name; in the main thread Ctrl-C ends it within seconds."""
    if threading.current_thread() is not threading.main_thread():  # which gets no Ctrl-C
        answers: list[Any] = session.run(list(outputs), inputs)
        return answers
    options, answer = _onnxruntime().RunOptions(), Future[list[Any]]()
    work = partial(_answer, answer, partial(session.run, list(outputs), inputs, options))
    threading.Thread(target=work, name="ONNX Runtime", daemon=True).start()
    try:
        return answer.result()
    except KeyboardInterrupt:
        options.terminate = True
        wait([answer], _GRACE_S)
        raise


def _answer(answer: Future[Any], ask: Any) -> None:
    try:
        answer.set_result(ask())
    except BaseException as error:  # noqa: BLE001 - raised where the answer is waited for
        answer.set_exception(error)


def _onnxruntime() -> Any:
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when it is imported
    try:
        import onnxruntime
    except Exception as error:  # of another version of NumPy, or without a library of the system
        raise MissingError(
            f"the package onnxruntime, which runs all models, cannot be imported ({error or type(error).__name__}); "
            "install it again: pip install --force-reinstall onnxruntime"
        ) from error
    return onnxruntime


def _n_threads(threads: int | None) -> int:
    """The number asked for; 0, ONNX Runtime's own choice, where none is."""
    asked = os.environ.get("AUDIOLIME_THREADS", "").strip() if threads is None else str(threads)
    if not asked:
        return 0
    if not (asked.isdecimal() and len(asked) <= 9 and 1 <= int(asked) <= MOST_THREADS):
        name = "AUDIOLIME_THREADS" if threads is None else "threads"
        raise UsageError(
            f"{name} is {asked!r}; it must be a whole number from 1 to {MOST_THREADS}, or be left out for one thread "
            "per physical core"
        )
    return int(asked)
