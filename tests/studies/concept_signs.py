"""Do interventions agree with gradients? Signs of effects of significant concepts, and of what goes with their sound.

::

    python -m tests.studies.concept_signs                          # planted listeners
    python -m tests.studies.concept_signs MANIFEST [N_SONGS]       # musicnn, needs the extra "torch"

A gradient says that a class rises along a concept; then it should fall where the concept's patches are taken out, by
more than without any patch as loud. Counted are concepts that are *significant* for their own class, and how many of
them have two numbers of the same sign; beside it those of them whose removal is significant, *too* (p below .05), and
those that agree with what removal does *by itself*, whatever other patches do. The *others* are not significant: their
signs are chance, so that about half of them should agree.

*Planted*: ten networks of NumPy, in each of which one class always holds a beep. *musicnn*: those classes of a
collection that are tags of its own and have `N_SONGS` songs; two layers, of which the last has nothing but linear steps
above it. Of tracks of free games, 20 each of acoustic, ambient, electronic and metal, nothing was significant, so that
they say nothing of what would be (–: not measured)::

                          significant  removal, too  by itself    others  others by itself
    10 planted listeners     19 of 20      19 of 19   19 of 20  55 of 98          51 of 98
    musicnn, mean_pool         0 of 0        0 of 0     0 of 0  10 of 38          20 of 38
    musicnn, penultimate       0 of 0        0 of 0          –  11 of 29                 –

On musicnn others agree *less* than by chance: a few patches do much, which are of no concept, and the mean of patches
as loud is theirs. There 25 of 38 concepts fall behind them, and 25 of 38 lower the class by themselves.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from audiolime_ext.collection.manifest import load_manifest
from audiolime_ext.concepts.finding import find_concepts
from audiolime_ext.concepts.pipeline import measure_concepts
from audiolime_ext.concepts.result import Concepts
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.text import text_table
from tests.concepts.planted import collection, hears_the_beep

MODEL, N_PLANTED, N_SONGS = "musicnn:MSD_musicnn", 10, 20
LAYERS = ("mean_pool", "penultimate")
Row = tuple[int, int]  # how many agree, and of how many


def signs(found: Concepts) -> dict[str, Row]:
    """How many agree of the significant, and of all others."""
    pairs = [
        (one.verdict == "significant", one.effect, found.removals[one.concept, one.label])
        for one in found.tested
        if one.of == one.label and (one.concept, one.label) in found.removals
    ]
    sure = [(effect, removal) for significant, effect, removal in pairs if significant]
    others = [(effect, removal) for significant, effect, removal in pairs if not significant]
    return {
        "significant": _count(effect * removal.beyond > 0 for effect, removal in sure),
        "removal, too": _count(effect * removal.beyond > 0 for effect, removal in sure if removal.p <= 0.05),
        "by itself": _count(effect * removal.effect > 0 for effect, removal in sure),
        "others": _count(effect * removal.beyond > 0 for effect, removal in others),
        "others by itself": _count(effect * removal.effect > 0 for effect, removal in others),
    }


def _count(agree: Iterable[bool]) -> Row:
    listed = list(agree)
    return sum(listed), len(listed)


def planted() -> list[Concepts]:
    """The concepts of planted listeners."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        songs = collection(Path(folder) / "songs")
        given: dict[str, Any] = {"splits": ["slic:6", "slic:10"], "duration_s": 1.0, "workers": 0, "progress": False}
        for seed in range(N_PLANTED):
            store = measure_concepts(
                songs, hears_the_beep(seed), "hidden", store=Path(folder) / f"{seed}.concepts", **given
            )
            found.append(find_concepts(store, n_clusters=6, n_null=2000, progress=False))
    return found


def of_musicnn(manifest: str, layer: str, n_songs: int, store: Path) -> Concepts:
    """The concepts of a layer of musicnn in those classes of a collection that are tags of its own."""
    model = load_model(MODEL)
    known = [str(one) for one in model.labels or ()]
    found = load_manifest(manifest)
    sizes = Counter(label for row in found.rows for label in row.labels)
    classes = [one for one in found.labels if one in known and sizes[one] >= n_songs]
    others = {one: None for one in found.labels if one not in known}
    given: dict[str, Any] = {"labels": classes, "n_songs": n_songs, "label_map": others, "workers": 0}
    measure_concepts(manifest, model, layer, store=store, progress=False, **given)
    return find_concepts(store, progress=False)


def main() -> None:
    """Print what agrees."""
    rows = []
    if len(sys.argv) == 1:
        rows.append((f"{N_PLANTED} planted listeners", planted()))
    else:
        n_songs = int(sys.argv[2]) if len(sys.argv) > 2 else N_SONGS
        with tempfile.TemporaryDirectory() as folder:
            for layer in LAYERS:
                found = of_musicnn(sys.argv[1], layer, n_songs, Path(folder) / f"{layer}.concepts")
                print(*found.notes, *(found.groups.sentences(layer) if found.groups else ()), sep="\n")
                rows.append((f"musicnn, {layer}", [found]))
    counts = [(name, [signs(one) for one in some]) for name, some in rows]
    columns = list(counts[0][1][0])
    print(text_table(["", *columns], [[name, *(_told(some, column) for column in columns)] for name, some in counts]))


def _told(some: list[dict[str, Row]], column: str) -> str:
    agree, n = (sum(one[column][i] for one in some) for i in (0, 1))
    return f"{agree} of {n}"


if __name__ == "__main__":
    main()
