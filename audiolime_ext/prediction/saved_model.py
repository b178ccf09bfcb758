"""Models that other libraries saved: what their spec strings say, and the model that is made of one.

``keras:PATH?sr=16000&labels=rock;jazz``. Options:

- ``sr``: Hz. ``labels``: names between semicolons, ``@FILE`` or a file's path (one name per line, UTF-8).
- ``front_end=log-mel:n_fft,hop_length,n_mels``: see `front_end`; without, the model is given waveforms.
- ``output``: which of several outputs are the scores, by name or by position from 0.
- ``activation=softmax`` or ``sigmoid``: the model answers logits. ``none``: it does not, which is the default.
- ``window_s``, ``hop_s``: length and step of its windows in seconds. Without, it hears an excerpt of any length whole.
- ``fill=repeat``: how a recording is filled up that is shorter than a window; else with silence behind it.
- ``threads``: threads within the model.

Invariants: *a model that cannot do what its options say is refused when it is built*: it is asked about noise, twice.
*The fingerprint changes with any byte of the model and with every option that changes answers*, and not with where the
file lies.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import AudiolimeError, CorruptError, MissingError, UsageError, unknown
from audiolime_ext.files import legible
from audiolime_ext.guest import as_guest, is_out_of_memory, out_of_memory
from audiolime_ext.prediction.contract import FILLS, Fill, PredictFn
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.function import FunctionModel, tagger
from audiolime_ext.prediction.outputs import chosen
from audiolime_ext.registry import options
from audiolime_ext.text import text_of

FACTS = ("sr", "labels", "front_end", "output")
COMMON = ("activation", "window_s", "hop_s", "threads")
_ACTIVATIONS = ("softmax", "sigmoid", "none")
_VERSION = "1"  # of this module's arithmetic


@dataclass(frozen=True)
class Declared:
    """What a spec string says of a saved model; see the options above."""

    spec: str
    path: Path
    sr: int = 0
    labels: tuple[str, ...] = ()
    front_end: LogMel | None = None
    activation: str | None = None
    window_s: float | None = None
    hop_s: float | None = None
    threads: int | None = None
    output: str | None = None
    fill: Fill = "silence"

    @classmethod
    def parse(cls, kind: str, argument: str, *, facts: bool = True) -> Declared:
        """What the argument of ``kind:argument`` says.

        Parameters
        ----------
        facts
            Whether rate, labels, front end and output are declared, as the model does not state them.

        Raises
        ------
        UsageError
            If an option is missing, not known, or cannot be used.

        Examples
        --------
        >>> Declared.parse("keras", "own.keras?sr=16000&labels=rock;jazz").labels
        ('rock', 'jazz')
        """
        plain, given = options(argument, (*FACTS, *COMMON, "fill") if facts else COMMON)
        if not plain:
            raise UsageError(f"{kind}:{argument} names no file; write {kind}:PATH{'?sr=…&labels=…' if facts else ''}")
        for name, example in {"sr": "16000", "labels": "rock;jazz or labels=@FILE"}.items() if facts else ():
            if name not in given:
                raise UsageError(f"{kind}:{plain} does not state its {name}; add the option {name}={example}")
        if (activation := given.get("activation", "none")) not in _ACTIVATIONS:
            raise unknown("activation", activation, _ACTIVATIONS)
        if (fill := given.get("fill", "silence")) not in FILLS:
            raise unknown("fill", fill, FILLS)
        sr = int(_number(given, "sr", int) or 0)
        return cls(
            f"{kind}:{argument}",
            Path(plain),
            sr=sr,
            labels=_labels(given["labels"]) if facts else (),
            front_end=LogMel.parse(given["front_end"], sr=sr) if "front_end" in given else None,
            activation=given.get("activation"),
            window_s=_number(given, "window_s", float),
            hop_s=_number(given, "hop_s", float),
            threads=cast("int | None", _number(given, "threads", int)),
            output=given.get("output"),
            fill=fill,
        )

    def chosen(self, answer: Any) -> NDArray[Any]:
        """The output that was declared, of what the model answers; see `audiolime_ext.prediction.outputs`.

        Raises
        ------
        ModelError
            If one must be chosen, or there is none of that name.
        """
        return chosen(answer, self.output, who=str(self.path), how="add the option output={}")

    @property
    def input_axes(self) -> str:
        """What the model is given."""
        return "(n_batch, n_samples)" if self.front_end is None else "(n_batch, n_frames, n_mels)"

    def fitting(self, shape: Sequence[int | None]) -> Declared:
        """The same, checked against the shape of the model's input, None where an axis may have any length.

        A length that is fixed is the window, where none was declared.

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
                f"{heard}; "
                "leave window_s out, or say the one with which it was trained"
            )
        return self

    def tagger(
        self, predict_fn: PredictFn, *, contents: Sequence[bytes], batch_size: int, fill: Fill | None = None
    ) -> FunctionModel:
        """The model of a loaded model, which is asked about noise.

        Parameters
        ----------
        predict_fn
            From what the front end gives to (n_batch, n_labels).
        contents
            SHA-256 digests of all that the model was loaded from.
        fill
            As for `audiolime_ext.tagger`; None: as declared.

        Raises
        ------
        UsageError
            If it cannot hear its window, has another number of outputs than labels, or answers one signal differently
            when it is asked again beside another.
        """
        state: tuple[Any, ...] = (_VERSION, self.sr, self.labels, self.front_end, self.activation, self.window_s)
        state += (self.hop_s, *(() if self.output is None else (self.output,)))
        state += () if self.fill == "silence" else (self.fill,)
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
        return replace(made, spec=self.spec)


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
        raise UsageError(
            f"{legible(path)} cannot hear {seconds:g} s at {declared.sr} Hz ({reason(error)}); say the window "
            "and the input with which it was trained: window_s=…, front_end=…; its input is float32 "
            f"{declared.input_axes}"
        ) from error
    if together.ndim != 2 or len(together) != 2:
        raise UsageError(
            f"{legible(path)} answers an array of shape {together.shape} to 2 signals; it must be (2, n_labels)"
        )
    if together.shape[1] != len(labels):
        raise UsageError(
            f"{legible(path)} has {together.shape[1]} outputs, but labels names {len(labels)} ({', '.join(labels[:5])}"
            f"{', …' if len(labels) > 5 else ''}); name one label for each output, in their order"
        )
    if not np.allclose(together[:1], alone, rtol=1e-3, atol=1e-4):
        raise UsageError(
            f"{legible(path)} answers the same signal differently when it is asked again, beside another; it was "
            "saved in "
            "training mode (dropout, batch normalisation). Save it in evaluation mode, in PyTorch after model.eval()"
        )


