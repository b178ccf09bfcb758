"""The smallest change that puts B before A: planted ones are found, those of a brute-force grid are no smaller."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext import load_audio, load_factorization, load_model
from audiolime_ext.collection.song_parts import heard_in_stems, parts_of
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.errors import UsageError
from audiolime_ext.explanation.settings import Settings
from audiolime_ext.recommendation.space import space_of
from audiolime_ext.recommendation.why.flip import find_flip, nearer
from audiolime_ext.track.asked import ask_track
from factorizations.oracle import OracleFactorization
from tests.recommendation.planted import collection
from tests.recommendation.why.stems import Array, Counting, song, tones

STEMS = {"bass": [[0.2]] * 3, "flute": [[0, 0.2]] * 3, "drums": [[0, 0, 0.2]] * 3}


def db(gain: float) -> float:
    return 20 * math.log10(gain)


def quarter_above(change_db: float) -> float:
    return math.ceil(change_db * 4) / 4


def weighing(*weights: float, least: float) -> Callable[[Array], float]:
    """A margin that is linear in the tones' amplitudes, in fifths, as the stems have them."""
    return lambda vector: float(vector[: len(weights)] @ np.array(weights)) / 0.2 - least


@pytest.mark.parametrize("gain", [1.01, 1.3, 1.9, 3.9])
def test_the_gain_of_a_linear_embedder_is_found_to_a_quarter_of_a_decibel(gain: float) -> None:
    louder = find_flip(song(STEMS, Counting()), weighing(0, 1, 0, least=gain))
    assert louder.changes_db == {"flute": quarter_above(db(gain))}
    softer = find_flip(song(STEMS, Counting()), weighing(0, 0, -1, least=-1 / gain))
    assert softer.changes_db == {"drums": -quarter_above(db(gain))}
    assert softer.margin_before == pytest.approx(1 / gain - 1, abs=1e-6)


def test_the_told_change_was_heard_and_every_window_that_was_asked_about_is_counted() -> None:
    listener = Counting()
    asked = song(STEMS, listener)
    assert asked.whole.n_windows == 3
    before = listener.n_asked
    flip = find_flip(asked, weighing(1, 0, 0, least=1.5))
    assert flip.n_evals == listener.n_asked - before
    assert flip.n_evals <= 3 * 20
    heard = flip.remix.outputs(flip.changes_db).mean(axis=0)
    assert flip.margin_after == weighing(1, 0, 0, least=1.5)(heard) > 0
    less = {"bass": flip.changes_db["bass"] - 0.25}
    assert weighing(1, 0, 0, least=1.5)(flip.remix.outputs(less).mean(axis=0)) <= 0


def test_stems_are_turned_together_only_where_no_single_one_does_it() -> None:
    both = find_flip(song(STEMS, Counting()), weighing(1, 1, 0, least=7))
    assert both.changes_db == {"bass": quarter_above(db(3.5)), "flute": quarter_above(db(3.5))}
    assert str(both) == "with bass and flute 11 dB louder, B would come before A; taking out one stem does not do it"
    gain = 1.75 + math.sqrt(1.75**2 + 1)  # gain − 1 / gain = 3.5
    against = find_flip(song(STEMS, Counting()), weighing(1, 0, -1, least=3.5))
    assert against.changes_db == {"bass": quarter_above(db(gain)), "drums": -quarter_above(db(gain))}
    assert str(against).startswith("with bass 11.75 dB louder and drums 11.75 dB softer, B would")


def test_all_stems_turned_alike_are_the_whole_song() -> None:
    flip = find_flip(song(STEMS, Counting()), weighing(1, 1, 1, least=10))
    assert set(flip.stems) == set(STEMS)
    assert "10.5 dB louder (the whole song), B" in str(flip)


