"""One self-contained HTML file of a map: to look at, to search, and to hear.

Up to `audiolime_ext.report.maps.sounds.MOST_SONGS` songs have a sound within the page; a page of more has none, unless
`audiolime_ext.report.maps.serving` serves it, which cuts a song's excerpt when it is asked for.
"""

from __future__ import annotations

import base64
import shlex
from importlib.metadata import version
from typing import Any

from markupsafe import Markup

from audiolime_ext.collection.columns import column_of
from audiolime_ext.errors import UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.recommendation.maps.presets import DEFAULT, PRESETS
from audiolime_ext.recommendation.maps.result import EmbeddingMap, MapSettings
from audiolime_ext.recommendation.sounds import file_of
from audiolime_ext.report.maps.sounds import MOST_SONGS, SECONDS, SR, excerpts, kbps_for
from audiolime_ext.report.maps.view import map_view
from audiolime_ext.report.templating import policy, render, static

NONE_PLAYED = "None of the songs has a file that can be played"
SCRIPTS = ("maps/songs.js", "maps/drawing.js", "maps/canvas.js", "maps/list.js", "maps/map.js")


def map_html(found: EmbeddingMap, *, title: str | None = None, sounds: bool = True) -> str:
    """The page as text.

    Parameters
    ----------
    found : EmbeddingMap
        Result of `audiolime_ext.recommendation.maps.pipeline.embedding_map`.
    title : str or None
        Title of the page; None: the index's name.
    sounds : bool
        True to embed some seconds of each song, where there are no more than 300.
    """
    n = len(found.places)
    if not sounds:
        return _html(found, title, None, "This page was made without sounds.")
    if not _has_files(found):
        return _html(found, title, None, f"{NONE_PLAYED}.")
    if n > MOST_SONGS:
        return _html(
            found, title, None, f"A page of more than {MOST_SONGS} songs has no sounds of its own; --serve plays them."
        )
    kbps = kbps_for(n)
    cut = excerpts(found, kbps)
    if not any(one.encoded for one in cut):
        return _html(found, title, None, f"{NONE_PLAYED}; of the first, {cut[0].told}.")
    data = {
        "told": [one.told for one in cut],
        "sounds": [base64.b64encode(one.encoded).decode() for one in cut],
    }
    silent = sum(not one.encoded for one in cut)
    lacking = f" {silent} of {n} cannot be played; the list says why." if silent else ""
    return _html(found, title, data, f"{_what_is_played()} at {kbps} kb/s.{lacking}")


def served_html(found: EmbeddingMap, *, title: str | None = None) -> str:
    """The page as a server gives it, which asks for the sound of a song under ``excerpt/NUMBER``.

    Parameters
    ----------
    found : EmbeddingMap
        Map of songs.
    title : str or None
        Title of the page; None: the index's name.
    """
    if not _has_files(found):
        return _html(found, title, None, f"{NONE_PLAYED}.")
    told = f"{_what_is_played()}, cut when you ask for it: the page plays as long as audiolime serves it."
    return _html(found, title, {"served": True}, told)


def _has_files(found: EmbeddingMap) -> bool:
    """Whether any song of the map has a file at all."""
    return any(file_of(found.index.folder, found.index.songs[int(place)]) is not None for place in found.places)


def _what_is_played() -> str:
    return f"Of each song the middle {SECONDS:g} s are played, in mono, all equally loud, as MP3 with {SR // 1000} kHz"


def _html(found: EmbeddingMap, title: str | None, sounds: dict[str, Any] | None, played: str) -> str:
    view = map_view(found)
    script = "".join(map(static, SCRIPTS)) + "\naudiolime.map = audiolime.mountMap(document);\n"
    style = static("song/page.css") + static("neighbours/neighbours.css") + static("maps/maps.css")
    return render(
        "maps/map.html.j2",
        title=title or view.title,
        view=view,
        sounds=sounds,
        played=played,
        command=command_of(found, title),
        policy=policy(script, style, served=sounds is not None and "served" in sounds),
        script=Markup(script),
        style=Markup(style),
        version=version("audiolime-ext"),
    )


def command_of(found: EmbeddingMap, title: str | None = None) -> str:
    """A command that makes the page again; a table of groups has a stand-in.

    Parameters
    ----------
    found : EmbeddingMap
        Map of songs.
    title : str or None
        Title of the page; None: the index's name.
    """
    words = ["audiolime", "map", legible(found.index.folder.name), "--space", found.space, *_settings(found.settings)]
    if found.groups is not None:
        words += ["--group", legible(found.groups.column), *([] if _is_of_index(found) else ["--table", "TABLE.csv"])]
    for name, songs in found.marked.items():
        words += [f"--{name}", *(legible(found.names[place]) for place in songs)]
    words += [] if title is None else [f"--title={title}"]
    return shlex.join([*words, "-o", "map.html"])


def _settings(settings: MapSettings) -> list[str]:
    """The flags of settings, beside those of a preset of the same perplexity, exaggeration and rate."""
    names = ("perplexity", "early_exaggeration", "learning_rate")
    values = [getattr(settings, name) for name in names]
    alike = [one for one, preset in PRESETS.items() if [getattr(preset, name) for name in names] == values]
    if DEFAULT in alike:
        words = []
    elif alike:
        words = ["--preset", alike[0]]
    else:
        flags = [f"--{name.replace('_', '-')}" for name in names]
        words = [word for flag, value in zip(flags, values, strict=True) for word in (flag, f"{value:g}")]
    for name in ("max_iterations", "seed"):
        value = getattr(settings, name)
        words += [] if value == getattr(MapSettings(), name) else [f"--{name.replace('_', '-')}", str(value)]
    return words


def _is_of_index(found: EmbeddingMap) -> bool:
    """Whether the groups are a column of the index itself."""
    assert found.groups is not None
    try:
        values = column_of(found.index, found.groups.column).values
    except UsageError:
        return False
    return tuple(values[place] for place in found.places) == found.groups.of_songs
