"""Planted listeners: does the product name what a model listens to, and nothing else?

::

    python -m examples.cerberus.dataset DATA --split mma --songs 24                  # songs with true stems; so human
    python -m examples.cerberus.dataset DATA --split unseen --songs 24 --seed 1
    python -m tests.studies.planted FOLDER --data DATA --skip 20 --songs 4           # the study; again: what is missing
    python -m tests.studies.planted FOLDER --quick --factorizations "true stems" hpss

songs → a listener whose rule is known (`listeners`) on true stems (`ear`) → `explain` with true stems or a separator
(`study`) → the sentence, read (`reading`) → what is true, by brute force (`truth`) → right, wrong or no answer
(`judge`) → the table and what is frozen (`table`).

No sentence may be wrong, with no factorization. With true stems 95 % must be right; with each separator, the frozen
share.

What was found, asked plainly, on twelve songs (fewer where the third column says so), none of which what stems may hold
was measured on, but for “Feelings”, “Mime” and Slakh's::

    factorization    right / wrong / none  songs  rate: development, others  frozen  wrong without notes
    true stems             2234 / 0 /    0     12         .978          .978                        .000
    cerberus               2229 / 0 /    5     12         .973          .968     .92                .139
    spleeter:2stems         910 / 0 / 1102     11         .935          .947     .88                .000
    hpss                   1749 / 0 /    0     10         .973          .967     .92                .000
    bands:mel-5            1527 / 0 /    0      9         .976          .972     .93                .000

A rate is no 1 with all right: in "hardly moved" nothing need be named, and nothing is. Spleeter's is that of the four
songs in which both of its stems can be heard; of the others it says that accompaniment is all there is. One in seven of
what was said by Cerberus' stems was true only by the note that says what they may hold, before sentences said that
themselves of the stem that leads; on the sketch and “Feelings”, asked again since then, it is .003 (588 / 0 / 0).

Development songs: a sketch, “Feelings”, mma 00020 and 00021, and 00020 with a singer; on them the rates were frozen,
less .05. The others: “Mime”, Slakh's Track00001, human freedoom-2-doom, the same with a singer, freedoom-2-doom2,
unseen freedoom-1-e1m8 and freedoom-1-e2m2.

By other settings, on sketch-0 and freedoom-2-in_cit with true stems and Cerberus: LIME 417 / 0 / 6 (with true stems the
sketch alone), Banzhaf 554 / 0 / 10, log-odds 608 / 0 / 0, tenths 608 / 0 / 0; over tracks (mma 00021 and
freedoom-2-in_cit, this one with true stems alone) 360 / 0 / 0.
"""
