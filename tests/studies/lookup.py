"""musicnn's scores of masks over one window, some ten times faster: what many masks share is computed once.

The timbral convolutions are four fifths of the work, and local: with the first convolution over time behind them, a
frame of theirs depends on 13 frames of the input, a quarter of a second. So it sees few of the time segments, and takes
only as many values as there are states of the components in those. All of them are in tables, which need few masks to
fill. Let a frame see `period` segments at most, and let masks repeat with that period (segment s is as segment
s mod period): the (2^period)^n_stems repeating masks show every frame everything that it can ever see.

From the tables come, for any mask, the input itself, what the timbral features give to the first convolution over time,
and the maximum and sum of the timbral features over each run of frames that see the same segments. The temporal
convolutions, 128 frames long, are not local; they and the later layers are evaluated for every mask.

Invariant: *the scores are those of* `audiolime_ext.components.game.Game` to 1e-5.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components.components import CROSSFADE_S, Components
from audiolime_ext.components.masks import Masks, enumerate_masks
from audiolime_ext.models import musicnn, musicnn_network
from audiolime_ext.models.musicnn import HOP_LENGTH, N_FFT, MusicnnModel
from audiolime_ext.models.musicnn_network import N_FRAMES, N_MELS
from audiolime_ext.networks.graph import Network
from audiolime_ext.prediction.contract import Scores

Indices = NDArray[np.int64]

N_TIMBRAL = 408  # features of the two timbral convolutions
REACH = 6  # frames to either side: three of a timbral convolution and three of the one over time
FILLED_AT_ONCE, ASKED_AT_ONCE = 16, 32


class Lookup:
    """Answers masks over the components of one window.

    Parameters
    ----------
    components
        One window of an excerpt.
    model
        ``MSD_musicnn`` or ``MTT_musicnn``.
    period
        Of the masks that fill the tables; by default the most segments that a frame sees. Less is wrong.
    """

    def __init__(self, components: Components, model: MusicnnModel, *, period: int | None = None) -> None:
        first, last = segments_seen(components)
        self.period = int((last - first).max()) + 1 if period is None else period
        self._runs = np.flatnonzero(np.diff(first, prepend=-1) | np.diff(last, prepend=-1))
        self._run_of = np.repeat(np.arange(len(self._runs)), np.diff(self._runs, append=N_FRAMES))
        slots = np.arange(self.period)
        seen = first[self._runs, None] + (slots - first[self._runs, None]) % self.period
        self._seen = np.minimum(seen, components.n_segments - 1)  # beyond the last it does not matter
        self._shape = (len(components.sources), components.n_segments)
        self._rest = _rest(model)
        self._fill(components, model)

    def __call__(self, masks: Masks) -> Scores:
        """Scores, shape (n_masks, n_labels), float64."""
        parts = [masks[at : at + ASKED_AT_ONCE] for at in range(0, len(masks), ASKED_AT_ONCE)]
        return np.concatenate([self._ask(part) for part in parts]).astype(np.float64)

    def _fill(self, components: Components, model: MusicnnModel) -> None:
        n_stems, n_segments = self._shape
        patterns = enumerate_masks(n_stems * self.period).reshape(-1, n_stems, self.period)
        self._input = np.empty((len(patterns), N_FRAMES, N_MELS), np.float32)
        self._early = np.empty((len(patterns), N_FRAMES, 64), np.float32)
        self._maxima = np.empty((len(patterns), len(self._runs), N_TIMBRAL), np.float32)
        self._sums = np.empty_like(self._maxima)
        timbral_layers = _timbral(model)
        for at in range(0, len(patterns), FILLED_AT_ONCE):
            part = slice(at, at + FILLED_AT_ONCE)
            masks = patterns[part][:, :, np.arange(n_segments) % self.period].reshape(-1, n_stems * n_segments)
            heard = components.grid.cut(components.heard_mixes(masks))[:, 0, 0]
            log_mel = musicnn.log_mel(heard)
            timbral, early = (features[..., 0].swapaxes(1, 2) for features in timbral_layers(log_mel))
            self._input[part], self._early[part] = log_mel[:, 0], early
            self._maxima[part] = np.maximum.reduceat(timbral, self._runs, axis=1)
            self._sums[part] = np.add.reduceat(timbral, self._runs, axis=1)

    def _ask(self, masks: Masks) -> NDArray[np.float32]:
        n_stems = self._shape[0]
        places = 1 << np.arange(n_stems * self.period).reshape(n_stems, 1, self.period)
        pattern = (masks.reshape(-1, *self._shape)[:, :, self._seen] * places).sum(axis=(1, 3))  # (n_masks, n_runs)
        of_frame, frames = pattern[:, self._run_of], np.arange(N_FRAMES)
        runs = np.arange(len(self._runs))
        inputs = {
            "log_mel": self._input[of_frame, frames][:, None],
            "early": self._early[of_frame, frames],
            "timbral_max": self._maxima[pattern, runs].max(axis=1)[..., None, None],
            "timbral_mean": self._sums[pattern, runs].sum(axis=1)[..., None, None] / np.float32(N_FRAMES),
        }
        scores: NDArray[np.float32] = self._rest.session.run(None, inputs)[0]
        return scores


def segments_seen(components: Components) -> tuple[Indices, Indices]:
    """The first and the last segment within the reach of each frame, two of shape (187,)."""
    sr, crossfade = components.grid.sr, CROSSFADE_S * components.grid.sr
    edges = components.grid.lead + np.array(components.boundaries_s[1:-1]) * sr
    frames = np.arange(N_FRAMES)
    begin = np.maximum(frames - REACH, 0) * HOP_LENGTH
    end = np.minimum(frames + REACH, N_FRAMES - 1) * HOP_LENGTH + N_FFT
    first = np.searchsorted(edges + crossfade / 2, begin, side="right")
    return first, np.searchsorted(edges - crossfade / 2, end, side="left")


def _timbral(model: MusicnnModel) -> Network:
    """The timbral features, and what the first convolution over time makes of them alone, without its bias."""
    weights = model._weights
    graph, x = musicnn_network._start("timbral", weights)
    timbral = graph.node("Concat", *(musicnn_network._front_layer(graph, x, weights, i) for i in (0, 1)), axis=1)
    kernel = weights["conv2d_5/kernel"][:, :N_TIMBRAL]
    early = musicnn_network._conv_over_time(graph, timbral, kernel, np.zeros(64, np.float32))
    graph.output(timbral, "timbral", ["n_batch", N_TIMBRAL, N_FRAMES, 1])
    graph.output(early, "early", ["n_batch", 64, N_FRAMES, 1])
    return graph.network(threads=1)


def _rest(model: MusicnnModel) -> Network:
    """Everything else: from the input and what the tables hold to the scores."""
    weights = model._weights
    graph, x = musicnn_network._start("rest", weights)
    early = graph.input("early", ["n_batch", N_FRAMES, 64])
    maximum, mean = (graph.input(f"timbral_{kind}", ["n_batch", N_TIMBRAL, 1, 1]) for kind in ("max", "mean"))
    temporal = graph.node("Concat", *(musicnn_network._front_layer(graph, x, weights, i) for i in (2, 3, 4)), axis=1)
    kernel, bias = weights["conv2d_5/kernel"][:, N_TIMBRAL:], weights["conv2d_5/bias"]
    added = graph.node("Unsqueeze", graph.node("Transpose", early, perm=[0, 2, 1]), graph.constant(np.array([3])))
    first = graph.node("Add", musicnn_network._conv_over_time(graph, temporal, kernel, bias), added)
    features = graph.node("Concat", temporal, *musicnn_network._late_layers(graph, first, weights), axis=1)
    largest, average = (graph.node(kind, features) for kind in ("GlobalMaxPool", "GlobalAveragePool"))
    return musicnn_network._tag_layers(graph, [maximum, largest], [mean, average], weights).network(threads=1)
