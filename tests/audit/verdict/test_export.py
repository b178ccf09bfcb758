"""The table of everything: read back, it holds what is in the store."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.audit.measurement.effects import necessity, sufficiency
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import run_audit
from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.export import COLUMNS, MEASURES, export
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.cli import main
from audiolime_ext.errors import MissingError, OutputError, UsageError
from tests.audit_collection import confounded, make_collection

LABELS = ("guitar", "piano")
SONGS = [Entry(f"/a/{i}.wav", f"{i:064x}", (LABELS[i % 2],), f"song {i}", 0.0, 1.0, "test") for i in range(3)]
Lines = list[dict[str, str]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real audit, loud enough that some mixes are scaled."""
    folder = tmp_path_factory.mktemp("export")
    path = folder / "audit.sqlite"
    manifest = make_collection(folder, 8, duration_s=0.25)
    run_audit(manifest, confounded, store=path, settings=Settings(n_donors=2, n_same=1), workers=0)
    return path


def read(path: Path) -> Lines:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float | None:
    return float(text) if text else None


def test_the_table_holds_every_number_in_the_store_exactly(store: Path, tmp_path: Path) -> None:
    n = export(store, tmp_path / "all.csv")
    lines = read(tmp_path / "all.csv")
    assert (len(lines), list(lines[0])) == (n, list(COLUMNS))
    results = Results.read(store)
    with AuditStore.read(store) as opened:
        kept = {(key, m.measure, m.component, m.donor): m.values for key, m in opened.measurements()}
    keys = [entry.key for entry in results.entries]
    found: dict[tuple[str, str, str, str | None], list[float | None]] = {}
    for line in lines:
        donor = keys[int(line["donor"])] if line["donor"] else None
        value = line["effect"] if line["measure"] in ("attribution", "presence") else line["score"]
        found.setdefault((keys[int(line["recording"])], line["measure"], line["component"], donor), []).append(
            number(value)
        )
    assert {name: tuple(values) for name, values in found.items()} == kept
    assert {line["measure"] for line in lines} >= {*MEASURES} - {"own before", "matched before"}
    assert [int(line["recording"]) for line in lines] == sorted(int(line["recording"]) for line in lines)
    first = lines[0]
    assert (first["path"], first["song"], first["classes"]) == (results.entries[0].path, "song 0", "guitar")


def test_effects_and_flips_are_those_of_the_results(store: Path, tmp_path: Path) -> None:
    export(store, tmp_path / "all.csv")
    lines, results = read(tmp_path / "all.csv"), Results.read(store)
    for measure, kind in (("without", None), ("own", "own")):
        column = results.labels.index("guitar")
        trials = results.transplants(kind) if kind else results.removals(measure)
        drums = next(t for t in trials if (t.label, t.component) == ("guitar", "drums"))
        there = [x for x in lines if (x["measure"], x["component"], x["label"]) == (measure, "drums", "guitar")]
        if kind:
            there = [x for x in there if x["classes"] == "piano" and results.is_of[int(x["donor"]), column]]
        else:
            there = [x for x in there if x["classes"] == "guitar"]
        assert sorted(float(x["effect"]) for x in there) == sorted(np.asarray(drums.gains).tolist())
        assert sum(int(x["flipped"]) for x in there) == drums.flips.sum() == len(there)


def write(path: Path, found: list[Measurement], reading: Reading | None = None) -> Path:
    with AuditStore.create_or_resume(path, Identity("x:y", "f", "hpss", "2", LABELS)) as store:
        store.describe(SONGS, reading or Reading())
        store.put(SONGS[1].task, "1.wav", found)
    return path


FOUND = [
    Measurement("score", "", (0.25, 0.75)),
    Measurement("silence", "", (0.75, 0.25)),
    Measurement("presence", "drums", (-3.5,)),
    Measurement("attribution", "drums", (1.5, -1.5)),
    Measurement("without", "drums", (0.125, 0.875)),
    Measurement("alone", "drums", (0.5, 0.25)),
    Measurement("equal level", "drums", (0.875, 0.125)),
    Measurement("own", "drums", (0.75, 0.25), SONGS[0].key),
    Measurement("own before", "drums", (0.625, 0.375), SONGS[0].key),
    Measurement("own", "drums", (0.75, 0.25), SONGS[2].key),
    Measurement("own", "drums", (0.75, 0.25), "no longer in the manifest"),
    Measurement("of a later version", "drums", (0.5, 0.5)),
]


def g(score: float) -> float:
    return float(np.log(score / (1 - score)))


