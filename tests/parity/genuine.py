"""What the genuine packages answer: musicnn 0.1.0, vibenet 0.1.0, and spleeter 2.4.2 on TensorFlow 2.12.1.

Runs in an environment of its own, where these packages can live (Python 3.10, numpy < 1.25), and imports nothing of
ours. ``compare.py`` runs in our environment and judges::

    python tests/parity/genuine.py bundle --out PREFIX WEIGHTS.npz
    python tests/parity/genuine.py taggrams --models DIR --out taggrams.npz CLIP...
    python tests/parity/genuine.py derivatives --out derivatives.npz CLIP...
    python tests/parity/genuine.py attributes --out attributes.npz CLIP...
    python tests/parity/genuine.py stems --models DIR --out stems.npz CLIP...
    python tests/parity/genuine.py bench --models DIR CLIP
    python tests/parity/genuine.py reference --models DIR --out tests/reference

A CLIP is a path below the current folder, or several joined by ``+``: their sum over the common length. DIR holds the
folder ``2stems`` with the files of the checkpoint, and may hold ``4stems``, ``5stems``, ``own`` (a model with its
configuration) and ``MSD_musicnn_big``, whose checkpoints ``bundle`` writes with TensorFlow from arrays by name. Results
are stored as ``CLIP|model``, ``CLIP|model?layer=NAME``, ``CLIP|model?by=LABEL`` and ``CLIP|model/stem``.

Nothing in the packages is patched, but musicnn is told to look for ``MSD_musicnn_big`` in DIR, and to hear all windows
at once where its features are wanted: by itself it takes them one by one, and then repeats the first window's ``cnn1``,
``cnn2``, ``cnn3`` and ``penultimate`` for all others (its ``extractor`` adds the values of the first batch again). Its
front end rounds to float16 and then, under NumPy < 2, multiplies by 10000 in float32, as when the networks were
trained; where NumPy would stay in float16, this program refuses. The window is the package's own (187 frames for 3 s).
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float32]

MODELS = ("MSD_musicnn", "MTT_musicnn", "MSD_vgg", "MTT_vgg")
FEATURES = ("mean_pool", "max_pool", "penultimate")  # of musicnn, as its extractor names them
TENSORS = {"pooled": "view", "penultimate": "gelu"}  # in vibenet's network
BIG = "MSD_musicnn_big"
LEADING = 3  # tags whose scores are differentiated
SEPARATORS = ("2stems", "2stems-16kHz", "4stems", "4stems-16kHz", "5stems", "5stems-16kHz", "own")
TAGGED_CLIPS = ("audiolime_ext/data/ezer_ev.ogg", "examples/audio/feelings/guitar.ogg+examples/audio/feelings/rest.ogg")
SEPARATED_CLIP = "audiolime_ext/data/ezer_ev.ogg"
TAGGED_S = 9.0
BORDER = 512 * 1024 - 4096  # where the second block of frames begins
EXCERPT = (BORDER - 3072, BORDER + 3072)


def load(clip: str, limit_s: float | None = None) -> tuple[Samples, int]:
    """Samples (n_samples, n_channels) and the rate."""
    read = [soundfile.read(path, dtype="float32", always_2d=True) for path in clip.split("+")]
    sr = read[0][1]
    n_samples = min(len(samples) for samples, _ in read)
    if limit_s is not None:
        n_samples = min(n_samples, round(limit_s * sr))
    return np.sum([samples[:n_samples] for samples, _ in read], axis=0, dtype=np.float32), sr


def taggram(clip: str, model: str, limit_s: float | None = None, *, models: Path | None = None) -> Samples:
    """Shape (n_windows, 50)."""
    return _extracted(clip, model, limit_s, models=models)[0]


def features(clip: str, model: str) -> dict[str, Samples]:
    """Each of `FEATURES`, shape (n_windows, n_features)."""
    importlib.import_module("musicnn.configuration").BATCH_SIZE = 1000
    found = _extracted(clip, model, features=True)[2]
    return {name: np.asarray(found[name], np.float32) for name in FEATURES}


def derivatives(clip: str, model: str) -> dict[str, Samples]:
    """The windows as the network is given them, and the derivatives of the leading tags' scores by them."""
    tf: Any = importlib.import_module("tensorflow")
    v1 = tf.compat.v1
    tags = taggram(clip, model).mean(axis=0).argsort()[::-1][:LEADING]
    graph = v1.get_default_graph()  # which the extractor has built
    x, training = [one.outputs[0] for one in graph.get_operations() if one.type == "Placeholder"][:2]
    scores = [one.outputs[0] for one in graph.get_operations() if one.type == "Sigmoid"][-1]
    by = [v1.gradients(scores[:, int(tag)], x)[0] for tag in tags]
    module: Any = importlib.import_module("musicnn.extractor")
    with v1.Session() as session, tempfile.TemporaryDirectory() as folder:
        v1.train.Saver().restore(session, f"{Path(module.__file__).parent}/{model}/")
        path = str(Path(folder) / "clip.wav")
        soundfile.write(path, *load(clip), subtype="FLOAT")
        windows = np.asarray(module.batch_data(path, 187, 187)[0], np.float32)
        found = session.run(by, {x: windows, training: False})
    return {"windows": windows, **{f"{model}?by={tag}": one for tag, one in zip(tags, found, strict=True)}}


