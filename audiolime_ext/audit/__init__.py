"""Audits: does a classifier decide by what it should, over a whole collection?

- `run`: the whole way on one screen
- `manifest`, `expected`: the recordings and their classes; what is meant to matter (both read by `table`)
- `plan`: recordings by content, their excerpts, and the donors each is given
- `heard`, `measure`, `effects`: the stems as the tagger hears them; what is asked about one recording; what follows
- `fitness`: whether the model can be audited at all
- `placebos`: what is done to a recording beside that and changes no music
- `driver`, `workers`: who measures, and the loop that keeps what comes back
- `store`, `database`, `packing`, `records`: where results are kept, one recording at a time
- `merge`, `export`: what shards wrote, as one; everything as one table
- `results`: what was measured, as arrays and as trials
- `rates`: shares of flipped decisions with intervals that respect songs; tests; how many songs are needed
- `differences`, `controls`: how much more often decisions flip than under a placebo of the same recordings
- `limits`, `status`: what rates are held against; shown, ruled out, open or not auditable, decided in one place
- `words`: rates and intervals as they are told
- `verdicts`, `gate`: these of all pairs, and what a gate makes of them
- `admission`, `junit`: that decision on a store, for continuous integration
"""
