"""How an index is made and kept up to date: a folder with ``catalogue.sqlite`` and ``vectors.f32``.

- `listing`: which recordings there are, by content, and what their files' tags say about them
- `work`: what a worker does with one of them
- `catalogue`, `records`: what is known and was measured, in SQLite: the truth
- `matrix`: all vectors in one file that is mapped into memory, made from the catalogue
- `making`: all of this, one after the other; `merging`: shards become one index
- `brought`, `bringing`: vectors that a catalogue has already; `matching`, `cleaning`: whose they are

Kept true: what an index says follows from the recordings, the model and the settings alone, however often the work was
stopped, and whoever did it.
"""
