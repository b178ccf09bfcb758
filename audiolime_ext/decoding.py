"""The bytes of an audio file as samples up to its true end; a file that lacks its end is refused.

A cut file must not be analysed as if it were all of the song. The formats say differently how long they are:

- WAV and its relatives (AIFF, AU, RF64, W64) promise a number of bytes; encoders that write into a pipe put the largest
  number there, which promises nothing. libsndfile's log shows both numbers.
- FLAC promises a number of samples, and its decoder fails where they end early.
- The last page of an Ogg stream is marked as the last.
- MP3 is a row of frames, each of which says how long it is. A Xing or Info frame in front counts them; where there is
  none, the decoder guesses the length from the first frame's bit rate and *stops there*, which can be the middle of a
  file of variable bit rate. So the frames are counted here, and such a file is given the Xing frame that it lacks.
- MPEG-4 and other containers are left to `containers`.
"""

from __future__ import annotations

import io
import re

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.containers import KEEP_THE_REST, decode_container, is_container
from audiolime_ext.errors import AudioError

_ENDLESS = 1 << 48  # samples; libsndfile's largest number stands for an unknown length
_OVERSTATED = 4096  # samples by which the headers of complete Ogg and MP3 files may overstate the length

# MPEG audio, layer III (ISO/IEC 11172-3 and 13818-3): kbit/s by index from 1, for MPEG 1 and for MPEG 2 and 2.5
_KBPS = (
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_MPEG_SR = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}  # by version bits


def decode(content: bytes, origin: str) -> tuple[NDArray[np.float32], int]:
    """The bytes of an audio file as samples (n_channels, n_samples) and their rate in Hz.

    Raises
    ------
    AudioError
        If it is empty, is no audio, or lacks its end; `origin` is what to call it in the message.
    MissingError
        If it is a container, such as m4a, and PyAV is not installed.
    """
    import soundfile

    if not content:
        raise AudioError(f"{origin} is empty (0 bytes); get a complete copy")
    if is_container(content):
        return decode_container(content, origin)
    content, counted = _countable_mp3(content, origin)
    try:
        file = soundfile.SoundFile(io.BytesIO(content))
    except (soundfile.LibsndfileError, RuntimeError) as error:
        reason = str(getattr(error, "error_string", error)).rstrip(".")
        raise AudioError(
            f"{origin} cannot be read as audio ({reason}); wav, flac, ogg and mp3 can, m4a, webm "
            "and other containers with the extra codecs; convert others with: ffmpeg -i IN OUT.wav"
        ) from error
    with file:
        sr, promised, log = int(file.samplerate), counted or int(file.frames), str(file.extra_info)
        if promised > _ENDLESS:
            raise AudioError(f"the header of {origin} does not say how long it is; mend it with: ffmpeg -i IN OUT.wav")
        try:  # in one piece: soundfile seeks after every read, and MP3 decoders stumble where they are sent
            samples = np.ascontiguousarray(file.read(dtype="float32", always_2d=True).T)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise AudioError(
                f"{origin} is damaged or cut short: not all of its {promised / sr:.2f} s can be read; {KEEP_THE_REST}"
            ) from error
    n_samples = samples.shape[1]
    promised = max(promised if promised > n_samples + _OVERSTATED else 0, round(n_samples * _promised_ratio(log)))
    if promised > n_samples:
        raise _cut_short(origin, f"its header promises {promised / sr:.2f} s, it holds", n_samples / sr)
    if content[:4] == b"OggS" and not _ends_ogg(content):
        raise _cut_short(origin, "it ends without an end mark after", n_samples / sr)
    return samples, sr


def _cut_short(origin: str, how: str, held_s: float) -> AudioError:
    return AudioError(f"{origin} is cut short: {how} {held_s:.2f} s; {KEEP_THE_REST}")


def _promised_ratio(log: str) -> float:
    """Promised over present bytes of sound, from libsndfile's log ("data : 400 (should be 300)"); at least 1."""
    ratio, line = 1.0, r"^ *(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)"
    for promised, present in re.findall(line, log, re.MULTILINE):
        streamed = min(abs(int(promised) - (1 << bits)) for bits in (31, 32)) < 1 << 16
        if not streamed and int(present):
            ratio = max(ratio, int(promised) / int(present))
    return ratio


