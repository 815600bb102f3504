# SPDX-License-Identifier: BSD-3-Clause
"""The environment FINN expects, set in this one place before anything of FINN is imported."""

import os
import tempfile
from pathlib import Path


def prepare() -> Path:
    """Set what FINN reads from the environment, unless the user has; return FINN's build folder (made if missing).

    FINN_SETTINGS names a file beside the build folder: without it FINN makes a folder in the user's home.
    FINN_MP_START_METHOD is `fork`, because worker processes started by `spawn` do not know our ops.
    """
    build = Path(os.environ.setdefault("FINN_BUILD_DIR", f"{tempfile.gettempdir()}/wrapnet-finn-{os.getuid()}"))
    build.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("FINN_SETTINGS", str(build / "settings.yaml"))
    os.environ.setdefault("FINN_MP_START_METHOD", "fork")
    return build
