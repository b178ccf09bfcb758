"""How well an embedding finds songs that belong together, and whether it is surely better than another one.

- `evaluating`: the whole way, on one screen
- `songs`: which songs are evaluated, and in which groups
- `listening`: the vectors that are compared; `hearing`: songs heard again, and kept; `ears`: who hears them;
  `excerpts`: of what, as it is and made alike
- `treatments`: centring, scaling, hubs; `crossing`: which treatment is chosen, and by whom
- `judging`: measures, and who is ahead of whom; `anchors`: chance, and what is reached where it is clear what to find
- `result`, `words`: what was found, as objects, tables and sentences

Kept true: all methods answer the same queries among the same songs; no query is measured with a treatment that it
helped to choose.
"""
