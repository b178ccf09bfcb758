"""Open-Unmix, with random weights in the package's own form: against what the package itself separates."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audiolime_ext import Audio, load_audio
from audiolime_ext.cli import main
from audiolime_ext.errors import CorruptError, MissingError, OutputError, UsageError
from audiolime_ext.extras import require
from audiolime_ext.factorization.contract import Factorization
from audiolime_ext.registry import build
from factorizations.openunmix import OpenUnmixFactorization
from factorizations.openunmix_weights import RECORDS, hub, kept
from tests.adapters.separators import *  # noqa: F403 - the suite of all factorizations, on the one below
from tests.factorizations.test_every import FORMS
from tests.random_checkpoints import Mirror

torch, openunmix = require("torch", extra="openunmix"), require("openunmix", extra="openunmix")
model, utils = require("openunmix.model", extra="openunmix"), require("openunmix.utils", extra="openunmix")

STEREO = {"sample_rate": 22050.0, "nfft": 512, "nhop": 256, "nb_channels": 2}  # a chunk has 10.4 s
MONO = {"sample_rate": 16000, "nfft": 512, "nhop": 128, "nb_channels": 1}  # 7.2 s
HIDDEN = 16


def network(seed: int = 0, form: dict[str, Any] = STEREO) -> Any:
    """A network whose normalisations do something."""
    torch.manual_seed(seed)
    n_bins = form["nfft"] // 2 + 1
    made = model.OpenUnmix(n_bins, form["nb_channels"], HIDDEN, max_bin=n_bins - 50)
    with torch.no_grad():
        for name, tensor in (*made.named_parameters(), *made.named_buffers()):
            if name.endswith(("weight", "running_var", "_scale", "_mean")) and tensor.ndim == 1:
                tensor.copy_(torch.rand_like(tensor) + 0.3)
    return made


def saved(folder: Path, networks: dict[str, Any], form: dict[str, Any] = STEREO, ending: str = "") -> Path:
    """The folder that the package's training leaves."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "separator.json").write_text(json.dumps(form))
    for target, each in networks.items():
        said = {"epochs_trained": 3, "args": {**form, "hidden_size": HIDDEN, "target": target}}
        (folder / f"{target}.json").write_text(json.dumps(said))
        torch.save(each.state_dict(), folder / f"{target}{ending}.pth")
    return folder


def genuine(folder: Path, targets: list[str], audio: Audio) -> Any:
    """What the package makes of a whole recording at its rate."""
    separator = utils.load_separator(str(folder), targets=targets, residual=len(targets) == 1)
    separator.freeze()
    wave = np.broadcast_to(audio.samples, (2, audio.n_samples)) if not separator.complexnorm.mono else audio.samples
    with torch.inference_mode():
        return separator(torch.from_numpy(np.array(wave))[None])[0, : len(targets)].numpy()


KINDS: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "two sources": (["bass", "vocals"], STEREO, ""),
    "one source": (["vocals"], STEREO, "-1b2c3d4e"),
    "mono": (["noise", "speech"], MONO, "_1b2c3d4e"),
}


def own(folder: Path, kind: str) -> Path:
    targets, form, ending = KINDS[kind]
    return saved(folder, {target: network(i, form) for i, target in enumerate(targets)}, form, ending)


CASES = [  # a rate and channels of its own has the last alone
    *(("two sources", form) for form in FORMS),
    ("one source", "mono-44100"),
    *(("mono", form) for form in ("stereo-48000", "mono-22050")),
]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(request: pytest.FixtureRequest) -> tuple[str, str]:
    """A kind of separator and the form of the song."""
    kind, form = request.param
    return kind, form


