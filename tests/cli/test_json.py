"""``--json`` where tables and sentences are printed otherwise: one object or array on stdout, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audiolime_ext.cli import main
from tests.audit.store.test_merge import SONGS, write
from tests.cli.test_commands import EXPLAIN, run, strict
from tests.cli.test_commands import studio as studio
from tests.cli.test_odd_names import OPTIONS, sound


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What an audit of four recordings wrote, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for seed in range(4):
        sound(Path("songs") / ("hum", "hiss")[seed % 2] / f"{seed}.wav", seed)
    few = ("--workers", "0", "--n-donors", "1", "--same", "0", "--no-noise")
    found = strict(run(capsys, "audit", "songs", *OPTIONS, *few, "--json"))
    assert (found["store"], found["n_recordings"], found["n_done"]) == ("songs.sqlite", 4, 4)
    return "songs.sqlite"


def test_what_is_made_of_an_audit_is_told(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = strict(run(capsys, "audit", "report", store, "-o", "out", "--no-audio", "--json"))
    assert found == {"page": str(Path("out/index.html"))}
    assert Path(found["page"]).is_file()
    found = strict(run(capsys, "audit", "export", store, "-o", "all.csv", "--json"))
    assert found["file"] == "all.csv"
    assert len(Path("all.csv").read_text(encoding="utf-8").splitlines()) == found["n_lines"] + 1
    found = strict(run(capsys, "audit", "gate", store, "--json", code=7))
    assert found["outcome"] == "inconclusive"


def test_merge_json_says_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write(tmp_path / "one", SONGS[:2], failed=SONGS[5:])
    out = str(tmp_path / "out")
    assert main(["audit", "merge", str(one), "-o", out, "--json"]) == 0
    told = capsys.readouterr()
    assert strict(told.out) == {"store": out, "n_recordings": 6, "n_done": 2, "n_failed": 1, "n_new": 2}
    assert "warning: 5.wav: broken" in told.err


@pytest.mark.usefixtures("studio")
def test_tag_counts_genres_by_the_labels_that_they_are_mapped_to(capsys: pytest.CaptureFixture[str]) -> None:
    Path("genres.csv").write_text("song.wav,Hum\nsong.flac,Talk\n")
    Path("song.flac").write_bytes(Path("song.wav").read_bytes())
    asked = ["tag", "song.wav", "song.flac", "-m", "studio_models:windowed", "--genres", "genres.csv", "--json"]
    counts = json.loads(run(capsys, *asked, "--map", "hum=Quiet;talk=").splitlines()[-1])
    assert counts == {"labels": ["quiet"], "genres": ["quiet"], "counts": [[1]], "figure": None}
    for given, told in (("hum=quieet", "did you mean 'quiet'"), ("hum", "there is no file hum")):
        assert main([*asked, "--map", given]) == 2
        assert told in capsys.readouterr().err
    assert main([*asked[:5], "--map", "hum=quiet"]) == 2
    assert "--map says what annotated genres are called; name these with --genres" in capsys.readouterr().err


@pytest.mark.usefixtures("studio")
def test_tag_json_has_the_counts_by_genre_behind_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    Path("genres.csv").write_text("song.wav,Hum\nsong.flac,Rock\n")
    Path("song.flac").write_bytes(Path("song.wav").read_bytes())
    asked = ("tag", "song.wav", "song.flac", "-m", "studio_models:windowed", "--genres", "genres.csv", "--json")
    *files, counts = map(json.loads, run(capsys, *asked).splitlines())
    assert [found["file"] for found in files] == ["song.wav", "song.flac"]
    assert counts == {"labels": ["quiet"], "genres": ["Hum", "Rock"], "counts": [[1, 1]], "figure": None}
    *_, counts = map(json.loads, run(capsys, *asked, "--figure", "counts.svg").splitlines())
    assert counts["figure"] == "counts.svg"


@pytest.mark.usefixtures("studio")
def test_rerun_json_says_whether_it_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    Path("result.json").write_text(run(capsys, "explain", "song.wav", *EXPLAIN, "--json"))
    assert strict(run(capsys, "rerun", "--trust", "result.json", "--json")) == {"same": True, "differences": []}
    result = json.loads(Path("result.json").read_text())
    Path("result.json").write_text(json.dumps({**result, "components": ["hum", "hiss"]}))
    found = strict(run(capsys, "rerun", "--trust", "result.json", "--json", code=1))
    assert found == {"same": False, "differences": ["components: ['hum', 'hiss'] became ['hiss', 'hum']"]}


@pytest.mark.usefixtures("studio")
def test_rerun_json_holds_no_line_about_a_spec_that_meant_other_stems(capsys: pytest.CaptureFixture[str]) -> None:
    made = ("-f", "cerberus?merge=none", "-m", "studio_models:loud", "--json")
    result = json.loads(run(capsys, "explain", "song.wav", *made))
    result["factorization"] = "cerberus"
    result["versions"]["weights"]["cerberus"] = result["versions"]["weights"].pop("cerberus?merge=none")
    Path("result.json").write_text(json.dumps(result))
    assert main(["rerun", "--trust", "result.json", "--json"]) == 0
    out, err = capsys.readouterr()
    assert strict(out)["same"]
    assert err == "cerberus then gave the stems that cerberus?merge=none gives today\n"
