"""What a model says of a song's patches: all that is asked of it, song by song, before any concept is known.

For each patch its *activations* in the layer, where it sounds alone; and its *removals*, by how much each class's logit
falls when it is taken out of its window: an intervention, which needs no gradients. Both are asked again in another
song's place (`audiolime_ext.concepts.measurement.elsewhere`), unless that is left out. For each window of the song the
activations, the logits, and the *gradient* of the song's own class's logit by the layer, where the model can be
differentiated.

Activations are the layer's means over time and frequency (`audiolime_ext.prediction.capabilities.Layered.at`). To move
them is to move the layer by the same everywhere, so a gradient is summed over time and frequency.

Logits are log(p / (1 − p)) of a score p, as derivatives of scores vanish where a network is sure. They are not clipped;
a score that is 0 or 1 to the last bit has no slope, which counts as 0. Where answers are no scores they are taken as
they are; a store in which some songs have scores and others not is refused (`audiolime_ext.concepts.result`).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Samples
from audiolime_ext.concepts.measurement.elsewhere import There
from audiolime_ext.concepts.measurement.patches import Patch, Patches
from audiolime_ext.concepts.measurement.traits import Traits
from audiolime_ext.errors import MissingError, ModelError, UsageError
from audiolime_ext.gradients.differentiating import values_and_gradients
from audiolime_ext.prediction.asking import n_at_once, predict
from audiolime_ext.prediction.capabilities import Differentiable, Layered
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.layers import pooled
from audiolime_ext.prediction.steps import features as made_by
from audiolime_ext.prediction.targets import Target

Floats32 = NDArray[np.float32]

SURE = 1e-12  # p (1 − p) below which a score has no slope


@dataclass(frozen=True, eq=False)
class Measured:
    """What came of a song.

    Parameters
    ----------
    patches : tuple of Patch
        Patches.
    activations : ndarray of float32, shape (n_patches, n_features)
        Activations of each patch alone.
    removals : ndarray of float32, shape (n_patches, n_classes)
        Logits by which each class is lower without the patch.
    windows : ndarray of float32, shape (n_windows, n_features)
        Activations of the windows.
    logits : ndarray of float32, shape (n_windows, n_classes)
        Logits of the windows.
    gradients : ndarray of float32, shape (n_windows, n_features), or None
        Gradient of the own class's logit; None: the model cannot be differentiated, at least here.
    bounded : bool
        True if all answers were scores, of which logits were taken.
    traits : Traits
        Level of the excerpt, and where it ends.
    elsewhere : ndarray of float32, shape (n_patches, n_features), or None
        Activations of each patch's mask on another song's audio, alone; None: there was no other song.
    added : ndarray of float32, shape (n_patches, n_classes), or None
        Logits by which each class is higher in another song's window with the patch.
    partner : str
        Key of the other song; "" where there was none.
    n_beyond : int
        Number of these windows that pass full scale with the patch alone.
    augmented : ndarray of float32, shape (n_draws × n_windows, n_features), or None
        Activations of the windows with the augmentation, draw after draw; None: none was given.
    left : ndarray of float32, shape (n_patches, n_draws), or None
        Share of each patch's energy that the augmentation leaves.
    notes : tuple of str
        Sentences on what else to know.
    """

    patches: tuple[Patch, ...]
    activations: Floats32 = field(repr=False)
    removals: Floats32 = field(repr=False)
    windows: Floats32 = field(repr=False)
    logits: Floats32 = field(repr=False)
    gradients: Floats32 | None = field(repr=False)
    bounded: bool
    traits: Traits
    elsewhere: Floats32 | None = field(default=None, repr=False)
    added: Floats32 | None = field(default=None, repr=False)
    partner: str = ""
    n_beyond: int = 0
    augmented: Floats32 | None = field(default=None, repr=False)
    left: Floats32 | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @property
    def movements(self) -> Floats32:
        """What the augmentation changes in the layer, shape (n_draws × n_windows, n_features)."""
        assert self.augmented is not None  # in a store whose identity names one
        return self.augmented - np.tile(self.windows, (len(self.augmented) // len(self.windows), 1))


def measure(
    model: Model, layer: str, patches: Patches, columns: Sequence[int], own: int, *, traits: Traits
) -> Measured:
    """Ask a model about a song's patches and windows.

    Parameters
    ----------
    model : Model
        Model that is `Layered`.
    layer : str
        Name of the layer.
    patches : Patches
        Patches of the song.
    columns : sequence of int
        Output of each class.
    own : int
        Number of the song's class.
    traits : Traits
        Traits of the excerpt.

    Raises
    ------
    UsageError
        If there is no such layer, or it is unknown which of its axes holds the features.
    ModelError
        If the model fails, or answers NaN or infinity.
    """
    assert isinstance(model, Layered)
    inside = model.at(layer)
    chosen = list(columns)
    outputs, left = (predict(model, signals[:, None]) for signals in (patches.windows, patches.without))
    bounded = are_scores(outputs) and are_scores(left)
    logits, without = (logits_of(answers, bounded)[:, chosen] for answers in (outputs, left))
    seen = np.asarray(predict(inside, patches.windows[:, None]), np.float32)
    held = np.array([one.window for one in patches.of])
    slopes = None
    if isinstance(model, Differentiable):
        with suppress(MissingError):  # what differentiates is not installed, which is told before the work
            slopes = gradients_of(model, layer, patches.windows, chosen[own], bounded, seen)
    return Measured(
        patches.of,
        np.asarray(predict(inside, patches.alone[:, None]), np.float32),
        np.asarray(logits[held] - without, np.float32),
        seen,
        np.asarray(logits, np.float32),
        slopes,
        bounded,
        traits,
        notes=patches.notes,
    )


def controlled(
    found: Measured, model: Model, layer: str, patches: Patches, columns: Sequence[int], put: There, partner: str
) -> Measured:
    """Ask a model about the same patches in another song's place, and add what it says.

    Parameters
    ----------
    found : Measured
        Answers about the song itself.
    model, layer, patches, columns : as for `measure`
        Model, layer, patches and classes.
    put : There
        Signals of the patches in the other song's place.
    partner : str
        Key of the other song.

    Raises
    ------
    ModelError
        If the model fails, or answers scores to one of the two songs and other numbers to the other.
    """
    assert isinstance(model, Layered)
    before, after = (predict(model, signals[:, None]) for signals in (put.windows, put.beside))
    if found.bounded and not (are_scores(before) and are_scores(after)):
        raise ModelError("the model answers between 0 and 1 to one song, and beyond to another's window with its sound")
    chosen = list(columns)
    raised = (logits_of(after, found.bounded) - logits_of(before, found.bounded)[list(put.window)])[:, chosen]
    elsewhere = np.asarray(predict(model.at(layer), put.under[:, None]), np.float32)
    added = np.asarray(raised, np.float32)
    return replace(found, elsewhere=elsewhere, added=added, partner=partner, n_beyond=put.n_beyond)


def gradients_of(
    model: Model, layer: str, windows: Samples, column: int, bounded: bool, pooled_activations: Floats32
) -> Floats32:
    """The gradient of an output's logit by a layer, summed over time and frequency, (n_windows, n_features).

    Parameters
    ----------
    model : Model
        Model that is `Layered` and `Differentiable`.
    layer : str
        Name of the layer.
    windows : ndarray of float32, shape (n_windows, n_channels, n_samples)
        Signals.
    column : int
        Number of the output.
    bounded : bool
        True if outputs are scores, whose logits are meant.
    pooled_activations : ndarray of float32, shape (n_windows, n_features)
        Activations of the windows, which tell the axis of the features.
    """
    given = windows[:, 0] if model.n_channels == 1 else windows
    front_end, size = getattr(model, "front_end", None), n_at_once(model)
    parts = []
    for at in range(0, len(given), size):
        some = given[at : at + size]
        heard = some if front_end is None else np.asarray(made_by(front_end, some, only_arrays=True), np.float32)
        _, activations, slopes = values_and_gradients(model, heard, logit(column, bounded), wrt=layer)
        axis = axis_of_features(activations, pooled_activations[at : at + size], layer)
        last = np.moveaxis(slopes, axis, -1)
        parts.append(last.sum(axis=tuple(range(1, last.ndim - 1))))
    return np.asarray(np.concatenate(parts), np.float32)


def axis_of_features(activations: NDArray[np.float64], vectors: Floats32, layer: str) -> int:
    """The axis of a layer's activations over whose others the mean is each window's vector.

    Raises
    ------
    UsageError
        If there is none.

    Examples
    --------
    >>> inside = np.arange(24.0).reshape(1, 2, 3, 4)
    >>> axis_of_features(inside, inside.mean(axis=(1, 3)).astype(np.float32), "conv")
    2
    """
    for axis in range(1, activations.ndim):
        found = pooled(activations, channels=axis)
        if found.shape == vectors.shape and np.allclose(found, vectors, rtol=1e-3, atol=1e-4 * np.abs(vectors).max()):
            return axis
    raise UsageError(
        f"layer {layer!r} answers activations of shape {activations.shape}, whose means over time and frequency are "
        "not the vectors that it is read by; name the axis of its features in the model's spec, such as channels=first"
    )


def are_scores(outputs: Scores) -> bool:
    """Whether all answers lie between 0 and 1."""
    return bool((outputs >= 0).all() and (outputs <= 1).all())


def logits_of(outputs: Scores, bounded: bool) -> NDArray[np.float64]:
    """Logits of scores; other answers as they are.

    Examples
    --------
    >>> logits_of(np.array([[0.5, 0.9, 1.0]]), True).round(2)
    array([[ 0.  ,  2.2 , 27.63]])
    """
    if not bounded:
        return outputs
    return np.asarray(np.log(np.maximum(outputs, SURE)) - np.log(np.maximum(1 - outputs, SURE)))


def logit(column: int, bounded: bool) -> Target:
    """One output's logit as a target that can be differentiated."""

    def apply(outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        return logits_of(outputs[:, [column]], bounded)

    def derivative(outputs: NDArray[np.float64], _: int) -> NDArray[np.float64]:
        slope, p = np.zeros_like(outputs), outputs[:, column]
        slope[:, column] = 1 / np.maximum(p * (1 - p), SURE) if bounded else 1.0
        return slope

    return Target("logit", (str(column),), apply, derivative=derivative)
