"""What `why` found: which stems make two songs alike, or one of them nearer than the other, with what to know of it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from audiolime_ext.audio.recording import Audio
from audiolime_ext.collection.song_parts import SILENCE
from audiolime_ext.display import Plotted
from audiolime_ext.errors import NothingArgues
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.explanation.leading import Leading
from audiolime_ext.explanation.words import Voice
from audiolime_ext.recommendation.space import Space
from audiolime_ext.recommendation.why import words
from audiolime_ext.recommendation.why.aims import Aim
from audiolime_ext.recommendation.why.flipped import Flip
from audiolime_ext.recommendation.why.heard import HeardSong, StemSong
from audiolime_ext.recommendation.why.likeness import Alike
from audiolime_ext.recommendation.why.matrix import StemMatrix
from audiolime_ext.recommendation.why.standing import Standing
from audiolime_ext.text import html_table
from audiolime_ext.track.explanation import TrackExplanation

SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class Removal:
    """What would be so without a stem of the query, by ranking all songs anew.

    Parameters
    ----------
    stem : str
        Stem that is left out.
    similarities : tuple of float
        Similarity of each candidate to what is left.
    standing : Standing or None
        Places of the candidates then; None: there is no index.
    """

    stem: str
    similarities: tuple[float, ...]
    standing: Standing | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {"stem": self.stem, "similarities": list(self.similarities)} | words.standing_dict(self.standing)


@dataclass(frozen=True, eq=False)
class Why(Plotted):
    """Why a song is near to another one, or nearer to one than to a second, by the stems of it.

    Parameters
    ----------
    query : StemSong
        Song whose stems are switched.
    candidates : tuple of HeardSong
        Songs that it is compared with: one, or two; none where a taste ranks.
    space : Space
        Space in which vectors are compared.
    track : TrackExplanation
        The score explained in every window of the query.
    leading, voice : Leading, Voice
        Knowledge of the stems of the whole song, and the way in which it is written.
    matrices : tuple of StemMatrix or None
        Matrix of the query with each candidate; None where that has no stems.
    by_output : mapping of str to (mapping of str to float)
        Output → what silence and each stem add by it; empty where outputs have no names.
    standing : Standing or None
        Places of the candidates in the index; None: there is no index, or a taste ranks.
    ranked_by : str
        Number that ranks: "similarity", "mutual proximity", "local scaling" or "relevance".
    model : str
        Spec of the model.
    aim : Aim
        The score as a function of the model's answers, such as `audiolime_ext.gradients.parts.nearness` follows.
    removals : tuple of Removal
        Places and similarities without each stem.
    notes : tuple of str
        Sentences on what else to know.
    alike : Alike or None
        Windows of the query that are like windows of the first candidate; None: that was not heard.
    flip : Flip or None
        Smallest change by which the second candidate comes first; None: it was not looked for.
    """

    query: StemSong
    candidates: tuple[HeardSong, ...]
    space: Space = field(repr=False)
    track: TrackExplanation = field(repr=False)
    leading: Leading = field(repr=False)
    voice: Voice = field(repr=False)
    matrices: tuple[StemMatrix | None, ...] = field(repr=False)
    by_output: Mapping[str, Mapping[str, float]] = field(repr=False)
    standing: Standing | None
    ranked_by: str
    model: str
    aim: Aim = field(repr=False)
    removals: tuple[Removal, ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()
    alike: Alike | None = field(default=None, repr=False)
    flip: Flip | None = field(default=None, repr=False)

    @property
    def score(self) -> float:
        """What is explained: the similarity, the difference of two, or the log-odds of a relevance."""
        return self.leading.full

    @property
    def silence(self) -> float:
        """What of the score silence alone has."""
        return self.leading.empty

    @cached_property
    def weights(self) -> dict[str, float]:
        """Stem → what it adds to the score; with `silence` they add up to it."""
        return dict(zip(self.leading.sources, self.leading.weights, strict=True))

    @property
    def similarities(self) -> tuple[float, ...]:
        """Similarity of each candidate to the query."""
        return tuple(
            float(self.space.direction(self.query.vector) @ self.space.direction(song.vector))
            for song in self.candidates
        )

    @property
    def sentence(self) -> str:
        """The answer in a sentence: which stem the score comes most from, or that it is not known."""
        return words.answer(self)

    @property
    def best_window(self) -> int:
        """Number of the window in which the stem that leads adds most (of the highest score, where none leads)."""
        if not self.leading.first:
            return self.track.highest()
        name = self.leading.sources[self.leading.first[0]]
        return int(self.track.all_weights[:, 0, self.track.names.index(name)].argmax())

    def window(self) -> Explanation:
        """The explanation of the window in which the stem that leads adds most, with its sound."""
        return self.track.open_window(self.best_window)

    def listen(self) -> Audio:
        """The stem that leads, or those that are not told apart, where they add most.

        Raises
        ------
        NothingArgues
            If no stem is known to argue for the score.
        """
        if not self.leading.first or self.leading.state == "whole":
            raise NothingArgues(self.sentence)
        return self.window().audio([self.leading.sources[i] for i in self.leading.first])

    def __str__(self) -> str:
        return words.as_text(self)

    def _repr_html_(self) -> str:
        told = [self.sentence, *words.places(self), *words.agreement(self), *words.by_outputs(self)]
        shown = [f"<p>{html.escape(line)}</p>" for line in told]
        shown += [html_table(*matrix.table()) for matrix in self.matrices if matrix is not None]
        return "".join([*shown, *(f"<p>{html.escape(line)}</p>" for line in words.remarks(self))])

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        parts = {SILENCE: self.silence, **self.weights}
        return {
            "schema_version": SCHEMA_VERSION,
            "query": self.query.name,
            "candidates": [song.name for song in self.candidates],
            "model": self.model,
            "factorization": self.query.separator,
            "space": self.space.kind,
            "ranked_by": self.ranked_by,
            "score": self.score,
            "shares": parts,
            "state": self.leading.state,
            "first": [self.leading.sources[i] for i in self.leading.first],
            "sentence": self.sentence,
            "similarities": list(self.similarities),
            **words.standing_dict(self.standing),
            "matrices": [None if matrix is None else matrix.to_dict() for matrix in self.matrices],
            "by_output": {name: dict(parts) for name, parts in self.by_output.items()},
            "removals": [removal.to_dict() for removal in self.removals],
            "alike": None if self.alike is None else self.alike.to_dict(),
            "flip": None if self.flip is None else self.flip.to_dict(),
            "track": self.track.to_dict(),
            "notes": list(self.notes),
        }
