"""The page of an evaluation of embeddings.

- `page`: the page of an `EmbeddingEvaluation`, whole
- `view`: means and differences with their intervals, as they are drawn

Kept true: views are decided in Python; no interval is drawn without its numbers.
"""
