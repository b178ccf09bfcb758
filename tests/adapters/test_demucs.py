"""Demucs, with random weights in the package's own form: against what the package itself separates."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, load_audio
from audiolime_ext.cli import main
from audiolime_ext.errors import CorruptError, MissingError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.registry import build
from factorizations.demucs import REPOSITORIES, DemucsFactorization
from tests.adapters.separators import *  # noqa: F403 - the suite of all factorizations, on the one below
from tests.factorizations.test_every import FORMS

torch = require("torch", extra="demucs")
apply, htdemucs, hdemucs, demucs, hf = (
    require(f"demucs.{name}", extra="demucs") for name in ("apply", "htdemucs", "hdemucs", "demucs", "hf")
)
save_file = require("safetensors.torch", extra="demucs").save_file
constants = require("huggingface_hub.constants", extra="demucs")

FOUR = ["drums", "bass", "other", "vocals"]
SMALL: dict[str, Any] = {"channels": 8, "bottom_channels": 0, "t_layers": 1, "t_heads": 2, "dconv_depth": 1}


def network(seed: int = 0, sources: list[str] = FOUR, segment: Any = Fraction(39, 10), kind: str = "ht") -> Any:
    torch.manual_seed(seed)
    if kind == "ht":
        return htdemucs.HTDemucs(sources, segment=segment, **SMALL).eval()
    if kind == "time":  # one of those in mdx
        return demucs.Demucs(sources, channels=8, depth=4, segment=segment).eval()
    return hdemucs.HDemucs(sources, channels=8, segment=segment).eval()


def said(value: Any) -> Any:
    """How the package's files write the arguments of a network."""
    return {"_type": "fraction", "numerator": value.numerator, "denominator": value.denominator}


def saved(folder: Path, bag: str, models: dict[str, Any], more: str = "", klass: str | None = None) -> Path:
    """A bag of networks as the package keeps it on the hub."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in models.items():
        args, kwargs = model._init_args_kwargs
        kind = f"{type(model).__module__}.{type(model).__name__}"
        about = {"klass": klass or kind, "args": json.dumps(args), "kwargs": json.dumps(kwargs, default=said)}
        state = {key: tensor.contiguous() for key, tensor in model.state_dict().items()}
        save_file(state, folder / f"{name}.safetensors", metadata=about)
    (folder / f"{bag}.yaml").write_text(f"models: [{', '.join(repr(name) for name in models)}]\n{more}")
    return folder / f"{bag}.yaml"


CASES = [*(("one network", form) for form in FORMS), ("two networks", "stereo-48000")]  # they share rates and channels


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A kind of bag and the form of the song."""
    kind, form = request.param
    return kind, form


@pytest.fixture(scope="module")
def factorization(case: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Factorization:
    folder, models = tmp_path_factory.mktemp("demucs"), {"a": network()}
    if case[0] == "two networks":
        models["b"] = network(1, segment=3, kind="hybrid")
    more = "weights: [[1., 0., 0.5, 1.], [0., 1., 0.5, 1.]]" if len(models) > 1 else ""
    separator: Factorization = build("factorization", f"demucs:{saved(folder, 'own', models, more)}")
    return separator


def genuine(bag: Any, audio: Audio) -> Any:
    """What `demucs.api.Separator` does, without its random shifts."""
    wave = torch.from_numpy(np.array(np.broadcast_to(audio.samples, (2, audio.n_samples))))
    reference = wave.mean(0)
    mean, spread = reference.mean(), reference.std() + 1e-8
    return (apply.apply_model(bag, ((wave - mean) / spread)[None], shifts=0, overlap=0.25)[0] * spread + mean).numpy()


@pytest.mark.parametrize("kinds", [("ht",), ("hybrid",), ("time",), ("ht", "hybrid")])
@pytest.mark.parametrize("seconds", [20.0, 7.3, 0.2])
def test_stems_are_those_of_the_package(ezer_ev: Path, kinds: tuple[str, ...], seconds: float) -> None:
    song = load_audio(ezer_ev).excerpt(0.0, min(seconds, load_audio(ezer_ev).duration_s))
    models = [network(i, segment=3 + i, kind=kind) for i, kind in enumerate(kinds)]
    bag = apply.BagOfModels(models, [[1.0, 2.0, 0.5, 1.0], [1.0, 0.0, 0.5, 2.0]][: len(models)])
    expected, found = genuine(bag, song), DemucsFactorization(bag).factorize(song)
    assert found.names == (*FOUR, "residual")
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found.samples[:4], expected, atol=2e-5 * np.abs(expected).max())


def test_the_same_check_notices_another_network(ezer_ev: Path) -> None:
    song = load_audio(ezer_ev).excerpt(0.0, 4.0)
    expected = genuine(apply.BagOfModels([network(1)]), song)
    found = DemucsFactorization(apply.BagOfModels([network(0)])).factorize(song).samples[:4]
    assert np.abs(found - expected).max() > 0.1 * np.abs(expected).max()


