"""What a model is: a callable from a batch of signals to outputs that says how it is to be asked."""

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
    """A predict function that says how it is to be asked: a classifier, a regressor, an embedder.

    Attributes
    ----------
    spec : str or None
        Spec string that builds it again; None: there is none.
    fingerprint : str or None
        Name of this state of the model, such as a hash of its weights; None: unknown.
    sr : int or None
        Sampling rate in Hz; None: the recording's own.
    labels : sequence of str or None
        Names of the outputs, in order; None: they are numbered.
    window_s, hop_s : float or None
        Length and step of its windows in seconds; None: any length, the excerpt is one window.
    lead_s : float
        Context in front of each window, in seconds.
    min_s : float or None
        Length of the shortest excerpt that it can hear, in seconds, where `window_s` is None; None: any.
    n_channels : {1, 2}
        Number of channels: with 1 it is given (n_batch, n_samples), with 2 (n_batch, 2, n_samples).
    batch_size : int or None
        Largest number of signals at a time; None: all that there are.
    references : tuple of str
        BibTeX entries of the publications behind it.
    fill : {"silence", "repeat", "none"}
        Filling of a recording that is shorter than a window, as the model's own extractor does it: ``"silence"``
        (behind it), ``"repeat"`` (from its beginning), or ``"none"`` (it is given as it is, and the model fills it up
        itself). A model without this attribute is given silence.

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
