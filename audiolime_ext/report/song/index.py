"""The index of a folder of pages: each recording, its labels and their top sources."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.report.song.heading import Heading
from audiolime_ext.report.song.view import leads
from audiolime_ext.report.templating import policy, render, static
from audiolime_ext.text import counted
from audiolime_ext.track.explanation import TrackExplanation


@dataclass(frozen=True)
class Entry:
    """A recording on the index: what it is called, its page, and for each label the mean score and the top source."""

    heading: Heading
    page: str
    labels: tuple[tuple[str, str, str], ...]

    @property
    def address(self) -> str:
        """The page's name as a link: its bytes on the disk, quoted."""
        return quote(os.fsencode(self.page), safe="")

    @classmethod
    def of(cls, track: TrackExplanation, page: str) -> Entry:
        """The entry of a track whose page lies beside the index."""
        means = [track.voice(label, page=True).number(track.mean_score(label)[0]) for label in track.labels]
        top = [leads(track, label) for label in track.labels]
        heading = Heading.of(track.recording_name, track.provenance)
        return cls(heading, page, tuple(zip(track.labels, means, top, strict=True)))


def write_index(entries: Sequence[Entry], path: Path, *, blind: bool = False) -> Path:
    """Write the index in one step; the index of pages on which readers guess (`blind`) names no sources.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    style = static("song/page.css")
    title = counted(len(entries), "recording")
    options = {"blind": blind, "style": Markup(style), "policy": policy("", style)}
    html = render("song/index.html.j2", entries=entries, title=title, **options)
    write_bytes(html.encode("utf-8", "legible"), path)
    return path
