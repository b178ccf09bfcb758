"""PyTorch networks that are at hand, of five kinds, against what they answer when they are called by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from audiolime_ext import explain, explain_track, load_model, tag, tagger
from audiolime_ext.cache import identity
from audiolime_ext.errors import ModelError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.prediction import front_end as front_ends
from audiolime_ext.prediction.contract import Model
from tests.adapters.suite import (
    test_a_windows_scores_are_those_of_the_same_excerpt_alone,
    test_it_does_not_change_its_argument_and_repeats_itself,
    test_signals_of_a_batch_do_not_influence_each_other,
    test_silence_is_heard_as_something_finite,
)
from tests.shown_lines import run_shown

__all__ = [
    "test_a_windows_scores_are_those_of_the_same_excerpt_alone",
    "test_it_does_not_change_its_argument_and_repeats_itself",
    "test_signals_of_a_batch_do_not_influence_each_other",
    "test_silence_is_heard_as_something_finite",
]

torch = require("torch", extra="torch")
nn = torch.nn
Module: Any = nn.Module

SR, LABELS = 8000, ["rock", "jazz", "hum"]
SONG = (np.random.default_rng(1).normal(0, 0.1, 2 * SR).astype(np.float32), SR)
BATCH = np.random.default_rng(2).normal(0, 0.1, (3, SR)).astype(np.float32)
PUT = {"sr=16000": f"sr={SR}", "[…]": str(LABELS)}


class WaveCNN(Module):  # type: ignore[misc]
    """Waveforms with an axis for the channel, (n, 1, n_samples)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv1d(1, 8, 64, 16), nn.BatchNorm1d(8)
        self.dropout, self.output = nn.Dropout(), nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return torch.sigmoid(self.output(self.dropout(self.norm(self.conv(x)).relu()).mean(-1)))


class Mel(Module):  # type: ignore[misc]
    """A front end as torchaudio's: buffers, no weights, a rate."""

    def __init__(self) -> None:
        super().__init__()
        self.sample_rate = SR
        self.register_buffer("window", torch.hann_window(256), persistent=False)
        self.register_buffer("bands", torch.rand(129, 20, generator=torch.Generator().manual_seed(0)))

    def forward(self, x: Any) -> Any:
        power = torch.stft(x, 256, 128, window=self.window, return_complex=True).abs() ** 2
        return (power.transpose(1, 2) @ self.bands).transpose(1, 2).log1p()


class MelCNN(Module):  # type: ignore[misc]
    """Spectra with an axis for the channel, (n, 1, n_mels, n_frames)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.output = nn.Conv2d(1, 8, 3), nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return torch.sigmoid(self.output(self.conv(x).relu().mean((-1, -2))))


class Whole(Module):  # type: ignore[misc]
    """The same with the front end inside."""

    def __init__(self) -> None:
        super().__init__()
        self.mel, self.net = Mel(), MelCNN()

    def forward(self, x: Any) -> Any:
        return self.net(self.mel(x)[:, None])


class CRNN(Module):  # type: ignore[misc]
    """Scores and the last states."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gru, self.output = nn.Conv1d(1, 8, 64, 32), nn.GRU(8, 8, 2, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        frames, states = self.gru(self.conv(x[:, None]).transpose(1, 2))
        return torch.sigmoid(self.output(frames.mean(1))), states


class TwoInputs(Module):  # type: ignore[misc]
    """The sound and a tempo."""

    def __init__(self) -> None:
        super().__init__()
        self.net = WaveCNN()

    def forward(self, wave: Any, tempo: Any, scale: float = 1.0) -> Any:
        assert wave.shape[:1] == tempo.shape, "a tempo for each signal"
        return self.net(wave[:, None]) * torch.sigmoid(tempo)[:, None] * scale


