"""A damaged saved explanation is refused when it is read, with the field at fault: it never fails later."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, Explanation, explain, tagger
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.form import FILE_NAME, shaped, within
from audiolime_ext.report.song.page import page_html
from factorizations.oracle import OracleFactorization

SR = 8000
RNG = np.random.default_rng(0)
Keys = tuple[str | int, ...]
WRONG: tuple[Any, ...] = (None, "x", 1e300)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that can be saved at once: segments, a baseline, level, shifts, missing stems, noise, a sample of masks."""
    stems = {n: (RNG.normal(0, level, (1, 2 * SR)).astype(np.float32), SR) for n, level in (("a", 0.1), ("b", 0.05))}
    oracle = OracleFactorization(stems)
    donor = OracleFactorization({"c": (RNG.normal(0, 0.1, (1, 2 * SR)).astype(np.float32), SR)})
    noisy = tagger(
        lambda batch: np.clip(batch.std(axis=1, keepdims=True) + RNG.normal(0, 0.001, (len(batch), 2)), 0, 1),
        sr=SR,
        labels=["x", "y"],
        version="1",
    )
    options: dict[str, Any] = {"segments": 4, "method": "lime", "max_evals": 1000, "shifts": True, "baseline": "floor"}
    options |= {"donors": [(Audio(donor.mixture.samples, SR, "donor"), donor)], "start_s": 0.5, "duration_s": 1.0}
    return explain(oracle.mixture, noisy, factorization=oracle, **options).save(
        tmp_path_factory.mktemp("saved") / "all"
    )


def places(value: Any, keys: Keys = ()) -> Iterator[Keys]:
    """Where something stands in the file: every field, and the last entry of every list."""
    if keys:
        yield keys
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from places(inner, (*keys, name))
    elif isinstance(value, list) and value:
        yield from places(value[-1], (*keys, len(value) - 1))


def changed(content: Any, keys: Keys, value: Any, *, delete: bool = False) -> Any:
    content = copy.deepcopy(content)
    inside = content
    for key in keys[:-1]:
        inside = inside[key]
    if delete:
        del inside[keys[-1]]
    else:
        inside[keys[-1]] = value
    return content


def use(e: Explanation) -> None:
    """Whatever people do with a result."""
    json.dumps(e.to_dict(), allow_nan=False)
    assert str(e)
    e.mixture.excerpt(0.0, 0.1)
    for name in e.names:
        e.audio(name)
    for label in e.all_labels:
        e.top(label=label)
        e.remarks(label)
    e.components.heard_mixes(e.neighborhood.masks[:2])
    assert e.values(e.neighborhood.masks).shape == e.neighborhood.scores.shape


def test_what_was_saved_can_be_used(saved: Path) -> None:
    e = Explanation.load(saved)
    assert e.checks.level is not None
    assert e.checks.missing
    assert e.checks.shifts is not None
    assert e.checks.noise is not None
    assert not e.checks.noise.alike
    use(e)
    assert page_html(e, audio=None)


def test_every_mutilation_is_refused_at_once_or_does_no_harm(saved: Path, tmp_path: Path) -> None:
    text = (saved / FILE_NAME).read_text(encoding="utf-8")
    content = json.loads(text)
    for file in saved.glob("*.flac"):
        (tmp_path / file.name).symlink_to(file)
    tried = refused = 0
    for keys in places(content):
        cases = [changed(content, keys, wrong) for wrong in WRONG]
        cases.append(changed(content, keys, None, delete=True))
        for case in cases:
            tried += 1
            (tmp_path / FILE_NAME).write_text(json.dumps(case), encoding="utf-8")
            try:
                e = Explanation.load(tmp_path)
            except UsageError:
                refused += 1
            else:
                use(e)
    assert tried > 400
    assert refused > 0.6 * tried


@pytest.mark.parametrize("share", np.linspace(0, 0.999, 25))
def test_a_file_that_is_cut_is_refused(saved: Path, tmp_path: Path, share: float) -> None:
    content = (saved / FILE_NAME).read_bytes()
    for file in saved.glob("*.flac"):
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / FILE_NAME).write_bytes(content[: int(share * len(content))])
    with pytest.raises(UsageError, match="holds no saved explanation, or a damaged one"):
        Explanation.load(tmp_path)


@pytest.mark.parametrize(
    ("keys", "value", "complaint"),
    [
        (("attribution", "weights"), [[0.5]], r"`weights` must have shape \(2, 8\), not \(1, 1\)"),
        (("neighborhood", "scores", 0, 0), 1e300, "`scores` must be finite, and no larger"),
        (("components", "stems", 0, "scale"), 1e300, "`scale` must be finite"),
        (("labels",), ["jazz"], r"`labels` names \['jazz'\], which are not there"),
        (("components", "sr"), "fast", r"Expected `int`, got `str` - at `\$.components.sr`"),
        (("components", "sr"), 44100, "stem-0.flac has 8000 Hz, not 44100"),
        (("attribution", "method"), "magic", "`method` 'magic' is unknown"),
        (("neighborhood", "masks", 0, 0), 1, "`masks` must begin with all off and end with all on"),
        (("components", "boundaries_s", 0), 0.1, "`boundaries_s` must go up from 0"),
        (("components", "uncut"), ["a", "a"], "`uncut` must name each once"),
        (("components", "start_s"), float("nan"), "the number NaN is not finite"),
        (("attribution", "std_errors", 0, 0), -0.5, "`std_errors` must be 0 or more"),
        (("attribution", "dof"), -2.0, "`dof` must be more than 0"),
        (("neighborhood", "counts", 1), -3, "`counts` must be 0 or more"),
        (("neighborhood", "masks", 1, 0), 2, "`masks` must hold 0 and 1 only"),
        (("checks", "n_evals"), -1, "`n_spare` and `n_evals` must be 0 or more"),
        (("checks", "noise", "sd", 0), -0.1, "`sd` must be 0 or more"),
        (("cross_check",), {"factorization": "hpss", "n_evals": 4}, "missing required field `labels`"),
    ],
)
def test_the_field_at_fault_is_named(saved: Path, tmp_path: Path, keys: Keys, value: Any, complaint: str) -> None:
    content = json.loads((saved / FILE_NAME).read_text(encoding="utf-8"))
    for file in saved.glob("*.flac"):
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / FILE_NAME).write_text(json.dumps(changed(content, keys, value)), encoding="utf-8")
    with pytest.raises(UsageError, match=complaint):
        Explanation.load(tmp_path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there are no devices")
@pytest.mark.parametrize("file", ["saved.json", "stem-0.flac"])
def test_what_is_no_file_is_not_read(saved: Path, tmp_path: Path, file: str) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    (tmp_path / "copy" / file).unlink()
    (tmp_path / "copy" / file).symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=r"holds no saved explanation, or a damaged one .*it is a device"):
        Explanation.load(tmp_path / "copy")


def test_names_and_shapes_are_held() -> None:
    assert within("labels", ["a"], ["b", "a"]) == ("a",)
    with pytest.raises(ValueError, match="`x` must be finite"):
        shaped("x", [None], 1)
    assert np.isnan(shaped("x", [None], 1, gaps=True)).all()
    with pytest.raises(ValueError, match=r"`x` must have shape \(any, 2\), not \(0,\)"):
        shaped("x", [[1, 2], [3]], None, 2)
