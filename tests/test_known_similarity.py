"""Similarity of which the truth is known: what versions share, what is measured of it, what the README says of it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audiolime_ext import load_model, tagger
from audiolime_ext.collection.vectors import song_vector
from audiolime_ext.errors import UsageError
from examples.cerberus.rendering import SoundFont, require_tools, tilted
from examples.cerberus.score import Note, Part, read, write
from examples.known_similarity import __main__ as command
from examples.known_similarity import comparing, embedding, mixes, rendering, songs, tables
from examples.known_similarity.design import (
    AGAIN,
    LAYERS,
    NOTHING,
    SAME,
    SONGS,
    STEMS,
    Kind,
    Sound,
    Version,
    kinds,
    own,
    versions,
)
from tests import known_similarity_told
from tests.known_similarity_told import HERE
from tests.models.test_onnx_model import LABELS, SR, saved

DURATION_S = 4
Array = NDArray[np.float64]


def test_what_is_written_as_midi_is_read_again() -> None:
    part = Part("bass", 33, (Note(0.5, 1.0, 40, 90), Note(1.0, 1.5, 43, 80)))
    file = io.BytesIO()
    write([part], [0.0]).save(file=file)
    file.seek(0)
    (again,) = read(file)
    assert (again.source, again.program) == ("bass", 33)
    np.testing.assert_allclose(again.notes, part.notes, atol=1e-3)


# What versions share


def layers(sound: Sound) -> dict[str, str]:
    return dict(zip(LAYERS, (sound.composition, sound.arrangement, sound.font, sound.mix), strict=True))


@pytest.mark.parametrize(("host", "donor"), list(permutations(SONGS, 2)))
def test_a_version_has_one_thing_of_its_donor_and_all_else_of_its_host(host: str, donor: str) -> None:
    for thing in STEMS:
        expected = {stem: own(donor if stem == thing else host) for stem in STEMS}
        assert Version(host, thing, donor).stems == expected
    for thing in LAYERS:
        for stem, sound in Version(host, thing, donor).stems.items():
            if (stem, thing) == ("drums", "composition"):
                assert sound == own(host), "drums know no chords"
            elif (stem, thing) == ("drums", "arrangement"):
                assert layers(sound) == dict.fromkeys(LAYERS, host) | dict.fromkeys(("composition", thing), donor)
            else:
                assert layers(sound) == dict.fromkeys(LAYERS, host) | {thing: donor}


def test_the_candidates_of_a_song_are_like_it_as_their_kind_says() -> None:
    assert Kind(True, "drums").candidates("A") == [Version("B", "drums", "A"), Version("C", "drums", "A")]
    assert Kind(False, "drums").candidates("A") == [Version("A", "drums", "B"), Version("A", "drums", "C")]
    assert NOTHING.candidates("A") == [Version("B"), Version("C")]
    assert SAME.candidates("A") == [Version("A", AGAIN)]
    asked = {version for kind in kinds() for song in SONGS for version in kind.candidates(song)}
    assert asked == set(versions()), "every version is asked about, and no other"
    assert len({str(version) for version in versions()}) == len(versions())


# The songs: needs MMA, FluidSynth and SoundFonts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One set, where the command looks for it."""
    try:
        require_tools(songs.FONTS)
    except FileNotFoundError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("known")
    rendering.make(folder / f"songs-of-{DURATION_S}-s" / "0-00", "seed 3", duration_s=DURATION_S)
    return folder


@pytest.fixture(scope="module")
def made(folder: Path) -> songs.SongSet:
    """The set before it sounds, composed anew."""
    (path,) = folder.rglob(rendering.ABOUT)
    about = json.loads(path.read_text())
    made = songs.compose(about["seed"], duration_s=DURATION_S)
    assert {"seed": made.seed, **made.about} == about
    return made


@pytest.fixture(scope="module")
def sounding(folder: Path) -> dict[str, Array]:
    return {path.stem: soundfile.read(path)[0] for path in folder.rglob("*.flac")}


