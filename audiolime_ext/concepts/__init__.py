"""What has a classifier learnt? Directions in a layer that are sounds, tested, and heard.

- `pipeline`: from a collection to a store, on one screen; `records`, `store`: what is kept; `work`: what a worker does
- `patches`: a song in parts that can be heard; `measuring`: what a model says of each; `traits`: level and bandwidth
- `elsewhere`: patches in another song's place; `partners`: which song that is
- `result`: the concepts of a store; `halves`: songs that they are found in, and others that they are tested on
- `discovering`: patches that a layer holds for alike; `drawing`: random patches in their place
- `cavs`: concept activation vectors, thousands at a time; `separating`: is a concept told apart at all?
- `tcav`: does it raise a class? `testing`: all concepts, all classes
- `removing`: what happens without its sound, or with it elsewhere; `intervening`: all concepts, all classes by that;
  `deciding`, `taking_out`: decisions that hang on a concept
- `artefacts`: concepts of what a classifier should not hear; `flagging`: all concepts held to that; `augmenting`: what
  an augmentation has taught it

Kept true: what is said to be significant would hardly be so by chance, however many concepts were tried.
"""
