"""Pages of maps: a collection in a plane, to look at, to search and to hear.

- `page`: the page of an `EmbeddingMap`, whole
- `view`: what its script draws, and the sentences on how to read it
- `groups`: the groups of the songs as a legend, and as tables
- `figures`: how the map came to rest, and the vectors as a picture
- `sounds`: some seconds of each song, in as few bytes as a page can hold
- `serving`: the page of a large collection on this machine, with sounds that are cut when they are asked for

Kept true: noise that was laid out in the same way stands beside the map; a page is smaller than 10 MB; a song whose
place means little is drawn hollow.
"""
