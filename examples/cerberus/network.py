"""Cerberus: one recurrent trunk with three heads, for separation and transcription at once.

The trunk reads the complex spectrogram of a mixture, band by band: every band of neighbouring bins becomes one vector
of features. Recurrent layers run along time within each band and across the bands of each frame, so that what is
learned about one note helps all; then along time over the whole spectrum. Three heads look at the same features:

- *mask inference*: a mask per source, with which the source is cut out of the mixture's spectrogram;
- *transcription*: of each pitched source, whether each of 88 notes sounds and whether it begins; the drums' strokes;
- *deep clustering*: an embedding of each bin, near to those of bins of the same source. It helps training and is left
  out of the exported network.

References
----------
E. Manilow, P. Seetharaman, B. Pardo: Simultaneous separation and transcription of mixtures with multiple polyphonic and
percussive instruments, ICASSP 2020 (three heads).
Y. Luo, J. Yu: Music source separation with band-split RNN, IEEE/ACM TASLP 31, 2023 (bands).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

N_NOTES, LOWEST_NOTE = 88, 21  # the piano's keys, as MIDI pitches
_TINY = 1e-8


@dataclass(frozen=True)
class Config:
    """What a network is built from; it travels with the weights.

    Parameters
    ----------
    sources, pitched, drums
        The stems, those of them with notes, and the kinds of drum strokes.
    sr, n_fft, hop_length
        Hz and samples of the spectrogram, with a periodic Hann window.
    widths
        Bins per band from 0 Hz up; they sum to ``n_fft // 2 + 1``.
    n_features
        Features per band and frame.
    layers
        The trunk's recurrent layers: along ``"time"`` within each band, across the ``"bands"`` of each frame, or along
        time with the ``"whole"`` spectrum as one vector, as in the paper.
    n_hidden, n_whole
        Units of each direction of a recurrent layer: of the first two kinds, and of the third.
    n_embedding
        Dimensions of deep clustering.
    """

    sources: tuple[str, ...] = ("piano", "guitar", "bass", "drums")
    pitched: tuple[str, ...] = ("piano", "guitar", "bass")
    drums: tuple[str, ...] = ("kick", "snare", "cymbals")
    sr: int = 16000
    n_fft: int = 1536
    hop_length: int = 512
    widths: tuple[int, ...] = (4,) * 20 + (8,) * 16 + (16,) * 14 + (32,) * 10 + (17,)
    n_features: int = 16
    layers: tuple[str, ...] = ("time", "bands", "whole", "whole")
    n_hidden: int = 32
    n_whole: int = 256
    n_embedding: int = 20


class Outputs(NamedTuple):
    """What the heads say; the notes, onsets and strokes are logits.

    Shapes: masks (batch, source, frame, bin), in [0, 1]; notes and onsets (batch, frame, pitched, 88); hits (batch,
    frame, drum).
    """

    masks: Tensor
    notes: Tensor
    onsets: Tensor
    hits: Tensor


class Residual(nn.Module):
    """A recurrent layer in both directions over (batch, frame, band, feature), added to its input."""

    def __init__(self, config: Config, kind: str) -> None:
        super().__init__()
        self.kind = kind
        n_features, n_hidden = config.n_features, config.n_hidden
        if kind == "whole":
            n_features, n_hidden = len(config.widths) * n_features, config.n_whole
        self.norm = nn.LayerNorm(n_features)
        self.recurrent = nn.LSTM(n_features, n_hidden, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(2 * n_hidden, n_features)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape again."""
        batch, frames, bands, features = x.shape
        if self.kind == "whole":
            h, _ = self.recurrent(self.norm(x.flatten(2)))
            return x + self.linear(h).reshape(x.shape)
        h = self.norm(x)
        if self.kind == "time":
            h, _ = self.recurrent(h.transpose(1, 2).reshape(batch * bands, frames, features))
            return x + self.linear(h).reshape(batch, bands, frames, features).transpose(1, 2)
        h, _ = self.recurrent(h.reshape(batch * frames, bands, features))
        return x + self.linear(h).reshape(x.shape)


