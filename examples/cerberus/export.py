"""Write a trained network as the file that `factorizations.cerberus` reads: ``python -m examples.cerberus.export``.

Without the head for deep clustering; the large weights as float16, which are cast to float32 when the file is loaded.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from audiolime_ext.networks.graph import IR_VERSION, OPSET
from examples.cerberus.network import Cerberus
from examples.cerberus.train import Training

_SMALL = 64  # tensors of fewer values stay in float32


class _Heads(nn.Module):
    """Probabilities instead of logits."""

    def __init__(self, network: Cerberus) -> None:
        super().__init__()
        self.network = network

    def forward(self, spectrum: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        out = self.network(spectrum)
        return out.masks, out.notes.sigmoid(), out.onsets.sigmoid(), out.hits.sigmoid()


def to_onnx(network: Cerberus, metadata: dict[str, str], *, half: bool = True) -> Any:
    """The network as an ONNX model with inputs and outputs as `factorizations.cerberus` documents them."""
    config = network.config
    example = torch.randn(2, 40, config.n_fft // 2 + 1, 2)
    file = io.BytesIO()
    names = ("masks", "notes", "onsets", "hits")
    axes = {"spectrum": {0: "batch", 1: "frames"}, "masks": {0: "batch", 2: "frames"}}
    axes |= {name: {0: "batch", 1: "frames"} for name in names[1:]}
    torch.onnx.export(
        _Heads(network).eval(), (example,), file, input_names=["spectrum"], output_names=list(names),
        dynamic_axes=axes, opset_version=OPSET, dynamo=False,
    )  # fmt: skip
    model = onnx.load_from_string(file.getvalue())
    model.ir_version = IR_VERSION
    if half:
        _halve(model.graph)
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    return model


def _halve(graph: Any) -> None:
    """Keep large weights as float16, and cast them to float32 first thing."""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type == TensorProto.FLOAT and values.size >= _SMALL:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder that train.py wrote")
    parser.add_argument("out", type=Path, help="the .onnx file")
    parser.add_argument("--version", default="1")
    parser.add_argument("--stable", action="store_true", help="leave out the remark that the network is experimental")
    parser.add_argument("--results", default="not evaluated", help="one line, shown beside the stems")
    args = parser.parse_args()
    run = Training.load(args.run / "checkpoint.pt", device="cpu")
    network, config = run.mean.module, run.config
    metadata = {
        "format": "audiolime-cerberus-1",
        "sources": ",".join(config.sources),
        "pitched": ",".join(config.pitched),
        "drums": ",".join(config.drums),
        "sr": config.sr, "n_fft": config.n_fft, "hop_length": config.hop_length,
        "chunk_frames": round(10 * config.sr / config.hop_length),
        "margin_frames": round(1 * config.sr / config.hop_length),
        "version": args.version,
        "recipe": f"examples/cerberus, {run.step} steps, seed {run.seed}",
        "licence": "BSD-3-Clause",
        "stable": "yes" if args.stable else "no",
        "results": args.results,
    }  # fmt: skip
    model = to_onnx(network, {name: str(value) for name, value in metadata.items()})
    temporary = args.out.with_suffix(".tmp")
    temporary.write_bytes(model.SerializeToString())
    temporary.replace(args.out)
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
