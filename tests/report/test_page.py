"""Any result as a page; pages themselves are tested with their parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audiolime_ext import write_page
from audiolime_ext.errors import OutputError, UsageError
from tests.recommendation.planted import document
from tests.report.neighbours import planted


def test_options_are_those_of_the_kind_of_page(tmp_path: Path) -> None:
    for result in (planted.over(), planted.similar_of_document()):
        wrong: dict[str, Any] = {"blind": True}
        with pytest.raises(UsageError, match="unknown option of this page 'blind'"):
            write_page(result, tmp_path / "page.html", **wrong)
    with pytest.raises(UsageError, match="nothing to write"):
        write_page(None, tmp_path / "page.html")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_page_that_cannot_be_written_is_refused_before_it_is_made(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_page(planted.similar_of_document(), tmp_path / "missing" / "page.html")


def test_the_order_of_version_0_1_still_works(tmp_path: Path) -> None:
    path: Any = tmp_path / "page.html"
    with pytest.deprecated_call(match="what first"):
        write_page(path, planted.similar_of_document(), audio=False)  # type: ignore[arg-type]
    assert document().songs[0].name in path.read_text(encoding="utf-8")