def test_a_set_has_all_versions_at_levels_alike_and_none_clips(sounding: dict[str, Array]) -> None:
    assert set(sounding) == set(map(str, versions()))
    assert {samples.shape for samples in sounding.values()} == {(DURATION_S * 16000,)}
    assert max(np.abs(samples).max() for samples in sounding.values()) < 1
    levels_db = [20 * np.log10(np.std(samples)) for samples in sounding.values()]
    assert np.ptp(levels_db) < 3
    assert np.mean(levels_db) == pytest.approx(rendering.LEVEL_DB + 10 * np.log10(len(STEMS)), abs=1.5)


def test_a_version_is_the_sum_of_its_stems(sounding: dict[str, Array]) -> None:
    """Two songs that exchange a stem are together what they were; and a stem is what a song adds to another."""
    for one, other in combinations(SONGS, 2):
        both = sounding[one] + sounding[other]
        for stem in STEMS:
            exchanged = sounding[f"{one}-{stem}-{other}"] + sounding[f"{other}-{stem}-{one}"]
            np.testing.assert_allclose(exchanged, both, atol=3 / 32768)
        exchanged = sounding[f"{one}-SoundFont-{other}"] + sounding[f"{other}-SoundFont-{one}"]
        assert np.abs(exchanged - both).max() > 0.05, "otherwise this could not fail"


def test_songs_of_a_set_differ_in_all_that_is_drawn(made: songs.SongSet) -> None:
    for one, other in combinations(made.arrangements.values(), 2):
        assert one.groove != other.groove
        assert all(one.programs[stem] != other.programs[stem] for stem in STEMS)
    for first, second in combinations(made.compositions.values(), 2):
        assert 2 * sum(a != b for a, b in zip(first.roots, second.roots, strict=True)) >= len(first.roots)
    assert len({font.path for font in made.fonts.values()}) == len(set(made.mixes.values())) == len(SONGS)


def test_what_plays_is_one_composition_in_one_arrangement(made: songs.SongSet) -> None:
    for stem in STEMS:
        (whole, *_), (mixed, *_) = (made.parts(stem, Sound(c, "A", "A", "A")) for c in ("A", "B"))
        assert whole.program == mixed.program == made.arrangements["A"].programs[stem]
    (melody,), (elsewhere,) = (made.parts("melody", Sound("A", a, "A", "A")) for a in ("A", "B"))
    assert melody.program != elsewhere.program
    assert sorted(n.pitch % 12 for n in melody.notes) == sorted(n.pitch % 12 for n in elsewhere.notes)
    bass, elsewhere_played = (made.parts("bass", Sound("A", "A", other, other)) for other in ("A", "B"))
    assert bass == elsewhere_played, "SoundFonts and mixes change no note"
    (again, *_) = made.parts("bass", own("A", take=1))
    assert again != bass[0]
    assert len(again.notes) == pytest.approx(len(bass[0].notes), rel=0.3)


@pytest.mark.parametrize("name", mixes.MIXES)
def test_a_mix_is_the_same_filter_for_all_stems(name: str) -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 32000))
    together = mixes.mixed(one + other, name)
    np.testing.assert_allclose(together, mixes.mixed(one, name) + mixes.mixed(other, name), atol=1e-9)
    others = [mixes.mixed(one + other, another) for another in mixes.MIXES if another != name]
    assert all(np.abs(together - elsewhere).max() > 0.1 for elsewhere in others)


def test_a_mix_tilts_by_one_and_a_half_decibels_an_octave() -> None:
    low, high = (np.sin(2 * np.pi * hz * np.arange(16000) / 16000) for hz in (500, 2000))
    gains = [np.std(tilted(tone, mixes.MIXES["dark, dry"].tilt)) / np.std(tone) for tone in (low, high)]
    np.testing.assert_allclose(20 * np.log10(gains), [1.5, -1.5], atol=0.02)


