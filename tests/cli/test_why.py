"""``audiolime why`` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.cli import main
from tests.song_collection import BANDS, NAMED, SR, make_songs, song, write_song

ROOT = Path(__file__).parents[2]
COMMON = ("-f", "hpss", "--no-cache")


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ten songs, and beside it their index."""
    folder = make_songs(tmp_path_factory.mktemp("why") / "songs", 10)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        assert main(["index", str(folder), "-m", BANDS, "--workers", "0"]) == 0
    return folder


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_it_says_why_by_stems_and_pairs_of_stems(indexed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = str(indexed.with_name("songs.index"))
    asked = ["why", "../songs/album 0/000.wav", "../songs/album 0/001.wav", "--in", index, *COMMON]
    assert main(asked) == 2
    assert "--trust" in capsys.readouterr().err
    assert main([*asked, "--trust"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    head, answer, matrix, *_ = out.split("\n\n")
    assert head.startswith("songs/album 0/000.wav: why songs/album 0/001.wav?")
    assert f"hpss and {BANDS}, Shapley values (exact) from 16 + 16 mixes" in head
    assert " of 9 songs" in head
    assert "similarity to songs/album 0/001.wav" in answer
    assert matrix.splitlines()[1].split() == ["silence", "harmonic", "percussive"]
    assert main([*asked, "--trust", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sum(told["shares"].values()) == pytest.approx(told["score"], abs=1e-9)
    assert np.sum(told["matrices"][0]["cells"]) == pytest.approx(told["score"], abs=1e-9)
    assert told["factorization"] == "hpss"


def test_two_files_need_no_index(indexed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(indexed / "album 0" / f"00{n}.wav") for n in (0, 1, 2)]
    assert main(["why", *files, "-m", BANDS, *COMMON]) == 0
    out = capsys.readouterr().out
    assert "why 001.wav over 002.wav?" in out
    assert "note: without an index" in out
    assert main(["why", *files, "-m", NAMED, *COMMON]) == 2
    assert "name an index (index=…, --in)" in capsys.readouterr().err


def test_a_taste_ranks_where_songs_are_liked(indexed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = str(indexed.with_name("songs.index"))
    query = str(write_song(indexed.parent / "query.wav", song(77)))
    liked = [str(indexed / "album 0" / f"00{n}.wav") for n in (0, 1)]
    assert main(["why", query, "--in", index, *COMMON, "--trust", "--like", *liked]) == 0
    out = capsys.readouterr().out
    assert "why does it fit the taste?" in out
    assert "its fit to the taste" in out


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        (("0",), "nothing is asked for", 2),
        (("0", "1", "--like", "2"), "a taste ranks the query itself", 2),
        (("nowhere.wav", "1"), "cannot read", 4),
        (("0", "1", "--in", "nowhere.index"), "nowhere.index", 3),
        (("0", "1", "--max-evals", "1"), "argument --max-evals", 2),
        (("short", "1"), "short.wav", 4),
        (("silent", "1"), "silent", 4),
    ],
)
def test_what_cannot_be_asked_is_one_line(
    arguments: tuple[str, ...], says: str, code: int, indexed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {str(n): str(indexed / "album 0" / f"00{n}.wav") for n in range(3)}
    files["silent"] = str(write_song(indexed.parent / "silent.wav", np.zeros(SR, np.float32)))
    files["short"] = str(write_song(indexed.parent / "short.wav", song(1)[: SR // 50]))
    typed = [files.get(word, word) for word in arguments]
    model = [] if "--in" in arguments else ["-m", BANDS]
    if says.startswith("argument"):
        with pytest.raises(SystemExit, match=str(code)):
            main(["why", *typed, *model, *COMMON])
    else:
        assert main(["why", *typed, *model, *COMMON]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert says in err
