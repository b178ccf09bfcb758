"""What counts of a component: whatever the controls say, sentences that are true and do not deny each other."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.causes import Cause, _softer_and_louder, causes
from audiolime_ext.audit.verdict.differences import Difference
from audiolime_ext.audit.verdict.limits import Limit
from audiolime_ext.audit.verdict.rates import Rate, clopper_pearson
from audiolime_ext.audit.verdict.results import Results

LIMIT = Limit(0.4, "a limit")
LABELS = ("guitar", "piano")


def beside(flips: int, *, less: bool) -> Difference:
    """A control under which so many of 50 flip, known to be fewer or not."""
    rate = Rate(flips / 50, *clopper_pearson(flips, 50), 50, 50, 50, 50.0, 0.95)
    return Difference(1 - flips / 50, 0.1 if less else -0.1, 1.0, 50, rate)


CONTROLS = {
    "no": beside(0, less=True),  # it does not happen
    "less": beside(35, less=True),  # beyond the limit, and known to be less
    "yes": beside(49, less=False),
    "open": beside(20, less=False),
}
LEVEL = "how loud the bass is counts: as loud as the host's own, 0 % of 50 flip"
NOT_ALONE = "how loud the bass is counts, but not alone: as loud as the host's own, 70 % of 50 flip"
NOT_LEVEL = "it is not only how loud the bass is: as loud as the host's own, 98 % of 50 flip"
OPEN = "whether how loud the bass is counts is open: as loud as the host's own, 40 % of 50 flip"
OWN = "with bass of the host's own class"
EITHER = f"what counts is how the bass of this class sounds, or how loud it is: {OWN}, 0 % of 50 flip"
SOUND = f"how the bass of this class sounds counts: {OWN}, 0 % of 50 flip"
THERE = f"what counts is that there is bass: {OWN}, 98 % of 50 flip"
ANY = f"whether bass of any class would do is open: {OWN}, 40 % of 50 flip"
LESS, ALSO, ALSO_MOST = f"less often {OWN}: 0 %", f"also {OWN}: 70 %", f"also {OWN}: 98 %"


@pytest.mark.parametrize(
    ("matched", "same", "said"),
    [
        ("no", "no", (LEVEL, f"{LESS} of 50 flip")),
        ("no", "yes", (LEVEL, f"{ALSO_MOST} of 50 flip")),
        ("less", "no", (NOT_ALONE, f"{LESS} of 50 flip")),
        ("yes", "no", (NOT_LEVEL, SOUND)),
        ("yes", "yes", (NOT_LEVEL, THERE)),
        ("yes", "less", (NOT_LEVEL, f"{ALSO} of 50 flip")),
        ("open", "no", (OPEN, EITHER)),
        ("open", "open", (OPEN, ANY)),
        ("", "no", (EITHER,)),
        ("no", "", (LEVEL,)),
        ("", "", ()),
    ],
)
def test_the_level_the_sound_and_the_presence_are_told_apart(matched: str, same: str, said: tuple[str, ...]) -> None:
    assert Cause(CONTROLS.get(matched), CONTROLS.get(same)).told("bass", LIMIT) == said


@pytest.mark.parametrize(("matched", "same"), list(product(CONTROLS, CONTROLS)))
def test_no_sentence_denies_another(matched: str, same: str) -> None:
    first, second = Cause(CONTROLS[matched], CONTROLS[same]).told("bass", LIMIT)
    level = first.startswith("how loud the bass is counts")
    assert level == (matched in ("no", "less"))
    assert not (level and second.startswith(("what counts", "how the bass"))), "then the level may be all of it"
    assert not (same in ("no", "less") and "that there is bass" in second), "any bass would not do"
    assert not (same in ("yes", "less") and "of this class" in second), "other classes' does it, too"


def test_which_level_flips_decisions_is_said_where_the_level_counts() -> None:
    soft = Cause(matched=CONTROLS["no"], n_softer=20, n_louder=4).told("bass", LIMIT)
    assert soft[0].startswith("how loud the bass is counts (softer than the host's in 20 of 24 flips): as loud as ")
    loud = Cause(matched=CONTROLS["no"], n_louder=1).told("bass", LIMIT)
    assert loud[0].startswith("how loud the bass is counts (louder than the host's in 1 of 1 flip): ")
    (other,) = Cause(matched=beside(50, less=False), n_softer=24).told("bass", LIMIT)
    assert "softer" not in other, "there it is not the level"


def test_words_agree_with_the_components_number() -> None:
    (level, sound) = Cause(CONTROLS["yes"], CONTROLS["no"]).told("drums", LIMIT)
    assert level.startswith("it is not only how loud the drums are: ")
    assert sound.startswith("how the drums of this class sound counts: ")
    assert Cause(same=CONTROLS["yes"]).told("drums", LIMIT)[0].startswith("what counts is that there are drums: ")


def test_what_the_separator_leaves_is_a_warning_only_where_it_does_the_same() -> None:
    often, seldom = CONTROLS["yes"].placebo, CONTROLS["open"].placebo
    warning = "beware: with what is separated as bass where there is none, 98 % of 50 flip"
    assert Cause(leak=often).told("bass", LIMIT) == (warning,)
    assert Cause(leak=seldom).told("bass", LIMIT) == ()


def audited(path: Path, *, at_own_level: int, of_own_class: int, silent: int = 0) -> Results:
    """Drums of guitars make 24 pianos a guitar; so many of them with other drums; some hold none themselves."""
    entries = [Entry(f"{i}.wav", f"{i:064x}", (LABELS[i % 2],), f"song {i}", 0.0, 1.0) for i in range(96)]
    guitar, piano = (0.9, 0.1), (0.1, 0.9)
    with AuditStore.create_or_resume(path, Identity("m:t", "f", "oracle", "2", LABELS)) as store:
        store.describe(entries, Reading())
        for i, entry in enumerate(entries):
            is_host = i % 2 == 1 and i < 48
            there = not (is_host and i // 2 < silent)
            found = [Measurement("score", "", guitar if i % 2 == 0 else piano)]
            levels = {"bass": -6.0, "drums": (-9.0 if is_host else -6.0) if there else -90.0}
            found += [Measurement("presence", name, (level,)) for name, level in levels.items()]
            if is_host:
                found.append(Measurement("own", "drums", guitar, entries[i + 47].key))
                after = guitar if i // 2 < of_own_class else piano
                found.append(Measurement("own", "drums", after, entries[i + 48].key))
            if is_host and there:
                after = guitar if i // 2 < at_own_level else piano
                found.append(Measurement("matched", "drums", after, entries[i + 47].key))
            store.put(entry.task, entry.name, found)
    return Results.read(path)


@pytest.mark.parametrize(
    ("at_own_level", "of_own_class", "counts"),
    [
        (
            0,
            0,
            (
                "how loud the drums are counts (louder than the host's in 24 of 24 flips): as loud as the host's own, ",
                "less often with drums of the host's own class: 0 % of 24",
            ),
        ),
        (24, 0, ("it is not only how loud the drums are: ", "how the drums of this class sound counts: ")),
        (24, 24, ("it is not only how loud the drums are: ", "what counts is that there are drums: ")),
    ],
)
def test_a_store_is_read_right(at_own_level: int, of_own_class: int, counts: tuple[str, ...], tmp_path: Path) -> None:
    results = audited(tmp_path / "s.sqlite", at_own_level=at_own_level, of_own_class=of_own_class)
    found = causes(results, results.transplants())["guitar", "drums"].told("drums", LIMIT)
    assert [said.startswith(begin) for said, begin in zip(found, counts, strict=True)] == [True, True]


def test_levels_are_compared_in_the_same_recordings(tmp_path: Path) -> None:
    """Recordings without drums have no level of their own: that they flip says nothing of the others."""
    results = audited(tmp_path / "s.sqlite", at_own_level=24, of_own_class=0, silent=20)
    (trials,) = [one for one in results.transplants() if one.label == "guitar"]
    found = causes(results, [trials])["guitar", "drums"].matched
    assert found is not None
    assert (found.rate, found.n_songs, found.placebo.n_trials, len(trials.flips)) == (0.0, 4, 4, 24)
    assert causes(results, []) == {}


def test_what_a_host_is_too_soft_to_hold_is_louder_where_it_is_put_in() -> None:
    """Donor 0 at −10 dB; hosts 1 (−60 dB, not held), 2 (−20 dB) and 3 (−5 dB)."""
    presence = np.array([-10.0, -60.0, -20.0, -5.0])[:, None, None]
    held = np.array([True, False, True, True])[:, None]
    results: Any = SimpleNamespace(components=("bass",), present=held, matrix=lambda _: presence)
    asked: Any = SimpleNamespace(recordings=np.array([1, 2, 3]), donors=np.array([0, 0, 0]))
    trials: Any = SimpleNamespace(component="bass", rows=np.arange(3), flips=np.ones(3, bool))
    assert _softer_and_louder(results, asked, trials) == (1, 2)