def test_a_set_is_made_once_and_a_seed_gives_the_same_sound(folder: Path, made: songs.SongSet) -> None:
    (path,) = folder.rglob("A-drums-B.flac")
    written = path.stat().st_mtime_ns
    rendering.make(path.parent, "another seed", duration_s=DURATION_S)
    assert path.stat().st_mtime_ns == written
    stems = Version("A", "drums", "B").stems
    again = sum(rendering.rendered(made, stem, sound, duration_s=DURATION_S) for stem, sound in stems.items())
    np.testing.assert_allclose(again, soundfile.read(path)[0], atol=1 / 32768)


def test_a_listener_to_the_drums_is_found_in_the_sound(folder: Path, made: songs.SongSet) -> None:
    """It knows the drums of all songs, hears which of them sound, and nothing else."""
    (path,) = folder.rglob(rendering.ABOUT)
    known = [own(song, take) for take in (0, 1) for song in SONGS]
    drums = [rendering.rendered(made, "drums", sound, duration_s=DURATION_S) for sound in known]
    how_much = np.linalg.pinv(np.stack(drums)).astype(np.float32)

    def heard(batch: NDArray[np.float32]) -> NDArray[np.float32]:
        of_takes = (batch @ how_much).reshape(len(batch), 2, len(SONGS))
        return np.asarray((of_takes > 0.5).any(axis=1), np.float32)

    listener = tagger(heard, sr=16000, window_s=float(DURATION_S))
    vectors = embedding.vectors_of([path.parent], listener, "listener", keep_in=folder / "vectors")
    found = comparing.compare(embedding.nearness(vectors, None))
    for stem in STEMS:
        one = comparing.of(found, Kind(True, stem), NOTHING)
        assert (one.nearer.value, one.way.value) == (approx(1, 1) if stem == "drums" else approx(0.5, 0)), stem


def approx(*values: float) -> Any:
    return tuple(pytest.approx(value, abs=0.01) for value in values)


def test_the_command_measures_models_of_ones_own_and_goes_on_where_it_was(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = f"onnx:{saved(tmp_path)}?sr={SR}&labels={LABELS}"
    words = [str(folder), "--only", "-m", spec, "--sets", "1", "--seconds", str(DURATION_S)]
    assert command.main(words) == 0
    assert capsys.readouterr().out == (folder / "known_similarity.md").read_text() + "\n"
    content = (folder / "known_similarity.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(content)))
    assert {row["embedder"] for row in rows} == {spec}
    assert len(rows) == len(list(comparing.pairs()))
    kept = {path: path.stat().st_mtime_ns for path in (folder / "vectors").rglob("*.npy")}
    assert command.main(words) == 0
    assert {path: path.stat().st_mtime_ns for path in (folder / "vectors").rglob("*.npy")} == kept
    assert (folder / "known_similarity.csv").read_text() == content


# What can go wrong


def test_what_is_missing_is_named_with_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(songs, "FONTS", (SoundFont(tmp_path / "no.sf2", "some-soundfont", 1.0),))
    monkeypatch.setenv("PATH", str(tmp_path))
    spec = f"onnx:{saved(tmp_path)}?sr={SR}&labels={LABELS}"
    assert command.main([str(tmp_path / "known"), "--only", "-m", spec, "--sets", "1"]) == 3
    assert "apt-get install mma fluidsynth some-soundfont" in capsys.readouterr().err


def test_a_model_that_is_not_there_is_told_before_anything_is_rendered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(tmp_path / "known"), "--only", "-m", "features:", "-m", "nothing:here"]) == 2
    assert "nothing" in capsys.readouterr().err
    assert not (tmp_path / "known").exists()


