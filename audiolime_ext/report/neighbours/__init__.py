"""Pages about songs that are near to others.

- `page`: the page of a `Why`, whole
- `nearest`: the page of a `Similar`, with an excerpt of every song
- `study`: the page that asks listeners whether an explanation lets them foresee what the system ranks first
- `moments`: which seconds of the songs are played, and why these
- `excerpts`: those seconds as players, equally loud (`loudness`)
- `shares`, `heat`: bars and tables, and the matrix of stems as a table of shades
- `spectrograms`: the songs' spectrograms on one scale, on the page and as PNG files
- `bands`: where in time and frequency the nearness comes from, over what sounds
- `told`: the smallest change and the seconds that are alike, where they were looked for

Kept true: views are decided in Python; silence's own part is always shown; songs that are compared are equally loud.
"""