def test_known_numbers_give_known_effects(tmp_path: Path) -> None:
    export(write(tmp_path / "s", FOUND), tmp_path / "t.csv")
    lines = read(tmp_path / "t.csv")

    def at(measure: str, donor: str = "") -> list[tuple[Any, ...]]:
        rows = [line for line in lines if (line["measure"], line["donor"]) == (measure, donor)]
        return [tuple(number(line[name]) for name in ("score", "effect", "flipped")) for line in rows]

    assert at("score") == [(0.25, None, None), (0.75, None, None)]
    assert at("presence") == [(None, -3.5, None)]
    assert at("attribution") == [(None, 1.5, None), (None, -1.5, None)]
    assert at("without") == [
        (0.125, pytest.approx(g(0.25) - g(0.125)), 0),
        (0.875, pytest.approx(g(1 / 8) - g(1 / 4)), 0),
    ]
    assert at("alone") == [(0.5, None, None), (0.25, 0, 0)], "silence has the guitar already"
    assert at("equal level") == [
        (0.875, pytest.approx(g(7 / 8) - g(1 / 4)), 1),
        (0.125, pytest.approx(g(1 / 8) - g(3 / 4)), 1),
    ]
    assert at("own", "0") == [
        (0.75, pytest.approx(g(3 / 4) - g(5 / 8)), 0),
        (0.25, pytest.approx(g(1 / 4) - g(3 / 8)), 0),
    ]
    assert at("own", "2") == [(0.75, pytest.approx(2 * g(3 / 4)), 1), (0.25, pytest.approx(-2 * g(3 / 4)), 1)]
    assert {(x["donor"], x["donor_song"]) for x in lines if x["donor"]} == {("0", "song 0"), ("2", "song 2")}
    assert {line["measure"] for line in lines} <= {*MEASURES}
    assert {(x["recording"], x["song"], x["split"]) for x in lines} == {("1", "song 1", "test")}
    assert necessity(np.array([0.25]), np.array([0.125]))[0] == number(lines[-2]["effect"])
    assert np.isnan(sufficiency(np.array([0.5]), np.array([0.75]))).all()


def test_thresholds_decide_what_flips(tmp_path: Path) -> None:
    export(write(tmp_path / "s", FOUND, Reading((0.7, 0.2))), tmp_path / "t.csv", measures=["own"])
    flipped = [(x["donor"], x["label"], x["flipped"]) for x in read(tmp_path / "t.csv")]
    assert flipped == [("0", "guitar", "1"), ("0", "piano", "0"), ("2", "guitar", "1"), ("2", "piano", "0")]


def test_some_measures_and_labels_can_be_chosen(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "some.csv")
    assert main(["audit", "export", str(store), "--measure", "score", "without", "--labels", "piano", "-o", file]) == 0
    lines = read(Path(file))
    assert capsys.readouterr().out == f"{len(lines)} lines are in {file}\n"
    assert {(x["measure"], x["label"]) for x in lines} == {("score", "piano"), ("without", "piano")}
    assert main(["audit", "export", str(store), "--measure", "withot", "-o", file]) == 2
    assert "unknown measure 'withot'; did you mean 'without'?" in capsys.readouterr().err
    assert main(["audit", "export", str(store), "--labels", "pino", "-o", file]) == 2
    assert "unknown label 'pino'" in capsys.readouterr().err


def test_parquet_holds_the_same(store: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    n = export(store, tmp_path / "all.parquet")
    export(store, tmp_path / "all.csv")
    table = parquet.read_table(tmp_path / "all.parquet")
    assert table.num_rows == n
    assert table.column_names == list(COLUMNS)
    texts = [{name: "" if x is None else str(x) for name, x in row.items()} for row in table.to_pylist()]
    assert texts == read(tmp_path / "all.csv")


def test_parquet_without_pyarrow_says_what_to_install(store: Path, tmp_path: Path) -> None:
    program = "import sys; sys.modules['pyarrow'] = None; from audiolime_ext.cli import main; sys.exit(main())"
    arguments = ["audit", "export", str(store), "-o", str(tmp_path / "all.parquet")]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "pip install 'audiolime-ext[parquet]'" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_told_and_leaves_nothing(store: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in \.csv or \.parquet"):
        export(store, tmp_path / "all.xlsx")
    with pytest.raises(OutputError, match="cannot write"):
        export(store, tmp_path / "none" / "all.csv")
    with pytest.raises(MissingError, match="there is no audit"):
        export(tmp_path / "none.sqlite", tmp_path / "all.csv")
    broken = write(tmp_path / "s", [FOUND[4]])  # nothing to compare it with
    with pytest.raises(KeyError):
        export(broken, tmp_path / "all.csv")
    assert [path.name for path in tmp_path.iterdir() if path.suffix in (".part", ".csv")] == []


def test_names_that_are_no_text_are_written_legibly(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra parquet is not installed")
    songs = [Entry("/a/caf\udce9,\n.wav", "00", ("guitar",), "x", 0.0, 1.0)]
    with AuditStore.create_or_resume(tmp_path / "s", Identity("x:y", "f", "hpss", "2", LABELS)) as store:
        store.describe(songs, Reading())
        store.put(songs[0].task, "x", FOUND[:1])
    assert export(tmp_path / "s", tmp_path / "t.parquet") == export(tmp_path / "s", tmp_path / "t.csv") == 2
    assert read(tmp_path / "t.csv")[0]["path"] == "/a/caf\\xe9,\\x0a.wav"
