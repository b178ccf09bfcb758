"""Checkpoints without TensorFlow: the published ones as TensorFlow reads them, and every kind of damage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audiolime_ext.errors import CorruptError
from audiolime_ext.models import musicnn
from audiolime_ext.networks.checkpoints import Checkpoint, locate
from audiolime_ext.networks.tensor_bundle import content_hash, crc32c, read_tensor_bundle
from factorizations import spleeter

# Hashes of what TensorFlow 2.12's own reader gives for the same files, optimizer slots left out.
PUBLISHED = [
    (musicnn.CHECKPOINT, "musicnn/MSD_musicnn", "5ca275d035653f183c3b1fef364f66112b0fce5b53d6ed442e6bad7ca58d66dc"),
    (musicnn.CHECKPOINT, "musicnn/MTT_musicnn", "44c0a7772f20034a9db71b0a666c5d5b3cda40fa9c6aacee36f104396fd9c968"),
    (musicnn.CHECKPOINT, "musicnn/MSD_vgg", "5ea3a0e73b940e493886d74e8e43d04d49980d38372e2d4ca023f8865d7f642a"),
    (musicnn.CHECKPOINT, "musicnn/MTT_vgg", "61e7b03023d4c5d141ff535ad77b826003a235b507e71eb56988b283268aef69"),
    (
        spleeter.CHECKPOINT,
        "spleeter/pretrained_models/2stems/model",
        "66f4c04c74e6d95ae0925f211a6c34e0ffb1a8dc999f01fa1a34aa3e14967da0",
    ),
]
TENSORS: dict[str, NDArray[np.generic]] = {
    "dense/bias": np.arange(3, dtype=np.float32),
    "dense/kernel": np.arange(6, dtype=np.float64).reshape(2, 3),
    "dense/kernel/Adam": np.zeros((2, 3), np.float32),
    "empty": np.zeros((0, 4), np.float32),
    "steps": np.array(7, np.int64),
}
CODES = {"float32": 1, "float64": 2, "int32": 3, "int64": 9, "float16": 19}


def varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(records: Mapping[bytes, bytes]) -> bytes:
    """Contents, compression and checksum; keys share prefixes with the one before, as LevelDB writes them."""
    content, previous = b"", b""
    for key, value in records.items():
        shared = next((i for i, (a, b) in enumerate(zip(key, previous, strict=False)) if a != b), 0)
        content += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        previous = key
    content += (0).to_bytes(4, "little") + (1).to_bytes(4, "little") + b"\0"
    crc = crc32c(content)
    masked = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return content + masked.to_bytes(4, "little")


def write_index(prefix: Path, *blocks: Mapping[bytes, bytes], again: bool = False) -> None:
    """An index of these blocks of records; `again`: every block is listed once more."""
    content, handles = b"", {}
    for records in blocks:
        handles[list(records)[-1]] = varint(len(content)) + varint(len(block(records)) - 5)
        content += block(records)
    handles |= {key + b"~": handle for key, handle in handles.items()} if again else {}
    footer = varint(0) + varint(0) + varint(len(content)) + varint(len(block(handles)) - 5)
    Path(f"{prefix}.index").write_bytes(
        content + block(handles) + footer.ljust(40, b"\0") + bytes.fromhex("57fb808b247547db")
    )


def write_bundle(
    prefix: Path, tensors: Mapping[str, NDArray[np.generic]] = TENSORS, *, n_shards: int = 2, byte_order: int = 0
) -> None:
    """A bundle of `n_shards` data files whose index has two data blocks."""
    shards = [b"" for _ in range(n_shards)]
    header = field(1, n_shards) + (field(2, byte_order) if byte_order else b"")
    records = {b"": header}
    for i, (name, values) in enumerate(sorted(tensors.items())):
        shard = i % n_shards
        shape = b"".join(field(2, field(1, size)) for size in values.shape)
        entry = field(1, CODES[values.dtype.name]) + field(2, shape) + field(3, shard) + field(4, len(shards[shard]))
        records[name.encode()] = entry + field(5, values.nbytes) + varint(6 << 3 | 5) + b"\0\0\0\0"
        shards[shard] += values.tobytes()
    names = list(records)
    write_index(prefix, *({name: records[name] for name in part} for part in (names[:3], names[3:]) if part))
    for i, shard_bytes in enumerate(shards):
        Path(f"{prefix}.data-{i:05d}-of-{n_shards:05d}").write_bytes(shard_bytes)


@pytest.mark.parametrize(("checkpoint", "prefix", "sha256"), PUBLISHED, ids=[p for _, p, _ in PUBLISHED])
def test_published_checkpoints_are_read_as_tensorflow_reads_them(
    checkpoint: Checkpoint, prefix: str, sha256: str
) -> None:
    assert content_hash(read_tensor_bundle(locate(checkpoint) / prefix)) == sha256


@pytest.mark.parametrize("n_shards", [1, 2, 3])
def test_types_shapes_and_values_come_back_from_any_number_of_data_files(tmp_path: Path, n_shards: int) -> None:
    write_bundle(tmp_path / "model", n_shards=n_shards)
    found = read_tensor_bundle(tmp_path / "model", skip=())
    assert sorted(found) == sorted(TENSORS)
    for name, values in TENSORS.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_a_folder_is_the_prefix_of_files_whose_names_begin_with_the_dot(tmp_path: Path) -> None:
    write_bundle(Path(f"{tmp_path}/"), n_shards=1)
    Path(f"{tmp_path}.index").replace(tmp_path / ".index")
    Path(f"{tmp_path}.data-00000-of-00001").replace(tmp_path / ".data-00000-of-00001")
    assert "dense/bias" in read_tensor_bundle(tmp_path)


def test_optimizer_slots_are_skipped_unless_asked_for(tmp_path: Path) -> None:
    write_bundle(tmp_path / "model")
    assert sorted(read_tensor_bundle(tmp_path / "model")) == ["dense/bias", "dense/kernel", "empty", "steps"]
    assert sorted(read_tensor_bundle(tmp_path / "model", skip=("dense",))) == ["empty", "steps"]


def test_every_flipped_byte_of_the_index_is_noticed_or_harmless(tmp_path: Path) -> None:
    write_bundle(tmp_path / "model")
    index = tmp_path / "model.index"
    content = index.read_bytes()
    noticed = 0
    for at in range(len(content)):
        index.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
        try:
            found = read_tensor_bundle(tmp_path / "model")
        except CorruptError:
            noticed += 1
        else:
            np.testing.assert_array_equal(found["dense/kernel"], TENSORS["dense/kernel"])
    assert noticed > len(content) - 45  # only the footer's unused first handle and its padding may change unnoticed


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda b: b[:30] + b"\xff" + b[31:],
            r"model\.index is not an index of a TensorFlow checkpoint: the checksum of",
        ),
        (lambda b: b[:-1], "the magic number at its end is missing; fetch it again"),
        (lambda b: b"", "the magic number at its end is missing"),
        (lambda b: b[-48:], "it is cut short"),
    ],
    ids=["flipped", "shortened", "empty", "footer only"],
)
def test_a_damaged_index_is_refused_with_its_reason(
    tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    write_bundle(tmp_path / "model")
    index = tmp_path / "model.index"
    index.write_bytes(damage(index.read_bytes()))
    with pytest.raises(CorruptError, match=message):
        read_tensor_bundle(tmp_path / "model")


def test_missing_and_shortened_data_files_are_named(tmp_path: Path) -> None:
    write_bundle(tmp_path / "model")
    data = tmp_path / "model.data-00001-of-00002"
    content = data.read_bytes()
    data.write_bytes(content[:-60])
    with pytest.raises(CorruptError, match=r"model\.data-00001-of-00002 ends before tensor 'dense/kernel' does"):
        read_tensor_bundle(tmp_path / "model")
    data.write_bytes(b"")
    with pytest.raises(CorruptError, match=r"data-00001-of-00002 ends before"):
        read_tensor_bundle(tmp_path / "model")
    data.unlink()
    with pytest.raises(CorruptError, match=r"cannot read .*model\.data-00001-of-00002: No such file"):
        read_tensor_bundle(tmp_path / "model")


def test_what_cannot_be_read_is_refused_not_misread(tmp_path: Path) -> None:
    write_bundle(tmp_path / "half", {"w": np.zeros(2, np.float16)})
    with pytest.raises(CorruptError, match="tensor 'w' has TensorFlow's type 19"):
        read_tensor_bundle(tmp_path / "half")
    write_bundle(tmp_path / "big", byte_order=1)
    with pytest.raises(CorruptError, match="names no shard or another byte order"):
        read_tensor_bundle(tmp_path / "big")


# --- indexes that claim what cannot be --------------------------------------------------------------------------------


def entry(*shape: int, size: int = 12) -> bytes:
    """Where 12 bytes of float32 lie."""
    return field(1, 1) + field(2, b"".join(field(2, field(1, axis)) for axis in shape)) + field(5, size)


def test_a_number_of_shards_is_believed_without_being_counted(tmp_path: Path) -> None:
    n_shards = 1 << 62
    write_index(tmp_path / "model", {b"": field(1, n_shards), b"w": entry(3)})
    (tmp_path / f"model.data-00000-of-{n_shards}").write_bytes(bytes(12))
    assert read_tensor_bundle(tmp_path / "model")["w"].shape == (3,)


@pytest.mark.parametrize(
    ("name", "claim", "message"),
    [
        (b"w", entry(0, 1 << 62, size=0), "tensor 'w' has 2 axes, or one that no tensor has"),
        (b"w", entry(*[1] * 99, 3), "tensor 'w' has 100 axes"),
        (b"w", entry(1 << 63, 1 << 63), "cannot have 12 bytes|has 2 axes"),
        (b"w", varint(4 << 3) + b"\xff" * 100_000 + b"\1", "it holds a number of more than 64 bits"),
        (b"w" * 2000, entry(3), "it holds a name that no tensor has"),
        (b"w", entry(3) + field(7, bytes(1_000_000)), "it holds 1 MB, and no more than 1 MB is read"),
    ],
    ids=["empty", "axes", "huge", "number", "name", "index"],
)
def test_claims_that_no_tensor_fulfils_are_refused(tmp_path: Path, name: bytes, claim: bytes, message: str) -> None:
    write_index(tmp_path / "model", {b"": field(1, 1), name: claim})
    (tmp_path / "model.data-00000-of-00001").write_bytes(bytes(12))
    with pytest.raises(CorruptError, match=message):
        read_tensor_bundle(tmp_path / "model")


def test_a_block_that_is_listed_again_is_not_read_again(tmp_path: Path) -> None:
    write_index(tmp_path / "model", {b"": field(1, 1), b"w": entry(3)}, again=True)
    with pytest.raises(CorruptError, match="its blocks overlap"):
        read_tensor_bundle(tmp_path / "model")