@pytest.fixture(scope="module")
def factorization(case: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Factorization:
    folder = own(tmp_path_factory.mktemp("openunmix"), case[0])
    separator: Factorization = build("factorization", f"openunmix:{folder}")
    return separator


def excerpt_at(sr: int, path: Path, seconds: float, n_channels: int = 2) -> Audio:
    """The beginning of the song as a recording of its own, at some rate."""
    import soxr

    song = load_audio(path)
    samples = song.samples if sr == song.sr else soxr.resample(song.samples.T, song.sr, sr).T
    return Audio(np.ascontiguousarray(samples[:n_channels, : round(seconds * sr)]), sr)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("seconds", [7.1, 1.7, 0.05])
def test_a_recording_up_to_a_chunk_has_the_stems_of_the_package(
    ezer_ev: Path, tmp_path: Path, kind: str, n_channels: int, seconds: float
) -> None:
    targets, form, _ = KINDS[kind]
    folder, song = own(tmp_path, kind), excerpt_at(int(form["sample_rate"]), ezer_ev, seconds, n_channels)
    expected, found = genuine(folder, targets, song), build("factorization", f"openunmix:{folder}").factorize(song)
    if n_channels == 1:
        expected = expected.mean(axis=1, keepdims=True)
    assert found.names == (*targets, "residual")
    assert np.abs(expected).max(axis=(1, 2)).min() > 0.005
    np.testing.assert_allclose(found.samples[:-1], expected, atol=1e-5 * np.abs(expected).max())


def test_the_same_check_notices_another_network(ezer_ev: Path, tmp_path: Path) -> None:
    song = excerpt_at(22050, ezer_ev, 2.0)
    expected = genuine(saved(tmp_path / "a", {"bass": network(0), "rest": network(1)}), ["bass", "rest"], song)
    other = saved(tmp_path / "b", {"bass": network(0), "rest": network(2)})
    found = build("factorization", f"openunmix:{other}").factorize(song).samples[:2]
    assert np.abs(found - expected).max() > 0.01 * np.abs(expected).max()


def snr_db(wanted: Any, found: Any) -> float:
    return float(10 * np.log10(np.square(wanted).sum() / np.square(wanted - found).sum()))


def test_a_longer_recording_has_nearly_the_stems_of_the_package(ezer_ev: Path, tmp_path: Path) -> None:
    folder, song = own(tmp_path, "two sources"), excerpt_at(22050, ezer_ev, 19.9)
    expected = genuine(folder, KINDS["two sources"][0], song)
    found = build("factorization", f"openunmix:{folder}").factorize(song).samples[:2]
    window = 300 * 256
    alone, faded = (slice(3 * window, 4 * window), slice(4 * window, 5 * window))  # of the second chunk; with the third
    assert snr_db(expected[..., alone], found[..., alone]) > 80
    assert snr_db(expected[..., faded], found[..., faded]) > 40
    late = np.roll(found, 1, axis=-1)
    assert snr_db(expected[..., alone], late[..., alone]) < 40


@pytest.mark.parametrize("n_samples", [1, 256, 257, 3 * 300 * 256, 3 * 300 * 256 + 1, 4 * 300 * 256, 5 * 300 * 256 + 1])
def test_recordings_of_any_length_are_separated(tmp_path: Path, n_samples: int) -> None:
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, (2, n_samples)).astype(np.float32), 22050)
    stems = build("factorization", f"openunmix:{own(tmp_path, 'two sources')}").factorize(noise)
    assert np.isfinite(stems.samples).all()
    np.testing.assert_allclose(stems.mixture, noise.samples, atol=1e-5)


def test_silence_stays_silent(tmp_path: Path) -> None:
    silence = Audio(np.zeros((2, 44100), np.float32), 22050)
    stems = build("factorization", f"openunmix:{own(tmp_path, 'two sources')}").factorize(silence)
    np.testing.assert_array_equal(stems.samples, 0)


def test_a_separator_of_the_package_is_a_factorization(ezer_ev: Path, tmp_path: Path) -> None:
    folder, song = own(tmp_path, "two sources"), excerpt_at(22050, ezer_ev, 2.0)
    separator = utils.load_separator(str(folder), targets=KINDS["two sources"][0])
    made, named = OpenUnmixFactorization(separator), build("factorization", f"openunmix:{folder}")
    assert made.spec is None
    assert made.fingerprint == named.fingerprint
    np.testing.assert_allclose(made.factorize(song).samples, named.factorize(song).samples, atol=1e-7)


