"""Malformed inputs: a few of every kind end well, and what ends badly is noticed. ``make fuzz`` tries hundreds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz import ours
from tests.fuzz.damage import Input
from tests.fuzz.inputs import KINDS, inputs
from tests.fuzz.running import Ended, faults, run

N = 8


@pytest.mark.parametrize("kind", KINDS)
def test_no_malformed_input_ends_badly(kind: str) -> None:
    found = {f"{kind} {i}: {given.name}": faults(given) for i, given in enumerate(inputs(kind, N, seed=1))}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_inputs_follow_from_their_seed_and_number() -> None:
    for kind in KINDS:
        assert list(inputs(kind, 3, seed=2)) == list(inputs(kind, 4, seed=2))[:3]
        assert list(inputs(kind, 8, seed=2)) != list(inputs(kind, 8, seed=3))


BAD = {
    "traceback": "print('Traceback (most recent call last)', file=sys.stderr)",
    "death": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "hang": "import time; time.sleep(60)",
}


@pytest.mark.parametrize("fault", BAD)
def test_what_ends_badly_is_noticed_and_kept(tmp_path: Path, fault: str) -> None:
    model = f"def bad(batch):\n    import sys\n    {BAD[fault]}\n".encode()
    sound = next(given for given in inputs("options", 1, seed=0)).files["0.wav"]
    command = ("tag", "0.wav", "-t", "fuzzed_models_here:bad")
    given = Input("bad", {"0.wav": sound, "fuzzed_models_here.py": model}, command, frozenset({0, 1}))
    assert fault in faults(given, kept=tmp_path / "kept", bound_s=4 if fault == "hang" else 60)
    assert fault in (tmp_path / "kept" / "README").read_text()
    (tmp_path / "0.wav").write_bytes(sound)
    assert run(tmp_path, ("tag", "0.wav", "-t", "fuzzed_models:loud")).code == 0, "the next command runs"


def test_a_wrong_exit_code_and_what_is_left_behind_are_noticed() -> None:
    sound = next(given for given in inputs("options", 1, seed=0)).files["0.wav"]
    good = Input("good", {"0.wav": sound}, ("tag", "0.wav", "-t", "fuzzed_models:loud"), frozenset({4}))
    assert faults(good) == ["exit code"]
    leaving = b"from pathlib import Path\ndef bad(batch):\n    Path('left').touch()\n    raise ValueError\n"
    command = ("tag", "0.wav", "-t", "fuzzed_models_here:bad")
    files = {"0.wav": sound, "fuzzed_models_here.py": leaving}
    assert faults(Input("left", files, command, frozenset({1}))) == ["left behind"]


def test_another_answer_and_lost_rows_are_noticed(tmp_path: Path) -> None:
    half = {**ours.with_a_store(), "s.sqlite": ours.saved()["half.sqlite"]}
    given = Input("half", half, ours.EXPORT, ours.ANY_STORE, check=ours.store_faults)
    assert faults(given) == ["other answer"]
    (tmp_path / "half.sqlite").write_bytes(ours.changed(half["half.sqlite"], "DELETE FROM measurements")[1])
    merging = Input("lost", half, ("audit", "merge", "s.sqlite", "-o", "half.sqlite"), ours.ANY_STORE)
    assert ours.store_faults(merging, tmp_path, Ended(2, "", "")) == ["lost rows"]
