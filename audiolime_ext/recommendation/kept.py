"""What is worked out once for a whole collection: kept in the index's folder, and in memory while the index is in use.

A file ``NAME.npz`` holds arrays and a stamp: the state of the index, its model, its size, and whatever else the arrays
depend on. It is read only where all of this is the same, without pickle, and if the arrays have the shapes that they
must have: an index may come from others. Where it is missing, stale or damaged, the arrays are made again; where it
cannot be written, they are made each time, which a note says. Small collections are not kept: making them again takes
no time. Nor is anything of an index whose stems have weights, which belongs to one question; so it neither meets what
is kept of the songs as they are, nor takes its place.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.collection.index import Index
from audiolime_ext.errors import OutputError
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.files.reading import contents

LEAST_SONGS = 2000
MOST_BYTES = 2_000_000_000
_FORMAT = 1
_STAMP = "stamp"

Arrays = dict[str, NDArray[Any]]
Shapes = Mapping[str, tuple[int, ...]]
Made = TypeVar("Made")

_IN_MEMORY: WeakKeyDictionary[Index, dict[Any, Any]] = WeakKeyDictionary()


def remembered(index: Index, what: Any, make: Callable[[], Made]) -> Made:
    """What `make` returns: made once for each index object and each `what`, and forgotten with the index.

    Examples
    --------
    >>> from pathlib import Path
    >>> index = Index(Path("."), "", "", None, (), np.zeros((0, 2), np.float32))
    >>> made = [remembered(index, "a list", list) for _ in range(2)]
    >>> made[0] is made[1], remembered(index, "another", list) is made[0]
    (True, False)
    """
    known = _IN_MEMORY.setdefault(index, {})
    if what not in known:
        known[what] = make()
    made: Made = known[what]
    return made


def kept(
    index: Index, name: str, shapes: Shapes, make: Callable[[], Arrays], **depends: Any
) -> tuple[Arrays, str | None]:
    """The arrays of a file in the index's folder, or made; and a note where they could not be kept.

    Parameters
    ----------
    index : Index
        Songs that the arrays are about.
    name : str
        Name of the file, without its ending.
    shapes : mapping of str to tuple of int
        Name of each array and its shape.
    make : callable
        Function of no arguments that works the arrays out.
    **depends : plain values
        Everything besides the index that the arrays depend on.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     index = Index(Path(folder), "", "", None, (), np.zeros((LEAST_SONGS, 2), np.float32))
    ...     for number in (1.0, 2.0):
    ...         kept(index, "mean", {"mean": (1,)}, lambda: {"mean": np.array([number])})
    ({'mean': array([1.])}, None)
    ({'mean': array([1.])}, None)
    """
    if len(index.vectors) < LEAST_SONGS or index.steered:
        return make(), None
    path = index.folder / f"{name}.npz"
    stamp = json.dumps(
        {"format": _FORMAT, "state": index.state, "fingerprint": index.fingerprint, "shape": index.vectors.shape}
        | {"depends": depends},
        sort_keys=True,
    )
    if (found := _read(path, stamp, shapes)) is not None:
        return found, None
    made = make()
    file = io.BytesIO()
    np.savez(file, **{_STAMP: np.array(stamp)}, **made)  # type: ignore[arg-type]
    try:
        write_bytes(file.getvalue(), path)
    except OutputError as error:
        return made, f"{legible(path.name)} is worked out each time, for it cannot be kept: {error}"
    return made, None


def _read(path: Path, stamp: str, shapes: Shapes) -> Arrays | None:
    """The arrays of a file that bears this stamp; None where it bears another, is missing, damaged or compressed."""
    try:
        content = contents(path, MOST_BYTES)
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            if sum(part.file_size for part in file.zip.infolist()) > len(content) or str(file[_STAMP]) != stamp:
                return None
            found = {name: file[name] for name in shapes}
            fit = (found[name].shape == shape and found[name].dtype.kind in "fiu" for name, shape in shapes.items())
            return found if all(fit) else None
    except Exception:  # noqa: BLE001 - whatever a damaged archive ends in, the arrays are made again
        return None
