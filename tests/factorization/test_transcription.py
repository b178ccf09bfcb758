"""Notes from probabilities, and what becomes of them when recordings are cut and joined."""

from __future__ import annotations

import numpy as np
import pytest

from audiolime_ext.factorization.transcription import LOWEST_PITCH, Transcription, decode, pitch_name

TIMES_S = np.arange(20) / 10


def heard(sounding: dict[int, list[tuple[int, int]]], beginning: dict[int, list[int]]) -> Transcription:
    notes, onsets = np.zeros((20, 1, 88), np.float32), np.zeros((20, 1, 88), np.float32)
    for pitch, spans in sounding.items():
        for first, end in spans:
            notes[first:end, 0, pitch - LOWEST_PITCH] = 0.9
    for pitch, frames in beginning.items():
        onsets[frames, 0, pitch - LOWEST_PITCH] = 0.8
    return decode(notes, onsets, np.zeros((20, 1), np.float32), TIMES_S, ["piano"], ["kick"])


def test_a_note_lasts_while_it_sounds() -> None:
    found = heard({60: [(3, 8)]}, {60: [3]}).notes["piano"]
    np.testing.assert_allclose(found, [[0.3, 0.8, 60, 0.8]], atol=1e-6)


def test_a_note_struck_again_ends_where_the_next_begins() -> None:
    found = heard({60: [(3, 12)]}, {60: [3, 7]}).notes["piano"]
    np.testing.assert_allclose(found[:, :2], [[0.3, 0.7], [0.7, 1.2]], atol=1e-6)


def test_what_sounds_without_an_onset_is_no_note() -> None:
    assert len(heard({60: [(3, 12)]}, {}).notes["piano"]) == 0


def test_an_onset_that_does_not_last_is_one_frame_long() -> None:
    np.testing.assert_allclose(heard({}, {60: [5]}).notes["piano"][:, :2], [[0.5, 0.6]], atol=1e-6)


def test_a_note_at_the_end_ends_with_the_excerpt() -> None:
    np.testing.assert_allclose(heard({60: [(18, 20)]}, {60: [18]}).notes["piano"][:, :2], [[1.8, 2.0]], atol=1e-6)


def test_notes_are_in_the_order_of_their_onsets() -> None:
    found = heard({60: [(8, 9)], 90: [(2, 4)], 21: [(5, 7)]}, {60: [8], 90: [2], 21: [5]}).notes["piano"]
    assert found[:, 2].tolist() == [90, 21, 60]


def test_a_plateau_is_one_stroke() -> None:
    strokes = np.zeros((20, 2), np.float32)
    strokes[4:6, 0], strokes[9, 0], strokes[9, 1] = 0.7, 0.9, 0.4
    silence = np.zeros((20, 1, 88), np.float32)
    found = decode(silence, silence, strokes, TIMES_S, ["piano"], ["kick", "snare"]).strokes
    np.testing.assert_allclose(found["kick"], [[0.4, 0.7], [0.9, 0.9]], atol=1e-6)
    assert found["snare"].shape == (0, 2)


def test_cut_and_joined_again() -> None:
    whole = Transcription(
        {"bass": np.array([[0.2, 0.6, 33, 1], [0.9, 1.4, 35, 1], [1.6, 1.9, 37, 1]], np.float32)},
        {"kick": np.array([[0.2, 1], [1.0, 1]], np.float32)},
    )
    left, right = whole.between(0.0, 1.0), whole.between(1.0, 2.0)
    np.testing.assert_allclose(left.notes["bass"][:, :2], [[0.2, 0.6], [0.9, 1.0]], atol=1e-6)
    np.testing.assert_allclose(right.notes["bass"][:, :2], [[0.0, 0.4], [0.6, 0.9]], atol=1e-6)
    joined = Transcription.joined([(0.0, left), (1.0, right)])
    assert [len(joined.notes["bass"]), len(joined.strokes["kick"])] == [4, 1 + len(right.strokes["kick"])]
    np.testing.assert_allclose(joined.notes["bass"][-1, :2], [1.6, 1.9], atol=1e-6)


def test_lists_and_back() -> None:
    whole = Transcription(
        {"bass": np.array([[0.25, 0.5, 33, 0.75]], np.float32)}, {"kick": np.zeros((0, 2), np.float32)}
    )
    again = Transcription.from_dict(whole.to_dict())
    np.testing.assert_allclose(again.notes["bass"], whole.notes["bass"])
    assert again.strokes["kick"].shape == (0, 2)


def test_in_words() -> None:
    three = np.array([[0, 1, 33, 1], [0, 1, 60, 1], [0, 1, 61, 1]], np.float32)
    whole = Transcription({"bass": three, "piano": np.zeros((0, 4), np.float32)}, {})
    assert whole.describe("bass") == "3 notes, A1–C♯4"
    assert whole.describe("piano") == "no notes"
    assert whole.describe("drums") == ""


@pytest.mark.parametrize(("pitch", "name"), [(21, "A0"), (60, "C4"), (61, "C♯4"), (108, "C8")])
def test_names_of_pitches(pitch: int, name: str) -> None:
    assert pitch_name(pitch) == name


def test_a_merged_stem_is_told_source_by_source_and_drums_by_kind() -> None:
    notes = {"piano": np.array([[0, 1, 60, 0.9]], np.float32), "guitar": np.array([[0, 1, 40, 0.9]], np.float32)}
    heard = Transcription(notes, {"kick": np.zeros((2, 2), np.float32), "snare": np.zeros((1, 2), np.float32)})
    assert heard.describe("piano+guitar") == "piano: 1 note, C4; guitar: 1 note, E2"
    assert heard.describe("guitar+drums") == "guitar: 1 note, E2; drums: 2 kick, 1 snare"
    assert (heard.describe("drums"), heard.describe("residual")) == ("2 kick, 1 snare", "")
