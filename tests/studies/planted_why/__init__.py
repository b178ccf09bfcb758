"""Planted embedders: does `why` name what makes two songs alike, and nothing else?

::

    python -m tests.studies.planted_why FOLDER                              # the study; again: what is missing
    python -m tests.studies.planted_why FOLDER --data DATA --skip 20        # with rendered songs, too

songs of the study of planted listeners → an embedder whose rules are known and candidates at known places
(`embedders`) → `why` with true stems or a separator, of an excerpt or of windows (`study`) → what is so, by brute force
(`asking`) → the headline by the rules of that study; places, removals, silence's part and agreement by number → right,
wrong or no answer. `pairs` does the same for the pair of stems that adds most, with both songs in stems.

Of every embedder each source plays each role; each question is asked in one of its ways (why A, why A over B, why B
over A), the ways in turn.
"""
