"""Why this song, and not that one: the nearness of songs explained by their stems.

- `matrix`: which stem of one song is like which stem of the other
"""
