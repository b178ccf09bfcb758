"""The process that runs commands: reads {"folder", "command", "place"} on a line, answers {"code"} when it is done.

What a command writes goes to ``.out`` and ``.err`` in a folder beside, whoever writes it, native code included.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def main() -> None:
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    from audiolime_ext.cli import main as audiolime

    for line in requests:
        asked = json.loads(line)
        os.chdir(asked["folder"])
        os.environ |= asked["place"]
        for name in [name for name in sys.modules if name.startswith("fuzzed_models")]:
            del sys.modules[name]
        sys.path[0] = asked["folder"]
        for fd, path in ((1, asked["out"]), (2, asked["err"])):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), fd)
        try:
            code = audiolime(asked["command"])
        except SystemExit as left:  # argparse
            code = left.code if isinstance(left.code, int) else 1
        except BaseException:  # noqa: BLE001 - whatever comes through is what is looked for
            sys.excepthook(*sys.exc_info())
            code = -1
        sys.stdout.flush()
        sys.stderr.flush()
        os.chdir(Path(asked["folder"]).anchor)
        answers.write(json.dumps({"code": code}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
