"""Optional packages: what is missing is told with the command that brings it."""

from __future__ import annotations

import sys

import pytest

from audiolime_ext.errors import MissingError
from audiolime_ext.extras import require


def test_a_missing_package_is_told_with_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingError, match=r"needs the package pandas: pip install 'audiolime-ext\[dataframe\]'") as it:
        require("pandas", extra="dataframe")
    assert it.value.exit_code == 3
