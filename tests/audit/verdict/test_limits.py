"""What rates are held against, and where that comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiolime_ext.audit.store.records import Entry, Identity, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.limits import Limit, delta_for, given, limit_of, tolerance
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.cli import main
from audiolime_ext.errors import UsageError
from tests.audit_collection import make_collection


@pytest.mark.parametrize(
    ("spec", "share", "name"),
    [
        ("oracle", 0.36, "δ of true stems"),
        ("cerberus", 0.38, "δ of cerberus"),
        ("cerberus?merge=none", 0.38, "δ of cerberus"),
        ("hpss", 0.4, "δ of hpss"),
        ("cerberus:own.onnx", 0.5, "a convention, not measured for cerberus:…"),
        ("spleeter:4stems", 0.5, "a convention, not measured for spleeter"),
        ("demucs:htdemucs", 0.5, "a convention, not measured for demucs"),
        ("openunmix:umxhq", 0.5, "a convention, not measured for openunmix"),
        ("bands:8", 0.5, "a convention, not measured for bands"),
    ],
)
def test_a_limit_is_measured_or_called_a_convention(spec: str, share: float, name: str) -> None:
    limit = delta_for(spec)
    assert (limit.share, limit.name) == (share, name)
    assert ("measured on models" in limit.text) == ("convention" not in name)
    assert limit.sentence == f"L{limit.text[1:]}."


def test_a_gates_limit_says_whether_it_was_given() -> None:
    assert tolerance().text == "limit 5 %: the tolerance of a gate that is given none"
    assert tolerance(0.125).text == "limit 12.5 %: the tolerance you gave"
    assert given(0.3).text == "limit 30 %: the limit you gave"


@pytest.mark.parametrize("share", [0, 1, -0.1, 5])
def test_a_limit_is_a_share(share: float) -> None:
    with pytest.raises(UsageError, match=f"mine must lie between 0 and 1, not {share}"):
        Limit(share, "mine")


def test_a_store_that_holds_true_stems_under_another_name_has_no_measured_limit(tmp_path: Path) -> None:
    """Audits used to make such."""

    def limit(stems: str | None) -> str:
        path = tmp_path / f"{stems}.sqlite"
        songs = [Entry(f"{i}.wav", f"{i:064x}", ("a",), f"{i}", 0.0, 1.0, stems=stems if i else None) for i in range(3)]
        with AuditStore.create_or_resume(path, Identity("m:t", "f", "hpss", "2", ("a", "b"))) as store:
            store.describe(songs, Reading())
        return limit_of(Results.read(path)).text

    assert limit(None).startswith("limit 40 %: δ of hpss, measured on ")
    assert limit("x") == "limit 50 %: a convention, for 2 of 3 recordings were split by true stems, not by hpss"


def test_true_stems_beside_another_factorization_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = make_collection(tmp_path, 4, duration_s=0.25)
    store = tmp_path / "s.sqlite"
    audit = ["audit", str(manifest), "-t", "tests.audit_collection:clean", "-o", str(store), "--workers", "0"]
    assert main([*audit, "-f", "hpss"]) == 2
    told = capsys.readouterr().err
    assert "names true stems of 4 of 4 recordings (column stems), and hpss is to split them" in told
    assert "-f oracle audits by the true stems" in told
    assert "--ignore stems leaves them out, and splits by hpss" in told
    assert not store.exists()
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([*lines[:2], *(line.rsplit(",", 1)[0] + "," for line in lines[2:])]))
    assert main([*audit, "-f", "hpss"]) == 2, "one is enough: it would be split otherwise than the rest"
    assert "true stems of 1 of 4" in capsys.readouterr().err
    quick = ["--n-donors", "1", "--same", "0", "--no-noise"]
    assert main([*audit, *quick, "-f", "hpss", "--ignore", "stems"]) == 0
    assert set(Results.read(store).components) == {"harmonic", "percussive"}
