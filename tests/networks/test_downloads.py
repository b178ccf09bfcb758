"""Weights from the archives of a GitHub release, fetched from a server on this machine, good archives and bad ones."""

from __future__ import annotations

import hashlib
import io
import socket
import tarfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock

from audiolime_ext.cli import main
from audiolime_ext.errors import CorruptError, MissingError, UsageError
from audiolime_ext.networks.checkpoints import Checkpoint, fetch, is_cached, locate, where
from audiolime_ext.networks.downloads import GITHUB
from tests.random_checkpoints import Mirror, mirrored, registered

DATA, INDEX, SUMS = "model.data-00000-of-00001", "model.index", "SHA256SUMS"
ADVICE = (
    rf"Bring 4stems\.tar\.gz from elsewhere \({GITHUB}/deezer/spleeter/releases/download/v1\.4\.0/4stems\.tar\.gz\) "
    r"and run: audiolime checkpoints fetch spleeter-4stems --from 4stems\.tar\.gz"
)
NAMES = {DATA: "", INDEX: ""}


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    with mirrored(tmp_path, ["4stems"]) as server:
        yield server


@pytest.fixture
def four(mirror: Mirror) -> Checkpoint:
    return registered("4stems")


def kept(folder: Path) -> set[str]:
    """Every path below a folder but lock files."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix != ".lock"}


def test_the_published_archives_are_those_of_the_release() -> None:
    four, five = registered("4stems"), registered("5stems")
    assert f"{GITHUB}/{four.release}" == "https://github.com/deezer/spleeter/releases/download/v1.4.0/4stems.tar.gz"
    assert four.sha256 == "3adb4a50ad4eb18c7c4d65fcf4cf2367a07d48408a5eb7d03cd20067429dfaa8"
    assert five.sha256 == "25a1e87eb5f75cc72a4d2d5467a0a50ac75f05611f877c278793742513cc7218"
    assert (registered("4stems-16kHz"), registered("5stems-16kHz")) == (four, five)  # the weights are the same


def test_first_use_brings_the_files_that_are_needed_and_says_so_in_one_line(
    mirror: Mirror, four: Checkpoint, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = locate(four)
    assert folder == where(four) == tmp_path / "cache" / "checkpoints" / "spleeter-4stems-1.4.0"
    assert kept(folder) == {DATA, INDEX, SUMS}
    for name in (DATA, INDEX):
        assert (folder / name).read_bytes() == (tmp_path / "4stems" / name).read_bytes()
    assert mirror.asked == [f"/{four.release}"]
    out, err = capfd.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line == (
        "fetching spleeter-4stems: deezer/spleeter 1.4.0 from its release on GitHub, 147 MB, MIT licence, "
        f"kept in {folder}"
    )


def test_later_uses_ask_no_server_and_say_nothing(
    mirror: Mirror, four: Checkpoint, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    locate(four)
    capfd.readouterr()
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    assert locate(four) == where(four)
    assert len(mirror.asked) == 1
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", [DATA, INDEX, SUMS])
@pytest.mark.parametrize("harm", ["flipped", "deleted"])
def test_damage_is_noticed_at_the_next_use_and_mended(mirror: Mirror, four: Checkpoint, name: str, harm: str) -> None:
    victim = locate(four) / name
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.unlink() if harm == "deleted" else victim.write_bytes(content)
    assert not is_cached(four)
    locate(four)
    assert is_cached(four)
    assert len(mirror.asked) == 2


def test_what_another_archive_left_is_not_taken_for_this_one(mirror: Mirror, four: Checkpoint) -> None:
    locate(four)
    assert not is_cached(replace(four, sha256="0" * 64))


def test_another_archive_under_the_same_name_is_refused(mirror: Mirror, four: Checkpoint, tmp_path: Path) -> None:
    expected = "0" * 64
    with pytest.raises(
        CorruptError, match=rf"not the 4stems\.tar\.gz that was published.*expected {expected}"
    ) as found:
        locate(replace(four, sha256=expected))
    assert found.value.exit_code == 3
    assert kept(tmp_path / "cache") == {"checkpoints"}


def test_a_connection_that_breaks_off_leaves_nothing(mirror: Mirror, four: Checkpoint, tmp_path: Path) -> None:
    mirror.cut = True
    with pytest.raises(MissingError, match=rf"broke off after \d+ of \d+ bytes\. Try again .*, or: {ADVICE}") as found:
        locate(four)
    assert found.value.exit_code == 3
    assert kept(tmp_path / "cache") == {"checkpoints"}


def test_an_unreachable_server_and_a_missing_file_say_what_to_bring(
    mirror: Mirror, four: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    way_out = f"set AUDIOLIME_MIRROR to a mirror of {GITHUB}, or: {ADVICE}"
    (tmp_path / "mirror" / four.release).unlink()
    with pytest.raises(MissingError, match=rf"could not download http.*HTTP Error 404: File not found\. .*{way_out}"):
        locate(four)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and never listens
        monkeypatch.setenv("AUDIOLIME_MIRROR", f"http://127.0.0.1:{closed.getsockname()[1]}/")
        with pytest.raises(MissingError, match=rf"Connection refused\. .*{way_out}") as found:
            locate(four)
    assert found.value.exit_code == 3


def test_a_mirror_that_is_no_address_is_wrong_usage(four: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_MIRROR", "/srv/mirror")
    with pytest.raises(UsageError, match="AUDIOLIME_MIRROR is '/srv/mirror'; give the address of a mirror of"):
        locate(four)


def test_offline_says_which_archive_to_bring_and_how(
    mirror: Mirror, four: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    with pytest.raises(MissingError, match=rf"spleeter-4stems \(147 MB\) is not cached.*{ADVICE}"):
        locate(four)
    assert mirror.asked == []


def test_an_archive_brought_by_hand_needs_no_server(
    mirror: Mirror,
    four: Checkpoint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    brought = (tmp_path / "mirror" / four.release).rename(tmp_path / "stick.tar.gz")
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    assert main(["checkpoints", "fetch", "spleeter-4stems", "--from", str(brought)]) == 0
    assert capsys.readouterr().out.strip() == str(where(four))
    assert is_cached(four)
    assert mirror.asked == []


# --- archives that are not what they should be ---------------------------------------------------------------------


def packed(*members: tuple[str, bytes | None, str]) -> bytes:
    """A ``.tar.gz`` of (name, content, type) triples; what is no file points at ``target``."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content, kind in members:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind.encode(), len(content or b"")
            member.linkname = "" if content else "/etc/passwd"
            archive.addfile(member, io.BytesIO(content or b""))
    return buffer.getvalue()


