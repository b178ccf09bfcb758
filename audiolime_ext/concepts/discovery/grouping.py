"""Groups of concepts that lead the same way in a layer, and a picture of them: what classes have in common.

A concept's direction is the mean of its CAVs, each brought to length 1, over `N_DRAWS` draws of random patches. For
this question random patches are drawn from *all* classes, the concept's own included. (The CAVs that are tested lead
away from other classes: with them "guitar in metal" and "guitar in rock" would lie apart for being of two classes.)

*Groups* are those of average linkage by cosine distance, at most ten. It is SciPy's `linkage` and not scikit-learn's
`AgglomerativeClustering`: both make the same tree, and this one is made once and cut at every number of groups. The
number is that of the largest mean silhouette, in which a concept alone in its group counts 0.

*Whether there are groups at all* is asked first, since a tree can be cut whatever it is made of: `N_NOISES` sets of
random directions of the same mean and variances (`audiolime_ext.recommendation.maps.noise`) are grouped the same way,
each at the number that suits it best, and p is the share of them whose silhouette is as large. Above .05 there are no
groups and no picture. The test is a careful one: ``python -m tests.studies.concept_groups`` found groups in one of 192
sets of noise and half circles; three or eight clusters as wide as they lie apart in all sets of 30, and in none of 12,
of which only plain ones are told. So *no groups* means that nothing shows them.

*How stable*: the directions are made again without a fifth of each concept's songs, and with other random patches, five
times. The groups of each are compared by the adjusted Rand index (1: the same; 0: as by chance). The picture is a map
as of a collection (`audiolime_ext.recommendation.maps`): t-SNE, and the share of near neighbours that it keeps from
other starts and without a fifth of the concepts. Of fewer than ten concepts, or without openTSNE, it is their first two
principal components, and the share that these keep without a fifth of the songs.

References
----------
P. Rousseeuw: Silhouettes, Journal of Computational and Applied Mathematics 20, 1987. L. Hubert, P. Arabie: Comparing
Partitions, Journal of Classification 2, 1985.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec

import numpy as np

from audiolime_ext.concepts.discovery.drawing import Numbers, Structure, draw
from audiolime_ext.concepts.judgement.cavs import STRENGTH, Floats, fit_cavs
from audiolime_ext.concepts.judgement.testing import Concept, Pool
from audiolime_ext.progress.stages import stage, tracked
from audiolime_ext.recommendation.maps.laying_out import lay_out, principal_of
from audiolime_ext.recommendation.maps.nearness import on_map, places_of_duplicates, shared
from audiolime_ext.recommendation.maps.noise import Noise
from audiolime_ext.recommendation.maps.presets import DEFAULT, LEAST_SONGS, PRESETS, settings_of
from audiolime_ext.recommendation.maps.result import MapSettings
from audiolime_ext.recommendation.maps.stability import neighbours_compared, stability_of
from audiolime_ext.text import counted

FEWEST, MOST_GROUPS = 5, 10
N_DRAWS, N_AGAIN, N_NOISES = 10, 5, 99
LEVEL = 0.05
_AT_ONCE, _TINY = 100, 1e-12  # CAVs; a length


@dataclass(frozen=True, eq=False)
class Groups:
    """Concepts in groups, and their places on a picture.

    Parameters
    ----------
    names, classes : tuple of str
        Concepts, and the class of each.
    group : ndarray of int, shape (n,)
        Group of each from 0, the largest group first.
    places : ndarray of float64, shape (n, 2)
        Place of each on the picture, which has no unit.
    agreement : float
        Mean adjusted Rand index of the groups with those made again.
    share, chance : float
        Share of each concept's nearest on the picture that it keeps, and the share by chance.
    silhouette, p : float
        Mean silhouette by cosine distance, and the share of sets of random directions in which it is as large.
    way : {"t-SNE", "principal components"}
        Kind of the picture.
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    group: Numbers = field(repr=False)
    places: Floats = field(repr=False)
    agreement: float
    share: float
    chance: float
    silhouette: float
    p: float
    way: str

    @property
    def shared(self) -> dict[int, tuple[str, ...]]:
        """The classes of each group that holds concepts of more than one."""
        found = {
            int(number): tuple(sorted({self.classes[i] for i in np.flatnonzero(self.group == number)}))
            for number in np.unique(self.group)
        }
        return {number: classes for number, classes in found.items() if len(classes) > 1}

    def sentences(self, layer: str) -> tuple[str, ...]:
        """What may be said of them.

        Parameters
        ----------
        layer : str
            Name of the layer.
        """
        n = int(self.group.max()) + 1
        told = [
            f"{counted(len(self.names), 'cluster')} fall into {counted(n, 'group')} that lead the same way in this "
            f"layer, {layer}, more clearly than random directions do (p = {self.p:.2g}); in another layer they may "
            "fall into others",
            f"made again without a fifth of the songs, the groups agree by {self.agreement:.2f} (1: the same, 0: as "
            "by chance)",
            f"on the picture ({self.way}), made again, a concept keeps {100 * self.share:.0f} % of those next to it "
            f"(by chance {100 * self.chance:.0f} %)",
        ]
        for number, classes in self.shared.items():
            size = counted(int((self.group == number).sum()), "concept")
            told.append(f"group {number + 1} ({size}) is shared by {', '.join(classes[:-1])} and {classes[-1]}")
        return tuple(told) if self.shared else (*told, "no group is shared by two classes")


