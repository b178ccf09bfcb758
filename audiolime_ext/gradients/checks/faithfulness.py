"""Is a map true of the model? The model is asked about features, and about sound, without what the map names.

*On the features.* The cells of a window are put in an order, and a tenth of them at a time is replaced by the
baseline's (deletion) or, from the baseline, by the window's (insertion). Where the map's order is right the value falls
soon, and rises soon: a small deletion area, a large insertion area, as `audiolime_ext.faithfulness.curves` has them for
components. Three orders are compared, since either area alone says nothing:

- *the map's*: the largest relevance for the value first, the largest against it last;
- *loudest*: the cells that are farthest from the baseline first, which needs no gradient;
- *random*: a mean over some orders. Read from either end it is the same, so deletion and insertion share it.

A window with a few cells of the baseline is an odd input, which no recording gives; that is so for all three. It can
leave deletion without a say: without a quarter of its cells, whichever they are, musicnn says nothing of the label any
more, and the three areas were .066, .069 and .069 (one window of the bundled clip, five points). Insertion told the
orders apart there.

*On the sound.* What `Relevance.listen` plays, the cells of largest relevance for the value, is given to the model as a
recording of its own, and so is the rest. The measures are those of `audiolime_ext.faithfulness.removal` for stems: AI,
AD, AG, FF and Fid-In. Much of a recording says much of it, whichever part it is: read them beside the share of cells
that is heard. Cells are chosen over the whole recording, so in a window may be none; its part is silence.

All is of the windows that are explained. Intervals are a bootstrap over them: how much other windows would change a
mean, not how true it is. `audiolime_ext.gradients.checks.randomised` asks the other question, whether the map depends
on what the network has learned.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.audio.recording import Audio
from audiolime_ext.errors import UsageError
from audiolime_ext.faithfulness.check import removal_measures
from audiolime_ext.faithfulness.curves import area_under
from audiolime_ext.gradients.checks.again import Again, ask_again
from audiolime_ext.gradients.checks.mean import Mean
from audiolime_ext.gradients.differentiating import Floats, values_of
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.gradients.sound import parted
from audiolime_ext.prediction.targets import Target, TargetSpec
from audiolime_ext.progress.stages import Told, stage, tells_progress
from audiolime_ext.text import counted, minus, text_table

ORDERS = ("map", "loudest", "random")
CURVES = ("deletion", "insertion")
N_STEPS, N_RANDOM, PERCENTILE = 10, 3, 95.0
STAGE = "taking cells away"


@dataclass(frozen=True, eq=False)
class MapFaithfulness:
    """What the model says of a map.

    Parameters
    ----------
    label, target, method, recording : str
        Names of the value, the target, the map's method and the recording.
    curves : ndarray of float64, shape (2, 3, n_windows, n_steps + 1)
        Value of each window after each step, for the curves of `CURVES` and the orders of `ORDERS`; deletion begins
        with the window, insertion with the baseline.
    measures : mapping of str to Mean
        Measures of the audible part by name; a window in which one is undefined is left out of its mean. Empty where it
        cannot be heard.
    share : float
        Share of the cells that are heard.
    percentile : float
        Percentile of the size of relevance from which on cells are heard.
    notes : tuple of str
        Sentences on what else to know.
    """

    label: str
    target: str
    method: str
    recording: str
    curves: NDArray[np.float64] = field(repr=False)
    measures: dict[str, Mean]
    share: float
    percentile: float
    notes: tuple[str, ...] = ()

    @property
    def fractions(self) -> tuple[float, ...]:
        """Share of the cells that were taken away, or put in, at each point of a curve."""
        return tuple(np.linspace(0, 1, self.curves.shape[-1]).tolist())

    @property
    def _areas(self) -> Floats:
        """Areas under the curves, shape (2, 3, n_windows)."""
        return np.asarray(np.apply_along_axis(area_under, -1, self.curves))

    def curve(self, kind: str, order: str) -> tuple[Mean, ...]:
        """The mean over windows of each point of a curve, with its interval; "deletion" or "insertion", by an order."""
        return tuple(Mean.over(point) for point in self._named(self.curves, kind, order).T)

    def area(self, kind: str, order: str) -> Mean:
        """The mean area under a curve."""
        return Mean.over(self._named(self._areas, kind, order))

    def gain(self, kind: str, over: str) -> Mean:
        """How much better the map's order is than another, window by window: above zero it is better.

        Of deletion that is how much smaller its area is, of insertion how much larger.
        """
        other, own = (self._named(self._areas, kind, order) for order in (over, "map"))
        return Mean.over(other - own if kind == "deletion" else own - other)

    def _named(self, values: Floats, kind: str, order: str) -> Floats:
        if kind not in CURVES or order not in ORDERS:
            raise UsageError(f"curves are {' and '.join(CURVES)}, by {', '.join(ORDERS)}; got {kind!r} by {order!r}")
        return np.asarray(values[CURVES.index(kind), ORDERS.index(order)])

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        pairs = [(kind, order) for kind in CURVES for order in ORDERS]
        return {
            "label": self.label,
            "target": self.target,
            "method": self.method,
            "recording": self.recording,
            "n_windows": self.curves.shape[2],
            "fractions": list(self.fractions),
            "curves": [
                {
                    "curve": kind,
                    "order": order,
                    "points": [vars(point) for point in self.curve(kind, order)],
                    "area": vars(self.area(kind, order)),
                    "gain_of_the_map": None if order == "map" else vars(self.gain(kind, order)),
                }
                for kind, order in pairs
            ],
            "audible": {name: vars(mean) for name, mean in self.measures.items()},
            "audible_share": self.share,
            "percentile": self.percentile,
            "notes": list(self.notes),
        }

    def sentences(self) -> tuple[str, ...]:
        """Whether the map's order is better than the two others, by each curve."""
        return tuple(self._told(kind, over) for kind in CURVES for over in ("random", "loudest"))

    def _told(self, kind: str, over: str) -> str:
        found, name = self.gain(kind, over), "a random order" if over == "random" else "the loudest first"
        if found.value is None:
            return f"{kind}: no window is explained"
        how = "better" if found.value > 0 else "worse"
        clear = "" if found.is_clear else ", not clearly" if found.n > 1 else ", of one window"
        return f"{kind}: the map's order is {how} than {name}{clear} (by {found})"

    def __str__(self) -> str:
        areas = text_table(["area", *ORDERS], [[k, *(str(self.area(k, order)) for order in ORDERS)] for k in CURVES])
        rows = [[name, str(mean), str(mean.n)] for name, mean in self.measures.items()]
        heard = ["", text_table([f"{100 * self.share:.1f} % of the cells, heard", "", "windows"], rows)] if rows else []
        head = f"{self.recording}, {counted(self.curves.shape[2], 'window')}: {self.label} by {self.method}"
        notes = (f"note: {note}" for note in self.notes)
        return minus("\n".join([head, "", areas, *heard, "", *self.sentences(), *notes]))


