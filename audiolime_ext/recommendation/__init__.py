"""Which songs are near, and how good an answer that is.

- `hubs`: similarities with less of the songs that are everybody's neighbours
- `retrieval`: how many of the nearest songs are those that should be, and whether one method is better than another

Kept true: a song is never its own neighbour.
"""
