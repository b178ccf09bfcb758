"""What is written is complete or not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audiolime_ext.errors import OutputError
from audiolime_ext.files import file_name, fresh_folder, require_writable, to_json, write_bytes


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
    with pytest.raises(OutputError, match="is no folder; name another folder"):
        require_writable(below)
    with pytest.raises(OutputError, match=r"cannot write .*song.*nothing was left"), fresh_folder(below):
        pass
    with pytest.raises(OutputError, match=r"cannot write .*a\.wav"):
        write_bytes(tmp_path / "file" / "a.wav", b"x")
    assert (tmp_path / "file").read_text() == "no folder"


def test_a_folder_yet_to_be_made_counts_as_writable_and_is_not_made(tmp_path: Path) -> None:
    require_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_bytes_are_written_under_a_name_of_any_length_that_fits(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 240}.wav"
    write_bytes(path, b"sound")
    assert path.read_bytes() == b"sound"
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Female vocalists", "female-vocalists"),
        ("../../etc/passwd", "etc-passwd"),
        ("a/b", "a-b"),
        ("..", "label"),
        ("<script>", "script"),
        ("", "label"),
        ("小提琴", "小提琴"),
        ("x" * 300, "x" * 60),
    ],
)
def test_a_label_becomes_a_name_that_stays_in_its_folder(label: str, expected: str) -> None:
    assert file_name(label, set()) == expected
    assert file_name(label, {expected}) == f"{expected}-2"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1.0, float("-inf")]])
def test_json_never_holds_nan(value: Any) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"x": value})


def test_json_keeps_letters_and_survives_names_that_are_no_text() -> None:
    assert to_json("Ezer Év 🎸") == '"Ezer Év 🎸"'
    name = b"caf\xe9.wav".decode(errors="surrogateescape")
    assert json.loads(to_json({"file": name}).encode()) == {"file": name}
