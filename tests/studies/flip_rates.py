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

TABLE
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audit.differences import paired_difference
from audiolime_ext.audit.rates import Trials, flip_rate

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
