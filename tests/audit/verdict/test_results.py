"""Results as they are read: which trials there are, and what flipped, in stores whose content is planted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.expected import Expectation, Expected
from audiolime_ext.audit.verdict.rates import Trials
from audiolime_ext.audit.verdict.results import Results

LABELS = ("guitar", "piano", "violin")
GUITAR, PIANO, VIOLIN = (0.8, 0.1, 0.1), (0.1, 0.8, 0.1), (0.1, 0.1, 0.8)
THERE, LEAK = -10.0, -45.0


@dataclass
class Song:
    """A recording, what the model says of it, and what was put in: donor → score afterwards (and before, if scaled)."""

    labels: str
    score: tuple[float, ...]
    drums_db: float = THERE
    own: dict[int, tuple[float, ...]] = field(default_factory=dict)
    before: dict[int, tuple[float, ...]] = field(default_factory=dict)
    removed: dict[str, tuple[float, ...]] = field(default_factory=dict)
    done: bool = True


def entry(i: int, song: Song) -> Entry:
    return Entry(f"/a/{i}.wav", f"{i:064x}", tuple(song.labels.split(";")), f"song {i}", 0.0, 1.0)


def results(path: Path, songs: Sequence[Song], reading: Reading | None = None, *, named: int | None = None) -> Results:
    """What a store of these songs holds; the manifest names the first `named`."""
    entries = [entry(i, song) for i, song in enumerate(songs)]
    with AuditStore.create_or_resume(path / "s.sqlite", Identity("m:t", "f", "hpss", "2", LABELS)) as store:
        store.describe(entries[:named], reading or Reading())
        for at, song in zip(entries, songs, strict=True):
            if not song.done:
                store.fail(at.task, at.name, "broken")
                continue
            found = [Measurement("score", "", song.score)]
            found += [Measurement("presence", "drums", (song.drums_db,)), Measurement("presence", "residual", (-20.0,))]
            found += [Measurement("own", "drums", x, entries[d].key) for d, x in song.own.items()]
            found += [Measurement("own before", "drums", x, entries[d].key) for d, x in song.before.items()]
            found += [Measurement(measure, "drums", x) for measure, x in song.removed.items()]
            store.put(at.task, at.name, found)
    return Results.read(path / "s.sqlite")


def told(trials: list[Trials]) -> dict[str, list[tuple[str, str | None, bool]]]:
    """Class → (host, donor, flipped)."""
    assert {t.component for t in trials} <= {"drums"}
    return {
        t.label: [
            (host, donor, bool(flip))
            for host, donor, flip in zip(t.hosts, t.donors or (None,) * len(t.hosts), t.flips, strict=True)
        ]
        for t in trials
    }


def test_results_are_printed_in_one_line_that_says_how_to_go_on(tmp_path: Path) -> None:
    found = results(tmp_path, [Song("guitar", GUITAR), Song("piano", PIANO)])
    assert str(found) == repr(found)
    assert str(found).startswith(f"Results({tmp_path / 's.sqlite'}: ")
    assert str(found).endswith(", 2 of 2 recordings measured; conclude(results) gives the verdicts)")


def test_a_class_is_gained_from_donors_of_it_that_have_the_component(tmp_path: Path) -> None:
    found = results(
        tmp_path,
        [
            Song("guitar", GUITAR, own={1: GUITAR}),
            Song("piano", PIANO, own={0: GUITAR, 2: PIANO, 3: GUITAR}),
            Song("guitar", GUITAR, drums_db=LEAK),
            Song("violin", VIOLIN, own={0: VIOLIN, 1: PIANO}),
            Song("piano", GUITAR, own={0: GUITAR, 3: VIOLIN}),
        ],
    )
    assert told(found.transplants()) == {
        "guitar": [
            ("song 1", "song 0", True),
            ("song 3", "song 0", False),
        ],  # song 2 has no drums, 4 is decided already
        "piano": [("song 0", "song 1", False), ("song 3", "song 1", True)],
        "violin": [("song 1", "song 3", False), ("song 4", "song 3", True)],  # lost to the guitar is no gain of violin
    }
    assert found.components == ("drums", "residual")
    guitar = found.transplants()[0]
    rise = np.log(0.8 / 0.2) - np.log(0.1 / 0.9)
    assert guitar.gains == pytest.approx([rise, 0], abs=1e-5)


def test_controls_have_donors_of_the_hosts_class_or_that_lack_the_component(tmp_path: Path) -> None:
    found = results(
        tmp_path,
        [
            Song("guitar", GUITAR, own={3: PIANO}),
            Song("piano", PIANO, own={0: GUITAR, 4: GUITAR, 2: PIANO}),
            Song("guitar", GUITAR, drums_db=LEAK),
            Song("piano", PIANO, drums_db=LEAK, own={2: GUITAR, 0: GUITAR, 4: PIANO}),
            Song("piano", PIANO),
        ],
    )
    assert told(found.transplants(which="same")) == {
        "guitar": [("song 1", "song 4", True), ("song 3", "song 4", False)],
    }, "is it the drums, or the guitars' drums?"
    assert told(found.transplants(which="leak")) == {"guitar": [("song 3", "song 2", True)]}
    assert told(found.transplants(which="class"))["guitar"] == [("song 1", "song 0", True), ("song 3", "song 0", True)]


def test_hosts_of_several_classes_gain_none_that_they_have(tmp_path: Path) -> None:
    found = results(
        tmp_path,
        [Song("guitar;violin", PIANO), Song("guitar", PIANO, own={0: GUITAR}), Song("piano", PIANO, own={0: VIOLIN})],
    )
    assert told(found.transplants()) == {
        "guitar": [("song 2", "song 0", False)],
        "violin": [("song 1", "song 0", False), ("song 2", "song 0", True)],
    }


def test_a_mix_that_was_scaled_is_compared_with_the_host_at_the_same_scale(tmp_path: Path) -> None:
    songs = [
        Song("guitar", GUITAR),
        Song("guitar", GUITAR),
        Song("piano", PIANO, own={0: GUITAR, 1: GUITAR}, before={0: GUITAR}),
        Song("piano", GUITAR, own={0: GUITAR, 1: GUITAR}, before={1: (0.3, 0.6, 0.1)}),
    ]
    found = results(tmp_path, songs)
    assert told(found.transplants()) == {"guitar": [("song 2", "song 1", True), ("song 3", "song 1", True)]}
    (trials,) = found.transplants()
    assert trials.gains is not None
    assert trials.gains[1] == pytest.approx(np.log(0.8 / 0.2) - np.log(0.3 / 0.7), abs=1e-5)


def test_a_class_is_lost_by_removal_from_recordings_of_it_that_are_decided_for(tmp_path: Path) -> None:
    found = results(
        tmp_path,
        [
            Song("guitar", GUITAR, removed={"without": PIANO, "equal level": GUITAR, "white noise": VIOLIN}),
            Song("guitar", GUITAR, removed={"without": GUITAR, "equal level": GUITAR, "white noise": GUITAR}),
            Song("guitar", PIANO, removed={"without": VIOLIN}),
            Song("piano", PIANO, drums_db=LEAK, removed={"without": GUITAR}),
            Song("violin;piano", VIOLIN, removed={"without": PIANO}),
        ],
    )
    assert told(found.removals()) == {
        "guitar": [("song 0", None, True), ("song 1", None, False)],
        "violin": [("song 4", None, True)],
    }
    assert told(found.removals("equal level")) == {"guitar": [("song 0", None, False), ("song 1", None, False)]}
    assert told(found.removals("white noise"))["guitar"] == [("song 0", None, True), ("song 1", None, False)]
    guitar = found.removals()[0]
    assert guitar.gains == pytest.approx([np.log(0.8 / 0.2) - np.log(0.1 / 0.9), 0], abs=1e-5), "necessity"
    assert (guitar.sign, guitar.donors) == (1, None)


def test_thresholds_decide_otherwise_than_the_highest_score(tmp_path: Path) -> None:
    songs = [
        Song("guitar", (0.5, 0.3, 0.2), removed={"without": (0.45, 0.3, 0.2)}),
        Song("piano", (0.3, 0.6, 0.2), own={0: (0.45, 0.6, 0.2)}),
        Song("piano", (0.4, 0.6, 0.2), own={0: (0.9, 0.1, 0.2)}),
    ]
    found = results(tmp_path, songs, Reading((0.4, 0.5, 0.3)))
    assert found.decided.tolist() == [[True, False, False], [False, True, False], [True, True, False]]
    assert told(found.transplants()) == {"guitar": [("song 1", "song 0", True)]}
    assert told(found.removals()) == {"guitar": [("song 0", None, False)]}
    highest = Results.read(found.path, reading=Reading())
    assert told(highest.transplants()) == {"guitar": [("song 1", "song 0", False), ("song 2", "song 0", True)]}
    strict = Results.read(found.path, reading=Reading((0.46, 0.5, 0.3)))
    assert told(strict.removals()) == {"guitar": [("song 0", None, True)]}


def test_what_the_manifest_no_longer_names_is_left_out(tmp_path: Path) -> None:
    songs = [
        Song("guitar", GUITAR, own={1: GUITAR, 4: PIANO}),
        Song("piano", PIANO, own={0: GUITAR, 3: GUITAR}),
        Song("piano", PIANO, done=False),
        Song("guitar", GUITAR, own={1: PIANO}),
        Song("piano", PIANO),
        Song("piano", PIANO, done=False),
    ]
    (tmp_path / "all").mkdir()
    whole = results(tmp_path / "all", songs)
    assert [failure.name for failure in whole.failures] == ["2.wav", "5.wav"]
    assert len(whole.transplants()[0].flips) == 2
    found = results(tmp_path, songs, named=3)
    assert (len(found.entries), found.done.tolist()) == (3, [True, True, False])
    assert [failure.name for failure in found.failures] == ["2.wav"]
    assert told(found.transplants()) == {
        "guitar": [("song 1", "song 0", True)],
        "piano": [("song 0", "song 1", False)],
    }
    assert found.matrix("presence").shape == (3, 2, 1)
    np.testing.assert_allclose(found.scores, [GUITAR, PIANO, (np.nan,) * 3])
    assert found.decided.tolist() == [[True, False, False], [False, True, False], [False] * 3], "nothing of the third"
    assert found.present.tolist() == [[True, True], [True, True], [False, False]]


@pytest.mark.parametrize("thresholds", [None, (0.5, 0.5, 0.5)])
def test_what_was_never_asked_is_no_trial(tmp_path: Path, thresholds: tuple[float, ...] | None) -> None:
    found = results(tmp_path, [Song("guitar", GUITAR), Song("piano", PIANO)], Reading(thresholds))
    assert found.transplants("matched") == found.transplants() == []
    assert found.removals("white noise") == []
    assert found.asked("unheard of").values.shape == (0, 3)
    (tmp_path / "new").mkdir()
    nothing = results(tmp_path / "new", [Song("guitar", GUITAR, done=False)] * 1, Reading(thresholds))
    assert nothing.transplants() == nothing.removals() == []
    assert (nothing.components, nothing.decided.tolist()) == ((), [[False] * 3])


def test_what_is_meant_to_matter_comes_from_the_store(tmp_path: Path) -> None:
    reading = Reading(expected=(("guitar", "drums", None), ("piano", "residual", None)))
    found = results(tmp_path, [Song("guitar", GUITAR), Song("piano", PIANO)], reading)
    assert found.expected == Expected((Expectation("guitar", "drums"), Expectation("piano", "residual")))
    assert Results.read(found.path, reading=Reading()).expected is None
    assert (found.classes, found.labels) == (("guitar", "piano"), LABELS)


def of_levels(path: Path, songs: Sequence[tuple[str, Mapping[str, float]]]) -> Results:
    """Songs: class, and the level of each component; each is put into the other songs, and taken out. All flips."""
    entries = [entry(i, Song(label, GUITAR)) for i, (label, _) in enumerate(songs)]
    with AuditStore.create_or_resume(path / "w.sqlite", Identity("m:t", "f", "hpss", "2", LABELS)) as store:
        store.describe(entries, Reading())
        for at, (label, levels) in zip(entries, songs, strict=True):
            own, other = (GUITAR, PIANO) if label == "guitar" else (PIANO, GUITAR)
            rows = [Measurement("score", "", own)]
            for name, level_db in levels.items():
                rows += [Measurement("presence", name, (level_db,)), Measurement("without", name, other)]
                rows += [Measurement("own", name, other, donor.key) for donor in entries if donor is not at]
            store.put(at.task, at.name, rows)
    return Results.read(path / "w.sqlite")


def test_a_component_is_all_but_alone_where_the_others_together_lie_20_db_below(tmp_path: Path) -> None:
    found = of_levels(
        tmp_path,
        [
            ("guitar", {"accompaniment": -0.1, "vocals": -20.1}),
            ("guitar", {"accompaniment": -0.1, "vocals": -19.9}),
            ("guitar", {"accompaniment": -0.1, "vocals": -22.0, "residual": -22.0}),  # together -19 dB
            ("guitar", {"accompaniment": -0.1, "vocals": -24.0, "residual": -24.0}),
            ("guitar", {"accompaniment": -60.0, "vocals": 0.0}),
            ("guitar", {"accompaniment": 0.0}),
            ("guitar", {"accompaniment": -1.1}),  # whatever else there was, the store lacks it
        ],
    )
    assert found.components == ("accompaniment", "vocals", "residual")
    assert found.holds_everything[:, 0].tolist() == [True, False, False, True, False, True, False]
    assert found.holds_everything[:, 1].tolist() == [False, False, False, False, True, False, False]
    assert found.whole == {"accompaniment": (3, 6), "vocals": (1, 5), "residual": (0, 2)}


def test_what_is_all_but_alone_is_no_trial_in_host_or_donor(tmp_path: Path) -> None:
    both, solo = {"drums": -3.0, "bass": -3.0}, {"drums": -0.1, "bass": -25.0}
    found = of_levels(tmp_path, [("guitar", both), ("guitar", solo), ("piano", both), ("piano", solo)])
    drums, bass = (
        {t.label: set(zip(t.hosts, t.donors or (), strict=True)) for t in found.transplants() if t.component == name}
        for name in ("drums", "bass")
    )
    assert drums == {"guitar": {("song 2", "song 0")}, "piano": {("song 0", "song 2")}}
    assert bass["guitar"] == {("song 2", "song 0"), ("song 2", "song 1"), ("song 3", "song 0"), ("song 3", "song 1")}
    removed = {(t.label, t.component): t.hosts for t in found.removals()}
    assert removed["guitar", "drums"] == ["song 0"]
    assert removed["guitar", "bass"] == ["song 0", "song 1"], "what is faint may matter, and is tried"


def test_what_is_kept_follows_from_what_is_replaced(tmp_path: Path) -> None:
    """What was decided by the highest score must not be taken for what thresholds decide."""
    nudged = (0.45, 0.3, 0.2)
    songs = [Song("guitar", GUITAR, removed={"nudged": nudged}), Song("piano", PIANO)]
    found = results(tmp_path, songs)
    assert found.decided_after("nudged")[0, 0].tolist() == [1, 0, 0]
    strict = replace(found, reading=Reading((0.5, 0.5, 0.5)))
    assert strict.decided_after("nudged")[0, 0].tolist() == [0, 0, 0]
    fewer = replace(found, components=("drums",), entries=found.entries[:1], done=found.done[:1])
    assert (found.present.shape, fewer.present.shape) == ((2, 2), (1, 1))
