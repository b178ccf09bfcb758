"""The library of free music: packages fetched, unpacked, mixed, without duplicates; retrieval measured."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audiolime_ext import Audio, load_audio
from audiolime_ext.collection.manifest import load_manifest
from audiolime_ext.errors import CorruptError, MissingError, UsageError
from audiolime_ext.files.reading import sha256_of
from audiolime_ext.recommendation.evaluation.excerpts import alike, middle
from audiolime_ext.recommendation.evaluation.treatments import TREATMENTS, nearness
from examples.library import __main__ as library
from examples.library import (
    duplicates,
    evaluate,
    excerpts,
    fetching,
    judging,
    kept,
    methods,
    songs,
    tables,
    tags,
    treatments,
    unpacking,
)
from examples.library.fetching import Offer
from examples.library.packages import Package, read_packages
from factorizations.oracle import OracleFactorization

SR = 8000
ZAZ = Package("zaz-data", "Zaz", "ambient", ("*/rain/*",))
Samples = NDArray[np.float32]
needs_dpkg = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="no dpkg-deb on PATH")


def music(seed: int, seconds: float = 45.0, *, sr: int = SR) -> Samples:
    """Tones of random pitch and level, half a second each, over a little noise."""
    rng = np.random.default_rng(seed)
    n = round(seconds * sr)
    at = np.arange(n) / sr
    notes = np.repeat(rng.uniform(100, 3500, n * 2 // sr + 1), sr // 2)[:n]
    levels = np.repeat(rng.uniform(0.05, 0.5, n * 2 // sr + 1), sr // 2)[:n]
    return (levels * np.sin(2 * np.pi * notes * at) + 0.01 * rng.normal(size=n)).astype(np.float32)


def write(path: Path, samples: Samples, sr: int = SR) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples.T, sr)
    return path


@pytest.fixture(scope="module")
def deb(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Offer]:
    """A package as Debian's: music, a jingle, rain, a link, an archive with music, two halves, and licences."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb on PATH")
    root = tmp_path_factory.mktemp("deb") / "zaz-data"
    share = root / "usr/share/games/zaz"
    write(share / "music/long.ogg", music(0))
    write(share / "music/short.ogg", music(1, 5.0))
    write(share / "rain/drops.ogg", music(2))
    (share / "music/again.ogg").symlink_to("long.ogg")
    (share / "music/broken.ogg").write_bytes(b"OggS nothing")
    write(share / "songs/Blue_Sky/guitar.ogg", 2 * music(3))
    write(share / "songs/Blue_Sky/song.ogg", 2 * music(4))
    with zipfile.ZipFile(share / "data.pk3", "w") as archive:
        archive.write(write(root.parent / "inner.ogg", music(5)), "sound/inner.ogg")
        archive.writestr("maps/big.map", "x")
    (root / "usr/share/doc/zaz-data").mkdir(parents=True)
    (root / "usr/share/doc/zaz-data/copyright").write_text("Licence: CC0")
    return packed(root)


def packed(root: Path) -> tuple[Path, Offer]:
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(
        f"Package: {root.name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: music\n"
    )
    path = root.parent / f"{root.name}_1_all.deb"
    subprocess.run(["dpkg-deb", "--build", "-Znone", str(root), str(path)], check=True, capture_output=True)
    return path, Offer(root.name, path.name, path.stat().st_size, sha256_of(path))


# Packages


def test_the_list_of_packages_is_whole() -> None:
    packages = read_packages()
    assert len(packages) == 31
    assert len({package.soundtrack for package in packages}) == 31
    assert len({package.style for package in packages}) > 4
    assert not next(one for one in packages if one.name == "btanks-data").is_music("data/sounds/ambient/city.ogg")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("package,style\na,b\n", "needs the columns"),
        ("package,soundtrack,style,leave_out\na,A,\n", "line 2: package, soundtrack and style are needed"),
        ("package,soundtrack,style,leave_out\na,A,x,\na,B,x,\n", "names a twice"),
    ],
)
def test_a_list_with_a_fault_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "packages.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_packages(path)


# Fetching


