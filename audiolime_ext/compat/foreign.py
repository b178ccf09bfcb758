"""Factorizations that were written for audioLIME: any object with its methods, asked as audioLIME asked it.

Such an object knows its number of components (`get_number_components`) and makes the model's input of those that are
on (`compose_model_input`): sound, or whatever the model takes. Its `retrieve_components` gives what
`AudioExplanation.get_sorted_components` returns, `get_ordered_component_names` the names. Each mask is asked about
once; the predict function is given a batch of what was composed, as float32. All off is composed only where it was
drawn, or is asked for later: audioLIME's older factorizations cannot.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.components.game import Game, answers
from audiolime_ext.components.masks import Masks
from audiolime_ext.errors import AudiolimeError, UsageError
from audiolime_ext.guest import as_guest
from audiolime_ext.prediction.asking import n_at_once, predict
from audiolime_ext.prediction.contract import Model, Scores
from audiolime_ext.prediction.grid import Grid

NEEDED = ("get_number_components", "compose_model_input", "retrieve_components")


class Foreign(Protocol):
    """What audioLIME asked of a factorization."""

    def get_number_components(self) -> int:
        """Number of components."""
        ...

    def compose_model_input(self, components: Any = None) -> Any:
        """What the model is given where these components, an array of their numbers, are on."""
        ...

    def retrieve_components(self, selection_order: Any = None) -> Any:
        """These components, each by itself."""
        ...


def lacking(given: Any) -> list[str]:
    """Names of the methods that keep an object from being such a factorization.

    Examples
    --------
    >>> lacking("spleeter:2stems")
    ['get_number_components', 'compose_model_input', 'retrieve_components']
    """
    return [name for name in NEEDED if not callable(getattr(given, name, None))]


def names_of(factorization: Foreign, n: int) -> tuple[str, ...]:
    """Its names where it gives one for each component, else their numbers."""
    named = getattr(factorization, "get_ordered_component_names", None)
    found = tuple(map(str, named())) if callable(named) else ()
    return found if len(found) == n else tuple(map(str, range(n)))


def game_of(factorization: Foreign, model: Model, *, progress: bool) -> Game:
    """The game of such a factorization and a model."""

    def ask(masks: Masks) -> Scores:
        composed = _composed(factorization, masks[:1])
        shape = composed.shape[1:]
        grid = _grid(model, shape)

        def mixes(some: Masks) -> NDArray[Any]:
            flat = _composed(factorization, some).reshape(len(some), 1, -1)
            return np.pad(flat, ((0, 0), (0, 0), (grid.lead, 0)))

        def asked(windows: NDArray[Any]) -> Scores:
            if grid.window is None:
                windows = windows.reshape(len(windows), 1, *((1,) if model.n_channels == 1 else ()), *shape)
            return predict(model, windows)

        shown = len(masks) if progress else None
        n_windows = len(grid.starts(int(np.prod(shape))))
        return answers(asked, grid, [(mixes, masks)], size=n_at_once(model, n_windows), progress=shown)[0]

    return Game(int(factorization.get_number_components()), ask)


def _grid(model: Model, shape: tuple[int, ...]) -> Grid:
    """The model's windows in signals at its own rate; a model without windows is given anything."""
    if model.window_s is None:
        return Grid(model.sr or 1, 0, None, None, 1, 0)
    if len(shape) != 1:
        raise UsageError(
            f"the model hears windows of {model.window_s:.3g} s of a signal, and compose_model_input gave arrays of "
            f"shape {shape}; give (n_samples,), or a predict function that takes such arrays"
        )
    grid = Grid.of(model, model.sr or 1, shape[0])
    grid.require(shape[0], "what compose_model_input gave")
    return grid


def _composed(factorization: Foreign, masks: Masks) -> NDArray[Any]:
    made = [_made(factorization, np.flatnonzero(mask)) for mask in masks]
    if len({one.shape for one in made}) > 1:
        shapes = sorted({one.shape for one in made})
        raise UsageError(f"compose_model_input gave arrays of shapes {shapes[0]} and {shapes[1]}; they must be alike")
    return np.stack(made)


def _made(factorization: Foreign, on: NDArray[np.intp]) -> NDArray[Any]:
    try:
        with as_guest():
            return np.asarray(factorization.compose_model_input(on))
    except AudiolimeError:
        raise
    except Exception as error:
        hint = "" if len(on) else "; where no component is on it must give silence"
        raise UsageError(
            f"compose_model_input raised {type(error).__name__} for components {on.tolist()}: {error}{hint}"
        ) from error
