"""Concepts of what a classifier should not hear.

- `checks`: silence, edges, hum, a codec's cut, one album; `flagging`: all concepts held to them
- `augmenting`: what an augmentation has taught a classifier
"""
