# SPDX-License-Identifier: BSD-3-Clause
"""A simulated board that hangs does not hang the step."""

import socket
import subprocess
from pathlib import Path

SCRIPT = """
import subprocess, sys
from chain.errors import ToolError
from fpga.board.evaluate import watch
driver = subprocess.Popen([sys.executable, "-c", sys.argv[2]])
try:
    print("status", watch(driver, sys.argv[1], every=0.2, patience=0.5))
except ToolError as error:
    print(error)
print("driver", driver.wait(5))
"""
START = """
import sys
from pathlib import Path
from chain.errors import ToolError
from fpga.board import evaluate
evaluate.START_SECONDS = 0.01
try:
    with evaluate.simulated_board(Path(sys.argv[1])):
        print("started")
except ToolError as error:
    print(error)
"""


def said(python: Path, repository: Path, *arguments: str) -> str:
    command = [str(python), "-c", *arguments]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_a_server_that_hangs_ends_the_driver(pynq_python: Path, repository: Path) -> None:
    """It takes connections, as a stopped process does, and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as hung:
        address = f"127.0.0.1:{hung.getsockname()[1]}"
        text = said(pynq_python, repository, SCRIPT, address, "import time; time.sleep(60)")
    assert f"the simulated board at {address} does not answer any more" in text
    assert text.endswith("driver -9\n")


def test_a_server_that_is_gone_ends_the_driver(pynq_python: Path, repository: Path) -> None:
    text = said(pynq_python, repository, SCRIPT, "127.0.0.1:9", "import time; time.sleep(60)")
    assert "does not answer any more" in text and text.endswith("driver -9\n")


def test_a_slow_driver_of_a_server_that_answers_is_let_be(pynq_python: Path, repository: Path, tmp_path: Path) -> None:
    command = [str(pynq_python), "-m", "fpga.board", "--build", str(tmp_path), "--port", "0", "--until-stdin-closes"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=repository, stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdin and server.stdout
        address = server.stdout.readline().removeprefix("listening on ").strip()
        text = said(pynq_python, repository, SCRIPT, address, "import time; time.sleep(1.5); exit(1)")
        server.stdin.close()
    assert text == "status 1\ndriver 1\n"


def test_a_server_that_does_not_start_is_given_up(pynq_python: Path, repository: Path, tmp_path: Path) -> None:
    assert "the simulated board did not start (status -9)" in said(pynq_python, repository, START, str(tmp_path))
