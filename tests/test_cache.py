"""Results kept between runs: found again, bounded, never trusted, never half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.cache import Cache, Entry, Store, cache_root, max_bytes
from audiolime_ext.errors import OutputError, UsageError
from audiolime_ext.files.plain import sealed

KEY = {"kind": "scores", "recording": {"sha256": "a", "sr": 16000}, "settings": [1, 0.5, None]}
LARGE = 300_000  # numbers; more than a megabyte


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "results", limit=10**8)


def entry_folder(cache: Cache) -> Path:
    (folder,) = cache.folder.iterdir()
    return folder


def test_the_cache_is_the_users_unless_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDIOLIME_CACHE", "here")
    assert cache_root() == tmp_path / "here"
    monkeypatch.setenv("AUDIOLIME_CACHE", "~/there")
    assert cache_root() == Path.home() / "there"
    monkeypatch.setenv("AUDIOLIME_CACHE", "")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)  # which may be anywhere
    assert cache_root().name in {"audiolime_ext", "Cache"}
    assert cache_root().is_relative_to(Path.home())


def test_what_was_written_is_read_again_and_large_arrays_are_mapped(cache: Cache) -> None:
    small, large = np.array([[0.1, 0.2]]), np.arange(LARGE, dtype=np.float32)
    cache.write(KEY, {"small": small, "large": large}, {"names": ("vocals", "小提琴")}, recording="song", by="hpss")
    found = Cache(cache.folder, cache.limit).read(dict(reversed(KEY.items())))
    assert found is not None
    assert found.facts == {"names": ["vocals", "小提琴"]}
    np.testing.assert_array_equal(found.arrays["small"], small)
    np.testing.assert_array_equal(found.arrays["large"], large)
    assert isinstance(found.arrays["large"].base, np.memmap)
    assert not isinstance(found.arrays["small"].base, np.memmap)
    (listed,) = cache.entries()
    assert (listed.kind, listed.recording, listed.made_with) == ("scores", "song", "hpss")
    assert listed.n_bytes > 4 * LARGE


@pytest.mark.parametrize("change", [{"kind": "stems"}, {"recording": {"sha256": "b", "sr": 16000}}, {"settings": [1]}])
def test_any_other_key_finds_nothing(cache: Cache, change: dict[str, object]) -> None:
    cache.write(KEY, {}, {})
    assert cache.read(KEY) is not None
    assert cache.read({**KEY, **change}) is None


def damage_array(folder: Path) -> None:
    content = bytearray((folder / "scores.npy").read_bytes())
    content[-1] ^= 1
    (folder / "scores.npy").write_bytes(content)


def damage_facts(folder: Path) -> None:
    text = (folder / "entry.json").read_text()
    (folder / "entry.json").write_text(text.replace("vocals", "drums."))


def forge_key(folder: Path) -> None:
    content = json.loads((folder / "entry.json").read_text())
    content["key"]["settings"] = "others"
    content.pop("seal")
    (folder / "entry.json").write_text(sealed(content))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a flipped bit": damage_array,
    "other facts": damage_facts,
    "another key": forge_key,
    "a cut array": lambda folder: os.truncate(folder / "scores.npy", 100),
    "a missing array": lambda folder: (folder / "scores.npy").unlink(),
    "no JSON": lambda folder: (folder / "entry.json").write_text("{"),
    "deep JSON": lambda folder: (folder / "entry.json").write_text("[" * 100_000),
    "another JSON": lambda folder: (folder / "entry.json").write_text("[1]"),
    "nothing": lambda folder: (folder / "entry.json").unlink(),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_noticed_told_and_the_entry_made_anew(
    cache: Cache, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.write(KEY, {"scores": np.ones(3)}, {"names": ["vocals"]})
    DAMAGES[name](folder := entry_folder(cache))
    assert cache.read(KEY) is None
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"audiolime: warning: {folder}, a kept result, is damaged (")
    assert list(cache.folder.iterdir()) == []
    cache.write(KEY, {"scores": np.ones(3)}, {"names": ["vocals"]})
    assert cache.read(KEY) is not None


@pytest.mark.parametrize("error", [ValueError, KeyError, TypeError, UsageError])
def test_an_entry_of_which_its_reader_can_make_nothing_is_made_anew(cache: Cache, error: type[Exception]) -> None:
    def form(entry: Entry) -> None:
        raise error("no stems")

    cache.write(KEY, {"scores": np.ones(3)}, {})
    assert cache.read(KEY, lambda entry: entry.arrays["scores"].sum()) == 3
    assert cache.read(KEY, form) is None
    assert list(cache.folder.iterdir()) == []


def test_no_pickle_is_written_or_read(cache: Cache) -> None:
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        cache.write(KEY, {"objects": np.array([{}], dtype=object)}, {})
    assert list(cache.folder.iterdir()) == []


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=35_000)
    keys = [{"kind": "scores", "number": number} for number in range(4)]
    for number, key in enumerate(keys[:3]):
        cache.write(key, {"scores": np.zeros(1200)}, {})
        place = cache._place(key) / "entry.json"
        os.utime(place, (number, number))
    assert cache.read(keys[0]) is not None  # used just now
    cache.write(keys[3], {"scores": np.zeros(1200)}, {})
    assert [cache.read(key) is not None for key in keys] == [True, False, True, True]
    assert sum(entry.n_bytes for entry in cache.entries()) <= 35_000


def test_what_is_larger_than_the_limit_is_not_kept_and_throws_nothing_out(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=20_000)
    cache.write(KEY, {"scores": np.zeros(1000)}, {})
    cache.write({"kind": "stems"}, {"samples": np.zeros(10_000)}, {})
    assert [entry.kind for entry in cache.entries()] == ["scores"]


def test_clearing_says_what_was_freed_and_leaves_nothing(cache: Cache) -> None:
    assert cache.clear() == (0, 0)
    for number in range(3):
        cache.write({"kind": "scores", "number": number}, {"scores": np.zeros(1000)}, {})
    n_entries, n_bytes = cache.clear()
    assert n_entries == 3
    assert n_bytes > 24_000
    assert list(cache.folder.iterdir()) == []


def test_what_a_killed_process_left_is_removed_in_time(cache: Cache) -> None:
    cache.folder.mkdir()
    old, new = (cache.folder / f".entry.{'ab' * 4}-1-{i:08x}.part" for i in range(2))  # of another machine
    old.mkdir()
    new.mkdir()
    os.utime(old, (0, 0))
    cache.write(KEY, {}, {})
    assert not old.exists()
    assert new.exists(), "another process may be writing into it"


def test_a_folder_that_cannot_be_written_is_an_error_and_a_store_goes_on_without(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "results", limit=10**6)
    with pytest.raises(OutputError, match="AUDIOLIME_CACHE_MAX=0 to keep nothing"):
        cache.write(KEY, {}, {})
    store = Store(cache)
    for _ in range(2):
        store.write(KEY, {}, {}, recording="song", by="hpss")
    assert store.complaint is not None
    assert "cannot keep results in" in store.complaint
    assert capsys.readouterr().err.count("audiolime: warning: cannot keep results in") == 1, "it is said once"
    assert store.read(KEY) is None
    nothing = Store(None)
    nothing.write(KEY, {}, {}, recording="song", by="hpss")
    assert (nothing.read(KEY), nothing.complaint) == (None, None)


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("", 5 * 10**9), ("5GB", 5 * 10**9), ("1.5 gb", 1_500_000_000), ("200M", 2 * 10**8), ("7", 7), ("0", 0)],
)
def test_the_limit_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, n_bytes: int) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE_MAX", text)
    assert max_bytes() == n_bytes
    assert (Cache.of_user() is None) is (n_bytes == 0)


@pytest.mark.parametrize("text", ["much", "-1", "5 bananas", "GB"])
def test_a_limit_that_is_no_size_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AUDIOLIME_CACHE_MAX", text)
    with pytest.raises(UsageError, match="is not a size; write 5GB, 500MB, or 0 to keep nothing"):
        max_bytes()


WRITER = """
import sys
import numpy as np
from collections.abc import Callable
from pathlib import Path
from audiolime_ext.cache import Cache
cache = Cache(Path(sys.argv[1]), limit=10**6)
for turn in range(10**6 if sys.argv[2] == "forever" else int(sys.argv[2])):
    key = {"kind": "scores", "number": turn % 7}
    found = cache.read(key)
    assert found is None or found.facts["number"] == turn % 7 == found.arrays["scores"][-1], found
    cache.write(key, {"scores": np.full(10_000, turn % 7.0)}, {"number": turn % 7})
"""


def writer(folder: Path, turns: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER, str(folder), turns]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def test_two_processes_share_a_folder(tmp_path: Path) -> None:
    processes = [writer(tmp_path, "150") for _ in range(2)]
    complaints = [process.communicate(timeout=120)[1].decode() for process in processes]
    assert complaints == ["", ""]
    cache = Cache(tmp_path, limit=10**6)
    assert all(cache.read({"kind": "scores", "number": number}) is not None for number in range(7))
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_process_that_is_killed_leaves_only_whole_entries(tmp_path: Path) -> None:
    process = writer(tmp_path, "forever")
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("scores-*"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    cache = Cache(tmp_path, limit=10**6)
    left = [json.loads((folder / "entry.json").read_text())["key"] for folder in tmp_path.glob("scores-*")]
    assert len(left) >= 5
    assert all(cache.read(key) is not None for key in left)
