"""Sound in: whole recordings of any format, at any rate, and which parts of them sound. Nothing here knows a model.

- `recording`: what all others are given, `Audio`; `load_audio` reads whatever holds sound
- `decoding`: the bytes of a file to their true end; `formats` finds the parts in them, `mpeg4` reads
  containers, `complaints` catches what a decoder prints
- `encoding`: samples as the bytes of a file, and back; `callbacks` lets Ctrl-C wait while C code reads and writes them
- `tags`: what a file says of its song: title, artist, album, genre, year
- `folders`, `stem_folders`: which files are recordings, and which make which stem
- `musdb`, `objects`: tracks and audio as other packages hand them over
- `resampling`: excerpts at another rate, the same samples wherever they are cut
- `compiled`: librosa, made ready for beats, onsets and features
- `silence`: where nothing sounds
- `spectrogram`: transforms and mel filters, as published networks saw them in training

Kept true: a recording has one length, that of what is decoded; the same second gives the same samples.
"""
