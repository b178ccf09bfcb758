"""``audiolime concepts`` as it is typed: measured once, told in words, and refused in one line where it cannot be."""

from __future__ import annotations

import csv
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, tagger
from audiolime_ext.cli import main
from audiolime_ext.concepts.measurement.store import ConceptStore
from audiolime_ext.errors import MissingError
from tests.cli.test_bad_input import refusal
from tests.cli.test_commands import run, strict
from tests.concepts import planted
from tests.concepts.planted import MODEL, collection, hears_the_beep

SPEC = "tests.concepts.planted:MODEL"
ASKED = ("-m", SPEC, "--layer", "hidden", "--duration", "1", "--split", "bands:2", "--workers", "0")
FEW = ("--clusters", "4", "--null", "100")


@pytest.fixture
def songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for each of two classes, in the current folder."""
    monkeypatch.chdir(tmp_path)
    collection(tmp_path / "songs", n_songs=12)
    return Path("songs")


@pytest.mark.usefixtures("songs")
def test_it_measures_once_and_tells_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["concepts", "songs", *ASKED, *FEW]) == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"24 of 24 songs are in songs.concepts\nconcepts of {SPEC} at layer hidden, patches of bands")
    assert "\n\na: " in out
    assert "\n\nb: " in out
    assert f"audiolime: 24 songs of 2 classes, 1 s each, in patches of bands:2; {SPEC} is asked about each" in err
    assert run(capsys, "concepts", "songs", *ASKED, *FEW) == out
    assert run(capsys, "concepts", "songs.concepts", *FEW) == out


@pytest.mark.usefixtures("songs")
def test_json_and_a_table_hold_what_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    found = strict(run(capsys, "concepts", "songs", *ASKED, *FEW, "--csv", "all.csv", "--json"))
    assert (found["store"], found["n_songs"], found["n_done"], found["n_failed"]) == ("songs.concepts", 24, 24, 0)
    assert (found["csv"], found["schema_version"], found["identity"]["layer"]) == ("all.csv", 1, "hidden")
    tests = {(one["name"], label) for one in found["concepts"] for label in one["tests"]}
    with Path("all.csv").open(encoding="utf-8", newline="") as file:
        assert {(row["concept"], row["class"]) for row in csv.DictReader(file)} == tests
    assert tests


@pytest.mark.usefixtures("songs")
def test_given_concepts_are_told_beside_those_that_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    given = f"heard=label:{SPEC}:a>.9", "low=stem:bands:2/0–2000 Hz"
    assert main(["concepts", "songs", *ASKED, *FEW, "--given", *given]) == 0
    out, _ = capsys.readouterr()
    assert "\n\ngiven concepts\n" in out
    assert "low: " in out or "  low " in out
    found = strict(run(capsys, "concepts", "songs.concepts", *FEW, "--given", *given, "--json"))
    assert {one["concept"] for one in found["given"]} == {"low"}  # in each class all songs lie on one side of the range
    assert any("heard: all songs of 'b' lie out of the range" in note for note in found["notes"])


@pytest.mark.usefixtures("songs")
def test_a_dry_run_keeps_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(Path().rglob("*"))
    out = run(capsys, "concepts", "songs", *ASKED, "--dry-run")
    assert out.startswith("24 songs, about 48 patches and 288 predictions: measuring takes about ")
    assert out.endswith("No result was kept\n")
    found = strict(run(capsys, "concepts", "songs", *ASKED, "--dry-run", "--json"))
    assert (found["n_songs"], found["n_patches"], found["n_asked"]) == (24, 48, 288)
    fewer = strict(run(capsys, "concepts", "songs", *ASKED, "--dry-run", "--json", "--no-controls"))
    assert (fewer["n_songs"], fewer["n_patches"], fewer["n_asked"]) == (24, 48, 168)
    assert found["least_s"] <= found["seconds"] <= found["most_s"]
    assert sorted(Path().rglob("*")) == before


@pytest.mark.usefixtures("songs")
def test_a_song_that_cannot_be_read_is_named_and_costs_itself_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("songs/a/text.wav").write_text("no sound")
    assert main(["concepts", "songs", *ASKED, *FEW]) == 5
    out, err = capsys.readouterr()
    assert out.startswith("24 of 25 songs are in songs.concepts\n")
    assert "note: 1 song of 25 not measured, and left out" in out
    assert "audiolime: warning: text.wav: " in err
    assert main(["concepts", "songs.concepts", *FEW]) == 0, "nothing is measured, so nothing fails"
    assert "audiolime: warning: text.wav: " in capsys.readouterr().err


@pytest.mark.usefixtures("songs")
def test_shards_are_merged(capsys: pytest.CaptureFixture[str]) -> None:
    whole = run(capsys, "concepts", "songs", *ASKED, *FEW)
    for i in ("1", "2"):
        out = run(capsys, "concepts", "songs", *ASKED, "--shard", f"{i}/2", "-o", f"{i}.concepts")
        assert out.startswith("12 of 24 songs are in")
        assert "audiolime concepts merge" in out
    merged = ["concepts", "merge", "1.concepts", "2.concepts", "-o", "songs2.concepts"]
    assert run(capsys, *merged) == "24 of 24 songs are in songs2.concepts, 24 of them new\n"
    assert strict(run(capsys, *merged, "--json"))["n_new"] == 0
    again = run(capsys, "concepts", "songs2.concepts", *FEW)
    assert again == whole.replace("songs.concepts", "songs2.concepts")


@pytest.mark.skipif(os.name != "posix", reason="this system has no such signals")
@pytest.mark.usefixtures("songs")
def test_what_is_done_when_it_is_interrupted_is_kept(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Told:
        n_left = 20

        def __getattr__(self, name: str) -> Any:
            return getattr(MODEL, name)

        def __call__(self, batch: np.ndarray) -> np.ndarray:
            self.n_left -= 1
            if not self.n_left:
                signal.raise_signal(signal.SIGINT)
            return MODEL(batch)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(planted, "MODEL", Told())
            assert main(["concepts", "songs", *ASKED, *FEW]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert "of 24 songs done and kept in songs.concepts; run the same command " in capsys.readouterr().err
    with ConceptStore.read(Path("songs.concepts")) as opened:
        kept = opened.measured()
    assert 0 < len(kept) < 24
    assert run(capsys, "concepts", "songs", *ASKED, *FEW).startswith("24 of 24 songs are in")


@pytest.mark.usefixtures("songs")
def test_a_model_without_what_differentiates_it_is_tested_by_what_happens_and_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lacking:
        def __getattr__(self, name: str) -> Any:
            return getattr(MODEL, name)

        def __call__(self, batch: np.ndarray) -> np.ndarray:
            return MODEL(batch)

        def vjp(self, *_: Any, **__: Any) -> Any:
            raise MissingError("this needs the package torch: pip install 'audiolime-ext[torch]'")

    monkeypatch.setattr(planted, "MODEL", Lacking())
    assert main(["concepts", "songs", *ASKED, *FEW]) == 0
    out, err = capsys.readouterr()
    assert "warning: the model cannot be differentiated here (this needs the package torch: pip install 'aud" in err
    assert "note: no gradients were taken, so concepts are tested by their sound alone\n" in out
    assert "TCAV" not in out
    assert "any as loud" in out


@pytest.mark.usefixtures("songs")
def test_a_store_without_a_class_is_refused_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    for file in Path("songs/b").glob("*.wav"):
        file.write_text(f"no sound: {file}")
    assert main(["concepts", "songs", *ASKED, *FEW]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert "0 songs are measured of the class 'b', and 2 at least are needed, one to find concepts in" in said
    for file in Path("songs/a").glob("*.wav"):
        file.write_text(f"no sound: {file}")
    assert main(["concepts", "songs", *ASKED, *FEW, "-o", "none.concepts"]) == 2
    assert "error: none of 24 songs could be measured, such as a0.wav: " in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.usefixtures("songs")
def test_silence_in_all_patches_of_a_kind_is_no_concept(capsys: pytest.CaptureFixture[str]) -> None:
    for i, file in enumerate(sorted(Path("songs").rglob("*.wav"))):
        tone = 0.3 * np.sin(2 * np.pi * (300 + 7 * i) * np.arange(8000) / 8000)
        Audio(tone.astype(np.float32)[None], 8000).write(file)
    out = run(capsys, "concepts", "songs", *ASKED, *FEW)
    assert "Nothing is significant" in out


@pytest.mark.usefixtures("songs")
def test_a_damaged_store_is_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "concepts", "songs", *ASKED, *FEW)
    store = Path("songs.concepts")
    content = bytearray(store.read_bytes())
    middle = content.rindex(b"bands:2")
    content[middle : middle + 5] = b"bonds"
    store.write_bytes(content)
    assert "songs.concepts is damaged" in refusal(capsys, "concepts", "songs.concepts", *FEW, code=3)


@pytest.mark.usefixtures("songs")
def test_one_class_and_a_model_without_layers_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["concepts", "songs", *ASKED, "--map", "b="]) == 2
    assert "there is one class only, 'a'; two or more are compared" in capsys.readouterr().err
    monkeypatch.setattr(planted, "MODEL", tagger(lambda batch: batch[:, :2], sr=8000, labels=["a", "b"], version="1"))
    assert "no layers that can be read, and concepts are" in refusal(capsys, "concepts", "songs", *ASKED, code=2)
    said = refusal(capsys, "concepts", "songs", "-m", SPEC, code=2)
    assert f"name the layer of {SPEC} with --layer: it has none that can be read" in said


@pytest.mark.parametrize(
    ("asked", "code", "told"),
    [
        (("songs", "-m", SPEC), 2, f"name the layer of {SPEC} with --layer: hidden"),
        (("songs", *ASKED, "--layer", "conv9"), 2, "unknown layer 'conv9' (allowed: hidden)"),
        (("songs", *ASKED, "--labels", "a"), 2, "give two classes or more"),
        (("songs", *ASKED, "--labels", "a", "c"), 2, "no song of the class 'c'; classes are a, b"),
        (("songs", *ASKED, "--songs", "9"), 2, "a whole number of at least 10 is needed, not '9'"),
        (("missing", *ASKED, "--given", "a=drums"), 2, "the given concept 'a=drums' is of no known form; write claps="),
        (("songs", *ASKED, "--split", "slices"), 2, "unknown factorization 'slices'"),
        (("songs", *ASKED, "--csv", "all.txt"), 2, "--csv all.txt is no table; end its name in .csv"),
        (
            ("songs", *ASKED, "--csv", "a.csv", "--shard", "1/2"),
            2,
            "--csv is of all songs, and --shard measures a part",
        ),
        (("songs", *ASKED, "-o", "songs/a/a0.wav/x.concepts"), 1, "songs/a/a0.wav"),
        (("songs", *ASKED, "-o", "songs"), 1, "songs"),
        (("few", *ASKED), 2, "has 6 songs, and 10 are needed: half to find concepts in"),
        (
            ("none.concepts",),
            3,
            "there is no store of concepts at none.concepts; name the file that audiolime concepts",
        ),
        (("text.concepts",), 2, "text.concepts is not a store of concepts"),
        (("other.concepts", "--layer", "hidden"), 2, "is a store, and nothing is measured for it: leave --layer out"),
        (
            ("songs", *ASKED, "-o", "other.concepts"),
            2,
            "was measured with another model or other settings: model",
        ),
        (("missing", *ASKED), 2, "missing"),
        (("merge", "other.concepts", "-o", "other.concepts"), 2, "there is nothing to merge into other.concepts"),
        (("merge", "none.concepts", "-o", "out.concepts"), 3, "there is no store of concepts at none.concepts"),
        (("report", "none.concepts", "-o", "out"), 3, "there is no store of concepts at none.concepts"),
    ],
)
def test_what_cannot_be_is_one_line(
    songs: Path, capsys: pytest.CaptureFixture[str], asked: tuple[str, ...], code: int, told: str
) -> None:
    collection(Path("few"), n_songs=6)
    Path("text.concepts").write_text("no store")
    other = Path("other.concepts")
    if "other.concepts" in asked:
        model, split = "tests.concepts.planted:OTHER", ASKED[2:]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(planted, "OTHER", replace(hears_the_beep(1), spec=model), raising=False)
            assert main(["concepts", str(songs), "-m", model, *split, *FEW, "-o", str(other)]) == 0
        capsys.readouterr()
    assert told in refusal(capsys, "concepts", *asked, code=code)


@pytest.mark.usefixtures("songs")
def test_a_page_is_asked_for_what_was_typed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def page(*given: Any, **options: Any) -> Path:
        asked.append((given[0].seed, *given[1:], options))
        return Path(given[2]) / "index.html"

    monkeypatch.setattr("audiolime_ext.report.concepts.page.write_concepts_page", page)
    run(capsys, "concepts", "songs", *ASKED, *FEW)
    told = run(capsys, "concepts", "report", "songs.concepts", *FEW, "--seed", "3", "-o", "out")
    assert told == f"open {Path('out/index.html')} in a browser\n"
    typed = ("--title", "T", "--heard", "a 1", "--table", "tempo.csv", "--no-audio", "--trust", "--json")
    found = strict(run(capsys, "concepts", "report", "songs.concepts", *FEW, "-o", "out", *typed))
    assert found == {"page": str(Path("out/index.html"))}
    usual: dict[str, Any] = {"title": None, "features": "vibenet", "heard": [], "audio": True, "trust": False}
    given: dict[str, Any] = {"title": "T", "features": "tempo.csv", "heard": ["a 1"], "audio": False, "trust": True}
    assert asked == [(3, "songs.concepts", "out", usual), (0, "songs.concepts", "out", given)]
    both = ("concepts", "report", "songs.concepts", "-o", "out", "--table", "tempo.csv", "--no-features")
    assert "give one of the two" in refusal(capsys, *both, code=2)
