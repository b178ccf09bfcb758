"""The interfaces of other packages, for code that was written with them.

- `audiolime`: `LimeAudioExplainer` takes audioLIME's arguments (`binding` joins a factorization and an excerpt, as
  there) and gives audioLIME's result, an `audio_explanation`
- `games`: `to_shap` hands an explanation to shap and its plots; `shapiq_game` makes a game of it for shapiq's
  interaction indices and estimators
"""

from __future__ import annotations

from audiolime_ext.compat.audio_explanation import AudioExplanation
from audiolime_ext.compat.audiolime import LimeAudioExplainer
from audiolime_ext.compat.binding import BoundFactorization, bind
from audiolime_ext.compat.games import shapiq_game, to_shap
from audiolime_ext.components.game import Game as Answers  # its name in 0.1

__all__ = [
    "Answers",
    "AudioExplanation",
    "BoundFactorization",
    "LimeAudioExplainer",
    "bind",
    "shapiq_game",
    "to_shap",
]