def transformer() -> Any:
    """Wav2vec 2.0 with two layers, random weights, named classes."""
    transformers = require("transformers", extra="huggingface")
    config = transformers.Wav2Vec2Config(
        **{"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16},
        **{"conv_dim": (8, 8), "conv_stride": (16, 8), "conv_kernel": (32, 16), "num_feat_extract_layers": 2},
        **{"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2, "classifier_proj_size": 8},
        id2label=dict(enumerate(LABELS)),
    )
    return transformers.Wav2Vec2ForSequenceClassification(config)


def by_hand(net: Any, given: Any) -> Any:
    with torch.no_grad():
        return copy.deepcopy(net).eval()(given)


KINDS: dict[str, tuple[Callable[[], Any], dict[str, Any], Callable[[Any, Any], Any]]] = {
    "1-D CNN": (WaveCNN, {}, lambda net, x: by_hand(net, x[:, None])),
    "log-mel CNN": (Whole, {}, by_hand),
    "log-mel CNN, front end outside": (MelCNN, {"front_end": Mel()}, lambda net, x: by_hand(net, Mel()(x)[:, None])),
    "CRNN with states": (CRNN, {"output": 0}, lambda net, x: by_hand(net, x)[0]),
    "transformer": (
        transformer,
        {"output": "logits", "activation": "softmax"},
        lambda net, x: by_hand(net, x).logits.softmax(-1),
    ),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> tuple[Any, dict[str, Any], Callable[[Any, Any], Any]]:
    """A network in training mode, the options that it needs, and how it is called by hand."""
    torch.manual_seed(0)
    make, options, called = KINDS[request.param]
    return make().train(), options, called


@pytest.fixture(scope="module")
def listener(kind: tuple[Any, dict[str, Any], Any]) -> Model:
    net, options, _ = kind
    return tagger(net, sr=SR, labels=LABELS, window_s=1.0, **options)


def test_scores_are_those_of_the_network_called_by_hand(kind: tuple[Any, dict[str, Any], Any], listener: Model) -> None:
    net, _, called = kind
    np.testing.assert_allclose(listener(BATCH), called(net, torch.from_numpy(BATCH)), atol=1e-6)


def test_an_explanation_is_of_those_scores_and_leaves_the_network_as_it_was(
    kind: tuple[Any, dict[str, Any], Any], listener: Model
) -> None:
    net, _, called = kind
    next(net.children()).eval()  # a part that its owner has frozen
    modes, state = [part.training for part in net.modules()], torch.get_rng_state()
    weights = copy.deepcopy(net.state_dict())
    found = explain(SONG, listener, factorization="hpss", start_s=0.0, labels=LABELS)
    heard = torch.from_numpy(SONG[0][None, :SR])
    np.testing.assert_allclose(found.neighborhood.full, called(net, heard)[0], atol=1e-5)
    assert [part.training for part in net.modules()] == modes
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(held, weights[name]) for name, held in net.state_dict().items())
    assert all(one.grad is None and one.requires_grad and not one.is_inference() for one in net.parameters())


def test_a_network_can_go_on_training_afterwards() -> None:
    class Cached(Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.output, self.table = nn.LazyLinear(3), None

        def forward(self, x: Any) -> Any:
            self.table = torch.linspace(0, 1, x.shape[1]) if self.table is None else self.table
            return self.output(x * self.table)

    net = Cached()
    tag(SONG, tagger(net, sr=SR, window_s=1.0))
    net(torch.from_numpy(BATCH)).sum().backward()
    assert net.output.weight.grad is not None


def test_the_network_itself_is_a_model_everywhere() -> None:
    net = WaveCNN()
    net.labels = LABELS
    assert explain(SONG, net, factorization="hpss").all_labels == tuple(LABELS)
    assert tag(SONG, net).labels == tuple(LABELS)
    assert explain_track(SONG, net, factorization="hpss", cache=False).all_labels == tuple(LABELS)
    assert load_model(net, sr=4000, batch_size=2).batch_size == 2


def test_labels_of_a_transformer_are_its_own_unless_they_are_made_up() -> None:
    net = transformer()
    assert tagger(net, sr=SR).labels == tuple(LABELS)
    net.config.id2label = {0: "LABEL_0", 1: "LABEL_1", 2: "LABEL_2"}
    assert tagger(net, sr=SR).labels is None


def test_the_rate_is_what_was_said_or_what_a_part_says_or_the_recordings_own_and_is_told() -> None:
    stated = "the model was asked at 8000 Hz, which is what net.mel.sample_rate says"
    assert tagger(Whole()).sr == SR
    assert stated in explain(SONG, Whole(), factorization="hpss").notes
    assert stated in tag(SONG, Whole()).notes
    assert stated in explain_track(SONG, Whole(), factorization="hpss", cache=False).notes
    assert tagger(MelCNN(), front_end=Mel()).sr == SR
    other = tagger(Whole(), sr=4000)
    assert (other.sr, "although net.mel.sample_rate is 8000" in other.notes[0]) == (4000, True)
    own = "the model was asked at the recording's own rate, 8000 Hz; if it was trained at another, say so: sr="
    assert any(own in note for note in explain(SONG, WaveCNN(), factorization="hpss").notes)
    assert not any("was asked at" in note for note in explain(SONG, WaveCNN(), factorization="hpss", sr=SR).notes)


def test_a_front_end_that_says_where_its_bands_lie_still_says_so() -> None:
    given: Any = tagger(MelCNN(), sr=SR, front_end="log-mel:256,128,20").front_end
    assert isinstance(given, front_ends.Mel)
    assert (given.sr, given.n_fft, given.hop_length, given.n_mels) == (SR, 256, 128, 20)
    assert not isinstance(tagger(MelCNN(), sr=SR, front_end=lambda x: x).front_end, front_ends.Mel)


@pytest.mark.parametrize("front_end", [lambda x: np.log1p(np.abs(x)), lambda x: x.abs().log1p(), nn.Hardtanh()])
def test_a_front_end_is_a_function_of_arrays_or_of_tensors_or_a_module(front_end: Any) -> None:
    net = WaveCNN()
    given = torch.from_numpy(BATCH)
    made = front_end(given) if isinstance(front_end, Module) else given.abs().log1p()
    expected = by_hand(net, made[:, None])
    np.testing.assert_allclose(tagger(net, sr=SR, front_end=front_end)(BATCH), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_it_is_given_the_precision_of_its_weights(dtype: Any) -> None:
    net = WaveCNN().to(dtype)
    expected = by_hand(net, torch.from_numpy(BATCH)[:, None].to(dtype)).double()
    np.testing.assert_allclose(tag((BATCH[0], SR), tagger(net, sr=SR)).scores, expected[:1], atol=1e-2)
    assert {one.dtype for one in net.parameters()} == {dtype}


def test_a_single_signal_is_no_signal_without_an_axis_for_the_batch() -> None:
    net = nn.Sequential(nn.Conv1d(1, 8, 64, 16), nn.AdaptiveAvgPool1d(1), nn.Flatten(-2), nn.Linear(8, 3))
    np.testing.assert_allclose(
        tagger(net, sr=SR)(BATCH[:1]), by_hand(net, torch.from_numpy(BATCH[:1, None])), atol=1e-6
    )


def test_the_fingerprint_follows_weights_attributes_options_and_code() -> None:
    net = WaveCNN()
    model = tagger(net, sr=SR, labels=LABELS)
    first = model.fingerprint
    assert tagger(copy.deepcopy(net), sr=SR, labels=LABELS).fingerprint == first
    found = [first, tagger(net, sr=4000, labels=LABELS).fingerprint, tagger(net, sr=SR, fill="repeat").fingerprint]
    with torch.no_grad():
        net.output.bias[0] += 1e-6  # less than the rounding of answers to a probe
    found.append(model.fingerprint)
    net.conv.scale = 2
    found.append(model.fingerprint)
    net.forward = lambda x: WaveCNN.forward(net, x) / 2  # type: ignore[method-assign]
    found.append(tagger(net, sr=SR, labels=LABELS).fingerprint)
    assert len(set(found)) == len(found)
    assert None not in found


def test_answers_are_kept_where_all_that_they_follow_from_is_known() -> None:
    assert identity(tagger(WaveCNN(), sr=SR)) is not None
    assert identity(tagger(MelCNN(), sr=SR, front_end=Mel(), activation="softmax")) is not None
    assert identity(tagger(MelCNN(), sr=SR, front_end=lambda x: Mel()(x))) is None  # its code may change


def test_a_network_that_takes_no_waveforms_asks_for_a_front_end_and_the_lines_shown_work() -> None:
    with pytest.raises(ModelError, match=r"network MelCNN cannot hear waveforms.*in its part 'conv', a Conv2d") as e:
        explain(SONG, MelCNN(), factorization="hpss")
    assert run_shown(e.value, SONG, {"net": MelCNN(), "mel": Mel()}, PUT | {"spectrogram": "mel"}).n_evals == 4


def test_a_network_of_one_length_asks_for_its_window_and_the_lines_shown_work() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Linear(SR, 3))
    with pytest.raises(ModelError, match=f"it takes {SR} samples of each signal") as e:
        explain(SONG, net, factorization="hpss")
    assert run_shown(e.value, SONG, {"net": net}, PUT | {"/ 16000": f"/ {SR}"}).components.duration_s == 1.0


@pytest.mark.parametrize(("options", "n"), [({"sr": SR, "window_s": 0.001}, "8 samples"), ({"sr": 1}, "2 samples")])
def test_signals_that_are_too_short_are_told_as_such_and_the_lines_shown_work(options: dict[str, Any], n: str) -> None:
    complaint = rf"cannot hear signals of {n} \(in its part 'conv', .*Kernel size: \(64\).*give it longer windows"
    with pytest.raises(ModelError, match=complaint) as e:
        tag(SONG, tagger(WaveCNN(), **options))
    put = PUT | {"window_s=3.0": "window_s=1.0"}
    assert run_shown(e.value, SONG, {"net": WaveCNN()}, put).labels[0] in LABELS


def test_spectra_that_are_too_short_are_told_as_such() -> None:
    complaint = r"front_end makes of waveforms, shape \(3, 20, 1\).*give it longer windows.*or make more bands"
    with pytest.raises(ModelError, match=complaint):
        tagger(MelCNN(), sr=SR, front_end=lambda x: Mel()(torch.as_tensor(x))[..., :1])(BATCH)


def test_a_wrong_front_end_is_told_as_such() -> None:
    with pytest.raises(
        ModelError, match=r"what front_end makes of waveforms, shape \(3, 3, 5\).*must give what .*; now \(3, 3, 5\):"
    ):
        tagger(WaveCNN(), sr=SR, front_end=lambda x: x[:, None, :5].repeat(3, 1))(BATCH)


@pytest.mark.parametrize(
    ("front_end", "complaint"),
    [
        (lambda x: None, r"the front end <lambda> answered None; it must answer an array \(n_batch, …\)"),
        (lambda x: (x, x), "the front end <lambda> answered a tuple of 2; it must"),
        (lambda x: [x[0], x[1, :5]], "the front end <lambda> answered a list of 2; it must"),
        (
            lambda x: x[:, 0] + {},
            r"the front end <lambda> raised TypeError when given a float32 array of shape \(3, 8000\)",
        ),
        (nn.Linear(5, 5), r"the front end Linear raised RuntimeError when given .*: mat1 and mat2 shapes"),
    ],
)
def test_a_front_end_that_fails_is_named_and_not_the_network(front_end: Any, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        tagger(WaveCNN(), sr=SR, front_end=front_end)(BATCH)


@pytest.mark.parametrize("activation", [torch.sigmoid, nn.Sigmoid(), lambda x: x.sigmoid(), "sigmoid"])
def test_an_activation_is_a_function_of_arrays_or_of_tensors_or_a_module(activation: Any) -> None:
    net = WaveCNN()
    expected = by_hand(net, torch.from_numpy(BATCH)[:, None]).sigmoid()
    np.testing.assert_allclose(tagger(net, sr=SR, activation=activation)(BATCH), expected, atol=1e-6)


def test_an_activation_that_fails_is_named_and_not_the_network() -> None:
    with pytest.raises(
        ModelError, match=r"the activation Linear raised RuntimeError .*given NumPy arrays \(n_batch, n_l"
    ):
        tagger(WaveCNN(), sr=SR, activation=nn.Linear(5, 5))(BATCH)
    with pytest.raises(ModelError, match=r"the activation sigmoid raised TypeError .*must be Tensor"):
        tagger(lambda batch: batch[:, :3], sr=SR, activation=torch.sigmoid)(BATCH)


def test_states_beside_the_scores_are_named_and_the_lines_shown_work() -> None:
    with pytest.raises(ModelError, match=r"the network CRNN answered a tuple of 2 outputs: 0 .*\(2, .*, 8\)\)") as e:
        explain(SONG, CRNN(), factorization="hpss")
    assert run_shown(e.value, SONG, {"net": CRNN()}, PUT).labels[0] in LABELS


def test_outputs_of_a_transformer_are_named_and_the_lines_shown_work() -> None:
    with pytest.raises(ModelError, match=r"'logits' .*of logits, activation softmax or sigmoid") as e:
        explain(SONG, transformer(), factorization="hpss")
    assert run_shown(e.value, SONG, {"net": transformer()}, PUT).labels[0] in LABELS


def test_a_second_input_is_asked_for_and_the_lines_shown_work() -> None:
    with pytest.raises(
        UsageError, match=r"network TwoInputs takes 2 inputs \(wave, tempo\), and one of them.*eval\(\) stays"
    ) as e:
        explain(SONG, TwoInputs(), factorization="hpss")
    own = {"net": TwoInputs(), "torch": torch, "tempo": torch.tensor(0.5)}
    assert run_shown(e.value, SONG, own, PUT).labels[0] in LABELS


def test_weights_alone_are_no_network() -> None:
    with pytest.raises(
        UsageError, match=r"got a mapping \(OrderedDict\); load it into the network first, net\.load_state_dict\(…\):"
    ) as e:
        tagger(WaveCNN().state_dict(), sr=SR)
    assert run_shown(e.value, SONG, {"net": WaveCNN()}, PUT).labels[0] in LABELS


def test_a_class_is_no_network() -> None:
    with pytest.raises(UsageError, match=r"this is a class: give an object of it, such as WaveCNN\(\)"):
        tagger(WaveCNN)


def test_a_function_of_a_network_in_training_mode_is_refused_and_the_network_itself_is_not() -> None:
    torch.manual_seed(0)  # one network in fifty differs by less than is refused
    net = WaveCNN().train()
    with pytest.raises(ModelError, match=r"depends on what else is in the batch.*or give the network itself") as e:
        explain(SONG, tagger(lambda b: net(torch.from_numpy(b[:, None])), sr=SR), factorization="hpss")
    assert run_shown(e.value, SONG, {"net": net}, PUT).checks.noise.alike
