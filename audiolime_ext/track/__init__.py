"""A whole recording explained, window by window.

- `pipeline`: the whole way, `explain_track`
- `asked`: a model asked about every window, whatever of its answers is explained later
- `windows`: what the model answers for each window, in batches that reach across windows, and kept
- `remix`: what the model answers with stems turned up and down, and how that sounds
- `size`: recordings that are too long for that
- `window`, `explanation`: the result, window by window; `opened`: a window's sound, when somebody looks
- `leaders`: who leads a label, and where
- `words`: that as text and JSON

Kept true: every window is explained as `explain` would explain it alone.
"""
