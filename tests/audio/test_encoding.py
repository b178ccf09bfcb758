"""Our own audio files: the same samples come back, and Ctrl-C cuts none short."""

from __future__ import annotations

import io
import signal

import numpy as np
import pytest

from audiolime_ext.audio.encoding import decode, encode

SR = 22050
NOISE = np.random.default_rng(0).normal(0, 0.1, (2, SR)).astype(np.float32)


def test_samples_come_back() -> None:
    found, sr = decode(encode(NOISE, SR, "FLAC", "PCM_24"))
    assert sr == SR
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, NOISE, atol=2**-23)
    assert (decode(encode(NOISE, SR, "WAV", "FLOAT"))[0] == NOISE).all()


def test_the_same_samples_are_the_same_bytes() -> None:
    assert encode(NOISE, SR, "WAV", "FLOAT") == encode(NOISE, SR, "WAV", "FLOAT")


def test_a_long_block_of_vorbis_is_handed_over_in_parts() -> None:
    long = np.tile(NOISE, 120)
    found, _ = decode(encode(long, SR, "OGG", "VORBIS", part=SR, compression_level=0.0))
    assert found.shape == long.shape


@pytest.mark.parametrize("way", ["write", "readinto"])
def test_ctrl_c_while_bytes_are_exchanged_is_raised_and_not_lost(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    content = encode(NOISE, SR, "MP3", "MPEG_LAYER_III")

    class Interrupted(io.BytesIO):
        n_calls = 0

        def write(self, data: object) -> int:
            return self.called("write") or super().write(data)  # type: ignore[arg-type]

        def readinto(self, buffer: object) -> int:
            return self.called("readinto") or super().readinto(buffer)  # type: ignore[arg-type]

        def called(self, name: str) -> int:
            Interrupted.n_calls += name == way
            if name == way and Interrupted.n_calls == 2:
                signal.raise_signal(signal.SIGINT)
            return 0

    monkeypatch.setattr("audiolime_ext.audio.encoding.io.BytesIO", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        encode(NOISE, SR, "MP3", "MPEG_LAYER_III") if way == "write" else decode(content)
    assert Interrupted.n_calls > 2, "it went on to its end"
