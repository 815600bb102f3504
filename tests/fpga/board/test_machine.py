# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board without its network."""

import sys
import threading

from chain.errors import InputError
from fpga.board.machine import FIRMWARE, MANAGER, Machine


def test_files_sent_by_many_at_once() -> None:
    machine = Machine(lambda: [])
    failed: list[BaseException] = []
    before = sys.getswitchinterval()

    def send(client: int) -> None:
        try:
            for index in range(1500):
                path = f"{FIRMWARE}{client}-{index % 7}.bin"
                machine.write_file(path, b"not a bitstream")
                machine.exists(path)
                if index % 5 == 0:
                    try:
                        machine.write_file(f"{MANAGER}firmware", path.removeprefix(FIRMWARE).encode())
                    except InputError:
                        continue  # no bitstream of ours, or another client's files took its place
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=send, args=(client,)) for client in range(8)]
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert failed == []
