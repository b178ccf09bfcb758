"""What follows from the answers of an audit.

- `results`: what was measured, as arrays and as trials
- `rates`: shares of flipped decisions with intervals that respect songs; tests; how many songs are needed
- `differences`, `controls`: how much more often decisions flip than under a placebo of the same recordings
- `causes`: whether the level counts, how a component sounds, or that it is there
- `expected`: what is meant to matter; `agreement`: how often the model decides as the manifest says
- `limits`, `status`: what rates are compared with; shown, ruled out, open or not auditable, decided in one place
- `supply`: why nothing could be tried of a pair, and how many songs could be donors
- `words`: rates and intervals in words; `glossary`: what the words of an audit mean
- `verdicts`, `gate`: the verdicts on all pairs, and what a gate makes of them
- `admission`, `junit`: the gate's decision on a store, for continuous integration
- `current`, `comparison`: whether a store is about the model as it is now; two models side by side
- `export`: everything as one table
"""