class Cerberus(nn.Module):
    """The trunk and its heads."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        n, widths = config.n_features, config.widths
        if sum(widths) != config.n_fft // 2 + 1:
            raise ValueError(f"the bands hold {sum(widths)} bins; the spectrogram has {config.n_fft // 2 + 1}")
        self.splits = nn.ModuleList(nn.Linear(3 * width, n) for width in widths)
        self.place = nn.Parameter(torch.zeros(len(widths), n))
        self.trunk = nn.Sequential(*(Residual(config, kind) for kind in config.layers))
        self.norm = nn.LayerNorm(n)
        n_masks = len(config.sources) + 1  # the last is for all other sounds
        self.mask_hidden = nn.ModuleList(nn.Linear(n, 2 * n) for _ in widths)
        self.mask_heads = nn.ModuleList(nn.Linear(2 * n, width * n_masks) for width in widths)
        self.embeddings = nn.ModuleList(nn.Linear(n, width * config.n_embedding) for width in widths)
        n_pitched = len(config.pitched)
        self.note_hidden = nn.Linear(n * len(widths), 256)
        self.note_heads = nn.Linear(256, 2 * n_pitched * N_NOTES + len(config.drums))
        nn.init.constant_(self.note_heads.bias, -3.0)  # notes are rare

    def features(self, spectrum: Tensor) -> Tensor:
        """The trunk's view of a mixture: (batch, frame, bin, 2) to (batch, frame, band, feature)."""
        power = spectrum.square().sum(-1, keepdim=True)
        level = power.mean(dim=(1, 2), keepdim=True) + _TINY
        power = power / level
        x = torch.cat([spectrum * ((power + 1e-4).pow(-0.35) / level.sqrt()), (power + 1e-5).log() / 4], dim=-1)
        bands = x.split(list(self.config.widths), dim=2)
        h = torch.stack([split(band.flatten(2)) for split, band in zip(self.splits, bands, strict=True)], dim=2)
        out: Tensor = self.norm(self.trunk(h + self.place))
        return out

    def forward(self, spectrum: Tensor) -> Outputs:
        """Masks, notes and strokes for the complex spectrogram of a mixture, (batch, frame, bin, 2)."""
        return self.heads(self.features(spectrum))

    def heads(self, h: Tensor) -> Outputs:
        """Masks, notes and strokes from the trunk's features."""
        config = self.config
        batch, frames = h.shape[:2]
        n_sources, n_pitched = len(config.sources), len(config.pitched)
        pieces = []
        for i, width in enumerate(config.widths):
            hidden = torch.tanh(self.mask_hidden[i](h[:, :, i]))
            pieces.append(self.mask_heads[i](hidden).reshape(batch, frames, -1, width))
        logits = torch.cat(pieces, dim=-1).transpose(1, 2)  # (batch, source, frame, bin)
        masks = logits.float().softmax(dim=1)[:, :n_sources]
        roll = self.note_heads(torch.relu(self.note_hidden(h.flatten(2)))).float()
        n = n_pitched * N_NOTES
        shape = (batch, frames, n_pitched, N_NOTES)
        return Outputs(masks, roll[..., :n].reshape(shape), roll[..., n : 2 * n].reshape(shape), roll[..., 2 * n :])

    def embed(self, h: Tensor) -> Tensor:
        """Embeddings of unit length of the bins of some frames, (batch, frame, bin, dimension)."""
        n = self.config.n_embedding
        parts = [
            head(h[:, :, i]).reshape(*h.shape[:2], width, n)
            for i, (head, width) in enumerate(zip(self.embeddings, self.config.widths, strict=True))
        ]
        return nn.functional.normalize(torch.cat(parts, dim=2).float(), dim=-1)
