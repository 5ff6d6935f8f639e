"""timm, imported so that napari's window survives it.

timm imports torchvision, which imports Triton, which carries an LLVM of its own. Where the window
is drawn by Mesa, another LLVM is loaded already, and Triton's would call into that one and crash
the process. With RTLD_DEEPBIND Triton keeps to its own symbols.
"""

from __future__ import annotations

import contextlib
import os
import sys

if hasattr(os, "RTLD_DEEPBIND") and "triton" not in sys.modules:
    _flags = sys.getdlopenflags()
    sys.setdlopenflags(_flags | os.RTLD_DEEPBIND)
    # Whatever is wrong with Triton: we do not need it, only that it loads on its own.
    with contextlib.suppress(Exception):
        import triton._C.libtriton  # noqa: F401
    sys.setdlopenflags(_flags)

import timm

__all__ = ["timm"]
