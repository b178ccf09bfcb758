"""The interfaces of other packages, for code that was written with them.

- `audiolime`: `LimeAudioExplainer` takes audioLIME's arguments and gives audioLIME's result, an `audio_explanation`;
  its docstring has the table of what differs. `surrogate` is its linear fit
- `binding` joins a factorization and an excerpt, with audioLIME's methods and its `numbering` of components;
  `factorizations` and `providers` have audioLIME's own names, `segmentation` its ways to cut time
- `foreign`: factorizations that were written for audioLIME
- `shap_values`: `to_shap` hands explanations to shap and its plots; `games`: `shapiq_game` makes a game of one for
  shapiq's interaction indices and estimators, a `mask_game`
"""

from __future__ import annotations

from typing import NoReturn

from audiolime_ext.compat.audio_explanation import AudioExplanation
from audiolime_ext.compat.audiolime import LimeAudioExplainer
from audiolime_ext.compat.binding import BoundFactorization, bind
from audiolime_ext.compat.factorizations import (
    INSTEAD,
    SoundLIMEFactorization,
    SpleeterFactorization,
    TimeOnlyFactorization,
)
from audiolime_ext.compat.games import shapiq_game
from audiolime_ext.compat.providers import DataProvider, RawAudioProvider
from audiolime_ext.compat.shap_values import to_shap
from audiolime_ext.components.game import Game as Answers  # its name in 0.1
from audiolime_ext.errors import UsageError

__all__ = [
    "Answers",
    "AudioExplanation",
    "BoundFactorization",
    "DataProvider",
    "LimeAudioExplainer",
    "RawAudioProvider",
    "SoundLIMEFactorization",
    "SpleeterFactorization",
    "TimeOnlyFactorization",
    "bind",
    "shapiq_game",
    "to_shap",
]


def __getattr__(name: str) -> NoReturn:
    """Say what to write in place of audioLIME's names that are not here."""
    if name in INSTEAD:
        raise UsageError(f"audioLIME's {name} is not here: {INSTEAD[name]}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
