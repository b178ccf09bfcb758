"""Made the files beside this one, with the first version whose files were promised to be read later.

Run it with that version only (``python -m tests.reference.saved_0_1_0.make``): what today's version writes is no
witness of what the old one wrote.
"""

from __future__ import annotations

import os
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from audiolime_ext import explain
from audiolime_ext.audit.plan import Settings
from audiolime_ext.audit.run import run_audit
from audiolime_ext.files import to_json
from tests.audit_collection import SR, make_collection

HERE = Path(__file__).parent
MODEL = "tests.audit_collection:confounded"


def main() -> None:
    """Explain one recording with everything that is saved, and audit a few."""
    with TemporaryDirectory() as name:
        manifest = make_collection(Path(name), 6, duration_s=0.5)
        recording = HERE / "recording.wav"
        copyfile(Path(name, "000.wav"), recording)
        os.chdir(HERE)
        found = explain(
            recording.name,
            MODEL,
            factorization="bands:3",
            labels=["guitar"],
            target=("guitar", "piano"),
            segments=2,
            method="shapley",
            max_evals=128,
            baseline="floor",
            donors=[Path(name, "003.wav")],
            seed=7,
            sr=SR,
        )
        found.save(HERE / "explanation")
        (HERE / "result.json").write_text(to_json(found.to_dict(), indent=1) + "\n", encoding="utf-8")
        run_audit(manifest, MODEL, store=HERE / "store.audit", settings=Settings(seed=7), workers=0)
        (HERE / "store.audit.lock").unlink()


if __name__ == "__main__":
    main()
