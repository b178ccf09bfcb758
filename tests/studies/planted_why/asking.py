"""A song as it is asked about, and what is so: what the embedder answers to every combination, by brute force.

Of the windows of a song the ears hear every combination of the true sources, and every one of the stems that the
product has switched; what an embedder answers to it follows. Nothing here asks the product, but which stems it made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext import Audio, Stems
from audiolime_ext.audio.recording import Samples, level_db
from audiolime_ext.components.components import Components
from audiolime_ext.recommendation.why.heard import HeardSong
from audiolime_ext.recommendation.why.pipeline import why
from audiolime_ext.recommendation.why.result import Why
from factorizations.oracle import OracleFactorization
from tests.studies.planted.ear import Heard
from tests.studies.planted.judge import Splitting
from tests.studies.planted.songs import Song
from tests.studies.planted.study import TRUE_STEMS, separator
from tests.studies.planted.truth import Expected, all_combinations, expected, landing, matters
from tests.studies.planted_why.embedders import Hearing, Question, joined, scores_of

Array = NDArray[np.float64]

N_WINDOWS = 3
SAME = 1e-4  # float32


class Remembered:
    """A factorization that remembers what it has split: one song is asked about for many embedders."""

    def __init__(self, inner: Any) -> None:
        self._inner, self._known = inner, dict[Any, Stems]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def factorize(self, audio: Audio, *, start_s: float = 0.0, duration_s: float | None = None) -> Stems:
        """Stems of one excerpt."""
        asked = (audio.sha256, start_s, duration_s)
        if asked not in self._known:
            self._known[asked] = self._inner.factorize(audio, start_s=start_s, duration_s=duration_s)
        return self._known[asked]


@dataclass(frozen=True, eq=False)
class Query:
    """A song as it is asked about: some windows that follow each other, split by one factorization.

    Parameters
    ----------
    windows
        The song's excerpts.
    factorization
        Spec of what splits it, or "true stems".
    """

    windows: tuple[Song, ...]
    factorization: str
    hearing: Hearing = field(repr=False)
    _split: list[Split] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, song: Song, factorization: str, n_windows: int = 1) -> Query:
        """The song's own excerpt; of several windows, as many from its beginning."""
        windows = (song,) if n_windows == 1 else tuple(song.windows(n_windows))
        return cls(windows, factorization, Hearing.of(windows))

    @property
    def song(self) -> Song:
        """The song, by its first window."""
        return self.windows[0]

    @property
    def true(self) -> bool:
        """Whether its stems are the true sources."""
        return self.factorization == TRUE_STEMS

    @cached_property
    def oracle(self) -> OracleFactorization:
        """The true stems of these windows."""
        excerpts = np.concatenate([window.excerpts for window in self.windows], axis=-1)
        sources = zip(self.song.sources, excerpts, strict=True)
        return OracleFactorization({name: Audio(samples, self.song.sr, name) for name, samples in sources})

    @cached_property
    def recording(self) -> Audio:
        """The mixture."""
        return Audio(self.oracle.mixture.samples, self.song.sr, self.song.name)

    @cached_property
    def separator(self) -> Remembered:
        """What splits it."""
        return Remembered(self.oracle if self.factorization == TRUE_STEMS else separator(self.factorization))

    def why(self, question: Question, asked: str) -> Why:
        """Ask the product."""
        a, b = question.candidates
        given = {"A": (a, None), "A over B": (a, b), "B over A": (b, a)}[asked]
        options: dict[str, Any] = {"index": question.index, "model": question.model, "hubs": None, "cache": False}
        return why((self.recording, self.separator), *given, **options)

    @cached_property
    def of_sources(self) -> list[Heard]:
        """Every combination of the true sources as it is heard, for each window."""
        return [self._heard(window.excerpts) for window in self.windows]

    def _heard(self, parts: Samples, always: Samples | None = None) -> Heard:
        found = []
        for row in all_combinations(len(parts)).astype(np.float32):
            mix = np.einsum("s,sct->ct", row, parts) + (0 if always is None else always)
            found.append(self.hearing(np.broadcast_to(mix, (1, 2, mix.shape[-1]))))
        return joined(found)

    def split(self, found: Why) -> Split:
        """How the product has split it, the same for whatever is asked."""
        if not self._split:
            built = components_of(found.query)
            stems = [(one.recorded[: len(one.sources)], one.recorded[len(one.sources) :].sum(axis=0)) for one in built]
            heard = tuple(self._heard(*one) for one in stems)
            self._split.append(Split(self.windows, tuple(built), heard, self.true))
        return self._split[0]


