"""A recording as a sum of parts that can be heard.

- `contract`: what a factorization is, and its `Stems`; separators are plug-ins, those that ship in ``factorizations``
- `chunks`: long recordings part by part, faded into each other
- `kept`: a factorization that does its work once
- `transcription`: notes that a separator heard beside its stems
- `confusion`: how much of a true source lands in which stem

Kept true: stems sum to the recording, to 1e-5, which is checked whenever one separates.
"""