def test_none_within_twelve_decibels_is_an_answer() -> None:
    flip = find_flip(song(STEMS, Counting()), weighing(1, 1, 0, least=9), songs=("Reel", "Jig"))
    assert (flip.stems, flip.change_db, flip.margin_after, flip.first) == ((), None, None, False)
    assert str(flip) == (
        "no change of one stem or of several together within 12 dB puts Jig before Reel (tried in steps of 4 dB); "
        "taking out one stem does not do it"
    )
    with pytest.raises(UsageError, match="there is no change to listen to: no change of one stem"):
        flip.after()
    wider = find_flip(song(STEMS, Counting()), weighing(1, 1, 0, least=9), most_db=14)
    assert wider.change_db == quarter_above(db(4.5))


def test_where_b_is_first_nothing_is_asked() -> None:
    flip = find_flip(song(STEMS, Counting()), weighing(1, 0, 0, least=0.5))
    assert (flip.first, flip.n_evals, flip.changes_db) == (True, 0, {})
    assert str(flip) == "B comes before A as it is; without bass it would not"


def test_taking_out_a_stem_is_told_beside_and_asks_nothing() -> None:
    flip = find_flip(song(STEMS, Counting()), weighing(-1, 0, 0, least=-0.1))
    assert flip.without == pytest.approx({"bass": 0.1, "flute": -0.9, "drums": -0.9}, abs=1e-6)
    assert flip.changes_db == {}  # −12 dB leave a quarter
    assert str(flip).endswith("; without bass it would come first")


def test_a_stem_without_which_nothing_can_be_compared_puts_nobody_first() -> None:
    space = space_of(collection(np.eye(4)[:2]), "plain")
    only_bass = Counting(lambda heard: heard * [1, 0, 0, 0])
    margin = nearer(space, np.eye(4)[1], np.eye(4)[0])
    with pytest.raises(UsageError, match="the song's vector is zero"):
        margin(np.zeros(4))
    flip = find_flip(song(STEMS, only_bass), margin, step_db=12)
    assert math.isnan(flip.without["bass"])
    told = json.loads(json.dumps(flip.to_dict(), allow_nan=False))
    assert (told["without"]["bass"], told["changes_db"]) == (None, {})


def test_a_song_that_has_no_margin_as_it_is_is_refused() -> None:
    space = space_of(collection(np.eye(4)[:2]), "plain")
    deaf, other = song(STEMS, Counting(np.zeros_like)), space_of(collection(np.eye(3)[:2]), "plain")
    with pytest.raises(UsageError, match="the song's vector is zero"):
        find_flip(deaf, nearer(space, np.eye(4)[1], np.eye(4)[0]))
    with pytest.raises(UsageError, match="they are of another model"):
        find_flip(song(STEMS, Counting()), nearer(other, np.eye(3)[1], np.eye(3)[0]))
    with pytest.raises(UsageError, match="the margin of the song as it is is not a number"):
        find_flip(song(STEMS, Counting()), lambda vector: math.nan)


def test_a_silent_stem_is_not_turned() -> None:
    listener = Counting()
    flip = find_flip(song({**STEMS, "voice": [[0]] * 3}, listener), weighing(1, 0, 0, least=99))
    without_it = find_flip(song(STEMS, Counting()), weighing(1, 0, 0, least=99))
    assert set(flip.without) == {*STEMS, "voice"}
    assert flip.n_evals == without_it.n_evals == 3 * (2 * 3 * 3 + 2 * 3)


def test_a_song_of_one_stem_is_turned_as_a_whole() -> None:
    flip = find_flip(song({"bass": STEMS["bass"]}, Counting()), weighing(1, least=1.5))
    assert str(flip) == "with bass 3.75 dB louder (the whole song), B would come before A"
    none = find_flip(song({"bass": STEMS["bass"]}, Counting()), weighing(1, least=9), step_db=12)
    assert str(none) == "no change of one stem within 12 dB puts B before A"


