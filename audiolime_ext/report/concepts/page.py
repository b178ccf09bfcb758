"""One self-contained HTML file of concepts, in five panels that are linked: to look at, to compare, and to hear.

It opens from disk and fetches nothing: pictures and sounds are in it, and a strict Content-Security-Policy allows its
own script and style alone. The five strongest concepts of each class, suspect ones and those that are asked for have
pictures and sounds; of the others the page says so. Numbers and sentences of all are in it, also without JavaScript.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from importlib.metadata import version
from pathlib import Path

from markupsafe import Markup

from audiolime_ext.concepts.measurement.sounds import HearingAgain
from audiolime_ext.concepts.result import Concepts
from audiolime_ext.errors import AudiolimeError
from audiolime_ext.files.fresh import fresh_folder, write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.files.places import require_writable_file
from audiolime_ext.prediction.contract import Model
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.report.concepts.features import VIBENET, Features, features_of
from audiolime_ext.report.concepts.judged import Judged, shown_of
from audiolime_ext.report.concepts.media import Media, media_of, room_beside
from audiolime_ext.report.concepts.members import Members
from audiolime_ext.report.concepts.told import CAUTION
from audiolime_ext.report.concepts.view import page_view
from audiolime_ext.report.templating import policy, render, static

FILE = "index.html"
SCRIPTS = (
    "maps/songs.js",
    *(f"concepts/{name}.js" for name in ("layout", "sound", "pictures", "swarm", "groups")),
    *(f"concepts/{name}.js" for name in ("patches", "radar", "songs", "concepts")),
)


@tells_progress
def write_concepts_page(
    concepts: Concepts,
    store: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    title: str | None = None,
    model: Model | None = None,
    features: str | os.PathLike[str] | None = VIBENET,
    heard: Collection[str] = (),
    audio: bool = True,
    trust: bool = False,
    progress: Told = None,
) -> Path:
    """Write the page of concepts as ``index.html`` in a folder, in one step.

    Parameters
    ----------
    concepts : Concepts
        Result of `audiolime_ext.concepts.finding.find_concepts`.
    store : str or PathLike
        Store that they were found in.
    folder : str or PathLike
        Folder of the page; it is made if it does not exist.
    title : str or None
        Title of the page; None: one with the store's name.
    model : Model or None
        Model of the store, where it has no spec; it is not asked. None: it is built by its spec.
    features : str, PathLike or None
        Word "vibenet" for its attributes and the tempo, or a CSV file with the column path and a column for each
        feature; None: no radar.
    heard : collection of str
        Names of further concepts with pictures and sounds.
    audio : bool
        True to embed pictures and sounds of songs.
    trust : bool
        True to import the modules that the store names as its model or factorizations.
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar.

    Raises
    ------
    MissingError, UsageError
        If there is no such store, the concepts are not of it, or an option cannot be used.
    OutputError
        If the page cannot be written; one that was there before is then as it was.
    """
    place = Path(folder) / FILE
    require_writable_file(place, in_new_folder=True)
    name = title or f"Concepts of {legible(Path(store).name.removesuffix('.concepts'))}"
    members, judged = Members.of(concepts, Path(store)), Judged(concepts)
    places = judged.with_sound(heard)
    known = features_of([song.entry for song in members.songs], features, concepts.identity.duration_s)
    html = page_html(judged, members, "This page was made without pictures and sounds.", known, title=name)
    if audio:
        media = _media(judged, members, places, model, trust, room_beside(html))
        html = page_html(judged, members, media, known, title=name)
    with fresh_folder(Path(folder)) as fresh:
        write_bytes(html.encode("utf-8", "legible"), fresh / FILE)
    return place


def page_html(
    judged: Judged,
    members: Members,
    media: Media | str,
    features: Features | str,
    *,
    title: str,
) -> str:
    """The page as text, of parts that are known.

    Parameters
    ----------
    judged, members, media, features : as for `audiolime_ext.report.concepts.view.page_view`
        Concepts, songs, pictures and sounds, and features.
    title : str
        Title of the page.
    """
    script = "".join(map(static, SCRIPTS)) + "\naudiolime.concepts = audiolime.mountConcepts(document);\n"
    style = static("song/page.css") + static("neighbours/neighbours.css") + static("concepts/concepts.css")
    return render(
        "concepts/concepts.html.j2",
        title=title,
        view=page_view(judged, members, media, features),
        features=features,
        caution=CAUTION,
        policy=policy(script, style),
        script=Markup(script),
        style=Markup(style),
        version=version("audiolime-ext"),
    )


def _media(
    judged: Judged, members: Members, places: Sequence[int], model: Model | None, trust: bool, room: float
) -> Media | str:
    """Pictures and sounds, or why there are none."""
    try:
        hearing = HearingAgain.of(judged.concepts.identity, model, trust=trust)
    except AudiolimeError as error:
        return f"There are no pictures and sounds, since the songs cannot be heard again: {legible(str(error))}."
    return media_of(members, shown_of(judged.concepts, members, places), hearing, room)
