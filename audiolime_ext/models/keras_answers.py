"""How a Keras model is given signals, and what its answers are called."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray


def given_to(batch: Any, shape: tuple[int | None, ...] | None) -> Any:
    """A batch with an axis of length 1 at its end where the input's shape has one more; None: the shape is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> given_to(np.zeros((2, 100), np.float32), (None, None, 1)).shape
    (2, 100, 1)
    """
    return batch[..., None] if shape is not None and len(shape) > batch.ndim else batch


def ask(model: Any, batch: NDArray[Any]) -> Any:
    """Its answer in inference mode: one array, or several by the names of the outputs.

    The model's own call would be twice as slow, since it is not compiled.
    """
    return named(model, model.predict_on_batch(batch))


def named(model: Any, answer: Any) -> Any:
    """What a model answers: one array or tensor, or several by the names of its outputs."""
    if not isinstance(answer, (list, tuple)):
        return answer
    names = [str(name) for name in getattr(model, "output_names", None) or range(len(answer))]
    if len(names) != len(answer):
        return tuple(answer)
    return dict(zip(names, answer, strict=True))
