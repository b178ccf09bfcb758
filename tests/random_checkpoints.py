"""Checkpoints with random weights, and a mirror of Spleeter's release that serves archives of them on this machine."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.networks.checkpoints import Checkpoint
from factorizations import spleeter
from factorizations.spleeter_network import SpleeterConfig
from factorizations.spleeter_own import FIXED
from tests.networks.test_tensor_bundle import write_bundle

NARROW = (2, 3, 4, 4, 5, 6)  # filters: random weights need no more, and the tests no patience


def random_weights(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict[str, NDArray[np.float32]]:
    """Weights that keep a signal's level from layer to layer, with normalisations that do a little."""
    rng = np.random.default_rng(seed)
    weights: dict[str, NDArray[np.float32]] = {}
    for name, shape in shapes.items():
        kernel = name.endswith("/kernel")
        values = rng.normal(0, np.prod(shape[:-1]) ** -0.5 if kernel else 0.1, shape)
        weights[name] = (values + name.endswith(("/gamma", "/moving_variance"))).astype(np.float32)
    return weights


def write_bundle_in(folder: Path, tensors: Mapping[str, NDArray[np.generic]]) -> None:
    """A checkpoint as musicnn's lie: the names of its files are nothing but the endings."""
    folder.mkdir(parents=True, exist_ok=True)
    write_bundle(folder / "model", tensors, n_shards=1)
    for ending in (".index", ".data-00000-of-00001"):
        (folder / f"model{ending}").rename(folder / ending)


def write_checkpoint(folder: Path, config: SpleeterConfig, *, name: str = "model", seed: int = 0) -> None:
    """The files of a checkpoint as `spleeter train` leaves them: the bundle, the graph, and the note of the newest."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, NDArray[np.generic]] = {**random_weights(config.shapes(), seed), "global_step": np.array(7)}
    write_bundle(folder / name, tensors, n_shards=1)
    (folder / f"{name}.meta").write_bytes(b"the graph, which is not read")
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{name}"\nall_model_checkpoint_paths: "{name}"\n')


def configuration(config: SpleeterConfig, *, model_dir: str, **otherwise: object) -> str:
    """The JSON with which `spleeter train` would train such a model."""
    params = {"conv_activation": config.down, "deconv_activation": config.up, "conv_n_filters": config.filters}
    model = {"type": "unet.softmax_unet" if config.softmax else "unet.unet", "params": params}
    said = {"mix_name": "mix", "instrument_list": config.instruments, "F": config.n_bins, "model": model}
    return json.dumps({**FIXED, **said, "model_dir": model_dir, **otherwise})


def pack(files: Path, archive: Path) -> str:
    """Pack a folder as the release's archives are packed, its files at the top; the archive's SHA-256."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz", compresslevel=1) as opened:
        opened.add(files, arcname=".")
    return hashlib.sha256(archive.read_bytes()).hexdigest()


class Mirror(http.server.ThreadingHTTPServer):
    """Serves the files below a folder; every request is noted in `asked`."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.cut = False  # every answer breaks off after half of what it promised
        super().__init__(("127.0.0.1", 0), functools.partial(_Files, directory=str(folder)))
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Files(http.server.SimpleHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        super().do_GET()

    def copyfile(self, source: Any, outputfile: Any) -> None:
        content = source.read()
        outputfile.write(content[: len(content) // 2] if self.server.cut else content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def mirrored(folder: Path, names: Sequence[str] = ("4stems", "5stems")) -> Iterator[Mirror]:
    """Spleeter's archives `names`, with narrow random networks, on a server in GitHub's place; the cache is empty.

    Only the hashes and the numbers of filters differ from those of the registered variants.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            config = replace(spleeter.CONFIGS[name], filters=NARROW)
            write_checkpoint(folder / name, config, seed=len(config.instruments))
            published = spleeter.VARIANTS[name]
            assert published is not None
            checkpoint = replace(published, sha256=pack(folder / name, folder / "mirror" / published.release))
            for variant in (name, f"{name}-16kHz"):
                patch.setitem(spleeter.VARIANTS, variant, checkpoint)
                patch.setitem(spleeter.CONFIGS, variant, replace(spleeter.CONFIGS[variant], filters=NARROW))
        mirror = Mirror(folder / "mirror")
        patch.setenv("AUDIOLIME_CACHE", str(folder / "cache"))
        patch.setenv("AUDIOLIME_MIRROR", mirror.url)
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.delenv("AUDIOLIME_OFFLINE", raising=False)
        yield mirror
        mirror.shutdown()
        mirror.server_close()


def registered(name: str) -> Checkpoint:
    """The checkpoint of a registered variant."""
    checkpoint = spleeter.VARIANTS[name]
    assert checkpoint is not None
    return checkpoint
