"""Results as pages, in notebooks and as figures.

- `page`: any result as a page
- `song`: the page of a recording, and the index of a folder of pages
- `audit`: the page of an audit
- `neighbours`: the pages of songs that are near to others
- `maps`: the page of a collection in a plane; `concepts`: that of what a classifier has learnt, in panels
- `evaluation`: the page of an evaluation of embeddings
- `neighbours`: the pages of songs that are near to others; `playlists`: that of songs in order
- `player`: stems that are switched while they play, and what is drawn above them
- `notebook`: results in notebooks
- `figures`: results as figures, for papers
- `templating`: templates, which escape every value; the content security policy of pages

Kept true: views are decided in Python, the browser only draws; a page opens from disk, without a network.
"""
