"""What comes with musicnn: its labels, read as literals without running the package's code, the weights of the wider
network from a folder of the user's, and what to cite.
"""

from __future__ import annotations

import ast
from pathlib import Path

from audiolime_ext.errors import CorruptError, UsageError
from audiolime_ext.models.musicnn_network import Weights, big_shapes
from audiolime_ext.networks.tensor_bundle import read_tensor_bundle, require_shapes

REFERENCES = (
    """@inproceedings{pons2019musicnn,
  author = {Pons, Jordi and Serra, Xavier},
  title = {musicnn: Pre-trained Convolutional Neural Networks for Music Audio Tagging},
  booktitle = {Late-Breaking/Demo of the 20th International Society for Music Information Retrieval Conference (ISMIR)},
  year = {2019},
  eprint = {1909.06654}
}""",
    """@inproceedings{pons2018end,
  author = {Pons, Jordi and Nieto, Oriol and Prockup, Matthew and Schmidt, Erik and Ehmann, Andreas and Serra, Xavier},
  title = {End-to-end Learning for Music Audio Tagging at Scale},
  booktitle = {Proc. of the 19th International Society for Music Information Retrieval Conference (ISMIR)},
  year = {2018}
}""",
)


def big_weights(folder: str | Path | None, name: str) -> Weights:
    """The weights of the wider network, which is called `name`, from the user's folder.

    Raises
    ------
    UsageError
        If no folder is named, or it holds no checkpoint; `CorruptError` if that is another network's.
    """
    if not folder or not (Path(folder) / ".index").is_file():
        raise UsageError(
            f"{f'{folder} holds no' if folder else 'the package musicnn lacks the'} checkpoint of {name} (.index and "
            f".data-00000-of-00001); name its folder in a copy of the authors' repository: musicnn:{name}?weights=DIR"
        )
    weights = read_tensor_bundle(Path(folder))
    require_shapes(weights, big_shapes(), origin=f"the checkpoint in {folder}")
    return weights


def labels_in(configuration: Path, dataset: str) -> tuple[str, ...]:
    """The labels of ``MSD`` or ``MTT`` in the package's ``configuration.py``; `CorruptError` if it defines none."""
    wanted = f"{dataset}_LABELS"
    for statement in ast.parse(configuration.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == wanted:
            return tuple(ast.literal_eval(statement.value))
    raise CorruptError(f"{configuration} does not define {wanted}; fetch the checkpoint again")
