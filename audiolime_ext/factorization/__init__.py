"""A recording as a sum of parts that can be heard.

- `stems`: signals that sum to an excerpt, and the residual that completes the sum
- `contract`: what a factorization is; separators are plug-ins, and ours are in the package ``factorizations``
- `loading`: a separator by its spec string
- `own_rate`: separators that work at a rate of their own
- `chunks`: long recordings part by part, faded into each other
- `kept`: a factorization that does its work once
- `transcription`: notes that a separator heard beside its stems
- `landing`, `confusion`, `holding`: where a true source lands; how much of it in which stem, measured; and what results
  say about that

Kept true: stems sum to the recording, to 1e-5, which is checked at every separation.
"""
