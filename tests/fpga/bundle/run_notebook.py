# SPDX-License-Identifier: BSD-3-Clause
"""Run demo.ipynb of the working directory as Jupyter does, in a kernel of this interpreter; in pynq's environment.

Arguments: the address of a board, and the file that the run notebook is written to. The notebook itself is not changed.
Prints the packages that the kernel had loaded at the end and not at the begin, as JSON.
"""

import json
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

DEVICE = "DEVICE = None"
LOADED = "import json, sys\nprint(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


def main(address: str, out: str) -> None:
    notebook = nbformat.read("demo.ipynb", as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert sum(cell.source.count(DEVICE) for cell in notebook.cells) == 1
    for cell in notebook.cells:
        cell.source = cell.source.replace(DEVICE, f"DEVICE = {address!r}")
    first, last = (nbformat.v4.new_code_cell(LOADED) for _ in range(2))
    notebook.cells = [first, *notebook.cells, last]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "here").mkdir()
        kernel = [sys.executable, "-s", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        specification = {"argv": kernel, "display_name": "here", "language": "python"}
        Path(folder, "here", "kernel.json").write_text(json.dumps(specification))
        specifications = KernelSpecManager(kernel_dirs=[folder], ensure_native_kernel=False)
        manager = AsyncKernelManager(kernel_name="here", kernel_spec_manager=specifications, transport="ipc")
        NotebookClient(notebook, km=manager, timeout=120, resources={"metadata": {"path": "."}}).execute()
    notebook.cells = notebook.cells[1:-1]
    nbformat.write(notebook, out)
    before, after = (set(json.loads(cell.outputs[0].text)) for cell in (first, last))
    print(json.dumps(sorted(after - before)))


main(*sys.argv[1:])
