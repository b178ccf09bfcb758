"""What relevance will cost: windows times gradients, by a trial of one window.

A gradient is one pass through the network and back. Integrated Gradients take 9 for a window, and where their sum is
off by too much, more and more up to 256, of which none is taken twice, and for the two ends two passes without the way
back. Smooth ones take 17 for each noisy copy; Grad-CAM takes one. To check a map
(`checks_of`) takes as many as its curves have steps; to check all, as many again as the map for each layer that becomes
random.

The trial asks once, since the first call builds what later ones use, and then for 9 gradients of one window at a time
(or as many as fit into the model's batch), which are measured. A machine that gets busier later will be slower.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients.checks.faithfulness import n_asked
from audiolime_ext.gradients.differentiating import (
    require_gradients,
    values_and_gradients,
    values_of,
    windows_at_once,
)
from audiolime_ext.gradients.hearing import hear
from audiolime_ext.gradients.methods.grad_cam import require_layered
from audiolime_ext.gradients.methods.integrated import FEWEST_STEPS, MOST_STEPS
from audiolime_ext.gradients.methods.smoothing import N_DRAWS, N_STEPS
from audiolime_ext.gradients.pipeline import require_consistent
from audiolime_ext.prediction.capabilities import Randomisable, require_differentiable
from audiolime_ext.prediction.grid import Grid
from audiolime_ext.prediction.taggram import whole_windows
from audiolime_ext.prediction.targets import Target
from audiolime_ext.progress.progress import span
from audiolime_ext.text import counted

_RATE = 16000  # Hz, at which a model without a rate of its own is tried
ALL_OUTPUTS = Target(
    "trial",
    ("trial",),
    lambda outputs: outputs.sum(axis=1, keepdims=True),
    derivative=lambda outputs, _: np.ones_like(outputs),
)


@dataclass(frozen=True)
class Cost:
    """What relevance will cost.

    Parameters
    ----------
    n_windows, n_explained : int
        Number of windows of the excerpt, and of those that are explained.
    least, most : int
        Number of gradients for each of these.
    gradient_s : float
        Seconds for one gradient, as the trial took.
    n_values : int
        Number of values that are explained, one after another.
    checks : (int, int)
        Number of gradients, at least and at most, that it takes to check the map of each window; 0: it is not checked.

    Examples
    --------
    >>> print(Cost(60, 3, 9, 256, 0.02, n_values=2))
    2 values × 3 windows of 60 × 9 to 256 gradients: 5 s to 30 s
    >>> print(Cost(60, 3, 9, 256, 0.02, checks=(66, 66)))
    3 windows of 60 × 9 to 256 gradients, and 66 to check each: 5 s to 20 s
    """

    n_windows: int
    n_explained: int
    least: int
    most: int
    gradient_s: float
    n_values: int = 1
    checks: tuple[int, int] = (0, 0)

    @property
    def seconds(self) -> tuple[float, float]:
        """How long it will take, at least and at most."""
        n = self.n_values * self.n_explained * self.gradient_s
        return n * (self.least + self.checks[0]), n * (self.most + self.checks[1])

    def __str__(self) -> str:
        values = f"{counted(self.n_values, 'value')} × " if self.n_values > 1 else ""
        of = f" of {self.n_windows}" if self.n_explained < self.n_windows else ""
        each = counted(self.most, "gradient")
        each = each if self.least == self.most else f"{self.least} to {each}"
        if self.checks[1]:
            each += f", and {' to '.join(map(str, dict.fromkeys(self.checks)))} to check each"
        least, most = map(span, self.seconds)
        took = least if least == most else f"{least} to {most}"
        return f"{values}{counted(self.n_explained, 'window')}{of} × {each}: {took}"


def gradients_of(method: str, most_steps: int = MOST_STEPS) -> tuple[int, int]:
    """How many gradients a window takes, at least and at most; the method is one of the pipeline's `METHODS`.

    `most_steps` is the most nodes of an integral.

    Examples
    --------
    >>> gradients_of("integrated"), gradients_of("smooth-integrated"), gradients_of("grad-cam")
    ((9, 256), (425, 425), (1, 1))
    """
    if method == "integrated":
        return FEWEST_STEPS, max(FEWEST_STEPS, most_steps)
    each = {"gradients": N_DRAWS, "smooth-integrated": N_DRAWS * N_STEPS, "grad-cam": 1}[method]
    return each, each


def checks_of(model: Any, method: str, what: str | None, most_steps: int = MOST_STEPS) -> tuple[int, int]:
    """How many gradients it takes to check the map of a window: its curves and, with "all", each of the random layers.

    Parameters
    ----------
    model : Model
        Model.
    method : str
        Method of the map, from `audiolime_ext.gradients.pipeline.METHODS`.
    what : {"default", "all"} or None
        Checks: "default" is `audiolime_ext.gradients.checks.faithfulness.faithfulness`; "all" has also
        `audiolime_ext.gradients.checks.randomised.map_randomisation`, where the model can be randomised; None: none.
    most_steps : int
        Most nodes of an integral.

    Examples
    --------
    >>> checks_of(None, "integrated", None), checks_of(None, "integrated", "default")
    ((0, 0), (66, 66))
    """
    if what is None:
        return 0, 0
    n_layers = len(model.trained_layers) if what == "all" and isinstance(model, Randomisable) else 0
    least, most = gradients_of(method, most_steps)
    return n_asked() + n_layers * least, n_asked() + n_layers * most


def cost(
    audio: Audio,
    model: Any,
    *,
    method: str,
    strongest: int | None,
    n_values: int = 1,
    start_s: float = 0.0,
    duration_s: float | None = None,
    checks: str | None = None,
    most_steps: int = MOST_STEPS,
) -> Cost:
    """What `audiolime_ext.relevance` will cost at its own settings, by a trial of the excerpt's first window.

    Parameters
    ----------
    audio : Audio
        Recording.
    model : Model
        Model that can be differentiated.
    method : str
        Method, from `audiolime_ext.gradients.pipeline.METHODS`.
    strongest : int or None
        Number of windows that are explained; None: all.
    n_values : int
        Number of values that are explained, one after another.
    start_s, duration_s : float, float or None
        Start and length of the excerpt in seconds; None: to the end.
    checks : {"default", "all"} or None
        Checks of the maps, as `checks_of` has them.
    most_steps : int
        Most nodes of an integral.

    Raises
    ------
    UsageError
        If the model has no derivatives, or no front end.
    AudioError
        If the excerpt does not lie within the recording, or is too short for the model.
    ModelError
        If the model fails.
    """
    require_gradients(model, ALL_OUTPUTS)
    first, end = audio.span(start_s, duration_s)
    n_windows = len(whole_windows(audio, Grid.of(model, audio.sr, audio.n_samples), first, end))
    held_s = (end - first) / audio.sr
    first_s = held_s if model.window_s is None else min(model.window_s, held_s)
    window = hear(audio, model, start_s=start_s, duration_s=first_s).features[:1]
    values_and_gradients(model, window, ALL_OUTPUTS)
    least, most = gradients_of(method, most_steps)
    copies = np.repeat(window, min(windows_at_once(model), FEWEST_STEPS, most), axis=0)
    begun = time.perf_counter()
    values_and_gradients(model, copies, ALL_OUTPUTS)
    each_s = (time.perf_counter() - begun) / len(copies)
    explained = n_windows if strongest is None else min(strongest, n_windows)
    return Cost(n_windows, explained, least, most, each_s, n_values, checks_of(model, method, checks, most_steps))


def require_map(model: Any, method: str, layer: str | None) -> None:
    """Refuse, before any work, what no map can be made of; of models with windows one of silence is differentiated.

    Parameters
    ----------
    model : Model
        Model.
    method : str
        Method, from `audiolime_ext.gradients.pipeline.METHODS`.
    layer : str or None
        Name of the layer of Grad-CAM.

    Raises
    ------
    UsageError
        If the model has no gradients or no spectrogram, or the method or the layer does not fit; it says what can be
        asked instead.
    MissingError
        If a package that differentiates, such as PyTorch, is not installed.
    ModelError
        If the model fails, or answers NaN or infinity.
    """
    require_consistent(method, layer=layer, baseline="silence")
    require_differentiable(model)
    if getattr(model, "front_end", None) is None:
        raise UsageError(
            "the model is given signals, so there is no spectrogram in which a map could lie; declare its front_end=, "
            "or leave the map out"
        )
    if method == "grad-cam":
        require_layered(model, layer)
    if model.window_s is None:  # nobody knows how long a signal it takes
        return
    sr = model.sr or _RATE
    silence = Audio(np.zeros((1, round(model.window_s * sr)), np.float32), sr)
    values_of(model, hear(silence, model).features, ALL_OUTPUTS)
