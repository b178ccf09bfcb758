"""What has a classifier learnt? Directions in a layer that are sounds, tested, and heard.

- `pipeline`: from a collection to a store, on one screen, by what `measurement` asks of each song
- `finding`: from a store to concepts, on one screen; `result`: what it gives
- `discovery`: concepts that nobody named; `given`: concepts that a person names
- `judgement`: what they mean to a class, by gradients; `interventions`: what happens without their sound, and with it
- `artefacts`: concepts of what a classifier should not hear
- `words`: what is said of them; `telling`: as a text; `saved`: as plain values and tables

Kept true: what is said to be significant would hardly be so by chance, however many concepts were tried.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audiolime_ext.concepts.finding import find_concepts as find_concepts
    from audiolime_ext.concepts.interventions.taking_out import removing_all as removing_all
    from audiolime_ext.concepts.pipeline import measure_concepts as measure_concepts
    from audiolime_ext.concepts.result import Concepts as Concepts

_HOMES = {
    **{"measure_concepts": "pipeline", "find_concepts": "finding", "Concepts": "result"},
    "removing_all": "interventions.taking_out",
}


def __getattr__(name: str) -> Any:
    """A name from its module, which is imported when it is asked for: the command line's help needs none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
