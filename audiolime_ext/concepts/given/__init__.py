"""Concepts that a person names: sounds, stems, ranges of a feature, labels of another model.

- `asked`: how they are written; `outside`: the sounds, tables and other models that they need
- `sides`: what stands for them and against them, and what is random; `tested`: what they mean to each class
"""
