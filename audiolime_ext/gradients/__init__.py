"""Where in time and frequency does a value come from? By the gradients of models that can be differentiated.

- `pipeline`: the whole way from a recording to a map, on one screen
- `choosing`: which windows are explained; `kept`: they are asked about one by one, and what is made is kept
- `hearing`: a recording as windows of features, with their places in seconds and Hz, and what silence is
- `differentiating`: a model is asked for values and gradients, in batches and with checks
- `integrated`: Integrated Gradients, which sum to a difference; `contrast`: why A and not B, in three readings
- `nearness`: the same for why songs are near, beside their stems
- `smoothing`: means over noisy inputs, and blurs
- `grad_cam`: where a layer holds what raises a value; `against`: one such map against another
- `window_maps`: what a method says of each window, and its gaps
- `relevance`: the result: one map of the recording; `window_facts`: what it keeps of windows and bands
- `cost`: what that will take, by a trial of one window
- `beside`: the map of what sources were weighed for
- `agreement`: does the map agree with what switching sounds off changes? `component_power`: where each component is;
  `placing`: the map divided between them; `agreed`: the result
- `faithfulness`: is the map true of the model, on its features and by ear? `randomised`: does it depend on what the
  model learned? `again`: a map's model asked again; `mean`: a mean over windows
- `sound`: what is relevant, to listen to; `words`: in sentences and plain values; `saved`: on disk

Kept true: what a map sums to is stated, with how far it is off; where there is nothing to explain, nothing is.
What an intervention says stands beside a map, and so does chance.
A map says what the network does with its input, not what is true of the music.
"""
