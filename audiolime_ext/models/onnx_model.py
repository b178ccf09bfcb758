"""Your own ONNX model, exported from any library.

``onnx:PATH?sr=16000&labels=rock;jazz``. The model has one input, float32 waveforms (n_batch, n_samples) or, with
``front_end=log-mel:…``, spectra (n_batch, n_frames, n_mels), and an output (n_batch, n_labels), which ``output=`` names
where there are several. An input of half or double precision is given that. An axis of length 1 is added in second
place or at the end where its input has one. A fixed length of its input is its window; a model that was exported for a
single signal is asked about one at a time. Weights may lie in files beside it. It runs on ONNX Runtime, which is always
installed. See `audiolime_ext.prediction.saved_model` for all options.

A file that states facts of itself needs no options, as embeddings that ``audiolime train-embedding`` made do:
``onnx:PATH`` (see `audiolime_ext.prediction.stated`).

``layer=NAME`` reads any tensor that a node computes, by the tensor's name or the node's, as viewers such as Netron show
them: ``onnx:PATH?sr=16000&layer=/encoder/Relu_output_0``. ``load_model(…).layers`` lists them, from input to output.

It can be differentiated, by PyTorch, where all its operators are in `audiolime_ext.networks.torch_operators`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audiolime_ext.errors import AudiolimeError, CorruptError, MissingError, UsageError
from audiolime_ext.files.names import legible
from audiolime_ext.files.plain import require
from audiolime_ext.files.reading import require_file
from audiolime_ext.networks.onnx_nodes import needed, nodes_of
from audiolime_ext.networks.runtime import answering, run, session
from audiolime_ext.networks.torch_graph import TorchGraph, lacks
from audiolime_ext.networks.torch_operators import lacking
from audiolime_ext.prediction.autograd import averaged, of_graph
from audiolime_ext.prediction.capabilities import NetworkVjp
from audiolime_ext.prediction.function_model import FunctionModel
from audiolime_ext.prediction.layers import Inside
from audiolime_ext.prediction.model_files import digest, read, reason
from audiolime_ext.prediction.outputs import key_of
from audiolime_ext.prediction.saved_model import Declared
from audiolime_ext.prediction.stated import KEY, Stated
from audiolime_ext.text import counted

VARIANTS: Mapping[str, None] = {"PATH?sr=…&labels=…": None}

_PRECISIONS = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
_NO_LAYERS = ("Constant", "Shape")
_HOW = "export it anew, in PyTorch with torch.onnx.export"


def make(argument: str) -> FunctionModel:
    """The model of ``onnx:argument``.

    Raises
    ------
    UsageError
        If an option is missing or wrong, or the model cannot be used.
    MissingError
        If the file, or one that holds its weights, is missing; `CorruptError` if it is damaged.
    """
    declared = Declared.parse("onnx", argument, stated=_stated(Path(argument.partition("?")[0])))
    content = _whole(read(declared.path), declared.path)
    network = _Network(content, declared)
    inside = Inside(network.layers, lambda given, name: network.answers(fitted(given), name), aliases=network.aliases)
    layer = None if declared.layer is None else inside.named(declared.layer)
    running = network.session(layer)
    wanted = None if layer is not None else _output(running, declared)
    declared, axis, single = _fitted(running, declared)
    precision = _PRECISIONS[running.get_inputs()[0].type]

    def fitted(batch: NDArray[np.float32]) -> list[NDArray[Any]]:
        given = np.asarray(batch, precision)
        given = given if axis is None else np.expand_dims(given, axis)
        return np.split(given, len(given)) if single else [given]

    def predict(batch: NDArray[np.float32]) -> NDArray[Any]:
        return network.answers(fitted(batch), None, wanted)

    def derive(layer: str | None) -> NetworkVjp | str:
        output = layer or wanted or _output(network.session(None), declared)
        if names := lacking(needed(network.nodes, [output])):
            return lacks(names)

        def pool(answer: Any) -> Any:
            return averaged(answer, inside.axis(answer.ndim, declared.channels) or 1)

        return of_graph(
            network.in_torch,
            output,
            who=str(declared.path),
            fitted=None if axis is None else lambda x: x.unsqueeze(axis),
            dtype="float64" if precision is np.float64 else "float32",
            pool=None if layer is None else pool,
            single=single,
            threads=declared.threads,
        )

    contents = [digest(content)]
    return declared.tagger(predict, contents=contents, batch_size=16, inside=inside, derive=derive)


def _stated(path: Path) -> Stated | None:
    """The facts that a file states of itself; None where it states none, or cannot be read, which is said later."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        content = read(path)
        if KEY.encode() not in content:
            return None
        properties = onnx.load_model_from_string(content).metadata_props
    except (MissingError, DecodeError):
        return None
    said = [entry.value for entry in properties if entry.key == KEY]
    try:
        require(f"it says it {len(said)} times", len(said) < 2)
        return Stated.of(dict.fromkeys([KEY] * len(said), said[0])) if said else None
    except ValueError as error:
        raise CorruptError(
            f"{legible(path)} says of itself what cannot be ({KEY}: {error}); fetch it anew, or remove "
            "that property and say sr=… and labels=… yourself"
        ) from error


