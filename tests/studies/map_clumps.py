"""Does the test for clumps claim any where there are none, and find those that are there?

``python -m tests.studies.map_clumps [N_SETS]`` prints the table that stands in
`audiolime_ext.recommendation.maps.clumps` (an hour of one core with 20 sets); ``pairs`` instead of a number prints how
far apart two kinds of songs must be to be found.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import numpy as np

from audiolime_ext.progress.stages import reporting
from audiolime_ext.recommendation.maps.clumps import LEAST_DEPTH, LEVEL, clumps_of
from audiolime_ext.recommendation.maps.nearness import Points

Drawn = Callable[[int, int, np.random.Generator], Points]
SIZES = (20, 60, 237, 1000)
DIMENSIONS = (8, 40, 200)
DISTANCES = (4, 6, 8, 10, 12, 15, 20)  # standard deviations


def spectrum(n_dimensions: int, power: float) -> Points:
    return np.asarray(np.arange(1, n_dimensions + 1) ** -power)


def curve(points: Points, n_dimensions: int, thickness: float, rng: np.random.Generator) -> Points:
    """Points of few dimensions, turned into many, with noise around them."""
    turn = np.linalg.qr(rng.normal(size=(n_dimensions, n_dimensions)))[0]
    wide = np.pad(points, ((0, 0), (0, n_dimensions - points.shape[1])))
    return np.asarray((wide + thickness * rng.normal(size=wide.shape) / np.sqrt(n_dimensions)) @ turn)


def circle(angles: Points) -> Points:
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def swiss_roll(n: int, rng: np.random.Generator) -> Points:
    angles = 1.5 * np.pi * (1 + 2 * rng.uniform(0, 1, n))
    return np.asarray(np.column_stack([angles[:, None] * circle(angles), rng.uniform(0, 10, n)]) / 8)


def winding(angles: Points) -> Points:
    return np.column_stack([circle(angles), circle(2 * angles), np.cos(3 * angles)])


def sheet(n: int, rng: np.random.Generator) -> Points:
    flat = rng.uniform(-1, 1, size=(n, 2))
    return np.column_stack([flat, flat**2, flat.prod(axis=1)])


def clusters(n_clusters: int, distance: float, shares: tuple[float, ...] | None = None) -> Drawn:
    """Normal clusters of one shape, whose centres are spread `distance` times as far as the songs of each."""

    def drawn(n: int, d: int, rng: np.random.Generator) -> Points:
        scale = spectrum(d, 0.5) / np.linalg.norm(spectrum(d, 0.5))
        centres = distance * rng.normal(size=(n_clusters, d)) * scale
        return np.asarray(centres[rng.choice(n_clusters, n, p=shares)] + rng.normal(size=(n, d)) * scale)

    return drawn


NOTHING: Mapping[str, Drawn] = {
    "isotropic": lambda n, d, rng: rng.normal(size=(n, d)),
    "variances 1/k": lambda n, d, rng: rng.normal(size=(n, d)) * spectrum(d, 0.5),
    "variances 1/k²": lambda n, d, rng: rng.normal(size=(n, d)) * spectrum(d, 1.0),
    "heavy tails of lengths": lambda n, d, rng: (
        rng.normal(size=(n, d)) * spectrum(d, 0.5) / np.sqrt(rng.chisquare(3, (n, 1)) / 3)
    ),
    "heavy tails of outputs": lambda n, d, rng: rng.standard_t(3, size=(n, d)) * spectrum(d, 0.5),
    "skewed": lambda n, d, rng: rng.exponential(size=(n, d)) * spectrum(d, 0.5),
    "uniform": lambda n, d, rng: rng.uniform(-1, 1, size=(n, d)) * spectrum(d, 0.5),
    "uniform, outputs 0 to 1": lambda n, d, rng: 1 / (1 + np.exp(-3 * rng.normal(size=(n, d)) * spectrum(d, 0.5))),
    "line": lambda n, d, rng: curve(rng.uniform(-1, 1, size=(n, 1)), d, 0.1, rng),
    "thick line": lambda n, d, rng: curve(rng.uniform(-1, 1, size=(n, 1)), d, 0.4, rng),
    "half circle": lambda n, d, rng: curve(circle(rng.uniform(0, np.pi, n)), d, 0.3, rng),
    "circle": lambda n, d, rng: curve(circle(rng.uniform(0, 2 * np.pi, n)), d, 0.3, rng),
    "winding curve": lambda n, d, rng: curve(winding(rng.uniform(0, 5, n)), d, 0.3, rng),
    "swiss roll": lambda n, d, rng: curve(swiss_roll(n, rng), d, 0.2, rng),
    "sheet": lambda n, d, rng: curve(sheet(n, rng), d, 0.3, rng),
}
SOMETHING: Mapping[str, Drawn] = {
    "2 clusters, 1.5": clusters(2, 1.5),
    "2 clusters, 2.5": clusters(2, 2.5),
    "2, one of a tenth, 2.5": clusters(2, 2.5, (0.9, 0.1)),
    "3 clusters, 1.5": clusters(3, 1.5),
    "3 clusters, 2.5": clusters(3, 2.5),
    "8 clusters, 1.5": clusters(8, 1.5),
    "8 clusters, 2.5": clusters(8, 2.5),
}


def shares(drawn: Drawn, n: int, n_sets: int) -> tuple[float, float, int]:
    """The share of sets in which clumps are claimed, that by p alone, and the number of sets."""
    found = [
        clumps_of(drawn(n, d, rng := np.random.default_rng([seed, n, d])), seed=int(rng.integers(1 << 30)))
        for d in DIMENSIONS
        for seed in range(n_sets)
    ]
    claimed = [one.p <= LEVEL and one.depth >= LEAST_DEPTH for one in found]
    return float(np.mean(claimed)), float(np.mean([one.p <= LEVEL for one in found])), len(found)


def pair(n_songs: int, n_dimensions: int, distance: float, rng: np.random.Generator) -> Points:
    """Two normal kinds of songs, `distance` standard deviations apart."""
    points = rng.normal(size=(n_songs, n_dimensions))
    points[n_songs // 2 :, 0] += distance
    return np.asarray(points)


def pairs() -> None:
    """Print in which share of pairs of normal kinds clumps are claimed, by their distance."""
    print(f"{'deviations apart':26}" + "".join(f"{distance:>6}" for distance in DISTANCES), flush=True)
    for n in (60, 200):
        for d in (2, 10, 50):
            found = [
                np.mean(
                    [
                        clumps_of(pair(n, d, distance, np.random.default_rng([seed, n, d, distance])), seed=seed).found
                        for seed in range(10)
                    ]
                )
                for distance in DISTANCES
            ]
            print(f"{f'{n} songs, {d} outputs':26}" + "".join(f"{share:>6.1f}" for share in found), flush=True)


def main(n_sets: int) -> None:
    """Print, of each kind and number of songs, in which share of sets clumps are claimed (by p alone)."""
    print(f"{'':26}" + "".join(f"{n:>13}" for n in SIZES), flush=True)
    for kinds in (NOTHING, SOMETHING):
        for name, drawn in kinds.items():
            cells = []
            for n in SIZES:
                share, by_p, _ = shares(drawn, n, n_sets if n < 1000 else max(1, n_sets // 4))
                cells.append(f"{share:>6.2f} ({by_p:.2f})")
            print(f"{name:26}" + "".join(f"{cell:>13}" for cell in cells), flush=True)


if __name__ == "__main__":
    with reporting(False):
        pairs() if sys.argv[1:] == ["pairs"] else main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
