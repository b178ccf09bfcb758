"""Demucs: four or six sources of any recording, by Meta AI; its own package fetches the weights at first use.

``demucs:htdemucs``, ``htdemucs_ft`` (four networks, one for each source), ``htdemucs_6s`` (guitar and piano, too),
``hdemucs_mmi``, ``mdx`` and ``mdx_extra``; ``demucs:PATH.yaml`` is a bag of networks of your own in the form that the
package keeps on the Hugging Face hub: the names of its members, each of which lies beside it as ``NAME.safetensors``.
The extra ``demucs`` brings PyTorch. Weights lie in the cache of ``huggingface_hub``; with ``AUDIOLIME_OFFLINE=1`` only
those are used.

1. The recording is brought to 44.1 kHz and divided by the spread of its mono mix, as the package does.
2. Chunks have the length of those in training, and start every three quarters of it. Each is separated by each network,
   and they are faded into each other by triangles. No random shifts: the same recording has the same stems.
3. Sums over the networks, back to the recording's rate and channels; what the sources miss of it is `residual`.

Invariants: *stems are those of* ``demucs --shifts 0`` at 44.1 kHz; *the same second gives the same stems*, as chunks
are counted from the recording's start. The scope is the recording, as its spread matters.

No pickled objects are loaded: the package's older files hold some, its files on the hub do not. A member names its
class; only classes of the package are made. Its quantised models (``mdx_q``) would need code that the file names, and
are refused.

References: Rouard, Massa and Défossez, "Hybrid transformers for music source separation", ICASSP 2023; Défossez,
"Hybrid spectrogram and waveform source separation", MDX workshop 2021.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from audiolime_ext.audio.recording import Audio, Samples
from audiolime_ext.audio.resampling import resample_span, resampled_length
from audiolime_ext.errors import AudiolimeError, CorruptError, MissingError, UsageError, unknown
from audiolime_ext.extras import require
from audiolime_ext.factorization.chunks import faded, give_back
from audiolime_ext.factorization.contract import Scope
from audiolime_ext.factorization.own_rate import separated_at
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.files.plain import yaml_of
from audiolime_ext.files.reading import text_of
from audiolime_ext.networks.checkpoints import ForeignWeights
from audiolime_ext.prediction.model_files import reason
from audiolime_ext.prediction.saved_model import torch_inference

OVERLAP = 0.25  # of chunks
REPOSITORIES = {  # of the published models on the Hugging Face hub
    "htdemucs": "adefossez/HTDemucs",
    "htdemucs_ft": "adefossez/HTDemucs-ft",
    "htdemucs_6s": "adefossez/HTDemucs-6s",
    "hdemucs_mmi": "adefossez/Demucs-hdemucs_mmi",
    "mdx": "adefossez/Demucs-mdx",
    "mdx_extra": "adefossez/Demucs-mdx_extra",
}
_VERSION = "1"  # of this module's arithmetic


def _kept(name: str) -> bool:
    """Whether the hub's cache holds a published model."""
    try:
        find = _hub(name, offline=True)
        return all(find(f"{member}.safetensors") for member in _description(find(f"{name}.yaml"))["models"])
    except MissingError:
        return False


VARIANTS: Mapping[str, ForeignWeights | None] = {
    **{
        name: ForeignWeights(f"{home} of the Hugging Face hub", partial(_kept, name))
        for name, home in REPOSITORIES.items()
    },
    "PATH.yaml": None,
}
REQUIRES: Mapping[str, str] = {"demucs": "demucs"}

_REFERENCES = (
    """@inproceedings{rouard2023hybrid,
  author = {Rouard, Simon and Massa, Francisco and D{\\'e}fossez, Alexandre},
  title = {Hybrid Transformers for Music Source Separation},
  booktitle = {Proc. of the IEEE International Conference on Acoustics, Speech and Signal Processing (ICASSP)},
  year = {2023},
  doi = {10.1109/ICASSP49357.2023.10096956}
}""",
    """@inproceedings{defossez2021hybrid,
  author = {D{\\'e}fossez, Alexandre},
  title = {Hybrid Spectrogram and Waveform Source Separation},
  booktitle = {Proc. of the ISMIR 2021 Workshop on Music Source Separation},
  year = {2021}
}""",
)


