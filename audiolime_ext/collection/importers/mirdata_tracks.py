"""Tracks of the package mirdata: objects with an ``audio_path``, and attributes that say what they are.

``run_audit(mirdata.initialize("gtzan_genre").load_tracks(), …)``. The attribute that is the class has no standard name.
Where a track has exactly one of those below, it is taken; any other must be named: ``columns={"label":
"instrument_list"}``.

References: Bittner et al., "mirdata: Software for reproducible usage of datasets", ISMIR 2019; ``mirdata.core.Track``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from audiolime_ext.collection.importers.draft import Draft
from audiolime_ext.errors import UsageError, unknown

LABELS = ("genre", "genres", "tag", "tags", "instrument", "instruments", "style")
OURS = ("label", "group", "split")


def drafts(tracks: Mapping[str, Any] | Iterable[Any], columns: Mapping[str, str]) -> Iterator[Draft]:
    """The tracks of a data set; `columns`: which attribute is the label, the group and the split.

    Raises
    ------
    UsageError
        If they are not tracks, or it is unclear what their class is.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> track = SimpleNamespace(track_id="1", audio_path="1.wav", genre="blues")
    >>> [draft.labels for draft in drafts({"1": track}, {})]
    [('blues',)]
    """
    for ours in columns:
        if ours not in OURS:
            raise unknown("column to map", ours, OURS)
    given = list(tracks.values() if isinstance(tracks, Mapping) else tracks)
    if not given or not all(hasattr(track, "audio_path") for track in given):
        raise UsageError("a manifest is a table, a folder, or tracks of mirdata, which have an audio_path")
    label = columns.get("label") or _label_of(given[0])
    for track in given:
        if not hasattr(track, label):
            raise UsageError(f"track {_id(track)} has no {label!r}; it has {', '.join(_attributes(track))}")
        more = {ours: str(getattr(track, columns[ours])) for ours in ("group", "split") if ours in columns}
        path = track.audio_path or f"track {_id(track)}"  # of which there is no file
        yield Draft(0, Path(path), _labels(getattr(track, label)), **more)


def _id(track: Any) -> str:
    return str(getattr(track, "track_id", track))


def _attributes(track: Any) -> list[str]:
    return sorted(name for name in dir(track) if not name.startswith("_") and not name.endswith("path"))


def _label_of(track: Any) -> str:
    found = [name for name in LABELS if hasattr(track, name)]
    if len(found) != 1:
        raise UsageError(
            f"which attribute of a track is its class? There are {', '.join(found or _attributes(track))}; say "
            'columns={"label": "…"}'
        )
    return found[0]


def _labels(value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else list(value or ())
    return tuple(str(label) for label in given if label)
