"""One self-contained HTML file of a playlist: the songs in order, each transition with number, reason and sound.

The sound of a transition is the end of a song, eight seconds at most, cross-faded into the beginning of the next. A
page holds that of a hundred transitions at most: of a longer list, of the first ones, which is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version

from markupsafe import Markup

from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.playlists.result import WEAK, Playlist, Transition, minutes
from audiolime_ext.recommendation.space import AVERAGE, meaning
from audiolime_ext.recommendation.telling import PAIRS
from audiolime_ext.report.neighbours.nearest import RANKED_IS
from audiolime_ext.report.neighbours.shares import SILENCE_IS, STEM_IS, Bar, bars
from audiolime_ext.report.playlists.crossfades import Crossfade, crossfades, lengths_in_words
from audiolime_ext.report.playlists.drawings import line_of, steps_of
from audiolime_ext.report.song.facts import listener
from audiolime_ext.report.templating import policy, render, static
from audiolime_ext.text import counted, minus

MOST_SOUNDS = 100
MOST_BARS = 6


@dataclass(frozen=True, eq=False)
class Into:
    """A transition as it is listed: its numbers, its reason, what adds to it, and its sound."""

    name: str
    similarity: str
    nearness: str
    weak: bool
    reason: str
    bars: tuple[Bar, ...]
    sound: Crossfade


@dataclass(frozen=True, eq=False)
class Place:
    """A song as it is listed, and the transition that leads to it; None: it is the first."""

    number: int
    name: str
    facts: str
    into: Into | None


def playlist_html(found: Playlist, *, title: str | None = None, audio: bool = True) -> str:
    """The page as text.

    Parameters
    ----------
    found : Playlist
        Result of `audiolime_ext.recommendation.playlists.pipeline.playlist`.
    title : str or None
        Title of the page; None: how many songs there are, and from which to which.
    audio : bool
        True to embed the sound of the transitions.
    """
    n_sounds = min(len(found.transitions), MOST_SOUNDS) if audio else 0
    sounds = crossfades(found.folder, found.songs[: n_sounds + 1]) if n_sounds else []
    sounds += [Crossfade("")] * (len(found.transitions) - n_sounds)
    silent = audio and n_sounds < len(found.transitions)
    notes = [minus(legible(note)) for note in found.notes if note != PAIRS.format(where=" (in the JSON)")]
    if silent:
        notes.append(
            f"the page holds the sound of the first {MOST_SOUNDS} transitions; a file for players has them all"
        )
    script = static("neighbours/nearest.js") + "\naudiolime.playOneAtATime();\n"
    style = static("song/page.css") + static("neighbours/neighbours.css") + static("playlists/playlist.css")
    return render(
        "playlists/playlist.html.j2",
        title=title or _title(found),
        found=found,
        facts=minus(_facts(found)),
        places=_places(found, sounds),
        steps=(steps := steps_of(found)),
        low="" if steps is None else minus(f"{steps.low:.2f}"),
        high="" if steps is None else minus(f"{steps.high:.2f}"),
        line=line_of(found),
        column=legible(found.column),
        compared=[minus(line) for line in found.compared()],
        notes=notes,
        terms=_terms(found),
        sounds=lengths_in_words(sounds),
        model=found.model.removesuffix(":") or "the vectors of the catalogue",
        policy=policy(script, style),
        script=Markup(script),
        style=Markup(style),
        version=version("audiolime-ext"),
    )


def _title(found: Playlist) -> str:
    if len(found.names) == 1:
        return f"A playlist of one song: {legible(found.names[0])}"
    return f"{counted(len(found.names), 'song')}, from {legible(found.names[0])} to {legible(found.names[-1])}"


def _facts(found: Playlist) -> str:
    length = "" if found.duration_s is None else f", {minutes(found.duration_s)}"
    heard = f"as {listener(found.model)} hears them" if found.model else "in the vectors of the catalogue"
    along = f", along a curve of {legible(found.column)}" if found.column else ""
    return f"{counted(len(found.songs), 'song')}{length}, by {found.measured_by}, {heard}{along}."


def _places(found: Playlist, sounds: list[Crossfade]) -> list[Place]:
    places = []
    for at, (song, name) in enumerate(zip(found.songs, found.names, strict=True)):
        facts = [] if song.duration_s is None else [minutes(song.duration_s)]
        if found.column:
            rank = found.ranks[at]
            told = "not known" if rank is None else f"{rank:.2f}"
            facts.append(f"{legible(found.column)} {told}, where the curve is at {found.wanted[at]:.2f}")
        facts += ["given"] if at + 1 in found.fixed else []
        into = _into(found, found.transitions[at - 1], sounds[at - 1]) if at else None
        places.append(Place(at + 1, legible(name), "; ".join(facts), into))
    return places


def _into(found: Playlist, transition: Transition, sound: Crossfade) -> Into:
    pair = transition.pair
    kept = dict(sorted(pair.contributions.items(), key=lambda one: -abs(one[1]))[:MOST_BARS])
    return Into(
        " to ".join(map(legible, pair.names)),
        minus(f"{pair.similarity:.3f}"),
        "" if found.measured_by == "similarity" else minus(f"{pair.nearness:.3f}"),
        transition.weak,
        minus(legible(transition.reason)),
        tuple(bars(kept)),
        sound,
    )


def _terms(found: Playlist) -> list[tuple[str, str]]:
    """The words of the page and what each means."""
    hubs = found.measured_by != "similarity"
    ranked = [(found.measured_by.capitalize(), RANKED_IS[found.measured_by])] if hubs else []
    terms = [("Similarity", meaning("" if found.space == "plain" else AVERAGE)), *ranked]
    terms.append(("Distance", f"1 less the {found.measured_by}"))
    if found.weak_below is not None:
        share = f"less near than one pair of songs in {round(1 / WEAK)} in {found.weak_of}"
        terms.append(("Weak", f"a transition that is {share}"))
    terms.append(
        ("Nearest of", "the place of a song among all that could be chosen, by how near they are to the one before")
    )
    if found.column:
        terms.append(
            (f"{legible(found.column)} from 0 to 1", "the rank of a song in the collection: 0 has least, 1 most")
        )
    if any(one.pair.matrix is not None and not one.pair.contributions for one in found.transitions):
        mostly = PAIRS.format(where="").removeprefix("mostly by: ")
        terms += [STEM_IS, SILENCE_IS, ("By", mostly)]
    return terms
