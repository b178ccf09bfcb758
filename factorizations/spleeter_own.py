"""Spleeter models that users trained: a configuration in JSON, and the folder of checkpoints that it names.

The layout is what ``spleeter train`` reads and writes::

    own/
        own.json                 the configuration; the only .json file here
        checkpoints/             its ``model_dir``, relative to the configuration
            checkpoint           TensorFlow's note of the newest model
            model.ckpt-1000.index, model.ckpt-1000.data-00000-of-00001

Instruments, ``F``, the type ``unet.unet`` or ``unet.softmax_unet``, its activations and numbers of filters are free;
everything else that the configuration says about frames and masks must be as in the published models.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audiolime_ext.errors import UsageError, unknown
from audiolime_ext.factorization.stems import RESIDUAL
from audiolime_ext.files.plain import json_of
from audiolime_ext.files.reading import MOST_TEXT, contents, text_of
from factorizations.spleeter_network import ACTIVATIONS, BLOCK, DEPTH, SpleeterConfig

FIXED = {
    "sample_rate": 44100,
    "frame_length": 4096,
    "frame_step": 1024,
    "T": BLOCK,
    "n_channels": 2,
    "separation_exponent": 2,
    "mask_extension": "zeros",
}
_TYPES = {"unet.unet": False, "unet.softmax_unet": True}  # whether masks are a softmax


def read_own(path: Path) -> tuple[SpleeterConfig, Path]:
    """Architecture and checkpoint (the beginning that the paths of its files share) of a model in a folder.

    Parameters
    ----------
    path : Path
        The folder, or the configuration itself.

    Raises
    ------
    UsageError
        If there is no configuration, it is of a kind that cannot be used here, or its folder of checkpoints is missing.
    """
    file = _configuration(path)
    try:
        said = json_of(text_of(file))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {file} as a configuration of Spleeter in JSON: {error}") from error
    if not isinstance(said, dict) or not isinstance(said.get("model", {}), dict):
        raise UsageError(f"{file} is not a configuration of Spleeter: it and its 'model' must be JSON objects")
    if not isinstance(folder := said.get("model_dir"), str):
        raise UsageError(f"{file} says 'model_dir': {folder!r}; it must name the folder that holds the checkpoint")
    return _architecture(said, file), _newest(file.parent / folder, file)


def _configuration(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder; name one that holds a configuration of Spleeter (*.json)")
    found = sorted(path.glob("*.json"))
    if len(found) != 1:
        names = ", ".join(each.name for each in found) or "none"
        raise UsageError(
            f"{path} must hold one configuration of Spleeter (*.json), not {names}; or name the file itself"
        )
    return found[0]


def _architecture(said: Mapping[str, Any], file: Path) -> SpleeterConfig:
    for key, value in FIXED.items():
        if said.get(key) != value:
            raise UsageError(f"{file} says {key!r}: {said.get(key)!r}; only models with {value!r} can be used")
    model = said.get("model", {})
    if (kind := str(model.get("type", "unet.unet"))) not in _TYPES:
        raise unknown(f"type of model in {file}", kind, _TYPES)
    default = SpleeterConfig(())
    params = model.get("params", {})
    _require(isinstance(params, dict), file, "params", params, "a JSON object")
    stems, n_bins, filters = said.get("instrument_list"), said.get("F"), params.get("conv_n_filters", default.filters)
    _require(_are_names(stems), file, "instrument_list", stems, f"a list of different names, without {RESIDUAL!r}")
    _require(type(n_bins) is int and n_bins in range(64, 2049, 64), file, "F", n_bins, "a multiple of 64 up to 2048")
    _require(_are_sizes(filters), file, "conv_n_filters", filters, f"{DEPTH} whole numbers above 0")
    down, up = str(params.get("conv_activation")), str(params.get("deconv_activation"))
    return SpleeterConfig(
        tuple(stems or ()),
        n_bins=int(n_bins or 0),
        down=down if down in ACTIVATIONS else default.down,  # as the package takes names that it does not know
        up=up if up in ACTIVATIONS else default.up,
        softmax=_TYPES[kind],
        filters=tuple(filters),
    )


def _require(holds: bool, file: Path, key: str, given: object, wanted: str) -> None:
    if not holds:
        raise UsageError(f"{file} says {key!r}: {given!r}; it must be {wanted}")


def _are_names(given: object) -> bool:
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        return False
    return 0 < len(given) == len(set(given) - {RESIDUAL})


def _are_sizes(given: object) -> bool:
    return isinstance(given, list | tuple) and len(given) == DEPTH and all(type(n) is int and n > 0 for n in given)


def _newest(folder: Path, file: Path) -> Path:
    """The newest checkpoint in a folder, by TensorFlow's note; without one, the only one."""
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder; 'model_dir' in {file} must name the one that holds the checkpoint, relative to "
            "that file"
        )
    note = folder / "checkpoint"
    said = contents(note, MOST_TEXT).decode("utf-8", "replace") if note.is_file() else ""
    if named := re.search(r'^model_checkpoint_path: "(.+)"', said, re.MULTILINE):
        return folder / re.split(r"[\\/]", named[1])[-1]  # it may name the folder of the machine that trained it
    found = sorted(folder.glob("*.index"))
    if len(found) != 1:
        names = ", ".join(each.name for each in found) or "none"
        raise UsageError(
            f"{folder} must hold one checkpoint (*.index), or TensorFlow's file 'checkpoint'; found {names}"
        )
    return found[0].with_suffix("")
