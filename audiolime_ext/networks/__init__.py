"""Published networks: fetched from their publishers, verified, rebuilt.

- `checkpoints`: weights by name, each file verified by its SHA-256, kept in the cache
- `downloads`, `transfer`, `archives`: where they come from, how a file gets here, and which of an archive are kept
- `tensor_bundle`, `hdf5`: checkpoints of TensorFlow and files of Keras, read without either
- `graph`: networks built from those tensors; `runtime`: ONNX Runtime, which evaluates them
- `torch_graph`: the same networks computed by PyTorch, which can differentiate them; `onnx_nodes`: their nodes;
  `torch_operators`, `torch_kernels`: what each of these computes

Kept true: no file is used whose SHA-256 was not checked, and none is unpickled.
"""
