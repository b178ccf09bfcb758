"""Whether a layer can be differentiated, tried on a window of noise before the long work.

A model without gradients, or without the package that differentiates it, is tested by interventions alone; that is a
note. A layer whose axis of features cannot be told is refused here, and not song by song.
"""

from __future__ import annotations

import numpy as np

from audiolime_ext.audio.recording import Samples
from audiolime_ext.concepts.measurement.measuring import gradients_of
from audiolime_ext.errors import MissingError
from audiolime_ext.prediction.asking import predict
from audiolime_ext.prediction.capabilities import Differentiable, Layered
from audiolime_ext.prediction.contract import Model

ALONE = "so concepts are tested by their sound alone"


def without_gradients(model: Model, layer: str, noise: Samples, bounded: bool) -> tuple[str, ...]:
    """A note on why a model has no gradients; none where it has.

    Parameters
    ----------
    model : Model
        Model that is `Layered`.
    layer : str
        Name of the layer.
    noise : ndarray of float32, shape (n_batch, n_windows, n_channels, n_samples)
        Noise, of which one window is asked about.
    bounded : bool
        True if the model answers it by scores.

    Raises
    ------
    UsageError
        If it is unknown which axis of the layer holds the features.
    ModelError
        If the model fails.
    """
    if not isinstance(model, Differentiable):
        why = getattr(model, "undifferentiable", None)
        return (f"the model cannot be differentiated{f' ({why})' if why else ''}, {ALONE}",)
    assert isinstance(model, Layered)
    one = noise[:1, :1]
    seen = np.asarray(predict(model.at(layer), one), np.float32)
    try:
        gradients_of(model, layer, one[0], 0, bounded, seen)
    except MissingError as error:
        return (f"the model cannot be differentiated here ({error}), {ALONE}",)
    return ()