def test_the_fingerprint_is_of_the_weights(tmp_path: Path) -> None:
    first, again, other = (
        build("factorization", f"openunmix:{saved(tmp_path / str(i), {'a': network(seed)})}").fingerprint
        for i, seed in enumerate((0, 0, 1))
    )
    assert first == again != other


def test_files_in_the_old_format_with_more_than_weights_are_read(tmp_path: Path) -> None:
    folder = saved(tmp_path, {"bass": network()})
    tensors = {**network().state_dict(), "stft.window": torch.ones(4), "sample_rate": torch.tensor(44100.0)}
    del tensors["bn1.num_batches_tracked"]
    torch.save(tensors, folder / "bass.pth", _use_new_zipfile_serialization=False)
    same = build("factorization", f"openunmix:{saved(tmp_path / 'b', {'bass': network()})}")
    assert build("factorization", f"openunmix:{folder}").fingerprint == same.fingerprint


class Harmful:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_pickled_objects_are_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    folder = saved(tmp_path, {"bass": network()})
    for zipped in (True, False):
        harmful = {**network().state_dict(), "more": Harmful(tmp_path / "touched")}
        torch.save(harmful, folder / "bass.pth", _use_new_zipfile_serialization=zipped)
        with pytest.raises(
            CorruptError, match=r"bass\.pth is damaged, or holds pickled objects, which may run any code"
        ):
            build("factorization", f"openunmix:{folder}")
    torch.save(network(), folder / "bass.pth")
    with pytest.raises(CorruptError, match=r"write tensors alone: torch\.save\(model\.state_dict\(\), path\)"):
        build("factorization", f"openunmix:{folder}")
    assert not (tmp_path / "touched").exists()


def test_a_folder_that_lacks_files_is_told(tmp_path: Path) -> None:
    def refused(kind: type[Exception], match: str) -> None:
        with pytest.raises(kind, match=match):
            build("factorization", f"openunmix:{tmp_path}")

    with pytest.raises(UsageError, match=r"none is not a folder; name one that holds separator\.json"):
        build("factorization", f"openunmix:{tmp_path / 'none'}")
    refused(MissingError, r"there is no file .*separator\.json, which Open-Unmix's training writes")
    (tmp_path / "separator.json").write_text(json.dumps(STEREO))
    refused(MissingError, r"holds no source; add TARGET\.json and TARGET\.pth")
    saved(tmp_path, {"bass": network(), "bass-drum": network()})
    assert build("factorization", f"openunmix:{tmp_path}").names == ("bass", "bass-drum")
    (tmp_path / "bass-drum.pth").rename(tmp_path / "vocals.pth")
    refused(MissingError, r"vocals\.pth has no JSON beside it")
    saved(tmp_path, {"vocals": network()})
    refused(MissingError, r"there is no file .*bass-drum\.pth, the weights of bass-drum\.json; add it")


