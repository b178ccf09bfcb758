"""What is written is complete or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from audiolime_ext.errors import OutputError
from audiolime_ext.files.fresh import fresh_folder, write_bytes
from audiolime_ext.files.places import require_writable


def test_a_folder_appears_with_all_its_files_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "made" / "on the way" / "out"
    with pytest.raises(RuntimeError, match="half way"), fresh_folder(target) as fresh:  # noqa: PT012
        (fresh / "a.txt").write_text("a")
        raise RuntimeError("half way")
    assert list(tmp_path.iterdir()) == []
    with fresh_folder(target) as fresh:
        (fresh / "a.txt").write_text("a")
        assert not target.exists()
    assert [path.name for path in target.parent.iterdir()] == ["out"]
    assert (target / "a.txt").read_text() == "a"


def test_writing_into_a_folder_again_replaces_its_files_and_leaves_others(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with fresh_folder(tmp_path / "out") as fresh:
            (fresh / "a.txt").write_text(content)
        (tmp_path / "out" / "own.txt").write_text("kept")
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == {"a.txt": "new", "own.txt": "kept"}


def test_an_interruption_leaves_what_was_there_before(tmp_path: Path) -> None:
    with fresh_folder(tmp_path / "out") as fresh:
        (fresh / "a.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt, match="now"), fresh_folder(tmp_path / "out") as fresh:  # noqa: PT012
        (fresh / "a.txt").write_text("new")
        raise KeyboardInterrupt("now")
    assert (tmp_path / "out" / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_path_below_a_file_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    below = tmp_path / "file" / "out" / "song"
    with pytest.raises(OutputError, match="is not a folder; name another folder"):
        require_writable(below)
    with pytest.raises(OutputError, match=r"cannot write .*song.*is not a folder"), fresh_folder(below):
        pass
    with pytest.raises(OutputError, match=r"cannot write .*a\.wav"):
        write_bytes(b"x", tmp_path / "file" / "a.wav")
    assert (tmp_path / "file").read_text() == "no folder"


def test_bytes_are_written_under_a_name_of_any_length_that_fits(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 240}.wav"
    write_bytes(b"sound", path)
    assert path.read_bytes() == b"sound"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("letter", ["x", "é", "小", "𠀀"])
def test_a_name_of_every_length_that_the_system_takes_is_written(tmp_path: Path, letter: str) -> None:
    longest = letter * (255 // len(letter.encode()))
    write_bytes(b"sound", tmp_path / longest)
    with fresh_folder(tmp_path / f"{longest[:-1]}!") as folder:
        (folder / "a").touch()
    assert (tmp_path / longest).read_bytes() == b"sound"


@pytest.fixture
def umask() -> Iterator[int]:
    """What the system takes from the modes of new files, while a test lasts."""
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.usefixtures("umask")
def test_new_files_and_folders_have_the_mode_of_all_others(tmp_path: Path) -> None:
    write_bytes(b"new", tmp_path / "file")
    with fresh_folder(tmp_path / "folder") as fresh:
        (fresh / "inside").touch()
    assert [mode(tmp_path / name) for name in ("file", "folder", "folder/inside")] == [0o640, 0o750, 0o640]


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"old")
        (tmp_path / name).chmod(0o600)
    write_bytes(b"new", tmp_path / "a")
    with fresh_folder(tmp_path) as fresh:
        (fresh / "b").write_bytes(b"new")
    assert [(path.read_bytes(), mode(path)) for path in sorted(tmp_path.iterdir())] == [(b"new", 0o600)] * 2


def test_a_link_stays_and_the_file_that_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    for name in ("a", "b"):
        (tmp_path / name).symlink_to(tmp_path / "elsewhere" / name)
    write_bytes(b"new", tmp_path / "a")  # it led nowhere
    with fresh_folder(tmp_path) as fresh:
        (fresh / "b").write_bytes(b"new")
    for name in ("a", "b"):
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "elsewhere" / name).read_bytes() == b"new"


def test_a_folder_of_another_disk_is_written_by_a_link_to_it(tmp_path: Path) -> None:
    disk = Path("/dev/shm")
    if not disk.is_dir() or disk.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is only one disk")
    with tempfile.TemporaryDirectory(dir=disk) as other:
        (tmp_path / "out").symlink_to(other)
        (tmp_path / "file").symlink_to(Path(other, "file"))
        for folder, name in ((tmp_path / "out", "inside"), (tmp_path, "file")):
            with fresh_folder(folder) as fresh:
                (fresh / name).write_bytes(b"new")
        assert {path.name: path.read_bytes() for path in Path(other).iterdir()} == {"inside": b"new", "file": b"new"}


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="it is a device or a pipe; name a file"):
        write_bytes(b"new", tmp_path / "pipe")
    assert [path.is_fifo() for path in tmp_path.iterdir()] == [True]
