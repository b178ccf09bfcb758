"""Do the intervals of flip rates hold, and those of differences to a placebo? Known worlds; run by hand, seeds fixed.

::

    python -m tests.studies.flip_rates rates --worlds 1000
    python -m tests.studies.flip_rates differences --worlds 1000

A world has a population of songs; an audit draws some of them as hosts and as many as donors. Sizes are the trials of a
host: ``even`` 5 each; ``mild`` 1 to 9; ``heavy`` log-normal, so that a few songs have most trials. Who flips:

- ``iid .05``, ``iid .6``, ``iid .9``: any trial, as often;
- ``5 % of songs``, ``20 % of songs``: all trials of these, and no other; ``5 % at half`` half of theirs;
- ``5 % of donors``, ``20 % of donors``: all that is given by these;
- ``crossed``: hosts and donors shift the log-odds, each by a deviation of 1.5.

Measured, 400 worlds a cell (standard errors up to .012)::

    songs                    6     10    20    50    100

    even   iid .05           .998  .988  .993  .983  .965
    even   iid .6            .995  .998  .980  .980  .955
    even   iid .9            .995  .998  .995  .980  .963
    even   5 % of songs      .998  1     .995  .995  .970
    even   5 % at half       .998  .995  .998  .995  .958
    even   20 % of songs     .998  .988  .980  .965  .965
    even   5 % of donors     .998  .995  .990  .995  .973
    even   20 % of donors    1     1     .973  .973  .968
    even   crossed           .978  .968  .963  .968  .950
    mild   iid .05           1     .995  .995  .988  .965
    mild   iid .6            1     1     .990  .975  .968
    mild   iid .9            1     .998  .995  .980  .968
    mild   5 % of songs      1     1     .998  .988  .975
    mild   5 % at half       .993  1     .990  .995  .970
    mild   20 % of songs     1     .995  .983  .980  .975
    mild   5 % of donors     1     1     .995  .993  .978
    mild   20 % of donors    1     .998  .978  .988  .965
    mild   crossed           .980  .975  .965  .978  .963
    heavy  iid .05           1     1     .995  .993  .978
    heavy  iid .6            1     1     .988  .978  .978
    heavy  iid .9            .998  .998  .988  .988  .985
    heavy  5 % of songs      1     .998  1     .993  .985
    heavy  5 % at half       1     .993  .993  .993  .993
    heavy  20 % of songs     1     .998  .980  .985  .978
    heavy  5 % of donors     1     .998  .998  .993  .988
    heavy  20 % of donors    1     .990  .985  .988  .965
    heavy  crossed           .993  .950  .955  .940  .948

Resampling alone (without the bound by the design, see `audiolime_ext.audit.verdict.rates`) misses above the upper end
where songs are uneven. Of 100 songs of the ``heavy`` design: 5 % of songs .923, 5 % at more than half (.6) .920, 20 %
of songs .927 (300 worlds); with the bound, but without the pair that is added to it, 5 % at half .920 (2000 worlds,
standard error .006). What the bound costs: intervals at .6 and .9 of 22 or 45 even songs get wider by 1 to 5 % (.220 to
.223, .143 to .149, .145 to .147, .091 to .095), those of ``crossed`` by less than 1 %, those of ``iid .05`` and 20
songs by 5 %.

Differences::

    songs                    6     10    20    50    100

    even   nothing, nothing  1     1     1     1     1
    even   all, nothing      1     1     1     1     1
    even   random, random    .993  .993  .990  .970  .965
    even   often, seldom     1     .988  .988  .978  .948
    even   both songs        1     1     .978  .978  .968
    even   crossed, songs    .985  .990  .975  .968  .958
    mild   nothing, nothing  1     1     1     1     1
    mild   all, nothing      1     1     1     1     1
    mild   random, random    .980  .995  .983  .983  .973
    mild   often, seldom     .988  .990  .988  .978  .965
    mild   both songs        1     .998  .985  .985  .948
    mild   crossed, songs    .983  .973  .978  .975  .963
    heavy  nothing, nothing  1     1     1     1     1
    heavy  all, nothing      1     1     1     1     1
    heavy  random, random    .990  .998  .990  .993  .960
    heavy  often, seldom     .998  .985  .983  .975  .983
    heavy  both songs        1     .988  .985  .980  .980
    heavy  crossed, songs    .990  .975  .978  .950  .960
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.verdict.differences import paired_difference
from audiolime_ext.audit.verdict.rates import Trials, flip_rate

N_BOOTSTRAP = 200
SONGS = (6, 10, 20, 50, 100)

Places = NDArray[np.int64]
Flips = NDArray[np.bool_]
World = Callable[[np.random.Generator, Places, Places], tuple[Flips, float]]


def sizes(design: str, rng: np.random.Generator, n: int) -> Places:
    """How many trials each of n hosts has."""
    if design == "even":
        return np.full(n, 5)
    if design == "mild":
        return np.asarray(rng.integers(1, 10, n))
    return np.ceil(rng.lognormal(0.8, 1.0, n)).astype(np.int64)


def alike(rate: float) -> World:
    """Any trial flips as often as any other."""
    return lambda rng, hosts, donors: (rng.random(len(hosts)) < rate, rate)


def carried(share: float, by: str, within: float = 1.0) -> World:
    """A share of songs carries all flips; `within` such a song so many trials flip."""

    def world(rng: np.random.Generator, hosts: Places, donors: Places) -> tuple[Flips, float]:
        songs = hosts if by == "hosts" else donors
        carrying = rng.random(int(songs.max()) + 1) < share
        return carrying[songs] & (rng.random(len(songs)) < within), share * within

    return world


def crossed(rng: np.random.Generator, hosts: Places, donors: Places) -> tuple[Flips, float]:
    """Hosts and donors shift the log-odds of −1."""
    shift = rng.normal(-1.0, 0.0, len(hosts))
    for songs in (hosts, donors):
        shift += rng.normal(0, 1.5, int(songs.max()) + 1)[songs]
    return rng.random(len(hosts)) < 1 / (1 + np.exp(-shift)), CROSSED


CROSSED = float((1 / (1 + np.exp(-np.random.default_rng(99).normal(-1.0, np.hypot(1.5, 1.5), 1_000_000)))).mean())
WORLDS: dict[str, World] = {
    "iid .05": alike(0.05),
    "iid .6": alike(0.6),
    "iid .9": alike(0.9),
    "5 % of songs": carried(0.05, "hosts"),
    "5 % at half": carried(0.05, "hosts", 0.5),
    "20 % of songs": carried(0.2, "hosts"),
    "5 % of donors": carried(0.05, "donors"),
    "20 % of donors": carried(0.2, "donors"),
    "crossed": crossed,
}
PAIRED: dict[str, tuple[World, World]] = {  # what flips at the trials, and at the placebos
    "nothing, nothing": (alike(0.0), alike(0.0)),
    "all, nothing": (alike(1.0), alike(0.0)),
    "random, random": (alike(0.5), alike(0.5)),
    "often, seldom": (alike(0.6), alike(0.05)),
    "both songs": (carried(0.6, "hosts"), carried(0.2, "hosts")),
    "crossed, songs": (crossed, carried(0.05, "hosts")),
}


def drawn(n: int, design: str, rng: np.random.Generator) -> tuple[Places, Places]:
    """The host and the donor of each trial."""
    hosts = np.repeat(np.arange(n), sizes(design, rng, n))
    return hosts, np.asarray(rng.integers(0, n, len(hosts)))


def as_trials(flips: Flips, hosts: Places, donors: Places) -> Trials:
    """Trials of these songs."""
    return Trials("class", "component", flips, hosts.astype(str).tolist(), donors.astype(str).tolist())


def interval(kind: str, n: int, design: str, seed: int) -> tuple[float, float, float]:
    """The ends of one world's interval, and the truth."""
    rng = np.random.default_rng([seed, n, list(WORLDS).index(kind), len(design)])
    hosts, donors = drawn(n, design, rng)
    flips, truth = WORLDS[kind](rng, hosts, donors)
    found = flip_rate(as_trials(flips, hosts, donors), n_bootstrap=N_BOOTSTRAP)
    return found.low, found.high, truth


