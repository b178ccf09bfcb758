from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from audiolime_ext.cli.map import PRESETS as SHOWN
from audiolime_ext.errors import UsageError
from audiolime_ext.recommendation.maps.presets import DEFAULT, LEAST_SONGS, PRESETS, settings_of
from audiolime_ext.recommendation.maps.result import MapSettings


def test_the_presets_are_those_of_the_document_in_its_order() -> None:
    numbers = [(one.perplexity, one.early_exaggeration, one.learning_rate) for one in PRESETS.values()]
    assert numbers == [(5, 1, 10), (10, 1, 10), (16, 1, 10), (16, 4, 10), (16, 4, 40)]
    assert tuple(PRESETS) == SHOWN
    assert DEFAULT in PRESETS


def test_fewer_songs_lower_the_perplexity_and_a_note_says_so() -> None:
    settings, (note,) = settings_of(MapSettings(seed=3), 31)
    assert settings == MapSettings(perplexity=10.0, seed=3)
    assert note == "31 songs are too few for a perplexity of 16; it is lowered to 10"
    assert settings_of("local", 31) == (PRESETS["local"], ())


@pytest.mark.parametrize("n_songs", [0, 1, 5, LEAST_SONGS - 1])
def test_too_few_songs_are_refused_with_what_to_do(n_songs: int) -> None:
    with pytest.raises(UsageError, match="cannot be laid out as a map, which needs 10 or more; audiolime similar"):
        settings_of("local", n_songs)
    assert settings_of("local", LEAST_SONGS)[0].perplexity == 3


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("spreadd", "did you mean 'spread'"),
        (16, "settings is 16; give MapSettings, or a preset: local"),
        (MapSettings(perplexity=float("nan")), "perplexity is nan; give a number"),
        (MapSettings(perplexity=1), "perplexity is 1; give a number of at least 2"),
        (MapSettings(early_exaggeration=0.5), "early_exaggeration is 0.5; give a number of at least 1"),
        (MapSettings(learning_rate=0), "learning_rate is 0; give a number above 0"),
        (MapSettings(learning_rate=-1), "learning_rate is -1; give a number"),
        (MapSettings(max_iterations=0), "max_iterations is 0; give a number of at least 250"),
        (replace(MapSettings(), max_iterations=300.5), "give a whole number"),  # type: ignore[arg-type]
        (MapSettings(seed=-1), "seed is -1; give a number of at least 0"),
        (MapSettings(tolerance=True), "tolerance is True; give a number"),
    ],
)
def test_what_is_no_setting_is_refused(given: Any, told: str) -> None:
    with pytest.raises(UsageError) as error:
        settings_of(given, 100)
    assert told in str(error.value)
