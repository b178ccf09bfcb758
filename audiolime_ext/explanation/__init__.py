"""One excerpt explained.

- `pipeline`: the whole way on one screen, `explain`; `settings`: how
- `excerpt`: which excerpt, where the user left it open
- `evaluation`: the model asked about masks: all at once, stem by stem, or until the answer is settled
- `checks`, `cross_check`: what else could make the score; what a second separator finds
- `explanation`: the result, with its `provenance` and `caveats`; `anew`: the same answers by another method, for
  another target
- `leading`: which source makes a label's value, and whether that is known, of `sources` and what is `arguing`;
  `whole`, `together`: where there is nothing to tell apart, and where sources act only together
- `top`, `words`, `summary`: that as sound, as one sentence, as tables and JSON
- `saved`, `restored`: results on disk, read back whole or not at all, in the `form` that they have; `earlier`: those
  that earlier versions wrote

Kept true: what is not known is not said. Every sentence comes from one `Leading`.
"""