def apt(tmp_path: Path, deb: Path, sha256: str, *, sent: bytes | None = None, code: int = 0) -> Path:
    """A folder with an apt-get that offers one package, and writes what it is told to send."""
    sending = tmp_path / "sending.deb"
    sending.write_bytes(deb.read_bytes() if sent is None else sent)
    script = tmp_path / "bin/apt-get"
    script.parent.mkdir()
    script.write_text(
        "#!/bin/sh\n"
        f'echo "$@" >> {tmp_path}/asked\n'
        'case "$*" in\n'
        f"  *--print-uris*zaz-data) echo \"'http://mirror/z%3a1.deb' zaz-data_1_all.deb {deb.stat().st_size} "
        f'SHA256:{sha256}" ;;\n'
        "  *--print-uris*) echo 'E: Unable to locate package' >&2; exit 100 ;;\n"
        f"  *) [ {code} = 0 ] || {{ echo 'W: as root' >&2; echo 'E: no route to mirror' >&2; exit {code}; }}\n"
        f"     cp {sending} ./zaz-data_1_all.deb ;;\n"
        "esac\n"
    )
    script.chmod(0o755)
    return script.parent


def test_what_is_there_and_whole_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deb: tuple[Path, Offer]
) -> None:
    monkeypatch.setenv("PATH", str(apt(tmp_path, deb[0], deb[1].sha256)), prepend=":")
    offered, absent = fetching.offers(["zaz-data", "nothing-data"])
    assert (offered, absent) == ([deb[1]], ["nothing-data"])
    folder = tmp_path / "packages"
    fetching.fetch(offered, folder)
    assert sha256_of(folder / "zaz-data_1_all.deb") == deb[1].sha256
    n_asked = len((tmp_path / "asked").read_text().splitlines())
    fetching.fetch(offered, folder)
    assert len((tmp_path / "asked").read_text().splitlines()) == n_asked
    (folder / "zaz-data_1_all.deb").write_bytes(b"half")
    fetching.fetch(offered, folder)
    assert deb[1].is_in(folder)


def test_what_came_but_is_not_what_the_lists_say_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deb: tuple[Path, Offer]
) -> None:
    monkeypatch.setenv("PATH", str(apt(tmp_path, deb[0], deb[1].sha256, sent=b"something else")), prepend=":")
    with pytest.raises(CorruptError, match="is not what the package lists say"):
        fetching.fetch([deb[1]], tmp_path / "packages")
    assert not (tmp_path / "packages").exists()


def test_a_mirror_that_cannot_be_reached_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deb: tuple[Path, Offer]
) -> None:
    monkeypatch.setenv("PATH", str(apt(tmp_path, deb[0], deb[1].sha256, code=100)), prepend=":")
    with pytest.raises(MissingError, match=r"could not fetch zaz-data: E: no route to mirror\. Try again"):
        fetching.fetch([deb[1]], tmp_path / "packages")


def test_a_machine_without_debians_tools_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert library.main([str(tmp_path / "library")]) == 3
    assert "no command apt-get and no command dpkg-deb on PATH" in capsys.readouterr().err


# Unpacking


def test_music_and_licences_are_unpacked_and_nothing_else(
    tmp_path: Path, deb: tuple[Path, Offer], capsys: pytest.CaptureFixture[str]
) -> None:
    files = unpacking.unpack(deb[1], deb[0], tmp_path / "zaz", ZAZ)
    names = [str(file.relative_to(tmp_path / "zaz")) for file in files]
    assert names == ["music/long.ogg", "songs/Blue_Sky/guitar.ogg", "songs/Blue_Sky/rest.ogg", "sound/inner.ogg"]
    assert (tmp_path / "zaz/copyright").read_text() == "Licence: CC0"
    assert "music/broken.ogg cannot be read and is left out" in "".join(capsys.readouterr())
    there = {path for path in (tmp_path / "zaz").rglob("*") if path.is_file()}
    assert there == {*files, tmp_path / "zaz/copyright", tmp_path / "zaz" / unpacking.RECORD}


def test_a_folder_is_unpacked_again_unless_it_is_whole(tmp_path: Path, deb: tuple[Path, Offer]) -> None:
    files = unpacking.unpack(deb[1], deb[0], tmp_path, ZAZ)
    untouched = files[0].stat().st_mtime_ns
    assert unpacking.unpack(deb[1], Path("not looked at"), tmp_path, ZAZ) == files
    assert files[0].stat().st_mtime_ns == untouched
    files[1].write_bytes(b"cut short")
    assert unpacking.unpack(deb[1], deb[0], tmp_path, ZAZ) == files
    assert files[1].stat().st_size > 10_000


def test_a_package_whose_archive_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb on PATH")
    root = tmp_path / "evil-data"
    (root / "usr/share").mkdir(parents=True)
    with zipfile.ZipFile(root / "usr/share/evil.pk3", "w") as archive:
        archive.write(write(tmp_path / "song.ogg", music(0)), "../../../../outside.ogg")
    path, offer = packed(root)
    with pytest.raises(CorruptError, match=r"evil\.pk3 holds '\.\./\.\./\.\./\.\./outside\.ogg', which leads out"):
        unpacking.unpack(offer, path, tmp_path / "songs/evil", ZAZ)
    assert not list(tmp_path.rglob("outside.ogg"))


