"""Audits: does a classifier decide by what it should, over a whole collection?

- `run`: the whole audit on one screen
- `measurement`: what is asked about each recording, and who asks
- `store`: where answers are kept, one recording at a time
- `verdict`: what follows from them, with intervals; how it is worded, and what a gate makes of it

Kept true: the unit is the song, never a window; "open" is an answer.
"""
