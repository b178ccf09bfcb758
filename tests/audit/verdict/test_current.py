"""A store is about the model as it was audited; a gate that is told the model sees that it has changed since."""

from __future__ import annotations

import importlib
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import assert_no_confounder, load_model, tagger
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import run_audit
from audiolime_ext.audit.verdict.admission import admit
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.cli import main
from audiolime_ext.errors import UsageError
from tests.audit_collection import SR, clean, make_collection

MODEL = """
import numpy as np
from audiolime_ext import tagger

def tell(batch):
    low = 1 / (1 + np.exp(-(np.abs(np.diff(batch)).mean(axis=1) - {threshold})))
    return np.stack([low, 1 - low], axis=1)

net = tagger(tell, sr={sr}, labels=["guitar", "piano"])
"""


def write(folder: Path, name: str, *, threshold: float = 0.2) -> None:
    (folder / f"{name}.py").write_text(MODEL.format(threshold=threshold, sr=SR))


@pytest.fixture
def songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return make_collection(tmp_path, 8, duration_s=0.25)


def gate(*more: str) -> int:
    return main(["audit", "gate", "s.sqlite", "--tolerance", ".9", *more])


def test_a_model_that_was_changed_since_is_refused_with_the_command_to_run(
    songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "changing_then")
    audit = ["audit", str(songs), "-m", "changing_then:net", "-f", "oracle", "-o", "s.sqlite", "--workers", "0"]
    assert main(audit) == 0
    judged = gate()
    assert gate("-m", "changing_then:net") == judged, "the same model is judged as it would be without -m"
    monkeypatch.delitem(sys.modules, "changing_then")
    write(tmp_path, "changing_then", threshold=0.1)
    shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
    importlib.invalidate_caches()
    assert gate() == judged, "nobody asked"
    capsys.readouterr()
    assert gate("-m", "changing_then:net") == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "s.sqlite does not hold the audit of changing_then:net as it is now (fingerprint '" in told.err
    command = "audiolime audit MANIFEST -m changing_then:net -f oracle -o NEW"
    assert told.err.rstrip().endswith(f"ask about the new one: {command}")
    with pytest.raises(UsageError, match="as it is now"):
        assert_no_confounder("s.sqlite", model="changing_then:net")
    assert main([*audit[:-3], "new.sqlite", *audit[-2:]]) == 0
    assert main(["audit", "gate", "new.sqlite", "--tolerance", ".9", "-m", "changing_then:net"]) == judged


@pytest.mark.parametrize(
    "given",
    [
        [],
        ["--map", r"Gitarre\=E=guitar;Klavier=piano;spoken=", "--n-donors", "2", "--same", "1", "--kinds", "own"],
        ["--kinds", "matched", "own", "--no-noise", "--max-evals", "128", "--seed", "3", "--threshold", "0.1234567"],
    ],
)
def test_the_command_to_run_makes_the_same_audit_of_the_new_model(
    given: list[str], songs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if "--map" in given:
        songs.write_text(songs.read_text().replace(",guitar,", ",Gitarre=E,").replace(",piano,", ",Klavier,"))
    write(songs.parent, "before_of_command")
    write(songs.parent, "after_of_command", threshold=0.1)
    audit = ["audit", str(songs), "-m", "before_of_command:net", "-f", "oracle", "-o", "s.sqlite", "--workers", "0"]
    assert main([*audit, *given]) == 0
    capsys.readouterr()
    assert gate("-m", "after_of_command:net") == 2
    command = shlex.split(capsys.readouterr().err.partition("ask about the new one: audiolime ")[2])
    assert main([{"MANIFEST": str(songs), "NEW": "new.sqlite"}.get(word, word) for word in command]) == 0
    before, after = Results.read("s.sqlite"), Results.read("new.sqlite")
    assert before.identity.settings == after.identity.settings
    assert (before.reading, before.entries) == (after.reading, after.entries)
    admit(after, model="after_of_command:net")


def test_a_report_says_that_the_model_has_changed_since(
    songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "changing_for_report")
    found = run_audit(songs, "changing_for_report:net", store="s.sqlite", settings=Settings(n_donors=1), workers=0)
    report = ["audit", "report", "s.sqlite", "-o", "page", "--trust"]
    capsys.readouterr()
    assert main(report) == 0
    assert "as it is now" not in capsys.readouterr().err
    net: Any = load_model("changing_for_report:net")
    changed = tagger(net.predict_fn, sr=SR, labels=list(found.labels), version="2")
    monkeypatch.setattr(sys.modules["changing_for_report"], "net", changed)
    assert main(report) == 0
    told = capsys.readouterr().err
    assert "s.sqlite does not hold the audit of changing_for_report:net as it is now (fingerprint '" in told
    assert told.rstrip().endswith("then, '2' now); the page is about the model as it was")
    monkeypatch.delattr(sys.modules["changing_for_report"], "net")
    assert main(report) == 0
    assert "is still the one that was audited is not known" in capsys.readouterr().err


def test_what_has_another_name_other_labels_or_another_version_is_another_model(songs: Path, tmp_path: Path) -> None:
    for name in ("twin", "other"):
        write(tmp_path, f"{name}_of_current")
    run_audit(songs, "twin_of_current:net", store="s.sqlite", settings=Settings(n_donors=1, n_same=0), workers=0)
    admit("s.sqlite", model="twin_of_current:net")
    net: Any = load_model("twin_of_current:net")
    admit("s.sqlite", model=tagger(net.predict_fn, sr=SR, labels=["guitar", "piano"]))  # it has no name
    with pytest.raises(UsageError, match="model 'twin_of_current:net' then, 'other_of_current:net' now"):
        admit("s.sqlite", model="other_of_current:net")
    with pytest.raises(UsageError, match=r"labels \['guitar', 'piano'\] then, \['piano', 'guitar'\] now"):
        admit("s.sqlite", model=tagger(net.predict_fn, sr=SR, labels=["piano", "guitar"]))
    with pytest.raises(UsageError, match=r"fingerprint .* then, '2' now"):
        admit("s.sqlite", model=tagger(net.predict_fn, sr=SR, labels=["guitar", "piano"], version="2"))
    with pytest.raises(UsageError, match="it states no rate: say it where the model is made, with sr="):
        admit("s.sqlite", model=tagger(net.predict_fn, labels=["guitar", "piano"], version="2"))


def test_a_model_of_python_is_compared_by_its_fingerprint(songs: Path) -> None:
    found = run_audit(songs, clean, store="s.sqlite", settings=Settings(n_donors=1, n_same=0), workers=0)
    admit(found, model=clean)
    with pytest.raises(UsageError, match="audiolime audit MANIFEST -m MODEL -f oracle --n-donors 1 --same 0 -o NEW"):
        admit(found, model=tagger(lambda batch: np.zeros((len(batch), 2)), sr=SR, labels=list(clean.labels or ())))
