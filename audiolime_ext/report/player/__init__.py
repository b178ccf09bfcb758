"""Stems as a browser plays them.

- `media`: short encoded pieces of them
- `pictures`: waveforms and spectrograms
- `player`: the player itself
"""
