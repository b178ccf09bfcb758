"""Random weights for the networks whose published ones cannot be had everywhere, for both sides alike.

The last layers are scaled so that logits stay within ±4 on the clips: where a sigmoid saturates, Spleeter's squares
meet its epsilon and both sides' rounding is all that is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio import spectrogram
from audiolime_ext.audio.recording import Audio
from audiolime_ext.audio.resampling import resample_span
from audiolime_ext.models import musicnn
from audiolime_ext.models.musicnn_network import big_shapes, musicnn_graph
from audiolime_ext.networks.graph import Graph
from factorizations import spleeter
from factorizations.spleeter_network import BLOCK, DEPTH, SpleeterConfig, numbered, unet
from tests.random_checkpoints import configuration, random_weights

Weights = dict[str, NDArray[np.float32]]

LARGEST_LOGIT = 4.0
OWN = SpleeterConfig(
    ("voice", "strings", "rest"), n_bins=1280, down="ReLU", up="LeakyReLU", filters=(8, 24, 32, 64, 96, 128)
)


def random_models(folder: Path, clips: Sequence[Audio]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Prefixes of checkpoints below `folder`, and what they are to hold; the rest of their layout is written."""
    configs = {"4stems": spleeter.CONFIGS["4stems-16kHz"], "5stems": spleeter.CONFIGS["5stems-16kHz"], "own": OWN}
    for name, config in configs.items():
        weights = random_weights(config.shapes())
        for i in range(len(config.instruments)):
            largest = max(float(np.abs(logits).max()) for logits in _mask_logits(config, weights, i, clips))
            _scale(weights, numbered("conv2d", (DEPTH + 1) * i + DEPTH), LARGEST_LOGIT / largest)
        (folder / name).mkdir()
        (folder / name / "checkpoint").write_text('model_checkpoint_path: "model"\n')
        (folder / name / ".probe").touch()
        yield f"{name}/model", {**weights, "global_step": np.array(0)}  # for which the genuine package asks
    (folder / "own" / "own.json").write_text(configuration(OWN, model_dir=str((folder / "own").absolute())))
    weights = random_weights(big_shapes())
    _scale(weights, "dense_1", 0.01)
    scores = musicnn_graph(weights).network()(musicnn.log_mel(_windows(clips)))[0].astype(np.float64)
    _scale(weights, "dense_1", LARGEST_LOGIT / float(np.abs(np.log(scores / (1 - scores))).max()))
    (folder / musicnn.BIG).mkdir()
    yield f"{musicnn.BIG}/", weights


def _scale(weights: Weights, layer: str, factor: float) -> None:
    for part in ("kernel", "bias"):
        weights[f"{layer}/{part}"] = np.float32(factor) * weights[f"{layer}/{part}"]


def _mask_logits(
    config: SpleeterConfig, weights: Weights, index: int, clips: Sequence[Audio]
) -> Iterator[NDArray[np.float32]]:
    graph = Graph("logits")
    magnitudes = graph.input("magnitudes", [1, 2, BLOCK, config.n_bins])
    graph.output(unet(graph, magnitudes, config, weights, index), "logits", [1, 2, BLOCK, config.n_bins])
    network = graph.network()
    for clip in clips:
        stereo = np.broadcast_to(clip.samples, (2, clip.n_samples))
        padded = np.pad(stereo, [(0, 0), (spleeter.N_FFT, BLOCK * spleeter.HOP_LENGTH + spleeter.N_FFT)])
        spectrum = spectrogram.stft(padded, n_fft=spleeter.N_FFT, hop_length=spleeter.HOP_LENGTH)
        for first in range(0, spectrum.shape[1] - BLOCK, BLOCK):
            yield network(np.abs(spectrum[None, :, first : first + BLOCK, : config.n_bins]))[0]


def _windows(clips: Sequence[Audio]) -> NDArray[np.float32]:
    n = musicnn.LEAD + musicnn.WINDOW
    starts = range(0, 15 * musicnn.SR, musicnn.WINDOW)
    heard = [
        resample_span(clip.samples.mean(axis=0), clip.sr, musicnn.SR, at, at + n) for clip in clips for at in starts
    ]
    return np.stack(heard)
