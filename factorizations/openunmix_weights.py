"""Weights of Open-Unmix: those that were published, in the cache of PyTorch's hub, and a folder of one's own.

Published weights are files of Zenodo's records, one for each source, whose names hold the first eight digits of their
SHA-256. They lie where the package itself looks for them, in ``$TORCH_HOME/hub/checkpoints`` (``~/.cache/torch/…``).
Each is hashed whenever it is used; a damaged one is fetched again, with a warning.

A folder of one's own is what the package's training writes and its ``openunmix.utils.load_separator`` reads::

    own/
        separator.json       {"sample_rate": 44100, "nfft": 4096, "nhop": 1024, "nb_channels": 2}
        vocals.json          {"args": {"nfft": 4096, "nb_channels": 2, "hidden_size": 512, …}, …}
        vocals.pth           its weights; or vocals-….pth, vocals_….pth
        …                    two such files for every other source

No pickled objects are loaded: the files hold tensors, and nothing else in them is made (``weights_only``).
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiolime_ext.errors import CorruptError, MissingError, OutputError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.factorization.stems import RESIDUAL
from audiolime_ext.files.plain import json_of
from audiolime_ext.files.reading import text_of
from audiolime_ext.networks.downloads import ZENODO, from_release
from audiolime_ext.prediction.model_files import reason

WIENER_FRAMES = 300  # to which the filter is fitted at once; the package's own default


@dataclass(frozen=True)
class Record:
    """A published model: a record of Zenodo, its files, the size of each in MB, and what its licence forbids."""

    number: int
    files: tuple[str, ...]
    file_mb: float
    licence: str = ""

    @property
    def download_mb(self) -> float:
        """Size of all files together, in MB."""
        return len(self.files) * self.file_mb


RECORDS = {
    "umx": Record(
        3370486, ("vocals-c8df74a5.pth", "drums-5a48008b.pth", "bass-646024d3.pth", "other-f8e132cc.pth"), 35.6
    ),
    "umxhq": Record(
        3370489, ("vocals-b62c91ce.pth", "drums-9619578f.pth", "bass-8d85a5bd.pth", "other-b52fbbf7.pth"), 35.6
    ),
    "umxl": Record(
        5069601,
        ("vocals-bccbd9aa.pth", "drums-69e0ebd4.pth", "bass-2ca1ce51.pth", "other-c8c5b3e6.pth"),
        113.1,
        licence="CC BY-NC-SA 4.0, not for commercial use",
    ),
    "umxse": Record(3786908, ("speech_f5e0d9f9.pth", "noise_04a6fc2d.pth"), 6.4),
}


def hub() -> Path:
    """The folder in which PyTorch's hub keeps weights, found without importing PyTorch."""
    home = os.environ.get("TORCH_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "torch"
    return Path(home).expanduser() / "hub" / "checkpoints"


def kept(name: str) -> bool:
    """Whether all files of a published model are in the cache and intact."""
    return all(_is_whole(hub() / file) for file in RECORDS[name].files)


def published(name: str) -> Any:
    """The package's `Separator` of a published model.

    Raises
    ------
    MissingError
        If the weights are not cached and cannot be fetched.
    CorruptError
        If they are damaged and may not be fetched, or are not those that were published.
    OutputError
        If the cache cannot be written.
    """
    separator = getattr(require("openunmix", extra="openunmix"), name)(pretrained=False)
    for file in RECORDS[name].files:
        path = _fetched(name, file)
        network = separator.target_models[path.stem[: -len(_digits(path)) - 1]]
        _fill(network, _tensors(path), path)
    return _frugal(separator)


def own(folder: Path) -> Any:
    """The package's `Separator` of the models in a folder, sources in the order of their names.

    Raises
    ------
    UsageError
        If it is not a folder, or its files do not fit together.
    MissingError
        If a file is missing; `CorruptError` if one is damaged.
    """
    if not folder.is_dir():
        raise UsageError(
            f"{folder} is not a folder; name one that holds separator.json and, for each source, two files"
        )
    form = _numbers(folder / "separator.json", (), ("sample_rate", "nfft", "nhop", "nb_channels"))
    if form["nb_channels"] > 2 or 2 * form["nhop"] > form["nfft"]:
        raise UsageError(
            f"{folder / 'separator.json'} says {form}; 'nb_channels' must be 1 or 2, and 'nhop' at most half of 'nfft'"
        )
    require("openunmix", extra="openunmix")
    model = require("openunmix.model", extra="openunmix")
    networks = {target: _network(model, folder, target, path, form) for target, path in _targets(folder).items()}
    separator = model.Separator(
        networks,
        niter=1,
        residual=len(networks) == 1,  # the filter needs another source
        sample_rate=form["sample_rate"],
        n_fft=form["nfft"],
        n_hop=form["nhop"],
        nb_channels=form["nb_channels"],
        wiener_win_len=WIENER_FRAMES,
    )
    return _frugal(separator)


def _frugal(separator: Any) -> Any:
    """The same separator, with the inverse transform of one source at a time: a sixth less memory."""
    torch, inverse = require("torch", extra="openunmix"), separator.istft.forward

    def one_by_one(spectra: Any, length: int | None = None) -> Any:
        return torch.stack([inverse(source, length=length) for source in spectra[0]])[None]

    separator.istft.forward = one_by_one
    separator.freeze()
    return separator


def _digits(path: Path) -> str:
    """The beginning of a published file's SHA-256, from its name."""
    return path.stem[-8:]


def _is_whole(path: Path) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest().startswith(_digits(path))


def _fetched(name: str, file: str) -> Path:
    """A published file in the cache, from Zenodo if it is not there, or damaged."""
    record, path = RECORDS[name], hub() / file
    if _is_whole(path):
        return path
    origin = f"records/{record.number}/files/{file}"
    advice = f"bring {file} from elsewhere ({ZENODO}/{origin}) and put it into {path.parent}"
    if os.environ.get("AUDIOLIME_OFFLINE", "0") not in ("", "0"):
        way_out = f"and AUDIOLIME_OFFLINE forbids fetching it. Unset that, or {advice}"
        if path.exists():
            raise CorruptError(f"{path} is damaged, not what was published, {way_out}")
        raise MissingError(f"{file} ({record.file_mb:.0f} MB) of openunmix:{name} is not cached, {way_out}")
    if path.exists():
        print(f"warning: {path} is damaged; it will be replaced", file=sys.stderr)
    print(
        f"fetching {file} of openunmix:{name} from Zenodo's record {record.number}, {record.file_mb:.0f} MB"
        f"{record.licence and f' ({record.licence})'}, kept in {path.parent}",
        file=sys.stderr,
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{file}.", dir=path.parent) as temporary:
            arrived = from_release(origin, Path(temporary), title=file, published_mb=record.file_mb, host=ZENODO)
            if not _is_whole(arrived):
                raise CorruptError(
                    f"{file} is not what was published: its SHA-256 does not begin with {_digits(path)}; it was not "
                    f"used. See what AUDIOLIME_MIRROR names, or {advice}"
                )
            arrived.replace(path)
    except CorruptError:
        raise
    except MissingError as error:
        raise MissingError(f"{error}, or {advice}") from error
    except OSError as error:
        raise OutputError(
            f"cannot keep {file} in {path.parent}: {error.strerror or error}; nothing was left half-written. Set "
            f"TORCH_HOME to a folder that is writable and has {record.download_mb:.0f} MB of room"
        ) from error
    return path


def _targets(folder: Path) -> dict[str, Path]:
    """The sources of a folder, by their JSON, each with the file of its weights."""
    targets = sorted(path.stem for path in folder.glob("*.json") if path.name != "separator.json")
    if not targets:
        raise MissingError(f"{folder} holds no source; add TARGET.json and TARGET.pth for each, such as vocals.json")
    if RESIDUAL in targets:
        raise UsageError(f"{folder} has a source named {RESIDUAL!r}, which is what all others miss; name it otherwise")
    found: dict[str, list[Path]] = {target: [] for target in targets}
    for path in sorted(folder.glob("*.pth")):
        owners = [target for target in targets if path.name.startswith(target)]
        if not owners:
            raise MissingError(f"{path} has no JSON beside it, which says how large its network is; add it")
        found[max(owners, key=len)].append(path)
    for target, paths in found.items():
        if not paths:
            raise MissingError(f"there is no file {folder / target}.pth, the weights of {target}.json; add it")
        if len(paths) > 1:
            names = ", ".join(path.name for path in paths)
            raise UsageError(f"{folder} holds {names}; keep one file of weights for {target}.json")
    return {target: path for target, (path,) in found.items()}


def _network(model: Any, folder: Path, target: str, path: Path, form: Mapping[str, int]) -> Any:
    about = folder / f"{target}.json"
    said = _numbers(about, ("args",), ("nfft", "nb_channels", "hidden_size"))
    for key in ("nfft", "nb_channels"):
        if said[key] != form[key]:
            raise UsageError(
                f"{about} says {key!r}: {said[key]}, but separator.json says {form[key]}; only models that were "
                "trained alike can separate together"
            )
    tensors = _tensors(path)
    sizes = {"hidden_size": ("fc1.weight", said["hidden_size"]), "nfft": ("output_mean", said["nfft"] // 2 + 1)}
    for key, (tensor, size) in sizes.items():  # before memory is taken for a network of that size
        if tuple(getattr(tensors.get(tensor), "shape", ()))[:1] != (size,):
            raise CorruptError(
                f"{path} does not hold the weights of {about}, but the weights of another network, whose {key!r} is "
                f"not {said[key]}; export it again"
            )
    try:
        network = model.OpenUnmix(
            nb_bins=said["nfft"] // 2 + 1,
            nb_channels=said["nb_channels"],
            hidden_size=said["hidden_size"],
            max_bin=len(tensors["input_mean"]),
        )
    except Exception as error:
        raise CorruptError(f"{path} does not hold the weights of {about} ({reason(error)}); export it again") from error
    return _fill(network, tensors, path)


def _numbers(path: Path, inside: tuple[str, ...], keys: tuple[str, ...]) -> dict[str, int]:
    """Whole numbers above 0 that a JSON object says, or one inside it."""
    try:
        said = json_of(text_of(path))
        for key in inside:
            said = said[key]
        numbers = {key: int(said[key]) for key in keys if 0 < said[key] == int(said[key])}
    except FileNotFoundError as error:
        raise MissingError(f"there is no file {path}, which Open-Unmix's training writes; add it") from error
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise CorruptError(f"{path} does not say {', '.join(keys)} ({reason(error)}); see openunmix.utils") from error
    if wrong := [key for key in keys if key not in numbers]:
        raise CorruptError(f"{path} says {wrong[0]!r}: {said[wrong[0]]!r}; it must be a whole number above 0")
    return numbers


def _tensors(path: Path) -> Mapping[str, Any]:
    torch = require("torch", extra="openunmix")
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CorruptError(
            f"{path} is damaged, or holds pickled objects, which may run any code and are not loaded "
            f"({reason(error)}); write tensors alone: torch.save(model.state_dict(), path)"
        ) from error
    if not isinstance(tensors, Mapping):
        raise CorruptError(f"{path} holds a {type(tensors).__name__}, not tensors by name; write model.state_dict()")
    return tensors


def _fill(network: Any, tensors: Mapping[str, Any], path: Path) -> Any:
    """The network with these weights; files may hold more than it needs (older ones: windows), but not less."""
    try:
        missing = network.load_state_dict(tensors, strict=False).missing_keys
    except Exception as error:
        raise CorruptError(f"{path} holds the weights of another network ({reason(error)})") from error
    if absent := [name for name in missing if not name.endswith("num_batches_tracked")]:
        raise CorruptError(f"{path} lacks {', '.join(absent[:3])}; it does not hold the weights of such a network")
    return network
