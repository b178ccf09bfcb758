"""Where in time and frequency a value comes from: one map of a recording, with everything to judge it by.

The maps of the windows are joined on one grid of frames. A window lies at the frame that is nearest to its start; where
windows overlap, the mean is taken over those that are explained, so that a frame counts once however many windows hold
it. Invariant: *of windows that do not overlap, the map sums to the sum of their differences from the baseline*, to the
gaps that are stated. Frames that no explained window holds are zero, and `covered` says which are not.

What is told of bands is the mean over the explained windows of a band's sum within the window, so that of Integrated
Gradients the bands add up to the mean difference from the baseline. Its interval is Student's, of the mean over
windows: how much it would change with as many other windows of this kind, not how true the map is of the model. It
takes windows for independent of each other. Those of a song are not quite, and those that overlap are not at all: then
it is too narrow. Windows that were chosen because the value is highest there are no sample of the song; their interval
is of windows of such high values. Each band has an interval of its own: at 95 %, of a hundred bands that add nothing,
about five leave out zero by chance alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.intervals import t_quantile
from audiolime_ext.audio.recording import Audio
from audiolime_ext.display import Plotted
from audiolime_ext.errors import UsageError
from audiolime_ext.gradients import saved, words
from audiolime_ext.gradients.differentiating import Floats
from audiolime_ext.gradients.methods.grad_cam import is_only_for
from audiolime_ext.gradients.sound import parted
from audiolime_ext.gradients.window_facts import Band, WindowFacts

SIDES = ("for", "against", "both")


@dataclass(frozen=True, eq=False)
class Relevance(Plotted):
    """How much each moment and each band adds to a value.

    Parameters
    ----------
    values : ndarray of float64, shape (n_frames, n_bands)
        Relevance, in units of the value (see the method).
    times_s : ndarray of float64, shape (n_frames,)
        Centres of the frames, in seconds of the recording.
    bands_hz : ndarray of float64, shape (n_bands,), or None
        Centres of the bands; None: not known.
    top_hz : float or None
        Frequency at which the highest band ends; None: not known.
    covered : ndarray of bool, shape (n_frames,)
        True for frames of windows that are explained.
    windows : tuple of WindowFacts
        Facts of each window.
    per_window : ndarray of float64, shape (n_windows, n_bands)
        Sum over time of each window's map.
    method : str
        Name of the method.
    target, label : str
        Name of what is explained of the outputs, and of the value.
    baseline : str or None
        Name of what the windows were compared with; None: nothing.
    model : str or None
        Spec of the model; None: it has none.
    recording, sha256 : str
        Name of the recording, and its hash.
    step_s, window_s : float
        Step between frames and length of the windows, in seconds.
    excerpt_s : (float, float)
        Start and length of the excerpt in seconds: of all that was asked about, also where the windows are the
        strongest of it alone. The mean window, and which window of another song is whose baseline, depend on it.
    seed : int
        Random seed.
    notes : tuple of str
        Sentences on what else to know.
    cited : tuple of str
        BibTeX entries of the method and the model.
    audio : Audio or None
        Recording; None for a result that was loaded.
    baseline_sha256 : str or None
        Hash of the samples of the other recording that the windows were compared with; None: it was none, or is not
        known.
    fingerprint : str or None
        Fingerprint of the model's state; None: not known.
    """

    values: Floats = field(repr=False)
    times_s: Floats = field(repr=False)
    bands_hz: Floats | None = field(repr=False)
    top_hz: float | None
    covered: NDArray[np.bool_] = field(repr=False)
    windows: tuple[WindowFacts, ...] = field(repr=False)
    per_window: Floats = field(repr=False)
    method: str
    target: str
    label: str
    baseline: str | None
    model: str | None
    recording: str
    sha256: str = field(repr=False)
    step_s: float
    window_s: float
    excerpt_s: tuple[float, float]
    seed: int = 0
    notes: tuple[str, ...] = ()
    cited: tuple[str, ...] = field(default=(), repr=False)
    audio: Audio | None = field(default=None, repr=False)
    baseline_sha256: str | None = field(default=None, repr=False)
    fingerprint: str | None = field(default=None, repr=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """The one label."""
        return (self.label,)

    @property
    def one_sided(self) -> bool:
        """Whether the method shows only what raises the value, as Grad-CAM does."""
        return is_only_for(self.method)

    @property
    def references(self) -> str:
        """BibTeX entries of everything that was used."""
        return "\n\n".join(self.cited)

    @property
    def explained(self) -> tuple[WindowFacts, ...]:
        """The windows that are explained."""
        return tuple(one for one in self.windows if not one.abstained)

    def frames_of(self, window: int) -> slice:
        """The frames of the map that a window holds, by the window's number."""
        starts = [round((one.start_s - self.windows[0].start_s) / self.step_s) for one in self.windows]
        return slice(starts[window], starts[window] + len(self.values) - max(starts))

    def bands(self, *, level: float = 0.95) -> tuple[Band, ...]:
        """Each band's sum within a window: its mean over the explained windows, with Student's interval.

        Parameters
        ----------
        level : float
            Confidence of the intervals, between 0 and 1.

        Returns
        -------
        Bands from the lowest. With fewer than two explained windows there are no intervals; with none, no bands.

        Raises
        ------
        UsageError
            If the level is not between 0 and 1.
        """
        if not 0 < level < 1:
            raise UsageError(f"level is {level}; it lies between 0 and 1, such as .95")
        own = self.per_window[[not one.abstained for one in self.windows]]
        if not len(own):
            return ()
        ends = mean_intervals(own, level)
        khz = [None] * own.shape[1] if self.bands_hz is None else [float(hz) / 1000 for hz in self.bands_hz]
        return tuple(
            Band(i, khz[i], float(mean), *(() if ends is None else (float(ends[0][i]), float(ends[1][i]))))
            for i, mean in enumerate(own.mean(axis=0))
        )

    def highlights(self, percentile: float = 95.0, *, side: str = "both") -> NDArray[np.bool_]:
        """The cells of largest relevance, shape (n_frames, n_bands).

        Parameters
        ----------
        percentile : float
            Percentile, 0 to 100, that a cell must reach among the sizes of all cells of its side; 90, 95 and 99 are in
            use. So the side has some wherever one of its cells is not zero.
        side : {"for", "against", "both"}
            Sign of the relevance: for the value, against it, or either.

        Returns
        -------
        All False where no cell is of that side.

        Raises
        ------
        UsageError
            If an argument cannot be used.
        """
        if not 0 <= percentile <= 100:
            raise UsageError(f"percentile is {percentile}; it lies between 0 and 100, such as 90, 95 or 99")
        if side not in SIDES:
            raise UsageError(f"side is {side!r}; it is 'for', 'against' or 'both'")
        sizes = {"for": self.values, "against": -self.values, "both": np.abs(self.values)}[side]
        if not (sizes > 0).any():
            return np.zeros(sizes.shape, bool)
        return np.asarray((sizes > 0) & (sizes >= np.percentile(sizes[sizes > 0], percentile)))

    def listen(self, percentile: float = 95.0, *, side: str = "for", audio: Any = None) -> Audio:
        """The part of the recording that is most relevant, as sound; see `audiolime_ext.gradients.sound`.

        Parameters
        ----------
        percentile, side : as in `highlights`
            Cells that are heard.
        audio : path, (ndarray, int), Audio, … or None
            Recording, of a result that was loaded; None: the one that it was made of.

        Returns
        -------
        Sound at the recording's own rate and channels, from the first window's start to the last one's end. Where no
        cell is of that side it is silence, and its name says that it is empty.

        Raises
        ------
        UsageError
            If the bands' frequencies are not known, or the recording is not at hand, or another.
        """
        return parted(self, self.highlights(percentile, side=side), audio)[0]

    def rest(self, percentile: float = 95.0, *, side: str = "for", audio: Any = None) -> Audio:
        """The same passage without what `listen` gives: both add up to it; parameters and errors as `listen` has."""
        return parted(self, self.highlights(percentile, side=side), audio)[1]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON: all but the map itself, which `save` writes."""
        return words.to_dict(self)

    def __str__(self) -> str:
        return words.table_of(self)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the result into a folder, as ``relevance.json`` and ``relevance.npy``, and return it.

        Raises
        ------
        OutputError
            If it cannot be written; then nothing is left half-written.
        """
        return saved.save(self, Path(folder))

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Relevance:
        """Read what `save` wrote; the recording is not in it, and is given to `listen`.

        Raises
        ------
        UsageError
            If the folder does not hold a whole saved result that this version can read.
        """
        return cls(**saved.load(Path(folder)))


