"""TensorFlow checkpoints ("tensor bundles"), read without TensorFlow.

A bundle is an index file and one or several data files ("shards") that share a prefix::

    model.index                   where each tensor lies: a sorted table from name to entry
    model.data-00000-of-00001     the tensors' bytes, end to end

The index is a table as LevelDB writes it. Its last 48 bytes, the footer, hold two handles (offset, size) and a magic
number; the second handle leads to a block that lists the handles of the data blocks. A block is a run of records whose
keys share a prefix with the record before, followed by restart points (not needed to read in order), one byte for the
compression and four for a masked CRC-32C. The record with the empty key is the bundle's header; every other one is a
protocol-buffer message that holds a tensor's type, shape, shard, offset and size.

The blocks' checksums are verified here. The checksums of the tensors are not: in pure Python that takes seconds, and
`checkpoints.locate` has already verified the files' SHA-256. An index claims what it likes: nothing takes more time or
memory than the files have bytes. The prefix may be a folder; then the files' names begin
with the dot: ``.index`` and ``.data-00000-of-00001``.

References
----------
Formats: ``table_format.md`` of LevelDB; ``tensor_bundle.proto`` and ``tensor_shape.proto`` of TensorFlow.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import CorruptError
from audiolime_ext.outside import contents, require_file
from audiolime_ext.text import counted

OPTIMIZER_SLOTS = ("Adam", "beta1_power", "beta2_power", "global_step")
"""Parts of the names of tensors that only training needs."""

_FOOTER = 48
_TRAILER = 5  # compression and checksum after every block
_MAGIC = bytes.fromhex("57fb808b247547db")
_DTYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}  # DataType in types.proto
_LITTLE_ENDIAN = 0
_MOST_INDEX = 1_000_000  # bytes; those of large networks have some 50 kB
_LONGEST_NAME = 1000  # bytes
_MOST_AXES, _LONGEST_AXIS = 32, 1 << 31
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types of protocol buffers


@dataclass(frozen=True)
class _Entry:
    """Where a tensor's bytes lie."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int


def read_tensor_bundle(
    prefix: str | os.PathLike[str], *, skip: Sequence[str] = OPTIMIZER_SLOTS
) -> dict[str, NDArray[np.generic]]:
    """Tensors of a checkpoint by name.

    Parameters
    ----------
    prefix : str or path
        Beginning that the paths of the files share, such as ``2stems/model``, or a folder that holds ``.index``.
    skip : sequence of str
        Parts of names: tensors whose names hold one of them are not read.

    Returns
    -------
    Read-only arrays in the types and shapes of the file (float32, float64, int32 or int64), backed by the file.

    Raises
    ------
    CorruptError
        If a file is missing, cut short or damaged, or is not such a checkpoint.

    References
    ----------
    The formats are named at the top of this module.

    Examples
    --------
    >>> read_tensor_bundle("nowhere/model")
    Traceback (most recent call last):
    audiolime_ext.errors.CorruptError: cannot read nowhere/model.index: ...
    """
    stem = os.fspath(prefix) + ("/" if Path(prefix).is_dir() else "")
    index = Path(stem + ".index")
    try:
        records = dict(_table(contents(index, _MOST_INDEX)))
        header = _fields(records.pop(b"", b""))
        n_shards = _number(header, 1)
        if not n_shards or _number(header, 2) != _LITTLE_ENDIAN:
            raise ValueError("its header names no shard or another byte order")
        entries = {key.decode(): _entry(value) for key, value in records.items()}
    except OSError as error:
        raise CorruptError(f"cannot read {index}: {error.strerror}; fetch the checkpoint again") from error
    except (ValueError, IndexError) as error:
        reason = "it is cut short" if isinstance(error, IndexError) else error
        raise CorruptError(f"{index} is not an index of a TensorFlow checkpoint: {reason}; fetch it again") from error
    wanted = {name: entry for name, entry in entries.items() if not any(part in name for part in skip)}
    lost = [name for name, entry in wanted.items() if entry.shard >= n_shards]
    if lost:
        raise CorruptError(f"{index} looks for {lost[0]!r} beyond its {counted(n_shards, 'data file')}; fetch it again")
    paths = {i: Path(f"{stem}.data-{i:05d}-of-{n_shards:05d}") for i in {entry.shard for entry in wanted.values()}}
    shards = {i: _map(path) for i, path in paths.items()}
    return {name: _read(name, entry, shards[entry.shard], paths[entry.shard]) for name, entry in wanted.items()}