@tells_progress
def faithfulness(
    relevance: Relevance,
    model: Any,
    *,
    target: TargetSpec | Target | None = None,
    baseline: Any = "silence",
    audio: Audio | None = None,
    n_steps: int = N_STEPS,
    n_random: int = N_RANDOM,
    percentile: float = PERCENTILE,
    seed: int = 0,
    progress: Told = None,
) -> MapFaithfulness:
    """Check a map against the model, on its features and by ear.

    Parameters
    ----------
    relevance : Relevance
        Map.
    model : str or Model
        Model that it is of, or its spec string.
    target : as in `audiolime_ext.gradients.pipeline.relevance`, or None
        Target of the map; None: its name says all, as those of scores and log-odds do.
    baseline : as in `audiolime_ext.gradients.pipeline.relevance`
        Baseline of the map; of a map without one, what takes the place of cells that are taken away.
    audio : Audio or None
        Recording, of a map that was loaded; None: the one at hand.
    n_steps : int
        Number of steps in which all cells are replaced.
    n_random : int
        Number of random orders.
    percentile : float
        Percentile of the size of relevance that cells must reach to be heard, see `Relevance.highlights`.
    seed : int
        Seed of the random orders, and of the order of cells that are equal.
    progress : callable of one Progress, bool or None
        Function that is told how far the work is, see `audiolime_ext.prediction.taggram.tag`.

    Raises
    ------
    UsageError
        If the map is of something else, no window is explained, or an argument cannot be used.
    ModelError
        If the model fails, or answers NaN or infinity.

    Examples
    --------
    >>> from audiolime_ext import tagger
    >>> from audiolime_ext.gradients.pipeline import relevance
    >>> class Low:  # hears the lowest eight bands
    ...     labels, sr, window_s, hop_s, lead_s, min_s, n_channels = ["low"], 8000, 1.0, 1.0, 0.0, None, 1
    ...     spec = fingerprint = None
    ...     batch_size, references = 4, ()
    ...     front_end = tagger(np.mean, sr=8000, front_end="log-mel:256,128,32").front_end
    ...     def __call__(self, batch):
    ...         return self.front_end(batch)[:, :, :8].mean((1, 2))[:, None]
    ...     def vjp(self, features, cotangent_fn, *, wrt=None):
    ...         outputs, slope = features[:, :, :8].mean((1, 2))[:, None], np.zeros_like(features)
    ...         slope[:, :, :8] = 1 / slope[0, :, :8].size
    ...         return outputs, features, cotangent_fn(outputs)[:, :, None] * slope
    >>> found = relevance((np.random.default_rng(0).normal(0, 0.1, 16000), 8000), Low())
    >>> checked = faithfulness(found, Low())
    >>> checked.gain("deletion", "random").value > 0.1, checked.measures["score_drop"].value > 0
    (True, True)
    """
    if n_steps < 1 or n_random < 1:
        raise UsageError(f"n_steps is {n_steps} and n_random {n_random}; both are 1 or more")
    again = ask_again(relevance, model, target=target, baseline=baseline, audio=audio)
    if not len(again.maps):
        raise UsageError("no window of the map is explained, so there is nothing to check")
    notes = []
    if (quiet := len(relevance.windows) - len(again.maps)) > 0:
        notes.append(f"{counted(quiet, 'window is', 'windows are')} not explained by the map, and left out")
    if relevance.baseline is None:
        notes.append(f"{relevance.method} starts from nothing; cells that are taken away are those of silence")
    measures: dict[str, Mean] = {}
    if relevance.bands_hz is None:
        notes.append("the front end does not say which frequencies its bands are, so no part can be heard")
    else:
        measures, reasons = _audible(again, percentile, audio)
        notes += reasons
    chosen = relevance.highlights(percentile, side="for")
    return MapFaithfulness(
        relevance.label,
        relevance.target,
        relevance.method,
        relevance.recording,
        _curves(again, n_steps, n_random, seed),
        measures,
        float(chosen[relevance.covered].mean()),
        percentile,
        tuple(notes),
    )


