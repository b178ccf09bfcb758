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

What was found, on two sketches, “Feelings” and “Mime” (the fifth: “Feelings” under a singer)::

    factorization         asked of   right / wrong / none  songs   rate
    true stems            excerpts       514 / 0 /   0       5    1.000
                          windows        126 / 0 /   0       2    1.000
                          pairs           80 / 0 /   0       4    1.000
    cerberus              excerpts       513 / 0 /   1       5     .983
                          windows        125 / 0 /   1       2     .961
                          pairs           80 / 0 /   0       4    1.000
    cerberus?merge=none   excerpts       511 / 1 /   2       5     .980
                          windows        125 / 0 /   1       2     .961
                          pairs           80 / 0 /   0       4    1.000
    hpss                  excerpts       412 / 0 /   0       4     .975
                          windows        126 / 0 /   0       2     .961
                          pairs           80 / 0 /   0       4    1.000
    spleeter:2stems       excerpts       234 / 0 / 178       4     .950
                          windows        126 / 0 /   0       2     .950
                          pairs           80 / 0 /   0       4

A rate is that of cases in which something leads and the separator divides the song, and in which it is named; each kind
counts as much as any other, so that it is no 1 with all right: where nothing need be named, nothing is. Spleeter's 178
say that accompaniment is all there is, of the sketches, in which nobody sings. The one wrong sentence is of Cerberus
with piano and guitar as two stems: an embedder that hears the drums' best moment finds some drums in the guitar (+0.25;
in the drums +0.24), which may hold vocals, piano and bass by what was measured, and not drums.

What was wrong before, and was mended: similarities that nothing moves were explained by rounding, and of two songs that
are equally near one was said to be nearer.
"""