@pytest.mark.parametrize(
    ("low_db", "high_db", "found"), [(4.05, 8.1, 4.25), (4.05, 7.9, None), (10.05, 11.9, None), (10.05, 12.1, 10.25)]
)
def test_what_lies_between_two_multiples_of_the_step_is_not_found(low_db: float, high_db: float, found: float) -> None:
    def margin(vector: Array) -> float:
        return 1.0 if low_db < db(max(float(vector[0]) / 0.2, 1e-9)) < high_db else -1.0

    assert find_flip(song(STEMS, Counting()), margin).change_db == found
    assert find_flip(song(STEMS, Counting()), margin, step_db=1.75).change_db == quarter_above(low_db)


def test_every_multiple_of_the_step_below_the_told_change_was_tried() -> None:
    """The stem of most effect needs 11 dB; another, without any effect near 0 dB, does it at 2.55 to 4.05 dB less."""

    def margin(vector: Array) -> float:
        bass, flute = (vector[:2] / 0.2).tolist()
        return float(max(bass - 10 ** (11 / 20), 0.1 if -4.05 < db(max(flute, 1e-9)) < -2.55 else -9 + 0.1 * flute))

    flip = find_flip(song(STEMS, Counting()), margin)
    assert flip.changes_db == {"flute": -2.75}


JUDGES: dict[str, Callable[[Array], Array]] = {
    "linear": lambda heard: heard,
    "logarithmic": lambda heard: np.log(0.01 + np.abs(heard)),
}


def embedded(kind: str, matrix: Array, heard: Array) -> Array:
    return np.asarray(JUDGES[kind](heard) @ matrix)


def brute_force(margin: Callable[[Array], float], judge: Callable[[Array], Array], levels: Array) -> list[float]:
    """Changes of one stem, on a grid of half a dB, by which B wins; from levels alone (n_stems, n_seconds, n_tones)."""
    found = []
    for stem in range(len(levels)):
        for change_db in np.arange(-12, 12.25, 0.5):
            gains = np.where(np.arange(len(levels)) == stem, 10 ** (change_db / 20), 1.0)
            if margin(judge(np.tensordot(gains, levels, 1)).mean(axis=0)) > 0:
                found.append(abs(change_db))
    return found


@pytest.mark.parametrize("kind", JUDGES)
def test_no_change_on_a_brute_force_grid_is_smaller(kind: str) -> None:
    """Ten pairs of songs; stems share tones, and the embedder mixes them."""
    n_found = 0
    for pair in range(10):
        rng = np.random.default_rng(pair)
        levels, matrix = rng.gamma(0.7, 0.1, size=(3, 3, 4)), rng.normal(size=(4, 6))
        judge = partial(embedded, kind, matrix)
        others = [judge(rng.gamma(0.7, 0.3, size=(3, 4))).mean(axis=0) for _ in range(8)]
        own = judge(levels.sum(axis=0)).mean(axis=0)
        space = space_of(collection([*others, own]), "centred")
        others.sort(key=lambda vector: -float(space.direction(vector) @ space.direction(own)))
        margin = nearer(space, others[1 + pair % 3], others[0])
        flip = find_flip(song({f"stem {n}": levels[n] for n in range(3)}, Counting(judge)), margin)
        grid = brute_force(margin, judge, levels)
        assert (len(flip.stems) == 1) == bool(grid)
        if flip.change_db is not None and grid:
            n_found += 1
            assert -0.5 <= flip.change_db - min(grid) <= 1.0
    assert n_found >= 7


