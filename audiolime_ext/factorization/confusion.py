"""How much of a true source lands in each stem of a separator: what a stem called "piano" may hold besides a piano.

A separator names its stems after sources. That is a promise, and here it is measured, by `lands_in` of
`audiolime_ext.factorization.landing`: the shares of a true source that land in each stem.

What follows from it:

- A stem *may hold* a source that is not its own where .1 of that source's energy or more lands in it, in the mean over
  the songs of any kind of material: at −10 dB a source is still heard beside another. The same goes where .25 or more
  lands in it in 5 % of the source's excerpts: a mean hides the few songs in which nearly all of it does, such as a low
  piano in Cerberus' `bass`. (This rule was chosen on the rendered splits human and mma, each of their songs judged by
  all others. Without the rule, a stem got most of a source that it was not said to hold in 9 excerpts, with it in none,
  with half in place of .25 in 9 again. The other songs alone say the same of that stem by .25, but not by half.)
- Two stems are *not told apart* where in 10 % of a source's excerpts or more, less than half of it is in its own stem
  and most of the rest in the other. A separator merges those of its own stems by default. What is then left is measured
  again: a source that often lands in a merged stem is reported, but not merged further, or one stem would be left.

A stem's own sources are those in its name (``piano``, ``piano+guitar``), and those that its separator declares for it
(``accompaniment``). A stem named after no source (``harmonic``, ``0–621 Hz``) has none: it may hold whatever is in it,
and cannot be taken for another.

There were no recordings of voices apart from their songs. So for ``vocals`` it was measured where Spleeter's estimates
of some voices land (material ``voice by Spleeter``). That is a proxy, but not for Spleeter itself. What was not
measured at all may land anywhere, and notes say so.

The measurements are data of the separators: a plug-in's module may hold a function ``confusion(argument)`` (see
`audiolime_ext.registry`), a factorization an attribute ``confusion``. The recipe is ``python -m examples.confusion``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import CorruptError
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, held, require
from audiolime_ext.files.reading import text_of
from audiolime_ext.text import text_table

NOTICEABLE = 0.1  # of a source's energy
LARGE, NOW_AND_THEN = 0.25, 0.05  # of a source's energy, and of its excerpts
OWN = 0.5  # of a source's energy, in its own stem
OFTEN = 0.1  # of a source's excerpts
REST = "rest"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """A mean over songs, of the excerpts' means, with its 95 % interval (Student's t; None for a single song)."""

    mean: float
    interval: tuple[float, float] | None
    n_songs: int
    n_excerpts: int

    def __str__(self) -> str:
        """``.37 (.31–.43)``."""
        if self.interval is None:
            return f"{self.mean:.2f}"
        low, high = (abs(value) if abs(value) < 0.005 else value for value in self.interval)
        return f"{abs(self.mean) if abs(self.mean) < 0.005 else self.mean:.2f} ({low:.2f}–{high:.2f})"


@dataclass(frozen=True)
class Observation:
    """Where one source of one excerpt landed: its share in each stem, and its level relative to the mixture in dB."""

    material: str
    song: str
    source: str
    level_db: float
    shares: tuple[float, ...] = field(repr=False)


@dataclass(frozen=True)
class Confusion:
    """How much of a true source lands in each stem.

    Parameters
    ----------
    separator : str
        Spec of the separator that was measured.
    stems : tuple of str
        Names of its stems, the residual included.
    observations : tuple of Observation
        Measurements: one for each excerpt and each source that sounds in it.
    meant : mapping of str to tuple of str
        Stem → the sources that it is meant to hold and that are not in its name.
    apart : Confusion or None
        Confusion of the separator's own stems, where `stems` are made of them; None: these are its own.

    Examples
    --------
    >>> seen = [Observation("real", f"song {i}", "guitar", 0.0, (lost, 1 - lost)) for i, lost in enumerate((0.7, 0.2))]
    >>> found = Confusion("some", ("piano", "guitar"), tuple(seen))
    >>> round(found.share("guitar", "piano").mean, 2), found.may_hold("piano"), found.not_told_apart
    (0.45, ('guitar',), (('piano', 'guitar'),))
    >>> found.split_as(["piano+guitar"]).share("guitar", "piano+guitar").mean
    1.0
    """

    separator: str
    stems: tuple[str, ...]
    observations: tuple[Observation, ...] = field(repr=False)
    meant: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    apart: Confusion | None = field(default=None, repr=False)

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that were measured."""
        return tuple(dict.fromkeys(seen.source for seen in self.observations))

    @property
    def materials(self) -> tuple[str, ...]:
        """The kinds of material that were measured."""
        return tuple(dict.fromkeys(seen.material for seen in self.observations))

    def own(self, source: str) -> str | None:
        """The stem that is meant to hold a source; None where no stem is."""
        return next((stem for stem in self.stems if source in self.held(stem)), None)

    def held(self, stem: str) -> tuple[str, ...]:
        """The sources that a stem is meant to hold; for the stem ``rest``, all that have no other stem."""
        if stem == REST:
            return tuple(s for s in self.sources if not any(s in self.held(e) for e in self.stems if e != stem))
        return (*stem.split("+"), *self.meant.get(stem, ()))

    def share(self, source: str, stem: str, *, material: str | None = None) -> Share | None:
        """How much of a source lands in a stem, in one kind of material or all; None: not measured."""
        values = self._values(source, stem, material)
        return _share(values) if values else None

    def below_half(self, source: str, *, material: str | None = None) -> float | None:
        """The share of a source's excerpts in which less than half of it is in its own stem; None: not measured."""
        stem = self.own(source)
        values = [] if stem is None else [value for _, value in self._values(source, stem, material)]
        return float(np.mean(np.array(values) < OWN)) if values else None

    def may_hold(self, stem: str) -> tuple[str, ...]:
        """Sources that are not a stem's own and of which enough lands in it, the largest first (see the module)."""
        found = {source: self._most(source, stem) for source in self.sources if source not in self.held(stem)}
        order = sorted(found, key=lambda source: -found[source])
        return tuple(s for s in order if found[s] >= NOTICEABLE or self._often_large(s, stem))

    def _often_large(self, source: str, stem: str) -> bool:
        shares = np.array([value for _, value in self._values(source, stem, None)])
        return bool(shares.size) and float(np.mean(shares >= LARGE)) >= NOW_AND_THEN

    @property
    def not_told_apart(self) -> tuple[tuple[str, str], ...]:
        """Pairs of stems, in the order of the stems, that cannot be told apart (see the module)."""
        pairs = [pair for source in self.sources for pair in self._taken_for(source)]
        return tuple(pair for pair in combinations(self.stems, 2) if pair in pairs or pair[::-1] in pairs)

    def _taken_for(self, source: str) -> Iterator[tuple[str, str]]:
        if (own := self.own(source)) is None:
            return
        at, rows = self.stems.index(own), [seen.shares for seen in self.observations if seen.source == source]
        others = [_largest(row, but=at) for row in rows if row[at] < OWN]
        yield from ((own, self.stems[i]) for i in set(others) if others.count(i) >= OFTEN * len(rows))

    def split_as(self, names: Sequence[str]) -> Confusion:
        """The same for stems of these names: merged ones (``piano+guitar``), ``rest``, wider bands.

        Stems that were not measured (a band above 8 kHz) are left out.
        """
        whole = self.apart or self
        columns = {name: weights for name in names if (weights := whole._weights(name, names)) is not None}
        found = np.array(list(columns.values())).reshape(len(columns), len(whole.stems))
        seen = [replace(o, shares=tuple((found @ np.array(o.shares)).tolist())) for o in whole.observations]
        meant = {name: tuple(s for stem in sources_named(name) for s in whole.meant.get(stem, ())) for name in columns}
        return Confusion(self.separator, tuple(columns), tuple(seen) if columns else (), meant, whole)

    def _weights(self, name: str, names: Sequence[str]) -> Array | None:
        """How much of each measured stem is in one called `name`, shape (n_stems,); None: unknown."""
        if name == REST and name not in self.stems:
            known = [w for other in names if other != name and (w := self._weights(other, names)) is not None]
            return 1.0 - np.sum(known, axis=0) if known else None
        if (band := _band(name)) and any(map(_band, self.stems)):
            return _overlap(band, [_band(stem) for stem in self.stems])
        if not all(part in self.stems for part in sources_named(name)):
            return None
        return np.array([float(stem in sources_named(name)) for stem in self.stems])

    def _values(self, source: str, stem: str, material: str | None) -> list[tuple[str, float]]:
        if stem not in self.stems:
            return []
        at = self.stems.index(stem)
        seen = (o for o in self.observations if o.source == source and material in (None, o.material))
        return [(f"{o.material} {o.song}", o.shares[at]) for o in seen]

    def _most(self, source: str, stem: str) -> float:
        """The mean share over the songs of the material in which it is largest; 0 where it was not measured."""
        measured = (self._values(source, stem, material) for material in self.materials)
        return max((float(_of_songs(values).mean()) for values in measured if values), default=0.0)

    @property
    def note(self) -> str:
        """What the stems may hold, by which rule, and what was not measured, in one sentence; empty without stems.

        Examples
        --------
        >>> from audiolime_ext.factorization.holding import confusion_of
        >>> print(confusion_of("spleeter:2stems").note)
        how well voices are found was not measured, nor where other sounds (strings, winds …) land
        """
        often = f"{100 * LARGE:.0f} % or more in 1 excerpt of {1 / NOW_AND_THEN:.0f}"
        rule = f"measured: {100 * NOTICEABLE:.0f} % or more of such a sound landed there on average, or {often}"
        return self.told(f" ({rule})")

    def told(self, rule: str = "") -> str:
        """`note` with another `rule`, or with none."""
        told = [f"{stem} may hold {every(held)}" for stem in self.stems if (held := self.may_hold(stem))]
        unknown = "strings, winds …" if "vocals" in (*self.sources, *self.stems) else "voices, strings …"
        others = f"where other sounds ({unknown}) land"
        found = "vocals" in self.sources or "vocals" not in self.stems
        others = f"{others} was not measured" if found else f"how well voices are found was not measured, nor {others}"
        if not told:
            return others if self.stems else ""
        return f"{'; '.join(told)}{rule}; {others}"

    def why(self, pair: tuple[str, str]) -> str:
        """Why two stems are not told apart, in words; empty where they are."""
        if pair not in self.not_told_apart and pair[::-1] not in self.not_told_apart:
            return ""
        lost = {s: self.below_half(s) or 0.0 for s in self.sources if {self.own(s)} | set(pair) == set(pair)}
        worst = max(lost, key=lambda source: lost[source])
        return (
            f"{pair[0]} and {pair[1]} are not told apart: in {100 * lost[worst]:.0f} % of the excerpts that were "
            f"measured, most of a true {worst} was not in {self.own(worst)}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The matrix as plain values: source → stem → mean share; what each stem may hold; what is not told apart."""
        cells = {s: {stem: self.share(s, stem) for stem in self.stems} for s in self.sources}
        return {
            "separator": self.separator,
            "shares": {s: {k: round(v.mean, 4) for k, v in row.items() if v} for s, row in cells.items()},
            "may_hold": {stem: list(self.may_hold(stem)) for stem in self.stems},
            "not_told_apart": [list(pair) for pair in self.not_told_apart],
        }

    def __str__(self) -> str:
        rows = []
        for source in self.sources:
            shares = [self.share(source, stem) for stem in self.stems]
            n = next((share for share in shares if share), None)
            below = self.below_half(source)
            cells = [str(share) if share else "not measured" for share in shares]
            lost = "" if below is None else f"{100 * below:.0f} %"
            rows.append([source, *cells, lost, f"{n.n_songs} / {n.n_excerpts}" if n else ""])
        header = [f"true source → stem of {self.separator}", *self.stems, "mostly elsewhere", "songs / excerpts"]
        return text_table(header, rows)


def _largest(row: Sequence[float], *, but: int) -> int:
    return max((i for i in range(len(row)) if i != but), key=lambda i: row[i])


def _of_songs(values: Sequence[tuple[str, float]]) -> Array:
    """The mean share of each song, shape (n_songs,)."""
    songs: dict[str, list[float]] = {}
    for song, value in values:
        songs.setdefault(song, []).append(value)
    return np.array([np.mean(found) for found in songs.values()])


def _share(values: Sequence[tuple[str, float]]) -> Share:
    from scipy.special import stdtrit

    means = _of_songs(values)
    mean, n = float(means.mean()), len(means)
    if n < 2:
        return Share(mean, None, n, len(values))
    half = float(stdtrit(n - 1, 0.975) * means.std(ddof=1) / np.sqrt(n))
    return Share(mean, (max(mean - half, min(mean, 0.0)), min(mean + half, max(mean, 1.0))), n, len(values))


def sources_named(name: str) -> list[str]:
    """The sources in a stem's name, such as ``piano+guitar``."""
    return name.split("+")


def _band(name: str) -> tuple[float, float] | None:
    """Edges in Hz of a stem called ``0–621 Hz``; None of any other."""
    found = re.fullmatch(r"(\d+)–(\d+) Hz", name)
    return found and (float(found[1]), float(found[2]))


def _overlap(band: tuple[float, float], bands: Sequence[tuple[float, float] | None]) -> Array | None:
    """The share of each of `bands` that lies within `band`; None where it reaches beyond them all."""
    edges = np.array([pair or (0.0, 0.0) for pair in bands])
    if band[1] > edges.max():
        return None
    inside = np.minimum(edges[:, 1], band[1]) - np.maximum(edges[:, 0], band[0])
    return np.asarray(np.maximum(inside, 0.0) / np.maximum(edges[:, 1] - edges[:, 0], 1e-9))


class _Written(TypedDict):
    """What ``python -m examples.confusion`` writes."""

    separator: str
    stems: list[str]
    meant: dict[str, list[str]]
    observations: list[tuple[str, str, str, float, list[float]]]


@lru_cache(maxsize=8)
def read_confusion(path: Path) -> Confusion:
    """Read what ``python -m examples.confusion`` wrote.

    Raises
    ------
    CorruptError
        If the file is something else, or incomplete.
    """
    try:
        content = held(from_json(text_of(path)), _Written)
        stems, rows = tuple(content["stems"]), content["observations"]
        require("`stems` must name each once, and at least one", stems and len(set(stems)) == len(stems))
        require("`meant` must name stems", set(content["meant"]) <= set(stems))
        require("`observations` must have a share for each stem", all(len(row[-1]) == len(stems) for row in rows))
        seen = tuple(Observation(*row[:-1], tuple(row[-1])) for row in rows)
        meant = {stem: tuple(sources) for stem, sources in content["meant"].items()}
        return Confusion(content["separator"], stems, seen, meant)
    except (OSError, ValueError) as error:
        raise CorruptError(
            f"{legible(path)} holds no measured confusion ({error}); install the package again"
        ) from error


def every(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
