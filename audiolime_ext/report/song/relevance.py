"""Maps of relevance on a page: which view each belongs to, what is said of it, and what is heard.

A map belongs to the views of its recording that explain its label and hold one of its windows; one that belongs to none
is refused, and so is a second one for the same label of a view. What is said is the map's own sentences, and beside
them what switching sources off does (`audiolime_ext.gradients.parts.agreement`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import utf8
from audiolime_ext.gradients.parts.agreed import Agreement
from audiolime_ext.gradients.parts.agreement import agreement
from audiolime_ext.gradients.parts.beside import Explained
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.gradients.words import bands_told, head
from audiolime_ext.report.player.clip import data_uri
from audiolime_ext.report.player.layer import band_edges, mel_to_khz, said_of
from audiolime_ext.report.templating import boundary
from audiolime_ext.text import minus
from audiolime_ext.track.explanation import TrackExplanation

MOST_S = 30.0  # of a sound
VERDICT = "verdict"
NO_BANDS = "The front end of the model does not say which frequencies its bands are, so the map is not drawn here"
NO_PLAYER = "The map is drawn over the spectrogram of the player, which this page does not have"


@dataclass(frozen=True, eq=False)
class MapView:
    """What the template ``relevance.html.j2`` writes of a map.

    Parameters
    ----------
    label : str
        Label that the map is of.
    told : tuple of str
        Sentences on what the map is, on its strongest bands, and on why it is not drawn where it is not.
    notes : tuple of str
        Its sentences on single bands, and what else to know of it.
    sounds : tuple of (str, str)
        Names and ``data:`` addresses of its most relevant part and of the rest.
    silent : str
        Why there are no sounds; empty where there are some, or the page has none at all.
    agreed : tuple of str
        Sentences on what map and weights say differently, or that they agree; empty where they were not compared.
    header, rows : tuple of str, tuple of tuple of str
        Numbers of that.
    remarks : tuple of str
        Notes on the comparison.
    """

    label: str
    told: tuple[str, ...]
    notes: tuple[str, ...]
    sounds: tuple[tuple[str, str], ...] = field(repr=False)
    silent: str
    agreed: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...]


def matched(maps: Sequence[Relevance], tracks: Sequence[TrackExplanation]) -> list[list[Relevance]]:
    """The maps of each view, in the order of its labels.

    Raises
    ------
    UsageError
        If a map fits no view, or two of one label fit the same.
    """
    found: list[list[Relevance]] = [[] for _ in tracks]
    for one in maps:
        fitting = [i for i, track in enumerate(tracks) if _misfit(one, track) is None]
        if not fitting:
            raise UsageError(_misfits(one, tracks))
        for i in fitting:
            if one.label in [other.label for other in found[i]]:
                raise UsageError(f"two maps are of {one.label!r} in {one.recording!r}; give one for each label")
            found[i].append(one)
    for own, track in zip(found, tracks, strict=True):
        own.sort(key=lambda one, labels=track.labels: labels.index(one.label))  # type: ignore[misc]
    return found


def _misfit(one: Relevance, track: TrackExplanation) -> str | None:
    """Why a map does not belong to a view, the first reason first; None where it does."""
    if one.sha256 != track.provenance.sha256:
        return "its recording is not on the page"
    if one.label not in track.labels:
        return f"its label is not explained there, but {', '.join(map(repr, track.labels)) or 'none'}"
    slack, last_s = one.step_s / 2, max(track.start_s, track.end_s - one.window_s)
    if not any(track.start_s - slack <= at.start_s <= last_s + slack for at in one.windows):
        begin, end = one.windows[0].start_s, one.windows[-1].start_s + one.window_s
        shown = f"{boundary(track.start_s)} to {boundary(track.end_s)}"
        return f"it is of {boundary(begin)} to {boundary(end)}, and the page shows {shown}"
    return None


def _misfits(one: Relevance, tracks: Sequence[TrackExplanation]) -> str:
    same = [track for track in tracks if track.provenance.sha256 == one.sha256] or tracks[:1]
    labelled = [track for track in same if one.label in track.labels] or same
    why = _misfit(one, labelled[0])
    return f"the map of {one.label!r} in {one.recording!r} fits nothing on the page: {why}; leave it out"


def map_view(found: Relevance, explained: Explained, *, sound: bool, mixture: bool, player: bool) -> MapView:
    """What is said of a map beside an explanation.

    Parameters
    ----------
    found : Relevance
        Map.
    explained : Explanation or TrackExplanation
        Explanation that it stands beside.
    sound, mixture, player : bool
        True where the page has sound, may hold the whole recording, and has a player.
    """
    told = [_sentence(head(found)), *_overall(found)]
    if found.bands_hz is None or not player:
        told.append(f"{NO_BANDS if found.bands_hz is None else NO_PLAYER}.")
    sounds, silent = sounds_of(found, mixture) if sound else ((), "")
    beside = agreement(found, explained) if found.bands_hz is not None else None
    header, rows = beside.table() if beside is not None and beside.rows else ([], [])
    header = [name or (VERDICT if i else "") for i, name in enumerate(header)]
    return MapView(
        found.label,
        tuple(told),
        tuple(map(_capital, (*bands_told(found), *map(utf8, found.notes)))),
        sounds,
        silent,
        () if beside is None else tuple(_of_source(one, beside) for one in beside.sentences()),
        tuple(header),
        tuple(map(tuple, rows)),
        () if beside is None else _remarks(beside),
    )


def _overall(found: Relevance) -> list[str]:
    """The strongest bands of the whole map, where anything is explained and bands are known."""
    if found.bands_hz is None or not found.explained:
        return []
    phrase, *_ = said_of(found.per_window.sum(axis=0)[None], mel_to_khz(band_edges(found)), found.label)
    return [f"All in all: {phrase}."]


def _remarks(beside: Agreement) -> tuple[str, ...]:
    return tuple(_capital(note) for note in beside.to_dict()["notes"])


def _of_source(text: str, beside: Agreement) -> str:
    """A sentence of an agreement; a source's name keeps its first letter."""
    named = any(text.startswith(f"{utf8(row.component)}:") for row in beside.rows)
    return _sentence(text) if named else _capital(text)


