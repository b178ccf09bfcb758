"""What training minimises: one loss per head.

References
----------
Z.-Q. Wang, J. Le Roux, J. R. Hershey: Alternative objective functions for deep clustering, ICASSP 2018 (the whitened
k-means loss).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

_TINY = 1e-8
_FLOOR = 1e-3  # distortions 30 dB below the target count as none
_SOUNDS = 1e-3  # sources 30 dB below the mixture count as silent
_ERROR = 10.0  # weight of the error's share of the mixture's energy, beside decibels


class Fit(NamedTuple):
    """How masks fit, (batch, source) each: SI-SDR in dB, and energies relative to the mixture's.

    SI-SDR: J. Le Roux, S. Wisdom, H. Erdogan, J. R. Hershey: SDR - half-baked or well done?, ICASSP 2019.
    """

    si_sdr: Tensor
    error: Tensor
    target: Tensor

    @property
    def sounds(self) -> Tensor:
        """True where a source is to be heard."""
        return self.target > _SOUNDS


def fit(masks: Tensor, targets: Tensor, mixture: Tensor) -> Fit:
    """Compare masked mixtures with their targets.

    An estimate is the product of a real mask and the mixture's spectrum, so that its energy and its inner product with
    the target are sums over the mask: the estimates themselves are never made.

    Parameters
    ----------
    masks
        (batch, source, frame, bin).
    targets
        Complex spectra, (batch, source, frame, bin, 2).
    mixture
        (batch, frame, bin, 2).
    """
    with torch.no_grad():
        power = mixture.square().sum(-1)[:, None]
        shared = (targets * mixture[:, None]).sum(-1)
        total = power.sum(dim=(2, 3)).clamp_min(_TINY)
        target = targets.square().sum(dim=(2, 3, 4)) / total
    estimate = (masks.square() * power).sum(dim=(2, 3)) / total
    product = (masks * shared).sum(dim=(2, 3)) / total
    projected = product.square() / target.clamp_min(_TINY)
    distortion = (estimate - projected).clamp_min(_TINY)
    si_sdr = -10 * (distortion / projected.clamp_min(_TINY) + _FLOOR).log10()
    return Fit(si_sdr, estimate - 2 * product + target, target)


def separation(found: Fit) -> Tensor:
    """Distortion of the sources that sound in dB, plus the error of all sources relative to the mixture's energy.

    The second term gives silent sources a loss, and all of them a level. A level of the error in dB would not do in the
    place of the first: where it is unsure, a network then does best to leave a source out.
    """
    sounds = found.sounds.float()
    return -(found.si_sdr * sounds).sum() / sounds.sum().clamp_min(1) + _ERROR * found.error.mean()


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
