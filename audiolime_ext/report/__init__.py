"""What a browser, a notebook or a paper shows.

- `song`: the page of a recording, and the index of a folder of pages
- `audit`: the page of an audit
- `player`: stems that are switched while they play, and what is drawn above them
- `notebook`, `plots`: results in notebooks, and as figures
- `templating`: what pages are filled with is text, whatever it holds; their content security policy

Kept true: views are decided in Python, the browser only draws; a page opens from disk, without a network.
"""