def mean_intervals(own: Floats, level: float) -> tuple[Floats, Floats] | None:
    """Ends of Student's intervals of means over windows; None where there are fewer than two.

    Parameters
    ----------
    own : ndarray of float64, shape (n_windows, n)
        Numbers of each window.
    level : float
        Confidence of the intervals, between 0 and 1.

    Examples
    --------
    >>> low, high = mean_intervals(np.array([[0.1], [0.3]]), 0.95)  # a mean of 0.2, 12.7 standard errors to either side
    >>> low.round(2), high.round(2)
    (array([-1.07]), array([1.47]))
    """
    if len(own) < 2:
        return None
    mean, errors = own.mean(axis=0), own.std(axis=0, ddof=1) / np.sqrt(len(own))
    half = t_quantile((1 + level) / 2, len(own) - 1) * errors
    return mean - half, mean + half


def joined(
    values: Floats, offsets: NDArray[np.int64], explained: NDArray[np.bool_]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Maps of windows (n_windows, n_frames, n_bands) on one grid of frames, and which frames are covered.

    Parameters
    ----------
    values : ndarray of float64, shape (n_windows, n_frames, n_bands)
        Maps of the windows.
    offsets : ndarray of int, shape (n_windows,)
        Frame of the grid at which each window begins.
    explained : ndarray of bool, shape (n_windows,)
        False for windows that are left out.

    Examples
    --------
    >>> maps = np.array([[[1.0], [1.0]], [[3.0], [3.0]]])
    >>> joined(maps, np.array([0, 1]), np.array([True, True]))[0][:, 0]
    array([1., 2., 3.])
    """
    n_frames = values.shape[1]
    total, count = np.zeros((int(offsets.max()) + n_frames, values.shape[2])), np.zeros(int(offsets.max()) + n_frames)
    for one, offset, counts in zip(values, offsets.tolist(), explained.tolist(), strict=True):
        if counts:
            total[offset : offset + n_frames] += one
            count[offset : offset + n_frames] += 1
    return total / np.maximum(count, 1)[:, None], count > 0