def groups_of(
    pool: Pool, concepts: Sequence[Concept], *, strength: float = STRENGTH, seed: int = 0
) -> tuple[Groups | None, tuple[str, ...]]:
    """The groups of concepts, or None and a sentence that says why there are none.

    Parameters
    ----------
    pool : Pool
        Patches of all classes.
    concepts : sequence of Concept
        Concepts.
    strength : float
        Strength of the regressions' regularisation.
    seed : int
        Random seed.

    Examples
    --------
    >>> pool = Pool(np.eye(40), np.repeat(np.arange(20), 2), np.repeat(["a", "b"], 20))
    >>> groups_of(pool, [])
    (None, ('0 clusters are too few for groups, which need 5 or more',))
    """
    if len(concepts) < FEWEST:
        few = counted(len(concepts), "cluster is", "clusters are")
        return None, (f"{few} too few for groups, which need {FEWEST} or more",)
    rng, even = np.random.default_rng([seed, 11]), pool.scaled()[0]
    with stage("comparing concepts", 1 + N_AGAIN, "time") as work:
        directions = _directions(even, concepts, [one.standing for one in concepts], N_DRAWS, strength, rng)
        work.advance(1)
        again = []
        for kept in _without_a_fifth(concepts, rng):
            again.append(_directions(even, concepts, kept, N_DRAWS // 2, strength, rng))
            work.advance(1)
    if len(places_of_duplicates(directions)[0]) < len(directions):
        return None, ("several concepts lead exactly the same way in this layer, so they cannot be put in groups",)
    silhouette, group = groups_in(directions)
    p = chance_of(directions, silhouette, rng)
    if p > LEVEL:
        return None, (
            f"{counted(len(concepts), 'cluster')} fall into no groups in this layer: random directions of the same "
            f"spread gather as much (p = {p:.2g})",
        )
    from sklearn.metrics import adjusted_rand_score

    n = int(group.max()) + 1
    rand = [float(adjusted_rand_score(group, _cut(_tree(one), n))) for one in again]
    names, classes = zip(*((one.name, one.of) for one in concepts), strict=True)
    places, share, chance, way = _picture(directions, again, seed)
    told = Groups(names, classes, group, places, _mean(rand), share, chance, silhouette, p, way)
    return told, ()


def _without_a_fifth(concepts: Sequence[Concept], rng: np.random.Generator) -> list[list[Numbers]]:
    """The patches of each concept without a fifth of its songs, five times, so that each song is left out once."""
    times: list[list[Numbers]] = [[] for _ in range(N_AGAIN)]
    for one in concepts:
        of_songs = one.standing.reshape(one.structure.n_songs, -1)  # the patches of a song lie side by side
        for kept, left in zip(times, np.array_split(rng.permutation(len(of_songs)), N_AGAIN), strict=True):
            kept.append(np.delete(of_songs, left, axis=0).ravel())
    return times


def _directions(
    even: Pool,
    concepts: Sequence[Concept],
    standing: Sequence[Numbers],
    n_draws: int,
    strength: float,
    rng: np.random.Generator,
) -> Floats:
    """The mean of each concept's CAVs at length 1, against patches of all classes, shape (n_concepts, n_features)."""
    found = np.zeros((len(concepts), even.activations.shape[1]))
    per_song = [one.structure.per_song for one in concepts]
    kinds = [Structure(len(own) // per, per) for own, per in zip(standing, per_song, strict=True)]
    for kind in dict.fromkeys(kinds):
        members = np.repeat([i for i, one in enumerate(kinds) if one == kind], n_draws)
        others = draw(even.songs, kind, len(members), rng=rng)
        signs = np.repeat([1.0, -1.0], kind.n_patches)
        for at in range(0, len(members), _AT_ONCE):
            own = members[at : at + _AT_ONCE]
            patches = np.concatenate([[standing[i] for i in own], others[at : at + _AT_ONCE]], axis=1)
            held = even.activations[patches]
            cavs = fit_cavs(held @ held.transpose(0, 2, 1), signs, strength=strength)
            np.add.at(found, own, np.einsum("cp,cpf->cf", cavs.alphas / cavs.lengths[:, None], held))
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), _TINY))


def _tree(directions: Floats) -> Floats:
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    return np.asarray(linkage(squareform(_apart(directions), checks=False), "average"))


def _apart(directions: Floats) -> Floats:
    """Cosine distances, shape (n, n)."""
    found = np.maximum(0.0, 1.0 - directions @ directions.T)
    np.fill_diagonal(found, 0.0)
    return np.asarray((found + found.T) / 2)


def _cut(tree: Floats, n_groups: int) -> Numbers:
    """The groups of a tree, numbered from the largest on."""
    from scipy.cluster.hierarchy import fcluster

    found = np.unique(fcluster(tree, n_groups, "maxclust"), return_inverse=True)[1]
    rank = np.argsort(np.argsort(-np.bincount(found), kind="stable"), kind="stable")
    return np.asarray(rank[found], np.intp)


def groups_in(directions: Floats) -> tuple[float, Numbers]:
    """The number of groups that suits directions best: the largest mean silhouette, and these groups.

    Parameters
    ----------
    directions : ndarray of float64, shape (n, n_features)
        Directions of length 1, three or more.

    Examples
    --------
    >>> angles = np.array([0.0, 0.1, 1.4, 1.5, 1.6])
    >>> silhouette, group = groups_in(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    >>> round(silhouette, 2), group
    (0.99, array([1, 1, 0, 0, 0]))
    """
    from sklearn.metrics import silhouette_score

    tree, apart = _tree(directions), _apart(directions)
    cuts = [_cut(tree, n) for n in range(2, min(MOST_GROUPS, len(directions) - 1) + 1)]
    scores = [float(silhouette_score(apart, one, metric="precomputed")) if one.any() else -1.0 for one in cuts]
    return max(scores), cuts[int(np.argmax(scores))]


def chance_of(directions: Floats, silhouette: float, rng: np.random.Generator) -> float:
    """The share of sets of random directions of the same mean and variances that gather as much.

    Parameters
    ----------
    directions : ndarray of float64, shape (n, n_features)
        Directions of length 1.
    silhouette : float
        Mean silhouette of their groups.
    rng : numpy.random.Generator
        Source of randomness.
    """
    noise = Noise.like(directions, rng)
    sets = (noise.draw(len(directions), rng) for _ in tracked(range(N_NOISES), "looking for groups in noise", "set"))
    return (1 + sum(groups_in(one)[0] >= silhouette for one in sets)) / (N_NOISES + 1)


def _picture(directions: Floats, again: Sequence[Floats], seed: int) -> tuple[Floats, float, float, str]:
    """Places, the share of near neighbours that are kept, that by chance, and the kind of picture."""
    n, start = len(directions), principal_of(directions)[0]
    if n < LEAST_SONGS or find_spec("openTSNE") is None:
        k = neighbours_compared(n)
        kept = [shared(on_map(start, k), on_map(principal_of(one)[0], k)).mean() for one in again]
        return start, _mean(kept), k / (n - 1), "principal components"
    settings = settings_of(MapSettings(**{**vars(PRESETS[DEFAULT]), "seed": seed}), n)[0]
    places, _ = lay_out(directions, start, settings, name="laying out concepts")
    told = stability_of(directions, start, places, settings)
    by_starts, by_subsamples = float(told.by_starts.mean()), float(told.by_subsamples.mean())
    share, chance = min((by_starts, told.chance), (by_subsamples, told.chance_of_subsamples))
    return places, share, chance, "t-SNE"


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
