"""A factorization and the excerpt that it splits, in one object, as audioLIME's factorizations were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.components import components as parts
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.grid import Grid


@dataclass(frozen=True, eq=False)
class BoundFactorization:
    """A factorization together with the excerpt that it splits; made by `bind`, whose parameters these are."""

    factorization: Factorization
    audio: Audio
    start_s: float = 0.0
    duration_s: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def components(self, model: Model) -> parts.Components:
        """The excerpt's components, as `model` hears them."""
        grid = Grid.of(model, self.audio.sr, self.audio.n_samples)
        first, end = self.audio.span(self.start_s, self.duration_s)
        duration_s = (end - first) / self.audio.sr if self.duration_s is None else self.duration_s
        grid.require(round(duration_s * grid.sr), "the excerpt")
        return parts.build(
            self.audio, self.factorization, grid, start_s=self.start_s, duration_s=duration_s, **self.options
        )


def bind(
    factorization: Factorization | str,
    audio: Any,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    **options: Any,
) -> BoundFactorization:
    """Join a factorization and a recording, as audioLIME's factorizations did.

    Parameters
    ----------
    factorization : Factorization or str
        Factorization or its spec string.
    audio : str, Path, Audio, (samples, sr) or another source
        Recording: anything `load_audio` reads.
    start_s : float
        Start of the excerpt in seconds.
    duration_s : float or None
        Length of the excerpt in seconds; None: up to the recording's end.
    **options : any
        Options of `audiolime_ext.components.components.build`, such as `segments` and `baseline`.

    Examples
    --------
    >>> import numpy as np
    >>> bind("hpss", (np.zeros(8000, np.float32), 8000), start_s=0.5).start_s
    0.5
    """
    return BoundFactorization(load_factorization(factorization), load_audio(audio), start_s, duration_s, options)
