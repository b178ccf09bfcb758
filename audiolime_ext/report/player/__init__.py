"""Stems as a browser plays them.

- `media`: short encoded pieces of them
- `kept`: those of a recording, from the cache
- `clip`: a sound of some seconds as one file
- `pictures`: waveforms and spectrograms
- `player`: the player itself
"""
