"""A collection as a map, with what is to be known before anything is read off it.

- `pipeline`: the whole way from a collection to a map, on one screen; `result`: a map and all that was measured of it
- `presets`: settings that are good beginnings; `laying_out`: t-SNE, run until songs rest
- `nearness`: who is near to whom in the original space, and how true to that a map is
- `noise`: what a map shows where there is nothing; `clumps`: whether there are any beyond that
- `stability`: how far a map is the same when it is made again
- `groups`: how near the songs of a column's groups are; `regions`: which groups are regions of the space
- `words`: what may be said of all that

Kept true: a cluster is claimed only where noise of the same size has none as deep; what is claimed is measured in the
original space, never on the map.
"""