def heard(clip: str) -> Samples:
    """The clip as musicnn hears it, mono at 16 kHz, shape (n_samples,)."""
    samples, sr = load(clip)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "clip.wav")
        soundfile.write(path, samples, sr, subtype="FLOAT")
        return importlib.import_module("librosa").load(path, sr=16000)[0]


def _extracted(
    clip: str, model: str, limit_s: float | None = None, *, models: Path | None = None, features: bool = False
) -> Any:
    """What musicnn's extractor answers: the taggram, the tags, and the features where they are asked for."""
    if (10000 * np.ones(1, np.float16)).dtype != np.float32:
        sys.exit("NumPy >= 2 computes musicnn's front end in float16, where it overflows: use the pinned environment")
    samples, sr = load(clip, limit_s)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "clip.wav")
        soundfile.write(path, samples, sr, subtype="FLOAT")
        module: Any = importlib.import_module("musicnn.extractor")  # by name: not in our environment
        if models is not None:
            module.__file__ = str(models / "extractor.py")  # beside which it looks for checkpoints
        return module.extractor(path, model=model, extract_features=features)


def attributes(clip: str) -> dict[str, Samples]:
    """vibenet's attributes, shape (7,), and the tensors in `TENSORS`, of the whole clip."""
    package, core = (importlib.import_module(name) for name in ("vibenet", "vibenet.core"))
    onnx, onnxruntime = (importlib.import_module(name) for name in ("onnx", "onnxruntime"))
    samples, sr = load(clip)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "clip.wav")
        soundfile.write(path, samples, sr, subtype="FLOAT")
        (found,) = package.load_model().predict(path)
        spectra = core.extract_mel(core.load_audio(path), core.SAMPLE_RATE)
    network = onnx.load(Path(package.__file__).parent / "artifacts" / "efficientnet_model.onnx")
    network.graph.output.extend(onnx.ValueInfoProto(name=tensor) for tensor in TENSORS.values())
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    inside = session.run(list(TENSORS.values()), {"x": spectra[None]})
    scores = np.array([getattr(found, name) for name in package.labels], np.float32)
    layers = {f"vibenet?layer={name}": values[0] for name, values in zip(TENSORS, inside, strict=True)}
    return {"vibenet": scores, **layers}


class Separator:
    """Spleeter's stems, as its own prediction gives them."""

    def __init__(self, models: Path, variant: str = "2stems") -> None:
        os.environ["MODEL_PATH"] = str(models)
        probe = models / "2stems" / ".probe"
        if not probe.exists():  # the package would take the folder for a broken download
            probe.write_text("OK")
        genuine = importlib.import_module("spleeter.separator").Separator
        own = str(models / "own" / "own.json")
        self._genuine = genuine(own if variant == "own" else f"spleeter:{variant}", multiprocess=False)

    def __call__(self, clip: str) -> dict[str, Samples]:
        """Each of shape (n_channels, n_samples)."""
        samples, sr = load(clip)
        if sr != 44100:
            sys.exit(f"{clip}: Spleeter is compared at 44.1 kHz only, this clip has {sr} Hz")
        return {name: estimate.T for name, estimate in self._genuine.separate(samples).items()}


