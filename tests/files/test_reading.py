"""Files that strangers name: what is no file, has no end or is too large is refused."""

from __future__ import annotations

import os
import re
import socket
import sys
import threading
from pathlib import Path

import pytest

from audiolime_ext.files import reading
from audiolime_ext.files.reading import contents, free_bytes, no_text, require_file, text_of, what_is

pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")


READS_OURS = {"report/templating.py", "models/musicnn_files.py"}  # the package's own files, and a verified checkpoint's
READS_THE_SYSTEM = {"files/reading.py", "files/temporary.py", "networks/runtime.py"}  # /proc


def test_files_are_read_through_this_module_alone() -> None:
    house = Path(reading.__file__).parents[1]
    found = {
        str(path.relative_to(house))
        for path in house.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\.read_(text|bytes)\(", line) and ">>>" not in line and "... " not in line
    }
    assert found <= READS_OURS | READS_THE_SYSTEM


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there are no devices")
def test_what_is_no_file_is_called_what_it_is_and_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # names of sockets are short
    Path("folder").mkdir()
    Path("file").touch()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
    kinds = {"folder": "a folder", "socket": "a socket", "/dev/zero": "a device", "/dev/null": "a device"}
    for name, kind in kinds.items():
        assert what_is(name) == kind
        for read in (contents, require_file):
            with pytest.raises(OSError, match=f"^it is {kind}$"):
                read(Path(name))
    assert [what_is(name) for name in ("file", "none", "\0", "x" * 5000)] == [None] * 4
    with pytest.raises(FileNotFoundError):
        contents(Path("none"))
    with pytest.raises(OSError, match="no file can have this name"):
        contents(Path("\0"))


@pytest.mark.parametrize(("encoding", "at"), [("utf-8", 1), ("utf-8-sig", 4), ("utf-16", 4), ("utf-32", 8)])
def test_no_text_holds_a_null_character_whatever_its_encoding(tmp_path: Path, encoding: str, at: int) -> None:
    (tmp_path / "m.csv").write_bytes("a\0,b".encode(encoding))
    with pytest.raises(UnicodeDecodeError, match=r"a null (byte|character)") as found:
        text_of(tmp_path / "m.csv")
    assert found.value.start == at
    assert no_text("m.csv", found.value).startswith(f"m.csv is not {encoding.upper().removesuffix('-SIG')} (a null ")


@pytest.mark.parametrize(
    ("free", "most", "told"),
    [
        (10**12, 100_000, "100 kB"),
        (10**12, None, "8 GB"),
        (None, None, "8 GB"),
        (3 * 10**9, None, "1 GB, a third of the free memory,"),
    ],
)
def test_a_file_is_judged_by_its_size_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int | None, most: int | None, told: str
) -> None:
    monkeypatch.setattr(reading, "free_bytes", lambda: free)
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(10**13)  # more than any memory, and no room on the disk
    for read in (contents, require_file):
        with pytest.raises(OSError, match=rf"^it holds 10 TB, and no more than {told} is read$"):
            read(tmp_path / "sparse", most)


def test_a_file_of_the_size_that_is_allowed_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)
    assert contents(path, 1000) == contents(path) == b"x" * 1000
    with pytest.raises(OSError, match="it holds 1 kB, and no more than 999 bytes"):
        contents(path, 999)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory is free")
def test_the_free_memory_is_known() -> None:
    free = free_bytes()
    assert free is not None
    assert 10**7 < free < 10**14


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_a_file_whose_size_the_system_does_not_know_is_read_up_to_the_same_limit() -> None:
    path = Path("/proc/self/status")
    assert path.stat().st_size == 0
    assert contents(path).startswith(b"Name:")
    with pytest.raises(OSError, match="no more than 10 bytes"):
        contents(path, 10)


@pipes
def test_a_pipe_is_read_to_its_end_and_one_without_a_writer_is_no_hang(
    pipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = threading.Timer(0.3, lambda: pipe.write_bytes(b"sound" * 50_000))
    late.start()
    assert contents(pipe) == b"sound" * 50_000
    late.join()
    monkeypatch.setattr(reading, "_PATIENCE_S", 0.2)
    with pytest.raises(OSError, match="a pipe that no program writes to"):
        contents(pipe)
    with pytest.raises(OSError, match="it is a pipe"):
        require_file(pipe)


@pipes
@pytest.mark.parametrize(
    ("limit", "written", "says"),
    [
        ("_SILENCE_S", b"", "a pipe that no program writes to"),
        ("_SILENCE_S", b"some", "a pipe into which nothing is written any more"),
        ("_LONGEST_S", b"some", "a pipe that does not end within 0.2 s"),
        ("_BLOCK", b"x" * 1001, "it holds 1 kB, and no more than 1 kB is read"),
    ],
)
def test_a_pipe_is_left_where_it_is_silent_long_or_endless(
    pipe: Path, monkeypatch: pytest.MonkeyPatch, limit: str, written: bytes, says: str
) -> None:
    monkeypatch.setattr(reading, limit, 500 if limit == "_BLOCK" else 0.2)
    writer = os.open(pipe, os.O_RDWR)
    os.write(writer, written)
    try:
        with pytest.raises(OSError, match=says):
            contents(pipe, 1000)
    finally:
        os.close(writer)