def _capital(text: str) -> str:
    return _sentence(text[:1].upper() + text[1:])


def _sentence(text: str) -> str:
    """A text as a page writes it, with a full stop; no line begins with a unit."""
    whole = text if text.endswith((".", "!", "?")) else f"{text}."
    return re.sub(r"(?<=\d) (?=%|k?Hz)", "\N{NO-BREAK SPACE}", minus(whole))


def sounds_of(found: Relevance, mixture: bool) -> tuple[tuple[tuple[str, str], ...], str]:
    """The most relevant part and the rest, as names and ``data:`` addresses, or why there are none.

    Of a map of more than half a minute they are of its window of the highest value.
    """
    if not mixture:
        return (), "Its most relevant part and the rest cannot be heard here: together they are the recording."
    if found.bands_hz is None:
        return (), "Its most relevant part cannot be heard: the bands' frequencies are not known."
    if found.audio is None:
        return (), "Its most relevant part cannot be heard here: a map that was saved does not hold its recording."
    if not found.highlights(side="for").any():
        return (), f"Nothing speaks for “{utf8(found.label)}”, so there is no most relevant part to hear."
    first = found.windows[0].start_s
    parts, begin_s = [found.listen(), found.rest()], first
    if parts[0].duration_s > MOST_S:
        begin_s = max(found.explained, key=lambda one: one.value).start_s
        parts = [_within(part, begin_s - first, found.window_s) for part in parts]
    span = f"{boundary(begin_s)}–{boundary(begin_s + parts[0].duration_s)}"
    names = f"Most relevant part, {span}", f"The rest, {span}"
    return tuple((name, data_uri(part)) for name, part in zip(names, parts, strict=True)), ""


def _within(part: Audio, begin_s: float, length_s: float) -> Audio:
    """Some seconds of a sound, as far as it goes."""
    return part.excerpt(begin_s, min(length_s, part.duration_s - begin_s))
