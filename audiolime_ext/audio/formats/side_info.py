"""The side information of an MP3 frame: values that no encoder writes show that the frame is damaged.

It says where the frame's main data begin (in the room that earlier frames left free), and for each granule of each
channel how many bits it takes and how they are coded. A decoder that is given nonsense goes on, with noise, a bang or
silence.

References: ISO/IEC 11172-3, 2.4.1.7; ISO/IEC 13818-3, 2.4.1.7.
"""

from __future__ import annotations

MOST_PAIRS = 288  # of values, in the 576 lines of a granule


def is_impossible(frame: bytes, *, mpeg_1: bool, mono: bool) -> bool:
    r"""Whether a whole layer III frame holds values that no encoder can have written.

    Examples
    --------
    >>> is_impossible(b"\xff\xfb\x90\x00" + bytes(413), mpeg_1=True, mono=False)
    False
    >>> is_impossible(b"\xff\xfb\x90\x00" + b"\xff" * 413, mpeg_1=True, mono=False)
    True
    """
    begin = 4 if frame[1] & 1 else 6  # behind the header, and a checksum
    size = (17 if mono else 32) if mpeg_1 else (9 if mono else 17)
    info = int.from_bytes(frame[begin : begin + size], "big")
    width, coded = (59, 33) if mpeg_1 else (63, 38)  # bits of a granule, and those before its kind of window
    n_bits = 0
    for i in range((2 if mpeg_1 else 1) * (1 if mono else 2)):
        granule = info >> i * width & ((1 << width) - 1)  # from the last one on
        n_bits += granule >> width - 12
        pairs, window = granule >> width - 21 & 511, granule >> width - coded - 3 & 7
        if pairs > MOST_PAIRS or window == 4:  # 4: not the usual window, but the usual one
            return True
    earlier = info >> 8 * size - (9 if mpeg_1 else 8)  # bytes
    return n_bits > 8 * (earlier + len(frame) - begin - size)
