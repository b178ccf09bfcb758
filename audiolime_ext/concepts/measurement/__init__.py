"""What a model says of a song's patches, kept: all that is asked before any concept is known.

- `records`, `store`: what is kept; `work`: what a worker does; `merging`: stores of shards become one
- `trying`, `estimate`: what is tried before the long work
- `patches`: a song in parts that can be heard; `sounds`: the same parts heard again, for a page
- `measuring`: what a model says of each; `traits`: level and bandwidth of an excerpt
- `elsewhere`: patches in another song's place; `partners`: which song that is
"""
