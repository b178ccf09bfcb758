"""Answers become weights. Nothing here asks a model.

- `attribution`: what every method returns; `methods`: the methods by name
- `shapley`, `owen`, `banzhaf`, `lime`, `leave_one_out`: one method each
- `interactions`, `additivity`: what components do together, and which part of the answers that is
- `intervals`, `noise`: how uncertain weights are, from a sample of masks or a model whose answers vary
- `told_apart`: when one weight is known to exceed another (5 % error)
- `settle`: a sample that grows until the question is answered
- `coarse_to_fine`: stems exactly first, then segments

Kept true: where all masks were evaluated, weights are exact.
"""
