"""audioLIME's interface of 2021: its explainer, its arguments and its result, over any factorization.

Code of old runs once its imports name this package; in audioLIME's README these are::

    from audiolime_ext.compat import RawAudioProvider, SpleeterFactorization, audiolime as lime_audio

`bind` joins any other factorization and a recording; an object with audioLIME's methods, of one's own, is taken as it
is (`foreign`)::

    bound = bind("cerberus", "song.mp3", start_s=30.0, duration_s=3.0, n_temporal_segments=6)
    e = LimeAudioExplainer(random_state=0).explain_instance(bound, predict_fn, labels=[12], num_samples=1000)
    sources, numbers = e.get_sorted_components(12, negative_components=False, num_components=1, return_indeces=True)

What is the same: a function is asked at 16 kHz (3 s are 48,000 samples) unless `target_sr` says otherwise; component
``segment * n_sources + source`` is that source in that segment; where nothing qualifies, `get_sorted_components` gives
one signal of silence and no number, so that a sum can be listened to; the first row is all on, every other switches
each component with probability 1/2, and an integer `random_state` draws exactly the rows that audioLIME drew at its
first call; rows count by sqrt(exp(−d² / width²)), with d their cosine distance to all on; the lime package fits a
*ridge regression with penalty 1* and selects features; `score` is its weighted R² on the rows that it was fitted to. Of
51 combinations of the options all agree to 1e-5. The penalty shrinks weights, most where rows are few: where two
components weigh .5 each, .49 is left with 1000 rows and .1 with the four rows of ``num_samples="exhaustive"`` (five
components: .36). `audiolime_ext.explain` has no such penalty.

What differs, on purpose (``tests/compat/test_differences.py`` has a test of each row)::

    | subject | audioLIME 0.0.3 | here | why |
    |---|---|---|---|
    | a model's rate | `target_sr` for all | its own, where it has one | no model hears a rate it was not made for |
    | predictions | one a row | one for each different mask | 1000 rows of 5 components are 32 masks |
    | all on | sum of the estimates | the recording | the score is the model's own |
    | separation | of mono at `target_sr` | of the recording as it is | what separators were made for |
    | end | dropped if it fills no segment | in the last segment | nothing is left out unheard |
    | borders | cut | crossfaded, 10 ms | no clicks that a model could hear |
    | under a second | ZeroDivisionError | one segment | short sounds can be explained |
    | gaps | `manual_segments` may leave some | refused | what is in no component is on or off unseen |
    | integer `random_state` | goes on with every call | the same rows at every call | a result is known by its seed |
    | no `random_state` | NumPy's global generator | 0 | the same call, the same result |
    | `random_seed` | never used | seeds the rows | it was asked for |
    | `labels` | lists, tuples, sets | arrays, one number, names, too | an array raised ValueError |
    | no `labels` | TypeError | the five highest | that is what one asks first |
    | `local_exp` of top labels | lowest label first | highest first | its first key is the top label |
    | negative only | weakest first | strongest first | the first one is meant to matter most |
    | `num_components` | int | NumPy's integers, too | they come out of arrays |
    | label not explained | KeyError | UsageError, which names those that were | it says what to write |
    | `highest_weights` | ranks without penalty | ranks with .01, as lime does | it differs where weights nearly tie |
    | `model_regressor` | is fitted itself | is copied | what was given stays as it was |
    | `distance` | empty | by output | it is documented there |
    | a silent excerpt | explained | refused | no component of it can be heard |

Reference: Haunschmid, Manilow and Widmer, "audioLIME: Listenable explanations using source separation", MML 2020.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.attribution.lime import KERNEL_WIDTH, exponential_kernel
from audiolime_ext.compat.audio_explanation import AudioExplanation, distinct
from audiolime_ext.compat.binding import BoundFactorization
from audiolime_ext.compat.foreign import Foreign, game_of, lacking
from audiolime_ext.compat.surrogate import SELECTIONS, Surrogate, distances_to_all_on
from audiolime_ext.components.game import Game
from audiolime_ext.components.masks import Masks, enumerate_masks
from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.labels import label_indices, label_names
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.plain_values import plain
from audiolime_ext.text import counted

Array = NDArray[np.float64]

N_TOP_LABELS = 5
MOST_COMPONENTS = 20  # of "exhaustive": a million masks


class LimeAudioExplainer:
    """audioLIME's explainer; see the module for what is the same and what differs.

    Parameters
    ----------
    kernel_width : float
        Width of the kernel in units of the distance, above 0.
    kernel : callable, or None
        Function, called as ``kernel(distances, kernel_width=…)``, that gives the rows' weights; None:
        sqrt(exp(−d² / width²)).
    verbose : bool
        True to print each surrogate's intercept and prediction.
    feature_selection : {"auto", "forward_selection", "highest_weights", "lasso_path", "none"}
        Selection of components, as in lime.
    absolute_feature_sort : bool
        True to sort results by the size of the weights; else they are sorted by the weights.
    random_state : int, numpy.random.RandomState or None
        Seed, or a generator, which then moves on with every explanation; None: 0.

    Examples
    --------
    >>> import numpy as np
    >>> from audiolime_ext.compat import bind
    >>> from factorizations.oracle import OracleFactorization
    >>> tone = np.sin(np.arange(8000) / 10).astype(np.float32)
    >>> oracle = OracleFactorization({"loud": (tone, 8000), "soft": (tone / 10, 8000)})
    >>> peak = lambda batch: np.abs(batch).max(axis=1, keepdims=True)
    >>> e = LimeAudioExplainer().explain_instance(bind(oracle, oracle.mixture), peak, labels=[0], progress_bar=False)
    >>> e.as_list(0)[0][0], len(e.neighborhood_data), len(e.neighborhood.masks)
    ('loud', 1000, 4)
    """

    def __init__(
        self,
        kernel_width: float = KERNEL_WIDTH,
        kernel: Callable[..., Array] | None = None,
        verbose: bool = False,
        feature_selection: str = "auto",
        absolute_feature_sort: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        if not kernel_width > 0:
            raise UsageError(f"kernel_width must be positive, not {kernel_width!r}")
        if feature_selection not in SELECTIONS:
            raise unknown("feature_selection", feature_selection, SELECTIONS)
        self.kernel_width = float(kernel_width)
        self.kernel = kernel
        self.verbose = verbose
        self.feature_selection = feature_selection
        self.absolute_feature_sort = absolute_feature_sort
        self.random_state = random_state

    def explain_instance(
        self,
        factorization: BoundFactorization | Foreign,
        predict_fn: Any,
        labels: Iterable[int | str] | int | str | None = None,
        top_labels: int | None = None,
        num_reg_targets: int | None = None,
        num_features: int = 100000,
        num_samples: int | Literal["exhaustive"] = 1000,
        batch_size: int = 10,
        distance_metric: str = "cosine",
        model_regressor: Any = None,
        random_seed: int | None = None,
        fit_intercept: bool = True,
        progress_bar: bool = True,
    ) -> AudioExplanation:
        """Explain a prediction.

        Parameters
        ----------
        factorization : BoundFactorization or object
            Factorization and excerpt, joined by `bind`; or an object with audioLIME's methods, see `foreign`.
        predict_fn : Model, str or callable
            Model, its spec string, or any function from float32 (n_batch, n_samples) at 16 kHz (see `bind`) to
            (n_batch, n_labels).
        labels : int, str, iterable of these, or None
            Outputs to explain, by number or name.
        top_labels : int or None
            Number of the highest outputs to explain; `labels` is then ignored.
        num_reg_targets : int or None
            Number of the first outputs to explain, for regressors; excludes the two above. Without any of the three the
            five highest outputs are explained.
        num_features : int
            Largest number of components with a weight.
        num_samples : int or "exhaustive"
            Number of rows to draw, the first of which is all on; ``"exhaustive"``: every mask once.
        batch_size : int
            Largest number of signals that `predict_fn` is given at a time; a model of a class of its own uses its own.
        distance_metric : str
            Name of the metric: ``"cosine"``, or another that ``sklearn.metrics.pairwise_distances`` knows.
        model_regressor : estimator or None
            Regressor with scikit-learn's interface and `sample_weight`; None: ridge regression with penalty 1.
        random_seed : int or None
            Seed of the rows; None: the explainer's `random_state`.
        fit_intercept : bool
            True to give the ridge regression an intercept; a `model_regressor` has its own setting.
        progress_bar : bool
            True to show progress on a terminal.

        Raises
        ------
        AudioError, ModelError, UsageError, MissingError
            See `audiolime_ext.errors`.
        """
        if num_reg_targets is not None and (labels is not None or top_labels is not None):
            raise UsageError("give labels or top_labels for a classifier, num_reg_targets for a regressor; not both")
        numbers = {"top_labels": top_labels, "num_reg_targets": num_reg_targets, "num_features": num_features}
        _require_positive(
            **numbers, batch_size=batch_size, num_samples=None if num_samples == "exhaustive" else num_samples
        )
        if labels is None and num_reg_targets is None:
            top_labels = top_labels or N_TOP_LABELS
        heard, game, model = _joined(factorization, predict_fn, batch_size, progress_bar)
        drawn = self._draw(game.n, num_samples, random_seed)
        if isinstance(heard, BoundFactorization):
            game(distinct(drawn)[0])  # all off, too, while the model is at hand
        scores, distances = game(drawn), distances_to_all_on(drawn, distance_metric)
        names = label_names(model, scores.shape[1])
        wanted = _wanted(labels, top_labels, num_reg_targets, scores[0], names)

        surrogate = Surrogate(self._weigh, self.feature_selection, model_regressor, fit_intercept, self.verbose)
        fits = {column: surrogate.fit(drawn, scores, distances, column, num_features) for column in wanted}
        return AudioExplanation(
            heard,
            names,
            game,
            drawn.astype(np.int64),
            scores,
            local_exp={column: self._sorted(fit.weights) for column, fit in fits.items()},
            intercept={column: fit.intercept for column, fit in fits.items()},
            score={column: fit.score for column, fit in fits.items()},
            local_pred={column: fit.local_pred for column, fit in fits.items()},
            distance=dict.fromkeys(wanted, distances),
            top_labels=None if top_labels is None else wanted,
        )

    def _draw(self, n: int, num_samples: int | Literal["exhaustive"], seed: int | None) -> Masks:
        """Rows in the order of the fit, shape (n_rows, n); the first is all on."""
        if num_samples == "exhaustive":
            if n > MOST_COMPONENTS:
                raise UsageError(
                    f"{counted(n, 'component has', 'components have')} {2**n} masks; give num_samples a number "
                    "instead of 'exhaustive'"
                )
            return enumerate_masks(n)[::-1, ::-1]
        rng = _random_state(self.random_state if seed is None else seed)
        if seed is None:
            rng.randint(0, high=1000)  # audioLIME drew a seed here, which it never used
        drawn = rng.randint(0, 2, num_samples * n).reshape(num_samples, n) == 1
        drawn[0] = True
        return np.asarray(drawn)

    def _weigh(self, distances: Array) -> Array:
        if self.kernel is None:
            return exponential_kernel(distances, self.kernel_width)
        return self.kernel(distances, kernel_width=self.kernel_width)

    def _sorted(self, weights: list[tuple[int, float]]) -> list[tuple[int, float]]:
        """Pairs (component, weight), by weight unless the size counts, by which they come."""
        return weights if self.absolute_feature_sort else sorted(weights, key=lambda pair: -pair[1])


def _joined(
    factorization: Any, predict_fn: Any, batch_size: int, progress: bool
) -> tuple[BoundFactorization | Foreign, Game, Model]:
    """What is explained as the model hears it, the game of both, and the model."""
    sr = factorization.target_sr if isinstance(factorization, BoundFactorization) else None
    model = load_model(predict_fn, sr=sr)
    if isinstance(model, FunctionModel):
        model = replace(model, batch_size=min(batch_size, model.batch_size or batch_size))
    if isinstance(factorization, BoundFactorization):
        model = _composing(model, factorization)
        heard = factorization.heard_by(model)
        return heard, Game.of(heard.parts, model, progress=progress), model
    if missing := lacking(factorization):
        raise UsageError(
            f"explain_instance needs bind(factorization, audio, …), or an object with audioLIME's methods; "
            f"{factorization!r} has no {', '.join(missing)}"
        )
    return factorization, game_of(factorization, model, progress=progress), model


def _composing(model: Model, bound: BoundFactorization) -> Model:
    """The model behind `composition_fn`, which makes its input of each mix."""
    compose = bound.composition_fn
    if compose is None:
        return model
    if not isinstance(model, FunctionModel) or model.front_end is not None:
        raise UsageError(
            "composition_fn is for a function that takes what it makes; this model hears signals, or has a front_end "
            "of its own: leave out composition_fn"
        )
    of_batch = lambda batch: np.stack([np.asarray(compose(signal)) for signal in batch])  # noqa: E731
    return replace(model, front_end=compose if model.one_at_a_time else of_batch)


def _random_state(seed: Any) -> np.random.RandomState:
    try:
        return seed if isinstance(seed, np.random.RandomState) else np.random.RandomState(seed or 0)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{seed!r} is not a seed: {error}") from error


def _wanted(
    labels: Any, top_labels: int | None, num_reg_targets: int | None, full: Array, names: tuple[str, ...]
) -> list[int]:
    if num_reg_targets is not None:
        return label_indices(range(num_reg_targets), names)
    if top_labels is not None:
        return [int(i) for i in np.argsort(-full, kind="stable")[:top_labels]]
    labels = plain(labels)
    given = list(labels) if isinstance(labels, Iterable) and not isinstance(labels, str) else [labels]
    if not given:
        raise UsageError("labels is empty; name at least one label, or give None for the highest ones")
    return label_indices(given, names)


def _require_positive(**numbers: int | None) -> None:
    for name, number in numbers.items():
        if number is not None and (not isinstance(number, (int, np.integer)) or number < 1):
            raise UsageError(f"{name} must be a positive number, not {number!r}")
