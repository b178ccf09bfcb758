"""Embeddings trained on one's own songs, without labels.

- `pipeline`: the whole way from a folder to a model, on one screen
- `recipes`: how it is trained, as plain values
- `spectra`: what the network sees; `material`: the songs, decoded once, and which are held out; `splitting`: by
  what they are split into stems
- `drawing`: batches of pairs, and how they are altered
- `network`: the network and its loss, in PyTorch; `learning`: a run that can be stopped; `checkpoint`: what it goes on
  from
- `exporting`: the model's file; `result`: what a training brought

Kept true: a run that is stopped anywhere and started again ends with the same weights; the file answers as the network
that was trained; no pickle is written or read.
"""
