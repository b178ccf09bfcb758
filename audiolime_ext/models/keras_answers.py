"""How a Keras model is given signals, and what its answers are called."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def given_to(batch: NDArray[Any], shape: tuple[int | None, ...] | None) -> NDArray[Any]:
    """A batch with an axis of length 1 at its end where the input's shape has one more; None: the shape is unknown.

    Examples
    --------
    >>> given_to(np.zeros((2, 100), np.float32), (None, None, 1)).shape
    (2, 100, 1)
    """
    return batch[..., None] if shape is not None and len(shape) > batch.ndim else batch


def ask(model: Any, batch: NDArray[Any]) -> Any:
    """Its answer in inference mode: one array, or several by the names of the outputs.

    The model's own call would be twice as slow, since it is not compiled.
    """
    answer = model.predict_on_batch(batch)
    if not isinstance(answer, (list, tuple)):
        return answer
    names = [str(name) for name in getattr(model, "output_names", None) or range(len(answer))]
    if len(names) != len(answer):
        return tuple(map(np.asarray, answer))
    return dict(zip(names, answer, strict=True))
