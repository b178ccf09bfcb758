"""Plain values: NumPy's numbers and names among arguments, as Python's own.

What is computed with NumPy comes as ``np.int64(16000)``, which is no int to JSON, or as ``np.float32(0.1)``, which
makes single precision of every time that it is added to.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

Args = ParamSpec("Args")
Found = TypeVar("Found")


def plain(value: Any) -> Any:
    """A scalar of NumPy as Python's, also within lists and tuples; whatever else it is stays as it is.

    Examples
    --------
    >>> plain(np.int64(3)), plain(("song", np.array(0.5))), plain(np.str_("jazz")), plain(np.zeros(2))
    (3, ('song', 0.5), 'jazz', array([0., 0.]))
    """
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    return type(value)(map(plain, value)) if type(value) in (list, tuple) else value


def takes_plain(function: Callable[Args, Found]) -> Callable[Args, Found]:
    """Let a function be given NumPy's scalars, and its ``labels`` as an array."""

    @wraps(function)
    def called(*given: Args.args, **named: Args.kwargs) -> Found:
        if isinstance(labels := named.get("labels"), np.ndarray):
            named["labels"] = list(labels)
        return function(*map(plain, given), **{name: plain(value) for name, value in named.items()})

    return called