def test_an_archive_that_swells_is_refused(tmp_path: Path) -> None:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb on PATH")
    root = tmp_path / "bomb-data"
    (root / "usr/share").mkdir(parents=True)
    with zipfile.ZipFile(root / "usr/share/bomb.pk3", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.wav", bytes(10_000_000))
    path, offer = packed(root)
    with pytest.raises(CorruptError, match=r"bomb\.pk3 unpacks to more than 4 times its size"):
        unpacking.unpack(offer, path, tmp_path / "songs/bomb", ZAZ)


@needs_dpkg
def test_a_damaged_package_is_said(tmp_path: Path, deb: tuple[Path, Offer]) -> None:
    damaged = tmp_path / "zaz.deb"
    for content in (b"no package", deb[0].read_bytes()[:50_000]):
        damaged.write_bytes(content)
        with pytest.raises(CorruptError, match=r"zaz\.deb is damaged"):
            unpacking.unpack(deb[1], damaged, tmp_path / "zaz", ZAZ)


# Songs


def test_halves_become_a_mixture_whose_true_stems_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "Blue_Sky"
    halves = [write(folder / name, 2 * music(i, 41.0)) for i, name in enumerate(["guitar.ogg", "rest.ogg"])]
    (song,) = songs.songs_of(ZAZ, halves)
    assert (song.title, song.stems, song.path.name) == ("Blue Sky", tmp_path / "Blue_Sky", "mixture.flac")
    assert -12 < song.gain_db < 0, "their sum is louder than full scale"
    mixture, _ = soundfile.read(song.path)
    assert 0.99 < np.abs(mixture).max() < 1, "and is not clipped"
    oracle = OracleFactorization.from_folder(tmp_path / "Blue_Sky")
    assert oracle.notes == (), "nothing else lies beside them"
    stems = oracle.factorize(oracle.mixture)
    assert stems.names[:2] == ("guitar", "rest")
    np.testing.assert_allclose(stems.samples[:2].sum(axis=0), oracle.mixture.samples, atol=1e-4)
    written = song.path.stat().st_mtime_ns
    assert list(songs.songs_of(ZAZ, halves)) == [song]
    assert song.path.stat().st_mtime_ns == written


def test_songs_have_the_tags_of_their_files(tmp_path: Path) -> None:
    path = tmp_path / "night_fall.ogg"
    with soundfile.SoundFile(path, "w", SR, 1) as file:
        file.title, file.artist = "Night\nfall", " Somebody "
        file.write(music(0, 41.0))
    plain = write(tmp_path / "day_break.ogg", music(1, 41.0))
    tagged, untagged = songs.songs_of(ZAZ, [path, plain])
    assert (tagged.title, tagged.artist, tagged.stems) == ("Night fall", "Somebody", None)
    assert (untagged.title, untagged.artist) == ("day break", "")
    assert tagged.duration_s == pytest.approx(41.0)


# Duplicates


def test_the_same_recording_is_found_cut_shorter_louder_brighter_and_encoded_again(tmp_path: Path) -> None:
    whole = music(0, 50.0, sr=12000)
    other = write(tmp_path / "quiet.ogg", 0.2 * whole[12000 * 7 :], 12000)
    brighter = np.diff(whole, prepend=0).astype(np.float32)
    files = [write(tmp_path / "whole.wav", whole, 12000), other, write(tmp_path / "bright.wav", brighter, 12000)]
    files += [write(tmp_path / f"{seed}.wav", music(seed, 50.0, sr=12000), 12000) for seed in (1, 2)]
    alike = duplicates.likenesses([duplicates.fingerprint(file, tmp_path / "kept") for file in files])
    np.testing.assert_array_equal(alike, alike.T)
    assert alike[0, 1] > 0.9
    assert alike[0, 2] > 0.9
    assert alike[3].max() < 0.5
    gone = duplicates.duplicates(alike, [50.0, 43.0, 50.0, 50.0, 50.0])
    assert [(pair.first, pair.second) for pair in gone] == [(1, 0), (2, 0)], "the longest stays, then the first"


def test_likeness_is_a_correlation_over_what_both_have() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(200, duplicates.N_BANDS)).astype(np.float32)
    second = np.concatenate([rng.normal(size=(30, duplicates.N_BANDS)), first[:150]]).astype(np.float32)
    found = duplicates.likenesses([first, second])[0, 1]
    assert found == pytest.approx(1.0, abs=1e-4)
    assert duplicates.likenesses([first, first[::-1]])[0, 1] < 0.2
    silent = np.zeros_like(first)
    assert duplicates.likenesses([silent, first])[0, 1] == 0


