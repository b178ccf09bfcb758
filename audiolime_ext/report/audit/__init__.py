"""The report on an audit: one page that says what was found, lets it be heard, and shows all of it.

- `page`: the page and the writing of it
- `findings`: every finding with its evidence, and the trials that show it best
- `overview`: rates of all pairs, decisions before and after a removal
- `effects`: every recording's effects, as beeswarms of a bounded number of dots
- `clips`: what the best trials sound like
- `names`: what recordings and songs are called, or not called
"""
