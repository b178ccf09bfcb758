"""The parts of a sound file, found in its bytes: where each begins and ends, and what lies between and behind them.

Some files are several joined byte for byte (``cat a.mp3 b.mp3``, a radio stream, a voice recorder); decoders then read
the first part and stop, or stumble over the seam. So the bytes are cut into parts, and a decoder is given one after the
other, each in a form that must be read to its true end, whatever its header says.
"""
