"""Placebos change no music: half a decibel, ten milliseconds, a component's own other half."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from audiolime_ext.audio.recording import level_db
from audiolime_ext.audit.measurement.placebos import moved, nudged, to_move

SR = 8000
TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(SR) / SR)).astype(np.float32)[None]
NOISE = np.random.default_rng(0).normal(0, 0.1, (2, SR)).astype(np.float32)


def test_a_nudge_is_half_a_decibel_and_ten_milliseconds() -> None:
    late, gains = SR // 100, set()
    for i in range(20):
        done = nudged(NOISE, SR, key=f"song {i}")
        assert not done[:, :late].any()
        gain = level_db(done[:, late:], NOISE[:, :-late])
        assert abs(gain) == pytest.approx(0.5, abs=1e-4)
        gains.add(round(gain, 1))
        assert np.array_equal(done, nudged(NOISE, SR, key=f"song {i}")), "the same each time"
    assert gains == {-0.5, 0.5}, "some recordings are louder and some softer"


def test_no_placebo_passes_full_scale_where_the_recording_does_not() -> None:
    loud = NOISE / np.abs(NOISE).max()
    for i in range(20):
        done = nudged(loud, SR, key=f"song {i}")
        assert level_db(done, np.concatenate([0 * loud[:, :80], loud[:, :-80]], axis=1)) == pytest.approx(
            -0.5, abs=1e-4
        )
    bump = np.zeros((1, SR), np.float32)
    bump[0, SR // 4] = 0.8
    rest = np.roll(bump, SR // 2, axis=-1)
    assert np.abs(moved(bump, rest, SR)).max() == pytest.approx(1, abs=1e-6)
    assert np.abs(moved(3 * bump, 3 * rest, SR)).max() == pytest.approx(2.4, abs=1e-6), "as loud as it was"
    assert np.abs(moved(0.5 * bump, 0.5 * rest, SR)).max() == pytest.approx(0.8, abs=1e-6), "nothing to mend"


def test_a_component_moves_by_half_without_a_click_and_the_rest_stays() -> None:
    own = TONE * np.linspace(1, 0.2, SR, dtype=np.float32)
    rest = NOISE[:1]
    done = moved(own, rest, SR) - rest
    half, fade = SR // 2, SR // 100
    np.testing.assert_allclose(done[:, half + fade :], own[:, fade:half], atol=1e-6)
    np.testing.assert_allclose(done[:, : half - fade], own[:, half:-fade], atol=1e-6)
    cut = TONE[:, :-4]  # ends far from where it begins
    assert np.abs(np.diff(np.roll(cut, SR // 2))).max() > 2 * np.abs(np.diff(TONE)).max(), "else this tests nothing"
    assert np.abs(np.diff(moved(cut, 0 * cut, SR))).max() < 1.2 * np.abs(np.diff(TONE)).max()
    assert level_db(done, own) == pytest.approx(0, abs=0.1)


def test_each_component_is_moved_in_as_many_recordings() -> None:
    names = ("bass", "drums", "guitar", "piano", "residual")
    chosen = [to_move(names, key=f"song {i}") for i in range(1000)]
    assert {len(some) for some in chosen} == {3}
    assert chosen[:9] == [to_move(names, key=f"song {i}") for i in range(9)]
    shares = Counter(name for some in chosen for name in some)
    assert all(count / 1000 == pytest.approx(0.6, abs=0.06) for count in shares.values())
    assert to_move(names[:3], key="any") == names[:3]
    assert to_move((), key="any") == ()
