"""A catalogue as an NPZ file of NumPy: ``vectors``, one row for each song, and what is known of the songs.

======================================================  ===============================================
``vectors``                                             numbers, shape (n_songs, n_features)
``keys``, ``paths``                                     text, (n_songs,); one of them, or titles, is needed
``titles``, ``artists``, ``albums``, ``genres``         text, (n_songs,)
``years``, ``durations_s``                              numbers or text, (n_songs,)
``labels``                                              text, (n_features,): names of the features
======================================================  ===============================================

The singular names a field as well (``title``). Text is an array of strings (``np.array(names, dtype=str)``); pickled
objects are refused, since reading them can run a program.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.tags import one_line
from audiolime_ext.collection.indexing.brought.rows import FIELDS, Rows
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import require_file, require_room

Arrays = Mapping[str, NDArray[Any]]
_NAMES = {name: field for field in FIELDS for name in (field, f"{field}s", field.replace("_s", "s_s"))}
_ENTRIES = ("vectors", "labels", *_NAMES)


def rows_of(path: Path, features: Sequence[str] | None) -> Rows:
    """The rows of an NPZ file.

    Raises
    ------
    OSError, ValueError
        If it cannot be read.
    """
    arrays, others = _arrays(path)
    vectors, origin = arrays.get("vectors"), legible(path)
    if vectors is None or vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        what = "no array" if vectors is None else f"{vectors.dtype} of shape {vectors.shape} as"
        raise UsageError(f"{origin} has {what} 'vectors'; write numbers, one row for each song")
    texts = {_NAMES[name]: _texts(name, array, len(vectors)) for name, array in arrays.items() if name in _NAMES}
    labels = None if "labels" not in arrays else tuple(_texts("labels", arrays["labels"], vectors.shape[1]))
    if labels is not None and len(set(labels)) < len(labels):
        raise UsageError(f"{origin}: two of its labels are alike; give each feature a name of its own")
    if features is not None:
        if labels is None:
            raise UsageError(f"{origin} has no array 'labels', so no feature can be chosen by name")
        for name in features:
            if name not in labels:
                raise unknown("label to take as a feature", name, labels)
        vectors, labels = vectors[:, [labels.index(name) for name in features]], tuple(features)
    notes = (f"arrays of {origin} that mean nothing here: {', '.join(map(legible, others))}",) if others else ()
    return Rows(texts, vectors, labels, range(1, len(vectors) + 1), "row", notes)


def _arrays(path: Path) -> tuple[Arrays, list[str]]:
    """The arrays that mean something here, and the names of the others."""
    with require_file(path).open("rb") as file:
        try:
            return _unpacked(file)
        except OSError:
            raise
        except Exception as error:  # NumPy raises whatever a damaged header leads to
            if "allow_pickle" in str(error):
                why = "it holds pickled objects, which can run a program; write text as np.array(names, dtype=str)"
            else:
                why = f"it is no NPZ file, or damaged ({one_line(str(error))}); write it with np.savez"
            raise ValueError(why) from error


def _unpacked(file: IO[bytes]) -> tuple[Arrays, list[str]]:
    with zipfile.ZipFile(file) as archive:
        require_room(sum(member.file_size for member in archive.infolist()))
    file.seek(0)
    with np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files if name in _ENTRIES}
        others = sorted({*archive.files} - {*arrays})
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name} is no array")
        if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
            native = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
            if native.view(np.uint32).max() > sys.maxunicode:
                raise ValueError(f"{name} holds what is no text")
    return arrays, others


def _texts(name: str, array: NDArray[Any], n: int) -> list[str]:
    if array.shape != (n,):
        raise ValueError(f"its array {name!r} has the shape {array.shape}, not ({n},)")
    if array.dtype.kind not in "Uiuf":
        raise ValueError(f"its array {name!r} holds {array.dtype}, not text; write np.array(…, dtype=str)")
    return [str(value) for value in array.tolist()]
