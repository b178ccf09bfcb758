"""What is meant to matter: read whole, or refused with everything that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiolime_ext.audit.verdict.expected import Expectation, Expected, load_expected
from audiolime_ext.errors import UsageError

LABELS = ("guitar", "piano", "female vocalists")


def test_what_is_meant_to_matter_is_read(tmp_path: Path) -> None:
    path = tmp_path / "expected.csv"
    path.write_text("class,component,sign\nGuitar,guitar,+\nguitar,drums,\npiano,violin,-\n")
    expected = load_expected(path, labels=LABELS, components=["guitar", "piano", "drums"])
    assert expected.rows == (
        Expectation("guitar", "guitar", 1),
        Expectation("guitar", "drums", None),
        Expectation("piano", "violin", -1),
    )
    assert expected.covers("guitar", "drums", -1)
    assert not expected.covers("piano", "violin", 1)
    assert not expected.covers("piano", "drums")


def test_what_is_wrong_with_it_is_said_at_once(tmp_path: Path) -> None:
    path = tmp_path / "expected.csv"
    path.write_text("class,component,sign\ngitar,drums,+\nguitar,drum,\nguitar,drums,*\nguitar,drums,+\npiano,,\n")
    with pytest.raises(UsageError, match="5 problems") as caught:
        load_expected(path, labels=LABELS, components=["drums", "bass"])
    for says in (
        "line 2: unknown label 'gitar'; did you mean 'guitar'",
        "line 3: unknown component 'drum'; did you mean 'drums'?",
        "line 4: sign '*'; write + (for the class) or - (against it), or nothing for either",
        "line 5: 'guitar' and 'drums' are on line 4 already",
        "line 6: no component",
    ):
        assert says in str(caught.value)
    path.write_text("class,component\n")
    with pytest.raises(UsageError, match="it declares nothing"):
        load_expected(path)


@pytest.mark.parametrize("declared", [None, 1, -1])
@pytest.mark.parametrize("measured", [None, 1, -1])
def test_only_opposite_signs_disagree(declared: int | None, measured: int | None) -> None:
    expected = Expected((Expectation("guitar", "drums", declared),))
    assert expected.covers("guitar", "drums", measured) == ({declared, measured} != {1, -1})
    assert not expected.covers("drums", "guitar", measured)
