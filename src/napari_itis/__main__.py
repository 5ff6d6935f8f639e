"""``python -m napari_itis`` is the command ``napari-itis``."""

import sys

from napari_itis.cli import main

sys.exit(main())
