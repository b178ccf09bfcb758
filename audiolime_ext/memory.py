"""Out of memory: of whichever library, told with the part of the work that needed it and with what would need less."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from audiolime_ext.errors import OutOfMemory

_NAMES = ("OutOfMemoryError", "ResourceExhaustedError")  # of PyTorch and CuPy; of TensorFlow
_SAYINGS = (
    "out of memory",  # CUDA, JAX
    "can't allocate memory",  # PyTorch on a CPU
    "cannot allocate memory",  # the system's own
    "failed to allocate memory",  # ONNX Runtime
    "bad_alloc",  # C++
    "bad allocation",  # … on Windows
    "oom when allocating",  # TensorFlow
    "resource_exhausted",
)
_LONGEST = 300  # characters of what a library says


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that there was not memory enough.

    Examples
    --------
    >>> is_out_of_memory(MemoryError()), is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"))
    (True, True)
    >>> is_out_of_memory(RuntimeError("memory format is not channels_last"))
    False
    """
    said = str(error).lower()
    return (
        isinstance(error, MemoryError) or type(error).__name__ in _NAMES or any(saying in said for saying in _SAYINGS)
    )


def out_of_memory(doing: str, error: BaseException, advice: str) -> OutOfMemory:
    """The error for memory that ran out while doing something.

    Examples
    --------
    >>> str(out_of_memory("reading song.wav", MemoryError(), "cut it into parts"))
    'out of memory while reading song.wav; cut it into parts'
    """
    said = " ".join(str(error).split())
    said = f"{said[:_LONGEST]}…" if len(said) > _LONGEST else said
    return OutOfMemory(f"out of memory while {doing}{f' ({said})' if said else ''}; {advice}")


@contextmanager
def memory_for(doing: str, advice: str) -> Iterator[None]:
    """Tell of memory that runs out inside what was being done, and what to do.

    Raises
    ------
    OutOfMemory
        If it does.

    Examples
    --------
    >>> with memory_for("separating", "choose a shorter excerpt"):
    ...     raise MemoryError
    Traceback (most recent call last):
    audiolime_ext.errors.OutOfMemory: out of memory while separating; choose a shorter excerpt
    """
    try:
        yield
    except OutOfMemory:
        raise
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise out_of_memory(doing, error, advice) from error