class _Network:
    """A model's graph, run by a session for the scores and by one for each layer that is read.

    Layers are all tensors that its nodes compute; a node's name is another name of the first that it computes.
    """

    def __init__(self, content: bytes, declared: Declared) -> None:
        import onnx

        self._content, self._declared = content, declared
        self._sessions: dict[str | None, Any] = {}
        model = onnx.load_model_from_string(content)
        self.nodes = nodes_of(model)
        self._graph: TorchGraph | None = None
        nodes = [node for node in model.graph.node if node.op_type not in _NO_LAYERS]
        self.layers = [name for node in nodes for name in node.output if name]
        self.aliases = {node.name: node.output[0] for node in nodes if node.name and node.name not in self.layers}

    def in_torch(self) -> TorchGraph:
        """The same graph, computed by PyTorch."""
        self._graph = self._graph or TorchGraph(self._content)
        return self._graph

    def session(self, layer: str | None) -> Any:
        """The session of the model as it is, or of the one whose only output is a tensor within it."""
        if layer not in self._sessions:
            content = self._content if layer is None else answering(self._content, layer)
            try:
                self._sessions[layer] = session(content, threads=self._declared.threads)
            except AudiolimeError:
                raise
            except Exception as error:
                path = self._declared.path
                raise UsageError(f"ONNX Runtime cannot load {path} ({reason(error)}); {_HOW}") from error
        return self._sessions[layer]

    def answers(self, parts: list[NDArray[Any]], layer: str | None, output: str | None = None) -> NDArray[Any]:
        """A layer's activations, or the model's `output`, for parts of a batch, put together."""
        running = self.session(layer)
        name = running.get_inputs()[0].name
        return np.concatenate([np.asarray(run(running, [output or layer or ""], {name: part})[0]) for part in parts])


def _whole(content: bytes, path: Path) -> bytes:
    """A model with all its weights; those outside the file are read from the same folder only."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise CorruptError(f"{path} is damaged, or no ONNX model ({error}); {_HOW}") from error
    if not model.graph.output:
        raise CorruptError(f"{path} is damaged, or no ONNX model (it holds no network); {_HOW}")
    outside = [tensor for tensor in _tensors(model) if tensor.data_location == onnx.TensorProto.EXTERNAL]
    for tensor in outside:
        place = {entry.key: entry.value for entry in tensor.external_data}
        _require_beside(place.get("location", ""), path)
        try:
            tensor.raw_data = _part(path.parent / place["location"], place)
        except (OSError, ValueError, OverflowError) as error:
            raise MissingError(
                f"weights of {path} cannot be read ({reason(error)}); keep its files together"
            ) from error
        tensor.data_location = onnx.TensorProto.DEFAULT  # ONNX Runtime would follow what is left
        del tensor.external_data[:]
    return bytes(model.SerializeToString()) if outside else content


def _part(file: Path, place: Mapping[str, str]) -> bytes:
    """The bytes of a tensor, from a regular file: all of it, or `length` of them from `offset` on."""
    with require_file(file).open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        offset = opened.seek(int(place.get("offset", 0)))
        length = int(place.get("length", size - offset))
        if not 0 <= length <= size - offset:
            raise ValueError(f"{file} has {size} bytes, and {length} from {offset} on are looked for")
        return opened.read(length)


def _tensors(message: Any) -> Iterator[Any]:
    """All tensors of a model, wherever they are: weights, attributes of nodes, graphs within nodes, functions."""
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        for part in value if isinstance(value, Sequence) else [value]:
            if field.message_type.name == "TensorProto":
                yield part
            else:
                yield from _tensors(part)


def _require_beside(location: str, path: Path) -> None:
    """Raise unless a file lies in the model's folder or below it, and no link or ``..`` leads elsewhere."""
    folder, named = path.parent.resolve(), Path(location)
    if not location or named.is_absolute() or ".." in named.parts or (folder / named).resolve() != folder / named:
        raise MissingError(
            f"weights of {path} cannot be read: it names {location or 'no file'!r}, and only files in its own folder "
            "are read, no links; put them there under a plain name, onnx.save_model(model, path, "
            "save_as_external_data=True)"
        )


def _fitted(running: Any, declared: Declared) -> tuple[Declared, int | None, bool]:
    """What is declared together with what the model states, the axis to add, and whether it takes a single signal."""
    if len(found := running.get_inputs()) != 1:
        names = ", ".join(value.name for value in found)
        raise UsageError(
            f"{declared.path} has {counted(len(found), 'input')} ({names}); it must have one: "
            "onnx.utils.extract_model(IN, OUT, [INPUT], [OUTPUT]) cuts it out"
        )
    given = found[0]
    if given.type not in _PRECISIONS:
        raise UsageError(f"the input of {declared.path} is {given.type}; it must be {', '.join(_PRECISIONS)}")
    shape = [axis if isinstance(axis, int) else None for axis in given.shape]
    if not shape:  # of any rank
        return declared, None, False
    if shape[0] not in (None, 1):
        raise UsageError(f"{declared.path} was exported for batches of exactly {shape[0]}; export it for any number")
    extra = [axis for axis in (1, len(shape) - 1) if shape[axis] == 1] if len(shape) == _rank(declared) + 1 else []
    left = [length for axis, length in enumerate(shape) if axis not in extra[:1]]
    return declared.fitting(left), extra[0] if extra else None, shape[0] == 1


def _output(running: Any, declared: Declared) -> str:
    """The name of the output that holds the scores."""
    found = {value.name: value for value in running.get_outputs()}
    told = (
        f"{declared.path} has {counted(len(found), 'output')} ({', '.join(f'{n} {v.shape}' for n, v in found.items())})"
    )
    if declared.output is None and len(found) > 1:
        raise UsageError(f"{told}; say which are the scores: add the option output={next(iter(found))}")
    name = next(iter(found)) if declared.output is None else key_of(list(found), declared.output)
    if name is None:
        raise UsageError(f"{told}, and none is {declared.output!r}; name one of them: output={next(iter(found))}")
    if not (kind := found[name].type).startswith("tensor("):
        raise UsageError(f"output {name} of {declared.path} is {kind}; it must be a tensor")
    return str(name)


def _rank(declared: Declared) -> int:
    return 2 if declared.front_end is None else 3
