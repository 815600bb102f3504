# SPDX-License-Identifier: BSD-3-Clause
"""Which clients still have a connection to a port of this machine, from the kernel's table."""

from collections.abc import Callable
from pathlib import Path

_ESTABLISHED = "01"


def alive(port: int, tables: tuple[str, ...] = ("/proc/net/tcp", "/proc/net/tcp6")) -> Callable[[str], bool]:
    """A function that tells whether gRPC's peer ("ipv4:127.0.0.1:40000") is connected to `port`.

    Where the table cannot be read, everybody counts as connected.
    """
    ports = set()
    known = False
    for name in tables:
        try:
            lines = Path(name).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        known = True
        for line in lines:
            _, local, remote, state = line.split()[:4]
            if state == _ESTABLISHED and int(local.rsplit(":", 1)[1], 16) == port:
                ports.add(int(remote.rsplit(":", 1)[1], 16))
    return lambda peer: not known or int(peer.rsplit(":", 1)[1]) in ports
