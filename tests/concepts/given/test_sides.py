"""The two sides of a given concept: matched where they can be, and random ones beside them that make p-values true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.concepts.given.asked import parse
from audiolime_ext.concepts.given.sides import MOST, Half, sides_of
from audiolime_ext.concepts.judgement.testing import tried
from audiolime_ext.concepts.measurement.measuring import Measured
from audiolime_ext.concepts.measurement.patches import Patch
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.concepts.measurement.traits import Traits
from audiolime_ext.errors import UsageError

LABELS, STEMS, N_FEATURES = ("jazz", "rock"), ("bass", "drums", "other", "piano"), 20
IDENTITY = Identity("m", "f", "layer", LABELS, ("four", "slic:10"), ("", ""), 1.0)


def half(folder: Path, n: int = 20, *, drums: float = 0.0, silent: int = 0) -> Half:
    """Songs of two classes with four stems each; drums raise the first feature, and are silent in some songs."""
    rng, entries, measured = np.random.default_rng(0), [], []
    for i in range(2 * n):
        path = folder / f"{i}.wav"
        entries.append(Entry(str(path), f"{i}", path.name, LABELS[i % 2], f"{i}"))
        place = (0.0, 1.0, 0.0, 100.0)
        patches = [
            Patch("four", k, name, 0, 0.2, 1.0, None if name == "drums" and i < silent else place)
            for k, name in enumerate(STEMS)
        ]
        held = rng.normal(size=(len(STEMS), N_FEATURES)) + rng.normal(size=N_FEATURES)
        held[1, 0] += drums
        windows, none = rng.normal(size=(3, N_FEATURES)), np.zeros((len(STEMS), len(LABELS)), np.float32)
        parts = held.astype(np.float32), none, windows.astype(np.float32), none[:3], none[:3]
        measured.append(Measured(tuple(patches), *parts, bounded=True, traits=Traits(1.0, -20.0, None)))
    return Half(IDENTITY, tuple(entries), tuple(measured))


def table(folder: Path, values: list[float | str]) -> str:
    lines = [f"{i}.wav,{value}" for i, value in enumerate(values)]
    (folder / "table.csv").write_text("\n".join(["path,x", *lines]))
    return f"{folder / 'table.csv'}:x>.5"


def first_feature(n: int = 20) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Both classes hear the first feature; one is lowered by it."""
    rng = np.random.default_rng(1)
    slopes = {label: rng.normal(0, 0.1, (n, N_FEATURES)) for label in LABELS}
    slopes["jazz"][:, 0] += 1
    slopes["rock"][:, 0] -= 1
    return {label: (one, np.arange(n)) for label, one in slopes.items()}


def test_a_stem_stands_beside_another_part_of_the_same_song(tmp_path: Path) -> None:
    sides = sides_of(parse("drums=stem:four/drums"), half(tmp_path, silent=4), n_null=50)
    assert sides.n_units == 36
    assert sides.notes == ("36 of 40 songs are used; in the others the stem is silent, or nothing else sounds",)
    assert sides.trial is not None
    both = sides.trial.positives[0], sides.trial.negatives[0, 0]
    np.testing.assert_array_equal(*(sides.songs[side] for side in both))
    assert {int(row) % len(STEMS) for row in both[0]} == {1}
    assert 1 not in {int(row) % len(STEMS) for row in both[1]}
    for random, apart in zip(sides.trial.random, sides.trial.apart[:, 0], strict=True):
        np.testing.assert_array_equal(sides.songs[random], sides.songs[apart])
        assert not set(random.tolist()) & set(apart.tolist())


def test_what_a_stem_holds_is_significant_and_the_signs_are_those_of_the_classes(tmp_path: Path) -> None:
    made = half(tmp_path, drums=4.0)
    for name, wanted in (("drums", {"jazz": 1, "rock": -1}), ("piano", {})):
        sides = sides_of(parse(f"x=stem:four/{name}"), made, n_null=500)
        assert sides.trial is not None
        found = tried(sides.activations, sides.songs, sides.trial, first_feature())
        assert {one.label: np.sign(one.effect) for one in found if one.accuracy.separates and one.p < 0.01} == wanted


def test_a_range_takes_as_many_songs_of_each_class_from_either_side(tmp_path: Path) -> None:
    values = [float(i < 16) if i % 2 else float(i < 8) for i in range(40)]  # 8 of rock, 4 of jazz
    made = half(tmp_path)
    sides = sides_of(parse(f"x=feature:{table(tmp_path, list(values))}"), made, n_null=200)
    assert sides.n_units == 12
    assert sides.trial is not None
    # the rows of each side are the first and the last twelve; each draw keeps four of jazz and eight of rock
    jazz = np.array([k < 4 for k in range(12)] * 2)
    for side in (sides.trial.positives, sides.trial.negatives[0], sides.trial.random, sides.trial.apart[:, 0]):
        assert set(jazz[side].sum(axis=1).tolist()) == {4}
    assert any("12 songs of 12 in the range stand beside as many" in note for note in sides.notes)


def test_a_class_that_lies_on_one_side_tells_nothing(tmp_path: Path) -> None:
    values: list[float | str] = [float(i % 2) for i in range(40)]
    sides = sides_of(parse(f"x=feature:{table(tmp_path, values)}"), half(tmp_path), n_null=50)
    assert (sides.n_units, sides.trial) == (0, None)
    assert "all songs of 'jazz' lie out of the range, so none of them is used" in sides.notes
    assert "all songs of 'rock' lie in the range, so none of them is used" in sides.notes


def test_no_more_units_than_are_needed(tmp_path: Path) -> None:
    values: list[float | str] = [float(i % 4 < 2) for i in range(240)]
    sides = sides_of(parse(f"x=feature:{table(tmp_path, values)}"), half(tmp_path, 120), n_null=10)
    assert sides.n_units == MOST


def test_of_ranges_that_mean_nothing_hardly_any_is_significant(tmp_path: Path) -> None:
    made, rng, small = half(tmp_path), np.random.default_rng(3), 0
    for _ in range(40):
        values: list[float | str] = list(rng.random(40).round(3))
        sides = sides_of(parse(f"x=feature:{table(tmp_path, values)}"), made, n_null=199)
        assert sides.trial is not None
        found = tried(sides.activations, sides.songs, sides.trial, first_feature())
        small += next(one.p for one in found if one.label == "jazz") < 0.05
    assert small <= 6  # 2 of 40 are to be expected, more than 6 once in 300 times


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("x=stem:spleeter:5stems/drums", "holds no patches of 'spleeter:5stems', but of four, slic:10; measure it"),
        ("x=stem:four/flute", "flute.*bass, drums, other, piano"),
    ],
)
def test_a_stem_that_is_not_there_is_refused(tmp_path: Path, given: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        sides_of(parse(given), half(tmp_path), n_null=10)


def test_sounds_need_the_model(tmp_path: Path) -> None:
    made = half(tmp_path)
    own = Half(IDENTITY.__class__(**{**vars(IDENTITY), "model": "own model"}), made.entries, made.measured)
    with pytest.raises(UsageError, match="find_concepts\\(store, given=…, model=…\\)"):
        sides_of(parse(f"x=sounds:{tmp_path}"), own, n_null=10)
