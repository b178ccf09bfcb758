"""What training minimises: one loss per head.

References
----------
Z.-Q. Wang, J. Le Roux, J. R. Hershey: Alternative objective functions for deep clustering, ICASSP 2018 (the whitened
k-means loss).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

_FLOOR = 1e-3  # errors 30 dB below the mixture count as none: so silent sources have a loss, too


def separation(estimates: Tensor, targets: Tensor, mixture: Tensor) -> Tensor:
    """Mean over the sources of the error's level in dB, against the mixture's level.

    Parameters
    ----------
    estimates, targets
        Complex spectrograms, (batch, source, frame, bin, 2).
    mixture
        (batch, frame, bin, 2).
    """
    error = (estimates - targets).square().sum(dim=(2, 3, 4))
    total = mixture.square().sum(dim=(1, 2, 3)).clamp_min(1e-8)[:, None]
    return 10 * (error / total + _FLOOR).log10().mean()


def transcription(logits: Tensor, targets: Tensor, *, positive_weight: float) -> Tensor:
    """Binary cross-entropy in which a note that sounds counts `positive_weight` times."""
    weight = torch.full((1,), positive_weight)
    return binary_cross_entropy_with_logits(logits, targets, pos_weight=weight.to(logits.device))


def deep_clustering(embeddings: Tensor, targets: Tensor, loudness: Tensor) -> Tensor:
    """The whitened k-means loss: 0 where the embeddings tell the sources apart perfectly, at most the dimensions.

    Parameters
    ----------
    embeddings
        (batch, frame, bin, dimension), of unit length.
    targets
        Magnitudes of all sources, (batch, source, frame, bin); a bin belongs to the loudest.
    loudness
        Weight of each bin, (batch, frame, bin).
    """
    v = embeddings.flatten(1, 2)
    weight = loudness.flatten(1) / loudness.flatten(1).sum(dim=1, keepdim=True).clamp_min(1e-8)
    y = torch.nn.functional.one_hot(targets.argmax(dim=1).flatten(1), targets.shape[1]).to(v.dtype)
    root = weight.sqrt()[..., None]
    v, y = v * root, y * root
    eye = torch.eye(v.shape[-1], device=v.device) * 1e-4
    covariance = v.transpose(1, 2) @ v + eye
    cross = v.transpose(1, 2) @ y
    sizes = y.square().sum(dim=1).clamp_min(1e-4)
    explained = torch.linalg.solve(covariance, cross) * cross / sizes[:, None]
    return (v.shape[-1] - explained.sum(dim=(1, 2))).mean() / v.shape[-1]
