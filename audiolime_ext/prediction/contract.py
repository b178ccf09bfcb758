"""What a model is: any callable from a batch of signals to outputs that says how it wants to be asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

PredictFn = Callable[[NDArray[Any]], Any]
Scores = NDArray[np.float64]
Fill = Literal["silence", "repeat", "none"]
FILLS: tuple[Fill, ...] = ("silence", "repeat", "none")


class Model(Protocol):
    """A predict function that knows how it wants to be asked: a model, a classifier, a regressor, an embedder.

    Attributes
    ----------
    spec
        A string that builds it again, or None.
    sr
        Hz; None: the recording's own rate.
    labels
        One name per output; None: they are numbered.
    window_s, hop_s
        Length and step of its windows in seconds; None: any length, the excerpt is one window.
    lead_s
        Seconds of context in front of each window.
    min_s
        The shortest excerpt in seconds that it can hear, where `window_s` is None.
    n_channels
        1: it is given (n_batch, n_samples); 2: (n_batch, 2, n_samples).
    batch_size
        At most so many signals at a time; None: as many as there are.
    fill
        How a recording is filled up that is shorter than a window, which is how the model's own extractor does it:
        ``"silence"`` (behind it), ``"repeat"`` (from its beginning), or ``"none"``: it is given as it is, and the model
        fills it up itself. A model without this attribute hears silence.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> listener: Model = tagger(lambda batch: batch.mean(axis=1, keepdims=True), sr=16000, window_s=3.0)
    >>> listener.sr, listener.window_s, listener.hop_s
    (16000, 3.0, 3.0)
    """

    @property
    def spec(self) -> str | None: ...  # noqa: D102
    @property
    def fingerprint(self) -> str | None: ...  # noqa: D102
    @property
    def sr(self) -> int | None: ...  # noqa: D102
    @property
    def labels(self) -> Sequence[str] | None: ...  # noqa: D102
    @property
    def window_s(self) -> float | None: ...  # noqa: D102
    @property
    def hop_s(self) -> float | None: ...  # noqa: D102
    @property
    def lead_s(self) -> float: ...  # noqa: D102
    @property
    def min_s(self) -> float | None: ...  # noqa: D102
    @property
    def n_channels(self) -> int: ...  # noqa: D102
    @property
    def batch_size(self) -> int | None: ...  # noqa: D102
    @property
    def references(self) -> tuple[str, ...]: ...  # noqa: D102

    def __call__(self, batch: NDArray[np.float32]) -> Any:
        """Scores, shape (n_batch, n_labels)."""
        ...


Tagger = Model  # its name in 0.1
