"""Stems as a browser plays them.

- `media`: short encoded pieces of them
- `kept`: those of a recording, from the cache
- `middle`: the middle of a song, or why it cannot be played
- `clip`: a sound of some seconds as one file
- `pictures`: waveforms and spectrograms
- `layer`: a map of relevance over the spectrogram
- `player`: the player itself
"""
