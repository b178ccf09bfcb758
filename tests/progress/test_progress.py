"""How far a stage is: in numbers, in words, and as plain values."""

from __future__ import annotations

import json
import pickle

import pytest

from audiolime_ext.progress.progress import Progress


@pytest.mark.parametrize(
    ("at", "line"),
    [
        (Progress("asking the model", 0, 72, "mix", 0.0), "asking the model: 0 of 72 mixes"),
        (Progress("asking the model", 1, 1, "mix", 0.5), "asking the model: 1 of 1 mix, 2.0 a second"),
        (
            Progress("measuring", 10, 72, "recording", 30.0),
            "measuring: 10 of 72 recordings, 20 a minute, 3 min left",
        ),
        (Progress("measuring", 1, 9, "recording", 1800.0), "measuring: 1 of 9 recordings, 2.0 an hour, 4.0 h left"),
        (Progress("turning stems", 12, None, "mix", 3.0), "turning stems: 12 mixes, 4.0 a second"),
        (Progress("separating", 40.4, 200.2, "s", 10.0), "separating: 40 of 200 s of sound, 4.0 a second, 40 s left"),
        (Progress("fetching", 2.5e6, 73.1e6, "B", 1.0), "fetching: 2.5 of 73.1 MB, 2.5 MB a second, 30 s left"),
        (Progress("thinking", 0, None, "", 1.0), "thinking: 0"),
    ],
)
def test_a_line_says_how_much_how_fast_and_how_long(at: Progress, line: str) -> None:
    assert at.line == line


def test_what_an_earlier_run_has_done_makes_this_one_no_faster() -> None:
    """60 of 72 were there; 6 took a minute, so the last 6 take another."""
    at = Progress("measuring", 66, 72, "recording", 60.0, before=60)
    assert (at.left_s, at.per_s, at.fraction) == (60.0, 0.1, 66 / 72)


def test_shares_stay_within_one() -> None:
    assert Progress("fetching", 11, 10, "B", 1.0).fraction == 1.0
    assert Progress("measuring", 0, 0, "recording", 0.0).fraction == 1.0
    assert Progress("turning stems", 3, None, "mix", 1.0).fraction is None


def test_it_travels_to_other_processes_and_to_pages() -> None:
    inner = Progress("asking the model", 1, 4, "mix", 2.0, outer=Progress("explaining", 0, 9, "window", 3.0))
    assert pickle.loads(pickle.dumps(inner)) == inner
    plain = json.loads(json.dumps(inner.to_dict()))
    assert plain["left_s"] == 6.0
    assert plain["outer"]["stage"] == "explaining"
