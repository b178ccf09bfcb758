"""librosa works where nothing but a cache of ours, or nothing at all, can be written to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import Audio, load_model
from audiolime_ext.components.segments import segment
from audiolime_ext.errors import MissingError

BEATS = (
    "import numpy as np\n"
    "from audiolime_ext import Audio\n"
    "from audiolime_ext.components.segments import segment\n"
    "noise = np.random.default_rng(0).normal(0, 0.3, (1, 22050 * 3)).astype(np.float32)\n"
    "noise[:, np.arange(22050 * 3) % 11025 > 660] *= 0.001\n"
    "print(len(segment(Audio(noise, 22050), 'onsets', start_s=0.0, duration_s=3.0)))\n"
)
CROSSINGS = (  # far less is compiled
    "import numpy as np\n"
    "from audiolime_ext.audio.compiled import librosa\n"
    "print(librosa().zero_crossings(np.tile([1.0, -1.0], 4)).sum())\n"
)


def counted(script: str, **environment: str) -> tuple[int, list[str]]:
    """How many boundaries or crossings a fresh interpreter finds, and what it says meanwhile."""
    kept = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    kept |= environment
    run = subprocess.run([sys.executable, "-c", script], env=kept, capture_output=True, text=True, check=True)
    return int(run.stdout), run.stderr.splitlines()


def test_what_is_compiled_is_kept_in_the_cache_and_said_once(tmp_path: Path) -> None:
    n, said = counted(BEATS, AUDIOLIME_CACHE=str(tmp_path))
    assert n > 4
    assert said == ["librosa's functions are compiled, once on this machine; this takes some seconds"]
    assert any((tmp_path / "compiled").rglob("*.nbi"))
    assert counted(BEATS, AUDIOLIME_CACHE=str(tmp_path)) == (n, [])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such path")
def test_without_a_cache_it_is_compiled_for_one_run(tmp_path: Path) -> None:
    n, said = counted(CROSSINGS, AUDIOLIME_CACHE="/dev/null/cache", TMPDIR=str(tmp_path))
    assert n == 8
    assert len(said) == 1
    assert "in every run, as /dev/null/cache/compiled is not writable (AUDIOLIME_CACHE names" in said[0]
    assert not list(tmp_path.iterdir()), "nothing is left"


def test_a_place_that_the_user_chose_stays(tmp_path: Path) -> None:
    n, said = counted(CROSSINGS, AUDIOLIME_CACHE=str(tmp_path / "ours"), NUMBA_CACHE_DIR=str(tmp_path / "theirs"))
    assert (n, said) == (8, [])
    assert not (tmp_path / "ours").exists()
    assert any((tmp_path / "theirs").rglob("*.nbi"))


def test_without_librosa_the_extra_that_brings_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "librosa", None)
    with pytest.raises(MissingError, match=r"needs the package librosa: pip install 'audiolime-ext\[beats\]'"):
        segment(Audio(np.zeros((1, 8000), np.float32), 8000), "beats", start_s=0.0, duration_s=1.0)
    with pytest.raises(MissingError, match=r"librosa: pip install 'audiolime-ext\[features\]'"):
        load_model("features:tempo")
    assert load_model("features:level").labels == ("level",)
