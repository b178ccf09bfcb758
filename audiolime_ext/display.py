"""How results show themselves, in notebooks and as figures.

The code that draws them is registered, as separators and models are: entry points of the group
``audiolime_ext.displays``, named ``html`` (a function from a result to HTML) and ``figure`` (to a matplotlib figure).
So results know nothing of pages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Literal

from audiolime_ext.errors import MissingError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GROUP = "audiolime_ext.displays"


class Plotted:
    """A result that has figures; all of them take the same arguments."""

    def plot(
        self,
        label: str | int | None = None,
        *,
        labels: Sequence[str | int] | None = None,
        ax: Axes | Sequence[Axes] | None = None,
        figsize: float | tuple[float, float] | None = None,
        kind: str | None = None,
        style: str | None = None,
        title: bool = True,
        legend: bool = True,
        colorbar: bool = True,
        heatmap: bool = True,
    ) -> Figure:
        """A figure, for a paper, a notebook or a talk.

        =====================  =====================================================================
        result                 kinds, the first of which is drawn where none is asked for
        =====================  =====================================================================
        `Explanation`          ``bars``, ``spectrogram``, and ``time`` where stems are cut in segments
        `TrackExplanation`     ``time``, ``bars`` (means over the windows), ``spectrogram``
        `Audio`                ``spectrogram``
        `Results` of an audit  ``verdicts``: rates of flips, intervals, limit and verdict of each pair
        `Why`                  ``bars`` of stems, ``matrix`` (stem by stem)
        `Similar`              ``bars``, ``matrix``
        `EmbeddingMap`         ``map``, ``movement``, ``matrix`` (the songs' directions)
        `Playlist`             ``transitions``, with the curve below it, ``curve``
        `TrainedEmbedding`     ``curves``: recall of held-out songs, and loss
        `Relevance`            ``map`` (over the spectrogram), ``bands``
        =====================  =====================================================================

        It is shown exactly once. A notebook shows it as the value of a cell or, like any figure, at the cell's end or
        by ``plt.show()``; nothing has to be switched on. In a script that has imported ``matplotlib.pyplot``, and at a
        prompt, it is pyplot's current figure: ``plt.show()``, ``plt.savefig()`` and ``plt.close()`` mean it. Elsewhere
        pyplot is not loaded: save what is returned, or call its ``show()``.

        No setting of matplotlib is changed. The style travels with the figure: saved as PDF, fonts are embedded whole
        (Type 42), as publishers ask; ``PdfPages`` writes fonts when it is closed, so set ``pdf.fonttype`` to 42 there.
        Names are text: a ``$`` in one begins no formula.

        In axes of yours type, ink and lines are yours, unless a style is named. There, and in a new figure with
        `figsize`, a warning says where data or texts have too little room, and what to leave out.

        Parameters
        ----------
        label : str, int or None
            Label to draw, the same as `labels` with that one alone.
        labels : sequence of str and int, or None
            Labels to draw, one below the other on one scale; None: those that were asked for (of an audit: all
            classes).
        ax : Axes, sequence of Axes, or None
            Axes to draw in, one for each label; their figure is returned. Weights over time of a track take one more,
            the first, for the heat map. None: a new figure.
        figsize : float, (float, float) or None
            Width (from 2), or width and height, in inches; None: 7 inches, or 3.4 (one column) with ``style="paper"``.
        kind : str or None
            Kind of the figure, from the table above.
        style : {"screen", "paper"} or None
            Style: ``"paper"`` has type of 8 points, thin lines, and hatched areas that differ in greys, too. None:
            ``"screen"``, or with `ax` the user's own, hatched as well.
        title : bool
            False to draw no titles; a caption can say what they say.
        legend : bool
            False to draw no legend.
        colorbar : bool
            False to draw no colour bars.
        heatmap : bool
            False to leave out the heat map of a model's scores above the weights over time of a track.

        Raises
        ------
        UsageError
            If an argument cannot be used, or the result holds nothing to draw of that kind.

        Examples
        --------
        >>> import numpy as np
        >>> from audiolime_ext import explain, tagger
        >>> from factorizations.oracle import OracleFactorization
        >>> tone = np.sin(np.arange(8000) / 10).astype(np.float32)
        >>> oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
        >>> peak = tagger(lambda batch: np.abs(batch).max(axis=1, keepdims=True), labels=["peak"])
        >>> figure = explain(oracle.mixture, peak, factorization=oracle).plot(style="paper")
        >>> figure.axes[0].get_xlabel()
        'contribution to the value'
        >>> figure.savefig("peak.pdf")  # doctest: +SKIP
        """
        asked = {"label": label, "labels": labels, "ax": ax, "figsize": figsize, "kind": kind, "style": style}
        return plotted(self, **asked, title=title, legend=legend, colorbar=colorbar, heatmap=heatmap)


def shown(result: Any) -> str:
    """The HTML that a notebook shows for an `Audio`, an `Explanation` or a `TrackExplanation`."""
    return str(_display("html")(result))


def plotted(result: Any, **options: Any) -> Figure:
    """The matplotlib figure of a result."""
    figure: Figure = _display("figure")(result, **options)
    return figure


def _display(kind: Literal["html", "figure"]) -> Callable[..., Any]:
    for point in entry_points(group=GROUP, name=kind):
        found: Callable[..., Any] = point.load()
        return found
    raise MissingError(f"nothing is registered as {GROUP!r} {kind!r}; install audiolime-ext again (pip install)")
