"""A model and how it is asked.

- `contract`: what a model is; `labels`: the names of its outputs
- `capabilities`: what a model may be able to do besides: have its layers read, be differentiated or
  randomised
- `function`, `function_model`: how any callable becomes one; `objects`: networks and estimators of other libraries, and
  what adapts them; `example`: the lines that errors show; `plain_values`: arguments that come from NumPy
- `hearing`: rates and lengths, checked; `steps`: front ends and activations, named where they fail
- `asking`: `predict`, in batches and with checks
- `loading`: a model from its spec string (read by `audiolime_ext.registry`), or from anything that can be called
- `saved_model`, `option_values`, `front_end`: what spec strings say of models that other libraries saved; what such
  models are given; `model_files`: their bytes; `stated`: what a file says of itself
- `layers`: embedders, models that answer a layer's activations; `autograd`: derivatives by PyTorch
- `outputs`, `labelled`: which of several outputs is meant, and whether it is a prediction; answers that name their
  labels
- `grid`, `taggram`: the windows that a model hears, and its scores for each
- `kind`, `targets`: what kind of values its answers are, and which function of them is explained;
  `similarity`: how near they are to another song's
- `repeatability`: whether it answers the same when it is asked again

Kept true: a model is given float32 (n_batch, n_samples) at its own rate, and nothing that it does changes the run.
"""