@dataclass(frozen=True, eq=False)
class Split:
    """A song's windows in the stems that are switched.

    Parameters
    ----------
    windows, built
        Excerpts, and their components.
    heard
        Every combination of the components as it is heard, for each window.
    true
        Whether they are the true sources.
    """

    windows: tuple[Song, ...]
    built: tuple[Components, ...] = field(repr=False)
    heard: tuple[Heard, ...] = field(repr=False)
    true: bool
    _known: dict[Any, Splitting] = field(default_factory=dict, repr=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All that is switched."""
        return tuple(dict.fromkeys(name for one in self.built for name in one.sources))

    def own(self, place: int) -> NDArray[np.intp]:
        """For every combination of `names` that of a window's own; a stem that it lacks changes nothing."""
        own = self.built[place].sources
        inside = all_combinations(len(self.names))[:, [self.names.index(name) for name in own]]
        return np.asarray(inside @ (1 << np.arange(len(own))))

    def splitting(self, matter: str, *places: int) -> Splitting:
        """How some windows were split, and where what is listened to of each source has landed."""
        if (matter, places) not in self._known:
            self._known[matter, places] = self._splitting(matter, places)
        return self._known[matter, places]

    def _splitting(self, matter: str, places: Sequence[int]) -> Splitting:
        built = [self.built[i] for i in places]
        whole = np.concatenate([one.recorded.sum(axis=0) for one in built], axis=-1)
        levels = {name: level_db(_in_all(name, built), whole) for name in self.names}
        landed = [_landed(self.windows[i], self.built[i], matter) for i in places]
        stems = {stem for one in landed for shares in one.values() for stem in shares}
        means = {
            source: {stem: float(np.mean([one[source].get(stem, 0.0) for one in landed])) for stem in stems}
            for source in self.windows[0].sources
        }
        return Splitting(self.true, levels, means)


@dataclass(frozen=True, eq=False)
class Truth:
    """What the embedder answers, by brute force.

    Parameters
    ----------
    query, question, split
        What is asked about, and in which stems.
    """

    query: Query
    question: Question
    split: Split

    @cached_property
    def of_sources(self) -> list[Array]:
        """Answers to every combination of the true sources, for each window."""
        return [self.question.answer(heard) for heard in self.query.of_sources]

    @cached_property
    def of_parts(self) -> list[Array]:
        """Answers to every combination of all stems, for each window."""
        return [self.question.answer(heard)[self.split.own(i)] for i, heard in enumerate(self.split.heard)]

    @cached_property
    def whole(self) -> Array:
        """The song's vector."""
        return np.asarray(np.mean(self.of_sources, axis=0)[-1])

    def expected(self, asked: str) -> tuple[Expected, Expected]:
        """What may be said of the sources, and of the stems."""
        sources, parts = (np.mean(found, axis=0) for found in (self.of_sources, self.of_parts))
        return self._expected(self.query.song.sources, sources, asked), self._expected(self.split.names, parts, asked)

    def by_window(self, asked: str) -> list[tuple[Expected, Expected, Splitting]]:
        """The same for each window."""
        matter, found = self.question.planted.kind.matter, []
        for place, (sources, parts) in enumerate(zip(self.of_sources, self.of_parts, strict=True)):
            about = self._expected(self.query.song.sources, sources, asked)
            of_parts = self._expected(self.split.names, parts, asked)
            found.append((about, of_parts, self.split.splitting(matter, place)))
        return found

    def _expected(self, names: Sequence[str], found: Array, asked: str) -> Expected:
        values = scores_of(self.question, self.whole)(found, asked != "A")
        return expected(names, -values if asked == "B over A" else values, bounded=[False])[0]


def _in_all(name: str, built: Sequence[Components]) -> Any:
    samples = [one.recorded[one.sources.index(name)] if name in one.sources else 0 * one.recorded[0] for one in built]
    return np.concatenate(samples, axis=-1)


def _landed(window: Song, built: Components, matter: str) -> dict[str, dict[str, float]]:
    found = {}
    for source in window.sources:
        shares = landing(matters(window, source, matter), built.recorded, window.sr)
        found[source] = dict(zip(built.stems.names, shares.tolist(), strict=True))
    return found


def components_of(song: HeardSong) -> list[Components]:
    """The components of each window, as they were switched."""
    heard = song.asked
    assert heard is not None
    return [heard.asking.components(span) for span in heard.spans]
