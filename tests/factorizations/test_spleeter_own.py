"""Models that somebody trained with Spleeter: which layouts are read, and what is said of all others."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from audiolime_ext.audio.recording import Audio
from audiolime_ext.cli import main
from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.registry import build
from factorizations import spleeter
from factorizations.spleeter import SR, make
from factorizations.spleeter_network import SpleeterConfig
from tests.random_checkpoints import NARROW, configuration, write_checkpoint

CONFIG = SpleeterConfig(("voice", "rest"), n_bins=1280, down="ReLU", up="LeakyReLU", filters=NARROW)
NOISE = Audio(np.random.default_rng(0).normal(0, 0.1, (2, SR)).astype(np.float32), SR)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with a configuration and two checkpoints, the newer of which TensorFlow's note names."""
    folder = tmp_path / "own"
    write_checkpoint(folder / "checkpoints", CONFIG, name="model.ckpt-10", seed=10)
    write_checkpoint(folder / "checkpoints", CONFIG, name="model.ckpt-20", seed=20)
    (folder / "own.json").write_text(configuration(CONFIG, model_dir="checkpoints"))
    return folder


def test_its_configuration_says_which_network_it_is(own: Path) -> None:
    separator = make(str(own))
    assert separator.config == CONFIG
    stems = separator.factorize(NOISE, start_s=0.2, duration_s=0.5)
    assert stems.names == ("voice", "rest", "residual")
    np.testing.assert_allclose(stems.mixture, NOISE.excerpt(0.2, 0.5).samples, atol=1e-6)


def test_a_spec_builds_it_again_from_the_folder_or_from_the_configuration(own: Path) -> None:
    for path in (own, own / "own.json"):
        built = build("factorization", f"spleeter:{path}")
        assert built.spec == f"spleeter:{path}"
        assert built.fingerprint == make(str(own)).fingerprint


def test_a_folder_called_as_a_variant_is_meant_by_its_path(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.rename(own.parent / "2stems").parent)
    assert make("./2stems").config == CONFIG
    assert make("2stems").config == spleeter.CONFIGS["2stems"]


@pytest.mark.parametrize("elsewhere", ["/home/somebody/models/", r"C:\\models\\", ""])
def test_the_newest_checkpoint_is_the_one_that_is_noted_wherever_it_was_trained(own: Path, elsewhere: str) -> None:
    note = own / "checkpoints" / "checkpoint"
    newer = make(str(own)).fingerprint
    note.write_text(f'model_checkpoint_path: "{elsewhere}model.ckpt-10"\n')
    older = make(str(own)).fingerprint
    assert newer != older
    for path in (own / "checkpoints").glob("model.ckpt-20*"):
        path.unlink()
    note.unlink()
    assert make(str(own)).fingerprint == older


@pytest.mark.parametrize(
    ("params", "down", "up"),
    [
        ({}, "LeakyReLU", "ReLU"),
        ({"conv_activation": "ELU", "deconv_activation": "ELU"}, "ELU", "ELU"),
        ({"conv_activation": "ReLU", "deconv_activation": "LeakyReLU"}, "ReLU", "LeakyReLU"),
        ({"conv_activation": "swish", "deconv_activation": "swish"}, "LeakyReLU", "ReLU"),
    ],
)
def test_activations_are_named_as_the_package_takes_them(own: Path, params: dict[str, str], down: str, up: str) -> None:
    model = {"type": "unet.softmax_unet", "params": {**params, "conv_n_filters": NARROW}}
    (own / "own.json").write_text(configuration(CONFIG, model_dir="checkpoints", model=model))
    config = make(str(own)).config
    assert (config.down, config.up, config.softmax) == (down, up, True)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"frame_length": 2048}, r"own\.json says 'frame_length': 2048; only models with 4096 can be used"),
        ({"T": 256}, "says 'T': 256; only models with 512"),
        ({"mask_extension": "average"}, "says 'mask_extension': 'average'; only models with 'zeros'"),
        ({"sample_rate": None}, "says 'sample_rate': None; only models with 44100"),
        ({"model": {"type": "blstm.blstm"}}, r"unknown type of model in .*'blstm\.blstm'.*unet\.unet, unet\.softmax"),
        ({"model": "unet.unet"}, "it and its 'model' must be JSON objects"),
        ({"model": {"params": {"conv_n_filters": [16, 32]}}}, r"says 'conv_n_filters': \[16, 32\]; it must be 6 whole"),
        ({"model": {"params": {"conv_n_filters": 16}}}, "says 'conv_n_filters': 16; it must be 6 whole"),
        ({"model": {"params": ["ELU"]}}, r"says 'params': \['ELU'\]; it must be a JSON object"),
        ({"instrument_list": "vocals"}, "says 'instrument_list': 'vocals'; it must be a list of different names"),
        ({"instrument_list": ["vocals", "vocals"]}, "it must be a list of different names"),
        ({"instrument_list": ["vocals", "residual"]}, "it must be a list of different names, without 'residual'"),
        ({"instrument_list": []}, "it must be a list of different names"),
        ({"F": 1000}, "says 'F': 1000; it must be a multiple of 64 up to 2048"),
        ({"F": None}, "says 'F': None; it must be"),
        ({"model_dir": "elsewhere"}, r"own.elsewhere is not a folder; 'model_dir' in .*own\.json must name the one"),
        ({"model_dir": None}, "says 'model_dir': None; it must name the folder"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_wrong_usage(own: Path, said: dict[str, object], message: str) -> None:
    whole = json.loads(configuration(CONFIG, model_dir="checkpoints"))
    (own / "own.json").write_text(json.dumps({**whole, **said}))
    with pytest.raises(UsageError, match=message):
        make(str(own))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"cannot read .*own\.json as a configuration"),
        ("[]", "must be JSON objects"),
        ("[" * 100_000, r"cannot read .*own\.json as a configuration .*it is nested too deeply"),
    ],
)
def test_what_is_no_configuration_is_wrong_usage(own: Path, content: str, message: str) -> None:
    (own / "own.json").write_text(content)
    with pytest.raises(UsageError, match=message):
        make(str(own))


