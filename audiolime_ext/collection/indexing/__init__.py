"""What an index is made of, besides the vectors that a model answers.

- `tags`: title, artist, album, genre and year, as a file's tags say
- `brought`: a catalogue's own vectors, in NPZ, Parquet or CSV

Kept true: what is left out is counted and named.
"""