def _number(given: dict[str, str], name: str, kind: Callable[[str], float]) -> float | None:
    if name not in given:
        return None
    try:
        value = kind(given[name])
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        form = "a whole number" if kind is int else "a number"
        raise UsageError(f"{name} is {given[name]!r}; it must be {form} above 0")
    return value


def _labels(text: str) -> tuple[str, ...]:
    """Names between semicolons, or the lines of a file; a name that ends in .txt is meant as a file."""
    path = Path(text.removeprefix("@"))
    if not text.startswith("@") and (";" in text or not (path.suffix == ".txt" or path.is_file())):
        lines = text.split(";")
    else:
        try:
            lines = text_of(path).splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"labels cannot be read from {legible(path)}: {error}; name a text file with one label per line"
            ) from error
    found = tuple(name.strip() for name in lines if name.strip())
    repeated = sorted({name for name in found if found.count(name) > 1})
    if repeated or not found:
        raise UsageError(f"labels {f'repeats {repeated[0]!r}' if repeated else 'is empty'}; name each output once")
    return found


def read(path: Path) -> bytes:
    """The bytes of a model's file; `MissingError` if there is none."""
    if not path.is_file():
        raise MissingError(f"there is no model at {legible(path)}; name a file that exists, relative to {Path.cwd()}")
    return path.read_bytes()


def read_archive(path: Path, advice: str) -> bytes:
    """The bytes of a model's file, which is a zip archive that is whole.

    Raises
    ------
    MissingError
        If there is no such file.
    CorruptError
        If it is no zip archive, or is damaged; the message ends with `advice`.
    """
    content = read(path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            damaged = archive.testzip()
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise CorruptError(f"{legible(path)} is damaged, or no saved model ({error}); {advice}") from error
    if damaged is not None:
        raise CorruptError(f"{legible(path)} is damaged (in {damaged}); {advice}")
    return content


def reason(error: Exception) -> str:
    """What another library says, in one line of bearable length: such messages hold whole tracebacks."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return text if len(text) < 400 else f"{text[:200]} … {text[-200:]}"


def digest(content: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(content).digest()


@contextmanager
def torch_inference(torch: Any, threads: int | None) -> Iterator[None]:
    """No gradients, and so many threads; afterwards PyTorch has as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)
