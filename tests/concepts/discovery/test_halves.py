"""Halves of classes: groups whole, as even as they can be."""

from __future__ import annotations

from audiolime_ext.concepts.discovery.halves import halves
from audiolime_ext.concepts.measurement.records import Entry


def songs(label: str, groups: list[int]) -> list[Entry]:
    owners = [f"{label}{group}" for group, n in enumerate(groups) for _ in range(n)]
    return [Entry(f"{i}", f"{label}{i}", f"{i}", label, owner) for i, owner in enumerate(owners)]


def test_groups_stay_whole_and_halves_are_even() -> None:
    entries = [*songs("rock", [6, 3, 2, 1]), *songs("jazz", [1] * 9)]
    first, notes = halves(entries, seed=3)
    for group in {entry.group for entry in entries}:
        assert len({one for one, entry in zip(first, entries, strict=True) if entry.group == group}) == 1
    assert sum(first[:12]) == 6
    assert sum(first[12:]) in (4, 5)
    assert notes == []


def test_a_single_group_is_divided_and_told() -> None:
    first, notes = halves(songs("rock", [8]))
    assert sum(first) == 4
    assert notes == ["all songs of 'rock' are of one group: what is confirmed of it may be that group's own"]


def test_a_seed_says_all() -> None:
    entries = songs("rock", [1] * 20)
    assert halves(entries, seed=1) == halves(entries, seed=1)
    assert halves(entries, seed=1) != halves(entries, seed=2)