class DemucsFactorization:
    """Stems of a recording by a bag of networks.

    Parameters
    ----------
    bag : demucs.apply.BagOfModels
        Bag of networks, such as ``demucs.pretrained.get_model(name)`` returns.
    spec : str or None
        Spec string that builds it again; None: it exists in memory only.
    """

    scope: Scope = "recording"
    references: tuple[str, ...] = _REFERENCES

    def __init__(self, bag: Any, *, spec: str | None = None) -> None:
        self._torch, self._apply = require("torch", extra="demucs"), require("demucs.apply", extra="demucs")
        self.bag, self.spec = bag.eval(), spec
        self.names, self.sr = tuple(map(str, bag.sources)), int(bag.samplerate)
        self._spread: WeakKeyDictionary[Audio, tuple[float, float]] = WeakKeyDictionary()
        content = hashlib.sha256(repr((_VERSION, OVERLAP, self.names, self.sr, bag.weights)).encode())
        for model in bag.models:
            content.update(f"{type(model).__name__} {model.segment}".encode())
            for name, tensor in model.state_dict().items():
                content.update(name.encode() + tensor.contiguous().numpy().tobytes())
        self.fingerprint = content.hexdigest()[:16]

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt of `audio`, at its own rate and channels; what they miss is `residual`."""
        estimate = partial(self._estimate, audio)
        return separated_at(self.sr, estimate, self.names, audio, start_s=start_s, duration_s=duration_s)

    def _estimate(self, audio: Audio, first: int, end: int) -> Samples:
        """The bag's estimates of the samples ``[first, end)`` at its rate, shape (n_stems, 2, end − first)."""
        estimates = np.zeros((len(self.names), 2, end - first), np.float32)
        shares = np.asarray(self.bag.weights, np.float32)
        for model, share in zip(self.bag.models, shares / shares.sum(axis=0), strict=True):
            part = self._by_one(model, audio, first, end)
            part *= share[:, None, None]
            estimates += part
        return estimates

    def _by_one(self, model: Any, audio: Audio, first: int, end: int) -> Samples:
        """The same by one network."""
        length = int(self.sr * model.segment)
        stride = int((1 - OVERLAP) * length)
        return faded(lambda at: self._chunk(model, audio, at, length), first, end, length=length, stride=stride)

    def _chunk(self, model: Any, audio: Audio, at: int, length: int) -> Samples:
        """Sources of the chunk that starts at sample `at`; the networks may hear what lies around it, too."""
        begin, stop = max(0, at - length), min(at + 2 * length, resampled_length(audio.n_samples, audio.sr, self.sr))
        mean, spread = self._scale(audio)
        heard = (resample_span(audio.samples, audio.sr, self.sr, begin, stop) - np.float32(mean)) / np.float32(spread)
        stereo = self._torch.from_numpy(np.array(np.broadcast_to(heard, (1, 2, stop - begin))))
        with torch_inference(self._torch, None), _frugal(self._torch, model):
            chunk = self._apply.TensorChunk(stereo, at - begin, length)
            sources = self._apply.apply_model(model, chunk, shifts=0, split=False)[0].numpy()
        return np.asarray(sources * np.float32(spread) + np.float32(mean), np.float32)

    def _scale(self, audio: Audio) -> tuple[float, float]:
        """Mean and spread of the whole recording's mono mix."""
        if audio not in self._spread:
            mono = audio.samples.mean(axis=0)
            spread = mono.std(dtype=np.float64, ddof=min(1, len(mono) - 1))
            self._spread[audio] = float(mono.mean(dtype=np.float64)), float(spread) + 1e-8
        return self._spread[audio]