def _ends_ogg(content: bytes) -> bool:
    """Whether the last Ogg page is whole and marked as the last (RFC 3533)."""
    page = content[content.rfind(b"OggS") :]
    sizes = page[27 : 27 + page[26]] if len(page) > 26 else b""
    return len(page) >= 27 + len(sizes) + sum(sizes) and bool(page[5] & 4)


def _countable_mp3(content: bytes, origin: str) -> tuple[bytes, int]:
    """An MP3 file whose end the decoder will find, and the samples in it; any other content as it is, and 0.

    Raises
    ------
    AudioError
        If the last frame is not all there, or frames are missing of those that were counted.
    """
    start = _after_tags(content)
    header = content[start : start + 4]
    if not _frame_size(header):
        return content, 0
    n_frames, runs, rates = _frames(content, start)
    per_frame = 1152 if header[1] & 8 else 576
    frame_s = per_frame / _MPEG_SR[header[1] >> 3 & 3][header[2] >> 2 & 3]
    first = content[start : start + _frame_size(header)]
    if tag := next((name for name in (b"Xing", b"Info") if name in first[:64]), None):
        at = first.index(tag) + 4
        counted = int.from_bytes(first[at + 4 : at + 8], "big") if first[at + 3] & 1 else 0
        if counted > n_frames:  # some encoders count the Xing frame, too
            promise = f"its header promises {counted * frame_s:.2f} s, it holds"
            raise _cut_short(origin, promise, (n_frames - 1) * frame_s)
    if runs[-1][1] > len(content):
        raise _cut_short(origin, "it ends within a frame, after", n_frames * frame_s)
    if tag:
        return content, 0
    frames = b"".join(content[begin:end] for begin, end in runs)
    return (frames if len(rates) == 1 else _xing_frame(header, n_frames) + frames), n_frames * per_frame


def _after_tags(content: bytes) -> int:
    """Where the sound begins behind ID3v2 tags and the zeros that may follow them."""
    start = 0
    while True:
        if content[start : start + 3] == b"ID3":
            start += 10 + sum((byte & 127) << 7 * (3 - i) for i, byte in enumerate(content[start + 6 : start + 10]))
        elif start and content[start : start + 1] == b"\0":
            start += 1
        else:
            return start


def _frame_size(header: bytes) -> int:
    """Bytes of the layer III frame that begins with these four; 0 if none does."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version, rate, sr = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or rate in (0, 15) or sr == 3:
        return 0
    first = version == 3
    return (144 if first else 72) * 1000 * _KBPS[not first][rate - 1] // _MPEG_SR[version][sr] + (header[2] >> 1 & 1)


def _frames(content: bytes, start: int) -> tuple[int, list[tuple[int, int]], set[int]]:
    """The number of whole frames, the stretches (first byte, end) that hold them, and their bit rates (as indices)."""
    n_frames, runs, rates, at = 0, [(start, start)], set(), start
    while 0 <= at < len(content):
        size = _frame_size(content[at : at + 4])
        begin, end = runs[-1]
        if size and at == end:
            runs[-1] = (begin, at + size)
        elif size and _frame_size(content[at + size : at + size + 4]):
            runs.append((at, at + size))
        else:
            at = content.find(b"\xff", at + 1)
            continue
        rates.add(content[at + 2] >> 4)
        at += size
        n_frames += at <= len(content)
    return n_frames, runs, rates


def _xing_frame(header: bytes, n_frames: int) -> bytes:
    """A frame without sound that counts those behind it (the layout of Xing's VBR header)."""
    first, mono = bool(header[1] & 8), header[3] >> 6 == 3
    side_info = (17 if mono else 32) if first else (9 if mono else 17)
    head = bytes([header[0], header[1] | 1, header[2] & 0x0C | 0x90, header[3]])  # no checksum; room for the count
    tag = b"Xing" + (1).to_bytes(4, "big") + n_frames.to_bytes(4, "big")
    return (head + bytes(side_info) + tag).ljust(_frame_size(head), b"\0")