def held(kind: str, n: int, design: str, seed: int) -> bool:
    """Whether the interval of one world holds the truth."""
    low, high, truth = interval(kind, n, design, seed)
    return low <= truth <= high


def held_difference(worlds: tuple[World, World], n: int, design: str, seed: int) -> bool:
    """Whether the interval of a difference holds the truth; one placebo for each host."""
    rng = np.random.default_rng([seed, n, len(design)])
    hosts, donors = drawn(n, design, rng)
    flips, truth = worlds[0](rng, hosts, donors)
    each = np.arange(n)
    controls, truth_of_placebo = worlds[1](rng, each, each)
    found = paired_difference(as_trials(flips, hosts, donors), controls[hosts].astype(float), n_bootstrap=N_BOOTSTRAP)
    return found is not None and found.low <= truth - truth_of_placebo <= found.high


def main() -> None:
    """Print a line for each kind, a cell for each number of songs, and the mean width for rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rates", "differences"])
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--songs", type=int, nargs="+", default=SONGS)
    chosen = parser.parse_args()
    seeds = range(chosen.worlds)
    print(f"{'':24s}" + "".join(f"{n:>14d}" for n in chosen.songs))
    for design in ("even", "mild", "heavy"):
        for kind in WORLDS if chosen.what == "rates" else PAIRED:
            cells = []
            for n in chosen.songs:
                if chosen.what == "differences":
                    hits = [held_difference(PAIRED[kind], n, design, seed) for seed in seeds]
                    cells.append(f"{np.mean(hits):14.3f}")
                    continue
                found = np.array([interval(kind, n, design, seed) for seed in seeds])
                hit = (found[:, 0] <= found[:, 2]) & (found[:, 2] <= found[:, 1])
                cells.append(f"{hit.mean():8.3f} {np.mean(found[:, 1] - found[:, 0]):5.3f}")
            print(f"{design:6s} {kind:17s}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
