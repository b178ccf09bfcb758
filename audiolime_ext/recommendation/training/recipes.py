"""Recipes: how an embedding is trained, as plain values that travel with it.

``founding`` is a published recipe as it is described, and is here to be compared with: the two views of a pair are one
and the same chunk with a little noise. ``parts`` takes two chunks, and alters them so that how a song was recorded
helps less. Trials of equal time (``examples/library/recipes.md``) were too short, and had too few soundtracks, to say
that it finds more than the other; it lost least where all songs were made alike.

References
----------
A. van den Oord, Y. Li, O. Vinyals: Representation learning with contrastive predictive coding, arXiv:1807.03748, 2018
(the loss). T. Chen, S. Kornblith, M. Norouzi, G. Hinton: A simple framework for contrastive learning of visual
representations, ICML 2020 (two views, the symmetric loss).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from audiolime_ext.errors import UsageError, unknown

Pair = Literal["same chunk", "two chunks"]


@dataclass(frozen=True)
class Recipe:
    """How an embedding is trained.

    Parameters
    ----------
    name : str
        Name of the recipe.
    batch : int
        Number of songs in a batch, from 2 on.
    pair : {"same chunk", "two chunks"}
        Kind of pair that is to lie close together: one chunk twice, or two chunks of a song.
    noise_db : float
        Standard deviation of the noise that is added to each view, in dB.
    temperature : float
        Number by which similarities are divided before they are compared.
    symmetric : bool
        True where each view looks for the other, False where the first looks for the second only.
    rate : float
        Learning rate of Adam; with `cosine`, the highest.
    cosine : bool
        True where the rate rises over the first steps and falls to zero along a cosine, False where it stays.
    channels : tuple of int
        Number of channels of each block of the network.
    stride : int
        Step of the first block's filters, in bands and in frames: with 2 it looks at every other point.
    scaled : bool
        True where decibels are brought to the range −1 to 1 before the first block.
    n_features : int
        Number of values of the embedding.
    tilt_db, bumps_db : float
        Greatest change of the balance of a view, in dB: from the lowest band to the highest; in broad bands.
    band_limit : float
        Share of the views that lose what lies above, or below, a frequency drawn by lot.
    copy : float
        Share of the views that are taken from the song's copy of low bit rate; 0: no copies are made.
    stems : float
        Share of the views whose stems are mixed anew, where songs are split.
    best : bool
        True where the weights are kept with which held-out songs were found best, and training ends once that no longer
        improves; False where all steps are made, and the last weights are kept.
    """

    name: str
    batch: int = 8
    pair: Pair = "same chunk"
    noise_db: float = 0.05
    temperature: float = 0.1
    symmetric: bool = False
    rate: float = 1e-3
    cosine: bool = False
    channels: tuple[int, ...] = (32, 64, 128)
    stride: int = 1
    scaled: bool = False
    n_features: int = 128
    tilt_db: float = 0.0
    bumps_db: float = 0.0
    band_limit: float = 0.0
    copy: float = 0.0
    stems: float = 0.0
    best: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {**asdict(self), "channels": list(self.channels)}


FOUNDING = Recipe("founding")
PARTS = Recipe(
    "parts",
    batch=32,
    pair="two chunks",
    symmetric=True,
    cosine=True,
    channels=(32, 64, 128, 256),
    stride=2,
    scaled=True,
    tilt_db=12.0,
    bumps_db=6.0,
    band_limit=0.3,
    copy=0.5,
    stems=0.5,
    best=True,
)
RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (FOUNDING, PARTS)}
DEFAULT = PARTS.name


def recipe_of(given: str | Recipe) -> Recipe:
    """The recipe of a name, or the one given.

    Raises
    ------
    UsageError
        If there is none of that name, or one of its values cannot be used.

    Examples
    --------
    >>> recipe_of("founding").batch
    8
    """
    if isinstance(given, str) and given not in RECIPES:
        raise unknown("recipe", given, RECIPES)
    if not isinstance(given, (str, Recipe)):
        raise UsageError(f"recipe is {given!r}; give a name ({', '.join(RECIPES)}) or a Recipe")
    found = RECIPES[given] if isinstance(given, str) else given
    blocks = (*found.channels, found.n_features, found.stride)
    if found.batch < 2 or not found.channels or min(blocks) < 1 or found.stride * 2 ** len(found.channels) > 128:
        raise UsageError(
            f"the recipe {found.name!r} needs a batch of 2 songs or more, and from 1 to 7 blocks; each halves the bands"
        )
    if not (found.temperature > 0 and found.rate > 0 and found.noise_db >= 0):
        raise UsageError(f"the recipe {found.name!r} needs a temperature and a rate above 0, and noise of 0 dB or more")
    return found
