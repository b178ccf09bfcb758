"""Training an embedding on a folder: it learns, goes on where it was killed, and writes a model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from audiolime_ext.audio.spectrogram import stft
from audiolime_ext.cli import main
from audiolime_ext.collection.indexing.making import make_index
from audiolime_ext.errors import CorruptError, MissingError, ModelError, OutputError, UsageError
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.stated import Stated
from audiolime_ext.progress.progress import Progress
from audiolime_ext.recommendation.similar import similar
from audiolime_ext.recommendation.training import exporting
from audiolime_ext.recommendation.training.checkpoint import read_checkpoint, write_checkpoint
from audiolime_ext.recommendation.training.network import embedded, info_nce, network, recall
from audiolime_ext.recommendation.training.pipeline import _notes, train_embedding
from audiolime_ext.recommendation.training.recipes import FOUNDING, PARTS, recipe_of
from audiolime_ext.recommendation.training.result import Point, TrainedEmbedding
from audiolime_ext.recommendation.training.spectra import N_MELS, N_SAMPLES, SR, WINDOW_S
from audiolime_ext.recommendation.why.pipeline import why
from examples.library import recipes
from tests.song_collection import song, write_song

N_SONGS = 8
TINY = replace(
    FOUNDING, name="tiny", batch=4, pair="two chunks", channels=(4, 8), n_features=16, scaled=True, best=True
)
ALTERED = replace(PARTS, name="altered", batch=4, channels=(4, 8), n_features=16)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collection") / "songs"
    for i in range(N_SONGS):
        write_song(folder / f"{i}.wav", song(i, duration_s=8.0))
    return folder


@pytest.fixture(scope="module")
def trained(songs: Path) -> TrainedEmbedding:
    return train_embedding(songs, output=songs.parent / "own.onnx", recipe=TINY, steps=20, progress=False)


def weights(path: Path) -> dict[str, Any]:
    return read_checkpoint(path / "checkpoint.safetensors")[0]


def test_it_is_a_model_at_once_that_hears_any_length_of_one_window(trained: TrainedEmbedding) -> None:
    model = load_model(f"onnx:{trained.path}")
    assert (model.sr, model.window_s, model.labels, model.n_channels) == (SR, WINDOW_S, None, 1)
    noise = np.random.default_rng(0).normal(0, 0.1, (3, 2 * N_SAMPLES)).astype(np.float32)
    for n_samples in (N_SAMPLES, N_SAMPLES + 1000, 2 * N_SAMPLES):
        found = np.asarray(model(noise[:, :n_samples]))
        assert found.shape == (3, 16)
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    again = load_model(f"onnx:{trained.path}")
    assert again.fingerprint == model.fingerprint


def test_the_file_says_what_it_is_in_a_format_that_old_runtimes_read(trained: TrainedEmbedding) -> None:
    model = onnx.load(trained.path)
    assert model.ir_version == 8
    assert [one.version for one in model.opset_import] == [17]
    onnx.checker.check_model(model)
    facts = Stated.of({entry.key: entry.value for entry in model.metadata_props})
    assert facts is not None
    assert (facts.sr, facts.window_s, facts.embedding) == (SR, WINDOW_S, True)
    assert (facts.about["recipe"], facts.about["songs"], facts.about["material"]) == ("tiny", 6, trained.material)


def test_what_the_graph_hears_is_what_its_description_says(trained: TrainedEmbedding) -> None:
    """The front end written out once more, by other means, and the network in PyTorch behind it."""
    import librosa

    wave = np.random.default_rng(3).normal(0, 0.1, N_SAMPLES).astype(np.float32) * np.linspace(
        0, 1, N_SAMPLES, dtype="f"
    )
    power = np.abs(stft(wave, n_fft=2048, hop_length=512)) ** 2
    mel = power @ librosa.filters.mel(sr=SR, n_fft=2048, n_mels=N_MELS).T
    shown = librosa.power_to_db(mel, ref=np.max, amin=1e-12, top_db=80.0).astype(np.float32)
    net = network(TINY, 0)
    state = {
        name.removeprefix("best."): value for name, value in weights(trained.run).items() if name.startswith("best.")
    }
    net.load_state_dict(state)
    ours = embedded(net, TINY, np.maximum(shown, -80)[None])
    theirs = np.asarray(load_model(trained.spec)(wave[None]))
    np.testing.assert_allclose(theirs, ours, atol=1e-4)


def test_songs_are_indexed_found_and_explained_by_it(trained: TrainedEmbedding, songs: Path) -> None:
    index = make_index(songs, trained.spec, index=songs.parent / "songs.index", workers=0, progress=False)
    assert index.vectors.shape == (N_SONGS, 16)
    assert index.labels is None
    found = similar("3.wav", index, k=3, progress=False)
    assert len(found.rows) == 3
    asked = why("3.wav", found.rows[0].song.path, index=index, factorization="hpss", progress=False)
    assert asked.score == pytest.approx(found.rows[0].similarity, abs=1e-3)
    assert {"harmonic", "percussive"} <= set(asked.leading.sources)


def test_a_training_tells_how_it_went(trained: TrainedEmbedding) -> None:
    assert [point.step for point in trained.history] == list(range(0, 21))
    assert trained.history[0].loss is None
    assert all(point.loss is not None and point.loss > 0 for point in trained.history[1:])
    assert trained.best.recall == max(point.recall for point in trained.history)
    told = trained.to_dict()
    assert json.loads((trained.run / "history.json").read_text()) == told
    assert (told["n_songs"], told["n_held_out"], told["chance"]) == (6, 2, 0.5)
    assert str(trained).startswith(
        f"onnx:{trained.path}: an embedding of 16 values, trained by the recipe tiny on 6 songs"
    )
    assert "untrained" in str(trained)
    assert len(trained.plot().axes) == 2


def test_a_killed_training_goes_on_to_the_same_weights(trained: TrainedEmbedding, songs: Path, tmp_path: Path) -> None:
    script = (
        "from tests.adapters.test_training import TINY, train_embedding\n"
        f"train_embedding({os.fspath(songs)!r}, output={os.fspath(tmp_path / 'own.onnx')!r}, recipe=TINY, steps=20,"
        " progress=False)"
    )
    checkpoint = tmp_path / "own.training" / "checkpoint.safetensors"
    for stop_at in (3, 11):
        running = subprocess.Popen([sys.executable, "-c", script])
        while running.poll() is None and _step(checkpoint) < stop_at:
            time.sleep(0.002)
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert stop_at <= _step(checkpoint) < 20
    assert not (tmp_path / "own.onnx").exists()
    again = train_embedding(songs, output=tmp_path / "own.onnx", recipe=TINY, steps=20, progress=False)
    ours, theirs = weights(again.run), weights(trained.run)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert (tmp_path / "own.onnx").read_bytes() == trained.path.read_bytes()
    assert [point.recall for point in again.history] == [point.recall for point in trained.history]


def _step(checkpoint: Path) -> int:
    return int(read_checkpoint(checkpoint)[1]["step"]) if checkpoint.exists() else 0


def test_ctrl_c_in_the_middle_leaves_what_goes_on(songs: Path, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(at: Progress) -> None:
        if at.stage == "training" and at.done >= 2:
            raise StopError

    asked: dict[str, Any] = {"output": tmp_path / "own.onnx", "recipe": ALTERED, "steps": 6, "seed": 3}
    with pytest.raises(StopError):
        train_embedding(songs, **asked, stems="bands:2", progress=stop)
    assert not any(path.name.endswith(".part") for path in tmp_path.rglob("*"))
    assert not (tmp_path / "own.onnx").exists()
    one = train_embedding(songs, **asked, stems="bands:2", progress=False)
    other = train_embedding(songs, **asked, stems="bands:2", run=tmp_path / "elsewhere", progress=False)
    assert all(torch.equal(value, weights(other.run)[name]) for name, value in weights(one.run).items())


def test_another_seed_gives_other_weights(trained: TrainedEmbedding, songs: Path, tmp_path: Path) -> None:
    other = train_embedding(songs, output=tmp_path / "own.onnx", recipe=TINY, steps=1, seed=1, progress=False)
    assert not torch.equal(*(weights(one.run)["network.conv0.weight"] for one in (trained, other)))


def test_no_steps_give_the_network_as_it_is_drawn(songs: Path, tmp_path: Path) -> None:
    found = train_embedding(songs, output=tmp_path / "own.onnx", recipe=TINY, steps=0, progress=False)
    assert [point.step for point in found.history] == [0]
    assert torch.equal(weights(found.run)["best.dense.weight"], network(TINY, 0).state_dict()["dense.weight"])
    assert len(found.plot().axes) == 1


def test_minutes_become_steps_that_are_told(songs: Path, tmp_path: Path) -> None:
    found = train_embedding(songs, output=tmp_path / "own.onnx", recipe=TINY, minutes=0.02, progress=False)
    assert 1 <= found.history[-1].step <= found.n_steps
    again = train_embedding(songs, output=tmp_path / "own.onnx", recipe=TINY, minutes=0.02, progress=False)
    assert again.history == found.history  # it was done


def test_a_run_of_something_else_is_not_gone_on_with(trained: TrainedEmbedding, songs: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"output": tmp_path / "own.onnx", "run": trained.run, "progress": False}
    with pytest.raises(UsageError, match=r"holds a training of something else \(seed 0, now 1\); name another folder"):
        train_embedding(songs, recipe=TINY, steps=20, seed=1, **asked)
    with pytest.raises(UsageError, match=r"recipe: batch 4, now 5"):
        train_embedding(songs, recipe=replace(TINY, batch=5), steps=20, **asked)
    with pytest.raises(UsageError, match=r"length: steps 20, now 30"):
        train_embedding(songs, recipe=TINY, steps=30, **asked)
    (more := tmp_path / "more").mkdir()
    for file in songs.iterdir():
        (more / file.name).symlink_to(file)
    write_song(more / "new.wav", song(99, duration_s=8.0))
    with pytest.raises(UsageError, match=r"something else \(other songs, or other parts of them\)"):
        train_embedding(more, recipe=TINY, steps=20, **asked)
    assert trained.path.exists()
    assert not (tmp_path / "own.onnx").exists()


def test_a_damaged_checkpoint_is_said(trained: TrainedEmbedding, songs: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    for content in (b"", b"nonsense", (trained.run / "checkpoint.safetensors").read_bytes()[:-100]):
        (run / "checkpoint.safetensors").write_bytes(content)
        with pytest.raises(CorruptError, match="damaged, or no checkpoint of a training"):
            train_embedding(songs, output=tmp_path / "own.onnx", recipe=TINY, steps=20, run=run, progress=False)
    tensors, state = read_checkpoint(trained.run / "checkpoint.safetensors")
    write_checkpoint(run / "checkpoint.safetensors", {}, state)
    with pytest.raises(CorruptError, match="no checkpoint of this run"):
        train_embedding(songs, output=tmp_path / "own.onnx", recipe=TINY, steps=20, run=run, progress=False)
    write_checkpoint(run / "checkpoint.safetensors", tensors, {"identity": "?"})
    with pytest.raises(UsageError, match="something else"):
        train_embedding(songs, output=tmp_path / "own.onnx", recipe=TINY, steps=20, run=run, progress=False)


def test_a_file_that_answers_otherwise_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "RANGE_DB", 60.0)  # as if the graph were wrong
    with pytest.raises(ModelError, match="answers otherwise than the network that was trained"):
        exporting.exported(network(TINY, 0), TINY, {})


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"output": "own.onnx", "recipe": "foundling"},
            UsageError,
            "unknown recipe 'foundling'; did you mean 'founding'",
        ),
        ({"output": "own.onnx", "recipe": replace(TINY, batch=1)}, UsageError, "needs a batch of 2 songs or more"),
        ({"output": "own.pt"}, UsageError, "end its name in .onnx"),
        ({"output": "nowhere/own.onnx"}, OutputError, "there is no folder"),
        ({"output": "own.onnx", "minutes": 1.0, "steps": 1}, UsageError, "minutes or steps, not both"),
        ({"output": "own.onnx", "minutes": 0.0}, UsageError, "minutes is 0.0; give a number above 0"),
        ({"output": "own.onnx", "steps": -1}, UsageError, "steps is -1"),
        ({"output": "own.onnx", "threads": 0}, UsageError, "threads is 0"),
        ({"output": "own.onnx", "seed": -1}, UsageError, "seed is -1"),
        ({"output": "own.onnx", "patience": 0}, UsageError, "patience is 0"),
        ({"output": "own.onnx", "middle_s": 0.0}, UsageError, "middle_s is 0.0"),
        ({"output": "own.onnx", "middle_s": 6.0}, UsageError, r"middle_s is 6.0; .* 6.1 or more \(two chunks"),
        ({"output": "own.onnx", "recipe": "founding", "stems": "hpss"}, UsageError, "founding does not use stems"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(
    songs: Path, tmp_path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    options = {**options, "output": tmp_path / options["output"]}
    with pytest.raises(error, match=message):
        train_embedding(songs, **options, progress=False)
    assert not list(tmp_path.iterdir())


def test_few_songs_are_refused_or_told(songs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    for i in range(3):
        write_song(folder / f"{i}.wav", song(i, duration_s=8.0))
    asked: dict[str, Any] = {"output": tmp_path / "own.onnx", "steps": 1, "progress": False}
    with pytest.raises(UsageError, match="trained on 4 songs or more"):
        train_embedding(folder, recipe=TINY, **asked)
    write_song(folder / "3.wav", song(3, duration_s=8.0))
    write_song(folder / "short.wav", song(4, duration_s=2.0))
    found = train_embedding(folder, recipe=replace(TINY, batch=6, stems=0.5), **asked)
    told = str(found)
    assert "1 song is left out: short.wav" in told.replace(f"{folder}/", "")
    assert "a batch holds 2 songs, as there are no more, in place of 6" in told
    assert "songs were not split" in told


def test_a_training_that_made_it_worse_says_so() -> None:
    history = [Point(0, None, 0.875), Point(4, 1.0, 0.6875)]
    run: Any = SimpleNamespace(best_step=4, step=4, history=history)
    told = _notes(recipe_of("founding"), False, 90, run)
    assert told == ["training made held-out recall lower (69%, untrained 88%), and this recipe keeps its last weights"]
    run.history = [Point(0, None, 0.5), history[1]]
    assert _notes(recipe_of("founding"), False, 90, run) == []


def test_without_pytorch_the_extra_is_named(songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingError, match=r"needs the package torch: pip install 'audiolime-ext\[training\]'"):
        train_embedding(songs, output=tmp_path / "own.onnx", progress=False)


def test_two_processes_do_not_train_in_one_folder(songs: Path, tmp_path: Path) -> None:
    from filelock import FileLock

    (run := tmp_path / "run").mkdir()
    with FileLock(run / "run.lock"), pytest.raises(UsageError, match="another process trains in"):
        train_embedding(songs, output=tmp_path / "own.onnx", run=run, recipe=TINY, steps=1, progress=False)


def test_threads_are_as_many_afterwards_as_before(songs: Path, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    train_embedding(songs, output=tmp_path / "own.onnx", recipe=TINY, steps=0, threads=before + 1, progress=False)
    assert torch.get_num_threads() == before


def test_the_loss_is_minus_the_log_of_the_share_of_the_own_partner() -> None:
    rng = np.random.default_rng(0)
    one, other = (torch.nn.functional.normalize(torch.from_numpy(rng.normal(size=(5, 7))), dim=1) for _ in range(2))
    near = np.exp(one.numpy() @ other.numpy().T / 0.1)
    rows = -np.log(np.diag(near) / near.sum(axis=1)).mean()
    columns = -np.log(np.diag(near) / near.sum(axis=0)).mean()
    assert float(info_nce(one, other, FOUNDING)) == pytest.approx(rows)
    assert float(info_nce(one, other, replace(FOUNDING, symmetric=True))) == pytest.approx((rows + columns) / 2)
    assert float(info_nce(one, one, FOUNDING)) < float(info_nce(one, other, FOUNDING))


def test_the_founding_network_is_as_it_was_published() -> None:
    found = network(recipe_of("founding"), 0)
    kinds = [type(layer).__name__ for layer in found.children()]
    assert kinds == [*["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d"] * 3, "AdaptiveAvgPool2d", "Flatten", "Linear"]
    shapes = [
        tuple(value.shape) for name, value in found.named_parameters() if name.endswith("weight") and value.ndim > 1
    ]
    assert shapes == [(32, 1, 3, 3), (64, 32, 3, 3), (128, 64, 3, 3), (128, 128)]


def test_equal_embeddings_find_nothing() -> None:
    same = np.ones((6, 2), np.float32)
    assert recall(same, same, 2) == 0
    assert recall(np.full((6, 2), np.nan, np.float32), same, 2) == 0


def test_the_command_trains_and_tells(songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "own.onnx")
    asked = ["train-embedding", str(songs), "--recipe", "founding", "--steps", "1", "--run", str(tmp_path / "run")]
    assert main([*asked, "-o", out]) == 0
    assert capsys.readouterr().out.startswith(f"onnx:{out}: an embedding of 128 values, trained by the recipe founding")
    assert main([*asked, "-o", out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["model"] == f"onnx:{out}"
    assert main(["train-embedding", str(songs), "--recipe", "other", "-o", out]) == 2


def test_recipes_are_compared_on_soundtracks_that_were_not_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["path,label,group"]
    for i in range(24):
        write_song(tmp_path / "songs" / f"{i}.wav", song(i, duration_s=7.0))
        lines.append(f"songs/{i}.wav,,soundtrack {i % 8}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    (out := tmp_path / "out").mkdir()
    asked = ["recipes", str(tmp_path), "--kept", str(tmp_path / "kept"), "--out", str(out), "--seconds", "0.01"]
    monkeypatch.setattr(sys, "argv", [*asked, "--only", "0"])
    recipes.main()
    assert "4 songs to train on, 2 of the same soundtracks held out, 6 judged" in capsys.readouterr().out
    rows = (out / "recipes.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["recipe", "chance", "mean log-mel", "untrained", "founding"]
    recipes.main()
    assert (out / "recipes.csv").read_text().splitlines() == rows  # what is there is not made again
    assert (out / "recipes.md").read_text().count("\n| ") == 5