@pytest.mark.parametrize(
    ("file", "content", "kind", "message"),
    [
        ("separator.json", "{", CorruptError, r"separator\.json does not say sample_rate, nfft, nhop, nb_channels"),
        ("separator.json", "[]", CorruptError, r"separator\.json does not say"),
        ("separator.json", json.dumps({**STEREO, "nhop": "256"}), CorruptError, r"does not say"),
        ("separator.json", json.dumps({**STEREO, "nhop": 0.5}), CorruptError, r"'nhop': 0\.5; it must be a whole"),
        ("separator.json", json.dumps({**STEREO, "nhop": 257}), UsageError, r"'nhop' at most half of 'nfft'"),
        ("separator.json", json.dumps({**STEREO, "nb_channels": 6}), UsageError, r"'nb_channels' must be 1 or 2"),
        ("separator.json", json.dumps({**STEREO, "nfft": 1024}), UsageError, r"bass\.json says 'nfft': 512, but"),
        ("separator.json", "[" * 100_000, CorruptError, r"separator\.json does not say .*it is nested too deeply"),
        ("bass.json", json.dumps({"args": {**STEREO, "hidden_size": 10**9}}), CorruptError, r"'hidden_size' is not 10"),
        ("bass.json", "{}", CorruptError, r"bass\.json does not say nfft, nb_channels, hidden_size"),
        ("bass.json", json.dumps({"args": {**STEREO, "hidden_size": 32}}), CorruptError, r"weights of another network"),
        ("residual.json", "{}", UsageError, r"has a source named 'residual'"),
        ("bass-2.pth", "", UsageError, r"holds bass-2\.pth, bass\.pth; keep one file of weights for bass\.json"),
        ("bass.pth", "no weights", CorruptError, r"bass\.pth is damaged, or holds pickled objects"),
    ],
)
def test_files_that_cannot_be_used_are_told(
    tmp_path: Path, file: str, content: str, kind: type[Exception], message: str
) -> None:
    folder = saved(tmp_path, {"bass": network()})
    (folder / file).write_text(content)
    with pytest.raises(kind, match=message):
        build("factorization", f"openunmix:{folder}")


@pytest.mark.parametrize("tensors", [{}, {"input_mean": torch.zeros(207)}, [1], torch.zeros(3)])
def test_weights_that_are_not_all_there_are_told(tmp_path: Path, tensors: Any) -> None:
    folder = saved(tmp_path, {"bass": network()})
    torch.save(tensors, folder / "bass.pth")
    with pytest.raises(CorruptError, match=r"bass\.pth (does not hold the weights of|lacks input_scale|holds a)"):
        build("factorization", f"openunmix:{folder}")


@pytest.mark.parametrize("name", RECORDS)
def test_published_files_are_those_that_the_package_names(name: str) -> None:
    source = inspect.getsource(getattr(openunmix, f"{name}_spec"))
    record = RECORDS[name]
    assert source.count(".pth") == len(record.files)
    for file in record.files:
        assert f'"{file[:-13]}": "https://zenodo.org/records/{record.number}/files/{file}"' in source
    target = record.files[0][:-13]
    (network,) = getattr(openunmix, f"{name}_spec")(targets=[target], pretrained=False).values()
    size = sum(tensor.numel() * tensor.element_size() for tensor in network.state_dict().values())
    assert size / 1e6 == pytest.approx(record.file_mb, abs=0.1)


