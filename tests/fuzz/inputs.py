"""All kinds of inputs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.fuzz.damage import Input
from tests.fuzz.indexes import indexes, vectors
from tests.fuzz.models import models
from tests.fuzz.networks import networks
from tests.fuzz.ours import expected, kept, old_stores, remarks, results, stores
from tests.fuzz.recordings import audio, values
from tests.fuzz.words import options, tables

KINDS: dict[str, Callable[[random.Random, int], Input]] = {
    "audio": audio,
    "values": values,
    "tables": tables,
    "options": options,
    "models": models,
    "networks": networks,
    "results": results,
    "stores": stores,
    "old stores": old_stores,
    "kept": kept,
    "expected": expected,
    "remarks": remarks,
    "indexes": indexes,
    "vectors": vectors,
}


def inputs(kind: str, n: int, seed: int) -> Iterator[Input]:
    """So many inputs of a kind."""
    for number in range(n):
        yield KINDS[kind](random.Random(f"{seed} {kind} {number}"), number)
