"""What has a classifier learnt? Directions in a layer that are sounds, tested, and heard.

- `pipeline`: from a collection to a store, on one screen; `records`, `store`: what is kept; `work`: what a worker does
- `patches`: a song in parts that can be heard; `measuring`: what a model says of each
- `result`: the concepts of a store; `halves`: songs that they are found in, and others that they are tested on
- `discovering`: patches that a layer holds for alike; `drawing`: random patches in their place
- `cavs`: concept activation vectors, thousands at a time; `separating`: is a concept told apart at all?
- `tcav`: does it raise a class? `testing`: all concepts, all classes; `removing`: what happens without its sound
- `artefacts`: concepts of what a classifier should not hear; `sounds`: patches heard again

Kept true: what is said to be significant would hardly be so by chance, however many concepts were tried.
"""
