"""Concepts that nobody named: in which songs they are looked for, how they are found, and what they have in common.

- `halves`: songs that they are found in, and others that they are tested on
- `discovering`: patches that a layer holds for alike; `drawing`: random patches in their place
- `grouping`: concepts that lead the same way, across classes, and their picture; `stability`: are they found again?
"""
