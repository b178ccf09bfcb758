"""Which recordings are measured, and the donors that each is given."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiolime_ext import load_audio
from audiolime_ext.audit.measurement import plan
from audiolime_ext.audit.measurement.measure import Settings
from audiolime_ext.audit.measurement.plan import Donors, entries_of, of_one_song
from audiolime_ext.audit.store.records import Entry
from audiolime_ext.cache import Cache, Store
from audiolime_ext.collection.manifest import load_manifest
from audiolime_ext.errors import UsageError

CLASSES = ("guitar", "piano", "violin")
SETTINGS = Settings(n_donors=4, n_same=2)


def entry(i: int, label: str, song: str | None = None, duration_s: float = 10.0) -> Entry:
    return Entry(f"{i}.wav", f"{i:064x}", tuple(label.split(";")), song or f"song {i}", 0.0, duration_s)


def songs(n: int) -> list[Entry]:
    """Two excerpts of every song of the first half, one of the others."""
    return [entry(i, CLASSES[i % 3], f"song {i % (n // 2) if i < n // 2 else i}") for i in range(n)]


def drawn(
    entries: list[Entry], settings: Settings = SETTINGS, unusable: set[str] | None = None
) -> dict[str, list[str]]:
    donors = Donors(entries, settings, unusable or set())
    return {host.key: [donor.key for donor in donors.of(host)] for host in entries}


def test_donors_are_other_songs_of_other_classes_in_turn_and_then_of_the_hosts() -> None:
    entries = [entry(i, CLASSES[i % 3], f"song {i // 2 * 6 + i % 3}") for i in range(60)]
    donors = Donors(entries, SETTINGS)
    for host in entries:
        given = donors.of(host)
        assert len({host.song, *(donor.song for donor in given)}) == 7, "never the host's song, never one twice"
        labels = [donor.labels[0] for donor in given]
        assert Counter(labels[:4]) == {label: 2 for label in CLASSES if label not in host.labels}
        assert labels[0] == labels[2] != labels[1] == labels[3], "in turn"
        assert labels[4:] == [*host.labels] * 2
    assert max(Counter(key for keys in drawn(entries).values() for key in keys).values()) < 30, "not always the same"


def test_donors_do_not_depend_on_the_manifests_order_but_on_the_seed() -> None:
    entries = songs(40)
    shuffled = [entries[i] for i in np.random.default_rng(0).permutation(40)]
    assert drawn(entries) == drawn(shuffled)
    assert drawn(entries) != drawn(entries, replace(SETTINGS, seed=1))
    moved = [replace(e, path=f"/elsewhere/{e.path}", split="test") for e in entries]
    assert drawn(entries) == drawn(moved)


def test_recordings_that_are_added_leave_most_hosts_their_donors() -> None:
    entries = songs(60)
    before, after = drawn(entries), drawn([*entries, entry(99, "piano")])
    changed = [key for key, donors in before.items() if after[key] != donors]
    assert 0 < len(changed) < 20
    for key in changed:
        assert len({*after[key]} - {*before[key]}) == 1


def test_one_that_cannot_be_used_is_replaced_as_if_it_had_never_been() -> None:
    entries = songs(40)
    before = drawn(entries)
    bad = Counter(key for keys in before.values() for key in keys).most_common(1)[0][0]
    after = drawn(entries, unusable={bad})
    never = drawn([e for e in entries if e.key != bad])
    assert {key: donors for key, donors in after.items() if key != bad} == never
    for key, donors in before.items():
        assert len(after[key]) == len(donors)
        assert (after[key] == donors) == (bad not in donors)


def test_ones_that_are_shorter_than_the_host_are_passed_over() -> None:
    entries = [entry(i, CLASSES[i % 2], duration_s=10.0 if i % 4 else 5.0) for i in range(40)]
    donors = Donors(entries, SETTINGS)
    for host in entries:
        given = donors.of(host)
        assert len(given) == 6
        assert all(donor.duration_s >= host.duration_s for donor in given)
    alone = Donors([entry(0, "guitar"), entry(1, "piano", duration_s=5)], SETTINGS)
    assert alone.of(alone.entries[0]) == ()


def test_fewer_are_given_where_there_are_not_as_many() -> None:
    entries = [entry(0, "guitar"), entry(1, "guitar"), entry(2, "piano", "song 1"), entry(3, "guitar;piano", "song 3")]
    donors = Donors(entries, SETTINGS)
    assert {donor.path for donor in donors.of(entries[0])} == {"2.wav", "3.wav"}, "song 1 was taken as a piano's"
    assert [donor.path for donor in donors.of(entries[3])].count("0.wav") == 1
    assert donors.of(entries[3])[0].song in {"song 0", "song 1"}
    assert Donors(entries, Settings(n_donors=0, n_same=0)).of(entries[0]) == ()


def write(folder: Path, lines: str, *, seconds: float = 2.0, n: int = 4) -> Path:
    for i in range(n):
        soundfile.write(folder / f"{i}.wav", np.random.default_rng(i).normal(0, 0.1, round(8000 * seconds)), 8000)
    (folder / "m.csv").write_text(lines)
    return folder / "m.csv"


def test_recordings_of_one_song_are_told_before_the_work_since_none_has_a_donor() -> None:
    one = [entry(i, CLASSES[i % 3], "the song") for i in range(6)]
    assert not any(drawn(one).values())
    (note,) = of_one_song(one)
    assert note.startswith("all 6 recordings are of one song, and what is put in must be of another")
    other = [*one, entry(6, CLASSES[0])]
    assert any(drawn(other).values())
    assert of_one_song(other) == of_one_song(one[:1]) == ()


def test_the_middle_is_heard_where_nothing_is_said(tmp_path: Path) -> None:
    lines = "path,label,start_s,duration_s\n0.wav,a,,\n1.wav,b,0.5,\n2.wav,a,,0.5\n3.wav,b,0.25,0.75\n"
    manifest = load_manifest(write(tmp_path, lines))
    heard = [(e.start_s, e.duration_s) for e in entries_of(manifest, duration_s=1.0)]
    assert heard == [(0.5, 1.0), (0.5, 1.0), (0.75, 0.5), (0.25, 0.75)]
    assert [(e.start_s, e.duration_s) for e in entries_of(manifest)][:2] == [(0.0, 2.0), (0.5, 1.5)]
    first = entries_of(manifest)[0]
    assert (first.name, first.labels, first.song) == ("0.wav", ("a",), str(tmp_path / "0.wav"))


def awkward() -> dict[str, bytes]:
    """Files of whose length their header says nothing, or something else; each holds more than a minute."""
    sound = np.random.default_rng(0).normal(0, 0.2, (60 * 16000, 1)).astype(np.float32)
    sound[: 10 * 16000] *= 1e-4  # of a variable bit rate, 8 kbit/s at first
    made = {}
    for kind, how in {"mp3": {"format": "MP3"}, "flac": {"format": "FLAC"}, "ogg": {"format": "OGG"}}.items():
        buffer = io.BytesIO()
        with soundfile.SoundFile(buffer, "w", 16000, 1, **how) as file:
            for at in range(0, len(sound), 16000):
                file.write(sound[at : at + 16000])
        made[kind] = buffer.getvalue()
    mp3, stream = made["mp3"], made["flac"]
    first_of_sound = mp3.index(mp3[:2], 100)
    facts = int.from_bytes(stream[18:26], "big") >> 36 << 36
    return {
        "bare.mp3": mp3[first_of_sound:],
        "piped.flac": stream[:18] + facts.to_bytes(8, "big") + stream[26:],
        "joined.ogg": made["ogg"] * 2,
    }


@pytest.mark.parametrize("name", ["bare.mp3", "piped.flac", "joined.ogg"])
def test_the_middle_is_that_of_what_is_decoded_whatever_the_header_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    source = write(tmp_path, f"path,label\n0.wav,a\n{name},b\n")
    (tmp_path / name).write_bytes(awkward()[name])
    whole_s = load_audio(tmp_path / name).duration_s
    assert abs(soundfile.info(tmp_path / name).duration - whole_s) > 20, "what the header says"
    store = Store(Cache(tmp_path / "kept", limit=10**6))
    _, entry = entries_of(load_manifest(source), store=store)
    assert entry.start_s == pytest.approx((whole_s - 10) / 2, abs=1e-3)
    monkeypatch.setattr(plan, "count", lambda *_: pytest.fail("it was counted again"))
    assert entries_of(load_manifest(source), store=store)[1] == entry


def test_the_same_content_twice_is_refused_unless_the_excerpts_differ(tmp_path: Path) -> None:
    source = write(tmp_path, "path,label\n0.wav,a\n1.wav,b\ncopy.wav,b\n")
    (tmp_path / "copy.wav").write_bytes((tmp_path / "0.wav").read_bytes())
    with pytest.raises(UsageError, match=r"line 4: 'copy\.wav' is the same recording as '0\.wav'; keep one"):
        entries_of(load_manifest(source))
    source.write_text("path,label,start_s\n0.wav,a,0\n1.wav,b,\ncopy.wav,b,1\n")
    assert len({e.key for e in entries_of(load_manifest(source))}) == 3


@pytest.mark.parametrize("excerpt", [",", "0,1", "0,1e12"])
def test_several_recordings_that_are_broken_alike_fail_each_by_itself(tmp_path: Path, excerpt: str) -> None:
    rows = [f"0.wav,a,{excerpt.replace('e12', '')}\n", *(f"{name}.wav,b,{excerpt}\n" for name in ("x", "y", "z"))]
    for name in ("x", "y", "z"):
        (tmp_path / f"{name}.wav").write_bytes(b"no sound")
    found = []
    for order in (rows, rows[::-1]):
        source = write(tmp_path, "path,label,start_s,duration_s\n" + "".join(order))
        entries = entries_of(load_manifest(source), duration_s=2.0)
        assert [Path(entry.path).name for entry in entries] == [row.split(",")[0] for row in order]
        assert max(entry.duration_s for entry in entries) <= 2.0, "no claim is believed that cannot be checked"
        found.append({entry.path: entry.key for entry in entries})
    assert found[0] == found[1], "whatever the order"
    assert len({*found[0].values()}) == 4


def test_an_excerpt_of_hours_is_held_against_the_recording_before_memory_is_asked_for(tmp_path: Path) -> None:
    source = write(tmp_path, "path,label,start_s,duration_s\n0.wav,a,,1e12\n1.wav,b,1,1e308\n2.wav,b,0,2\n")
    with pytest.raises(
        UsageError,
        match=r"(?s)line 2: '0\.wav' is 2\.000 s long, and the excerpt is to end at 1e\+12 s; shorten it.*3: '1\.wav'",
    ):
        entries_of(load_manifest(source))
    write(tmp_path, "path,label,start_s,duration_s\n0.wav,a,0,61\n1.wav,b,1,60\n", seconds=61.0)
    assert [entry.duration_s for entry in entries_of(load_manifest(source))] == [61.0, 60.0]


def test_an_excerpt_that_begins_after_the_end_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path, "path,label,start_s\n0.wav,a,2\n1.wav,b,\n2.wav,b,2.5\n")
    with pytest.raises(
        UsageError, match=r"(?s)line 2: '0\.wav' has ended by 2 s.*line 4: '2\.wav' has ended by 2\.5 s"
    ):
        entries_of(load_manifest(source))


def test_stems_are_part_of_a_recordings_content(tmp_path: Path) -> None:
    source = write(tmp_path, "path,label,stems\n0.wav,a,s\n1.wav,b,\n")
    (tmp_path / "s").mkdir()
    soundfile.write(tmp_path / "s" / "drums.wav", np.zeros(9), 8000)
    with pytest.raises(UsageError, match="line 3: no stems; name the folder"):
        entries_of(load_manifest(source), stems_needed=True)
    keys = [entries_of(load_manifest(source))[0].key]
    (tmp_path / "s" / "drums.wav").rename(tmp_path / "s" / "bass.wav")
    keys.append(entries_of(load_manifest(source))[0].key)
    (tmp_path / "s" / "notes.txt").write_text("no stem")
    assert entries_of(load_manifest(source))[0].key == keys[-1]
    soundfile.write(tmp_path / "s" / "other.wav", np.zeros(9), 8000)
    keys.append(entries_of(load_manifest(source))[0].key)
    soundfile.write(tmp_path / "s" / "other.wav", np.ones(9), 8000)
    keys.append(entries_of(load_manifest(source))[0].key)
    assert len(set(keys)) == 4
