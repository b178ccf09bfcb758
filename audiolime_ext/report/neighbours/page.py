"""One self-contained HTML file about why a song is near to another one, or nearer than a second.

The answer in a sentence and bars; the songs side by side, their stems switched together; the matrix of stems, whose
cells can be heard; the spectrograms on one scale; what would be so without a stem; and everything else that is to be
known before believing it. As other pages it works offline, and only its own script and style run.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from markupsafe import Markup

from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.provenance import versions_line
from audiolime_ext.files.names import legible
from audiolime_ext.files.places import require_writable
from audiolime_ext.gradients.parts.nearness import NearnessMap
from audiolime_ext.recommendation.why.heard import HeardSong
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.neighbours.bands import bands_view
from audiolime_ext.report.neighbours.excerpts import Excerpt, excerpts, players
from audiolime_ext.report.neighbours.shares import colors_of
from audiolime_ext.report.neighbours.spectrograms import Drawn, draw, sheet, write_pngs
from audiolime_ext.report.neighbours.study import study_html
from audiolime_ext.report.neighbours.told import alike_view, flip_view
from audiolime_ext.report.neighbours.view import make_view
from audiolime_ext.report.player.media import Codec
from audiolime_ext.report.player.player import script_text, style_text
from audiolime_ext.report.templating import policy, render, static


def why_html(
    why: Why,
    *,
    title: str | None = None,
    audio: Codec | None = "mp3",
    study: bool = False,
    seed: int = 0,
    bands: NearnessMap | None = None,
) -> str:
    """The page as text.

    Parameters
    ----------
    why : Why
        Result of `audiolime_ext.recommendation.why.pipeline.why`.
    title : str or None
        Title of the page; None: the question.
    audio : {"mp3", "flac"} or None
        Codec of the sound; None: no sound. A study has MP3.
    study : bool
        True for a page that asks a listener which song the system ranks first, and what the explanations are worth (see
        `audiolime_ext.report.neighbours.study`).
    seed : int
        Random seed for the order of the songs and of the explanations in a study.
    bands : NearnessMap or None
        Map of the same answer, from `audiolime_ext.gradients.parts.nearness.nearness_map`; a study shows none.

    Raises
    ------
    UsageError
        If a study is asked for and cannot be held: it needs two songs with sound, and an explanation; or if the map is
        of another answer.
    """
    if bands is not None:
        _require_of(why, bands, study=study)
    if study and audio != "mp3":
        raise UsageError("a study is listened to, and holds its sounds as MP3; leave audio out")
    if study:
        return study_html(why, title=title, seed=seed)
    found = excerpts(why)
    drawn = drawn_of(why)
    seconds = None if why.alike is None else alike_view(why.alike, sound=audio is not None)
    picture = sheet(drawn, _marks(why, found), () if seconds is None else seconds.links)
    made = players(found, colors_of(why), audio) if audio else {}
    change = None if why.flip is None else flip_view(why.flip, sound=audio is not None)
    by_bands = None if bands is None else bands_view(bands, sound=audio is not None)
    view = make_view(why, found, made, picture, change, seconds, by_bands)
    script = script_text() + static("neighbours/why.js") + "\naudiolime.page = audiolime.mountWhy();\n"
    style = static("song/page.css") + static("neighbours/neighbours.css") + style_text()
    return render(
        "neighbours/why.html.j2",
        title=title or view.title,
        view=view,
        policy=policy(script, style),
        script=Markup(script),
        style=Markup(style),
        version=version("audiolime-ext"),
        command=command_of(why, title, bands),
        versions=versions_line([why.track.provenance]),
        references="\n\n".join([why.track.references, *([] if bands is None else [bands.relevance.references])]),
    )


def write_spectrograms(why: Why, folder: Path) -> list[Path]:
    """Write the spectrogram of the query and of each other song as PNG files, all on one scale.

    Parameters
    ----------
    why : Why
        Result of `audiolime_ext.recommendation.why.pipeline.why`.
    folder : Path
        Folder of the files, which is made if it is missing.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    require_writable(folder)
    return write_pngs(drawn_of(why), folder)


def drawn_of(why: Why) -> list[Drawn]:
    """The spectrograms of what was heard of the query and of each other song."""
    heard = [song for song in (why.query, *why.candidates) if song.asked is not None]
    told = []
    for song in heard:
        asked = song.asked
        assert asked is not None
        sr = asked.recording.sr
        told.append((legible(song.name), asked.recording, asked.first / sr, asked.end / sr))
    return draw(told)


def _require_of(why: Why, bands: NearnessMap, *, study: bool) -> None:
    """Raise `UsageError` where a map is of another answer, or its page shows none."""
    if study:
        raise UsageError("a study asks about stems, and shows no map; leave bands out")
    if (bands.relevance.sha256, bands.relevance.label) != (why.track.provenance.sha256, why.aim.name):
        raise UsageError(f"the map is of {bands.relevance.label!r}, and the page of {why.aim.name!r}; give its own map")


def command_of(why: Why, title: str | None = None, bands: NearnessMap | None = None) -> str:
    """A command that makes the page again, as far as it was made from files, names and spec strings."""
    songs = [legible(_named(song)) for song in (why.query, *why.candidates)]
    told = ["audiolime", "why", *songs]
    told += ["--in", "INDEX"] if why.standing is not None or not why.candidates else []
    told += [] if why.candidates else ["--like", "SONG"]
    told += ["-f", why.query.separator or "OWN_STEMS", "-m", why.model]
    told += [] if bands is None else list(bands.asked)
    return shlex.join([*told, *([] if title is None else [f"--title={title}"]), "-o", "why.html"])


def _named(song: HeardSong) -> str:
    """A song as a command names it: by its file, where it is known."""
    path = None if song.asked is None else song.asked.recording.path
    return song.name if path is None else Path(path).name


def _marks(why: Why, found: Sequence[Excerpt]) -> list[list[tuple[float, float]]]:
    """The window of each song of which there is sound."""
    by_song = {id(excerpt.song): excerpt for excerpt in found}
    heard = [song for song in (why.query, *why.candidates) if song.asked is not None]
    return [[by_song[id(song)].marked] if id(song) in by_song else [] for song in heard]