# The whole


@needs_dpkg
def test_a_library_is_made_and_made_again_from_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deb: tuple[Path, Offer], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(apt(tmp_path, deb[0], deb[1].sha256)), prepend=":")
    listed = tmp_path / "packages.csv"
    listed.write_text("package,soundtrack,style,leave_out\nzaz-data,Zaz,ambient,*/rain/*\ngone-data,Gone,metal,\n")
    folder = tmp_path / "library"
    assert library.main([str(folder), "--packages", str(listed)]) == 0
    out = capsys.readouterr().out
    assert "3 songs of 1 soundtrack, 2 min, 1 with true stems" in out
    assert "not offered by this machine's apt-get: gone-data" in out
    rows = list(csv.DictReader((folder / "manifest.csv").read_text().splitlines()))
    assert [row["path"] for row in rows] == [
        "songs/zaz-data/music/long.ogg",
        "songs/zaz-data/songs/Blue_Sky/mixture.flac",
        "songs/zaz-data/sound/inner.ogg",
    ]
    assert rows[1]["stems"] == "songs/zaz-data/songs/Blue_Sky"
    assert float(rows[1]["gain_db"]) < 0
    with (folder / "manifest.csv").open("a") as table:
        table.write("songs/zaz-data/rest.ogg,metal,Gone,,,,,\n")
    shutil.copy(folder / "songs/zaz-data/music/long.ogg", folder / "songs/zaz-data/rest.ogg")
    manifest = load_manifest(folder / "manifest.csv")
    assert manifest.rows[1].stems == folder / "songs/zaz-data/songs/Blue_Sky"
    assert any("gain_db" in note for note in manifest.notes)
    assert library.main([str(folder), "--packages", str(listed)]) == 0


# Retrieval


def test_what_was_computed_is_kept_until_its_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "song.wav"
    file.write_bytes(b"one")
    made = []

    def make() -> NDArray[np.float64]:
        made.append(1)
        return np.ones(3)

    for _ in range(2):
        np.testing.assert_array_equal(kept.kept_array(tmp_path, "method", file, make), np.ones(3))
    file.write_bytes(b"other")
    kept.kept_array(tmp_path, "method", file, make)
    assert len(made) == 2


def test_vectors_have_every_treatment_and_other_packages_their_own() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(6, 3)) * [1, 10, 100] + 5
    method = methods.Method("known", lambda path: np.zeros((1, 3)))
    found = dict(treatments.similarities(method, [vector[None] for vector in vectors]))
    assert tuple(found) == TREATMENTS
    for name, near in found.items():
        np.testing.assert_array_equal(near, nearness(vectors, name))
    own = methods.Method("own", method.extract, nearness=lambda arrays: np.eye(len(arrays)), is_vector=False)
    assert list(dict(treatments.similarities(own, [vector[None] for vector in vectors]))) == ["its own"]


@pytest.fixture
def made() -> tables.Found:
    """A method that knows the soundtrack, and one that knows nothing; one treatment is spoilt on purpose."""
    rng = np.random.default_rng(0)
    soundtracks = [f"soundtrack {i // 5}" for i in range(60)]
    centres = np.repeat(rng.normal(size=(12, 20)), 5, axis=0)
    songs_ = centres + 0.5 * rng.normal(size=centres.shape)
    known = [row[None] + 0.1 * rng.normal(size=(4, 20)) for row in songs_]
    nothing = [rng.normal(size=(1, 20)) for _ in soundtracks]
    everything = []
    for condition in excerpts.CONDITIONS:
        for name, arrays in {"musicnn": known, "noise": nothing}.items():
            everything += judging.judged(condition, methods.Method(name, lambda path: np.zeros(1)), arrays, soundtracks)
    near = dict(treatments.similarities(methods.OWN[0], known))["centred"]
    ceilings = judging.anchors(dict(zip(excerpts.CONDITIONS, (known, known), strict=True)))
    halves = judging.halves(soundtracks)
    floor = judging.shuffled(near, soundtracks)
    notes = ("sonara is left out",)
    return tables.Found(everything, everything, soundtracks, [""] * 60, halves, ceilings, floor, notes)


