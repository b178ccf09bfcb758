"""What remains of a score when only the explanation plays, and when it is taken away.

With p the score of the recording, o the score of the explanation alone and r the score without it, each measure here is
the term of *one* explanation; `audiolime_ext.faithfulness.check.aggregate` takes the means that papers print. Scores
are used as they are: a softmax or sigmoid that the model already applied is not applied again.

References
----------
Average increase and drop: A. Chattopadhay et al., Grad-CAM++, WACV 2018. Average gain: H. Zhang et al., Opti-CAM,
2023, arXiv:2301.07002. Faithfulness: J. Parekh et al., Listen to interpret, NeurIPS 2022. Input fidelity: F. Paissan,
C. Subakan and M. Ravanelli, Posthoc interpretation via quantization, 2023, arXiv:2303.12659; all five for audio:
F. Paissan, M. Ravanelli and C. Subakan, Listenable maps for audio classifiers, ICML 2024. Decision flips: S. Serrano
and N. A. Smith, Is attention interpretable?, ACL 2019.
"""

from __future__ import annotations

from audiolime_ext.faithfulness.measure import Array, Measure

_NO_PROBABILITY = "it is defined for scores between 0 and 1"


def average_increase(p: float, o: float) -> Measure:
    """AI in percent: 100 where the explanation alone scores higher than the recording, 100·[o > p].

    Examples
    --------
    >>> average_increase(0.5, 0.6).value
    100.0
    """
    return Measure(100.0 * (o > p))


def average_drop(p: float, o: float) -> Measure:
    """AD in percent: how much of the score is lost with the explanation alone, 100·max(0, p − o) / p.

    Examples
    --------
    >>> average_drop(0.5, 0.25).value
    50.0
    """
    if not _probabilities(p, o):
        return Measure.undefined(_NO_PROBABILITY)
    if p == 0:
        return Measure.undefined("the recording's score is 0: nothing can drop")
    return Measure(100.0 * max(0.0, p - o) / p)


def average_gain(p: float, o: float) -> Measure:
    """AG in percent: how much of the way to 1 is gained with the explanation alone, 100·max(0, o − p) / (1 − p).

    Examples
    --------
    >>> average_gain(0.5, 0.75).value
    50.0
    """
    if not _probabilities(p, o):
        return Measure.undefined(_NO_PROBABILITY)
    if p == 1:
        return Measure.undefined("the recording's score is 1: nothing can be gained")
    return Measure(100.0 * max(0.0, o - p) / (1.0 - p))


def score_drop(p: float, r: float) -> Measure:
    """FF, "faithfulness": by how much the score falls without the explanation, p − r.

    Examples
    --------
    >>> score_drop(0.75, 0.25).value
    0.5
    """
    return Measure(p - r)


def input_fidelity(full: Array, alone: Array) -> Measure:
    """Fid-In: 1 where the explanation alone leaves the same label highest as the recording, else 0.

    Parameters
    ----------
    full, alone : ndarray of float64, shape (n_outputs,)
        Scores of the recording and of the explanation alone.

    Examples
    --------
    >>> import numpy as np
    >>> input_fidelity(np.array([0.2, 0.7]), np.array([0.1, 0.3])).value
    1.0
    """
    if len(full) < 2:
        return Measure.undefined("the model has one output: there is no other label to be highest")
    return Measure(float(full.argmax() == alone.argmax()))


def decision_flips(full: Array, without: Array, empty: Array, column: int) -> tuple[bool | None, str]:
    """Whether a label's decision is another one without the explanation, and by which rule (or why it is undecided).

    A label that scores highest of all for the recording flips when another one scores higher without the explanation
    ("highest"). Any other label (of a model that may give several at once) flips when its score falls below the middle
    between the scores of the recording and of silence ("half-way"); there is no middle where silence scores as high.

    Parameters
    ----------
    full, without, empty : ndarray of float64, shape (n_outputs,)
        Scores of the recording, of the recording without the explanation, and of silence.
    column : int
        Position of the label among the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> decision_flips(np.array([0.9, 0.4]), np.array([0.8, 0.1]), np.array([0.1, 0.0]), 1)
    (True, 'half-way')
    """
    if len(full) > 1 and full[column] >= full.max():
        return bool(without[column] < without.max()), "highest"
    if full[column] <= empty[column]:
        return None, "silence scores as high as the recording: there is no decision to flip"
    return bool(without[column] < (full[column] + empty[column]) / 2), "half-way"


def _probabilities(*scores: float) -> bool:
    return all(0.0 <= score <= 1.0 for score in scores)
