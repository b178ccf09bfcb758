"""Readers fed with what reaches new lines of them, by the package atheris, which `make fuzz-guided` installs.

::

    python -m tests.fuzz.guided decoding corpus-decoding -max_total_time=720

What comes after the target goes to libFuzzer. The folder is filled with sound files first, and keeps what reached new
lines. Errors of ours are the right end; of any other the first input of each place is kept in ``fuzz-faults``.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import atheris
import numpy as np

with atheris.instrument_imports(include=["audiolime_ext"]):
    from audiolime_ext import explain, tagger
    from audiolime_ext.audio.decoding import count, decode
    from audiolime_ext.audio.formats import flac, mpeg, ogg, riff, tags
    from audiolime_ext.audio.mpeg4 import decode_stems
    from audiolime_ext.audit.store.store import AuditStore
    from audiolime_ext.audit.verdict.expected import load_expected
    from audiolime_ext.collection.manifest import load_manifest
    from audiolime_ext.errors import AudiolimeError
    from audiolime_ext.explanation import restored
    from audiolime_ext.explanation.form import FILE_NAME
    from audiolime_ext.networks.tensor_bundle import read_tensor_bundle

from tests.fuzz.ours import saved
from tests.fuzz.recordings import FORMATS, encoded
from tests.random_checkpoints import random_weights, write_bundle_in

KEPT = Path("fuzz-faults")
LONGEST_S = 30.0
_FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-guided-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def decoding(content: bytes) -> None:
    """Sound files: how long they are, and their sound."""
    count(content, "x")
    decode(content, "x", longest_s=LONGEST_S)


def containers(content: bytes) -> None:
    """The parts that a file of each format has, its tags, and stem files."""
    for parts in (flac.parts, riff.parts, lambda given: mpeg.parts(given, "x"), lambda given: ogg.parts(given, "x")):
        try:
            parts(content)
        except AudiolimeError:
            continue
    tags.before_tags(content, len(content))
    tags.after_tags(content)
    decode_stems(content, "x")


def bundle(content: bytes) -> None:
    """Checkpoints of TensorFlow: the index is given, the data are as they were."""
    (_FOLDER / ".index").write_bytes(content)
    for tensor in read_tensor_bundle(_FOLDER).values():
        tensor.sum()


def manifest(content: bytes) -> None:
    """Tables of recordings, and of what is expected."""
    path = _FOLDER / "m.csv"
    path.write_bytes(content)
    try:
        load_manifest(path)
    except AudiolimeError:
        load_expected(path)


def store(content: bytes) -> None:
    """Stores of audits, read from the first to the last."""
    path = _FOLDER / "s.sqlite"
    path.write_bytes(content)
    with AuditStore.read(path) as opened:
        list(opened.one_by_one())
        list(opened.failures())
        list(opened.measurements("necessity"))


def result(content: bytes) -> None:
    """Saved explanations."""
    (_FOLDER / FILE_NAME).write_bytes(content)
    restored.load(_FOLDER)


TARGETS: dict[str, Callable[[bytes], None]] = {
    one.__name__: one for one in (decoding, containers, bundle, manifest, store, result)
}


def seeds(target: str) -> list[bytes]:
    """Sound files to begin with."""
    if target in ("decoding", "containers"):
        return [encoded(name, n) for name in FORMATS for n in (1, 2)]
    if target == "bundle":
        write_bundle_in(_FOLDER, random_weights({"conv/kernel": (3, 2), "dense/kernel": (4, 1)}))
        return [(_FOLDER / ".index").read_bytes()]
    if target == "result":
        sound = np.random.default_rng(0).normal(0, 0.1, 4000).astype(np.float32), 8000
        model = tagger(lambda batch: np.abs(batch).mean(axis=1, keepdims=True))
        explain(sound, model, factorization="bands:2").save(_FOLDER)
        return [(_FOLDER / FILE_NAME).read_bytes()]
    for name in ("0.wav", "1.wav"):
        (_FOLDER / name).write_bytes(saved()[name])
    return [saved()[{"manifest": "m.csv", "store": "s.sqlite"}[target]]]


def main() -> None:
    target, *options = sys.argv[1:]
    for folder in [Path(option) for option in options if not option.startswith("-")]:
        folder.mkdir(exist_ok=True)
        for content in seeds(target):
            (folder / sha256(content).hexdigest()[:16]).write_bytes(content)
    KEPT.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    met = set[str]()

    def once(content: bytes) -> None:
        try:
            TARGETS[target](content)
        except AudiolimeError:
            pass
        except Exception as error:  # noqa: BLE001 - whatever comes through is what is looked for
            places = traceback.extract_tb(error.__traceback__)
            ours = next((f"{at.filename}:{at.lineno}" for at in reversed(places) if "audiolime_ext" in at.filename), "")
            place = f"{ours} {type(error).__name__}"
            if place not in met:
                met.add(place)
                name = f"{target}-{sha256(place.encode()).hexdigest()[:8]}"
                (KEPT / name).write_bytes(content)
                (KEPT / f"{name}.txt").write_text("".join(traceback.format_exception(error)), encoding="utf-8")
                print(f"found: {place}", flush=True)

    atheris.Setup([sys.argv[0], *options], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
