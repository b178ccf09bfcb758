"""HDF5 files without their library: what h5py writes is read, and what leads elsewhere is refused."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from audiolime_ext.errors import CorruptError
from audiolime_ext.networks.hdf5 import Hdf5


def written(fill: Callable[[Any], object], **options: Any) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w", **options) as file:
        fill(file)
    return content.getvalue()


def many(file: Any) -> object:
    """Groups of more members than one node holds, and every shape."""
    rng = np.random.default_rng(0)
    for i in range(60):
        file[f"layers/dense_{i}/vars/0"] = rng.normal(size=(i, 3)).astype(np.float32)
        file[f"layers/dense_{i}/vars/1"] = np.float32(i)
    for i in range(30):
        file.attrs[f"note {i}"] = "é" * i
        file.attrs[f"bytes {i}"] = b"x" * (i + 1)
    return file


def test_tensors_are_those_that_h5py_reads() -> None:
    content = written(many)
    found = Hdf5(content, "x").tensors()
    with h5py.File(io.BytesIO(content)) as file:
        wanted: dict[str, Any] = {}
        file.visititems(lambda name, one: wanted.update({name: one[...]} if isinstance(one, h5py.Dataset) else {}))
    assert list(found) == list(wanted)
    assert len(found) == 120
    for name, tensor in found.items():
        np.testing.assert_array_equal(tensor, wanted[name])
        assert tensor.shape == wanted[name].shape


def test_a_tensor_is_a_view_of_the_file() -> None:
    content = written(lambda file: file.create_dataset("a", data=np.arange(5, dtype=np.float32)))
    tensor = Hdf5(content, "x").tensors()["a"]
    assert np.shares_memory(tensor, np.frombuffer(content, np.uint8))
    assert not tensor.flags.writeable


def test_texts_of_fixed_and_of_any_length_are_read() -> None:
    file = Hdf5(written(many), "x")
    for i in (0, 1, 29):
        assert file.text(f"note {i}") == "é" * i
        assert file.text(f"bytes {i}") == "x" * (i + 1)
    with pytest.raises(CorruptError, match=r"x is damaged, .*it has no attribute 'model_config'"):
        file.text("model_config")


def test_what_is_no_float32_is_left_out() -> None:
    def fill(file: Any) -> None:
        file["a"], file["b"], file["c"] = np.arange(3), np.float64(2), np.arange(3, dtype=">f4")
        file["d"], file["e"], file["f"] = "text", np.float16(1), np.ones(2, np.float32)

    assert list(Hdf5(written(fill), "x").tensors()) == ["f"]


@pytest.mark.parametrize(
    ("fill", "message"),
    [
        (lambda file: file.update({"a": h5py.SoftLink("/b")}), "it holds a link"),
        (lambda file: file.update({"a": h5py.ExternalLink("other.h5", "/b")}), "of a newer form"),
        (lambda file: file.create_dataset("a", (6,), "f4", external=[("other", 0, 24)]), "parts of other files"),
        (lambda file: file.create_dataset("a", (6,), "f4", chunks=(2,)), "not in one piece"),
        (lambda file: file.create_dataset("a", (6,), "f4", compression="gzip"), "of a newer form|not in one piece"),
        (lambda file: file.create_dataset("a", (10**9,), "f4"), r"shape \(1000000000,\) has another number of bytes"),
        (lambda file: file.update({"a": file.create_group("b")}), "its groups run in a circle"),
    ],
)
def test_what_leads_elsewhere_or_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fill: Callable[[Any], object], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CorruptError, match=message):
        Hdf5(written(fill), "x").tensors()


def test_a_newer_form_is_told() -> None:
    with pytest.raises(CorruptError, match=r"its form is a newer one; write it with h5py's usual libver"):
        Hdf5(written(many, libver="latest"), "x").tensors()
    with pytest.raises(CorruptError, match="of a newer form"):
        Hdf5(written(lambda file: file.create_group("a", track_order=True)), "x").tensors()


def test_damage_anywhere_is_told_and_never_more() -> None:
    rng = np.random.default_rng(0)
    whole = written(many)
    told = 0
    for i in range(300):
        content = bytearray(whole)
        for place in rng.integers(0, len(content), 40):
            content[place] = int(rng.integers(256))
        try:
            file = Hdf5(bytes(content if i % 3 else content[: int(rng.integers(len(content)))]), "x")
            file.tensors()
            file.text("note 3")
        except CorruptError:
            told += 1
    assert told > 100