@pytest.mark.skipif(sys.platform == "win32", reason="devices and pipes of POSIX")
def test_only_regular_files_are_read(own: Path) -> None:
    (own / "own.json").unlink()
    (own / "own.json").symlink_to("/dev/zero")
    with pytest.raises(
        UsageError, match=r"cannot read .*own\.json as a configuration of Spleeter in JSON: it is a device"
    ):
        make(str(own))


def test_a_folder_without_or_with_several_configurations_or_checkpoints_is_wrong_usage(own: Path) -> None:
    shutil.copy(own / "own.json", own / "second.json")
    with pytest.raises(
        UsageError, match=r"must hold one configuration of Spleeter \(\*\.json\), not own\.json, second"
    ):
        make(str(own))
    for path in own.glob("*.json"):
        path.rename(path.with_suffix(".txt"))
    with pytest.raises(UsageError, match=r"must hold one configuration of Spleeter \(\*\.json\), not none"):
        make(str(own))
    with pytest.raises(UsageError, match="nowhere is not a folder"):
        make(str(own / "nowhere"))
    (own / "own.txt").rename(own / "own.json")
    (own / "checkpoints" / "checkpoint").unlink()
    with pytest.raises(
        UsageError, match=r"must hold one checkpoint.*found model\.ckpt-10\.index, model\.ckpt-20\.index"
    ):
        make(str(own))


def test_a_checkpoint_of_another_architecture_is_refused(own: Path) -> None:
    third = SpleeterConfig((*CONFIG.instruments, "third"), filters=NARROW)
    for other, message in {
        third: "'conv2d_14/kernel' is absent, not",
        SpleeterConfig(
            CONFIG.instruments[:1], filters=NARROW
        ): r"'batch_normalization_12/beta' is \(2,\) float32, not absent",
        SpleeterConfig(CONFIG.instruments): r"'conv2d/kernel' is \(5, 5, 2, 2\) float32, not \(5, 5, 2, 16\) float32",
    }.items():
        (own / "own.json").write_text(configuration(other, model_dir="checkpoints"))
        with pytest.raises(
            CorruptError, match=rf"the checkpoint of .*own is of another architecture: {message}"
        ) as found:
            make(str(own))
        assert found.value.exit_code == 3


def test_a_damaged_checkpoint_is_refused(own: Path) -> None:
    data = own / "checkpoints" / "model.ckpt-20.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:100])
    with pytest.raises(CorruptError, match=r"model\.ckpt-20\.data-00000-of-00001 ends before tensor"):
        make(str(own))
    data.unlink()
    with pytest.raises(CorruptError, match=r"cannot read .*model\.ckpt-20\.data-00000-of-00001: No such file"):
        make(str(own))


def test_the_command_answers_with_one_line_and_the_exit_code(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    NOISE.write(tmp_path / "noise.wav")
    command = ["separate", str(tmp_path / "noise.wav"), "-o", str(tmp_path / "stems"), "-f"]
    assert main([*command, f"spleeter:{own}"]) == 0
    assert {path.name for path in (tmp_path / "stems").rglob("*.wav")} == {"voice.wav", "rest.wav", "residual.wav"}
    (own / "own.json").write_text(configuration(SpleeterConfig(("a", "b")), model_dir="checkpoints"))
    capsys.readouterr()
    for spec, code in {f"spleeter:{own}": 3, f"spleeter:{own}/checkpoints": 2, "spleeter:6stems": 2}.items():
        assert main([*command, spec]) == code
        out, err = capsys.readouterr()
        (line,) = err.splitlines()
        assert line.startswith("audiolime: error: ")
        assert out == ""
