"""The gate on real stores: pass, fail, inconclusive; what is told, in every form."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from audiolime_ext import assert_no_confounder
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.run import run_audit
from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.admission import admit
from audiolime_ext.audit.verdict.expected import Expectation, Expected
from audiolime_ext.audit.verdict.gate import Outcome, gate
from audiolime_ext.audit.verdict.junit import to_junit
from audiolime_ext.audit.verdict.limits import Limit
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.audit.verdict.status import Status, Verdict
from audiolime_ext.cli import main
from audiolime_ext.errors import MissingError, UsageError
from audiolime_ext.files.database import Form
from tests.audit_collection import clean, confounded, make_collection

QUICK = Settings(n_donors=5, n_same=0, kinds=("own",), noise=False)
MEANT = Expected((Expectation("guitar", "guitar"), Expectation("piano", "piano")))


@pytest.fixture(scope="module", autouse=True)
def unsynced() -> Iterator[None]:
    """No test here is about power cuts, and waiting for the disk at every commit takes longer than all else."""

    def connect(form: Form, path: Path, mode: str) -> sqlite3.Connection:
        connection = original(form, path, mode)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    original = Form.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Form, "connect", connect)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gate")


def audit(model: Any, folder: Path, n: int) -> Path:
    """The store of a model's audit over `n` songs, half of each class."""
    manifest = make_collection(folder, n, duration_s=0.25)
    (folder / "expected.csv").write_text("class,component,sign\nguitar,guitar,+\npiano,piano,+\n")
    run_audit(manifest, model, store=folder / "s.sqlite", settings=QUICK, workers=0, expected=folder / "expected.csv")
    return folder / "s.sqlite"


@pytest.fixture(scope="module")
def passing(folder: Path) -> Path:
    return audit(clean, folder / "clean", 160)


@pytest.fixture(scope="module")
def failing(folder: Path) -> Path:
    return audit(confounded, folder / "confounded", 36)


@pytest.fixture(scope="module")
def undecided(folder: Path) -> Path:
    return audit(clean, folder / "few", 24)


def test_a_clean_model_with_enough_songs_passes(passing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "gate", str(passing)]) == 0
    told = capsys.readouterr()
    limit = "limit 5 %: the tolerance of a gate that is given none"
    assert told.out.startswith(f"pass: {passing}; {limit}; 0 shown, 0 open, 3 ruled out; waived: 2 shown\n")
    lines = [line for line in told.out.splitlines()[1:] if not line.startswith("  ")]
    assert {line.split(": 0 % of")[0].split(": 100 % of")[0] for line in lines} == {
        "waived, meant to matter: shown: 'guitar' depends on guitar, as it is meant to",
        "waived, meant to matter: shown: 'piano' depends on piano, as it is meant to",
        "ruled out: no effect of bass on 'guitar' beyond 5 %",
        "ruled out: no effect of drums on 'guitar' beyond 5 %",
        "ruled out: no effect of bass on 'piano' beyond 5 %",
        "100 % of the model's decisions agree with the manifest",
    }
    assert told.err == ""
    assert re.search(
        r"as it is meant to: 100 % of \d+ decisions flip \(95 % interval \d.*\n  guitar of '.*' in '", told.out
    )
    assert_no_confounder(passing)
    assert main(["audit", "gate", str(passing), "--tolerance", ".01"]) == 7, "for that there are too few"


def test_a_confounded_model_fails_with_the_songs_that_show_it(
    failing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "gate", str(failing), "--tolerance", ".3"]) == 6
    told = capsys.readouterr().out.splitlines()
    numbers = "1 shown, 0 open, 2 ruled out; waived: 2 ruled out"
    assert told[0] == f"fail: {failing}; limit 30 %: the tolerance you gave; {numbers}"
    lacking = told.pop(1)  # what the model is meant to hear, and does not
    assert lacking.startswith("meant to matter, but not shown beyond 30 % when put in: ")
    assert all(f"{name} for {name!r} (ruled out: 0 % of " in lacking for name in ("guitar", "piano"))
    assert re.match(r"\d+ % of the model's decisions agree with the manifest", told.pop(1))
    assert told[1].startswith("shown: 'guitar' is confounded with drums: 100 % of 90 decisions flip (95 % interval ")
    assert all(re.match(r"  drums of 'song \d+' in 'song \d+' makes it 'guitar': log-odds \+\d", t) for t in told[2:5])
    assert len({line.split(" makes")[0].split(" in ")[1] for line in told[2:5]}) == 3, "three hosts"
    assert all(line.startswith("waived, meant to matter: ruled out: ") for line in told[5:7])
    assert all(line.startswith("ruled out: ") for line in told[7:]), "all else is clean"


