"""A collection as a map, with what is to be known before anything is read off it.

- `result`: a map and all that was measured of it

Kept true: a cluster is claimed only where noise of the same size, laid out in the same way, has none.
"""
