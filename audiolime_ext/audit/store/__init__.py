"""Where the answers of an audit are kept, one recording at a time.

- `store`, `database`: the file, written row by row and read even while it is written
- `records`, `packing`: what a row holds, and its bytes
- `merge`: what shards wrote, as one
"""
