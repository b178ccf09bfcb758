"""Pieces by human composers, to test on: the music of Freedoom and of OpenTTD's OpenMSX, from Debian's packages.

Where a piece has no piano or no guitar, another of its melodic instruments' notes are given to one: the composer's
notes, not the composer's sound. What is left over is not played, so that exactly the four instruments sound.
"""

from __future__ import annotations

import hashlib
import io
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from examples.cerberus.accompaniment import Song
from examples.cerberus.score import Part, read

WADS = (Path("/usr/share/games/doom/freedoom1.wad"), Path("/usr/share/games/doom/freedoom2.wad"))
OPENMSX = Path("/usr/share/games/openttd/baseset/openmsx")
_LICENCES = {"freedoom": "BSD-3-Clause (Freedoom contributors)", "openmsx": "GPL-2 (OpenMSX contributors)"}
_EXCERPT_S = 30.0


def pieces() -> Iterator[tuple[str, Song]]:
    """Names and songs; pieces without a bass, drums or two melodic parts are left out.

    Raises
    ------
    FileNotFoundError
        If the packages are not installed.
    """
    seen = set()
    for name, data in _files():
        digest = hashlib.sha256(data).hexdigest()
        if digest in seen:
            continue
        seen.add(digest)
        try:
            parts = read(io.BytesIO(data))
        except (ValueError, EOFError, OSError, IndexError):
            continue  # not MIDI, or broken
        if song := orchestrate(parts, _LICENCES[name.split("-")[0]]):
            yield name, song


def _files() -> Iterator[tuple[str, bytes]]:
    if missing := [str(path) for path in (*WADS, OPENMSX) if not path.exists()]:
        raise FileNotFoundError(
            f"{', '.join(missing)} not found; install the Debian packages freedoom, openttd-openmsx"
        )
    for path in WADS:
        for lump, data in lumps(path.read_bytes()):
            if lump.startswith("D_") and data.startswith(b"MThd"):
                yield f"freedoom-{path.stem[-1]}-{lump[2:].lower()}", data
    for path in sorted(OPENMSX.glob("*.mid")):
        yield f"openmsx-{path.stem}", path.read_bytes()


def lumps(wad: bytes) -> Iterator[tuple[str, bytes]]:
    """Names and contents in a WAD file (M. Fell: The unofficial DOOM specs, 1994, chapter 2)."""
    n_lumps, directory = struct.unpack_from("<ii", wad, 4)
    for i in range(n_lumps):
        at, size, name = struct.unpack_from("<ii8s", wad, directory + 16 * i)
        yield name.rstrip(b"\0").decode("ascii", "replace"), wad[at : at + size]


def orchestrate(parts: list[Part], licence: str) -> Song | None:
    """Piano, guitar, bass and drums of a piece, in the passage in which all of them play most."""
    melodic = sorted((p for p in parts if p.source not in ("bass", "drums")), key=lambda p: -len(p.notes))
    cast = [p for p in parts if p.source in ("bass", "drums")]
    sounding = {p.source for p in parts}
    if not {"bass", "drums"} <= sounding or len(melodic) < 2:
        return None
    wanted = [source for source in ("piano", "guitar") if source not in sounding]
    for part in melodic:
        if part.source == "other" and wanted:
            source = wanted.pop(0)
            cast.append(replace(part, source=source, program={"piano": 0, "guitar": 25}[source]).in_register())
        elif part.source != "other":
            cast.append(part)
    while wanted:  # no other instrument is left: one of two that play the same gives up its part
        source = wanted.pop()
        spare = [p for p in cast if p.source in ("piano", "guitar")]
        if len(spare) < 2:
            return None
        cast.remove(spare[-1])
        cast.append(replace(spare[-1], source=source, program={"piano": 0, "guitar": 25}[source]).in_register())
    four = ("piano", "guitar", "bass", "drums")
    end = max(note.offset_s for part in cast for note in part.notes)
    starts = [float(s) for s in range(0, max(1, int(end - _EXCERPT_S) + 1), 5)]
    start = max(starts, key=lambda s: min(_activity(cast, source, s) for source in four))
    if min(_activity(cast, source, start) for source in four) < 4:
        return None
    excerpt = tuple(part.between(start, min(end, start + _EXCERPT_S)) for part in cast)
    about = {"licence": licence, "start_s": start, "reorchestrated": not {"piano", "guitar"} <= sounding}
    return Song(tuple(part for part in excerpt if part.notes), about)


def _activity(parts: list[Part], source: str, start_s: float) -> int:
    """In how many of the excerpt's seconds a source begins a note."""
    onsets = (note.onset_s - start_s for part in parts if part.source == source for note in part.notes)
    return len({int(onset) for onset in onsets if 0 <= onset < _EXCERPT_S})
