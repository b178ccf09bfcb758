"""Many recordings, and what each is.

- `manifest`: tables, folders and published data sets become recordings with classes
- `label_map`: what a manifest's classes are called among a model's labels
- `table`: tables that people write, read as a whole or refused with everything that is wrong; `columns`: what each song
  has of a column, of the index or of a table
- `importers`: published data sets, in the form in which they are published
- `omissions`: what is left out, in words
- `engine`: who works on all of them, in processes or on a cluster, so that none is lost by another
- `songs`, `vectors`: what is known of a song, and the one vector that a model's answers to it make;
  `song_parts`, `stem_vectors`: what silence and each stem add to that vector, of one song and of all in an index;
  `hearing`: a song's vector together with its parts
- `index`, `indexing`: the songs of a collection with their vectors, as they are read from a folder and made

Kept true: what is left out is named.
"""