def test_pytorch_and_the_network_are_left_as_they_were(ezer_ev: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, mha, during = network(), torch.backends.mha, []
    separator = DemucsFactorization(apply.BagOfModels([model]))
    song = load_audio(ezer_ev).excerpt(0.0, 1.0)

    def state() -> tuple[bool, int]:
        return mha.get_fastpath_enabled(), sum(len(each._forward_hooks) for each in model.modules())

    def failing(*_: Any, **__: Any) -> Any:
        during.append(state())
        raise RuntimeError("out of memory")

    before = state()
    separator.factorize(song)
    assert state() == before == (True, 0)
    monkeypatch.setattr(apply, "apply_model", failing)
    with pytest.raises(RuntimeError, match="out of memory"):
        separator.factorize(song)
    assert during == [(False, len(model.decoder) + len(model.tdecoder))]
    assert state() == before


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the hub that no network adds to."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    return tmp_path


def test_published_models_are_found_in_the_cache_of_the_hub(hub: Path) -> None:
    six = [*FOUR, "guitar", "piano"]
    home = hub / f"models--{hf.DEFAULT_NAMESPACE}--{hf.hf_repo_name('htdemucs_6s')}"
    saved(home / "snapshots" / "abc", "htdemucs_6s", {"5c90dfd2": network(sources=six)})
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("abc")
    separator = build("factorization", "demucs:htdemucs_6s")
    assert separator.spec == "demucs:htdemucs_6s"
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, (1, 22050)).astype(np.float32), 22050)
    assert separator.factorize(noise).names == (*six, "residual")


def test_the_repositories_are_those_of_the_package() -> None:
    assert {name: f"{hf.DEFAULT_NAMESPACE}/{hf.hf_repo_name(name)}" for name in REPOSITORIES} == REPOSITORIES


def test_list_says_whether_weights_are_at_hand(hub: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def row() -> tuple[bool, str]:
        assert main(["list", "--json"]) == 0
        rows = {each["spec"]: each for each in json.loads(capsys.readouterr().out)}
        return rows["demucs:mdx"]["ready"], rows["demucs:mdx"]["needs"]

    assert row() == (False, "weights adefossez/Demucs-mdx of the Hugging Face hub (a download at first use)")
    home = hub / "models--adefossez--Demucs-mdx"
    saved(home / "snapshots" / "abc", "mdx", {"a": network(), "b": network()})
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("abc")
    assert row() == (True, "weights adefossez/Demucs-mdx of the Hugging Face hub (cached)")
    (home / "snapshots" / "abc" / "b.safetensors").unlink()
    assert row()[0] is False


@pytest.mark.usefixtures("hub")
def test_weights_that_cannot_be_had_are_told() -> None:
    with pytest.raises(MissingError, match=r"weights of demucs:htdemucs are not cached .*unset AUDIOLIME_OFFLINE, or"):
        build("factorization", "demucs:htdemucs")


def test_the_fingerprint_is_of_the_weights(tmp_path: Path) -> None:
    first, again, other = (
        build("factorization", f"demucs:{saved(tmp_path / str(i), 'own', {'a': network(seed)})}").fingerprint
        for i, seed in enumerate((0, 0, 1))
    )
    assert first == again != other


@pytest.mark.parametrize("klass", ["os.system", "demucs.apply.apply_model", "demucs.api.subprocess.run", "nothing"])
def test_a_file_that_names_something_else_to_run_is_refused(tmp_path: Path, klass: str) -> None:
    path = saved(tmp_path, "own", {"a": network()}, klass=klass)
    with pytest.raises((UsageError, CorruptError), match=r"not? (a )?model of (the package )?demucs"):
        build("factorization", f"demucs:{path}")


def test_files_that_are_missing_or_damaged_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"there is no file .*none\.yaml; name one that exists"):
        build("factorization", f"demucs:{tmp_path / 'none.yaml'}")
    path = saved(tmp_path, "own", {"a": network()})
    member = tmp_path / "a.safetensors"
    member.write_bytes(member.read_bytes()[:1000])
    with pytest.raises(CorruptError, match=r"a\.safetensors is damaged, or not a model of demucs"):
        build("factorization", f"demucs:{path}")
    member.unlink()
    with pytest.raises(MissingError, match=r"there is no file .*a\.safetensors, which a bag of models names"):
        build("factorization", f"demucs:{path}")
    for text in ("models: 3", "[a, b]", "models: [", "", f"models: {'[' * 100_000}", "a: &a [x]\nmodels: *a"):
        path.write_text(text)
        with pytest.raises(CorruptError, match=r"own\.yaml describes no bag of models"):
            build("factorization", f"demucs:{path}")


def test_networks_that_do_not_fit_together_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"do not fit each other or its weights"):
        build("factorization", f"demucs:{saved(tmp_path, 'own', {'a': network()}, 'weights: [[1.0, 1.0]]')}")
