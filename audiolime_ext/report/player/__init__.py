"""Stems as a browser plays them.

- `media`: short encoded pieces of them
- `clip`: a sound of some seconds as one file
- `pictures`: waveforms and spectrograms
- `player`: the player itself
"""
