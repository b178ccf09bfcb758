"""Where in time and frequency the nearness of songs comes from: a map of the very value that `why` explains by stems.

The map is of one number: the similarity to A, the similarity to A *less that to B*, or the log-odds of a taste, as
`audiolime_ext.recommendation.why.aims` has it. It is linear in the model's answers, with the query's length frozen at
that of the unaltered song; so map and stems divide the same differences, window by window, and can be compared. The
cosine with a length of its own (`audiolime_ext.prediction.similarity.nearer`) is another value, and has none for
silence where vectors are measured from it. For "why A and not B" this is reading 2 of
`audiolime_ext.gradients.methods.contrast` (which is reading 1, made in half the time), from silence.

Windows are those of the query that `why` asked about: the strongest few, or all. Beside the map stands how far it
agrees with the stems' weights (`audiolime_ext.gradients.parts.agreement`), over the windows that both know.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from audiolime_ext.files.names import utf8
from audiolime_ext.gradients.cost import Cost, cost, require_map
from audiolime_ext.gradients.methods.integrated import MOST_STEPS
from audiolime_ext.gradients.parts.agreed import Agreement
from audiolime_ext.gradients.parts.agreement import agreement
from audiolime_ext.gradients.pipeline import relevance
from audiolime_ext.gradients.relevance import Relevance
from audiolime_ext.progress.stages import Told, tells_progress
from audiolime_ext.recommendation.why.result import Why
from audiolime_ext.text import shortened

_LONGEST = 40  # letters of a song's name
STRONGEST = 3  # windows that are explained, unless others are asked for
VALUES = {
    "similarity": "the similarity to {}",
    "difference": "the similarity to {} less that to {}",
    "log-odds": "the log-odds that it fits the taste",
}


@dataclass(frozen=True, eq=False)
class NearnessMap:
    """Where in time and frequency the nearness of songs comes from, beside their stems.

    Parameters
    ----------
    relevance : Relevance
        Map of the value that the stems' weights add up to.
    agreement : Agreement or None
        Agreement of the map with these weights; None: the front end does not say which frequencies its bands are.
    reading : tuple of str
        Sentences on what the map is of, and what it does not say.
    asked : tuple of str
        Options of ``audiolime why`` that ask for it.
    """

    relevance: Relevance
    agreement: Agreement | None = field(repr=False)
    reading: tuple[str, ...] = field(repr=False)
    asked: tuple[str, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        beside = [] if self.agreement is None else ["beside the stems:", str(self.agreement), ""]
        return "\n".join([str(self.relevance), "", *beside, *(f"note: {utf8(one)}" for one in self.reading)])

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "relevance": self.relevance.to_dict(),
            "agreement": None if self.agreement is None else self.agreement.to_dict(),
            "reading": list(self.reading),
        }


@tells_progress
def nearness_map(
    why: Why,
    *,
    method: str = "integrated",
    layer: str | None = None,
    strongest: int | None = STRONGEST,
    n_steps: int | None = None,
    most_steps: int = MOST_STEPS,
    seed: int = 0,
    cache: bool = True,
    progress: Told = None,
) -> NearnessMap:
    """Where in time and frequency of the query its nearness comes from.

    Parameters
    ----------
    why : Why
        Answer of `audiolime_ext.why`, whose model can be differentiated.
    method : str
        Method, from `audiolime_ext.gradients.pipeline.METHODS`.
    layer : str or None
        Name of the layer of Grad-CAM.
    strongest : int or None
        Number of the query's windows to map, those of the highest value that are not silent; None: all.
    n_steps, most_steps : int or None, int
        Number of nodes of an integral to begin with, and the most, as for `audiolime_ext.relevance`.
    seed : int
        Random seed, of noisy copies and of intervals.
    cache : bool
        True to keep each window's map on disk.
    progress : as for `audiolime_ext.relevance`
        Function that is told how far the work is.

    Raises
    ------
    UsageError
        If the model cannot be differentiated, or an argument cannot be used.
    ModelError
        If the model fails, or its gradients are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext import tagger, why
    >>> from factorizations.oracle import OracleFactorization
    >>> class Thirds:  # an embedder: how loud the low, the middle and the high bands are
    ...     labels, sr, window_s, hop_s, lead_s, min_s, n_channels = None, 8000, 1.0, 1.0, 0.0, None, 1
    ...     spec = fingerprint = None
    ...     batch_size, references = 4, ()
    ...     front_end = tagger(np.mean, sr=8000, front_end="log-mel:256,128,30").front_end
    ...     thirds = np.repeat(np.eye(3), 10, axis=0)
    ...     def __call__(self, batch):
    ...         return self.front_end(batch).mean(axis=1) @ self.thirds
    ...     def vjp(self, features, cotangent_fn, *, wrt=None):
    ...         outputs = features.mean(axis=1) @ self.thirds
    ...         slope = cotangent_fn(outputs) @ self.thirds.T / features.shape[1]
    ...         return outputs, features, slope[:, None] * np.ones_like(features)
    >>> t = np.arange(16000) / 8000
    >>> low, high = (np.sin(2 * np.pi * hz * t).astype(np.float32) / 4 for hz in (150, 3000))
    >>> stems = OracleFactorization({"bass": (low, 8000), "whistle": (high, 8000)})
    >>> query = stems.mixture, stems
    >>> answer = why(query, (low, 8000), (high, 8000), factorization="hpss", model=Thirds(), cache=False)
    >>> found = nearness_map(answer)
    >>> [(one.component, one.state) for one in found.agreement.rows]
    [('bass', 'agrees'), ('whistle', 'agrees')]
    """
    asked = why.query.asked
    require_map(asked.asking.model, method, layer)
    sr = asked.recording.sr
    found = relevance(
        asked.recording,
        asked.asking.model,
        target=why.aim.score.target(why.aim.name),
        method=method,
        layer=layer,
        start_s=asked.first / sr,
        duration_s=(asked.end - asked.first) / sr,
        strongest=strongest,
        n_steps=n_steps,
        most_steps=most_steps,
        seed=seed,
        cache=cache,
    )
    beside = None if found.bands_hz is None else agreement(found, why.track)
    options = ["--gradients", method, *([] if layer is None else ["--layer", layer])]
    options += ["--every"] if strongest is None else []
    return NearnessMap(found, beside, reading_of(why, found), tuple(options))


def cost_of(why: Why, *, method: str = "integrated", strongest: int | None = STRONGEST) -> Cost:
    """What `nearness_map` will cost at its own settings, by a trial of one window; errors as `cost` has."""
    asked = why.query.asked
    sr = asked.recording.sr
    start_s, duration_s = asked.first / sr, (asked.end - asked.first) / sr
    given = asked.recording, asked.asking.model
    return cost(*given, method=method, strongest=strongest, start_s=start_s, duration_s=duration_s)


def reading_of(why: Why, found: Relevance) -> tuple[str, ...]:
    """What a map is of, and what it does not say."""
    names = [shortened(utf8(song.name), _LONGEST) for song in why.candidates]
    value = VALUES[why.aim.noun].format(*names)
    of = f"the map is of {value}, the number that the stems' weights add up to: the query's length is that of the "
    told = [f"{of}unaltered song"]
    if found.baseline is None:
        where = (
            "the layer holds what raises this number" if found.method.startswith("Grad-CAM") else "it would change most"
        )
        told.append(f"it says where {where}; it sums to nothing in particular")
    else:
        told.append("it says what the sounds of the query add to what silence has of this number, window by window")
    if len(why.candidates) > 1:
        told.append(
            f"it does not say which sounds, in place of those of {names[1]}, bring the query nearer to {names[0]}: "
            f"that is another question, with {names[1]} as the baseline"
        )
    return (*told, "it says what the model does with its input, and not what people hear as alike")
