"""The report on an audit: one page with the findings, clips to hear them by, and every effect.

- `page`: the page and the writing of it
- `findings`: every finding with its evidence, and the trials that show it best
- `overview`: rates of all pairs, decisions before and after a removal
- `effects`: every recording's effects, as beeswarms of a bounded number of dots
- `clips`: the sound of the best trials
- `linked`: words of an audit as links to what they mean
- `names`: names of recordings and songs, or numbers in their place
"""
