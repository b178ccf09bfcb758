"""A listener's taste, learnt from songs that are liked and songs that are not.

A logistic regression on the songs' directions, with an L2 penalty, as simple a model of a user as explanations can be
asked of [1]_. Liked and disliked weigh the same in sum, whatever their numbers. It answers with weights of the outputs,
so songs are ranked by one product, like similarities; *the log-odds of a song are the product of its direction with
the weights, plus the intercept*.

Without disliked songs, up to 200 songs drawn from the rest of the collection stand for them, which a note says: most
songs of a collection are not what a listener looks for, but some of those drawn may be.

References
----------
.. [1] Melchiorre et al., "LEMONS: Listenable Explanations for Music recOmmeNder Systems", ECIR 2021.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from audiolime_ext.recommendation.space import Vector

N_DRAWN = 200


@dataclass(frozen=True, eq=False)
class Taste:
    """What was learnt: `weights` of the outputs, shape (n_features,), and the `intercept` of the log-odds."""

    weights: Vector = field(repr=False)
    intercept: float

    def probability(self, products: Vector) -> Vector:
        """Probability that a song is liked, of the products of directions with the weights."""
        from scipy.special import expit

        return np.asarray(expit(products + self.intercept))


def learn(liked: Vector, disliked: Vector) -> Taste:
    """The taste that tells liked from disliked songs.

    Parameters
    ----------
    liked, disliked : ndarray of float64, shape (n_liked, n_features) and (n_disliked, n_features)
        Directions of songs; one of each at least.

    Examples
    --------
    >>> taste = learn(np.array([[1.0, 0.0], [0.8, 0.6]]), np.array([[-1.0, 0.0]]))
    >>> taste.probability(np.array([[0.6, 0.8], [-0.6, 0.8]]) @ taste.weights).round(2)
    array([0.66, 0.41])
    """
    from sklearn.linear_model import LogisticRegression

    directions = np.concatenate([liked, disliked])
    labels = np.repeat([1, 0], [len(liked), len(disliked)])
    fitted = LogisticRegression(class_weight="balanced", max_iter=1000).fit(directions, labels)
    return Taste(np.asarray(fitted.coef_[0], np.float64), float(fitted.intercept_[0]))
