# SPDX-License-Identifier: BSD-3-Clause
"""The environment FINN expects, set in this one place before anything of FINN is imported."""

import os
import stat
import tempfile
from pathlib import Path

from chain.errors import InputError, ToolError


def prepare() -> Path:
    """Set what FINN reads from the environment, unless the user has; return FINN's build folder (made if missing).

    Raises InputError if that folder is of the temporary folder, where everybody may write, and not ours alone.

    FINN_SETTINGS names a file beside the build folder: without it FINN makes a folder in the user's home.
    FINN_MP_START_METHOD is `fork`, because worker processes started by `spawn` do not know our ops.
    """
    if "FINN_BUILD_DIR" in os.environ:
        build = Path(os.environ["FINN_BUILD_DIR"])
        build.mkdir(parents=True, exist_ok=True)
    else:
        build = _private(Path(tempfile.gettempdir()) / f"wrapnet-finn-{os.getuid()}")
        os.environ["FINN_BUILD_DIR"] = str(build)
    os.environ.setdefault("FINN_SETTINGS", str(build / "settings.yaml"))
    os.environ.setdefault("FINN_MP_START_METHOD", "fork")
    return build


def vendor_tools(vivado: Path) -> str:
    """Set what FINN's own Vivado flow reads from the environment, unless the user has; return Vivado's version.

    XILINX_VIVADO is Vivado's folder, whose name is the version: by it FINN chooses between Vitis HLS's two commands.
    FINN_RTLLIB and FINN_CUSTOM_HLS are read by FINN's Tcl. Raises ToolError if no version can be told.
    """
    from finn.util.basic import get_vivado_version
    from finn.util.settings import get_settings

    os.environ.setdefault("XILINX_VIVADO", str(vivado.resolve().parent.parent))
    os.environ.setdefault("FINN_RTLLIB", get_settings().finn_rtllib)
    os.environ.setdefault("FINN_CUSTOM_HLS", get_settings().finn_custom_hls)
    version = get_vivado_version()
    if version is None:
        raise ToolError(
            f"XILINX_VIVADO is {os.environ['XILINX_VIVADO']!r}, expected Vivado's folder, as in /tools/Xilinx/"
            "Vivado/2022.2: FINN takes the version from it. Source settings64.sh of your Vivado"
        )
    return ".".join(map(str, version))


def _private(folder: Path) -> Path:
    """Make a folder that only we can enter. InputError if another's, or a link, has its name already."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise InputError(
            f"{folder} belongs to user {found.st_uid}, or is no folder; expected one of our own (user {os.getuid()}). "
            "Remove it, or set FINN_BUILD_DIR to another folder"
        )
    if found.st_mode & 0o077:
        folder.chmod(0o700)  # ours, but made when others could write to it
    return folder
