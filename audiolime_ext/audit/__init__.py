"""Audits: does a classifier decide by what it should, over a whole collection?

- `manifest`, `expected`: the recordings and their classes; what is meant to matter (both read by `table`)
- `effects`: what is measured, on plain arrays: necessity, sufficiency, transplants and their controls
- `store`, `records`: where results are kept, one recording at a time
- `rates`: shares of flipped decisions with intervals that respect songs; tests; how many songs are needed
- `verdicts`, `gate`: what the rates amount to, in words and as a decision
"""