def write_taggrams(arguments: argparse.Namespace) -> None:
    """Taggrams and features of all clips."""
    results: dict[str, Any] = {f"{clip}|{model}": taggram(clip, model) for clip in arguments.clips for model in MODELS}
    for clip in arguments.clips:
        results[f"{clip}|heard"] = heard(clip)
        for model in MODELS[:2]:
            results |= {f"{clip}|{model}?layer={name}": found for name, found in features(clip, model).items()}
    if arguments.models and (arguments.models / BIG).is_dir():
        results |= {f"{clip}|{BIG}": taggram(clip, BIG, models=arguments.models) for clip in arguments.clips}
    np.savez_compressed(arguments.out, **results)


def write_derivatives(arguments: argparse.Namespace) -> None:
    """Derivatives of all clips."""
    found = {clip: [derivatives(clip, model) for model in MODELS] for clip in arguments.clips}
    results = {
        f"{clip}|{name}": one for clip, several in found.items() for part in several for name, one in part.items()
    }
    np.savez_compressed(arguments.out, **results)


def write_attributes(arguments: argparse.Namespace) -> None:
    """What vibenet answers for all clips."""
    np.savez_compressed(
        arguments.out,
        **{f"{clip}|{name}": found for clip in arguments.clips for name, found in attributes(clip).items()},
    )


def write_stems(arguments: argparse.Namespace) -> None:
    """Estimates of all clips by every model that there is."""
    results: dict[str, Any] = {}
    for variant in SEPARATORS:
        if (arguments.models / variant.partition("-")[0]).is_dir():
            separate = Separator(arguments.models, variant)
            for clip in arguments.clips:
                results |= {f"{clip}|{variant}/{stem}": samples for stem, samples in separate(clip).items()}
    np.savez(arguments.out, **results)


def write_bundle(arguments: argparse.Namespace) -> None:
    """A checkpoint of the arrays in a file, as TensorFlow writes it."""
    tensorflow: Any = importlib.import_module("tensorflow")
    with np.load(arguments.clips[0]) as weights:
        names = sorted(weights.files)
        tensors = [weights[name] for name in names]
    slices = [""] * len(names)
    prefix = f"{arguments.out}/" if arguments.out.is_dir() else str(arguments.out)
    tensorflow.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=slices, tensors=tensors)


def write_reference(arguments: argparse.Namespace) -> None:
    """The compact answers that ``make test`` checks without the genuine packages."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    taggrams: dict[str, Any] = {}
    for clip in TAGGED_CLIPS:
        taggrams |= {f"{clip}|{model}": taggram(clip, model, TAGGED_S) for model in MODELS}
    np.savez_compressed(arguments.out / "musicnn.npz", seconds=TAGGED_S, **taggrams)
    write_attributes(argparse.Namespace(clips=TAGGED_CLIPS, out=arguments.out / "vibenet.npz"))
    estimates = Separator(arguments.models)(SEPARATED_CLIP)
    first, end = EXCERPT
    stems: dict[str, Any] = {}
    for stem, samples in estimates.items():
        n_seconds = samples.shape[1] // 44100
        by_second = samples[:, : n_seconds * 44100].reshape(2, n_seconds, 44100).astype(np.float64)
        stems[f"{stem}|excerpt"] = samples[:, first:end]
        stems[f"{stem}|energy"] = np.square(by_second).sum(axis=-1)
    np.savez_compressed(arguments.out / "spleeter.npz", clip=SEPARATED_CLIP, span=EXCERPT, **stems)


def bench(arguments: argparse.Namespace) -> None:
    """Seconds that each package takes for the first clip, the second time it is asked."""
    clip = arguments.clips[0]
    separate = Separator(arguments.models)
    calls: dict[str, Callable[[str], Any]] = {"spleeter": separate}
    calls |= {model: partial(taggram, model=model) for model in MODELS}
    for name, call in calls.items():
        call(clip)  # the first call builds the graph
        start = time.perf_counter()
        call(clip)
        print(f"{name}: {time.perf_counter() - start:.2f} s")


COMMANDS = {
    "bundle": write_bundle,
    "taggrams": write_taggrams,
    "derivatives": write_derivatives,
    "attributes": write_attributes,
    "stems": write_stems,
    "reference": write_reference,
    "bench": bench,
}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("clips", nargs="*", metavar="CLIP")
    parser.add_argument("--models", type=Path, help="folder that holds 2stems/ and others")
    parser.add_argument("--out", type=Path, help=".npz to write; a folder for 'reference'; a prefix for 'bundle'")
    arguments = parser.parse_intermixed_args()  # clips may follow the options
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    COMMANDS[arguments.command](arguments)


if __name__ == "__main__":
    main()
