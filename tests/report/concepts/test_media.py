"""However many concepts there are, the page is smaller than 15 MB, and what is in it is what was planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.audio.recording import load_audio
from audiolime_ext.concepts.measurement.patches import Patch, patches_of
from audiolime_ext.concepts.measurement.records import Entry, Identity
from audiolime_ext.concepts.measurement.sounds import HearingAgain
from audiolime_ext.factorization.loading import load_factorization
from audiolime_ext.report.concepts.features import NONE
from audiolime_ext.report.concepts.judged import Judged, shown_of
from audiolime_ext.report.concepts.media import (
    N_PATCHES,
    PLANS,
    Media,
    Plan,
    Shown,
    SongMedia,
    Stretch,
    _alone_s,
    _size,
    media_of,
    plan_for,
    room_beside,
)
from audiolime_ext.report.concepts.members import Members, Song
from audiolime_ext.report.concepts.page import page_html
from tests.concepts.planted import MODEL
from tests.report.concepts.planted import large

CLIP = Path(__file__).parents[3] / "audiolime_ext" / "data" / "ezer_ev.ogg"
EXCERPT_S, WINDOW_S = 10.0, 3.0
ROOM = 1e7


def shown(n_classes: int, n_concepts: int = 5) -> list[Shown]:
    """As many patches as a page of so many classes shows, in the 25 songs of each class that concepts are found in."""
    rng = np.random.default_rng(0)
    found = []
    for concept in range(n_classes * n_concepts):
        for rank in range(N_PATCHES):
            song = 25 * (concept // n_concepts) + int(rng.integers(25))
            begin = float(rng.uniform(0, 1.5))
            place = (begin, begin + float(rng.uniform(0.3, 1.5)), 200.0, 4000.0)
            found.append(Shown(concept, rank, song, Patch("slic:10", concept % 10, "x", rank % 3, 0.1, 1.0, place)))
    return found


@pytest.mark.parametrize("n_classes", [2, 5, 10, 20])
def test_every_number_of_classes_has_a_plan_that_fits(n_classes: int) -> None:
    plan, kept = plan_for(shown(n_classes), 50 * n_classes, EXCERPT_S, WINDOW_S, ROOM)
    assert kept == shown(n_classes)
    assert plan in PLANS
    assert plan.n_patches == N_PATCHES
    assert plan.kbps >= (32 if n_classes <= 5 else 16)
    better = PLANS[: PLANS.index(plan)]
    assert all(_size(one, shown(n_classes), 50 * n_classes, EXCERPT_S, WINDOW_S) > ROOM for one in better)


def test_where_nothing_fits_the_least_wanted_concepts_are_left_out() -> None:
    every = shown(60, 10)
    plan, kept = plan_for(every, 3000, EXCERPT_S, WINDOW_S, ROOM)
    assert _size(plan, kept, 3000, EXCERPT_S, WINDOW_S) <= ROOM
    n = len({one.concept for one in kept})
    assert {one.concept for one in kept} == set(range(n))
    assert 50 < n < 600


def test_plans_are_told() -> None:
    assert "windows of the patches" in Plan(16, "windows", 6).told
    assert "6 patches have a sound" in Plan(16, "windows", 6).told
    assert "64 kb/s" in PLANS[0].told


@pytest.mark.parametrize("plan", [PLANS[0], Plan(32, "shown"), Plan(16, "windows")])
def test_real_music_takes_no_more_bytes_than_are_planned(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    audio, split = load_audio(CLIP), load_factorization("slic:10")
    model = replace(MODEL, window_s=WINDOW_S)
    identity = Identity(
        "m", MODEL.fingerprint or "", "hidden", ("a", "b"), ("slic:10",), (split.fingerprint or "",), 10.0
    )
    entry = Entry(str(CLIP), audio.sha256, "clip", "a", "clip")
    start_s = (audio.duration_s - EXCERPT_S) / 2
    patches = patches_of(audio, model, [split], start_s=start_s, duration_s=EXCERPT_S).of
    members = Members((Song(entry, patches, (0,) * len(patches), True),), np.eye(1))
    some = [Shown(0, rank, 0, patch) for rank, patch in enumerate(patches[:N_PATCHES])]
    monkeypatch.setattr("audiolime_ext.report.concepts.media.PLANS", (plan,))
    made = media_of(members, some, HearingAgain.of(identity, model), ROOM)
    assert made.plan == plan
    song = made.songs[0]
    sounds = [*song.stretches, *made.alone.values()]
    n_bytes = len(song.picture) + len(song.labels) + sum(len(one.encoded) for one in sounds)
    planned = _size(plan, some, 1, EXCERPT_S, WINDOW_S)
    assert 0.5 * planned < n_bytes <= 1.02 * planned
    windows = {one.patch.window for one in some}
    assert len(song.stretches) == (len(windows) if plan.songs == "windows" else 1)
    for one in made.alone.values():
        assert 0 <= one.begin_s < one.end_s <= EXCERPT_S + 1e-6


def test_a_page_of_500_concepts_is_smaller_than_15_mb() -> None:
    """Its pictures and sounds are noise of the sizes that are planned, which real ones keep (above)."""
    found, members = large(20, 25)
    order = Judged(found)
    places = order.with_sound()
    some: Sequence[Shown] = shown_of(found, members, places)
    bare = page_html(order, members, "", NONE, title="Many")
    plan, some = plan_for(some, len(members.songs), EXCERPT_S, WINDOW_S, room_beside(bare))
    text = page_html(order, members, filled(plan, some), NONE, title="Many")
    assert len(places) == 100
    assert plan.n_patches == N_PATCHES
    assert 8e6 < len(text.encode()) < 15e6


def filled(plan: Plan, some: Sequence[Shown]) -> Media:
    """Media of the size that is planned, made of noise, which nothing can shorten."""
    rng = np.random.default_rng(0)

    def sound(begin_s: float, length_s: float) -> Stretch:
        return Stretch(begin_s, begin_s + length_s, rng.bytes(round(length_s * plan.kbps * 125) + 450))

    heard = [one for one in some if one.rank < plan.n_patches]
    songs = {}
    for n in sorted({one.song for one in some}):
        windows = sorted({one.patch.window for one in heard if one.song == n})
        stretches = tuple(sound(WINDOW_S * window, WINDOW_S) for window in windows)
        songs[n] = SongMedia(60.0, EXCERPT_S, WINDOW_S, WINDOW_S, 22050.0, rng.bytes(3300), rng.bytes(2500), stretches)
    alone = {(one.song, one.patch.split, one.patch.number): sound(0.0, _alone_s(one.patch, WINDOW_S)) for one in heard}
    return Media(plan, frozenset(one.concept for one in some), songs, alone, {})