@pytest.mark.parametrize("variables", [{"TORCH_HOME": "~/there"}, {"XDG_CACHE_HOME": "/cache"}, {}])
def test_weights_lie_in_the_cache_of_the_hub(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert hub() == Path(torch.hub.get_dir()) / "checkpoints"


@pytest.fixture
def zenodo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Random weights of `umxse` on a server in Zenodo's place; the cache is empty."""
    separator = openunmix.umxse(pretrained=False)
    folder, names = tmp_path / "mirror" / "records" / "3786908" / "files", []
    folder.mkdir(parents=True)
    for target, each in separator.target_models.items():
        torch.save(each.state_dict(), folder / "new")
        names.append(f"{target}_{hashlib.sha256((folder / 'new').read_bytes()).hexdigest()[:8]}.pth")
        (folder / "new").rename(folder / names[-1])
    monkeypatch.setitem(RECORDS, "umxse", replace(RECORDS["umxse"], files=tuple(names)))
    mirror = Mirror(tmp_path / "mirror")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("AUDIOLIME_MIRROR", mirror.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("AUDIOLIME_OFFLINE", raising=False)
    yield mirror
    mirror.shutdown()
    mirror.server_close()


def kept_files() -> set[str]:
    return {path.name for path in hub().iterdir()}


def test_published_weights_are_fetched_once_and_said(
    zenodo: Mirror, ezer_ev: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = RECORDS["umxse"].files
    separator = build("factorization", "openunmix:umxse")
    said = capsys.readouterr()
    assert said.out == ""
    for file in files:
        assert f"fetching {file} of openunmix:umxse from Zenodo's record 3786908, 6 MB, kept in {hub()}" in said.err
    assert zenodo.asked == [f"/records/3786908/files/{file}" for file in files]
    assert kept_files() == set(files)
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    again = build("factorization", "openunmix:umxse")
    assert (again.spec, again.fingerprint) == ("openunmix:umxse", separator.fingerprint)
    assert len(zenodo.asked) == 2

    genuine = openunmix.umxse(pretrained=False)
    for file, each in zip(files, genuine.target_models.values(), strict=True):
        each.load_state_dict(torch.load(hub() / file, weights_only=True))
    genuine.freeze()
    speech = excerpt_at(16000, ezer_ev, 5.0, 1)
    expected = genuine(torch.from_numpy(speech.samples)[None])[0].numpy()
    found = again.factorize(speech)
    assert found.names == ("speech", "noise", "residual")
    np.testing.assert_allclose(found.samples[:2], expected, atol=1e-5 * np.abs(expected).max())


def test_list_says_whether_weights_are_at_hand(zenodo: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    def row() -> tuple[bool, str]:
        capsys.readouterr()
        assert main(["list", "--json"]) == 0
        rows = {each["spec"]: each for each in json.loads(capsys.readouterr().out)}
        return rows["openunmix:umxse"]["ready"], rows["openunmix:umxse"]["needs"]

    assert row() == (False, "weights umxse of Zenodo's record 3786908 (a download of 13 MB at first use)")
    assert not kept("umxse")
    build("factorization", "openunmix:umxse")
    assert row() == (True, "weights umxse of Zenodo's record 3786908 (cached)")


def test_weights_that_cannot_be_had_are_told(zenodo: Mirror, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    speech, noise = RECORDS["umxse"].files
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    with pytest.raises(
        MissingError,
        match=rf"{speech} \(6 MB\) of openunmix:umxse is not cached, and AUDIOLIME_OFFLINE forbids fetching it\. Unset "
        rf"that, or bring {speech} from elsewhere \(https://zenodo\.org/records/3786908/files/{speech}\) and put it",
    ):
        build("factorization", "openunmix:umxse")
    assert zenodo.asked == []
    monkeypatch.delenv("AUDIOLIME_OFFLINE")
    served = tmp_path / "mirror" / "records" / "3786908" / "files" / noise
    content = served.read_bytes()
    served.unlink()
    with pytest.raises(MissingError, match=rf"could not download .*{noise}: HTTP Error 404.* or bring {noise} from"):
        build("factorization", "openunmix:umxse")
    served.write_bytes(content[:-1] + b"!")
    with pytest.raises(CorruptError, match=rf"{noise} is not what was published: its SHA-256 does not begin with"):
        build("factorization", "openunmix:umxse")
    zenodo.cut = True
    with pytest.raises(MissingError, match=r"broke off after \d+ of \d+ bytes"):
        build("factorization", "openunmix:umxse")
    assert kept_files() == {speech}


def test_damaged_weights_are_replaced_and_said(
    zenodo: Mirror, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = build("factorization", "openunmix:umxse").fingerprint
    damaged = hub() / RECORDS["umxse"].files[1]
    damaged.write_bytes(damaged.read_bytes()[:1000])
    monkeypatch.setenv("AUDIOLIME_OFFLINE", "1")
    with pytest.raises(
        CorruptError, match=rf"{damaged.name} is damaged, not what was published, and AUDIOLIME_OFFLINE"
    ):
        build("factorization", "openunmix:umxse")
    monkeypatch.delenv("AUDIOLIME_OFFLINE")
    assert build("factorization", "openunmix:umxse").fingerprint == before
    assert f"warning: {damaged} is damaged; it will be replaced" in capsys.readouterr().err


@pytest.mark.usefixtures("zenodo")
def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "torch").write_text("a file where a folder should be")
    with pytest.raises(OutputError, match=r"cannot keep speech_\w+\.pth in .*Set TORCH_HOME to a folder"):
        build("factorization", "openunmix:umxse")
