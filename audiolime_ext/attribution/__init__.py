"""Answers become weights. Nothing here asks a model.

- `attribution`: what every method answers; `methods`: the methods by name
- `shapley`, `owen`, `banzhaf`, `lime`, `leave_one_out`: one method each
- `interactions`, `additivity`: what components do together, and how much of all that is
- `intervals`, `noise`, `told_apart`: how far a sample, or a model of chance, leaves the weights open
- `settle`: a sample that grows until the question is answered
- `coarse_to_fine`: stems exactly first, then segments

Kept true: where all masks were evaluated, weights are exact.
"""
