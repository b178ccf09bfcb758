"""A result as one HTML file that opens from disk: explanations, and what is told of songs that are near."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, cast

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.names import legible
from audiolime_ext.files.places import require_writable_file
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.recommendation.evaluation.result import EmbeddingEvaluation
from audiolime_ext.recommendation.maps.result import EmbeddingMap
from audiolime_ext.recommendation.playlists.result import Playlist
from audiolime_ext.recommendation.result import Similar
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.report.evaluation.page import evaluation_html
from audiolime_ext.report.maps.page import map_html
from audiolime_ext.report.neighbours.nearest import similar_html
from audiolime_ext.report.neighbours.page import why_html
from audiolime_ext.report.playlists.page import playlist_html
from audiolime_ext.report.song.again import Explained
from audiolime_ext.report.song.page import page_html


@tells_progress
def write_page(
    explained: Explained | Sequence[Explained] | Why | Similar | Playlist | EmbeddingMap | EmbeddingEvaluation,
    path: str | os.PathLike[str],
    *,
    progress: Told = None,
    **options: Any,
) -> Path:
    """Write a result as one HTML file that opens from disk, to read and to listen to.

    Parameters
    ----------
    explained : Explanation, TrackExplanation, a sequence of them, or another result that has a page
        Explanations of recordings or excerpts (several stand side by side), why songs are near, the nearest songs,
        songs in order, a map of a collection, or how well songs find their group.
    path : str or PathLike
        HTML file to write. (Version 0.1 took it first; that order still works, with a warning.)
    progress : as for `explain`
        Function that is told how far the work is; False: nothing is shown; None: a bar, or a line now and then in a
        log.
    **options : Any
        Options of the page: ``title`` of each, and of explanations those of
        `audiolime_ext.report.song.page.page_html` (``audio``, ``mixture``, ``source_url``, ``notes``, ``notes_file``,
        ``blind``, ``maps``), of a `Why` those of `audiolime_ext.report.neighbours.page.why_html` (``audio``, ``study``,
        ``seed``), of a `Similar` and a `Playlist` ``audio``, of an `EmbeddingMap` ``sounds``.

    Raises
    ------
    UsageError
        If an option is unknown, or has a value that it cannot have.
    OutputError
        If it cannot be written; a file that was there before is then as it was.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from audiolime_ext import explain
    >>> hiss = np.random.default_rng(0).normal(0, 0.05, 32000).astype(np.float32)
    >>> loudness = lambda batch: np.sqrt((batch**2).mean(axis=1, keepdims=True))
    >>> e = explain((hiss, 16000), loudness, factorization="hpss")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = write_page(e, Path(folder) / "hiss.html", title="What is loud in hiss").read_text()
    >>> "What is loud in hiss" in page
    True
    """
    if isinstance(cast(Any, explained), (str, os.PathLike)):
        warnings.warn("write_page takes what first, then where: write_page(explained, path)", DeprecationWarning, 3)
        explained, path = cast(Any, path), cast(Any, explained)
    require_writable_file(Path(path))
    write_bytes(_html(explained, options, Path(path).name).encode("utf-8", "legible"), Path(path))
    return Path(path)


_WRITE: dict[type, Callable[..., str]] = {
    Why: why_html,
    Similar: similar_html,
    Playlist: playlist_html,
    EmbeddingMap: map_html,
    EmbeddingEvaluation: evaluation_html,
}


def _html(result: Any, options: dict[str, Any], page_name: str) -> str:
    if result is None:
        raise UsageError("there is nothing to write: give a result, such as an explanation or a Why")
    write = next((html for kind, html in _WRITE.items() if isinstance(result, kind)), page_html)
    known = [name for name in list(signature(write).parameters)[1:] if name != "page_name"]
    if odd := [name for name in options if name not in known]:
        raise unknown("option of this page", odd[0], known)
    named: dict[str, Any] = {"page_name": legible(page_name)} if write is page_html else {}
    return write(result, **options, **named)
