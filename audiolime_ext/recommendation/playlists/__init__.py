"""Songs of a collection in an order in which each is near to the next, as a whole.

- `pipeline`: the whole way, `playlist`, on one screen
- `m3u`: playlists as players read and write them; `wanted`: which songs are asked for, and at which places
- `choosing`: which songs there are to choose from; `pool`: how far each is from each
- `curve`: how much of something each place should have; `rules`: what a list must keep, and what no list can keep
- `solving`: from what is asked for to the list; `search`: the best order; `moves`: small changes and what they would
  change; `repair`: where rules clash; `narrowing`: among very many songs; `filling`: gaps, and lists without them
- `greedy`: what a simple recommender plays; `judging`: what is told of a list; `result`: that as objects, text and
  files

Kept true: no rule is broken silently; the same seed finds the same list.
"""