FILE, HARD, SYMBOLIC, CHARACTER, FIFO = (
    kind.decode() for kind in (tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE)
)
GOOD = [(f"./{name}", b"weights", FILE) for name in NAMES]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (packed(*GOOD, ("../evil", b"x", FILE)), r"holds '\.\./evil', which leads out of it"),
        (packed(("a/../../evil", b"x", FILE), *GOOD), r"holds 'a/\.\./\.\./evil', which leads out of it"),
        (packed(("/tmp/evil", b"x", FILE), *GOOD), r"holds '/tmp/evil', which leads out of it"),
        (packed((INDEX, None, SYMBOLIC), *GOOD), "holds 'model.index', which is not a file but a link"),
        (packed((INDEX, None, HARD), *GOOD), "holds 'model.index', which is not a file but a link"),
        (packed(("tty", None, CHARACTER), *GOOD), "holds 'tty', which is not a file but a link or a device"),
        (packed(("pipe", None, FIFO), *GOOD), "holds 'pipe', which is not a file but a link or a device"),
        (packed((INDEX, bytes(10**6), FILE), *GOOD), "unpacks to more than 4 times its size"),
        (packed(*GOOD[:1]), r"lacks model\.index"),
        (packed(*GOOD)[:60], "is damaged or cut short"),
        (b"<html>not found</html>", "is damaged or cut short"),
        (b"", "is damaged or cut short"),
    ],
    ids=[
        *("up", "up-inside", "absolute", "symlink", "hardlink", "device", "fifo", "bomb"),
        *("incomplete", "cut", "no-archive", "empty"),
    ],
)
def test_a_bad_archive_is_refused_whole_even_if_its_hash_is_right(
    content: bytes, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    archive = tmp_path / "bad.tar.gz"
    archive.write_bytes(content)
    checkpoint = replace(registered("4stems"), sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(CorruptError, match=rf"bad\.tar\.gz {message}.*; nothing was kept") as found:
        fetch(checkpoint, source=archive)
    assert found.value.exit_code == 3
    assert kept(tmp_path) == {"bad.tar.gz", "cache", "cache/checkpoints"}


def test_the_same_archive_without_the_bad_member_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    archive = tmp_path / "good.tar.gz"
    archive.write_bytes(packed(*GOOD))
    checkpoint = replace(registered("4stems"), sha256=hashlib.sha256(archive.read_bytes()).hexdigest())
    assert (fetch(checkpoint, source=archive) / INDEX).read_bytes() == b"weights"


def test_what_is_unpacked_is_what_was_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    archive = tmp_path / "4stems.tar.gz"
    archive.write_bytes(packed(*GOOD))
    checkpoint = replace(registered("4stems"), sha256=hashlib.sha256(archive.read_bytes()).hexdigest())
    lock = where(checkpoint).parent / f".{where(checkpoint).name}.lock"
    lock.parent.mkdir(parents=True)
    with ThreadPoolExecutor() as pool:
        with FileLock(lock):
            fetching = pool.submit(fetch, checkpoint, source=archive)
            while "waiting" not in capfd.readouterr().err:
                time.sleep(0.01)
            archive.write_bytes(packed(*[(name, b"other weights", FILE) for name in NAMES]))
        with pytest.raises(CorruptError, match=r"4stems\.tar\.gz is not the 4stems\.tar\.gz that was published"):
            fetching.result()
    assert not where(checkpoint).exists()


def truncated(archive: bytes) -> bytes:
    return archive[: len(archive) // 2]


@pytest.mark.parametrize("harm", [truncated, lambda content: content + b"\0"], ids=["truncated", "longer"])
def test_the_command_refuses_another_archive_with_exit_code_3(
    mirror: Mirror, tmp_path: Path, harm: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    archive = tmp_path / "4stems.tar.gz"
    archive.write_bytes(harm((tmp_path / "mirror" / registered("4stems").release).read_bytes()))
    assert main(["checkpoints", "fetch", "spleeter-4stems", "--from", str(archive)]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        "audiolime: error: 4stems.tar.gz is not the 4stems.tar.gz that was published: its SHA-256 is"
    )
    assert kept(tmp_path / "cache") == {"checkpoints"}