def test_the_method_that_knows_is_ahead_and_the_anchors_hold(made: tables.Found) -> None:
    first, second = (made.chosen("alike", name) for name in made.methods)
    gain = judging.ahead(first.found, second.found, made.soundtracks)["AP"]
    assert gain.low > 0.5
    assert made.ceilings["the same song's other half"].mean("P@1") > 0.9
    assert made.ceilings["its re-encoding"].mean("P@1") == 1
    assert made.floor["P@1"] < 0.2


def test_treatments_are_chosen_by_one_half_of_the_soundtracks_and_measured_by_the_other(made: tables.Found) -> None:
    assert len({name for name, one in zip(made.soundtracks, made.choosing, strict=True) if one}) == 6
    for name in set(made.soundtracks):
        assert len({bool(one) for one, own in zip(made.choosing, made.soundtracks, strict=True) if own == name}) == 1
    candidates = made.of("alike", "noise")
    scores = {one.treatment: one.found.only(made.choosing).mean("AP") for one in candidates}
    assert made.chosen("alike", "noise").treatment == max(scores, key=lambda name: scores[name])


def test_where_the_halves_change_places_every_query_has_the_treatment_of_the_other(made: tables.Found) -> None:
    candidates = made.of("alike", "noise")
    found = judging.crossed(candidates, made.choosing)
    assert found.queries.tolist() == list(range(60))
    for half in (made.choosing, ~made.choosing):
        expected = judging.best(candidates, ~half).found.only(half).measures["AP"]
        np.testing.assert_array_equal(found.only(half).measures["AP"], expected)


def test_the_tables_say_everything(made: tables.Found) -> None:
    text = tables.as_markdown(made)
    assert "60 excerpts of 12 soundtracks; treatments chosen by the queries of 6 soundtracks" in text
    assert "| noise |" in text
    assert "sonara is left out" in text
    rows = list(csv.DictReader(tables.as_csv(made).splitlines()))
    assert len(rows) == 4 * len(made.everything)
    assert {row["queries"] for row in rows} == {"all", "judged half", "choosing half", "all, artist filter"}


def test_methods_hear_files_and_tell_music_apart(tmp_path: Path, ezer_ev: Path) -> None:
    """Real ones: an excerpt is nearer to its re-encoding than to other sound."""
    audio = middle(load_audio(ezer_ev), 7.0)
    other = Audio(music(0, 7.0, sr=16000)[None], 16000, "other")
    files = [tmp_path / f"{i}.wav" for i in range(3)]
    for one, file in zip((audio, alike(audio), other), files, strict=True):
        one.write(file)
    for method in (one for one in methods.OWN if one.name in ("musicnn", "untrained musicnn", "mean log-mel")):
        songs_ = [excerpts.Excerpt("a", "", dict.fromkeys(excerpts.CONDITIONS, file)) for file in files]
        arrays = evaluate.heard(method, songs_, tmp_path / "kept")["alike"]
        near = dict(treatments.similarities(method, arrays))["plain"]
        assert near[0, 1] > near[0, 2], method.name


def test_a_peer_that_ends_the_process_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one compiled for a newer processor."""
    monkeypatch.setattr(methods, "find_spec", lambda name: name == "bliss_audio" or None)
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    found, missing = methods.available()
    assert "bliss-audio" not in {method.name for method in found}
    assert "bliss-audio is left out: it does not run on this machine (exit code 1)" in missing


def test_the_peers_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(methods, "find_spec", lambda name: None)
    found, missing = methods.available()
    assert {"musicnn", "features:", "MFCC", "untrained musicnn"} <= {method.name for method in found}
    assert "sonara is left out: it is not installed (pip install sonara)" in missing


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (None, r"manifest\.csv cannot be read .*make it: make library"),
        ("path,label\na.ogg,rock\n", "cannot be read"),
        ("path,label,group\na.ogg,rock,A\n", "fewer than four soundtracks"),
    ],
)
def test_a_library_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], table: str | None, message: str
) -> None:
    if table is not None:
        (tmp_path / "manifest.csv").write_text(table)
    assert evaluate.main([str(tmp_path)]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_songs_are_given_to_the_tag_in_which_they_rank_highest() -> None:
    found = np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.2], [np.nan, np.nan]])
    assert tags.given(found) == [(0, 0), (2, 0), (1, 1)]
    told = tags.as_csv(["a.ogg", "b.ogg", "c.ogg", "d.ogg"], ["x", "x", "y", "y"], found).decode().splitlines()
    assert told == ["path,label,group", "a.ogg,metal,x", "c.ogg,metal,y", "b.ogg,female vocalists,x"]
    assert len(tags.given(np.arange(200.0).reshape(100, 2))) <= 2 * tags.N_SONGS
