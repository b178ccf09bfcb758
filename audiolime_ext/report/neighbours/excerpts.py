"""The seconds of each song that are on the page, as players whose stems are switched together.

Of the query it is the window in which the stem that leads adds most (`Why.best_window`), of another song the one in
which the stem that is most like it adds most; where none leads, the windows that are most like the whole other song.
Up to `EXCERPT_S` seconds around it are on the page, so that it can be heard in its surroundings. Parts of a window that
was split by itself are parts of nothing else: then the window alone is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from markupsafe import Markup

from audiolime_ext.collection.song_parts import Vectors
from audiolime_ext.factorization.stems import Stems
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.why.heard import HeardSong
from audiolime_ext.recommendation.why.matrix import StemMatrix, directed
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.neighbours.loudness import equal_gains_db, gain_in_words
from audiolime_ext.report.neighbours.moments import Moment, around, moments, most, within
from audiolime_ext.report.neighbours.shares import NEUTRAL
from audiolime_ext.report.player.media import Codec, encode_media
from audiolime_ext.report.player.player import player_html
from audiolime_ext.report.templating import clock

EXCERPT_S = 15.0
LEAST = 0.01  # of a matrix's largest cell: less is no likeness
ROLES = ("query", "a", "b")


@dataclass(frozen=True, eq=False)
class Excerpt:
    """Some seconds of a song.

    Parameters
    ----------
    role : {"query", "a", "b"}
        Part that the song plays.
    song : HeardSong
        The song.
    start_s, end_s : float
        Start and end in seconds of the recording.
    moment : Moment
        The window that it is around.
    stem : str or None
        Stem that adds most there; None: none leads.
    stems : Stems
        Its sound, with the gain.
    gain_db : float
        Gain in dB that makes the songs equally loud.
    near : tuple of Moment
        Windows that lie within it.
    """

    role: str
    song: HeardSong = field(repr=False)
    start_s: float
    end_s: float
    moment: Moment = field(repr=False)
    stem: str | None
    stems: Stems = field(repr=False)
    gain_db: float = 0.0
    near: tuple[Moment, ...] = field(default=(), repr=False)

    @property
    def span(self) -> tuple[float, float]:
        """The window in seconds of the excerpt."""
        return self.of(self.moment)

    def of(self, moment: Moment) -> tuple[float, float]:
        """A window in seconds of the excerpt, which may hold only its middle."""
        length_s = self.end_s - self.start_s
        begin, end = moment.start_s - self.start_s, moment.end_s - self.start_s
        return round(max(0.0, begin), 3), round(min(length_s, end), 3)

    @property
    def marked(self) -> tuple[float, float]:
        """The window in seconds of the recording."""
        return self.start_s + self.span[0], self.start_s + self.span[1]

    def written(self, span: tuple[float, float]) -> str:
        """Seconds of the excerpt as those of the recording: ``0:14.2–0:17.2``."""
        return f"{clock(self.start_s + span[0])}–{clock(self.start_s + span[1])}"

    @property
    def told(self) -> str:
        """What is played, in words."""
        name = legible(self.song.name)
        highest = "where the score is highest" if self.role == "query" else "where it is most like the query"
        reason = f"where the stem {self.stem} adds most" if self.stem else highest
        held = f"the player holds {clock(self.start_s)}–{clock(self.end_s)}"
        return f"{name}: {self.written(self.span)}, {reason}; {held}; {gain_in_words(self.gain_db)}"


def excerpts(why: Why) -> tuple[Excerpt, ...]:
    """The excerpts of the query and of every candidate of which there is sound, equally loud."""
    assert why.query.asked is not None
    leader = why.leading.sources[why.leading.first[0]] if why.leading.state == "leads" else None
    window = why.track.windows[why.best_window]
    every = moments(why.query.asked)
    moment = min(every, key=lambda one: abs(one.start_s - window.start_s))
    found = [_cut("query", why.query, moment, leader, every)]
    for role, song, matrix in zip(ROLES[1:], why.candidates, why.matrices, strict=False):
        if song.asked is None or matrix is None:
            continue
        like = None if leader is None else most_like(matrix, leader)
        theirs, towards = moments(song.asked), _towards(why, why.query, leader if like else None)
        found.append(_cut(role, song, most(theirs, like, towards), like, theirs))
    return _equally_loud(found)


def most_like(matrix: StemMatrix, stem: str) -> str | None:
    """The other song's stem that adds most to the nearness together with a stem of the query; None where none does.

    Examples
    --------
    >>> cells = np.array([[0.2, 0.0, 0.0], [0.0, 0.0, 0.3], [0.0, 0.0, -0.1]])
    >>> matrix = StemMatrix(("silence", "drums", "bass"), ("silence", "flute", "drums"), cells)
    >>> most_like(matrix, "drums"), most_like(matrix, "bass")
    ('drums', None)
    """
    row = matrix.cells[matrix.rows.index(stem), 1:]
    return matrix.columns[1 + int(np.argmax(row))] if row.max() > LEAST * np.abs(matrix.cells).max() else None


def pair_spans(why: Why, query: Excerpt, other: Excerpt, pair: tuple[str, str], sign: int) -> tuple[Any, Any]:
    """Where the two stems of a cell are heard best: seconds of both excerpts, of the windows that lie within them.

    Parameters
    ----------
    why : Why
        The result.
    query, other : Excerpt
        Excerpts of the two songs.
    pair : tuple of (str, str)
        Stem of the query, and stem of the other song.
    sign : int
        Number 1 where the cell adds to the nearness, −1 where it takes away.
    """
    towards = (_towards(why, other.song, pair[1]), _towards(why, query.song, pair[0]))
    found = [
        excerpt.of(most(excerpt.near or (excerpt.moment,), stem, along, sign=sign))
        for excerpt, stem, along in zip((query, other), pair, towards, strict=True)
    ]
    return found[0], found[1]


def players(found: Sequence[Excerpt], colors: Mapping[str, str], codec: Codec = "mp3") -> dict[str, Markup]:
    """Role → the player of the song, as an HTML fragment; stems have the same colour in all songs."""
    made = {}
    for excerpt in found:
        asked = excerpt.song.asked
        assert asked is not None
        media = encode_media([replace(excerpt.stems, notes=())], codec=codec)
        background = [name for name in media.names if name not in asked.whole.names]
        shades = {**dict.fromkeys(media.names, NEUTRAL), **colors}
        options: dict[str, Any] = {"background": background, "player_id": f"player-{excerpt.role}", "colors": shades}
        options["start_s"] = excerpt.start_s
        name = legible(excerpt.song.name)
        made[excerpt.role] = Markup(player_html(media, name=name, model_sr=asked.asking.grid.sr, **options))
    return made


def _towards(why: Why, song: HeardSong, stem: str | None) -> Vectors:
    """A vector whose product with the answer of another song's window is the nearness to a song, or to one stem."""
    assert song.parts is not None
    parts = directed(why.space, song.parts)
    along = parts.sum(axis=0) if stem is None else parts[1 + song.parts.names.index(stem)]
    return np.asarray(along * why.space.scale)


