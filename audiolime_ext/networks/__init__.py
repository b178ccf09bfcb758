"""Published networks: fetched from their publishers, verified, rebuilt.

- `checkpoints`: weights by name, each file verified by its SHA-256, kept in the cache
- `downloads`, `archives`: where they come from, and which files of an archive are kept
- `tensor_bundle`: checkpoints of TensorFlow, read without it
- `graph`: networks built from those tensors, and the runtime that evaluates them

Kept true: no file is used whose SHA-256 was not checked, and none is unpickled.
"""
