"""Where the answers of an audit are kept, one recording at a time.

- `store`, `reader`, `database`: the file; it is written recording by recording and can be read meanwhile
- `seals`: sums over its rows, by which damage is noticed
- `records`, `packing`: what a row holds, and its bytes
- `merge`: the stores that shards wrote, joined into one
"""
