"""The classifier of styles: its pictures, bars, songs, network and training in miniature, and the committed weights."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from audiolime_ext import load_model
from audiolime_ext.audio.recording import Audio, load_audio
from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.prediction.capabilities import Differentiable, Layered
from examples.genre_classifier import __main__ as command
from examples.genre_classifier import barred, bars, judging, models, pictures, songs, tables, training
from examples.genre_classifier.network import UNFROZEN, WHITE, Plan, ResNet, freeze, load_imagenet
from examples.library.packages import read_packages

SMALL = Plan(("high", "low"), width=1 / 16, size=32)


def clip() -> Any:
    """A window of the bundled song, (1, n_samples)."""
    return pictures.windows(load_audio(models.CLIP), 1)


def planted(n: int = 48, size: int = 32) -> tuple[Any, Any]:
    """Pictures of two classes: one is bright below."""
    rng, classes = np.random.default_rng(0), np.arange(n) % 2
    values = 0.2 * rng.random((n, size, size)).astype(np.float32)
    values[classes == 1, :, :8] += 0.5
    return values, classes


def test_spectra_are_librosas() -> None:
    librosa = pytest.importorskip("librosa")
    window = clip()
    power = librosa.feature.melspectrogram(
        y=window[0], sr=44100, n_fft=1024, hop_length=512, n_mels=128, center=False
    )  # fmt: skip
    np.testing.assert_allclose(pictures.FRONT_END(window)[0], np.log10(1 + 10000 * power).T, atol=1e-4)


def test_a_pixel_is_the_mean_of_its_area_and_silence_is_black() -> None:
    spectra = pictures.FRONT_END(clip())[0]
    picture = pictures.drawn_of(clip(), 112)[0]
    assert picture.shape == (112, 112)
    first, after = 2582 * 50 // 112, -(-2582 * 51 // 112)
    low, high = 128 * 10 // 112, -(-128 * 11 // 112)
    assert picture[50, 10] == pytest.approx(spectra[first:after, low:high].mean() / WHITE, abs=1e-5)
    assert not pictures.drawn_of(np.zeros((1, 1323000), np.float32), 112).any()


def test_windows_are_spread_and_short_songs_end_in_silence() -> None:
    song = Audio(np.arange(100 * 1000, dtype=np.float32)[None] / 1e5 + 0.1, 1000)
    assert pictures.windows(song).shape == (3, 1323000)
    short = pictures.windows(Audio(np.full((2, 44100), 0.5, np.float32), 44100))
    assert short.shape == (1, 1323000)
    assert short[0, :44100].min() == 0.5
    assert not short[0, 44100:].any()


@pytest.mark.parametrize("kind", bars.KINDS)
def test_bars_cover_at_most_a_tenth(kind: str) -> None:
    rng = np.random.default_rng(0)
    white = np.ones((112, 112), np.float32)
    widths = []
    for _ in range(300):
        own = bars.drawn(kind, 112, rng)
        assert [bar.axis for bar in own] == {"none": [], "both": ["bands", "time"]}.get(kind, [kind])
        black = bars.blackened(white, own) == 0
        for bar in own:
            line = black.all(axis=1 if bar.axis == "time" else 0)
            widths.append(line.sum())
            assert 1 <= line.sum() <= 0.1 * 112
            assert line.sum() == round(112 * (bar.end - bar.begin))
    assert kind == "none" or set(widths) == set(range(1, 12))
    assert white.all()


def test_bars_as_sound_are_the_bars_of_the_picture() -> None:
    window, own = clip(), (bars.Bar("time", 28 / 112, 38 / 112), bars.Bar("bands", 70 / 112, 80 / 112))
    heard = pictures.drawn_of(bars.silenced(window, own, sr=44100, n_mels=128), 112)[0]
    seen = pictures.drawn_of(window, 112)[0]
    black = (bars.blackened(seen, own) == 0) & (seen > 0)
    assert black.sum() > 200
    assert heard[black].mean() < 0.05 * seen[black].mean()
    assert np.abs(heard - seen)[~black].mean() < 0.01


def test_no_soundtrack_is_in_two_splits_and_styles_have_four() -> None:
    with tables.SOUNDTRACKS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    packages = [row["package"] for row in rows]
    assert len(set(packages)) == len(packages)
    styles = {package.name: package.style for package in read_packages()}
    assert all(styles[row["package"]] == row["style"] for row in rows)
    for style in {row["style"] for row in rows}:
        own = [row["split"] for row in rows if row["style"] == style]
        assert len(own) >= 4
        assert set(own) == {"train", "valid", "test"}


def test_the_library_is_split_by_package(tmp_path: Path) -> None:
    lines = ["path,group"] + [f"songs/{package}/{i}.ogg,{package}" for package in
                              ("zaz-data", "xmoto-data", "pushover-data") for i in range(30)]  # fmt: skip
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    found = tables.of_library(tmp_path / "manifest.csv")
    assert [sum(song.group == group for song in found) for group in ("zaz-data", "xmoto-data")] == [20, 20]
    assert {(song.style, song.split) for song in found} == {("ambient", "valid"), ("electronic", "test")}
    assert found == tables.of_library(tmp_path / "manifest.csv")
    (tmp_path / "twice.csv").write_text("package,style,split\nzaz-data,ambient,train\nzaz-data,ambient,test\n")
    with pytest.raises(UsageError, match="names a package twice"):
        tables.of_library(tmp_path / "manifest.csv", tmp_path / "twice.csv")
    (tmp_path / "apart.csv").write_text("path,label,group,split\na.wav,x,one,train\nb.wav,x,one,test\n")
    with pytest.raises(UsageError, match="one is in two splits, train and test"):
        tables.read(tmp_path / "apart.csv")


def test_no_soundfont_of_the_test_and_none_of_the_other_grooves_is_heard_in_training() -> None:
    files = [file for own in songs.table().values() for file in own]
    assert len(set(files)) == len(files)
    for split in ("test", "other"):
        assert not {font.path for font in songs.FONTS["train"]} & {font.path for font in songs.FONTS[split]}
    for style in songs.styles():
        assert len(songs.table()[style, "train"]) >= 2 <= len(songs.table()[style, "other"])
    assert all(songs.grooves(file)[1] for file in files)
    assert not any(word in name.lower() for file in files for name in songs.grooves(file)[1]
                   for word in ("intro", "fill1", "endsus"))  # fmt: skip


def test_a_seed_gives_a_song() -> None:
    one, two = (songs.compose("waltz", "test", "7") for _ in range(2))
    assert one.shape == (30 * 44100,)
    assert 0.01 < np.sqrt(np.square(one).mean()) < np.abs(one).max() < 1
    np.testing.assert_array_equal(one, two)


def test_replaced_instruments_are_of_the_same_family() -> None:
    mido = pytest.importorskip("mido")
    file, track, changed = mido.MidiFile(), mido.MidiTrack(), 0
    track += [mido.Message("program_change", channel=channel, program=program) for channel, program in
              ((0, 25), (1, 33), (2, 48), (9, 16))]  # fmt: skip
    file.tracks.append(track)
    written = io.BytesIO()
    file.save(file=written)
    for seed in range(20):
        made = mido.MidiFile(file=io.BytesIO(songs.recast(written.getvalue(), random.Random(seed))))
        programs = [message.program for message in made.tracks[0] if message.type == "program_change"]
        assert [program // 8 for program in programs] == [3, 4, 6, 2]
        assert programs[3] == 16
        changed += programs != [25, 33, 48, 16]
    assert 5 < changed < 20


def test_the_plan_is_that_of_resnet34() -> None:
    full = ResNet(Plan(tuple(map(str, range(1000))), width=1.0, size=224))
    grey = 2 * 64 * 49  # weights of two colours less
    assert sum(weight.numel() for weight in full.parameters()) == 21797672 - grey
    assert len([part for part in full.modules() if isinstance(part, torch.nn.Conv2d)]) == 36
    assert full.eval()(torch.zeros(1, 300, 128)).shape == (1, 1000)
    assert {"layer4.2.conv2.weight", "layer2.0.downsample.1.running_var", "fc.bias"} < set(full.state_dict())


def test_colour_weights_answer_grey_pictures_alike(tmp_path: Path) -> None:
    torch.manual_seed(1)
    given = ResNet(SMALL)
    state = {name: one for name, one in given.state_dict().items() if not name.startswith("fc.")}
    colour = torch.randn(4, 3, 7, 7)
    torch.save({**state, "conv1.weight": colour, "fc.weight": torch.zeros(1000, 32), "fc.bias": torch.zeros(1000)},
               tmp_path / "colour.pth")  # fmt: skip
    network = ResNet(SMALL)
    load_imagenet(network, tmp_path / "colour.pth")
    x = torch.rand(2, 1, 32, 32)
    np.testing.assert_allclose(
        network.conv1(x).detach(),
        torch.nn.functional.conv2d(x.expand(-1, 3, -1, -1), colour, stride=2, padding=3),
        atol=1e-4,
    )
    freeze(network)
    learning = {name.rpartition(".")[0] for name, one in network.named_parameters() if one.requires_grad}
    assert learning == set(UNFROZEN)
    torch.save({"other": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(UsageError, match="does not hold weights for this network"):
        load_imagenet(ResNet(SMALL), tmp_path / "other.pth")


def test_what_is_frozen_stays(tmp_path: Path) -> None:
    state = ResNet(SMALL).state_dict()
    torch.save({**state, "conv1.weight": torch.randn(4, 3, 7, 7)}, tmp_path / "colour.pth")
    recipe = training.Recipe(n_epochs=1, weights=str(tmp_path / "colour.pth"))
    run = training.Training(SMALL, recipe)
    before = {name: one.clone() for name, one in run.network.state_dict().items()}
    run.epoch(*planted())
    moved = {name.rpartition(".")[0] for name, one in run.network.state_dict().items() if not one.equal(before[name])}
    assert moved == set(UNFROZEN)


def test_training_learns_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    material, recipe = planted(160), training.Recipe(n_epochs=6, rate=3e-3)
    at_once = training.train(tmp_path / "at once", SMALL, recipe, material, material)
    stopped = training.Training(SMALL, recipe)
    (tmp_path / "resumed").mkdir()
    for number in range(2):
        loss = stopped.epoch(*material)
        stopped.history.append({**training.history(tmp_path / "at once")[number], "train_loss": round(loss, 5)})
        stopped.save(tmp_path / "resumed")
    resumed = training.train(tmp_path / "resumed", SMALL, recipe, material, material)
    np.testing.assert_array_equal(training.answers(at_once, material[0]), training.answers(resumed, material[0]))
    told = training.history(tmp_path / "resumed")
    assert [one["epoch"] for one in told] == [1, 2, 3, 4, 5, 6]
    assert told == training.history(tmp_path / "at once")
    assert max(one["valid_accuracy"] for one in told) > 0.8
    with pytest.raises(UsageError, match="another recipe"):
        training.train(tmp_path / "resumed", SMALL, training.Recipe(masked=False, rate=3e-3), material, material)


@pytest.mark.parametrize("views", [1, 4])
def test_only_the_masked_twin_sees_bars(views: int) -> None:
    values, classes = np.ones((24, 32, 32), np.float32), np.arange(24) % 2
    for masked in (True, False):
        recipe = training.Recipe(masked=masked, views=views, varied=views == 1)
        found = list(training.batches(values, classes, recipe, 0))
        assert sum(len(of) for _, of in found) == 24 * views
        assert all(len(of) <= 16 for _, of in found)
        with_bars = np.concatenate([(batch == 0).any(axis=(1, 2)) for batch, _ in found])
        share = float(with_bars.mean())
        assert share == 0 if not masked else share == 0.75 if views == 4 else 0.4 < share < 1


def test_a_picture_begins_elsewhere_at_another_level_and_equalised() -> None:
    spectra = pictures.FRONT_END(np.random.default_rng(0).normal(0, 0.1, (1, 8192)).astype(np.float32))[0] / WHITE
    spectra[3] = 0
    rng, found, bent = np.random.default_rng(0), set(), []
    for _ in range(20):
        shown = training.varied(spectra, rng)
        (black,) = np.flatnonzero(~shown.any(axis=1))
        found.add(int(black))
        back = np.roll(shown, 3 - black, axis=0)
        power, own = (10 ** (WHITE * one[np.arange(len(one)) != 3]) - 1 for one in (back, spectra))
        gains_db = 10 * np.log10(power / own)  # of frames and bands
        np.testing.assert_allclose(gains_db, np.broadcast_to(gains_db[0], gains_db.shape), atol=0.05)
        bent.append(np.ptp(gains_db[0]))
    assert len(found) > 5
    assert min(bent) > 1


def test_bars_change_a_network_that_looks_at_one_place() -> None:
    values, classes = planted()

    class Looks(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            bright = x[:, :, 3].mean(dim=1)
            return torch.stack([0.5 - bright, bright], dim=1)

    class Guesses(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return torch.tensor([[1.0, 0.0]]).repeat(len(x), 1)

    networks: Any = {"looks": Looks(), "guesses": Guesses()}
    found = judging.changed(networks, pictures.Pictures(values, np.arange(len(values))))
    assert not any(of.any() for of in found["guesses"].values())
    assert found["looks"]["bands"][classes == 1].mean() > 0.02
    assert not found["looks"]["time"].any()
    rates = judging.accuracies(np.eye(2)[classes], classes, ["a", "b"])
    assert str(rates[""]) == "1.00 (0.93–1.00)"


def test_bars_are_read_off_a_layer_that_shows_them() -> None:
    values = np.full((60, 32, 32), 0.5, np.float32)

    class Shows(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.all, self.none = torch.nn.Identity(), torch.nn.Identity()

        def forward(self, x: Any) -> Any:
            self.none(0 * x[:, None] + torch.rand(len(x), 1, 1, 1))
            return self.all(x[:, None]).mean(dim=(2, 3))

    torch.manual_seed(0)
    network: Any = Shows()
    right, moved = judging.inside(network, pictures.Pictures(values, np.arange(60)), "time", "all")
    assert right.shape == (60,)
    assert right.mean() > 0.9
    assert moved > 10
    right, _ = judging.inside(network, pictures.Pictures(values, np.arange(60)), "time", "none")
    assert 0.3 < right.mean() < 0.7


def test_a_model_can_be_read_and_differentiated() -> None:
    torch.manual_seed(0)
    model = models.model_of(ResNet(Plan(("a", "b", "c"), width=1 / 16)).eval())
    assert isinstance(model, Layered)
    assert isinstance(model, Differentiable)
    assert {"conv1", "layer4", "layer4.2.conv2", "fc"} < set(model.layers)
    features = model.front_end(clip())
    inside = model.activations(features, "layer4")
    assert inside.shape == (1, 32, 4, 4)
    np.testing.assert_allclose(model.at("layer4")(clip()), inside.mean(axis=(2, 3)), atol=1e-5)
    _, values, slopes = model.vjp(features, lambda out: np.eye(3, dtype=np.float32)[:1], wrt="layer4")
    np.testing.assert_allclose(values, inside, atol=1e-5)
    assert slopes.shape == inside.shape
    assert np.abs(slopes).max() > 0
    assert model.at("layer4").fingerprint != model.fingerprint


@pytest.mark.parametrize("name", models.about())
def test_committed_weights_answer_as_they_did(name: str) -> None:
    model, facts = load_model(f"examples.genre_classifier.models:{name}"), models.about()[name]
    assert model.spec == f"examples.genre_classifier.models:{name}"
    assert list(model.labels or ()) == facts["labels"]
    np.testing.assert_allclose(model(clip())[0], facts["answers"], atol=1e-4)
    assert (models.WEIGHTS / f"{name}.npz").stat().st_size < 6e6


def test_both_twins_are_committed() -> None:
    assert {"masked", "plain"} <= set(models.about())


def test_damaged_weights_are_refused(tmp_path: Path) -> None:
    network = ResNet(SMALL).eval()
    path = models.save(network, "small", {}, tmp_path)
    again = models.load("small", tmp_path)
    material = planted()[0]
    np.testing.assert_allclose(training.answers(again, material), training.answers(network, material), atol=1e-2)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CorruptError, match="damaged or was changed"):
        models.load("small", tmp_path)
    with pytest.raises(UsageError, match="there are small"):
        models.load("large", tmp_path)


def test_presets_and_what_is_said_beside_them() -> None:
    read = command.parser().parse_args
    assert command.asked(read(["out"])) == (training.Recipe(), 0.25, 112)
    founding = training.Recipe(n_epochs=50, rate=1e-4, views=4, varied=False, falling=False)
    assert command.asked(read(["out", "--founding"])) == (founding, 1.0, 224)
    recipe, width, size = command.asked(
        read(["out", "--founding", "--weights", "w.pth", "--epochs", "3", "--size", "64"])
    )
    assert (recipe.weights, recipe.n_epochs, width, size) == ("w.pth", 3, 1.0, 64)
    assert recipe.rate_in(0) == recipe.rate_in(2) == 1e-4
    falling = training.Recipe(n_epochs=4)
    assert [round(falling.rate_in(epoch), 6) for epoch in (0, 2)] == [1e-3, 5e-4]


def test_the_command_in_miniature(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng, lines = np.random.default_rng(0), ["path,group"]
    for split, packages in {"zaz": ("zaz-data", "singularity-music", "warzone2100-music"),
                            "xmoto": ("trackballs-data", "btanks-data", "xmoto-data")}.items():  # fmt: skip
        for package in packages:
            (tmp_path / "songs" / package).mkdir(parents=True)
            for number in range(3):
                hz = 300 if split == "zaz" else 5000
                tone = 0.3 * np.sin(2 * np.pi * hz * np.arange(44100) / 44100) + 0.01 * rng.normal(size=44100)
                soundfile.write(tmp_path / "songs" / package / f"{number}.wav", tone, 44100)
                lines.append(f"songs/{package}/{number}.wav,{package}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    given = [str(tmp_path / "out"), "--library", str(tmp_path), "--epochs", "2", "--width", "0.0625", "--size", "32"]
    assert command.main(given) == 0
    told = capsys.readouterr().out
    assert told.strip() == (tmp_path / "out" / "library" / "measured.md").read_text().strip()
    assert "*test* (another SoundFont, or other soundtracks): 6 songs; chance (the largest class) is 0.50" in told
    assert "| mean spectrum | 1.00" in told
    assert "plain less masked" in told
    assert "2 epochs, best in validation" in told
    assert command.main([*given[:2], str(tmp_path / "none"), *given[3:]]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_songs_with_bars_are_recordings(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 30 * 44100)
    lines = ["path,label,group,split"]
    for number in range(12):
        soundfile.write(tmp_path / f"{number}.wav", noise, 44100)
        lines.append(f"{number}.wav,{'ab'[number % 2]},{number},test")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    manifest = barred.write(tables.read(tmp_path / "manifest.csv"), tmp_path / "out", n_songs=5)
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["a"] * 5 + ["b"] * 5
    assert {row["bars"] for row in rows} == set(bars.KINDS)
    for row in rows:
        sound, _ = soundfile.read(manifest.parent / row["path"])
        assert bool(row["silent_s"]) == (row["bars"] in ("time", "both"))
        assert bool(row["hole"]) == (row["bars"] in ("bands", "both"))
        if row["silent_s"]:
            begin, end = (round(44100 * float(one)) for one in row["silent_s"].split("-"))
            power = np.square(sound)
            assert power[begin:end].mean() < 0.01 * power.mean()
            assert (end - begin) / 44100 <= 3.01
