"""Derivatives of Keras models, by the library that Keras runs on: TensorFlow or PyTorch.

The model is called in inference mode, as when it is asked. Its activations are those of a model between the same inputs
and a layer's output and its own: a layer lies on the way to the answer, so what is computed behind it is computed of
it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import AudiolimeError, ModelError, UnfitModel, UsageError
from audiolime_ext.guest import is_out_of_memory
from audiolime_ext.prediction.capabilities import CotangentFn, Derivative, require_cotangent, require_finite
from audiolime_ext.prediction.layers import require_layer
from audiolime_ext.prediction.outputs import as_array

Called = Callable[[Any, "str | None"], "tuple[Any, Any]"]

_BACKENDS = ("tensorflow", "torch")


def library_of(model: Any) -> str:
    """What Keras runs on, for a model of Keras 3, ``tf.keras`` or ``tf_keras``."""
    return str(package_of(model).backend.backend())


def package_of(model: Any) -> Any:
    """The package whose model it is."""
    packages = {one.__module__.partition(".")[0] for one in type(model).__mro__}
    return sys.modules[next(name for name in ("tf_keras", "keras") if name in packages)]


def underivable(library: str) -> str | None:
    """Why models on that library are not differentiated here; None: they are.

    Examples
    --------
    >>> underivable("jax")
    'Keras runs on jax here; it is differentiated on tensorflow and torch (set KERAS_BACKEND)'
    """
    return (
        None
        if library in _BACKENDS
        else f"Keras runs on {library} here; it is differentiated on {' and '.join(_BACKENDS)} (set KERAS_BACKEND)"
    )


class KerasNetwork:
    """A Keras model that can be differentiated; call it as `audiolime_ext.prediction.capabilities.Differentiable.vjp`.

    Parameters
    ----------
    model : keras.Model
        Model.
    called : callable
        Function from features (a tensor) and the name of a layer or None to the outputs (n_batch, n_outputs) and that
        layer's activations.
    who : str
        Words for the model, for messages.
    """

    def __init__(self, model: Any, called: Called, who: str) -> None:
        self._library, self._called, self.who = library_of(model), called, who

    def __call__(self, features: NDArray[np.float32], cotangent_fn: CotangentFn, wrt: str | None) -> Derivative:
        """Outputs, values and the derivative by these."""
        given = np.array(features, np.float32)
        library: Any = sys.modules[self._library]
        follow = self._in_tensorflow if self._library == "tensorflow" else self._in_torch
        try:
            outputs, values, gradient = follow(library, given, cotangent_fn, wrt)
        except Exception as error:
            if isinstance(error, AudiolimeError) or is_out_of_memory(error):
                raise
            said = " ".join(str(error).split())[:300]
            raise ModelError(f"{self.who} raised {type(error).__name__} when it was differentiated: {said}") from error
        if gradient is None:
            raise self._lost(wrt)
        return outputs, _array(values), require_finite(_array(gradient), self.who)

    def _in_tensorflow(self, tf: Any, given: Any, cotangent_fn: CotangentFn, wrt: str | None) -> tuple[Any, Any, Any]:
        x = tf.convert_to_tensor(given)
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs, inner = self._called(x, wrt)
        answer, at = self._answer(outputs), x if wrt is None else inner
        vector = require_cotangent(cotangent_fn(answer), answer)
        found = tape.gradient(outputs, at, output_gradients=tf.cast(vector, outputs.dtype))
        return answer, at, None if found is None else tf.convert_to_tensor(found)

    def _in_torch(self, torch: Any, given: Any, cotangent_fn: CotangentFn, wrt: str | None) -> tuple[Any, Any, Any]:
        with torch.inference_mode(False), torch.enable_grad():
            x = torch.from_numpy(given).requires_grad_()
            outputs, inner = self._called(x, wrt)
            answer, at = self._answer(outputs), x if wrt is None else inner
            vector = torch.from_numpy(require_cotangent(cotangent_fn(answer), answer)).to(outputs)
            if not outputs.requires_grad or not at.requires_grad:
                return answer, at, None
            (found,) = torch.autograd.grad(outputs, at, vector, allow_unused=True)
            return answer, at, found

    def _answer(self, outputs: Any) -> NDArray[np.float32]:
        """Outputs as an array; whole numbers have no derivative."""
        array = as_array(outputs)
        if "float" not in str(outputs.dtype):
            raise UnfitModel(
                f"{self.who} answers {array.dtype} values, which have no derivative; let it answer its scores"
            )
        return np.asarray(array, np.float32)

    def _lost(self, wrt: str | None) -> AudiolimeError:
        if wrt is not None:
            return UsageError(
                f"{self.who} cannot be differentiated by layer {wrt!r}: its outputs do not depend on it; name another"
            )
        return UnfitModel(
            f"{self.who} answers what cannot be followed back to its input; compute it with {self._library} alone, "
            "without stop_gradient, NumPy or steps such as argmax and rounding"
        )


def _array(tensor: Any) -> NDArray[np.float32]:
    return np.array(as_array(tensor), np.float32)


def by_layers(keras: Any, model: Any, answer: Callable[[Any], Any]) -> Called:
    """A function of features and a layer's name to the outputs, and the layer's activations.

    Parameters
    ----------
    keras : module
        Package of the model's class.
    model : keras.Model
        Model; layers of one that is neither Sequential nor functional cannot be named.
    answer : callable
        Function from what the model answers, as tensors, to the outputs.
    """
    models: dict[str, Any] = {}

    def called(x: Any, layer: str | None) -> tuple[Any, Any]:
        if layer is None:
            return answer(model(x, training=False)), None
        if layer not in models:
            models[layer] = _with_layer(keras, model, layer)
        inner, *outputs = models[layer](x, training=False)
        return answer(outputs[0] if len(outputs) == 1 else outputs), inner

    return called


def _with_layer(keras: Any, model: Any, layer: str) -> Any:
    """A model that answers a layer's activations, and then what the model answers."""
    layers = [one.name for one in model.layers if not isinstance(one, keras.layers.InputLayer)]
    require_layer(layer, layers)
    try:
        return keras.Model(model.inputs, [model.get_layer(layer).output, *model.outputs])
    except (AttributeError, TypeError, ValueError) as error:  # it is connected by code, or the layer is beside it
        raise UsageError(
            f"layer {layer!r} lies in a model that is connected by code, or answers no single array, so it cannot be "
            "read; name another, or make the model Sequential or functional"
        ) from error
