"""Models that other libraries saved: what their spec strings say, and the model that is made of each.

``keras:PATH?sr=16000&labels=rock;jazz``. Options:

- ``sr``: sampling rate in Hz, 768000 at most.
- ``labels``: names between semicolons, or in a file, ``@FILE`` (one a line, UTF-8), as those with ``&`` or ``;`` must.
- ``front_end=log-mel:n_fft,hop_length,n_mels``: see `front_end`; without it the model is given waveforms.
- ``output``: which of several outputs holds the scores, by name or by position from 0.
- ``activation=softmax`` or ``sigmoid``: the model answers logits. ``none``, the default: it does not.
- ``window_s``, ``hop_s``: length and step of its windows in seconds. Without them it hears an excerpt of any length as
  a whole.
- ``fill=repeat``: a recording that is shorter than a window is repeated; without it silence is added behind.
- ``threads``: threads within the model, 256 at most.
- ``layer``: answer a layer's activations in place of scores, averaged over time and frequency: an embedding. It has no
  labels, so ``labels``, ``output`` and ``activation`` are left out. ``channels=first`` or ``last`` says which axis of
  the layer holds its features, see `layers`.

A file that states facts of itself (`stated`) needs none of those in its spec string.

Invariants: *a model that cannot do what its options say is refused when it is built*: it is asked about noise, twice.
*The fingerprint changes with any byte of the model and with every option that changes answers*, and not with the place
of the file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import AudiolimeError, UsageError, unknown
from audiolime_ext.files.names import legible
from audiolime_ext.guest import as_guest, is_out_of_memory, out_of_memory
from audiolime_ext.networks.runtime import MOST_THREADS
from audiolime_ext.prediction.autograd import on_threads
from audiolime_ext.prediction.capabilities import NetworkVjp
from audiolime_ext.prediction.contract import FILLS, Fill, PredictFn
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.function import tagger
from audiolime_ext.prediction.function_model import FunctionModel, differentiable
from audiolime_ext.prediction.hearing import HIGHEST_SR, require_samples
from audiolime_ext.prediction.layers import Inside, LayeredModel, layered
from audiolime_ext.prediction.model_files import reason
from audiolime_ext.prediction.option_values import OF_SCORES, label_list, positive, require_scores_or_layer
from audiolime_ext.prediction.outputs import chosen, picked
from audiolime_ext.prediction.stated import Stated
from audiolime_ext.registry import options

Derive = Callable[["str | None"], "NetworkVjp | str"]

FACTS = ("sr", "labels", "front_end", "output")
COMMON = ("activation", "window_s", "hop_s", "threads")
INSIDE = ("layer", "channels")
_ACTIVATIONS = ("softmax", "sigmoid", "none")
_VERSION = "1"  # of this module's arithmetic


@dataclass(frozen=True)
class Declared:
    """What a spec string says of a saved model; see the options above."""

    spec: str
    path: Path
    sr: int = 0
    labels: tuple[str, ...] | None = ()
    front_end: LogMel | None = None
    activation: str | None = None
    window_s: float | None = None
    hop_s: float | None = None
    threads: int | None = None
    output: str | None = None
    fill: Fill = "silence"
    layer: str | None = None
    channels: str | None = None

    @classmethod
    def parse(
        cls, kind: str, argument: str, *, facts: bool = True, more: Sequence[str] = (), stated: Stated | None = None
    ) -> Declared:
        """What ``kind:argument`` says.

        Parameters
        ----------
        kind : str
            Name of the library in the spec string, such as ``onnx``.
        argument : str
            Path and options.
        facts : bool
            True if rate, labels, front end and output are declared, as the model does not state them.
        more : sequence of str
            Names of options that only this library has; of ``prompts`` are made labels.
        stated : Stated or None
            Facts that the file states, for what `argument` does not say; None: it states none.

        Raises
        ------
        UsageError
            If an option is missing, not known, or cannot be used.

        Examples
        --------
        >>> Declared.parse("keras", "own.keras?sr=16000&labels=rock;jazz").labels
        ('rock', 'jazz')
        """
        plain, given = options(argument, (*FACTS, *COMMON, *INSIDE, "fill") if facts else (*COMMON, *more))
        if not plain:
            raise UsageError(f"{kind}:{argument} names no file; write {kind}:PATH{'?sr=…&labels=…' if facts else ''}")
        given = given if stated is None else {**stated.options, **given}
        embeds = "layer" in given or (stated is not None and stated.embedding)
        for name, example in {"sr": "16000", "labels": "rock;jazz or labels=@FILE"}.items() if facts else ():
            unnamed = name == "labels" and embeds  # an embedding has no labels
            if name not in given and not unnamed:
                raise UsageError(f"{kind}:{plain} does not state its {name}; add the option {name}={example}")
        if (activation := given.get("activation", "none")) not in _ACTIVATIONS:
            raise unknown("activation", activation, _ACTIVATIONS)
        if (fill := given.get("fill", "silence")) not in FILLS:
            raise unknown("fill", fill, FILLS)
        require_scores_or_layer(given)
        sr = int(positive(given, "sr", int, HIGHEST_SR) or 0)
        window_s, hop_s = positive(given, "window_s", float), positive(given, "hop_s", float)
        require_samples(sr or HIGHEST_SR, window_s=window_s, hop_s=hop_s)
        named = given.get("labels", given.get("prompts"))
        return cls(
            f"{kind}:{argument}",
            Path(plain),
            sr=sr,
            labels=label_list(named) if named is not None else None if facts else (),
            front_end=LogMel.parse(given["front_end"], sr=sr) if "front_end" in given else None,
            activation=given.get("activation"),
            window_s=window_s,
            hop_s=hop_s,
            threads=cast("int | None", positive(given, "threads", int, MOST_THREADS)),
            output=given.get("output"),
            fill=fill,
            layer=given.get("layer"),
            channels=given.get("channels"),
        )

    def at(self, layer: str) -> Declared:
        """The same of the same file, but a layer's activations in place of scores.

        Examples
        --------
        >>> Declared.parse("onnx", "own.onnx?sr=16000&labels=rock;jazz&window_s=3").at("relu5").spec
        'onnx:own.onnx?sr=16000&window_s=3&layer=relu5'
        """
        named, _, text = self.spec.partition("?")
        kept = [pair for pair in text.split("&") if pair.partition("=")[0] not in (*OF_SCORES, "layer")]
        spec = f"{named}?{'&'.join([*kept, f'layer={layer}'])}"
        return replace(self, spec=spec, labels=None, output=None, activation=None, layer=layer)

    def chosen(self, answer: Any) -> NDArray[Any]:
        """The output that was declared, out of a model's answer; see `audiolime_ext.prediction.outputs`.

        Raises
        ------
        ModelError
            If one of several must be chosen, or none has that name.
        """
        return chosen(answer, self.output, who=str(self.path), how=" add the option output={}")

    def picked(self, answer: Any) -> Any:
        """The same as it was answered: a tensor stays one that can be differentiated.

        Raises
        ------
        ModelError
            If one of several must be chosen, or none has that name.
        """
        return picked(answer, self.output, who=str(self.path), how=" add the option output={}")

    @property
    def input_axes(self) -> str:
        """Axes of what the model is given."""
        return "(n_batch, n_samples)" if self.front_end is None else "(n_batch, n_frames, n_mels)"

    def fitting(self, shape: Sequence[int | None]) -> Declared:
        """The same, checked against the shape of the model's input; None stands for an axis of any length.

        A fixed length is the window, where none was declared.

        Raises
        ------
        UsageError
            If they contradict each other.
        """
        given = self.input_axes
        n_mels = () if self.front_end is None else (self.front_end.n_mels,)
        if len(shape) != 2 + len(n_mels) or any(a not in (None, b) for a, b in zip(shape[2:], n_mels, strict=True)):
            asked = ", ".join("any" if axis is None else str(axis) for axis in shape)
            hint = "declare its front_end=" if self.front_end is None else "declare another front_end="
            raise UsageError(f"{legible(self.path)} takes inputs of shape ({asked}), but is given {given}; {hint}")
        if (length := shape[1]) is None:
            return self
        if self.window_s is None:
            n_samples = length if self.front_end is None else self.front_end.n_samples(length)
            return replace(self, window_s=n_samples / self.sr)
        n_samples = round(self.window_s * self.sr)
        heard = n_samples if self.front_end is None else self.front_end.n_frames(n_samples)
        if heard != length:
            unit = "samples" if self.front_end is None else "frames"
            raise UsageError(
                f"{legible(self.path)} takes {length} {unit}, but window_s={self.window_s:g} at {self.sr} Hz is "
                f"{heard}; leave window_s out, or give the one with which it was trained"
            )
        return self

    def tagger(
        self,
        predict_fn: PredictFn,
        *,
        contents: Sequence[bytes],
        batch_size: int,
        fill: Fill | None = None,
        inside: Inside | None = None,
        derive: Derive | None = None,
    ) -> FunctionModel:
        """The model of a loaded model, which is asked about noise.

        Parameters
        ----------
        predict_fn : callable
            Function from what the front end gives to scores (n_batch, n_labels).
        contents : sequence of bytes
            SHA-256 digests of all that the model was loaded from.
        batch_size : int
            Largest number of signals that it is given at a time.
        fill : {"silence", "repeat", "none"} or None
            Filling of short recordings, as for `audiolime_ext.tagger`; None: as declared.
        inside : Inside or None
            Layers of the model; None: they cannot be read.
        derive : callable or None
            Function from the layer that answers (None: the scores) to the derivative of that answer, pooled like it, or
            to words on why it has none; None: it has none.

        Raises
        ------
        UsageError
            If it cannot hear its window, has another number of outputs than labels, answers one signal differently when
            it is asked again beside another, or there is no such layer.
        """
        layer = None if inside is None or self.layer is None else inside.named(self.layer)
        if inside is not None and layer is not None:
            predict_fn = partial(inside.vectors, layer=layer, channels=self.channels)
        state: tuple[Any, ...] = (_VERSION, self.sr, self.labels, self.front_end, self.activation, self.window_s)
        state += (self.hop_s, *(() if self.output is None else (self.output,)))
        state += () if self.fill == "silence" else (self.fill,)
        state += () if layer is None else ("layer", layer, self.channels)
        made = tagger(
            predict_fn,
            sr=self.sr,
            labels=self.labels,
            front_end=self.front_end,
            activation=cast(Any, self.activation if self.activation != "none" else None),
            window_s=self.window_s,
            hop_s=self.hop_s,
            batch_size=batch_size,
            fill=fill or self.fill,
            version=hashlib.sha256(repr(state).encode() + b"".join(contents)).hexdigest()[:16],
        )
        _require_sound(made, self)
        found = None if derive is None else derive(layer)
        why = found if isinstance(found, str) else None
        made = differentiable(replace(made, spec=self.spec), None if isinstance(found, str) else found, why)
        if inside is None:
            return made
        again: dict[str, Any] = {"contents": contents, "batch_size": batch_size, "fill": fill, "inside": inside}
        again["derive"] = derive
        return layered(made, inside, lambda layer: cast(LayeredModel, self.at(layer).tagger(predict_fn, **again)))


def _require_sound(model: FunctionModel, declared: Declared) -> None:
    seconds, path, labels = declared.window_s or 1.0, declared.path, declared.labels
    noise = np.random.default_rng(0).normal(0, 0.1, (2, round(seconds * declared.sr))).astype(np.float32)
    try:
        with as_guest():
            together, alone = np.asarray(model(noise)), np.asarray(model(noise[:1]))
    except Exception as error:
        if isinstance(error, AudiolimeError):
            raise
        if is_out_of_memory(error):
            doing = f"{path} heard 2 signals of {seconds:g} s at once"
            raise out_of_memory(doing, error, "say the window with which it was trained: window_s=…") from error
        raise deaf(declared, reason(error)) from error
    if together.ndim != 2 or len(together) != 2:
        raise UsageError(
            f"{legible(path)} answers an array of shape {together.shape} to 2 signals; it must be "
            f"(2, {'n_labels' if declared.layer is None else 'n_features'})"
        )
    if labels is not None and together.shape[1] != len(labels):
        raise UsageError(
            f"{legible(path)} has {together.shape[1]} outputs, but labels names {len(labels)} ({', '.join(labels[:5])}"
            f"{', …' if len(labels) > 5 else ''}); name one label for each output, in their order"
        )
    if not np.allclose(together[:1], alone, rtol=1e-3, atol=1e-4):
        raise UsageError(
            f"{legible(path)} answers the same signal differently when it is asked again, beside another; it was "
            "saved in training mode (dropout, batch normalisation). Save it in evaluation mode, in PyTorch after "
            "model.eval()"
        )


def deaf(declared: Declared, why: str) -> UsageError:
    """The error of a model that cannot hear a second, or its window."""
    swapped = "" if declared.front_end is None else "; one that takes them as (…, n_mels, n_frames) swaps them itself"
    return UsageError(
        f"{legible(declared.path)} cannot hear {declared.window_s or 1.0:g} s at {declared.sr} Hz ({why}); say the "
        "window and the input with which it was trained: window_s=…, front_end=…; its input is float32 "
        f"{declared.input_axes}{swapped}"
    )


@contextmanager
def torch_inference(torch: Any, threads: int | None) -> Iterator[None]:
    """Without gradients, on `threads` threads; afterwards PyTorch has as many as before."""
    with on_threads(threads), torch.inference_mode():
        yield
