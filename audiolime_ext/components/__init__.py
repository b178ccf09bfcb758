"""What is switched on and off.

- `segments`: where an excerpt is cut in time; `compiled` gets librosa ready for beats and onsets
- `baselines`: what "off" sounds like
- `components`: stems × segments of one excerpt, and when a residual is one of them or background
- `masks`: which combinations of them to try
- `mixing`: what every mask comes down to
- `game`: a model asked about masks, each once; what it answered is kept

Kept true: all on is the recording, to 1e-5.
"""
