"""What is switched on and off.

- `segments`: where an excerpt is cut in time
- `baselines`: what "off" sounds like
- `components`: stems × segments of one excerpt, and when a residual is one of them or background
- `masks`: all combinations of them where the budget (`MAX_EVALS`) allows, else a sample
- `mixing`: the weighted sums of signals that every mask amounts to
- `game`: a model asked about masks, each once; its answers are kept

Kept true: all on is the recording, to 1e-5.
"""
