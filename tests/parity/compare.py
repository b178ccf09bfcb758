"""How far our networks are from the genuine packages, clip by clip; exit code 1 if too far.

Reads what ``genuine.py`` wrote, from the same folder, so that the clips are found::

    python tests/parity/compare.py --models DIR attributes.npz taggrams.npz derivatives.npz stems.npz

Taggrams and vibenet's attributes may differ by 1e-4: float32 rounding makes 1e-5 of that, and recordings that begin at
full level another 5e-5, because the packages' resampler meets that edge in another way. Embeddings may differ by 1e-4
of their largest value, where both sides are given what musicnn's resampler made. Stems must reach 80 dB SNR; a stem
that lies below −40 dB of the mixture is judged as if it lay there, for the rounding it carries is the mixture's.
Derivatives of scores by the windows that the network is given (log-mel spectrograms) may differ by 1e-4 of their
length, window by window; these need PyTorch on our side. Where two candidates of a maximum are nearer to each other
than rounding, the network has two derivatives, and rounding chooses: a window that is too far is compared in double
precision, too, and counts by that; no more than a quarter of the windows may be such, and how many are is told.
"""

from __future__ import annotations

import argparse
import math
import sys
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.extras import require
from audiolime_ext.models import musicnn, vibenet
from audiolime_ext.models.musicnn_network import N_FRAMES, SCORES
from audiolime_ext.networks.tensor_bundle import read_tensor_bundle
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.loading import load_model
from factorizations import spleeter

MAX_DIFFERENCE = 1e-4  # of scores; of embeddings, relative to the largest value
MOST_KINKED = 0.25  # of the windows
MIN_SNR_DB = 80.0
FAINT_DB = -40.0
GIVEN = ("|heard", "|windows")  # what both sides are given


def load_clip(clip: str, limit_s: float | None = None) -> Audio:
    """A recording, or with ``+`` between paths the sum of several over their common length."""
    parts = [load_audio(path) for path in clip.split("+")]
    n_samples = min(part.n_samples for part in parts)
    if limit_s is not None:
        n_samples = min(n_samples, round(limit_s * parts[0].sr))
    mixture = np.sum([part.samples[:, :n_samples] for part in parts], axis=0)
    return Audio(np.asarray(mixture, np.float32), parts[0].sr, clip)


def snr_db(reference: NDArray[Any], estimate: NDArray[Any], *, mixture: NDArray[Any]) -> float:
    """Energy of the reference, at least `FAINT_DB` of the mixture's, over that of the difference, in dB."""
    parts = (reference, estimate - reference, mixture)
    signal, noise, whole = (float(np.square(part, dtype=np.float64).sum()) for part in parts)
    return 10 * math.log10(max(signal, whole * 10 ** (FAINT_DB / 10)) / noise) if noise else math.inf


