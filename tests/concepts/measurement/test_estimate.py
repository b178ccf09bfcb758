"""The first song is not counted among the others, songs that fail tell nothing, and all is for all songs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from audiolime_ext.collection.engine.jobs import Job
from audiolime_ext.concepts.measurement.estimate import Estimate, estimate
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry
from audiolime_ext.concepts.measurement.traits import Traits
from audiolime_ext.errors import AudioError, UnfitModel

ENTRIES = [Entry(f"{i}.wav", str(i), f"{i}.wav", "a", str(i)) for i in range(10)]


class Engine:
    """Takes as many seconds for each song as it is told, and fails at some."""

    n_at_once, shares_fate = 1, False

    def __init__(self, seconds: Sequence[float], errors: dict[int, Exception] | None = None) -> None:
        self.seconds, self.errors, self.now, self.stopped = list(seconds), errors or {}, 0.0, False

    def submit(self, job: Job) -> Future[Any]:
        future: Future[Any] = Future()
        number = int(job.host.sha256)
        if number in self.errors:
            future.set_exception(self.errors[number])
            return future
        self.now += self.seconds.pop(0)
        patches = tuple(Patch("bands:2", i, str(i), 0, 0.5, 1.0) for i in range(4))
        a, r, w, x, g = (np.zeros(shape, np.float32) for shape in ((4, 3), (4, 2), (2, 3), (2, 2), (2, 3)))
        future.set_result(Measured(patches, a, r, w, x, g, True, Traits(1.0, -20.0, None)))
        return future

    def trouble(self, *, ask: bool = False) -> str | None:
        return None

    def restart(self) -> None:
        raise AssertionError("nothing has crashed")

    def stop(self) -> None:
        self.stopped = True


def estimated(engine: Engine, entries: Sequence[Entry] = ENTRIES) -> Estimate:
    found = estimate(entries, engine, clock=lambda: engine.now)
    assert engine.stopped
    return found


def test_the_start_is_told_apart_from_the_songs() -> None:
    found = estimated(Engine([10.0, 2.0, 4.0]))
    assert (found.n_songs, found.n_patches, found.n_asked) == (10, 40, 140)
    assert (found.start_s, found.seconds, found.least_s, found.most_s) == (7.0, 30.0, 20.0, 40.0)


def test_songs_that_fail_tell_nothing() -> None:
    errors: dict[int, Exception] = {0: AudioError("no sound"), 2: AudioError("no sound")}
    assert estimated(Engine([10.0, 2.0, 4.0], errors)).seconds == 30.0


def test_a_single_song_is_asked_twice() -> None:
    found = estimated(Engine([10.0, 2.0]), ENTRIES[:1])
    assert (found.start_s, found.seconds) == (8.0, 2.0)


def test_where_none_can_be_measured_the_first_error_is_told() -> None:
    engine = Engine([], {i: AudioError(f"no sound {i}") for i in range(10)})
    with pytest.raises(AudioError, match="no sound 0"):
        estimated(engine)
    assert engine.stopped


def test_a_fault_of_the_model_is_not_looked_for_in_each_song() -> None:
    engine = Engine([], {0: UnfitModel("no model"), 1: AudioError("never asked")})
    with pytest.raises(UnfitModel, match="no model"):
        estimated(engine)
