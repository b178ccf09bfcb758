"""What placebos say of trials: in stores whose content is planted, and of models that change their mind at anything."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import tagger
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.measurement.placebos import PLACEBOS
from audiolime_ext.audit.run import run_audit
from audiolime_ext.audit.store.merge import merge
from audiolime_ext.audit.store.records import Entry, Identity, Measurement, Reading
from audiolime_ext.audit.store.store import AuditStore
from audiolime_ext.audit.verdict.controls import placebo_difference, placebo_differences, repeats
from audiolime_ext.audit.verdict.differences import Difference
from audiolime_ext.audit.verdict.export import export
from audiolime_ext.audit.verdict.rates import Trials, exceeds, flip_rate
from audiolime_ext.audit.verdict.results import Results
from audiolime_ext.errors import UsageError
from audiolime_ext.prediction.contract import Model
from tests.audit_collection import LABELS, SR, _clicks, arbitrary, clean, confounded, forgetful, make_collection

GUITAR, PIANO = (0.8, 0.2), (0.2, 0.8)
Scores = tuple[float, float]
Row = tuple[str, str, Scores]


def planted(folder: Path, songs: list[tuple[str, Scores, list[Row]]], *, drums_db: float = -6.0) -> Results:
    """Songs: class, score, and rows (measure, component, scores); the first of the other class is the donor."""
    classes = [label for label, *_ in songs]
    entries = [Entry(f"/a/{i}.wav", f"{i:064x}", (of,), f"song {i}", 0.0, 1.0) for i, of in enumerate(classes)]
    donor = {label: next(e.key for e in entries if e.labels != (label,)) for label in LABELS}
    levels = [("bass", -3.0), ("drums", drums_db), ("keys", -9.0)]
    with AuditStore.create_or_resume(folder / "s.sqlite", Identity("m:t", "f", "hpss", "2", tuple(LABELS))) as store:
        store.describe(entries, Reading())
        for entry, (label, score, rows) in zip(entries, songs, strict=True):
            found = [Measurement("score", "", score)]
            found += [Measurement("presence", name, (level,)) for name, level in levels]
            for measure, component, scores in rows:
                found.append(Measurement(measure, component, scores, donor[label] if measure == "own" else None))
            store.put(entry.task, entry.name, found)
    return Results.read(folder / "s.sqlite")


DONOR: tuple[str, Scores, list[Row]] = ("guitar", GUITAR, [])


def of_guitar(results: Results, component: str = "drums") -> dict[str, Difference]:
    (trials,) = [t for t in results.transplants() if (t.label, t.component) == ("guitar", component)]
    return {found.control: found for found in placebo_differences(results, trials)}


def test_what_a_placebo_of_the_recording_gains_is_set_against_what_the_transplant_gains(tmp_path: Path) -> None:
    gained: list[Row] = [
        ("own", "drums", GUITAR),
        ("again", "", PIANO),
        ("nudged", "", GUITAR),
        ("moved", "drums", PIANO),
    ]
    kept: list[Row] = [
        ("own", "drums", GUITAR),
        ("again", "", PIANO),
        ("nudged", "", PIANO),
        ("moved", "drums", GUITAR),
    ]
    found = of_guitar(planted(tmp_path, [DONOR, *[("piano", PIANO, gained)] * 3, ("piano", PIANO, kept)]))
    assert {name: difference.placebo.rate for name, difference in found.items()} == {
        "again": 0,
        "nudged": 0.75,
        "moved": 0.25,
    }
    assert {name: difference.rate for name, difference in found.items()} == {"again": 1, "nudged": 0.25, "moved": 0.75}
    assert {difference.n_songs for difference in found.values()} == {4}


def test_the_component_itself_is_moved_and_others_only_where_it_is_not_there(tmp_path: Path) -> None:
    rows: list[Row] = [("own", "drums", GUITAR), ("moved", "bass", GUITAR), ("moved", "keys", PIANO)]
    songs = [DONOR, *[("piano", PIANO, rows)] * 4]
    (tmp_path / "there").mkdir()
    assert of_guitar(planted(tmp_path / "there", songs)).keys() == set(), "the drums of these were not moved"
    own: list[Row] = [*rows, ("moved", "drums", PIANO)]
    (tmp_path / "own").mkdir()
    found = of_guitar(planted(tmp_path / "own", [*songs, ("piano", PIANO, own)]))
    assert (found["moved"].placebo.rate, found["moved"].n_songs) == (0, 1)


def test_hosts_without_the_component_are_held_to_the_moves_of_the_others(tmp_path: Path) -> None:
    rows: list[Row] = [("own", "drums", GUITAR), ("moved", "bass", GUITAR), ("moved", "keys", PIANO)]
    found = planted(tmp_path, [DONOR, *[("piano", PIANO, rows)] * 4])
    present = found.present.copy()
    present[1:, found.components.index("drums")] = False
    found.__dict__["present"] = present
    assert of_guitar(found)["moved"].placebo.rate == 0.5


def test_a_class_that_is_decided_already_cannot_be_gained_by_a_placebo(tmp_path: Path) -> None:
    """A mix that would clip is softer before and after; the recording as it is may be decided otherwise."""
    songs = [DONOR, ("piano", GUITAR, []), ("piano", PIANO, [("own", "drums", GUITAR), ("nudged", "", PIANO)])]
    songs[1] = ("piano", GUITAR, [("own", "drums", GUITAR), ("nudged", "", GUITAR)])
    results = planted(tmp_path, songs)
    trials = Trials("guitar", "drums", np.ones(2, bool), ["song 1", "song 2"], ["song 0"] * 2, rows=np.arange(2))
    (found,) = placebo_differences(results, trials)
    assert (found.placebo.rate, found.n_songs) == (0, 1)


def test_a_removal_must_lose_the_class_more_often_than_its_level_and_its_placebos(tmp_path: Path) -> None:
    rows: list[Row] = [("without", "drums", PIANO), ("equal level", "drums", PIANO), ("nudged", "", GUITAR)]
    results = planted(
        tmp_path, [("guitar", GUITAR, rows)] * 2 + [("guitar", GUITAR, [*rows[:1], *rows[2:]])] + [("piano", PIANO, [])]
    )
    (trials,) = results.removals()
    found = {difference.control: difference for difference in placebo_differences(results, trials, "without")}
    assert found.keys() == {"nudged", "equal level"}
    assert (found["nudged"].rate, found["equal level"].rate) == (1, 0)
    least = placebo_difference(results, trials, "without")
    assert least is not None
    assert least.control == "equal level", "the one that speaks least for an effect"


def test_stores_of_older_versions_say_nothing_of_placebos(tmp_path: Path) -> None:
    results = planted(tmp_path, [DONOR, ("piano", PIANO, [("own", "drums", GUITAR)])])
    (trials,) = results.transplants()
    assert placebo_differences(results, trials) == ()
    assert placebo_difference(results, trials) is None
    assert repeats(results) is None
    with pytest.raises(UsageError, match="no rows in an audit's results"):
        placebo_differences(results, replace(trials, rows=None))


def test_a_model_is_steady_unless_a_score_moves_by_more_than_a_thousandth(tmp_path: Path) -> None:
    def asked(again: list[Scores]) -> Results:
        (place := tmp_path / str(again)).mkdir()
        return planted(
            place, [("guitar", GUITAR, [("again", "", scores)]) for scores in again] + [("piano", PIANO, [])]
        )

    found = repeats(asked([(0.8009, 0.1991), GUITAR]))
    assert found is not None
    assert (found.n_recordings, found.is_steady, found.text) == (2, True, "")
    found = repeats(asked([(0.8011, 0.1989), (0.3, 0.7), GUITAR]))
    assert found is not None
    assert (found.n_recordings, found.n_differing, found.n_flipped) == (3, 2, 1)
    assert found.largest == pytest.approx(0.5)
    assert found.text.startswith(
        "this model answers differently when asked twice: scores of 2 of 3 recordings differ, "
    )
    assert "by up to 0.5, and other classes are decided for 1 of them; switch off dropout" in found.text


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_collection(tmp_path_factory.mktemp("placebos"), 30, duration_s=0.25)


def audited(manifest: Path, model: Model, name: str) -> Results:
    return run_audit(manifest, model, store=manifest.with_name(f"{name}.sqlite"), settings=Settings(), workers=0)


def beyond(results: Results, delta: float, *, placebos: bool = True) -> set[tuple[str, str]]:
    """A rule for tests: flips are known to be more frequent than `delta`, and than under every placebo."""
    found = set()
    for measure, tried in (("own", results.transplants()), ("without", results.removals())):
        for trials in tried:
            difference = placebo_difference(results, trials, measure)
            assert difference is not None
            if exceeds(flip_rate(trials), delta) < 0.05 and (difference.low > 0 or not placebos):
                found.add((trials.label, trials.component))
    return found


def test_a_model_that_answers_anything_depends_on_nothing(manifest: Path) -> None:
    results = audited(manifest, arbitrary, "arbitrary")
    assert beyond(results, 0.3, placebos=False), "else this tests nothing"
    assert beyond(results, 0.3) == beyond(results, 0.05) == set()
    found = repeats(results)
    assert found is not None
    assert found.is_steady, "it says the same to the same"


def test_a_model_with_its_dropout_left_on_is_told_and_depends_on_nothing_it_does_not_hear(manifest: Path) -> None:
    results = audited(manifest, forgetful(10.0), "forgetful")
    found = repeats(results)
    assert found is not None
    assert found.n_differing > 20
    assert found.n_flipped > 2
    wrong = {pair for pair in beyond(results, 0.05, placebos=False) if pair[1] in ("bass", "drums")}
    assert wrong, "else this tests nothing"
    assert not {component for _, component in beyond(results, 0.05)} & {"bass", "drums"}


def test_confounded_and_clean_models_are_told_as_without_placebos(manifest: Path) -> None:
    for model, name in ((confounded, "confounded"), (clean, "clean")):
        results = audited(manifest, model, name)
        found = beyond(results, 0.36)
        assert found == beyond(results, 0.36, placebos=False)
        assert (("guitar", "drums") in found) == (model is confounded)
        steady = repeats(results)
        assert steady is not None
        assert steady.is_steady


def test_batch_statistics_are_found_by_asking_alone(manifest: Path) -> None:
    def answer(batch: np.ndarray) -> np.ndarray:
        scores = _clicks(batch)
        return np.asarray(0.5 * scores + 0.5 * scores.mean(axis=0))

    model = tagger(answer, sr=SR, labels=LABELS, version="batch statistics")
    found = repeats(audited(manifest, model, "statistics"))
    assert found is not None
    assert not found.is_steady


def test_placebos_are_stored_resumed_merged_and_exported(tmp_path: Path) -> None:
    manifest = make_collection(tmp_path, 8, duration_s=0.25)
    few = Settings(n_donors=2, n_same=1, kinds=("own",), noise=False)
    shards = [tmp_path / f"{i}.sqlite" for i in (1, 2)]
    for i, shard in enumerate(shards):
        run_audit(manifest, confounded, store=shard, settings=few, workers=0, shard=(i + 1, 2))
    with AuditStore.read(shards[0]) as new:  # as an older version would have written it
        old = [
            (recording, [row for row in rows if row.measure not in PLACEBOS]) for recording, rows in new.one_by_one()
        ]
        entries, reading, identity = new.entries(), new.reading(), new.identity
    with AuditStore.create_or_resume(tmp_path / "old.sqlite", identity) as store:
        store.describe(entries, reading)
        for recording, rows in old:
            store.put(next(e.task for e in entries if e.key == recording.task), recording.name, rows, recording.facts)
    assert merge([tmp_path / "old.sqlite", shards[1]], tmp_path / "all.sqlite") == 8
    assert merge(shards, tmp_path / "all.sqlite") == 0, "what is there stays"
    results = run_audit(manifest, confounded, store=tmp_path / "all.sqlite", settings=few, workers=0)
    newer, found = ([len(r.asked(measure).values) for measure in PLACEBOS] for r in (Results.read(shards[1]), results))
    assert newer[:2] == [4, 4]
    assert found == newer, "of the newer shard, none twice"
    drums = next(t for t in results.transplants() if (t.label, t.component) == ("guitar", "drums"))
    difference = placebo_difference(results, drums)
    assert difference is not None
    assert (difference.n_songs, flip_rate(drums).n_hosts) == (2, 4)
    assert export(results.path, tmp_path / "t.csv", measures=["moved"]) == 2 * newer[2], "a line for each label"


def with_donors(folder: Path, *, by_other: int, by_own: int, holds: bool = True) -> dict[str, Difference]:
    """Twelve pianos are given drums of six guitars and of six pianos; so many hosts become a guitar by each."""
    (folder := folder / f"{by_other} {by_own} {holds}").mkdir()
    entries = [
        Entry(f"/a/{i}.wav", f"{i:064x}", ("guitar" if i >= 18 else "piano",), f"song {i}", 0.0, 1.0) for i in range(24)
    ]
    with AuditStore.create_or_resume(folder / "s.sqlite", Identity("m:t", "f", "hpss", "2", tuple(LABELS))) as store:
        store.describe(entries, Reading())
        for i, entry in enumerate(entries):
            there = i >= 12 or holds
            found = [Measurement("score", "", GUITAR if i >= 18 else PIANO), Measurement("presence", "bass", (-3.0,))]
            found += [
                Measurement("presence", "drums", (-6.0 if there else -50.0,)),
                Measurement("moved", "bass", PIANO),
            ]
            if i < 12:
                other, own = entries[18 + i % 6].key, entries[12 + i % 6].key
                found.append(Measurement("own", "drums", GUITAR if i < by_other else PIANO, other))
                found.append(Measurement("own", "drums", GUITAR if i < by_own else PIANO, own))
            store.put(entry.task, entry.name, found)
    return of_guitar(Results.read(folder / "s.sqlite"))


def test_a_class_that_its_own_component_brings_no_more_often_than_the_hosts_class_is_not_what_it_brings(
    tmp_path: Path,
) -> None:
    alike = with_donors(tmp_path, by_other=12, by_own=11)["same class"]
    assert alike.placebo.rate == pytest.approx(11 / 12)
    assert alike.n_songs == 12
    assert alike.low < 0
    only_other = with_donors(tmp_path, by_other=12, by_own=0)["same class"]
    assert only_other.rate == 1
    assert only_other.low > 0
    assert "same class" not in with_donors(tmp_path, by_other=12, by_own=12, holds=False), "then it is its presence"