def content_hash(tensors: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 over names, shapes, types and bytes: equal for equal tensors, however they are stored.

    Examples
    --------
    >>> content_hash({"a": np.zeros(2, np.float32)}) == content_hash({"a": np.zeros(3, np.float32)})
    False
    """
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].shape} {tensors[name].dtype}".encode())
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()


def require_shapes(tensors: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[int, ...]], *, origin: str) -> None:
    """Raise `CorruptError` unless a checkpoint belongs to a network whose tensors have these shapes, in float32.

    A name below that of a tensor belongs to an optimizer, and is allowed.

    Examples
    --------
    >>> require_shapes({"bias": np.zeros(3, np.float32)}, {"bias": (4,)}, origin="own/model")
    Traceback (most recent call last):
    audiolime_ext.errors.CorruptError: own/model is of another architecture: 'bias' is (3,) float32, not (4,) float32...
    """
    found = {name: f"{tensor.shape} {tensor.dtype}" for name, tensor in tensors.items()}
    wanted = {name: f"{shape} float32" for name, shape in shapes.items()}
    for name in [*wanted, *found]:
        slot = name not in wanted and name.rpartition("/")[0] in wanted
        if not slot and (is_ := found.get(name, "absent")) != (expected := wanted.get(name, "absent")):
            raise CorruptError(
                f"{origin} is of another architecture: {name!r} is {is_}, not {expected}; name the one that belongs "
                "to this network"
            )


def _read(name: str, entry: _Entry, shard: NDArray[np.uint8], path: Path) -> NDArray[np.generic]:
    if entry.dtype not in _DTYPES:
        raise CorruptError(f"tensor {name!r} has TensorFlow's type {entry.dtype}, which cannot be read here; skip it")
    dtype = np.dtype(_DTYPES[entry.dtype])
    if len(entry.shape) > _MOST_AXES or max(entry.shape, default=0) > _LONGEST_AXIS:
        raise CorruptError(
            f"tensor {name!r} has {counted(len(entry.shape), 'axis', 'axes')}, or one that no tensor has; fetch it again"
        )
    if entry.size != math.prod(entry.shape) * dtype.itemsize:
        raise CorruptError(f"tensor {name!r} of shape {entry.shape} cannot have {entry.size} bytes, as its index says")
    if entry.offset + entry.size > shard.size:
        raise CorruptError(f"{path} ends before tensor {name!r} does; fetch the checkpoint again")
    return shard[entry.offset : entry.offset + entry.size].view(dtype).reshape(entry.shape)


def _map(path: Path) -> NDArray[np.uint8]:
    """A file's bytes as an array; memory-mapped, so that only what is used is read, and copied once."""
    try:
        return np.memmap(require_file(path), np.uint8, "r") if path.stat().st_size else np.empty(0, np.uint8)
    except OSError as error:
        raise CorruptError(f"cannot read {path}: {error.strerror}; fetch the checkpoint again") from error


def _table(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a table, in the order of the keys."""
    if content[-len(_MAGIC) :] != _MAGIC:
        raise ValueError("the magic number at its end is missing")
    footer = content[-_FOOTER:]
    _, _, at = _handle(footer, 0)
    offset, size, _ = _handle(footer, at)
    end = 0
    for _, handle in _records(_block(content, offset, size)):
        offset, size, _ = _handle(handle, 0)
        if offset < end:
            raise ValueError("its blocks overlap")
        end = offset + size
        yield from _records(_block(content, offset, size))


def _block(content: bytes, offset: int, size: int) -> bytes:
    trailer = content[offset + size : offset + size + _TRAILER]
    if len(trailer) < _TRAILER:
        raise IndexError
    if int.from_bytes(trailer[1:], "little") != _masked(crc32c(content[offset : offset + size + 1])):
        raise ValueError(f"the checksum of its block at byte {offset} is wrong")
    if trailer[0] != 0:
        raise ValueError("it is compressed, which TensorFlow's own writer never does")
    return content[offset : offset + size]


def _records(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    n_restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 * (n_restarts + 1)
    key, at = b"", 0
    while at < end:
        shared, at = _varint(block, at)
        rest, at = _varint(block, at)
        size, at = _varint(block, at)
        key = key[:shared] + block[at : at + rest]
        if len(key) > _LONGEST_NAME:
            raise ValueError("it holds a name that no tensor has")
        yield key, block[at + rest : at + rest + size]
        at += rest + size


def _handle(content: bytes, at: int) -> tuple[int, int, int]:
    offset, at = _varint(content, at)
    size, at = _varint(content, at)
    return offset, size, at


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 64:
        byte = content[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise ValueError("it holds a number of more than 64 bits")


def _fields(message: bytes) -> list[tuple[int, int | bytes]]:
    """Field numbers and values of a protocol-buffer message."""
    fields: list[tuple[int, int | bytes]] = []
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        value: int | bytes
        if wire == _VARINT:
            value, at = _varint(message, at)
        elif wire in (_FIXED32, _FIXED64, _BYTES):
            size, at = _varint(message, at) if wire == _BYTES else (4 if wire == _FIXED32 else 8, at)
            value, at = message[at : at + size], at + size
        else:
            raise ValueError(f"an entry holds a field of wire type {wire}")
        fields.append((number, value))
    return fields


def _number(fields: Sequence[tuple[int, int | bytes]], number: int) -> int:
    """The value of a numeric field; protocol buffers leave out what is 0."""
    return next((value for field, value in fields if field == number and isinstance(value, int)), 0)


def _entry(message: bytes) -> _Entry:
    fields = _fields(message)
    shape = next((value for field, value in fields if field == 2 and isinstance(value, bytes)), b"")
    sizes = [_number(_fields(value), 1) for field, value in _fields(shape) if field == 2 and isinstance(value, bytes)]
    return _Entry(_number(fields, 1), tuple(sizes), _number(fields, 3), _number(fields, 4), _number(fields, 5))


def _crc_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)  # Castagnoli's polynomial, bits reversed
        table.append(value)
    return table


_CRC_TABLE = _crc_table()


def crc32c(content: bytes) -> int:
    """CRC-32C (Castagnoli) of some bytes: the checksum of iSCSI (RFC 3720), LevelDB and TensorFlow.

    Examples
    --------
    >>> f"{crc32c(b'123456789'):08x}"
    'e3069283'
    """
    crc = 0xFFFFFFFF
    for byte in content:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


def _masked(crc: int) -> int:
    """LevelDB stores checksums rotated and shifted, so that a checksum of checksums stays meaningful."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
