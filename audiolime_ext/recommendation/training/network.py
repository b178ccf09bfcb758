"""The network, in PyTorch: blocks of convolution, batch normalisation, ReLU and pooling, a mean, a linear layer.

Each block looks at 3 × 3 points of what the block before has found, and keeps the largest of each 2 × 2. The mean over
all that is left forgets where in the chunk something was; the linear layer makes the embedding of it, which is brought
to length 1. The loss (InfoNCE) says how surely each view is told from those of other songs of the batch: the mean of
−log of the share that its own partner has of all similarities.

PyTorch is imported where it is used: it is the extra ``training``.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.extras import require
from audiolime_ext.recommendation.training.recipes import Recipe
from audiolime_ext.recommendation.training.spectra import RANGE_DB

if TYPE_CHECKING:
    from torch import Tensor, nn

EXTRA = "training"
_AT_ONCE = 32  # chunks that are embedded at a time


def pytorch() -> Any:
    """PyTorch; `MissingError` that names the extra where it is not installed."""
    return require("torch", extra=EXTRA)


def network(recipe: Recipe, seed: int) -> nn.Module:
    """The network of a recipe, with weights drawn by a seed."""
    torch = pytorch()
    nn: Any = torch.nn
    layers: list[tuple[str, Any]] = []
    given = 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for i, n in enumerate(recipe.channels):
            layers += [
                (f"conv{i}", nn.Conv2d(given, n, 3, padding=1, stride=1 if i else recipe.stride)),
                (f"norm{i}", nn.BatchNorm2d(n)),
                (f"relu{i}", nn.ReLU()),
                (f"pool{i}", nn.MaxPool2d(2)),
            ]
            given = n
        layers += [
            ("mean", nn.AdaptiveAvgPool2d(1)),
            ("flat", nn.Flatten()),
            ("dense", nn.Linear(given, recipe.n_features)),
        ]
        made: nn.Module = nn.Sequential(OrderedDict(layers))
    return made.to(memory_format=torch.channels_last)  # a third of the time on a CPU


def embed(network: nn.Module, recipe: Recipe, chunks: NDArray[np.float32]) -> Tensor:
    """Embeddings of length 1, shape (n_chunks, n_features), of chunks (n_chunks, n_frames, 128) in dB."""
    torch = pytorch()
    given = torch.from_numpy(np.ascontiguousarray(chunks.transpose(0, 2, 1)))[:, None]
    if recipe.scaled:
        given = given * (2 / RANGE_DB) + 1
    answer = network(given.to(memory_format=torch.channels_last))
    found: Tensor = torch.nn.functional.normalize(answer, dim=1)
    return found


def embedded(network: nn.Module, recipe: Recipe, chunks: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same of a network that is not being trained, as an array; some at a time."""
    torch = pytorch()
    network.eval()
    with torch.inference_mode():
        parts = [embed(network, recipe, chunks[i : i + _AT_ONCE]).numpy() for i in range(0, len(chunks), _AT_ONCE)]
    return np.concatenate(parts)


def info_nce(one: Tensor, other: Tensor, recipe: Recipe) -> Tensor:
    """The loss of two views of the same songs, embeddings of length 1, each of shape (n_songs, n_features)."""
    torch = pytorch()
    cross_entropy: Any = torch.nn.functional.cross_entropy
    near = one @ other.T / recipe.temperature
    own = torch.arange(len(near))
    loss: Tensor = cross_entropy(near, own)
    if recipe.symmetric:
        loss = (loss + cross_entropy(near.T, own)) / 2
    return loss


def recall(one: NDArray[np.float32], other: NDArray[np.float32], each: int) -> float:
    """How often a chunk of a song finds a chunk of the same song first, among one of every song.

    Parameters
    ----------
    one, other : ndarray of float32, shape (n_songs · each, n_features)
        Embeddings of length 1 of chunks of the first and of the second half of each song.
    each : int
        Number of chunks of each half.

    Returns
    -------
    Share between 0 and 1, over all pairs of a chunk and a chunk and both directions; chance is 1 / n_songs.

    Examples
    --------
    >>> songs = np.eye(4, dtype=np.float32)
    >>> recall(songs, songs, 1), recall(songs, songs[::-1], 1)
    (1.0, 0.0)
    """
    n_songs = len(one) // each
    own = np.arange(n_songs)
    found = []
    for i in range(each):
        for j in range(each):
            near = one[i::each] @ other[j::each].T
            found += [np.mean(_first(near) == own), np.mean(_first(near.T) == own)]
    return float(np.mean(found))


def _first(near: NDArray[np.float32]) -> NDArray[np.int64]:
    """The nearest of each row; −1 where several are, or none is a number."""
    best = near.argmax(axis=1)
    several = (near >= near.max(axis=1, keepdims=True)).sum(axis=1) != 1
    return np.where(several, -1, best)
