"""``python -m audiolime_ext``."""

import sys

from audiolime_ext.cli import main

sys.exit(main())
