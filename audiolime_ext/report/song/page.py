"""One self-contained HTML file: the model's scores over time, the sources that they come from, and all of it as sound.

Everything is in the file: numbers, pictures, sounds, style and script. It works offline, and a strict
Content-Security-Policy allows only this page's own script and style, by their hashes. Names of recordings, labels and
stems are text wherever they stand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup

from audiolime_ext.components.components import Components
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.explanation import Explanation
from audiolime_ext.explanation.provenance import versions_line
from audiolime_ext.factorization.stems import RESIDUAL, Stems
from audiolime_ext.gradients.parts.beside import all_asked
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.report.player.clip import data_uri
from audiolime_ext.report.player.kept import kept_clips, kept_media
from audiolime_ext.report.player.layer import layer_of
from audiolime_ext.report.player.media import Codec, Media, encode_media
from audiolime_ext.report.player.player import player_html, script_text, style_text
from audiolime_ext.report.song.again import Explained, Options, command_of
from audiolime_ext.report.song.heading import Heading
from audiolime_ext.report.song.relevance import map_view, matched
from audiolime_ext.report.song.view import Note, View, as_track, components, make_view
from audiolime_ext.report.templating import clock, policy, render, static
from audiolime_ext.track.explanation import TrackExplanation


def page_html(
    explained: Explained | Sequence[Explained],
    *,
    title: str | None = None,
    audio: Codec | None = "mp3",
    mixture: bool = True,
    source_url: str | None = None,
    notes: Sequence[Note] = (),
    blind: bool = False,
    notes_file: str | None = None,
    page_name: str | None = None,
    maps: Sequence[Relevance] = (),
) -> str:
    """The page as text.

    Parameters
    ----------
    explained : Explanation, TrackExplanation or a sequence of them
        Explanations of recordings or excerpts; several stand side by side, such as true stems beside estimated ones.
    title : str or None
        Title of the page; None: title and artist that the file's tags give, or the recording's name.
    audio : {"mp3", "flac"} or None
        Codec of the sound: ``"mp3"``, or ``"flac"`` (lossless, several times as large); None: no sound.
    mixture : bool
        True to embed all stems. False: only those that are the top source of a label, and never all of them, so that
        the recording cannot be put together again.
    source_url : str or None
        Address at which the whole recording can be heard, of http or https: a link on the page; None: no link.
    notes : sequence of Note
        Remarks of a listener, on the page's one recording; each lies within what is explained of it.
    blind : bool
        True to hide the weights of a label in a window until the reader has guessed.
    notes_file, page_name : str or None
        Names of the CSV file that holds the remarks and of the page's own file, for the command that makes the page
        again; None: the command has no remarks, which the page says, or takes the usual name.
    maps : sequence of Relevance
        Maps of gradients, at most one for each label of a recording, such as
        `audiolime_ext.gradients.parts.beside.map_beside` makes: drawn over the player's spectrogram, in sentences
        beside what switching sources off does, and as sound where the page may hold it.

    Raises
    ------
    UsageError
        If `source_url` is no address of http or https, or `notes` are outside what is explained, or on one of several
        recordings; or a map fits nothing on the page.
    """
    require_address(source_url)
    options = Options(title, audio, mixture, source_url, notes_file, blind, page_name, *all_asked(maps))
    given = [explained] if isinstance(explained, (TrackExplanation, Explanation)) else list(explained)
    views: list[View] = []
    tracks = [one if isinstance(one, TrackExplanation) else as_track(one) for one in given]
    headings = [Heading.of(_name_of(one), one.provenance) for one in given]
    several = len({(heading.name, heading.file) for heading in headings}) > 1
    _require_within(notes, tracks, several)
    own_maps = matched(maps, tracks)
    passages = [(heading, track.start_s, track.end_s) for heading, track in zip(headings, tracks, strict=True)]
    for one, track, heading, passage, own in zip(given, tracks, headings, passages, own_maps, strict=True):
        parts = None if isinstance(one, TrackExplanation) else one.components
        wanted = _embedded(track, parts, mixture) if audio else []
        player = _player(track, parts, len(views) + 1, audio, wanted, own) if audio and wanted else ""
        clips = [] if blind or not wanted else _clips(track, mixture, wanted)
        told: dict[str, Any] = {"player": player, "clips": clips, "mixture": mixture}
        told |= {"source_url": source_url, "blind": blind, "name": heading.text if several else ""}
        told["recording"] = passages.index(passage)
        heard = {"sound": audio is not None, "mixture": mixture, "player": bool(player)}
        told["maps"] = [map_view(found, one, **heard) for found in own]
        views.append(make_view(track, parts=parts, **told))
    if len({view.title for view in views}) < len(views):
        views = [replace(view, title=view.exact_title) for view in views]
    cited = [entry for one in (*given, *maps) for entry in one.references.split("\n\n")]
    return _render(views, given, options, list(dict.fromkeys(headings)), sorted(notes, key=lambda note: note.t), cited)


def _name_of(one: Explained) -> str:
    return one.recording_name if isinstance(one, TrackExplanation) else one.components.recording_name


def require_address(url: str | None) -> None:
    """Raise `UsageError` unless it is the address of something on the web, or None.

    Examples
    --------
    >>> require_address("https://example.org/song")
    >>> require_address("javascript:alert(1)")
    Traceback (most recent call last):
    audiolime_ext.errors.UsageError: 'javascript:alert(1)' is not the address of a recording; give one that begins ...
    """
    if url is None:
        return
    try:
        found = urlsplit(url)
        usable = found.scheme in ("http", "https") and bool(found.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"{url!r} is not the address of a recording; give one that begins with https:// or http://, such as "
            "https://example.org/song"
        )


def _require_within(notes: Sequence[Note], tracks: Sequence[TrackExplanation], several: bool) -> None:
    """Raise `UsageError` for remarks that no player on the page could go to."""
    if notes and several:
        raise UsageError("notes are remarks on one recording; write a page for each, or leave the notes out")
    for note in notes:
        for track in tracks:
            if not track.start_s <= note.t <= track.end_s:
                raise UsageError(
                    f"the note at {clock(note.t)} is outside what is explained, {clock(track.start_s)} to "
                    f"{clock(track.end_s)}; give a time within it, or leave the note out"
                )


def _render(
    views: Sequence[View],
    explained: Sequence[Explained],
    options: Options,
    headings: Sequence[Heading],
    notes: Sequence[Note],
    cited: Sequence[str],
) -> str:
    script = script_text() + static("song/page.js") + "\naudiolime.views = audiolime.mountPage();\n"
    style = static("song/page.css") + style_text()
    return render(
        "song/page.html.j2",
        title=options.title or " and ".join(heading.text for heading in headings),
        heading=options.title or " and ".join(heading.title or heading.name for heading in headings),
        besides=headings[0].besides if len(headings) == 1 else "",
        noun=views[0].noun,
        several=len(headings) > 1,
        sounds=any(view.player for view in views),
        blind=options.blind,
        notes=notes,
        views=views,
        terms=list({term: means for view in reversed(views) for term, means in view.terms}.items()),
        policy=policy(script, style),
        script=Markup(script),
        style=Markup(style),
        version=version("audiolime-ext"),
        command=command_of(explained, options),
        remarks_missing=bool(notes) and options.notes_file is None,
        versions=versions_line([one.provenance for one in explained]),
        references="\n\n".join(dict.fromkeys(filter(None, cited))),
    )


def _embedded(track: TrackExplanation, parts: Components | None, mixture: bool) -> list[str]:
    """The stems whose sound is on the page.

    Without the mixture: those that are a label's top source in some window, and never all of them; the one that is it
    in the fewest windows stays out.
    """
    if mixture:
        return [*(track.names if parts is None else parts.sources), RESIDUAL]
    counts = Counter[str]()
    for label in track.labels:
        counts.update(track.leaders(label).counts)
    return [name for name, _ in counts.most_common(len(track.names if parts is None else parts.sources) - 1)]


def _player(
    track: TrackExplanation,
    parts: Components | None,
    number: int,
    codec: Codec,
    wanted: Sequence[str],
    maps: Sequence[Relevance],
) -> Markup:
    sources = track.names if parts is None else parts.sources

    def encode() -> Media:
        parts_wanted = (_only(stems, wanted) for stems in track.stems())
        return encode_media(parts_wanted, codec=codec, duration_s=track.end_s - track.start_s)

    media = kept_media(track.shelf, encode, codec=codec, wanted=wanted)
    background = [name for name in media.names if name not in sources]
    options: dict[str, Any] = {"background": background, "player_id": f"player-{number}", "start_s": track.start_s}
    options["label"] = f"Player {number}" if number > 1 else "Player"
    grid = {"duration_s": media.duration_s, "sr": media.sr, "n_columns": media.waveforms.shape[1]}
    drawn = [found for found in maps if found.bands_hz is not None]
    options["layers"] = [layer_of(found, start_s=track.start_s, **grid) for found in drawn]
    return Markup(player_html(media, name=track.recording_name, model_sr=track.grid.sr, **options))


def _clips(track: TrackExplanation, mixture: bool, wanted: Sequence[str]) -> list[tuple[str, str]]:
    """The mix and the top source of the window in which the first label is strongest: for noscript."""
    if not track.labels or track.sounds.sum() == 0:
        return []
    label = track.labels[0]
    number = track.highest(label)
    window, found = track.windows[number], track.leading(number, label)
    weights = window.attribution.weights[track.column(label)]
    top = [] if found is None else [name for name, _ in found.entries(window.names, weights)]

    def encode() -> list[tuple[str, str]]:
        explanation = track.open_window(number)
        stem_of = {part["name"]: part["stem"] for part in components(explanation.names, explanation.components)}
        clips = [explanation.mixture] if mixture else []
        if top and {stem_of.get(name, name) for name in top} <= set(wanted):
            clips.append(explanation.audio(top))
        return [(clip.name, data_uri(clip)) for clip in clips]

    of = {"window": [window.start_s, window.duration_s], "of": window.names, "top": top, "name": track.recording_name}
    return kept_clips(track.shelf, encode, of={**of, "mixture": mixture, "wanted": sorted(wanted)})


def _only(stems: Stems, wanted: Sequence[str]) -> Stems:
    kept = [i for i, name in enumerate(stems.names) if name in wanted]
    return Stems(tuple(stems.names[i] for i in kept), stems.samples[kept], stems.sr, stems.notes, stems.transcription)
