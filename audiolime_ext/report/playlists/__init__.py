"""The page of a playlist.

- `page`: the page, whole: the songs in order, each transition with its number, its reason and its sound
- `crossfades`: the end of a song and the beginning of the next one, as one sound
- `drawings`: how near each song is to the next, and the curve that the list follows

Kept true: the songs of a page are equally loud, each as a whole; a transition without sound says why.
"""
