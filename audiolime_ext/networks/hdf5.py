"""Tensors of an HDF5 file, such as Keras writes, read without the HDF5 library, which damaged files can crash.

A file is a tree of groups that holds datasets, which are tensors here; every object may have attributes. Only the
simple form is read that ``h5py`` writes unless it is asked for another one: version 0 of the superblock, groups as
B-trees of symbol tables, datasets in one piece. Whatever else a file may hold is refused with a word that says what:
newer forms, datasets in chunks or in other files, and links, which may lead anywhere.

Invariants: *nothing outside the bytes that are given is read*; *a tensor is a view of these bytes*, so none takes more
memory than the file; *each object is entered once*, so no circle ends in a hang.

References
----------
The HDF Group: HDF5 File Format Specification, version 3.0, sections II.A, III.A to III.E, IV.A.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import CorruptError

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_DATASPACE, _DATATYPE, _EXTERNAL, _LAYOUT, _ATTRIBUTE, _CONTINUED, _GROUP = 0x1, 0x3, 0x7, 0x8, 0xC, 0x10, 0x11
_NEWER = {0x2: "groups", 0x6: "links", 0xA: "groups", 0xB: "compressed datasets", 0x15: "attributes"}
_FLOAT32 = bytes.fromhex("11201f00040000000000200017080017 7f000000")  # IEEE, the lowest byte first
_SHARED = 2  # a flag: what follows stands elsewhere
_MOST_OBJECTS, _MOST_MESSAGES, _MOST_NAMES = 100_000, 1000, 1_000_000


class _Odd(Exception):
    """What is wrong with a file, or not read of it."""


_DAMAGE = (_Odd, struct.error, ValueError, IndexError, OverflowError, RecursionError)


@dataclass(frozen=True)
class Hdf5:
    """A file's bytes; `origin` is its name in messages.

    Parameters
    ----------
    content : bytes
        The whole file.
    origin : str
        Name of the file, for messages.
    """

    content: bytes = field(repr=False)
    origin: str

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """All datasets of float32, by their paths without a slash in front; others are left out.

        Raises
        ------
        CorruptError
            If the file is damaged, or holds what is not read.
        """
        try:
            return dict(self._within(self._root(), "", set()))
        except _DAMAGE as error:
            raise self._corrupt(error) from error

    def text(self, name: str) -> str:
        """A text that is an attribute of the whole file.

        Parameters
        ----------
        name : str
            Name of the attribute.

        Raises
        ------
        CorruptError
            If there is none, or the file is damaged.
        """
        try:
            for message in self._messages(self._root(), _ATTRIBUTE):
                if (found := self._attribute(message, name)) is not None:
                    return found
            raise _Odd(f"it has no attribute {name!r}")
        except _DAMAGE as error:
            raise self._corrupt(error) from error

    def _corrupt(self, error: Exception) -> CorruptError:
        return CorruptError(f"{self.origin} is damaged, or no HDF5 file that can be read ({error})")

    def _part(self, offset: int, length: int) -> bytes:
        if not 0 <= offset <= offset + length <= len(self.content):
            raise _Odd(f"it ends at byte {len(self.content)}, and byte {offset + length} is looked for")
        return self.content[offset : offset + length]

    def _numbers(self, form: str, offset: int) -> tuple[Any, ...]:
        return struct.unpack(f"<{form}", self._part(offset, struct.calcsize(f"<{form}")))

    def _root(self) -> int:
        """Where the header of the outermost group stands."""
        if self._part(0, 8) != _SIGNATURE:
            raise _Odd("it does not begin as one")
        if self._numbers("B", 8) != (0,) or self._numbers("BB", 13) != (8, 8) or self._numbers("Q", 24) != (0,):
            raise _Odd("its form is a newer one; write it with h5py's usual libver")
        return int(self._numbers("Q", 64)[0])

    def _messages(self, header: int, kind: int) -> Iterator[bytes]:
        """The messages of one kind in an object's header, which may go on elsewhere."""
        version, n_messages, size = self._numbers("BxHxxxxI", header)
        if version != 1 or n_messages > _MOST_MESSAGES:
            raise _Odd("it holds objects of a newer form")
        blocks = [(header + 16, int(size))]
        for offset, length in blocks:
            end = offset + length
            while offset + 8 <= end and n_messages > 0:
                found, n_bytes, flags = self._numbers("HHB", offset)
                message = self._part(offset + 8, n_bytes)
                offset, n_messages = offset + 8 + n_bytes, n_messages - 1
                if found in _NEWER or (found == kind and flags & _SHARED):
                    raise _Odd(f"it holds {_NEWER.get(found, 'shared parts')} of a newer form")
                if found == _EXTERNAL:
                    raise _Odd("it holds parts of other files")
                if found == _CONTINUED:
                    blocks.append(struct.unpack("<QQ", message[:16]))
                if found == kind:
                    yield message

    def _one(self, header: int, kind: int) -> bytes | None:
        return next(self._messages(header, kind), None)

    def _within(self, header: int, path: str, entered: set[int]) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Path and values of every tensor in a group or dataset."""
        self._enter(header, entered)
        if (table := self._one(header, _GROUP)) is None:
            if (tensor := self._tensor(header)) is not None:
                yield path, tensor
            return
        tree, heap = struct.unpack("<QQ", table[:16])
        for name, inner in self._members(tree, self._names(heap), entered):
            yield from self._within(inner, f"{path}/{name}" if path else name, entered)

    def _names(self, heap: int) -> bytes:
        mark, length, place = self._numbers("4s4xQ8xQ", heap)
        if mark != b"HEAP" or length > _MOST_NAMES:
            raise _Odd("names of its groups are missing")
        return self._part(place, length)

    @staticmethod
    def _enter(place: int, entered: set[int]) -> None:
        if place in entered or len(entered) > _MOST_OBJECTS:
            raise _Odd("its groups run in a circle")
        entered.add(place)

    def _members(self, node: int, names: bytes, entered: set[int]) -> Iterator[tuple[str, int]]:
        """Names of a group's members, and where their headers stand."""
        self._enter(node, entered)
        mark = self._part(node, 4)
        if mark == b"TREE":
            for i in range(self._numbers("H", node + 6)[0]):
                yield from self._members(self._numbers("Q", node + 32 + 16 * i)[0], names, entered)
        elif mark == b"SNOD":
            for i in range(self._numbers("H", node + 6)[0]):
                place, header, kind = self._numbers("QQI", node + 8 + 40 * i)
                if kind == 2:
                    raise _Odd("it holds a link")
                yield names[place : names.find(b"\0", place)].decode(), header
        else:
            raise _Odd("members of its groups are missing")

    def _tensor(self, header: int) -> NDArray[np.float32] | None:
        space, kind = self._one(header, _DATASPACE), self._one(header, _DATATYPE)
        if space is None or kind is None or kind[: len(_FLOAT32)] != _FLOAT32:
            return None
        shape = self._shape(space)
        layout = self._one(header, _LAYOUT) or b"\0\0"
        if layout[:2] == b"\x03\x01":
            offset, length = struct.unpack("<QQ", layout[2:18])
            values = memoryview(self.content)[offset : offset + length]
        elif layout[:2] == b"\x03\x00":
            values = memoryview(layout)[4 : 4 + struct.unpack("<H", layout[2:4])[0]]
        else:
            raise _Odd("it holds a dataset that is not in one piece")
        if 4 * math.prod(shape) != len(values):
            raise _Odd(f"a dataset of shape {shape} has another number of bytes")
        return np.frombuffer(values, "<f4").reshape(shape)

    @staticmethod
    def _shape(space: bytes) -> tuple[int, ...]:
        version, n_axes = struct.unpack("<BB", space[:2])
        first = {1: 8, 2: 4}.get(version)
        if first is None:
            raise _Odd("it holds datasets of a newer form")
        return struct.unpack(f"<{n_axes}Q", space[first : first + 8 * n_axes])

    def _attribute(self, message: bytes, wanted: str) -> str | None:
        """The text in a message, if it is the attribute of this name."""
        version, n_name, n_kind, n_space = struct.unpack("<BxHHH", message[:8])
        step = 8 if version == 1 else 1
        place, parts = 9 if version == 3 else 8, []
        for n_bytes in (n_name, n_kind, n_space):
            parts.append(message[place : place + n_bytes])
            place += -(-n_bytes // step) * step
        if parts[0].rstrip(b"\0").decode() != wanted:
            return None
        kind, size = parts[1][0] & 15, struct.unpack("<I", parts[1][4:8])[0]
        if kind == 3:
            return message[place : place + size].rstrip(b"\0").decode()
        if kind != 9 or parts[1][1] & 15 != 1:
            raise _Odd(f"its attribute {wanted!r} is no text")
        length, heap, index = struct.unpack("<IQI", message[place : place + 16])
        return self._kept(heap, index)[:length].decode()

    def _kept(self, heap: int, wanted: int) -> bytes:
        """A text of variable length, from the heap that all share."""
        mark, size = self._numbers("4s4xQ", heap)
        place = heap + 16
        while mark == b"GCOL" and place + 16 <= heap + size:
            index, length = self._numbers("H6xQ", place)
            if index == wanted:
                return self._part(place + 16, length)
            if index == 0:
                break
            place += 16 + -(-length // 8) * 8
        raise _Odd("a text in it is missing")