def test_the_window_of_most_effect_is_played_before_and_after() -> None:
    stems = {"bass": [[0.6], [0.6], [0.6]], "flute": [[0, 0], [0, 0.3], [0, 0.1]]}
    flip = find_flip(song(stems, Counting()), weighing(0, 1, least=1.2))
    change_db = flip.changes_db["flute"]
    assert change_db == quarter_above(db(1.8))  # the mean of the windows is 2/3 of a fifth
    loud = tones([[0.6, 0.3 * 10 ** (change_db / 20)]])[0]
    peak = float(np.abs(loud).max())
    assert peak > 1
    np.testing.assert_allclose(flip.before().samples[0], tones([[0.6, 0.3]])[0] / peak, atol=1e-6)
    np.testing.assert_allclose(flip.after().samples[0], loud / peak, atol=1e-6)
    assert flip.lowered_db == pytest.approx(db(peak), abs=1e-5)
    lowered = f"(lowered by {db(peak):.1f} dB)"
    assert flip.before().name == f"mixture, 1.00–2.00 s {lowered}"
    assert flip.after().name == f"mixture, 1.00–2.00 s, with flute {change_db:g} dB louder {lowered}"


def test_what_stays_within_full_scale_is_played_as_loud_as_it_is() -> None:
    flip = find_flip(song(STEMS, Counting()), weighing(-1, 0, 0, least=-0.7))
    assert flip.lowered_db == 0
    np.testing.assert_allclose(flip.before().samples[0], tones([[0.2, 0.2, 0.2]])[0], atol=1e-6)
    assert flip.after().name == "mixture, 0.00–1.00 s, with bass 3.25 dB softer"


def test_a_sample_of_masks_is_completed_by_asking_without_each_stem() -> None:
    stems = {f"{n}": [[0.02 * (n == 0), 0.02]] * 2 for n in range(11)}
    listener = Counting()
    asked = song(stems, listener, max_evals=30)
    assert not asked.whole.outputs.exhaustive
    before = listener.n_asked
    flip = find_flip(asked, weighing(0, -1, least=-1.05))
    assert flip.without == pytest.approx(dict.fromkeys(stems, 0.05), abs=1e-5)
    assert flip.n_evals == listener.n_asked - before > 0


@pytest.mark.parametrize("wrong", [0, -3, 0.1, 12.1, math.nan, math.inf])
def test_changes_are_multiples_of_a_quarter_of_a_decibel(wrong: float) -> None:
    asked = song(STEMS, Counting())
    with pytest.raises(UsageError, match=r"most_db is a multiple of 0\.25 dB above 0, such as 12, not"):
        find_flip(asked, weighing(1, least=2), most_db=wrong)
    with pytest.raises(UsageError, match=r"step_db is a multiple of 0\.25 dB above 0, such as 12, not"):
        find_flip(asked, weighing(1, least=2), step_db=wrong)


def test_what_plays_in_place_of_stems_must_be_silence() -> None:
    oracle = OracleFactorization({name: tones(levels) for name, levels in STEMS.items()})
    noisy = Settings("shapley", "score", "noise", 1, 100, 0, level_check=False)
    asked = ask_track(oracle.mixture, Counting().model, oracle, noisy, cache=False)
    with pytest.raises(UsageError, match="what is off is silent"):
        find_flip(asked, weighing(1, least=2))


@pytest.mark.usefixtures("published")
def test_what_is_told_holds_for_a_recording_in_which_the_stem_is_turned(ezer_ev: Path) -> None:
    model, separator = load_model("musicnn:MSD_musicnn?layer=penultimate"), load_factorization("spleeter:2stems")
    clip = load_audio(ezer_ev).excerpt(14.96, 3.0)
    asked = heard_in_stems(clip, model, separator)
    parts = parts_of(asked.whole)
    towards = parts.vectors[1 + parts.names.index("vocals")]
    least = float((parts.whole - 0.3 * towards) @ towards)
    flip = find_flip(asked, lambda vector: least - float(vector @ towards))
    assert flip.stems == ("vocals",)
    stems = separator.factorize(clip)
    for change_db, first in ((flip.changes_db["vocals"], True), (flip.changes_db["vocals"] + 0.25, False)):
        turned = clip.samples + (10 ** (change_db / 20) - 1) * stems["vocals"].samples
        vector = song_vector((turned.astype(np.float32), clip.sr), model).mean.astype(float)
        assert (least - float(vector @ towards) > 0) == first