@pytest.mark.parametrize("words", [["--only"], ["--sets", "0"], ["--seconds", "6"]])
def test_questions_without_an_answer_are_refused(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main([str(tmp_path), *words])


def test_an_interrupted_run_says_that_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "render", interrupted)
    spec = f"onnx:{saved(tmp_path)}?sr={SR}&labels={LABELS}"
    assert command.main([str(tmp_path / "known"), "--only", "-m", spec]) == 130
    assert "the same command goes on" in capsys.readouterr().err


# What is measured: planted embedders, which know what sounds


def planted(hears: Callable[[Version, NDArray[np.int_]], NDArray[Any]], n_sets: int = 12) -> list[comparing.Compared]:
    """What is measured of an embedder that is told a version and the set's own random numbers."""
    rng = np.random.default_rng(0)
    vectors = []
    for _ in range(n_sets):
        draws = rng.integers(1 << 16, size=8)
        vectors.append({version: np.asarray(hears(version, draws), np.float32) for version in versions()})
    return comparing.compare(embedding.nearness(vectors, None))


def code(*what: object) -> NDArray[np.float64]:
    """Another random direction for everything."""
    return np.random.default_rng(list(repr(what).encode())).normal(size=64)


@pytest.mark.parametrize("thing", STEMS)
def test_of_an_embedder_of_one_stem_that_stem_is_everything(thing: str) -> None:
    found = planted(lambda version, draws: code(version.stems[thing]._replace(take=0), draws[0]))
    for other in STEMS:
        only, but = (comparing.of(found, Kind(k, other), than) for k, than in ((True, NOTHING), (False, SAME)))
        if other == thing:
            assert (only.nearer.value, only.way.value) == approx(1, 1)
            assert (but.nearer.value, but.way.value) == approx(0, 0)
        else:
            assert (only.nearer.value, only.way.value) == approx(0.5, 0)
            assert (but.nearer.value, but.way.value) == approx(0.5, 1)


@pytest.mark.parametrize("layer", LAYERS)
def test_of_an_embedder_of_one_layer_that_layer_comes_before_the_others(layer: str) -> None:
    found = planted(lambda version, draws: code(layers(version.stems["chords"])[layer], draws[0]))
    for other in LAYERS:
        way = comparing.of(found, Kind(True, other), NOTHING).way.value
        assert way == pytest.approx(float(other == layer), abs=0.01)
    for one, other in combinations(LAYERS, 2):
        expected = 1 if one == layer else 0 if other == layer else 0.5
        assert comparing.of(found, Kind(True, one), Kind(True, other)).nearer.value == pytest.approx(expected, abs=0.02)


def test_of_an_embedder_of_all_stems_each_is_a_part() -> None:
    def heard(version: Version, draws: NDArray[np.int_]) -> Array:
        return np.asarray(sum(code(stem, sound._replace(take=0), draws[0]) for stem, sound in version.stems.items()))

    found = planted(heard)
    ways = [comparing.of(found, Kind(True, stem), NOTHING).way for stem in STEMS]
    assert all(way.low > 0.1 for way in ways)


def test_of_an_embedder_that_hears_nothing_intervals_hold_a_half() -> None:
    found = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        found += comparing.compare({kind: rng.normal(size=(20, 3, 1 + (kind != SAME))) for kind in kinds()})
    assert np.mean([one.nearer.low <= 0.5 <= one.nearer.high for one in found]) > 0.87
    assert np.mean([one.nearer.value for one in found]) == pytest.approx(0.5, abs=0.02)


def test_who_is_nearer_is_asked_within_a_song_and_ties_count_by_half() -> None:
    first = np.array([[[0.9, 0.1], [5.0, 5.0]]])  # one set, two songs, two candidates
    second = np.array([[[0.5], [5.0]]])
    np.testing.assert_allclose(comparing.nearer(first, second), [(0.5 + 0.5) / 2])
    np.testing.assert_allclose(comparing.nearer(second, first), [(0.5 + 0.5) / 2])
    assert comparing.nearer(first + 10, second) == 1


