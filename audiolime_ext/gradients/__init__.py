"""Where in time and frequency does a value come from? By the gradients of models that can be differentiated.

- `pipeline`: the whole way from a recording to a map, on one screen
- `choosing`: which windows are explained; `kept`: they are asked about one by one, and what is made is kept
- `hearing`: a recording as windows of features, with their places in seconds and Hz, and what silence is
- `differentiating`: a model is asked for values and gradients, in batches and with checks
- `methods`: what is made of gradients; `window_maps`: what a method says of each window, and its gaps
- `relevance`: the result: one map of the recording; `window_facts`: what it keeps of windows and bands
- `sound`: what is relevant, to listen to; `words`: in sentences and plain values; `saved`: on disk
- `parts`: the map beside stems and other components; `checks`: is it true of the model?
- `cost`: what all that will take, by a trial of one window

Kept true: what a map sums to is stated, with how far it is off; where there is nothing to explain, nothing is.
What an intervention says stands beside a map, and so does chance.
A map says what the network does with its input, not what is true of the music.
"""
