"""What the genuine spleeter wants to find: its checkpoint in its own layout, made of the files in our cache."""

from __future__ import annotations

from pathlib import Path

from audiolime_ext.networks.checkpoints import locate
from factorizations.spleeter import CHECKPOINT

_STATE = 'model_checkpoint_path: "model"\nall_model_checkpoint_paths: "model"\n'


def lay_out_models(folder: Path) -> Path:
    """Make ``folder/2stems`` of links to the cached checkpoint, as the package's ``MODEL_PATH`` wants it."""
    target = folder / "2stems"
    target.mkdir()
    for name in CHECKPOINT.files:
        (target / Path(name).name).symlink_to(locate(CHECKPOINT) / name)
    (target / "checkpoint").write_text(_STATE)  # TensorFlow's pointer to the newest model of a folder
    (target / ".probe").touch()  # the package takes a folder without it for a broken download
    return folder
