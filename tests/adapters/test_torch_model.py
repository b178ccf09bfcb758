"""PyTorch models, scripted and exported, as taggers: against what PyTorch itself answers."""

from __future__ import annotations

import os
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext.errors import CorruptError, MissingError, ModelError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.prediction.capabilities import Layered
from audiolime_ext.prediction.contract import Model
from audiolime_ext.prediction.front_end import LogMel
from audiolime_ext.prediction.loading import load_model
from audiolime_ext.prediction.outputs import as_array
from audiolime_ext.registry import build
from tests.adapters.suite import *  # noqa: F403 - the suite of all taggers, on the listener below

torch = require("torch", extra="torch")

SR, LABELS = 8000, "rock;jazz;hum"
NOISE = np.random.default_rng(1).normal(0, 0.1, (3, SR)).astype(np.float32)


def network(seed: int = 0, *, n_channels: int = 1, logits: bool = False) -> Any:
    """A small network, on waveforms or (`n_channels` mel bands) on spectra."""
    torch.manual_seed(seed)
    nn = torch.nn
    first = nn.Unflatten(1, (1, -1)) if n_channels == 1 else Transposed()
    body = [nn.Conv1d(n_channels, 4, 9), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(), nn.AdaptiveAvgPool1d(1)]
    return nn.Sequential(first, *body, nn.Flatten(), nn.Linear(4, 3), *([] if logits else [nn.Sigmoid()])).eval()


Module: Any = torch.nn.Module


class Transposed(Module):  # type: ignore[misc]
    def forward(self, x: Any) -> Any:
        return x.transpose(1, 2)


def scripted(folder: Path, model: Any, name: str = "model.pt") -> Path:
    torch.jit.trace(model, torch.zeros(2, SR)).save(folder / name)
    return folder / name


def exported(folder: Path, model: Any, example: Any = None, dynamic: Any = "all", name: str = "model.pt2") -> Path:
    auto = torch.export.Dim.AUTO
    example = torch.zeros(2, SR) if example is None else example
    program = torch.export.export(
        model, (example,), dynamic_shapes=({0: auto, 1: auto},) if dynamic == "all" else dynamic
    )
    torch.export.save(program, folder / name)
    return folder / name


def spec(path: Path, more: str = "", labels: str = LABELS) -> str:
    return f"torch:{path}?sr={SR}&labels={labels}{more}"


def expected(model: Any, batch: np.ndarray = NOISE) -> np.ndarray:
    with torch.no_grad():
        return np.asarray(model(torch.from_numpy(batch)))


