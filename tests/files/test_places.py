"""What cannot be written is said before the work, and nothing is made on the way."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from audiolime_ext.errors import OutputError
from audiolime_ext.files import places
from audiolime_ext.files.fresh import fresh_folder, write_bytes
from audiolime_ext.files.places import require_writable, require_writable_file

IMPOSSIBLE = ["x" * 256, "a\0b", "\ud800", "made/" + "x" * 256, "made/" + "a/" * 2100]


def test_a_folder_yet_to_be_made_counts_as_writable_and_is_not_made(tmp_path: Path) -> None:
    require_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_name_that_no_file_can_have_is_refused_before_and_when_it_is_written(tmp_path: Path, name: str) -> None:
    for refused in (
        lambda: require_writable(tmp_path / name),
        lambda: require_writable_file(tmp_path / name, in_new_folder=True),
        lambda: write_bytes(b"", tmp_path / name),
        lambda: fresh_folder(tmp_path / name).__enter__(),
    ):
        with pytest.raises(OutputError, match=r"cannot write .*Name a folder that exists"):
            refused()
    assert list(tmp_path.iterdir()) == []


def test_where_no_file_can_be_made_whatever_the_rights_say_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_file(dir: Path) -> NoReturn:
        raise FileNotFoundError(2, "No such file or directory", str(dir))

    monkeypatch.setattr(places, "TemporaryFile", no_file)
    with pytest.raises(OutputError, match=r"no file can be made in .*No such file.*; name another folder"):
        require_writable(tmp_path / "out")


def test_a_file_needs_a_folder_and_a_place_that_is_no_folder(tmp_path: Path) -> None:
    require_writable_file(tmp_path / "new")
    require_writable_file(tmp_path / "made" / "new", in_new_folder=True)
    with pytest.raises(OutputError, match=r"there is no folder .*made; make it first"):
        require_writable_file(tmp_path / "made" / "new")
    with pytest.raises(OutputError, match="it is a folder; name a file"):
        require_writable_file(tmp_path)
    assert list(tmp_path.iterdir()) == []
