"""Packages that are extras: imported where they are used, with a clear error when they are missing."""

from __future__ import annotations

import importlib
from typing import Any

from audiolime_ext.errors import MissingError


def require(package: str, *, extra: str) -> Any:
    """Import an optional package.

    Raises
    ------
    MissingError
        If it is not installed; the message names the extra that brings it.

    Examples
    --------
    >>> require("math", extra="none").pi > 3
    True
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingError(
            f"this needs the package {package}: pip install 'audiolime-ext[{extra}]' ({error})"
        ) from error
