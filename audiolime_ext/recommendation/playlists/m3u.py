"""Playlists as players read them: extended M3U in UTF-8, ``.m3u8`` [1]_.

Each song is two lines, ``#EXTINF:<seconds>,<name>`` (−1: length unknown) and its path, relative to the playlist's
folder, so that both can move together. A song without a file, or whose path is not text of one line, is a comment that
says so: *nothing is left out silently*.

References
----------
.. [1] Pantos and May, "HTTP Live Streaming", RFC 8216, section 4 (the format of extended M3U files).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from audiolime_ext.files.names import legible


@dataclass(frozen=True)
class Entry:
    """A song of a playlist: its `name`, its length `duration_s` in seconds, and its `file`; None where not known."""

    name: str
    duration_s: float | None
    file: Path | None


def playlist(entries: Iterable[Entry], folder: Path) -> str:
    """The text of a playlist that lies in `folder`.

    Examples
    --------
    >>> entries = [Entry("Sectoid – Feelings", 200.4, Path("/music/a.ogg")), Entry("?", None, None)]
    >>> print(playlist(entries, Path("/lists")))
    #EXTM3U
    #EXTINF:200,Sectoid – Feelings
    ../music/a.ogg
    # left out, no file: ?
    """
    lines = ["#EXTM3U"]
    for entry in entries:
        if entry.file is None:
            lines.append(f"# left out, no file: {legible(entry.name)}")
            continue
        path = _relative(entry.file, folder)
        if legible(path) != path:
            lines.append(f"# left out, a path that no playlist can hold: {legible(path)}")
            continue
        seconds = -1 if entry.duration_s is None else round(entry.duration_s)
        lines += [f"#EXTINF:{seconds},{legible(entry.name)}", path]
    return "\n".join([*lines, ""])


def _relative(file: Path, folder: Path) -> str:
    try:
        path = os.path.relpath(file, folder)
    except ValueError:  # another drive of Windows
        path = os.path.abspath(file)  # noqa: PTH100 - links stay as they are
    path = path.replace(os.sep, "/")
    return f"./{path}" if path.startswith("#") else path