def _cut(role: str, song: HeardSong, moment: Moment, stem: str | None, every: Sequence[Moment]) -> Excerpt:
    assert song.asked is not None
    by_itself = song.asked.separator.scope == "window"
    length_s = moment.end_s - moment.start_s if by_itself else EXCERPT_S
    start_s, end_s = around(moment, length_s, song.asked.recording.duration_s)
    stems = song.asked.asking.components((start_s, end_s - start_s)).excerpt
    return Excerpt(role, song, start_s, end_s, moment, stem, stems, near=within(every, start_s, end_s))


def _equally_loud(found: Sequence[Excerpt]) -> tuple[Excerpt, ...]:
    mixtures = [excerpt.stems.mixture for excerpt in found]
    peaks = [
        max(float(np.abs(mixture).max()), float(np.abs(excerpt.stems.samples).max()))
        for mixture, excerpt in zip(mixtures, found, strict=True)
    ]
    gains = equal_gains_db(mixtures, peaks)
    return tuple(
        replace(excerpt, gain_db=gain, stems=_scaled(excerpt.stems, gain))
        for excerpt, gain in zip(found, gains, strict=True)
    )


def _scaled(stems: Stems, gain_db: float) -> Stems:
    return Stems(stems.names, stems.samples * np.float32(10 ** (gain_db / 20)), stems.sr, stems.notes)
