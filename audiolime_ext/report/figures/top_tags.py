"""How a model's answers relate to annotated genres: counts of highest labels, and their picture."""

from __future__ import annotations

import io
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.files.fresh import write_bytes
from audiolime_ext.files.names import utf8
from audiolime_ext.report.figures.figure import require_figure
from audiolime_ext.report.figures.styles import STYLES


def top_tag_counts(pairs: Sequence[tuple[str, str]]) -> tuple[list[str], list[str], NDArray[np.int64]]:
    """How many recordings of each genre have each label as their highest: labels, genres, counts (n_labels, n_genres).

    Labels and genres are in the order of their frequency.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Annotated genre and highest label of each recording.

    Examples
    --------
    >>> labels, genres, counts = top_tag_counts([("Jazz", "jazz"), ("Rock", "rock"), ("Rock", "pop"), ("Rock", "rock")])
    >>> labels, genres, counts.tolist()
    (['rock', 'jazz', 'pop'], ['Rock', 'Jazz'], [[2, 0], [0, 1], [1, 0]])
    """
    genres = [genre for genre, _ in Counter(genre for genre, _ in pairs).most_common()]
    labels = [label for label, _ in Counter(sorted(label for _, label in pairs)).most_common()]
    counts = np.zeros((len(labels), len(genres)), np.int64)
    for genre, label in pairs:
        counts[labels.index(label), genres.index(genre)] += 1
    return labels, genres, counts


def plot_top_tags(pairs: Sequence[tuple[str, str]], path: str | os.PathLike[str]) -> None:
    """Draw `top_tag_counts` into a file (png, pdf, svg): how a model's answers relate to annotated genres.

    Raises
    ------
    OutputError
        If the file cannot be written.
    UsageError
        If its name does not end in .png, .pdf or .svg.
    """
    from matplotlib import rc_context

    from audiolime_ext.report.figures.showing import new_figure

    target, rc = Path(path), STYLES["screen"].rc
    require_figure(target)
    labels, genres, counts = top_tag_counts(pairs)
    figure = new_figure((1.8 + 0.55 * len(genres), 1.4 + 0.32 * len(labels)), rc, shown=False)
    with rc_context(rc):
        axis = figure.subplots()
        axis.imshow(np.sqrt(counts), cmap="Blues", aspect="auto")
        for row, column in np.argwhere(counts):
            dark = counts[row, column] > 0.4 * counts.max()
            axis.text(column, row, counts[row, column], ha="center", va="center", color="white" if dark else "black")
        axis.set_xticks(range(len(genres)), [utf8(genre) for genre in genres], rotation=45, ha="right")
        axis.set_yticks(range(len(labels)), [utf8(label) for label in labels])
        axis.set_xlabel("annotated genre")
        axis.set_ylabel("highest label")
    buffer = io.BytesIO()
    figure.savefig(buffer, format=target.suffix[1:].lower(), dpi=150)
    write_bytes(buffer.getvalue(), target)