def taggram(audio: Audio, model: musicnn.MusicnnModel) -> NDArray[np.float32]:
    """Answers for every whole window from the start on, as the package cuts them: shape (n_windows, n_outputs)."""
    n_samples = math.ceil(audio.n_samples * musicnn.SR / audio.sr)
    mono = resample_span(audio.samples.mean(axis=0), audio.sr, musicnn.SR, 0, n_samples)
    padded = np.pad(mono, musicnn.LEAD)  # zeros before and after, put there after resampling
    n_windows = (1 + n_samples // musicnn.HOP_LENGTH) // N_FRAMES
    windows = np.lib.stride_tricks.sliding_window_view(padded, musicnn.LEAD + musicnn.WINDOW)
    return model(windows[:: musicnn.WINDOW][:n_windows])


def attributes(audio: Audio, model: Model, *, gain: float = 1.0) -> NDArray[np.float32]:
    """What a model that hears any length answers of a whole recording, shape (n_outputs,)."""
    n_samples = math.ceil(audio.n_samples * vibenet.SR / audio.sr)
    mono = resample_span(audio.samples.mean(axis=0), audio.sr, vibenet.SR, 0, n_samples)
    return np.asarray(model(np.float32(gain) * mono[None])[0], np.float32)


def difference(genuine: NDArray[Any], ours: NDArray[Any]) -> float:
    """The largest difference; ∞ where the shapes differ."""
    return float(np.max(np.abs(ours - genuine))) if ours.shape == genuine.shape else math.inf


def relative_difference(genuine: NDArray[Any], ours: NDArray[Any]) -> float:
    """The largest difference over the largest value."""
    return difference(genuine, ours) / float(np.max(np.abs(genuine)))


def length_apart(genuine: NDArray[Any], ours: NDArray[Any]) -> float:
    """The length of the difference over the length of the genuine; ∞ where the shapes differ."""
    if ours.shape != genuine.shape:
        return math.inf
    return float(np.linalg.norm(ours - genuine) / np.linalg.norm(genuine))


def derivative(windows: NDArray[Any], model: musicnn.MusicnnModel, label: int) -> NDArray[np.float32]:
    """The derivative of a label's score by each of the windows that the network is given."""
    n_labels = len(model.labels or ())
    return model.vjp(windows, lambda scores: np.eye(n_labels, dtype=np.float32)[[label] * len(scores)])[2]


def in_double(windows: NDArray[Any], model: musicnn.MusicnnModel, label: int) -> NDArray[np.float64]:
    """The same derivative, computed in double precision."""
    torch = require("torch", extra="torch")
    given = torch.from_numpy(windows.astype(np.float64)).requires_grad_()
    (scores,) = model._graph(None).in_torch()(given[:, None], [SCORES])
    return np.asarray(torch.autograd.grad(scores[:, label].sum(), given)[0].numpy())


def derivatives_apart(
    genuine: NDArray[Any], windows: NDArray[Any], model: musicnn.MusicnnModel, label: int
) -> tuple[float, list[float]]:
    """The largest distance of a window's derivative, and those in single precision where double had to decide."""
    ours = derivative(windows, model, label)
    apart = [length_apart(one, other) for one, other in zip(genuine, ours, strict=True)]
    far = [i for i, one in enumerate(apart) if one > MAX_DIFFERENCE]
    exact = [length_apart(genuine[i], in_double(windows[i : i + 1], model, label)[0]) for i in far]
    rest = [one for one in apart if one <= MAX_DIFFERENCE]
    return max([*rest, *exact], default=math.inf), [apart[i] for i in far]


@cache
def _listener(name: str, models: Path) -> Any:
    """Our model for a name in the results: ``MSD_musicnn``, ``MTT_musicnn?layer=penultimate``, ``vibenet`` …."""
    if name.startswith("vibenet"):
        return load_model(name)
    variant, _, layer = name.partition("?layer=")
    model = musicnn.MusicnnModel(variant, weights=models / variant if variant == musicnn.BIG else None)
    return model.at(layer) if layer else model


@lru_cache(maxsize=1)
def _separator(variant: str, models: Path) -> spleeter.SpleeterFactorization:
    if variant == "own":
        return spleeter.make(str(models / "own"))
    weights = read_tensor_bundle(models / variant.partition("-")[0] / "model")
    return spleeter.SpleeterFactorization(spleeter.CONFIGS[variant], weights)


@lru_cache(maxsize=1)
def _estimates(clip: str, variant: str, models: Path) -> dict[str, NDArray[np.float32]]:
    stems = _separator(variant, models).factorize(load_clip(clip))
    return dict(zip(stems.names, stems.samples, strict=True))


def judge(
    clip: str, name: str, genuine: NDArray[Any], models: Path, heard: NDArray[Any] | None = None
) -> tuple[str, str, bool]:
    """The figure of a line of the table, what to say of it, and whether it is close enough.

    `heard` is the clip as musicnn's resampler made it or, of derivatives, the windows that the network is given.
    """
    variant, _, stem = name.partition("/")
    if "?by=" in name:
        assert heard is not None
        model, _, label = name.partition("?by=")
        apart, single = derivatives_apart(genuine, heard, _listener(model, models), int(label))
        beside = (
            f"   (in single precision {max(single):.1e} in {len(single)} of {len(genuine)} windows)" if single else ""
        )
        return f"{apart:12.1e}   ", beside, apart <= MAX_DIFFERENCE and len(single) <= MOST_KINKED * len(genuine)
    if not stem:
        inside, whole = "layer=" in name, name.startswith("vibenet")
        given = load_clip(clip) if heard is None or not inside else Audio(heard[None], musicnn.SR, clip)
        ours = (attributes if whole else taggram)(given, _listener(name, models))
        apart = (relative_difference if inside else difference)(genuine, ours)
        return f"{apart:12.1e}   ", "", apart <= MAX_DIFFERENCE
    mixture = load_clip(clip).samples
    mono_or_stereo = genuine.mean(axis=0, keepdims=True) if len(mixture) == 1 else genuine
    snr = snr_db(mono_or_stereo, _estimates(clip, variant, models)[stem], mixture=mixture)
    return f"{snr:12.1f} dB", "", snr >= MIN_SNR_DB


def main() -> int:
    """Print the table; 0 if everything is close enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", required=True, type=Path, metavar="DIR", help="what genuine.py was given")
    parser.add_argument("results", nargs="+", metavar="NPZ", help="what genuine.py wrote")
    arguments = parser.parse_args()
    failed = total = 0
    print(f"{'max |diff|/SNR':>15}  {'network':29} clip")
    for path in arguments.results:
        with np.load(path) as results:
            heard = {key.rsplit("|", 1)[0]: results[key] for key in results.files if key.endswith(GIVEN)}
            for key in (key for key in results.files if not key.endswith(GIVEN)):
                clip, name = key.rsplit("|", 1)
                figure, told, close = judge(clip, name, results[key], arguments.models, heard.get(clip))
                print(f"{figure}  {name:29} {clip}{told}{'' if close else '   TOO FAR'}", flush=True)
                failed, total = failed + (not close), total + 1
    within = f"{MAX_DIFFERENCE:g} (scores, embeddings, derivatives) or {MIN_SNR_DB:g} dB (stems)"
    print(f"{total - failed} of {total} within {within}")
    return 1 if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main())
