"""Checkpoints: all that a run needs to go on, in one file of tensors and plain values.

The file is safetensors, whose header holds the plain values as JSON: nothing of it is code, and none is run when it is
read. *It is written whole or not at all*, so a run that is killed goes on from the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audiolime_ext.errors import CorruptError
from audiolime_ext.extras import require
from audiolime_ext.files.fresh import fresh_file
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import from_json, to_json
from audiolime_ext.recommendation.training.network import EXTRA

_KEY = "audiolime_ext"


def write_checkpoint(path: Path, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write tensors and plain values in one step.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    save = require("safetensors.torch", extra=EXTRA).save
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()}, {_KEY: to_json(state)})
    with fresh_file(path) as temporary:
        temporary.write_bytes(content)


def read_checkpoint(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tensors and the plain values of a checkpoint.

    Raises
    ------
    CorruptError
        If it is damaged, or was not written by `write_checkpoint`.
    """
    safetensors = require("safetensors", extra=EXTRA)
    try:
        with safetensors.safe_open(path, "pt") as opened:
            state = from_json((opened.metadata() or {})[_KEY])
            return {name: opened.get_tensor(name) for name in opened.keys()}, dict(state)  # noqa: SIM118 - no mapping
    except (safetensors.SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
        raise CorruptError(
            f"{legible(path)} is damaged, or no checkpoint of a training ({error}); delete it to start anew, or name "
            "another folder for the run"
        ) from error