def test_in_junit_what_is_waived_has_its_numbers_and_the_songs_that_show_it(passing: Path) -> None:
    cases = ElementTree.fromstring(to_junit(admit(passing))).iter("testcase")
    waived = {case.get("name"): case.find("skipped") for case in cases if case.find("skipped") is not None}
    assert set(waived) == {"guitar", "piano"}
    for name, skipped in waived.items():
        assert skipped is not None
        assert re.search(
            r": 100 % of \d+ decisions flip \(95 % interval \d+ to 100 %; limit 5 %", skipped.get("message", "")
        )
        assert f"\n{name} of 'song " in (skipped.text or "")


def test_pytest_shows_the_line_that_asked_and_what_was_found(failing: Path, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "from audiolime_ext import assert_no_confounder\n\n\n"
        f"def test_it():\n    assert_no_confounder({str(failing)!r}, tolerance=0.3)  # my line\n\n\n"
        f"def test_nothing():\n    assert_no_confounder('gone.sqlite')  # my other line\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "2 failed" in shown
    assert ">       assert_no_confounder(" in shown
    assert "# my line" in shown
    assert "# my other line" in shown
    assert re.search(r"E +AssertionError: fail: .*s\.sqlite; limit 30 %", shown)
    assert re.search(r"E +audiolime_ext\.errors\.MissingError: ", shown)
    assert "admission.py" not in shown, "none of our frames"


def test_few_songs_are_inconclusive_with_the_number_that_would_decide(
    undecided: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", "gate", str(undecided)]) == 7
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("  ")]
    assert told[0].startswith(f"inconclusive: {undecided}; limit 5 %: the tolerance of a gate that is given none; ")
    assert told[0].endswith("; about 72 songs of each class would decide what is open")
    # float WAV files hold the second at which they were written, so contents, and with them donors, vary
    assert [line for line in told[1:] if line.startswith("open: ")]
    for line in told[1:]:
        if line.startswith(("meant to matter, but not shown", "100 % of the model's decisions agree")):
            continue
        decided = re.search("; about 72 songs of each class would decide$", line)
        assert (decided is not None) != line.startswith("waived, meant to matter: "), line


def test_an_assertion_tells_what_how_often_and_in_which_songs(failing: Path, undecided: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_no_confounder(failing, tolerance=0.3)
    text = str(caught.value)
    assert "shown: 'guitar' is confounded with drums: 100 % of 90 decisions flip" in text
    assert "; limit 30 %: the tolerance you gave; " in text
    assert re.search(r"drums of 'song \d*[02468]' in 'song \d*[13579]' makes it 'guitar'", text)
    assert "bass" not in text, "what passes is not told"
    with pytest.raises(
        AssertionError, match=r"^inconclusive: .*about 72 songs of each class would decide what is open"
    ):
        assert_no_confounder(Results.read(undecided))
    assert_no_confounder(undecided, inconclusive="pass")
    with pytest.raises(AssertionError, match=r"^fail: "):
        assert_no_confounder(failing, tolerance=0.3, inconclusive="pass")
    with pytest.raises(UsageError, match="inconclusive must be 'fail' or 'pass', not 'skip'"):
        assert_no_confounder(undecided, inconclusive="skip")  # type: ignore[arg-type]


def test_what_is_meant_to_matter_may_be_given(failing: Path, passing: Path, tmp_path: Path) -> None:
    drums = Expected((*MEANT.rows, Expectation("guitar", "drums")))
    assert admit(failing, tolerance=0.3, expected=drums).outcome == "pass"
    table = tmp_path / "expected.csv"
    table.write_text("class,component\nguitar,drums\n")
    found = admit(passing, expected=table)
    assert [(p.verdict.label, p.verdict.component) for p in found.decision.pairs if p.outcome == "fail"] == [
        ("guitar", "guitar"),
        ("piano", "piano"),
    ]
    table.write_text("class,component\nguitar,drumz\n")
    with pytest.raises(UsageError, match="did you mean 'drums'"):
        admit(passing, expected=table)


def test_a_baselines_faults_are_known(
    failing: Path, undecided: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = ["audit", "gate", str(failing), "--tolerance", ".3", "--compare-with"]
    assert main([*gate, str(failing)]) == 0
    told = capsys.readouterr().out
    assert "known: shown: 'guitar' is confounded with drums: 100 % of 90 decisions flip" in told
    assert "not significantly more than in the baseline: 100 % of 90" in told
    assert main([*gate, str(undecided)]) == 6, "the clean one has no such fault"
    other = tmp_path / "other.sqlite"
    AuditStore.create_or_resume(other, Identity("x:y", "f", "hpss", "2", ("guitar", "piano"))).close()
    assert main([*gate, str(other)]) == 2
    assert "was audited with hpss" in capsys.readouterr().err


CLASSES = ("guitar", "piano")


def write(
    path: Path,
    *,
    n: int = 160,
    scores: tuple[float, float] = (0.9, 0.1),
    thresholds: tuple[float, float] | None = None,
    undone: int = 0,
    failed: int = 0,
    names: str = "{}.wav",
) -> Path:
    """A model that `scores` its class so, whatever is put in: drums, which every recording holds."""
    songs = [Entry(names.format(i), f"{i:064x}", (CLASSES[i % 2],), f"song {i}", 0.0, 1.0) for i in range(n)]
    identity = Identity("mine:tag", "f1", "hpss", "2", CLASSES, {"kinds": ["own"]})
    with AuditStore.create_or_resume(path, identity) as store:
        store.describe(songs, Reading(thresholds))
        for i, entry in enumerate(songs[: n - undone - failed]):
            own = scores if i % 2 == 0 else scores[::-1]
            found = [Measurement("score", "", own), Measurement("presence", "drums", (-6.0,))]
            found += [Measurement("own", "drums", own, songs[(i + k) % n].key) for k in (1, 3)]
            store.put(entry.task, entry.name, found)
        for entry in songs[n - undone - failed : n - undone]:
            store.fail(entry.task, entry.name, "cannot be read")
    return path


def test_what_was_not_measured_does_not_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert admit(write(tmp_path / "whole")).outcome == "pass"
    found = admit(write(tmp_path / "part", undone=1, failed=2))
    assert (found.outcome, found.decision.outcome) == ("inconclusive", "pass")
    assert found.missing.startswith("3 of 160 recordings were not measured, so nothing can pass: run the audit again")
    assert found.missing.endswith("(157.wav: cannot be read; 158.wav: cannot be read; 159.wav: not measured yet)")
    assert main(["audit", "gate", str(tmp_path / "part")]) == 7
    assert "warning: 3 of 160 recordings were not measured" in capsys.readouterr().err
    with pytest.raises(AssertionError, match=r"158\.wav: cannot be read"):
        assert_no_confounder(tmp_path / "part")
    nothing = admit(write(tmp_path / "nothing", n=8, undone=8))
    assert (nothing.outcome, nothing.decision.pairs) == ("inconclusive", ())
    assert "and 3 more)" in nothing.missing


def test_what_was_not_tried_does_not_pass(tmp_path: Path) -> None:
    """A model that says everything of everything cannot be moved, and shows nothing."""
    store = write(tmp_path / "all", scores=(0.9, 0.8), thresholds=(0.5, 0.5))
    found = admit(store)
    assert found.outcome == "inconclusive"
    assert [pair.verdict.rate.n_trials for pair in found.decision.pairs if pair.verdict.rate] == [0, 0]
    assert "whether 'guitar' depends on drums: nothing was tried (limit 5 %, the " in found.decision.pairs[0].text
    assert "; about 72 songs of each class would decide" in found.decision.pairs[0].text
    assert admit(store, thresholds=0.85).outcome == "pass"
    assert admit(store, thresholds={"guitar": 0.85, "piano": 0.85}).outcome == "pass"
    with pytest.raises(UsageError, match="no threshold for piano"):
        admit(store, thresholds={"guitar": 0.85})
    with pytest.raises(UsageError, match="unknown label 'drums'"):
        admit(store, thresholds={"guitar": 0.85, "piano": 0.85, "drums": 0.5})
    with pytest.raises(UsageError, match="must be a score between 0 and 1, not 85"):
        admit(store, thresholds=85)


def test_transplants_at_the_hosts_level_are_not_enough(tmp_path: Path) -> None:
    store = tmp_path / "matched"
    AuditStore.create_or_resume(store, Identity("x:y", "f", "hpss", "2", CLASSES, {"kinds": ["matched"]})).close()
    with pytest.raises(UsageError, match=r"only matched; audit with --kinds own"):
        admit(store)
    with pytest.raises(MissingError, match="there is no audit at"):
        admit(tmp_path / "none")


def test_json_holds_all_that_is_told(failing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "gate", str(failing), "--tolerance", ".3", "--json"]) == 6
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["limit"]["share"], told["n_recordings"], told["unmeasured"]) == ("fail", 0.3, 36, [])
    drums = told["pairs"][0]
    assert [drums[name] for name in ("label", "component", "status", "reading", "outcome")] == [
        "guitar",
        "drums",
        "shown",
        "confounder",
        "fail",
    ]
    assert drums["rate"]["rate"] == 1.0
    assert len(drums["examples"]) == 3


def is_valid(document: bytes) -> bool:
    """By the rules of the schema of Ant's format: what must be there, in which order, and what it counts."""
    root = ElementTree.fromstring(document)
    (suite,) = root
    *others, out, err = suite
    properties, *cases = others
    results = [case[0] for case in cases if len(case)]
    counts = Counter(result.tag for result in results)
    return (
        (root.tag, suite.tag, properties.tag, out.tag, err.tag)
        == ("testsuites", "testsuite", "properties", "system-out", "system-err")
        and {case.tag for case in cases} == {"testcase"}
        and all(set(case.attrib) == {"name", "classname", "time"} and len(case) < 2 for case in cases)
        and set(counts) <= {"failure", "error", "skipped"}
        and all(result.get("type") and result.get("message") and result.text for result in results)
        and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.attrib["timestamp"]) is not None
        and all(suite.get(name) for name in ("name", "hostname", "package", "id", "time"))
        and [int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")]
        == [len(cases), counts["failure"], counts["error"], counts["skipped"]]
    )


def test_junit_xml_shows_every_pair(failing: Path, undecided: Path, tmp_path: Path) -> None:
    file = tmp_path / "gate.xml"
    assert main(["audit", "gate", str(failing), "--tolerance", ".3", "--junit", str(file)]) == 6
    document = file.read_bytes()
    assert is_valid(document)
    assert not is_valid(document.replace(b'failures="1"', b'failures="0"'))
    assert not is_valid(document.replace(b"<system-err />", b""))
    failure = ElementTree.fromstring(document).find(".//testcase[@classname='guitar'][@name='drums']/failure")
    assert failure is not None
    assert "makes it 'guitar'" in (failure.text or "")
    open_ = to_junit(admit(undecided))
    assert is_valid(open_)
    assert ElementTree.fromstring(open_).find(".//testcase[@name='drums']/error[@type='open']") is not None
    known = to_junit(admit(failing, tolerance=0.3, baseline=failing))
    assert is_valid(known)
    assert ElementTree.fromstring(known).find(".//testcase[@name='drums']/skipped[@type='known']") is not None
    missing = to_junit(admit(write(tmp_path / "\x01<&", failed=3, names="\x0b{}\ud800.wav")))
    assert is_valid(missing)
    assert ElementTree.fromstring(missing).find(".//testcase[@classname='recordings']/error") is not None
    assert [path.name for path in tmp_path.glob("*.part")] == []
    assert main(["audit", "gate", str(failing), "--junit", str(tmp_path / "none" / "gate.xml")]) == 1


def test_python_compares_with_another_models_audit_as_the_command_does(
    failing: Path, passing: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_no_confounder(failing, tolerance=0.3, compare_with=failing)
    command = ["audit", "gate", str(failing), "--tolerance", ".3", "--compare-with"]
    assert main([*command, str(failing)]) == 0
    capsys.readouterr()
    assert main([*command, str(passing)]) == 6
    table = capsys.readouterr().out.split("\n\n")[1].splitlines()
    assert re.fullmatch(r"class +component +this model +compared with", table[0])
    drums = r"guitar  drums +shown: 100 % \(\d+ to 100 %\)  ruled out: 0 % \(0 to \d %\)"
    assert re.fullmatch(drums, table[1])
    assert len(table) == 6
    with pytest.raises(AssertionError, match=f"(?s)'guitar' is confounded with drums.*\n{drums}\n"):
        assert_no_confounder(failing, tolerance=0.3, compare_with=passing)


@pytest.mark.parametrize("argument", ["0", "1", "5", "x", "nan"])
def test_a_tolerance_is_a_share(failing: Path, argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["audit", "gate", str(failing), "--tolerance", argument])
    assert "argument --tolerance/--limit: a" in capsys.readouterr().err


def test_a_store_that_is_being_written_can_be_gated(tmp_path: Path) -> None:
    path = write(tmp_path / "busy")
    with AuditStore.create_or_resume(path, Results.read(path).identity):
        assert admit(path).outcome == "pass"
    with AuditStore.create_or_resume(path, Results.read(path).identity) as store:
        store.describe([], Reading())
    with pytest.raises(UsageError, match="there is nothing to judge"):
        admit(path)


STATUSES_TOLD: dict[Status, Outcome] = {
    "shown": "fail",
    "open": "inconclusive",
    "not auditable": "waived",
    "ruled out": "pass",
}


@pytest.mark.parametrize("status", STATUSES_TOLD)
def test_of_pairs_that_are_not_meant_to_matter_only_what_is_not_auditable_can_be_waived(status: Status) -> None:
    limit = Limit(0.05, "the limit you gave")
    given = [Verdict("guitar", "drums", status, limit), Verdict("guitar", "bass", "ruled out", limit)]
    found = {pair.verdict.component: pair.outcome for pair in gate(given, waive_not_auditable=True).pairs}
    assert found == {"drums": STATUSES_TOLD[status], "bass": "pass"}
    strict = {pair.verdict.component: pair.outcome for pair in gate(given).pairs}
    assert strict["drums"] == ("inconclusive" if status == "not auditable" else STATUSES_TOLD[status])