@contextmanager
def _frugal(torch: Any, model: Any) -> Iterator[None]:
    """Saves a fifth of a gigabyte: attention writes no matrix, and what a decoder's layer needed is given back."""
    fast = torch.backends.mha.get_fastpath_enabled()  # the path that writes it; the other is no slower here
    layers = [*model.decoder, *getattr(model, "tdecoder", ())]
    hooks = [layer.register_forward_hook(lambda *_: give_back()) for layer in layers]
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for hook in hooks:
            hook.remove()


def confusion(_argument: str) -> None:
    """Not measured: the weights are not available where the package is made."""


def make(argument: str) -> DemucsFactorization:
    """The factorization of ``demucs:argument``.

    Raises
    ------
    UsageError
        If there is no such model.
    MissingError
        If the package or the weights cannot be had; `CorruptError` if they are damaged.
    """
    if argument not in REPOSITORIES and not argument.endswith(".yaml"):
        raise unknown("Demucs model", argument, VARIANTS)
    for package in REQUIRES:
        require(package, extra=REQUIRES[package])
    path = Path(argument)
    offline = os.environ.get("AUDIOLIME_OFFLINE", "0") not in ("", "0")
    find = _hub(argument, offline) if argument in REPOSITORIES else path.parent.joinpath
    return DemucsFactorization(_bag(find, f"{path.stem}.yaml"), spec=f"demucs:{argument}")


def _hub(name: str, offline: bool) -> Callable[[str], Path]:
    """A function that finds a published model's files in the hub's cache or on the hub."""
    hub = require("huggingface_hub", extra="demucs")

    def find(file: str) -> Path:
        try:
            return Path(hub.hf_hub_download(REPOSITORIES[name], file, local_files_only=offline))
        except Exception as error:
            way_out = "unset AUDIOLIME_OFFLINE" if offline else "try again with a network"
            raise MissingError(
                f"the weights of demucs:{name} are not cached and cannot be fetched ({reason(error)}); {way_out}, or "
                "copy the cache of huggingface_hub (HF_HOME) from a machine that has them"
            ) from error

    return find


def _bag(find: Callable[[str], Path], name: str) -> Any:
    """A bag of networks, from its description and the files of its members."""
    apply, path = require("demucs.apply", extra="demucs"), find(name)
    said = _description(path)
    models = [_member(find(f"{member}.safetensors")) for member in said["models"]]
    try:
        return apply.BagOfModels(models, said.get("weights"), said.get("segment"))
    except AssertionError as error:
        raise UsageError(f"the models of {path} do not fit each other or its weights; see demucs.apply") from error


def _description(path: Path) -> dict[str, Any]:
    """The content of a bag's file; its models are names."""
    try:
        said = yaml_of(text_of(path), extra="demucs")
        return {**said, "models": [str(member) for member in said["models"]]}
    except FileNotFoundError as error:
        raise MissingError(f"there is no file {path}; name one that exists, relative to {Path.cwd()}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptError(f"{path} describes no bag of models ({reason(error)}), such as models: [NAME]") from error


def _member(path: Path) -> Any:
    """One network, of a class of the package, from tensors alone."""
    import importlib

    safetensors, repo = require("safetensors", extra="demucs"), require("demucs.hf", extra="demucs")
    module_type = require("torch", extra="demucs").nn.Module
    try:
        with safetensors.safe_open(str(path), framework="pt") as file:
            said = file.metadata() or {}
        module, _, name = said.get("klass", "").rpartition(".")
        kind = getattr(importlib.import_module(module), name, None) if module.startswith("demucs.") else None
        if "structure" in said or not (isinstance(kind, type) and issubclass(kind, module_type)):
            raise UsageError(
                f"{path} holds no model of the package demucs (but {said.get('klass', 'nothing')!r}), or a quantised "
                "one; neither is loaded"
            )
        return repo.load_safetensors_model(path)
    except AudiolimeError:
        raise
    except FileNotFoundError as error:
        raise MissingError(f"there is no file {path}, which a bag of models names; keep its files together") from error
    except Exception as error:
        raise CorruptError(f"{path} is damaged, or not a model of demucs ({reason(error)})") from error
