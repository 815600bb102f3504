# SPDX-License-Identifier: BSD-3-Clause
"""The driver is copied to a board, so it may lean on nothing that is not there."""

import ast
import sys
from pathlib import Path

import pytest

HOST = Path(__file__).parents[2] / "host"
EXCEPTIONS = {HOST / "cpu" / "onnx_file.py": {"onnx", "google"}, HOST / "serial" / "port.py": {"serial"}}
"""The first reads exported files where they are made; a board gets the bundle. test_the_bundle_needs_no_onnx looks
after it. The second is for boards on a serial line; tests/host/serial/test_port.py shows what happens without."""


@pytest.mark.parametrize("path", sorted(HOST.rglob("*.py")), ids=lambda path: str(path.relative_to(HOST)))
def test_host_imports_only_numpy_pynq_and_the_standard_library(path: Path) -> None:
    allowed = sys.stdlib_module_names | {"numpy", "pynq", "host"} | EXCEPTIONS.get(path, set())
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names = [node.module or ""]
        for name in names:
            assert name.partition(".")[0] in allowed, f"{path}:{node.lineno}: {name}"


def test_packing_needs_no_pynq(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "host" or name.startswith("host.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pynq", None)  # an import of it raises ImportError
    import host.accelerator
    import host.evaluate
    import host.metadata

    assert host.accelerator.Accelerator and host.evaluate.evaluate and host.metadata.load
