"""Planted listeners: does the product name what a model listens to, and nothing else?

::

    python -m examples.cerberus.dataset DATA --split mma --split human --songs 6     # songs with true stems
    python -m tests.studies.planted FOLDER --data DATA                               # the study; again: what is missing
    python -m tests.studies.planted FOLDER --quick --factorizations "true stems" hpss

songs → a listener whose rule is known (`listeners`) on true stems (`ear`) → `explain` with true stems or a separator
(`study`) → the sentence, read (`reading`) → what is true, by brute force (`truth`) → right, wrong or no answer
(`judge`) → the table and what is frozen (`table`).

No sentence may be wrong, with no factorization. With true stems 95 % must be right; with each separator, the frozen
share.
"""
