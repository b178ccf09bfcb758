"""What has a classifier learnt? Directions in a layer that are sounds, tested, and heard.

- `pipeline`: from a collection to a store, on one screen; `trying`, `estimate`: what is tried before the long work
- `records`, `store`: what is kept; `work`: what a worker does; `merging`: stores of shards become one
- `patches`: a song in parts that can be heard; `measuring`: what a model says of each; `traits`: level and bandwidth
- `elsewhere`: patches in another song's place; `partners`: which song that is
- `finding`: the concepts of a store, on one screen; `result`: what it gives
- `halves`: songs that they are found in, and others that they are tested on
- `discovering`: patches that a layer holds for alike; `drawing`: random patches in their place
- `given`: concepts that a person names; `asked`: how they are written; `sides`: what stands for them and against them;
  `outside`: sounds, tables and other models that they need
- `words`: what is said of them; `telling`: as a text; `saved`: as plain values and tables
- `cavs`: concept activation vectors, thousands at a time; `separating`: is a concept told apart at all?
- `tcav`: does it raise a class? `testing`: all concepts, all classes
- `removing`: what happens without its sound, or with it elsewhere; `intervening`: all concepts, all classes by that;
  `deciding`, `taking_out`: decisions that hang on a concept
- `grouping`: concepts that lead the same way, across classes, and their picture; `stability`: are they found again?
- `artefacts`: concepts of what a classifier should not hear; `flagging`: all concepts held to that; `augmenting`: what
  an augmentation has taught it
- `sounds`: patches heard again

Kept true: what is said to be significant would hardly be so by chance, however many concepts were tried.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audiolime_ext.concepts.finding import find_concepts as find_concepts
    from audiolime_ext.concepts.pipeline import measure_concepts as measure_concepts
    from audiolime_ext.concepts.result import Concepts as Concepts
    from audiolime_ext.concepts.taking_out import removing_all as removing_all

_HOMES = {
    **{"measure_concepts": "pipeline", "find_concepts": "finding", "Concepts": "result"},
    "removing_all": "taking_out",
}


def __getattr__(name: str) -> Any:
    """A name from its module, which is imported when it is asked for: the command line's help needs none."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
