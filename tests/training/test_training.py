"""Training in miniature: the loss falls, a run can be interrupted, and what is exported is what was trained."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiolime_ext.audio.recording import Audio
from examples.cerberus import losses
from examples.cerberus.batches import Mixer, songs
from examples.cerberus.export import to_onnx
from examples.cerberus.network import Cerberus, Config
from examples.cerberus.train import SIZES, Training, factor
from factorizations.cerberus import CerberusFactorization

ROOT = Path(__file__).parents[2]


def command(*words: str | Path) -> str:
    line = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def train(run: Path, data: Path, steps: int) -> list[dict[str, float]]:
    shape = ("--size", "smoke", "--batch", "4", "--duration-s", "2", "--every", "20", "--rate", "0.01")
    command("examples.cerberus.train", run, "--data", data, "--steps", str(steps), *shape)
    with (run / "curves.csv").open(newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, float]]]:
    """80 steps of the smallest network without a pause."""
    folder = tmp_path_factory.mktemp("run")
    return folder, train(folder, data, 80)


def test_every_loss_falls(run: tuple[Path, list[dict[str, float]]]) -> None:
    _, curves = run
    for head in ("separation", "notes", "onsets", "hits", "clustering"):
        assert curves[-1][f"train_{head}"] < curves[0][f"train_{head}"], head
    assert (run[0] / "curves.png").stat().st_size > 5000


def test_an_interrupted_run_ends_like_one_without_a_pause(
    run: tuple[Path, list[dict[str, float]]], data: Path, tmp_path: Path
) -> None:
    train(tmp_path, data, 40)
    again = train(tmp_path, data, 80)
    timeless = [{name: value for name, value in row.items() if name != "times_real_time"} for row in again]
    whole = [{name: value for name, value in row.items() if name != "times_real_time"} for row in run[1]]
    assert [list(row) for row in timeless] == [list(row) for row in whole]
    for mine, other in zip(timeless, whole, strict=True):
        assert mine == pytest.approx(other, rel=1e-3, abs=1e-3)
    one, two = (torch.load(path / "checkpoint.pt", weights_only=True)["mean"] for path in (tmp_path, run[0]))
    for name, values in one.items():
        torch.testing.assert_close(values, two[name], rtol=1e-3, atol=1e-4)


def test_the_command_line_exports_what_the_separator_reads(
    run: tuple[Path, list[dict[str, float]]], tmp_path: Path
) -> None:
    path = tmp_path / "own.onnx"
    command("examples.cerberus.export", run[0], path, "--results", "trained on tones")
    separator = CerberusFactorization(path)
    assert separator.instruments == ("piano", "guitar", "bass", "drums")
    assert separator.notes == ("cerberus is experimental: trained on tones",)
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 16000)).astype(np.float32)
    assert separator.factorize(Audio(noise, 16000)).samples.shape == (5, 1, 16000)


@pytest.mark.parametrize(("half", "tolerance"), [(False, 1e-4), (True, 1e-3)])
@pytest.mark.parametrize("size", ["smoke", "both", "paper"])
def test_the_exported_network_answers_like_the_trained_one(size: str, half: bool, tolerance: float) -> None:
    torch.manual_seed(0)
    network = Cerberus(SIZES[size]).eval()
    for values in network.parameters():
        values.data *= 1.5  # answers that are far from undecided
    model = to_onnx(network, {"format": "test"}, half=half)
    import onnxruntime

    runtime = onnxruntime.InferenceSession(model.SerializeToString())
    spectrum = torch.randn(2, 50, 769, 2)
    with torch.no_grad():
        out = network(spectrum)
    expected = [out.masks, out.notes.sigmoid(), out.onsets.sigmoid(), out.hits.sigmoid()]
    for found, wanted in zip(runtime.run(None, {"spectrum": spectrum.numpy()}), expected, strict=True):
        np.testing.assert_allclose(found, wanted.numpy(), atol=tolerance)


def test_batches_are_numbered(data: Path) -> None:
    def mixer(seed: int) -> Mixer:
        return Mixer(songs(data / "train"), SIZES["smoke"], n_batch=2, duration_s=2.0, seed=seed)

    one, two, other = mixer(0).batch(3), mixer(0).batch(3), mixer(1).batch(3)
    assert torch.equal(one.spectra, two.spectra)
    assert not torch.equal(one.spectra, other.spectra)
    stream = mixer(0).stream(first=2)
    next(stream)
    assert torch.equal(next(stream).spectra, one.spectra)


def test_notes_lie_where_they_sound(data: Path) -> None:
    mixer = Mixer(songs(data / "valid"), Config(), n_batch=1, duration_s=4.0, seed=0, augment=False)
    batch = mixer.batch(0)
    frame_hz = 16000 / 1536
    for frame in range(10, 100):
        for source in range(3):
            keys = torch.nonzero(batch.notes[0, frame, source]).ravel()
            if len(keys) != 1 or batch.notes[0, frame - 3 : frame + 4, source, keys[0]].sum() < 7:
                continue
            loudest = batch.spectra[0, source, frame].square().sum(-1).argmax() * frame_hz
            assert loudest == pytest.approx(440 * 2 ** ((int(keys[0]) + 21 - 69) / 12), abs=frame_hz)


def test_fit_knows_sdr_and_energies() -> None:
    torch.manual_seed(0)
    targets = torch.randn(1, 2, 40, 30, 2)
    mixture = targets.sum(dim=1)
    ones = losses.fit(torch.ones(1, 2, 40, 30), targets, mixture)
    assert float(ones.si_sdr[0, 0]) == pytest.approx(0.0, abs=0.5)  # two sources of the same level
    assert float(ones.error[0, 0]) == pytest.approx(0.5, abs=0.05)
    alone = losses.fit(torch.ones(1, 1, 40, 30) * 0.3, targets[:, :1], targets[:, 0])
    assert float(alone.si_sdr[0, 0]) == pytest.approx(30, abs=0.1)  # the floor: scale does not matter
    assert float(alone.error[0, 0]) == pytest.approx(0.49, abs=1e-3)


def test_a_silent_source_has_a_loss_but_no_decibels() -> None:
    targets = torch.zeros(1, 1, 4, 5, 2)
    mixture = torch.randn(1, 4, 5, 2)
    quiet, loud = (losses.fit(torch.full((1, 1, 4, 5), gain), targets, mixture) for gain in (0.0, 0.5))
    assert not quiet.sounds.any()
    assert float(losses.separation(quiet)) == pytest.approx(0, abs=1e-6)
    assert float(losses.separation(loud)) == pytest.approx(10 * 0.25, rel=1e-4)


def test_deep_clustering_is_zero_for_perfect_embeddings() -> None:
    torch.manual_seed(0)
    owner = torch.randint(0, 3, (1, 6, 7))
    targets = torch.nn.functional.one_hot(owner, 3).permute(0, 3, 1, 2).float()
    loudness = torch.rand(1, 6, 7) + 0.1
    perfect = torch.nn.functional.one_hot(owner, 3).float()
    random = torch.nn.functional.normalize(torch.randn(1, 6, 7, 3), dim=-1)
    assert float(losses.deep_clustering(perfect, targets, loudness)) == pytest.approx(0, abs=0.01)
    assert float(losses.deep_clustering(random, targets, loudness)) > 0.5


def test_the_learning_rate_rises_stays_and_falls() -> None:
    rates = [factor(step, steps=1000, decay=100) for step in range(1000)]
    assert rates[0] == pytest.approx(0.01)
    assert set(rates[100:900]) == {1.0}
    assert rates[-1] == pytest.approx(0.01)


def test_a_checkpoint_is_never_half_written(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = Training(SIZES["smoke"], seed=0, rate=1e-3, device="cpu")
    training.save(tmp_path / "checkpoint.pt")
    before = (tmp_path / "checkpoint.pt").read_bytes()

    def interrupted(state: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        training.save(tmp_path / "checkpoint.pt")
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_without_songs_the_command_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples.cerberus.train", str(tmp_path / "run"), "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "examples.cerberus.dataset" in done.stderr
