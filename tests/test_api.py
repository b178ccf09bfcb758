"""The public names: a dozen or two, and documented (`test_docs` holds the reference to them)."""

from __future__ import annotations

import re

import pytest

import audiolime_ext
from tests import public_names


def test_about_a_dozen_names_are_public() -> None:
    assert len(audiolime_ext.__all__) <= 26


def test_the_old_name_of_a_model_is_still_there() -> None:
    assert audiolime_ext.Tagger is audiolime_ext.Model


def test_the_table_of_public_names_is_that_of_the_code() -> None:
    assert public_names.TABLE.read_text(encoding="utf-8") == public_names.table(), "python -m tests.public_names"
    assert "| `explain` | `(audio: Any, model: Any, *, factorization:" in public_names.table()
    assert "| `Explanation.with_target` | `(self, target: TargetSpec, labels:" in public_names.table()
    assert "| `audiolime audit merge` |" in public_names.table()


@pytest.mark.parametrize("name", audiolime_ext.__all__)
def test_every_name_resolves_and_is_listed(name: str) -> None:
    assert getattr(audiolime_ext, name).__name__ == name
    assert name in dir(audiolime_ext)


@pytest.mark.parametrize("name", audiolime_ext.__all__)
def test_every_name_has_a_docstring_with_an_example(name: str) -> None:
    assert re.search(r"^ *Examples\n *-{8}\n *>>> ", getattr(audiolime_ext, name).__doc__ or "", flags=re.MULTILINE)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'explian'"):
        audiolime_ext.explian  # noqa: B018