def n_asked(n_steps: int = N_STEPS, n_random: int = N_RANDOM) -> int:
    """How often the network is asked about each window: the baseline once, both ends, and all steps between them.

    Examples
    --------
    >>> n_asked(), n_asked(n_steps=1)
    (66, 3)
    """
    return 3 + (n_steps - 1) * (2 * 2 + n_random)


def _curves(again: Again, n_steps: int, n_random: int, seed: int) -> NDArray[np.float64]:
    """Values along the three orders, shape (2, 3, n_windows, n_steps + 1)."""
    rng, n = np.random.default_rng(seed), len(again.maps)
    far = np.abs(again.features.astype(np.float64) - again.base)
    ranks = [_ranks(again.maps, rng), _ranks(far, rng)]
    ranks += [_ranks(rng.random(again.maps.shape), rng) for _ in range(n_random)]
    found, limits = np.empty((2, len(ranks), n, n_steps + 1)), np.linspace(0, 1, n_steps + 1)
    ends = [values_of(again.model, one, again.aim) for one in (again.features, again.base)]
    found[0, ..., 0], found[0, ..., -1] = ends
    found[1, ..., 0], found[1, ..., -1] = ends[::-1]
    with stage(STAGE, (n_steps - 1) * (2 + len(ranks)), "step") as taking:
        for i, own in enumerate(ranks):
            for k, limit in enumerate(limits[1:-1].tolist(), 1):
                chosen = own < limit
                found[0, i, :, k] = values_of(again.model, np.where(chosen, again.base, again.features), again.aim)
                taking.advance(1)
                if i < 2:
                    found[1, i, :, k] = values_of(again.model, np.where(chosen, again.features, again.base), again.aim)
                    taking.advance(1)
    found[1, 2:] = found[0, 2:, :, ::-1]
    return np.concatenate([found[:, :2], found[:, 2:].mean(axis=1, keepdims=True)], axis=1)


def _ranks(values: Floats, rng: np.random.Generator) -> Floats:
    """The place of each cell in its window, the largest first, as a share from 0 to below 1; equal ones at random."""
    flat = values.reshape(len(values), -1)
    places = np.empty(flat.shape)
    for own, cells in zip(places, flat, strict=True):
        order = rng.permutation(cells.size)
        own[order[np.argsort(-cells[order], kind="stable")]] = np.arange(cells.size) / cells.size
    return places.reshape(values.shape)


def _audible(again: Again, percentile: float, audio: Audio | None) -> tuple[dict[str, Mean], list[str]]:
    """The measures of the part that is heard, each as a mean over windows; and why some are not of all windows."""
    relevance, recording = again.relevance, again.heard.audio
    part, _ = parted(relevance, relevance.highlights(percentile, side="for"), audio)
    begin = max(0, round(relevance.windows[0].start_s * recording.sr))
    alone = np.zeros_like(recording.samples)
    alone[:, begin : begin + part.n_samples] = part.samples
    sounds = (alone, recording.samples - alone)
    answers = [again.answers(Audio(one, recording.sr, recording.name)) for one in sounds]
    full = again.whole.apply(again.outputs)
    found = [
        removal_measures(own, np.stack(sets), again.column)
        for own, *sets in zip(full, answers[0], answers[1], strict=True)
    ]
    values = {name: np.array([_or_nan(one[name].value) for one in found]) for name in found[0]}
    reasons = {
        name: {one[name].reason: None for one in found if one[name].value is None}
        for name, own in values.items()
        if np.isnan(own).any()
    }
    told = [f"{name} is not of all windows: {'; '.join(why)}" for name, why in reasons.items()]
    return {name: Mean.over(own) for name, own in values.items()}, told


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value