@pytest.fixture(scope="module", params=["scripted", "exported", "exported for one second", "log-mel"])
def listener(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp("torch")
    match request.param:
        case "scripted":
            return load_model(spec(scripted(folder, network()), "&window_s=1&hop_s=0.5"))
        case "exported":
            return load_model(spec(exported(folder, network())))
        case "exported for one second":
            return load_model(spec(exported(folder, network(), torch.zeros(1, SR), None)))
    path = exported(folder, network(n_channels=20), torch.zeros(2, 50, 20))
    return load_model(spec(path, "&front_end=log-mel:256,128,20&window_s=1"))


@pytest.mark.parametrize("save", [scripted, exported])
def test_it_answers_what_pytorch_answers(tmp_path: Path, save: Any) -> None:
    made = build("model", spec(save(tmp_path, network())))
    np.testing.assert_allclose(made(NOISE), expected(network()), atol=1e-5)
    assert made.labels == ("rock", "jazz", "hum")
    assert (made.sr, made.window_s) == (SR, None)


def test_logits_become_probabilities(tmp_path: Path) -> None:
    path = scripted(tmp_path, network(logits=True))
    logits = torch.from_numpy(expected(network(logits=True)))
    for name in ("softmax", "sigmoid"):
        wanted = getattr(torch, name)(logits, **({"dim": 1} if name == "softmax" else {}))
        np.testing.assert_allclose(build("model", spec(path, f"&activation={name}"))(NOISE), wanted, atol=1e-5)


def test_a_log_mel_front_end_feeds_it(tmp_path: Path) -> None:
    model = network(n_channels=20)
    path = exported(tmp_path, model, torch.zeros(2, 50, 20))
    made = build("model", spec(path, "&front_end=log-mel:256,128,20"))
    np.testing.assert_allclose(made(NOISE), expected(model, LogMel(SR, 256, 128, 20)(NOISE)), atol=1e-5)
    with pytest.raises(UsageError, match=r"shape \(any, any, 20\).*declare another front_end"):
        build("model", spec(path, "&front_end=log-mel:256,128,30"))
    with pytest.raises(UsageError, match=r"is given \(n_batch, n_samples\); declare its front_end"):
        build("model", spec(path))


def test_a_length_that_was_exported_is_the_window(tmp_path: Path) -> None:
    path = exported(tmp_path, network(), torch.zeros(1, SR // 2), None)
    made = build("model", spec(path))
    assert made.window_s == 0.5
    np.testing.assert_allclose(made(NOISE[:, : SR // 2]), expected(network(), NOISE[:, : SR // 2]), atol=1e-5)
    with pytest.raises(UsageError, match=r"takes 4000 samples, but window_s=1 at 8000 Hz is 8000"):
        build("model", spec(path, "&window_s=1"))


def test_a_batch_that_was_exported_as_fixed_is_refused(tmp_path: Path) -> None:
    path = exported(tmp_path, network(), torch.zeros(2, SR), None)
    with pytest.raises(UsageError, match=r"batches of exactly 2; export it with dynamic_shapes"):
        build("model", spec(path))


def test_wrong_labels_are_told_with_both_numbers(tmp_path: Path) -> None:
    path = scripted(tmp_path, network())
    with pytest.raises(UsageError, match=r"has 3 outputs, but labels names 2 \(rock, jazz\)"):
        build("model", spec(path, labels="rock;jazz"))


def test_a_window_that_it_cannot_hear_is_told(tmp_path: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(100, 3), torch.nn.Sigmoid())
    torch.jit.trace(model, torch.zeros(1, 100)).save(tmp_path / "short.pt")
    with pytest.raises(UsageError, match=r"cannot hear 1 s at 8000 Hz .*window_s=…"):
        build("model", spec(tmp_path / "short.pt"))
    assert build("model", spec(tmp_path / "short.pt", "&window_s=0.0125")).window_s == 0.0125


class Rows(Module):  # type: ignore[misc]
    """A network that cuts signals into rows of seven samples: it holds for some lengths only."""

    def forward(self, x: Any) -> Any:
        return x.unflatten(1, (-1, 7)).mean(1)[:, :3]


def test_conditions_on_the_length_that_an_export_wrote_down_are_told_as_such(tmp_path: Path) -> None:
    path = exported(tmp_path, Rows(), torch.zeros(2, 7 * 100))
    with pytest.raises(UsageError, match=r"conditions on the size of its input, which 2 × 8000 does not meet") as told:
        build("model", spec(path))
    assert "dynamic_shapes=({0: torch.export.Dim.AUTO},)" in str(told.value)
    assert "front_end" not in str(told.value)
    path = exported(tmp_path, Rows(), torch.zeros(2, 7 * 100), ({0: torch.export.Dim.AUTO},))
    assert build("model", spec(path)).window_s == 7 * 100 / SR


class BandsFirst(Module):  # type: ignore[misc]
    """The usual network of spectra (n_batch, 1, n_mels, n_frames)."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.Linear(4 * 20, 3)

    def forward(self, x: Any) -> Any:
        return self.last(self.first(x).mean(-1).flatten(1))


def test_a_network_of_bands_by_frames_is_told_both_errors_and_to_swap_them(tmp_path: Path) -> None:
    path = tmp_path / "bands.pt"
    torch.jit.trace(BandsFirst().eval(), torch.zeros(2, 1, 20, 61)).save(path)
    complaint = r"3-dimensional input of size .*with an axis for the channel in second place .*swaps them itself"
    with pytest.raises(UsageError, match=complaint):
        build("model", spec(path, "&front_end=log-mel:256,128,20"))
    swapping = torch.nn.Sequential(Swapped(), BandsFirst()).eval()
    torch.jit.trace(swapping, torch.zeros(2, 1, 61, 20)).save(path)
    assert build("model", spec(path, "&front_end=log-mel:256,128,20"))(NOISE).shape == (3, 3)


class Swapped(Module):  # type: ignore[misc]
    def forward(self, x: Any) -> Any:
        return x.transpose(-1, -2)


def test_that_torchscript_is_deprecated_is_not_told_whoever_runs_it(tmp_path: Path) -> None:
    path = scripted(tmp_path, network())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build("model", spec(path))


class Headed(Module):  # type: ignore[misc]
    """Answers more than the scores."""

    def __init__(self, as_tuple: bool) -> None:
        super().__init__()
        self.body, self.as_tuple = network(), as_tuple

    def forward(self, x: Any) -> Any:
        scores = self.body(x)
        return (scores * 0, scores) if self.as_tuple else {"embedding": x, "scores": scores}


@pytest.mark.parametrize(("as_tuple", "listed", "wanted"), [(False, "'embedding'", "scores"), (True, "0", "1")])
def test_of_a_dict_or_a_tuple_one_output_is_chosen(tmp_path: Path, as_tuple: bool, listed: str, wanted: str) -> None:
    torch.jit.trace(Headed(as_tuple).eval(), torch.zeros(2, SR), strict=False).save(tmp_path / "two.pt")
    with pytest.raises(ModelError, match=rf"a (dict|tuple) of 2 outputs: {listed} \(an array.*; say which .* output="):
        build("model", spec(tmp_path / "two.pt"))
    with pytest.raises(ModelError, match=r"has no output 'other'; it answered"):
        build("model", spec(tmp_path / "two.pt", "&output=other"))
    made = build("model", spec(tmp_path / "two.pt", f"&output={wanted}"))
    np.testing.assert_allclose(made(NOISE), expected(network()), atol=1e-5)
    with pytest.raises(ModelError, match=r"one output: leave out output='scores'"):
        build("model", spec(scripted(tmp_path, network()), "&output=scores"))


def test_answers_with_a_gradient_and_in_a_precision_that_numpy_lacks_are_taken() -> None:
    values = torch.ones(2, 2, dtype=torch.bfloat16, requires_grad=True)
    np.testing.assert_array_equal(as_array(values), np.ones((2, 2)))


@pytest.mark.parametrize("save", [torch.jit.trace, torch.jit.script, torch.export.export])
@pytest.mark.parametrize("channel", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-6), (torch.float16, 2e-3)])
def test_other_precisions_and_an_axis_for_the_channel_are_borne(
    tmp_path: Path, save: Any, channel: bool, dtype: Any, tolerance: float
) -> None:
    whole = network()
    model = (torch.nn.Sequential(*list(whole)[1:]) if channel else whole).eval().to(dtype)  # without nn.Unflatten
    example = torch.zeros(2, 1, SR, dtype=dtype) if channel else torch.zeros(2, SR, dtype=dtype)
    if save is torch.export.export:
        auto = torch.export.Dim.AUTO
        shapes = ({0: auto, 2: auto} if channel else {0: auto, 1: auto},)
        torch.export.save(save(model, (example,), dynamic_shapes=shapes), tmp_path / "model.pt2")
    else:
        (save(model, example) if save is torch.jit.trace else save(model)).save(tmp_path / "model.pt2")
    made = build("model", spec(tmp_path / "model.pt2"))
    assert made.window_s is None
    np.testing.assert_allclose(made(NOISE), expected(network()), atol=tolerance)


def test_a_model_in_training_mode_is_refused(tmp_path: Path) -> None:
    training = network().train()
    torch.jit.trace(training, torch.zeros(2, SR), check_trace=False).save(tmp_path / "training.pt")
    with pytest.raises(UsageError, match=r"training mode"):
        build("model", spec(tmp_path / "training.pt"))


@pytest.mark.parametrize("save", [scripted, exported])
def test_the_fingerprint_notices_retraining_and_options_but_not_a_move(tmp_path: Path, save: Any) -> None:
    before = build("model", spec(save(tmp_path, network())))
    again = build("model", spec(tmp_path / before.spec.partition("?")[0].rpartition("/")[2], "&threads=1"))
    moved = Path(before.spec.partition("?")[0].removeprefix("torch:")).rename(tmp_path / "elsewhere")
    elsewhere, louder = build("model", spec(moved)), build("model", spec(moved, "&activation=sigmoid"))
    after = build("model", spec(save(tmp_path, network(seed=1))))
    assert before.fingerprint == again.fingerprint == elsewhere.fingerprint
    assert len({before.fingerprint, after.fingerprint, louder.fingerprint}) == 3


# --- layers --------------------------------------------------------------------------------------------------------


def inner(path: Path, layer: str, more: str = "") -> str:
    return f"torch:{path}?sr={SR}&layer={layer}{more}"


def by_hand(model: Any, n_modules: int) -> np.ndarray:
    """What the first modules of the network answer."""
    return expected(model[:n_modules])


def test_a_node_of_an_exported_program_is_the_networks_own_tensor(tmp_path: Path) -> None:
    path, model = exported(tmp_path, network()), network()
    scores = load_model(spec(path))
    assert isinstance(scores, Layered)
    assert {"conv1d", "relu", "linear", "sigmoid"} <= set(scores.layers)
    logits = load_model(inner(path, "linear"))(NOISE)
    np.testing.assert_allclose(logits, by_hand(model, 8), atol=1e-5)
    assert np.abs(logits - by_hand(model, 9)).max() > 0.01
    rectified = load_model(inner(path, "relu", "&channels=first"))(NOISE)
    np.testing.assert_allclose(rectified, by_hand(model, 4).mean(axis=2), atol=1e-5)
    convolved = scores.activations(NOISE, "conv1d")
    np.testing.assert_allclose(convolved, by_hand(model, 2), atol=1e-5)
    assert convolved.shape == (3, 4, SR - 8)


class InPlace(Module):  # type: ignore[misc]
    """Changes what a layer answered after it was answered."""

    def forward(self, x: Any) -> Any:
        once = x[:, :3] * 2
        return once.add_(100)


def test_what_a_later_node_changes_in_place_is_read_as_it_was(tmp_path: Path) -> None:
    path = exported(tmp_path, InPlace())
    np.testing.assert_allclose(load_model(inner(path, "mul"))(NOISE), 2 * NOISE[:, :3], atol=1e-5)
    np.testing.assert_allclose(load_model(inner(path, "add_"))(NOISE), 100 + 2 * NOISE[:, :3], atol=1e-5)


@pytest.mark.parametrize("save", [torch.jit.trace, torch.jit.script])
def test_a_module_of_a_scripted_sequence_is_the_networks_own_tensor(tmp_path: Path, save: Any) -> None:
    model = network()
    nested = torch.nn.Sequential(model[0], torch.nn.Sequential(*model[1:4]), *model[4:]).eval()
    made = save(nested, torch.zeros(2, SR)) if save is torch.jit.trace else save(nested)
    made.save(tmp_path / "model.pt")
    path = tmp_path / "model.pt"
    scores = load_model(spec(path))
    assert isinstance(scores, Layered)
    assert list(scores.layers) == ["0", "1.0", "1.1", "1.2", "2", "3", "4", "5", "6"]
    rectified = load_model(inner(path, "1.2", "&channels=first"))
    np.testing.assert_allclose(rectified(NOISE), by_hand(model, 4).mean(axis=2), atol=1e-5)
    whole = load_model(inner(path, "1", "&channels=first"))
    np.testing.assert_array_equal(whole(NOISE), rectified(NOISE))
    assert whole.fingerprint == rectified.fingerprint
    assert np.abs(load_model(inner(path, "1.1", "&channels=first"))(NOISE) - whole(NOISE)).max() > 0.01
    np.testing.assert_allclose(load_model(inner(path, "5"))(NOISE), by_hand(model, 8), atol=1e-5)


InTurn: Any = torch.nn.Sequential


class Sequential(InTurn):  # type: ignore[misc]
    """Is called as the real one, but does not call its modules in turn."""

    def forward(self, x: Any) -> Any:
        return super().forward(x) * 0.5


class Wrapped(Module):  # type: ignore[misc]
    """A network connected by code."""

    def __init__(self, body: Any) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Any) -> Any:
        return self.body(x) + 0


@pytest.mark.parametrize("model", [Wrapped(network()), Sequential(*network())])
def test_a_scripted_model_whose_inside_is_not_shown_is_refused(tmp_path: Path, model: Any) -> None:
    path = scripted(tmp_path, model.eval())
    assert not isinstance(load_model(spec(path)), Layered)
    with pytest.raises(UsageError, match=r"layers of .*model\.pt cannot be read: .*torch\.export.* name a node"):
        load_model(inner(path, "0"))


def test_unknown_layers_are_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown layer 'relu_1'; did you mean 'relu'"):
        load_model(inner(exported(tmp_path, network()), "relu_1"))
    with pytest.raises(UsageError, match=r"unknown layer 'relu' \(allowed: 0, 1, 2, 3, 4, 5, 6, 7, 8\)"):
        load_model(inner(scripted(tmp_path, network()), "relu"))


def test_threads_are_as_before_afterwards(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    build("model", spec(scripted(tmp_path, network()), f"&threads={before + 1}"))(NOISE)
    assert torch.get_num_threads() == before


class Harm:
    """An object whose unpickling does something."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("legacy", [False, True])
def test_pickles_are_refused_and_not_run(tmp_path: Path, legacy: bool) -> None:
    path, harm = tmp_path / "model.pt", tmp_path / "harm"
    torch.save(Harm(harm), path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(UsageError, match=r"pickled Python objects.*torch\.export\.save"):
        build("model", spec(path))
    with pytest.raises(UsageError, match=r"pickled Python objects.*torch\.load\('model\.pt', .*-m my_models:model"):
        build("model", f"torch:{path}?sr=8000")  # its labels would be of no use
    assert not harm.exists()


def test_pickles_within_an_exported_program_are_refused_and_not_run(tmp_path: Path) -> None:
    path, harm = exported(tmp_path, network()), tmp_path / "harm"
    torch.save(Harm(harm), tmp_path / "harm.pt")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    inputs = next(name for name in members if "sample_inputs" in name)
    config = next(name for name in members if name.endswith("weights_config.json"))
    wrong = [
        {inputs: (tmp_path / "harm.pt").read_bytes()},
        {config: members[config].replace(b'"use_pickle": false', b'"use_pickle": true')},
        {config: members[config].replace(b'"weight_0"', b'"opaque_obj_0"')},
    ]
    for changed in wrong:
        with zipfile.ZipFile(tmp_path / "wrong.pt2", "w", zipfile.ZIP_STORED) as archive:
            for name, content in {**members, **changed}.items():
                archive.writestr(name, content)
        with pytest.raises(UsageError, match=r"pickled Python objects"):
            build("model", spec(tmp_path / "wrong.pt2"))
    assert not harm.exists()


@pytest.mark.parametrize("save", [scripted, exported])
def test_damaged_and_missing_files_are_told(tmp_path: Path, save: Any) -> None:
    path = save(tmp_path, network())
    content = bytearray(path.read_bytes())
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(CorruptError, match=r"is damaged"):
        build("model", spec(path))
    with pytest.raises(MissingError, match=r"there is no model at"):
        build("model", spec(tmp_path / "none.pt"))