def test_intervals_are_over_sets() -> None:
    values = np.random.default_rng(0).normal(0.5, 0.1, (20, 3, 2))
    near = dict.fromkeys(kinds(), values)
    near[SAME], near[NOTHING] = values[..., :1] + 1, values - 1
    one = comparing.of(comparing.compare(near), Kind(True, "drums"), NOTHING)
    spread = values.mean(axis=(1, 2)).std() / np.sqrt(20)
    assert one.similarity.value == pytest.approx(values.mean())
    assert one.similarity.high - one.similarity.low == pytest.approx(2 * 1.96 * spread, rel=0.1)
    alike = {kind: np.broadcast_to(of[:1], of.shape) for kind, of in near.items()}
    same = comparing.of(comparing.compare(alike), Kind(True, "drums"), NOTHING)
    assert same.similarity.low == pytest.approx(same.similarity.high), "sets that are alike leave no doubt"


def test_there_is_no_way_where_the_same_song_is_no_nearer() -> None:
    near = dict.fromkeys(kinds(), np.zeros((3, 3, 2)))
    assert np.isnan(comparing.compare(near)[0].way.value)


def test_a_vector_without_a_direction_is_refused() -> None:
    with pytest.raises(UsageError, match="set 0"):
        planted(lambda version, draws: np.zeros(4))


# Tables


def test_what_is_written_as_csv_is_read_again() -> None:
    found = {"one": planted(lambda version, draws: code(version.stems["drums"], draws[0]))}
    text = tables.as_csv(found, 12)
    assert tables.as_csv(tables.from_csv(text), 12) == text
    assert tables.as_markdown(tables.from_csv(text), 12).startswith("36 songs in 12 sets")
    titles, columns = tables.sections(found), tables.sections(found | {"two": found["one"]})
    assert [title for title in titles if f"## {title}\n" not in tables.as_markdown(found, 12)] == []
    assert all("| `one` | `two` |" in table for table in columns.values())


def test_numbers_are_short() -> None:
    numbers = (0.254, -0.031, -0.001, 1.0, 10.25, float("nan"))
    assert [tables.short(number) for number in numbers] == [".25", "−.03", ".00", "1.00", "10.25", "–"]


def test_the_committed_tables_are_of_one_measurement() -> None:
    content = (HERE / "known_similarity.csv").read_text(encoding="utf-8")
    assert tables.as_csv(known_similarity_told.committed(), command.N_SETS) == content
    assert list(known_similarity_told.committed()) == list(embedding.USUAL)
    rounded = tables.as_markdown(known_similarity_told.committed(), command.N_SETS)
    assert rounded == (HERE / "known_similarity.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "n_outputs"), [("untrained", 200), ("log_mel", 96)])
def test_what_has_learnt_nothing_answers_like_an_embedder(published: None, name: str, n_outputs: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16000 * 4).astype(np.float32)
    model = load_model(f"examples.known_similarity.controls:{name}")
    assert model.labels is None
    loud, quiet = (song_vector((gain * noise, 16000), model).mean for gain in (1.0, 0.1))
    assert loud.shape == (n_outputs,)
    assert np.abs(loud - quiet).max() > 0


# The README


def section(title: str) -> str:
    text = (HERE / "README.md").read_text(encoding="utf-8")
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def words(text: str) -> str:
    return " ".join(text.split())


def test_the_readme_says_what_was_found_and_no_number_that_is_not_in_the_table() -> None:
    found, text = known_similarity_told.committed(), section("What was found")
    for title, table in tables.sections(found).items():
        if title in text:
            assert table in text, title
            text = text.replace(table, "")
    assert text.count("###") == 3
    said, told = words(text), words(known_similarity_told.told(found))
    assert told in said, "python -m tests.known_similarity_told"
    said = said.replace(told, "")
    assert re.findall(r"\d*\.\d+", said) == []
    n_songs = command.N_SETS * len(SONGS)
    assert f"{n_songs} songs in {command.N_SETS} sets" in said
